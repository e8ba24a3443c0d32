"""Plots by their data, movies by what they are asked for, and every bad input."""

import copy
import doctest
import itertools
import math

import matplotlib as mpl
import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.colors import LogNorm, to_hex, to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from swarm import animator, env
from swarm._hive import number_text
from swarm._limits import robust_limits
from swarm.animator import _play
from swarm.animator._plot import rank_colors
from swarm.style import DARK, LIGHT, SITE_INCHES, bee_colormap, opacity

BEES, EPOCHS, POINTS = 6, 5, 30
RNG = np.random.default_rng(3)
X = np.linspace(-2, 2, POINTS)
Y = np.sin(X)
DATA = RNG.normal(size=(BEES, EPOCHS, POINTS))


@pytest.fixture
def axes():
    with mpl.rc_context(LIGHT.rc(6)):
        figure = Figure(figsize=(6, 4))
        FigureCanvasAgg(figure)
        yield figure.subplots()


def settings(tmp_path, name="a.mp4"):
    return {"destfile": tmp_path / name, "size": (64, 48), "progress": False, "counter": None}


class Clock:
    """The smallest plot: remembers which frames it was asked for."""

    def __init__(self, num_frames, seen=None):
        self.num_frames = num_frames
        self.seen = [] if seen is None else seen

    def plot_init(self, ax):
        self.artists = [ax.text(0.5, 0.5, "")]

    def animate(self, frame):
        self.seen.append(frame)
        self.artists[0].set_text(str(frame))


# Lines


def segments(plot):
    (swarm,) = plot.artists
    assert isinstance(swarm, LineCollection)
    return swarm.get_segments()


@pytest.mark.parametrize("frame", [0, 3, 4])
def test_lines_are_where_the_data_say(axes, frame):
    plot = animator.LineSwarm(X, DATA)
    plot.plot_init(axes)
    plot.animate(frame)
    for line, heights in zip(segments(plot), DATA[:, frame], strict=True):
        np.testing.assert_array_equal(line, np.column_stack([X, heights]))
    assert plot.num_frames == EPOCHS


def test_the_truth_is_drawn_as_dots_behind_the_swarm(axes):
    plot = animator.LineSwarm.standard(X, Y, DATA)
    plot.plot_init(axes)
    (truth,) = axes.lines
    np.testing.assert_array_equal(truth.get_xydata(), np.column_stack([X, Y]))
    assert truth.get_linestyle() == "None"
    assert truth.get_marker() == "."
    assert truth.get_zorder() < plot.artists[0].get_zorder()


def test_standard_limits_show_all_of_the_truth(axes):
    plot = animator.LineSwarm.standard(X, 100 * Y, DATA)
    plot.plot_init(axes)
    low, high = axes.get_ylim()
    assert low < -90
    assert high > 90


def test_auto_range_shows_all_tame_data_and_no_truth(axes):
    plot = animator.LineSwarm.auto_range(X, DATA)
    plot.plot_init(axes)
    assert not axes.lines
    assert axes.get_xlim() == (-2, 2)
    assert axes.get_ylim()[0] < DATA.min()
    assert axes.get_ylim()[1] > DATA.max()


def test_limits_and_ticks_stay_where_they_are(axes):
    plots = [
        animator.LineSwarm.standard(X, Y, DATA * np.arange(EPOCHS)[:, None]),
        animator.HistogramSwarm.from_swarm(DATA),
        animator.LossSwarm(np.abs(DATA).mean(2)),
        animator.ScatterSwarm(DATA[..., :2], trail=2),
    ]
    for plot in plots:
        axes.clear()
        plot.plot_init(axes)
        limits = axes.get_xlim(), axes.get_ylim()
        for frame in range(EPOCHS):
            plot.animate(frame)
            axes.figure.draw_without_rendering()
            assert (axes.get_xlim(), axes.get_ylim()) == limits


def test_gaps_are_left_for_nan_and_infinity(axes):
    holes = DATA.copy()
    holes[0, 1, 3:6] = np.nan
    holes[1, 1, 7] = np.inf
    holes[2, 1, 8] = -np.inf
    holes[3, 1, 9] = 1e300
    holes[:, 2] = np.nan
    plot = animator.LineSwarm.standard(X, Y, holes)
    plot.plot_init(axes)
    assert np.abs(axes.get_ylim()).max() < 10
    for frame in range(EPOCHS):
        plot.animate(frame)
        axes.figure.canvas.draw()
    plot.animate(2)
    assert [len(line) for line in segments(plot)] == [0] * BEES  # nothing left to draw


def test_bees_can_be_coloured_by_their_loss_with_the_best_in_front(axes):
    losses = np.array([3.0, 0.1, np.nan, 1e9, 0.2, 0.3])
    plot = animator.LineSwarm(X, DATA, color_by=losses, alpha=1)
    plot.plot_init(axes)
    plot.animate(0)
    order = [2, 3, 0, 5, 4, 1]  # drawn from the worst, which is NaN, to the best
    for line, bee in zip(segments(plot), order, strict=True):
        np.testing.assert_array_equal(line[:, 1], DATA[bee, 0])
    colors = plot.artists[0].get_colors()
    np.testing.assert_allclose(colors[-1], bee_colormap()(0))
    np.testing.assert_allclose(colors[0], bee_colormap()(1.0))


@pytest.mark.parametrize(
    "make",
    [
        lambda **kw: animator.LineSwarm(X, DATA, **kw),
        lambda **kw: animator.LossSwarm(np.abs(DATA[..., 0]) + 1, **kw),
        lambda **kw: animator.ScatterSwarm(DATA[..., :2], **kw),
    ],
)
def test_key_names_the_values_behind_the_colours(make, axes):
    losses = [0.5, np.nan, 0.125, 3.0, 1.0, 2.0]
    make(color_by=losses, label="final loss").plot_init(axes)
    key = axes.get_legend()
    assert [text.get_text() for text in key.get_texts()] == ["final loss", "0.12", "1", "3"]
    expected = [rank_colors(np.array(losses))[bee] for bee in (2, 4, 3)]
    np.testing.assert_allclose([line.get_color() for line in key.get_lines()[1:]], expected)


@pytest.mark.parametrize("most", [0.3, 3.0, 3000.0])
def test_log_axis_of_losses_has_at_least_two_numbers(most, axes):
    animator.LossSwarm(np.geomspace(0.1, most, 50)[None]).plot_init(axes)
    axes.figure.canvas.draw()
    low, high = axes.get_ylim()
    ticks = [tick for tick in axes.yaxis.get_major_ticks() if low <= tick.get_loc() <= high]
    assert len([tick for tick in ticks if tick.label1.get_text()]) >= 2


def test_there_is_no_key_unless_asked_for(axes):
    animator.LineSwarm(X, DATA, color_by=range(6)).plot_init(axes)
    assert axes.get_legend() is None


