"""Lines laid onto pixels by our own loops, against closed forms and matplotlib's rasteriser."""

import io
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

import swarm.animator
from swarm.animator import _rasterise
from swarm.animator._strokes import Strokes, compiled_lines

X = np.linspace(-0.1, 1.1, 80)  # ends lie beyond the axes, where nothing is drawn
RNG = np.random.default_rng(3)
WAVES = np.stack([np.c_[X, 0.5 + 0.3 * a * np.sin(9 * X + b)] for a, b in RNG.random((8, 2))])
KINKS = np.stack([np.c_[X, 1.4 * np.abs(X - a) + b / 3] for a, b in RNG.random((8, 2))])
STEEP = np.stack([np.c_[0.1 + 0.8 * a + 0.05 * X, X] for a in RNG.random(8)])


def picture(cls, segments, *, background="white", **look):
    """Pixels of lines in axes without anything else, shape (160, 200, 4)."""
    figure = Figure(figsize=(2, 1.6), dpi=100, facecolor=background)
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_axes((0.1, 0.1, 0.8, 0.8), xlim=(0, 1), ylim=(0, 1))
    axes.set_axis_off()
    axes.add_collection(cls(segments, **look), autolim=False)
    canvas.draw()
    return np.array(canvas.buffer_rgba())


def straight(x0, y0, x1, y1, *, width=2.0, color=(0, 0, 0, 1), box=(0, 0, 12, 9), canvas=None):
    """A line in pixels on a white canvas of 9 rows and 12 columns: its red channel."""
    canvas = np.full((9, 12, 4), 255, np.uint8) if canvas is None else canvas
    line = np.array([[[x0, y0], [x1, y1]]], float)
    _rasterise.blend_lines(canvas, line, np.array([color], float), np.array([width]), box)
    return canvas[..., 0]


def test_a_line_between_pixels_covers_whole_rows_and_one_through_them_parts():
    red = straight(-5, 4, 20, 4)  # its edges are edges of pixels
    np.testing.assert_array_equal(red[:, 0], [255, 255, 255, 0, 0, 255, 255, 255, 255])
    red = straight(-5, 4.5, 20, 4.5)
    np.testing.assert_array_equal(red[:, 7], [255, 255, 255, 127, 0, 127, 255, 255, 255])
    red = straight(6, -5, 6, 20, width=4)
    np.testing.assert_array_equal(red[3], [255] * 4 + [0] * 4 + [255] * 4)


@pytest.mark.parametrize("width", [0.25, 0.5, 1.0])
def test_a_hairline_is_as_much_paler_as_it_is_thinner(width):
    for middle in (4.5, 4.8, 5.0):
        ink = (255 - straight(-5, middle, 20, middle, width=width)[:, 3].astype(int)).sum()
        assert ink == pytest.approx(255 * width, abs=2)


def test_ends_are_round():
    far = straight(6, 4.5, 50, 4.5, width=6)[:, :6].astype(int)
    rows, columns = np.mgrid[:9, :6] + 0.5
    cover = np.clip(3.5 - np.hypot(columns - 6, rows - 4.5), 0, 1)
    np.testing.assert_allclose(far, 255 * (1 - cover), atol=1)


def test_lines_blend_over_one_another_in_their_order():
    canvas = np.full((9, 12, 4), 255, np.uint8)
    lines = np.array([[[-5, 4], [20, 4]], [[6, -5], [6, 20]]], float)
    colors = np.array([[1, 0, 0, 0.5], [0, 0, 1, 0.25]])
    _rasterise.blend_lines(canvas, lines, colors, np.array([2.0, 2.0]), (0, 0, 12, 9))
    first = 0.5 * np.array([1, 0, 0]) + 0.5
    both = 0.25 * np.array([0, 0, 1]) + 0.75 * first
    np.testing.assert_allclose(canvas[4, 1, :3], 255 * first, atol=1)
    np.testing.assert_allclose(canvas[4, 6, :3], 255 * both, atol=1.5)
    assert (canvas[..., 3] == 255).all()


def test_a_line_that_crosses_itself_is_no_darker_there():
    canvas = np.full((30, 30, 4), 255, np.uint8)
    bow = np.array([[[3, 3], [27, 27], [27, 3], [3, 27]]], float)
    _rasterise.blend_lines(
        canvas, bow, np.array([[0, 0, 0, 0.5]]), np.array([3.0]), (0, 0, 30, 30)
    )
    assert canvas[..., 0].min() in (127, 128)


def test_on_a_clear_canvas_colours_are_those_that_any_background_would_show():
    look = {"colors": [(0.8, 0.2, 0.1, 0.4), (0.1, 0.3, 0.9, 0.7)], "linewidths": 2.5}
    clear = picture(Strokes, WAVES, background="none", **look).astype(float)
    share = clear[..., 3:] / 255
    white = picture(Strokes, WAVES, **look)
    np.testing.assert_allclose(
        clear[..., :3] * share + 255 * (1 - share), white[..., :3], atol=3.5
    )
    assert (share == 0).mean() > 0.2