def test_colours_by_rank_do_not_depend_on_how_wild_the_worst_is():
    tame = rank_colors(np.array([1.0, 2, 3]))
    for worst in (3e9, np.inf, np.nan):
        np.testing.assert_array_equal(tame, rank_colors(np.array([1, 2, worst])))


def test_more_lines_are_drawn_fainter_as_one_over_the_root_of_their_number(axes):
    few = animator.LineSwarm(X, np.zeros((16, 1, POINTS)))
    many = animator.LineSwarm(X, np.zeros((1024, 1, POINTS)))
    assert few.alpha == pytest.approx(8 * many.alpha)
    plot = animator.LineSwarm(X, DATA, alpha=0.2)
    plot.plot_init(axes)
    assert plot.artists[0].get_alpha() == 0.2
    assert 0 < opacity(10**9) < opacity(1) < 1


def test_tensors_are_taken_as_they_are(axes):
    plot = animator.LineSwarm.standard(
        torch.tensor(X), torch.tensor(Y), torch.tensor(DATA, requires_grad=True)
    )
    plot.plot_init(axes)
    plot.animate(1)
    np.testing.assert_array_equal(segments(plot)[2][:, 1], DATA[2, 1])


def test_data_are_not_copied():
    assert animator.LineSwarm(X, DATA).data is DATA
    assert animator.DensitySwarm(X, DATA).data is DATA


# Histograms


@pytest.mark.parametrize("density", [False, True], ids=["counts", "densities"])
def test_a_histogram_is_numpys_over_bins_common_to_all_frames(axes, density):
    values = RNG.normal(size=(40, EPOCHS, 3)) * np.arange(1, EPOCHS + 1)[:, None]
    plot = animator.HistogramSwarm.from_swarm(values, 25, density=density, range=(-4, 9))
    plot.plot_init(axes)
    for frame in range(EPOCHS):
        plot.animate(frame)
        heights, edges, _ = plot.artists[0].get_data()
        expected, bins = np.histogram(
            values[:, frame].ravel(), bins=25, range=(-4, 9), density=density
        )
        np.testing.assert_allclose(heights, expected)
        np.testing.assert_allclose(edges, bins)


def test_bins_span_all_tame_values():
    plot = animator.HistogramSwarm(DATA[0], 10)
    assert (plot.edges[0], plot.edges[-1]) == pytest.approx((DATA[0].min(), DATA[0].max()))
    assert (plot.heights.sum(axis=1) == POINTS).all()


def test_a_few_wild_values_do_not_widen_the_bins_but_are_reported(axes):
    values = RNG.normal(size=(2, 1000))
    values[0, :5] = 1e6
    values[1, :4] = np.nan, np.inf, -np.inf, -1e6
    plot = animator.HistogramSwarm(values, 50)
    assert np.abs(plot.edges).max() < 10
    plot.plot_init(axes)
    beyond = 100 * (1 - plot.heights.sum() / np.isfinite(values).sum())
    assert [text.get_text() for text in axes.texts] == [f"{beyond:.2g} % beyond"]


def test_a_histogram_leaves_out_what_is_not_finite(axes):
    values = np.full((2, 4), np.nan)
    values[0, :2] = 1.0, 2.0
    plot = animator.HistogramSwarm(values, 4)
    plot.plot_init(axes)
    assert plot.heights.sum(axis=1).tolist() == [2, 0]


def test_bars_fit_into_the_axes_in_every_frame(axes):
    plot = animator.HistogramSwarm.from_swarm(DATA)
    plot.plot_init(axes)
    assert axes.get_ylim()[0] == 0
    assert axes.get_ylim()[1] >= plot.heights.max()


def test_values_may_have_any_further_axes():
    flat = animator.HistogramSwarm.from_swarm(DATA[..., 0], 5)
    np.testing.assert_array_equal(flat.data, DATA[..., 0].T)
    deep = animator.HistogramSwarm.from_swarm(DATA.reshape(BEES, EPOCHS, 5, 6), 5)
    np.testing.assert_array_equal(deep.data[2], DATA[:, 2].ravel())


# Densities


def test_a_density_counts_the_curves_in_each_column(axes):
    x = np.linspace(0, 1, 100)
    data = RNG.normal(size=(13_000, 2, 100)).astype(np.float32)
    data[0, 0, 5] = np.nan
    data[1, 0, 5] = np.inf
    data[2, 0, 5] = 1e30
    plot = animator.DensitySwarm(x, data, rows=30, set_ylim=(-2, 3))
    np.testing.assert_allclose(plot.columns, x)
    counts = plot.counts(0)
    assert counts.shape == (30, 100)
    for column in (0, 5, 99):
        heights = data[:, 0, column].astype(float)
        expected, _ = np.histogram(heights[np.isfinite(heights)], 30, range=(-2, 3))
        # A height within rounding of an edge may fall on either side.
        assert np.abs(counts[:, column] - expected).sum() <= 4
    plot.plot_init(axes)
    assert axes.get_ylim() == (-2, 3)


def test_a_density_between_points_is_that_of_straight_lines():
    x = np.array([0.0, 1.0, 4.0])
    data = RNG.normal(size=(50, 1, 3))
    plot = animator.DensitySwarm(x, data, rows=20)
    assert len(plot.columns) == 320
    for column in (0, 100, 319):
        heights = [np.interp(plot.columns[column], x, curve) for curve in data[:, 0]]
        expected, _ = np.histogram(heights, plot.edges)
        np.testing.assert_array_equal(plot.counts(0)[:, column], expected)


def test_a_density_shades_where_the_bees_are_and_nowhere_else(axes):
    x = np.linspace(0, 1, 320)
    data = np.broadcast_to(x, (300, 2, 320)).copy()
    data[:, 1] = np.nan
    plot = animator.DensitySwarm(x, data, rows=50, set_ylim=(0, 1))
    plot.plot_init(axes)
    plot.animate(0)
    shades = plot.artists[0].shades
    for column in (3, 160, 316):
        assert np.flatnonzero(shades[:, column]).tolist() == [int(x[column] * 50)]
    plot.animate(1)
    assert not plot.artists[0].shades.any()


def test_a_density_needs_linear_axes(axes):
    plot = animator.DensitySwarm(X, DATA, set_yscale="symlog")
    with pytest.raises(ValueError, match="needs linear axes"):
        plot.plot_init(axes)


# Losses


def test_the_loss_cursor_is_at_the_epoch_on_the_median(axes):
    loss = np.abs(DATA).mean(2)
    plot = animator.LossSwarm(loss)
    plot.plot_init(axes)
    plot.animate(3)
    veil, cursor, dot = plot.artists
    assert list(cursor.get_xdata()) == [3, 3]
    np.testing.assert_allclose(dot.get_xydata(), [[3, np.median(loss[:, 3])]])
    assert (veil.get_x(), veil.get_x() + veil.get_width()) == (3, EPOCHS - 1)
    assert axes.get_yscale() == "log"
    median = axes.lines[0]
    np.testing.assert_allclose(median.get_ydata(), np.median(loss, axis=0))


def test_each_of_a_few_bees_has_its_loss_curve_and_many_have_bands(axes):
    plot = animator.LossSwarm(np.abs(DATA).mean(2), log=False)
    plot.plot_init(axes)
    assert len(axes.collections[0].get_segments()) == BEES
    axes.clear()
    loss = RNG.uniform(1, 2, size=(500, EPOCHS))
    plot = animator.LossSwarm(loss)
    plot.plot_init(axes)
    outer, inner = axes.collections
    for band, (low, high) in ((outer, (0.05, 0.95)), (inner, (0.25, 0.75))):
        heights = band.get_paths()[0].vertices[:, 1]
        assert heights.min() == pytest.approx(np.quantile(loss, low, axis=0).min())
        assert heights.max() == pytest.approx(np.quantile(loss, high, axis=0).max())


def test_losses_without_a_logarithm_are_gaps(axes):
    loss = np.array([[1.0, 0.0, -1.0, np.nan, 10.0], [2.0, np.nan, np.inf, np.nan, 20.0]])
    plot = animator.LossSwarm(loss)
    np.testing.assert_array_equal(np.isnan(plot.loss), [[0, 1, 1, 1, 0], [0, 1, 1, 1, 0]])
    plot.plot_init(axes)
    for frame in range(5):
        plot.animate(frame)
        axes.figure.canvas.draw()


def test_a_single_epoch_and_no_loss_at_all_can_be_drawn(axes):
    for loss in (np.ones((3, 1)), np.full((3, 4), np.nan), np.zeros((3, 2))):
        axes.clear()
        plot = animator.LossSwarm(loss)
        plot.plot_init(axes)
        plot.animate(0)
        axes.figure.canvas.draw()


# Points and pictures


def test_points_and_trails_are_where_the_data_say(axes):
    data = RNG.normal(size=(BEES, EPOCHS, 2))
    plot = animator.ScatterSwarm(data, trail=2)
    plot.plot_init(axes)
    points, tails = plot.artists
    for frame in range(EPOCHS):
        plot.animate(frame)
        np.testing.assert_array_equal(points.get_offsets(), data[:, frame])
        for tail, bee in zip(tails.get_segments(), data, strict=True):
            np.testing.assert_array_equal(tail, bee[max(0, frame - 2) : frame + 1])


def test_a_point_without_a_coordinate_is_not_drawn(axes):
    data = np.zeros((3, 1, 2))
    data[0, 0, 0] = np.nan
    data[1, 0, 1] = np.inf
    plot = animator.ScatterSwarm(data)
    plot.plot_init(axes)
    plot.animate(0)
    hidden = np.ma.getmaskarray(plot.artists[0].get_offsets()).any(axis=1)
    assert hidden.tolist() == [True, True, False]
    axes.figure.canvas.draw()