@pytest.mark.parametrize("segments", [WAVES, KINKS, STEEP], ids=["waves", "kinks", "steep"])
@pytest.mark.parametrize(("width", "alpha"), [(1.5, 1.0), (1.5, 0.3), (4.0, 0.5), (0.5, 0.8)])
def test_matplotlib_draws_the_same_but_for_a_few_shades(segments, width, alpha):
    look = {"colors": mpl.colormaps["viridis"](np.linspace(0, 1, 8)), "linewidths": width}
    ours, theirs = (
        picture(cls, segments, alpha=alpha, **look)[..., :3].astype(int)
        for cls in (Strokes, LineCollection)
    )
    inked = (theirs < 250).any(axis=2)
    off = np.abs(ours - theirs).max(axis=2)
    assert inked.mean() > 0.05
    assert off[~inked].max() <= 40
    assert np.quantile(off[inked], 0.5) <= 6
    assert np.quantile(off[inked], 0.99) <= 40
    assert (255 - ours).sum() == pytest.approx((255 - theirs).sum(), rel=0.03)


def test_widths_and_colours_are_taken_in_turn():
    rows = np.array([[[-1, y], [2, y]] for y in (0.125, 0.375, 0.625, 0.875)])
    pixels = picture(
        Strokes, rows, colors=["red", "blue"], linewidths=[72 / 100 * 2, 72 / 100 * 6]
    )
    column = pixels[:, 100, :3].astype(int)
    assert (
        (column == (255, 0, 0)).all(axis=1).sum(),
        (column == (0, 0, 255)).all(axis=1).sum(),
    ) == (
        4,
        12,
    )


@pytest.mark.parametrize("clip", [True, False])
def test_nothing_is_drawn_outside_the_axes_unless_asked(clip):
    pixels = picture(Strokes, np.array([[[-1, -1], [2, 2]]]), clip_on=clip, linewidths=9)
    inked = pixels[..., 0] < 255
    rows, columns = np.nonzero(inked)
    if clip:
        assert (columns.min(), columns.max(), rows.min(), rows.max()) == (20, 179, 16, 143)
    else:
        assert (columns.min(), columns.max()) == (0, 199)


def test_points_that_are_not_finite_leave_gaps_and_wild_ones_do_not_move_the_rest():
    level = np.c_[np.linspace(0, 1, 101), np.full(101, 0.5)]
    holes = level.copy()
    holes[40:60, 1] = np.nan
    holes[80:90, 1] = np.inf
    column = (picture(Strokes, [holes], linewidths=2)[..., 0] < 255).any(axis=0)
    assert column[20:80].all()
    assert not column[90:110].any()
    assert not column[152:158].any()
    wild = level.copy()
    wild[50, 1] = 1e300
    ours = picture(Strokes, [wild], linewidths=2)[..., 0]
    np.testing.assert_array_equal(ours[:, :95], picture(Strokes, [level], linewidths=2)[:, :95, 0])
    assert (ours[20:70, 98:102] < 255).any(axis=1).all()  # up and away


def test_where_lines_are_not_plain_matplotlib_draws_them():
    for look in ({"linestyles": "dashed"}, {"antialiaseds": False}, {"facecolors": "red"}):
        ours, theirs = (picture(cls, WAVES, **look) for cls in (Strokes, LineCollection))
        np.testing.assert_array_equal(ours, theirs)
    plain = picture(Strokes, WAVES)
    assert not np.array_equal(plain, picture(LineCollection, WAVES))


def test_other_formats_get_paths():
    figure = Figure()
    lines = Strokes(WAVES)
    figure.subplots().add_collection(lines)
    file = io.BytesIO()
    figure.savefig(file, format="svg")
    assert file.getvalue().count(b"LineCollection_") or file.getvalue().count(b"Strokes_")
    np.testing.assert_allclose(lines.get_segments(), WAVES)
    lines.set_segments(KINKS)
    np.testing.assert_allclose([path.vertices for path in lines.get_paths()], KINKS)


def test_hidden_lines_and_no_lines_draw_nothing():
    assert (picture(Strokes, WAVES, visible=False) == 255).all()
    assert (picture(Strokes, np.empty((0, 5, 2))) == 255).all()
    assert (picture(Strokes, np.empty((3, 0, 2))) == 255).all()


def test_loops_work_where_nothing_can_be_kept():
    # Code without a file has no place for what is compiled of it.
    scope = {"__name__": "nowhere"}
    source = Path(_rasterise.__file__).read_text("utf-8")
    exec(compile(source, "<no file>", "exec"), scope)
    drawn = []
    for blend in (scope["blend_lines"], _rasterise.blend_lines):
        canvas = np.full((9, 12, 4), 255, np.uint8)
        line = np.array([[[1, 2], [11, 7]]], float)
        blend(canvas, line, np.array([[0, 0, 0, 1.0]]), np.array([2.0]), (0, 0, 12, 9))
        drawn.append(canvas)
    np.testing.assert_array_equal(*drawn)
    assert drawn[0].min() == 0


def test_without_the_compiler_matplotlib_draws_the_lines(monkeypatch):
    ours, theirs = picture(Strokes, WAVES), picture(LineCollection, WAVES)
    assert not np.array_equal(ours, theirs)
    monkeypatch.setitem(sys.modules, "numba", None)  # as if it were not installed
    monkeypatch.delitem(sys.modules, "swarm.animator._rasterise")
    monkeypatch.delattr(swarm.animator, "_rasterise")
    compiled_lines.cache_clear()
    try:
        np.testing.assert_array_equal(picture(Strokes, WAVES), theirs)
    finally:
        compiled_lines.cache_clear()


def test_importing_the_animator_does_not_import_the_compiler():
    program = "import sys, swarm.animator; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