def test_a_picture_has_the_colours_of_its_values(axes):
    field = np.array([[[0.0, 0.5], [1.0, np.nan]]])
    plot = animator.ImageSwarm(field, limits=(0, 1), extent=(0, 1, 0, 1), cmap="viridis")
    plot.plot_init(axes)
    axes.set_axis_off()
    axes.set_position((0, 0, 1, 1))
    axes.figure.axes[1].remove()
    plot.animate(0)
    axes.figure.canvas.draw()
    pixels = np.asarray(axes.figure.canvas.buffer_rgba())
    height, width = pixels.shape[:2]
    viridis = mpl.colormaps["viridis"]
    for (row, column), value in {(0, 0): 0.0, (0, 1): 0.5, (1, 0): 1.0}.items():
        pixel = pixels[int(height * (0.75 - 0.5 * row)), int(width * (0.25 + 0.5 * column))]
        np.testing.assert_allclose(pixel[:3] / 255, viridis(value)[:3], atol=0.02)
    assert pixels[height // 4, 3 * width // 4, :3].tolist() == [255, 255, 255]  # the gap


def test_colour_limits_are_the_same_in_all_frames_and_even_around_zero():
    field = np.stack([np.full((4, 4), -1.0), np.linspace(-1, 2, 16).reshape(4, 4)])
    assert animator.ImageSwarm(field).limits == (-2, 2)
    assert animator.ImageSwarm(field + 5).limits == (4, 7)


# What plots share


def test_robust_limits_show_everything_that_is_tame():
    values = RNG.normal(size=5000)
    low, high = robust_limits(values, margin=0.0)
    assert (low, high) == (values.min(), values.max())


def test_robust_limits_are_not_moved_by_a_few_wild_bees():
    tame = RNG.normal(size=(50, 20, 30))
    wild = np.concatenate([tame, np.full((2, 20, 30), 1e9)])
    low, high = robust_limits(wild)
    assert low == pytest.approx(robust_limits(tame)[0], rel=0.3)
    assert high == pytest.approx(robust_limits(tame)[1], rel=0.3)


@pytest.mark.parametrize(
    "values",
    [np.full(3, np.nan), np.zeros(3), np.full(3, 7.0), np.full(3, -1e-300), np.full(2, 1e299)],
    ids=str,
)
def test_robust_limits_are_a_range_whatever_the_values(values):
    low, high = robust_limits(values)
    assert math.isfinite(low)
    assert math.isfinite(high)
    assert low < high
    if np.isfinite(values).all():
        assert low < values[0] < high


# What is wrong in silence


def masked():
    """An array with masked values that must never be seen, and the same with NaN."""
    mask = RNG.random(DATA.shape) < 0.2
    return np.ma.masked_array(np.where(mask, 1e3, DATA), mask), np.where(mask, np.nan, DATA)


def test_what_is_masked_is_left_out_as_nan_is():
    data, holes = masked()
    np.testing.assert_array_equal(animator.LineSwarm(X, data).data, holes)
    np.testing.assert_array_equal(animator.LineSwarm(X, list(data)).data, holes)
    np.testing.assert_array_equal(animator.LineSwarm(X, DATA, truth=data[0, 0]).truth, holes[0, 0])
    np.testing.assert_array_equal(animator.DensitySwarm(X, data).data, holes)
    np.testing.assert_array_equal(animator.ScatterSwarm(data[..., :2]).data, holes[..., :2])
    np.testing.assert_array_equal(animator.ImageSwarm(data).data, holes)
    np.testing.assert_array_equal(animator.LossSwarm(data[..., 0], log=False).loss, holes[..., 0])
    bars, expected = (animator.HistogramSwarm.from_swarm(d, 20) for d in (data, holes))
    np.testing.assert_array_equal(bars.edges, expected.edges)
    np.testing.assert_array_equal(bars.heights, expected.heights)


def test_masked_integers_and_masks_without_effect():
    whole = np.ma.masked_array(np.arange(6).reshape(2, 3))
    assert animator.HistogramSwarm(whole).data.dtype == whole.dtype
    whole[0, 1] = np.ma.masked
    np.testing.assert_array_equal(animator.HistogramSwarm(whole).data, [[0, np.nan, 2], [3, 4, 5]])


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int64", "uint64", "bool", "float16"])
def test_a_density_of_small_numbers_does_not_wrap_around(dtype):
    low, high = (0, 1) if dtype == "bool" else (0, 250) if dtype[0] == "u" else (-120, 120)
    data = RNG.integers(low, high, (40, 2, 5), endpoint=True).astype(dtype)
    x = np.array([-128, -20, 0, 3, 127], np.int8)
    plot, expected = (animator.DensitySwarm(p, d) for p, d in ((x, data), (x * 1.0, data * 1.0)))
    np.testing.assert_allclose(plot.columns, expected.columns)
    for frame in range(2):
        np.testing.assert_allclose(plot.counts(frame), expected.counts(frame), atol=1)
        assert plot.counts(frame).sum() == expected.counts(frame).sum()


POSITIVE = np.exp(3 * DATA)


@pytest.mark.parametrize("way", ["setter", "hook"])
@pytest.mark.parametrize(
    ("make", "axis"),
    [
        (lambda **kw: animator.LineSwarm(X, POSITIVE, **kw), "y"),
        (lambda **kw: animator.LineSwarm(np.exp(X), POSITIVE, truth=np.exp(Y), **kw), "x"),
        (lambda **kw: animator.ScatterSwarm(POSITIVE[..., :2], **kw), "x"),
        (lambda **kw: animator.ScatterSwarm(POSITIVE[..., :2], **kw), "y"),
        (lambda **kw: animator.HistogramSwarm(POSITIVE[0], **kw), "y"),
        (lambda **kw: animator.LossSwarm(POSITIVE[..., 0], log=False, **kw), "y"),
    ],
)
def test_limits_suit_an_axis_that_a_setter_or_hook_makes_logarithmic(axes, make, axis, way):
    name = f"set_{axis}scale"
    options = {name: "log"} if way == "setter" else {"hook": lambda ax: getattr(ax, name)("log")}
    plot = make(**options)
    plot.plot_init(axes)
    plot.animate(0)
    axes.figure.canvas.draw()
    low, high = getattr(axes, f"get_{axis}lim")()
    assert 0 < low < high
    if isinstance(plot, animator.ScatterSwarm):
        points = POSITIVE[..., "xy".index(axis)]
        assert low < points.min() < points.max() < high
        assert low > points.min() / 10


def test_limits_that_a_hook_sets_stay_on_any_scale(axes):
    def hook(ax):
        ax.set_yscale("log")
        ax.set_ylim(0.5, 2)

    animator.LineSwarm(X, POSITIVE, hook).plot_init(axes)
    assert axes.get_ylim() == (0.5, 2)


def test_limits_on_a_logit_axis_stay_between_0_and_1(axes):
    plot = animator.LineSwarm(X, 1 / (1 + POSITIVE), set_yscale="logit")
    plot.plot_init(axes)
    axes.figure.canvas.draw()
    assert 0 < axes.get_ylim()[0] < axes.get_ylim()[1] < 1


def pixels_of(axes):
    axes.set_axis_off()
    axes.set_position((0, 0, 1, 1))
    for other in axes.figure.axes[1:]:
        other.remove()
    axes.figure.canvas.draw()
    return np.array(axes.figure.canvas.buffer_rgba())


@pytest.mark.parametrize("extent", [(0, 4, 0, 3), (4, 0, 0, 3), (0, 4, 3, 0), (4, 0, 3, 0)])
def test_a_picture_with_falling_edges_is_where_matplotlib_draws_it(axes, extent):
    field = RNG.random((1, 3, 4))
    plot = animator.ImageSwarm(field, limits=(0, 1), extent=extent, cmap="viridis")
    plot.plot_init(axes)
    plot.animate(0)
    ours = pixels_of(axes)
    axes.clear()
    axes.imshow(
        field[0], vmin=0, vmax=1, extent=extent, cmap="viridis", origin="lower", aspect="auto"
    )
    theirs = pixels_of(axes)
    off = np.abs(ours.astype(int) - theirs)[..., :3].max(axis=2)
    assert (off > 4).mean() < 0.02  # but for edges


@pytest.mark.parametrize("extent", [(0, 0, 0, 1), (0, 1, 2, 2), (0, np.nan, 0, 1)])
def test_a_picture_without_an_extent_is_refused(extent):
    with pytest.raises(ValueError, match="extent must be four finite numbers"):
        animator.ImageSwarm(DATA, extent=extent)


def test_a_picture_needs_linear_axes(axes):
    plot = animator.ImageSwarm(DATA, extent=(1, 9, 1, 9), set_xscale="log")
    with pytest.raises(ValueError, match=r"ImageSwarm needs linear axes.*log and linear"):
        plot.plot_init(axes)


def bars_everywhere():
    return animator.HistogramSwarm(np.tile(np.linspace(-2, 2, 100), (EPOCHS, 1)), 4)


COVERING = {
    "lines": lambda: animator.LineSwarm(X, DATA, linewidth=500, alpha=1),
    "bars": bars_everywhere,
    "density": lambda: animator.DensitySwarm(X, DATA * 0, rows=1, set_ylim=(-2, 2)),
    "veil": lambda: animator.LossSwarm(np.exp(DATA[..., 0])),
    "picture": lambda: animator.ImageSwarm(DATA, extent=(-2, 2, -2, 2)),
}


@pytest.mark.parametrize(
    ("name", "kind"),
    # Elsewhere an image is a ground to draw on.
    [(name, kind) for name in COVERING for kind in ("patch", "points", "line", "text")]
    + [("picture", "image")],
)
def test_what_a_hook_draws_is_seen(axes, name, kind):
    def hook(ax):
        red = {"color": "#ff0000", "transform": ax.transAxes}
        if kind == "image":
            ax.imshow([[[1.0, 0, 0]]], extent=(-1, 1, -1, 1), aspect="auto")
        elif kind == "patch":
            ax.add_patch(Rectangle((0.4, 0.4), 0.2, 0.2, linewidth=0, **red))
        elif kind == "points":
            ax.scatter([0.5], [0.5], s=400, linewidths=0, **red)
        elif kind == "line":
            ax.plot([0.4, 0.6], [0.5, 0.5], linewidth=20, **red)
        else:
            ax.text(0.5, 0.5, "M", size=60, weight="bold", ha="center", va="center", **red)

    plot = COVERING[name]()
    plot.hook.insert(0, hook)
    plot.plot_init(axes)
    plot.animate(0)
    axes.figure.canvas.draw()
    pixels = np.asarray(axes.figure.canvas.buffer_rgba())[..., :3]
    assert (pixels == (255, 0, 0)).all(axis=2).sum() > 200


def test_setters_are_applied_after_everything_else(axes):
    plot = animator.LineSwarm.standard(
        X, Y, DATA, set_title="t", set_xlim=(-1, 1), set_ylim=(0, 9), set_xlabel="x"
    )
    plot.plot_init(axes)
    assert axes.get_xlim() == (-1, 1)
    assert axes.get_ylim() == (0, 9)
    assert axes.get_title(loc="left") == "t"
    assert axes.get_xlabel() == "x"


MAKERS = {
    "LineSwarm.standard": lambda **kw: animator.LineSwarm.standard(X, Y, DATA, **kw),
    "LineSwarm.auto_range": lambda **kw: animator.LineSwarm.auto_range(X, DATA, **kw),
    "HistogramSwarm.from_swarm": lambda **kw: animator.HistogramSwarm.from_swarm(DATA, **kw),
    "DensitySwarm": lambda **kw: animator.DensitySwarm(X, DATA, **kw),
    "LossSwarm": lambda **kw: animator.LossSwarm(DATA[..., 0], **kw),
    "ScatterSwarm": lambda **kw: animator.ScatterSwarm(DATA[..., :2], **kw),
    "ImageSwarm": lambda **kw: animator.ImageSwarm(DATA, **kw),
    "HeatmapSwarm": lambda **kw: animator.HeatmapSwarm(sweep(), "lr", "width", **kw),
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_an_unknown_setter_is_refused_at_construction_with_a_hint(make):
    with pytest.raises(ValueError, match="no method 'set_titel'; did you mean 'set_title'"):
        make(set_titel="x")


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_a_setter_that_fails_is_named_when_applied(axes, make):
    plot = make(set_xscale="cubic")
    with pytest.raises(ValueError, match="axes refused set_xscale='cubic'"):
        plot.plot_init(axes)


def test_hooks_are_called_with_the_axes(axes):
    seen = []
    animator.LineSwarm(X, DATA, seen.append).plot_init(axes)
    animator.LineSwarm(X, DATA, [seen.append, seen.append]).plot_init(axes)
    animator.HistogramSwarm(DATA[0], 10, [seen.append]).plot_init(axes)
    assert seen == [axes] * 4


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: animator.LineSwarm(X, DATA[0]), r"data must have shape \(line, frame, N\), got"),
        (lambda: animator.LineSwarm(X[:3], DATA), r"\(line, frame, 3\) to go with x, got \(6, 5"),
        (lambda: animator.LineSwarm(X, DATA[:0]), "is empty"),
        (lambda: animator.LineSwarm(X, DATA[:, :0]), "is empty"),
        (lambda: animator.LineSwarm.standard(X, Y[:3], DATA), "as many points as x, 30, got 3"),
        (lambda: animator.LineSwarm(X * np.inf, DATA), "x must be finite"),
        (lambda: animator.LineSwarm(X, DATA, color_by=[1, 2]), "one value for each of 6, got 2"),
        (lambda: animator.HistogramSwarm(DATA), r"\(frame, value\)"),
        (lambda: animator.HistogramSwarm(DATA[0, :, :0]), "is empty"),
        (lambda: animator.HistogramSwarm(DATA[0], 0), "num_bins must be at least 1, got 0"),
        (lambda: animator.HistogramSwarm(DATA[0], 3, range=(2, 1)), "low < high"),
        (lambda: animator.HistogramSwarm.from_swarm(DATA[0, 0]), r"\(bee, epoch, \*dims\)"),
        (lambda: animator.DensitySwarm(X[::-1], DATA), "x must increase"),
        (lambda: animator.DensitySwarm(X, DATA, rows=0), "rows must be at least 1"),
        (lambda: animator.LossSwarm(DATA), r"loss must have shape \(bee, epoch\)"),
        (lambda: animator.ScatterSwarm(DATA), r"\(bee, epoch, 2\), got"),
        (lambda: animator.ScatterSwarm(DATA[..., :2], trail=-1), "trail must be 0 or more"),
        (lambda: animator.ImageSwarm(DATA[0]), r"\(frame, row, column\)"),
        (lambda: animator.ImageSwarm(DATA, limits=(1, 1)), "low < high"),
    ],
)
def test_data_that_cannot_be_drawn_are_refused_at_construction(make, error):
    with pytest.raises(ValueError, match=error):
        make()


def test_data_that_are_not_numbers_are_refused():
    with pytest.raises(TypeError, match="real numbers, got dtype complex128"):
        animator.LineSwarm(X, DATA.astype(complex))
    with pytest.raises(TypeError, match="real numbers, got dtype"):
        animator.LineSwarm(["a"], [[["b"]]])


def test_every_plot_and_a_third_partys_follow_the_protocol():
    for make in MAKERS.values():
        assert isinstance(make(), animator.SwarmPlot)
    clock = Clock(3)
    clock.artists = []
    assert isinstance(clock, animator.SwarmPlot)


def test_the_worked_example_of_the_protocol_makes_a_movie(tmp_path):
    scope = {}
    for example in doctest.DocTestParser().get_examples(animator.SwarmPlot.__doc__):
        exec(example.source, scope)
    plot = scope["MeanLine"](X, DATA)
    made = animator.swarm_animate([plot], dark=True, **settings(tmp_path))
    assert made.frames == EPOCHS


# Movies of several plots


def test_frames_are_played_in_order_each_once(tmp_path):
    clock = Clock(7)
    made = animator.swarm_animate([clock], **settings(tmp_path))
    assert clock.seen == list(range(7))
    assert made.frames == 7


@pytest.mark.parametrize(
    ("total", "options", "expected"),
    [
        (10, {"every": 3}, [0, 3, 6, 9]),
        (9, {"every": 3}, [0, 3, 6, 8]),
        (5, {"every": 100}, [0, 4]),
        (10, {"num_frames": 4}, [0, 1, 2, 3]),
        (1, {}, [0]),
        (100, {"max_seconds": 1, "fps": 10}, list(range(0, 100, 11))),
        (100, {"max_seconds": 100, "fps": 10, "every": 50}, [0, 50, 99]),
        (98, {"max_seconds": 1, "fps": 10}, [*range(0, 97, 11), 97]),
    ],
)
def test_epochs_are_thinned_evenly_and_the_first_and_last_are_shown(
    tmp_path, total, options, expected
):
    clock = Clock(total)
    made = animator.swarm_animate([clock], **settings(tmp_path), **options)
    assert clock.seen == expected
    if len(expected) > 1:
        assert made.every == expected[1] - expected[0]
    if "max_seconds" in options:
        assert made.duration <= options["max_seconds"]


def test_the_sites_movies_have_a_dark_version_and_a_longest_length(tmp_path, monkeypatch):
    monkeypatch.setattr(env, "DARK", True)
    monkeypatch.setattr(_play, "SITE_SECONDS", 0.5)
    made = animator.swarm_animate([Clock(40)], **settings(tmp_path))
    assert made.dark == tmp_path / "a.dark.mp4"
    assert made.dark.exists()
    assert made.duration <= 0.5
    bare = animator.swarm_animate([Clock(2)], dark=False, **settings(tmp_path, "b.mp4"))
    assert bare.dark is None
    assert not (tmp_path / "b.dark.mp4").exists()


def test_light_and_dark_share_data_but_not_artists(tmp_path):
    plot = animator.LineSwarm(X, DATA)
    before = copy.copy(plot.__dict__)
    animator.swarm_animate([plot], dark=True, **settings(tmp_path))
    assert plot.__dict__ == before


def test_a_third_partys_colours_follow_the_style(tmp_path):
    seen = []

    class Line(Clock):
        def plot_init(self, ax):
            self.artists = ax.plot([0, 1], [0, 1], color="C1")
            seen.append((to_hex(to_rgba("C1")), to_hex(ax.get_facecolor())))

        def animate(self, frame):
            seen.append(to_hex(to_rgba("C1")))

    animator.swarm_animate([Line(1)], dark=True, **settings(tmp_path))
    light, dark = LIGHT.highlight, DARK.highlight
    assert seen == [(light, LIGHT.background), (dark, DARK.background), light, dark]


def test_plots_of_different_lengths_need_num_frames(tmp_path):
    plots = [Clock(3), Clock(5)]
    with pytest.raises(ValueError, match=r"different numbers of frames, \[3, 5\].*num_frames=3"):
        animator.swarm_animate(plots, **settings(tmp_path))
    assert animator.swarm_animate(plots, num_frames=3, **settings(tmp_path)).frames == 3
    with pytest.raises(ValueError, match="num_frames must be from 1 to 3, got 4"):
        animator.swarm_animate(plots, num_frames=4, **settings(tmp_path))


def test_nothing_to_play_is_refused(tmp_path):
    with pytest.raises(ValueError, match="plots is empty"):
        animator.swarm_animate([], **settings(tmp_path))
    with pytest.raises(ValueError, match="at least one frame"):
        animator.swarm_animate([Clock(0)], **settings(tmp_path))
    with pytest.raises(TypeError, match="int is not a plot: it has no num_frames, plot_init"):
        animator.swarm_animate([3], **settings(tmp_path))


def positions(tmp_path, count, layout):
    places = []

    class Place(Clock):
        def plot_init(self, ax):
            super().plot_init(ax)
            places.append(ax)

    options = settings(tmp_path) | {"size": (400, 400)}
    animator.swarm_animate([Place(1) for _ in range(count)], layout=layout, **options)
    return [ax.get_position() for ax in places]


def test_plots_stand_below_one_another_by_default(tmp_path):
    upper, lower = positions(tmp_path, 2, None)
    assert upper.y0 > lower.y1
    assert upper.x0 == pytest.approx(lower.x0)


def test_a_layout_may_be_rows_and_columns(tmp_path):
    first, second, third = positions(tmp_path, 3, (2, 2))
    assert first.x1 < second.x0
    assert first.y0 == pytest.approx(second.y0)
    assert third.y1 < first.y0


@pytest.mark.parametrize("layout", ["AB;AC", [["A", "B"], ["A", "C"]]], ids=["text", "list"])
def test_a_layout_may_be_a_mosaic(tmp_path, layout):
    first, second, third = positions(tmp_path, 3, layout)
    assert first.height > second.height + third.height
    assert first.x1 < second.x0


@pytest.mark.parametrize("layout", [(1, 1), (0, 3), "AB", "ABCD"])
def test_a_layout_without_the_right_places_is_refused(tmp_path, layout):
    with pytest.raises(ValueError, match="layout"):
        positions(tmp_path, 3, layout)


def test_the_size_is_the_users_at_the_time_of_the_call(tmp_path):
    def shape(**options):
        options = {"size": None, "dpi": 20} | options
        made = animator.swarm_animate([Clock(1)], **(settings(tmp_path) | options))
        return made.width, made.height

    assert shape() == (240, 136)  # nobody has set it
    with mpl.rc_context({"figure.figsize": (12, 12)}):
        assert shape() == (240, 240)
        assert shape(size=(100, 50)) == (100, 50)
        with animator.figuresize(5, 4):
            assert shape() == (100, 80)
        assert shape() == (240, 240)
    with mpl.rc_context({"figure.dpi": 30}), animator.figuresize(4, 3):
        assert shape(dpi=None) == (120, 90)


def test_movies_on_the_site_are_as_high_as_their_layout_needs(tmp_path):
    def shape(plots):
        options = settings(tmp_path) | {"size": None, "dpi": 20}
        made = animator.swarm_animate([Clock(1)] * plots, **options)
        return made.width, made.height

    with mpl.rc_context({"figure.figsize": SITE_INCHES}):
        assert shape(1) == (144, 76)
        assert shape(2) == (144, 116)  # as 12 x 9.6 inches
    with mpl.rc_context({"figure.figsize": (7, 4)}):
        assert shape(2) == (140, 80)


def test_figuresize_ends_with_its_block_also_by_an_exception():
    before = mpl.rcParams["figure.figsize"]

    def block():
        with animator.figuresize(3, 2):
            assert list(mpl.rcParams["figure.figsize"]) == [3, 2]
            raise KeyError

    with pytest.raises(KeyError):
        block()
    assert mpl.rcParams["figure.figsize"] == before
    with pytest.raises(ValueError, match="above 0 inches, got 0 and 2"), animator.figuresize(0, 2):
        pass


def counters(tmp_path, plot, **options):
    """Texts and places of the counter in each frame."""
    figures, seen = [], []
    plot.hook.append(lambda ax: figures.append(ax.figure))

    def look(done, total):
        texts = [ax._right_title for ax in figures[0].axes] + figures[0].texts
        (text,) = [text for text in texts if text.get_text()]
        seen.append((text.get_text(), text.get_window_extent().bounds))

    options = settings(tmp_path) | {"size": (480, 360), "counter": "epoch"} | options
    animator.swarm_animate(plot, **options | {"progress": look})
    return seen


def test_the_counter_tells_the_epoch_and_stands_still(tmp_path):
    seen = counters(tmp_path, animator.LineSwarm(X, np.zeros((2, 12, POINTS))), every=5)
    assert [text for text, _ in seen] == ["epoch \u20070", "epoch \u20075", "epoch 10", "epoch 11"]
    assert len({place[0] for _, place in seen}) == 1


@pytest.mark.parametrize("title", ["short", "a title that is as long as the whole of the figure"])
def test_the_counter_keeps_clear_of_the_title(tmp_path, title):
    axes = []
    plot = animator.LineSwarm(X, DATA, axes.append, set_title=title)
    seen = counters(tmp_path, plot)
    box = axes[0]._left_title.get_window_extent()
    for _, (x0, y0, _, _) in seen:
        assert box.x1 < x0 or box.y1 < y0


def test_what_is_counted_can_be_named(tmp_path):
    seen = counters(tmp_path, animator.LineSwarm(X, DATA[:, :2]), counter="step")
    assert [text for text, _ in seen] == ["step 0", "step 1"]


def test_a_name_without_ending_becomes_an_mp4(tmp_path):
    made = animator.swarm_animate([Clock(1)], **settings(tmp_path, "weights"))
    assert made.path == tmp_path / "weights.mp4"


def test_the_label_is_made_of_titles_unless_one_is_given(tmp_path):
    plots = [animator.LineSwarm(X, DATA, set_title="one"), Clock(EPOCHS)]
    assert animator.swarm_animate(plots, **settings(tmp_path)).title == "one"
    assert animator.swarm_animate([Clock(1)], **settings(tmp_path)).title == "a"
    assert animator.swarm_animate([Clock(1)], title="x", **settings(tmp_path)).title == "x"


def test_the_first_seeds_calls_work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    xt, yt = torch.tensor(X), torch.tensor(Y)
    bw = RNG.normal(0, 5, (BEES, EPOCHS, 20)).clip(-10, 10)
    ls = animator.LineSwarm.standard(
        xt.detach().numpy(), yt.detach().numpy(), DATA[::2], set_xlim=(-10, 10)
    )
    hist = animator.HistogramSwarm.from_swarm(
        bw, 100, set_title="- Biases/Weights", set_ylabel="Count", set_xlim=(-10, 10)
    )
    with animator.figuresize(3, 3):
        made = animator.swarm_animate([ls, hist], "weight_distr.mp4")
    assert (made.width, made.height, made.frames) == (300, 300, EPOCHS)
    assert (tmp_path / "weight_distr.mp4").exists()


def test_make_animation_is_a_swarm_over_the_truth(tmp_path):
    with animator.figuresize(2, 2):
        made = animator.make_animation(X, Y, DATA, "a title", tmp_path / "a.mp4")
    assert made.title == "a title"
    assert made.frames == EPOCHS


# Hives


def hive():
    return [
        {"width": width, "lr": lr, "x": X, "y": width * Y, "ypred": DATA * width, "loss": 1}
        for width in (2, 8, 1)
        for lr in (0.1, 0.01)
    ]


def test_a_hive_is_a_grid_with_shared_axes_in_the_order_of_its_values():
    figure = animator.hive_plot(hive(), "lr", "width", -1)
    grid = np.reshape(figure.axes, (3, 2))
    assert [ax.get_title() for ax in grid[0]] == ["lr = 0.1", "lr = 0.01"]
    assert [ax.get_ylabel() for ax in grid[:, 0]] == ["width = 2", "width = 8", "width = 1"]
    assert len({ax.get_ylim() for ax in figure.axes}) == 1
    for row, width in enumerate((2, 8, 1)):
        for ax in grid[row]:
            lines = ax.collections[0].get_segments()
            np.testing.assert_array_equal([line[:, 1] for line in lines], width * DATA[:, -1])
            np.testing.assert_array_equal(ax.lines[0].get_ydata()[0], width * Y[0])
    low, high = figure.axes[0].get_ylim()
    assert low < 8 * Y.min() < 8 * Y.max() < high


def test_a_grid_of_many_panels_has_larger_text_that_still_fits():
    def sizes(figure):
        figure.draw_without_rendering()
        top = [ax for ax in figure.axes if ax.get_title()]
        boxes = [ax.title.get_window_extent() for ax in top]
        assert all(a.x1 < b.x0 for a, b in itertools.pairwise(boxes))
        return top[0].title.get_fontsize(), figure.axes[0].get_yticklabels()[0].get_fontsize()

    two = sizes(animator.hive_plot(hive(), "lr", "width", -1))
    three = sizes(animator.hive_plot(hive(), "width", "lr", -1))
    assert three[0] > two[0]
    assert three[1] > two[1]


def test_a_hive_can_be_played(tmp_path):
    options = settings(tmp_path)
    made = animator.hive_animate(
        hive(), "lr", "width", options.pop("destfile"), every=2, dark=True, **options
    )
    assert made.frames == 3
    assert made.dark.exists()
    assert made.title == "swarms by lr (across) and width (down)"


def test_a_curve_that_is_no_parameter_can_be_given_to_all_swarms():
    bare = [{k: v for k, v in entry.items() if k not in "xy"} for entry in hive()]
    figure = animator.hive_plot(bare, "lr", "width", -1, x=X, y=3 * Y)
    for ax in figure.axes:
        np.testing.assert_array_equal(ax.lines[0].get_ydata()[0], 3 * Y[0])
    with pytest.raises(ValueError, match=r"entry 0 of hive_data has no 'x', 'y'; .*pass x=…"):
        animator.hive_plot(bare, "lr", "width", -1)


def test_a_played_hive_takes_the_curve_too(tmp_path):
    bare = [{k: v for k, v in entry.items() if k not in "xy"} for entry in hive()]
    options = settings(tmp_path)
    target = options.pop("destfile")
    made = animator.hive_animate(bare, "lr", "width", target, x=X, y=Y, **options)
    assert made.frames == EPOCHS


RATES, WIDTHS = (0.1, 0.001, 0.01), (8, 2)
LOSS = {(lr, w): RNG.uniform(1, 2, (9, 4)) * lr * w for lr in RATES for w in WIDTHS}


def sweep():
    return [{"lr": lr, "width": w, "loss": loss} for (lr, w), loss in LOSS.items()]


def written(ax):
    """Texts in the cells of a heat map, (row, column) to text."""
    places = {text.get_position()[::-1]: text.get_text() for text in ax.texts}
    return {(int(row), int(column)): text for (row, column), text in places.items()}


def test_a_heat_map_shows_the_median_of_each_swarm_in_the_order_of_the_values(axes):
    plot = animator.HeatmapSwarm(sweep(), "lr", "width")
    assert (plot.columns, plot.rows) == (["0.001", "0.01", "0.1"], ["2", "8"])
    plot.plot_init(axes)
    for epoch in (0, 3):
        plot.animate(epoch)
        shades = plot.artists[0].shades
        for column, lr in enumerate(sorted(RATES)):
            for row, width in enumerate(sorted(WIDTHS)):
                median = np.median(LOSS[lr, width][:, epoch])
                assert plot.values[epoch, row, column] == pytest.approx(median)
                assert float(written(axes)[row, column]) == pytest.approx(median, rel=0.06)
                spot = np.clip((np.log10(median) - np.log10(plot.norm.vmin)), 0, None)
                spot = spot / np.log10(plot.norm.vmax / plot.norm.vmin)
                assert shades[row, column] == pytest.approx(1 + 254 * spot, abs=1)
    assert [tick.get_text() for tick in axes.get_xticklabels()] == plot.columns
    assert axes.get_xlabel() == "lr"
    assert axes.figure.axes[1].get_ylabel() == "median loss"


def test_cells_of_a_heat_map_are_empty_where_there_is_no_swarm_or_most_bees_failed(axes):
    data = sweep()[1:]
    lost = data[0]["loss"].copy()
    lost[:3, 2:] = np.nan  # 3 of 9 bees: the median is the fifth, now of the higher ones
    lost[3:5, 3] = np.inf
    data[0] = data[0] | {"loss": lost}
    plot = animator.HeatmapSwarm(data, "lr", "width")
    rest = np.sort(lost[3:, 2])
    column = plot.columns.index(f"{data[0]['lr']:g}")
    row = plot.rows.index(str(data[0]["width"]))
    assert plot.values[2, row, column] == rest[4]
    plot.plot_init(axes)
    plot.animate(3)
    assert written(axes)[row, column] == written(axes)[1, 2] == "–"
    assert plot.artists[0].shades[row, column] == plot.artists[0].shades[1, 2] == 0


def test_colours_of_a_heat_map_are_those_of_its_first_and_last_epoch(axes):
    data = sweep()
    wild = data[0]["loss"].copy()
    wild[:, 1] = 1e9
    data[0] = data[0] | {"loss": wild}
    plot = animator.HeatmapSwarm(data, "lr", "width")
    tame = animator.HeatmapSwarm(sweep(), "lr", "width").values[[0, -1]]
    assert (plot.norm.vmin, plot.norm.vmax) == pytest.approx((tame.min(), tame.max()))
    plot.plot_init(axes)
    assert len(axes.figure.axes[1].patches) >= 1  # the key has a point at its end
    plot.animate(1)
    assert plot.artists[0].shades.max() == 255


def test_a_still_heat_map_spends_its_colours_on_its_own_epoch():
    figure = animator.hive_heatmap(sweep(), "lr", "width", epoch=2)
    shown = animator.HeatmapSwarm(sweep(), "lr", "width").values[2]
    assert figure.axes[1].get_ylim() == pytest.approx((shown.min(), shown.max()))
    texts = written(figure.axes[0])
    assert all(texts[place] == number_text(value) for place, value in np.ndenumerate(shown))


def test_a_heat_map_takes_any_score():
    def final_gap(entry):
        return np.ptp(entry["loss"], axis=0)

    plot = animator.HeatmapSwarm(sweep(), "width", "lr", final_gap)
    assert plot.label == "final gap"
    assert plot.values[1, 0, 1] == pytest.approx(np.ptp(LOSS[0.001, 8][:, 1]))
    signed = animator.HeatmapSwarm(sweep(), "width", "lr", lambda entry: -entry["loss"])
    assert not isinstance(signed.norm, LogNorm)


@pytest.mark.parametrize("size", [(12, 7), (4, 3), (2, 1.5)])
def test_numbers_of_a_heat_map_fit_their_cells_or_are_left_out(size):
    with animator.figuresize(*size):
        figure = animator.hive_heatmap(sweep(), "lr", "width")
    figure.draw_without_rendering()
    ax = figure.axes[0]
    cell = ax.bbox.size / [3, 2]
    for text in ax.texts:
        box = text.get_window_extent()
        assert (box.size <= cell).all() or not text.get_visible()
    crowd = [{"a": a, "b": b, "loss": np.ones((1, 1))} for a in range(40) for b in range(40)]
    assert not animator.hive_heatmap(crowd, "a", "b").axes[0].texts[0].get_visible()


def test_a_heat_map_that_cannot_be_drawn_is_refused():
    plot = animator.HeatmapSwarm
    with pytest.raises(ValueError, match="entry 0 of hive_data has no 'hits'"):
        plot(sweep(), "lr", "width", "hits")
    with pytest.raises(ValueError, match="entry 0 of hive_data has no 'depth'"):
        plot(sweep(), "lr", "depth")
    with pytest.raises(ValueError, match=r"'ypred' of entry 0 .*\(6, 5, 30\)"):
        plot(hive(), "lr", "width", "ypred")
    with pytest.raises(ValueError, match="entry 6 of hive_data is not the first with"):
        plot([*sweep(), sweep()[0]], "lr", "width")
    with pytest.raises(ValueError, match=r"differ in their number of epochs: \[3, 4\]"):
        plot([sweep()[0] | {"loss": np.ones((9, 3))}, *sweep()[1:]], "lr", "width")
    with pytest.raises(ValueError, match="low < high"):
        plot(sweep(), "lr", "width", limits=(2, 1))
    with pytest.raises(ValueError, match="must be above 0"):
        plot(sweep(), "lr", "width", limits=(-1, 1), log=True)
    with pytest.raises(IndexError, match="epoch 4 is not one of the hive's 4"):
        animator.hive_heatmap(sweep(), "lr", "width", epoch=4)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0123, "0.012"), (3.44, "3.4"), (119.6, "120"), (3e-5, "3e-5"), (0, "0"), (2.5e7, "2.5e7")],
)
def test_numbers_are_written_as_short_as_can_be(value, text):
    assert number_text(value) == text


def test_classes_and_functions_are_called_by_their_names():
    entries = [{"f": f, "w": 1, "x": X, "y": Y, "ypred": DATA} for f in (torch.nn.ReLU, math.sin)]
    figure = animator.hive_plot(entries, "f", "w", 0)
    assert [ax.get_title() for ax in figure.axes] == ["f = ReLU", "f = sin"]


def test_a_hive_may_have_empty_places_and_swarms_of_other_points():
    entries = hive()[:3]
    entries[0] = entries[0] | {"x": X[:9], "y": Y[:9], "ypred": DATA[:4, :, :9]}
    figure = animator.hive_plot(entries, "lr", "width", 0)
    assert [bool(ax.axison) for ax in figure.axes] == [True, True, True, False]


def test_a_hive_that_does_not_fit_is_refused():
    plot = animator.hive_plot
    with pytest.raises(ValueError, match="hive_data is empty"):
        plot([], "lr", "width", 0)
    with pytest.raises(ValueError, match="entry 0 of hive_data has no 'depth'; it has 'width'"):
        plot(hive(), "depth", "width", 0)
    with pytest.raises(ValueError, match=r"entry 6 of hive_data is not the first with lr=0\.01"):
        plot([*hive(), hive()[-1]], "lr", "width", 0)
    with pytest.raises(IndexError, match="epoch 5 is not one of the hive's 5"):
        plot(hive(), "lr", "width", 5)
    entries = hive()
    entries[2] = entries[2] | {"ypred": DATA[:, :3]}
    with pytest.raises(ValueError, match="different numbers of frames"):
        plot(entries, "lr", "width", 0)
