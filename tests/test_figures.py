"""Figures and stills, checked by their data."""

import json
import re

import matplotlib as mpl
import matplotlib.colors
import numpy as np
import plotly.graph_objects as go
import pytest
import torch
from matplotlib.figure import Figure
from matplotlib.text import Text
from torch import nn

from swarm import figures, surface
from swarm.surface import Paths, Plane, Surface


@pytest.fixture(scope="module")
def seed():
    """The seed's problem, at its size: net, data, plane and surface, and a path on it."""
    rng = np.random.default_rng(42)
    x = rng.normal(1, 4.5, 10_000)
    y = np.piecewise(
        x,
        [x < -2, (x >= -2) & (x < 2), x >= 2],
        [lambda x: 2 * x + 5, lambda x: 7.3 * np.sin(x), lambda x: -0.03 * x**3 + 2],
    )
    net = nn.Sequential()
    net.add_module("Layer_1", nn.Linear(1, 1, bias=False))
    net.add_module("Tanh", nn.Tanh())
    net.add_module("Layer_2", nn.Linear(1, 1, bias=False))
    data = torch.tensor(x[:, None]).float(), torch.tensor(y[:, None]).float()
    plane = surface.weight_plane(net, "Layer_1.weight", "Layer_2.weight")
    grid = np.linspace(-2, 2, 81)
    landscape = surface.loss_surface(net, nn.functional.mse_loss, *data, plane, grid, grid)
    weights = np.stack([np.linspace(-1, -1.7, 26), np.linspace(-1, -0.2, 26)], axis=1)
    path = surface.loss_paths(net, nn.functional.mse_loss, *data, plane, weights)
    return landscape, path


def flat_plane():
    return Plane([0, 0], [1, 0], [0, 1], ("w1", "w2"))


def small_surface(values=None):
    xs, ys = np.linspace(-1, 1, 5), np.linspace(0, 3, 4)
    if values is None:
        values = np.add.outer(ys**2, xs)
    return Surface(xs, ys, values, flat_plane())


def small_paths(bees=3, epochs=7, plane=None):
    rng = np.random.default_rng(0)
    coordinates = rng.uniform([-1, 0], [1, 3], size=(bees, epochs, 2))
    losses = coordinates[..., 1] ** 2 + coordinates[..., 0]
    still = np.zeros((bees, epochs))
    return Paths(coordinates, losses, losses, still, plane or flat_plane(), 1.0)


def decoded(values):
    return np.asarray(values, dtype=float)


def test_rows_of_the_surface_are_y_and_both_ends_are_hit(seed):
    landscape, _ = seed
    trace = figures.surface_figure(landscape).data[0]
    assert trace.type == "surface"
    np.testing.assert_allclose(decoded(trace.z), landscape.values, rtol=1e-6)
    for axis in (decoded(trace.x), decoded(trace.y)):
        assert (axis[0], axis[-1], len(axis)) == (-2, 2, 81)
    # Where w2 is zero, whatever w1, the network answers zero: a whole row, and no column alone.
    assert np.ptp(decoded(trace.z)[40]) < 1e-4


def test_axes_are_named_after_the_right_weight(seed):
    landscape, path = seed
    figure = figures.surface_figure(landscape, path)
    scene = figure.layout.scene
    assert scene.xaxis.title.text == "Layer_1.weight"
    assert scene.yaxis.title.text == "Layer_2.weight"
    assert scene.zaxis.title.text == "loss"
    np.testing.assert_allclose(decoded(figure.data[1].x), path.coordinates[0, :, 0], rtol=1e-6)
    np.testing.assert_allclose(decoded(figure.data[1].y), path.coordinates[0, :, 1], rtol=1e-6)
    contour = figures.contour_figure(landscape, path)
    assert contour.layout.xaxis.title.text == "Layer_1.weight"
    assert contour.layout.yaxis.title.text == "Layer_2.weight"
    np.testing.assert_allclose(decoded(contour.data[1].x), path.coordinates[0, :, 0], rtol=1e-6)


def test_the_path_of_the_two_weight_net_lies_on_the_surface(seed):
    _, path = seed
    np.testing.assert_allclose(path.losses, path.on_plane, rtol=1e-6)
    drawn = figures.surface_figure(seed[0], path).data[1]
    np.testing.assert_allclose(decoded(drawn.z), path.on_plane[0], rtol=1e-6)


@pytest.mark.parametrize("draw", [figures.surface_figure, figures.contour_figure])
def test_the_seeds_figure_is_small(seed, draw):
    figure = draw(*seed)
    assert len(figure.to_html(include_plotlyjs=False, full_html=False)) <= 60_000
    assert all(v.dtype in ("float32", "uint8") for v in (figure.data[0].z, figure.data[0].x))


def test_hover_text_is_in_words(seed):
    figure = figures.surface_figure(*seed)
    words = figure.data[1].hovertemplate
    for part in (
        "epoch %{customdata",
        "Layer_1.weight = %{x",
        "Layer_2.weight = %{y",
        "loss = %{z",
    ):
        assert part in words
    np.testing.assert_array_equal(decoded(figure.data[1].customdata)[:, 0], np.arange(26))


def test_meta_tells_what_is_seen_in_numbers(seed):
    landscape, path = seed
    meta = figures.surface_figure(landscape, {"SGD": path}).layout.meta
    x, y, lowest = landscape.minimum()
    for part in (f"{lowest:.4g}", f"({x:.3g}, {y:.3g})", "SGD", "Layer_1.weight", "25 steps"):
        assert part in meta["alt"]
    assert figures.surface_figure(landscape, caption="mine").layout.meta["caption"] == "mine"


def test_a_plane_through_many_weights_says_how_far_it_can_be_trusted():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 1))
    x = torch.linspace(-2, 2, 50)[:, None]
    start = nn.utils.parameters_to_vector(net.parameters()).detach().numpy()
    walk = start + np.random.default_rng(0).normal(0, 0.3, (12, len(start))).cumsum(axis=0)
    plane = surface.pca_plane(walk)
    xs, ys = plane.window(walk, num=9)
    mse = nn.functional.mse_loss
    landscape = surface.loss_surface(net, mse, x, x.sin(), plane, xs, ys)
    path = surface.loss_paths(net, mse, x, x.sin(), plane, walk)
    gap = np.abs(path.losses - path.on_plane).max()
    for draw in (figures.surface_figure, figures.contour_figure, figures.descent_figure):
        told = draw(landscape, path)
        for text in (told.layout.title.subtitle.text, told.layout.meta["caption"]):
            assert f"{sum(plane.explained):.1%}" in text
            assert f"{gap:.3g}" in text
    assert np.ptp(path.coordinates[0, :, 0]) <= xs[-1] - xs[0]


def test_two_weights_need_no_words_of_caution(seed):
    assert not figures.surface_figure(*seed).layout.title.subtitle.text


def test_backgrounds_are_transparent_and_no_template_is_carried(seed):
    for figure in (figures.surface_figure(*seed), figures.contour_figure(*seed)):
        assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == "rgba(0,0,0,0)"
        assert len(json.dumps(figure.layout.template.to_plotly_json())) < 50


def test_colours_follow_the_logarithm_where_the_range_asks_for_it():
    values = 10.0 ** np.linspace(-3, 2, 20).reshape(4, 5)
    trace = figures.surface_figure(small_surface(values)).data[0]
    np.testing.assert_allclose(
        decoded(trace.surfacecolor), np.linspace(0, 255, 20).reshape(4, 5), atol=0.5
    )
    np.testing.assert_allclose(decoded(trace.z), values, rtol=1e-6)  # heights stay as they are
    places = dict(zip(trace.colorbar.ticktext, trace.colorbar.tickvals, strict=True))
    assert places["1"] == pytest.approx(255 * 3 / 5, abs=1e-3)
    contour = figures.contour_figure(small_surface(values)).data[0]
    np.testing.assert_allclose(decoded(contour.z), np.log10(values), rtol=1e-6)
    assert figures.surface_figure(small_surface(), log=False).data[0].surfacecolor is None
    with pytest.raises(ValueError, match=r"lowest loss is -1.*log=True"):
        figures.surface_figure(small_surface(), log=True)


def test_the_camera_looks_into_the_valley():
    x = np.linspace(-1, 1, 41)
    # A cliff along y = 0, low ground behind it (towards -y) and high ground before it.
    wall = np.where(x > 0, 5.0, 0.0)[:, None] * np.ones(41)
    figure = figures.surface_figure(Surface(x, x, wall, flat_plane()))
    assert figure.layout.scene.camera.eye.y < 0
    mirrored = figures.surface_figure(Surface(x, x, wall[::-1], flat_plane()))
    assert mirrored.layout.scene.camera.eye.y > 0


def test_points_outside_the_window_are_cut_and_counted():
    paths = small_paths(bees=4)
    paths.coordinates[2, 3:] = 1e6  # one bee diverges
    figure = figures.surface_figure(small_surface(), paths)
    assert np.nanmax(decoded(figure.data[1].x)) <= 2
    assert max(figure.layout.scene.xaxis.range) <= 2
    assert "1 of 4 paths leave the window" in figure.layout.meta["caption"]


def test_all_bees_are_joined_to_one_line_with_gaps():
    paths = small_paths(bees=5, epochs=6)
    line = figures.surface_figure(small_surface(), paths, color_by=None).data[1]
    z = decoded(line.z)
    assert len(z) == 5 * 7 - 1
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(z)), [6, 13, 20, 27])
    np.testing.assert_allclose(z[7:13], paths.losses[1], rtol=1e-6)


def test_bees_roll_down_frame_by_frame():
    paths = small_paths(bees=200, epochs=31)
    figure = figures.descent_figure(
        small_surface(), paths, epochs=range(0, 310, 10), max_frames=16, color_by=None
    )
    assert [frame.name for frame in figure.frames] == [str(e) for e in range(0, 310, 20)]
    moving = figure.frames[3].traces[0]
    assert figure.data[moving].mode == "markers"
    for frame, epoch in ((0, 0), (3, 6), (15, 30)):
        ball = figure.frames[frame].data[0]
        np.testing.assert_allclose(decoded(ball.x), paths.coordinates[:, epoch, 0], rtol=1e-5)
        np.testing.assert_allclose(decoded(ball.y), paths.coordinates[:, epoch, 1], rtol=1e-5)
        np.testing.assert_allclose(decoded(ball.customdata), paths.losses[:, epoch], rtol=1e-5)
    np.testing.assert_array_equal(figure.data[moving].x, figure.frames[0].data[0].x)
    steps = figure.layout.sliders[0].steps
    assert [step.args[0][0] for step in steps] == [frame.name for frame in figure.frames]
    assert [button.label for button in figure.layout.updatemenus[0].buttons] == [
        "▶ Play",
        "❚❚ Pause",
    ]
    assert len(figure.to_json()) < 600_000


def shade_of_each_bee(figure, mode):
    """Read from a figure's traces which colour each bee has, by the number that it tells."""
    colours = {}
    for trace in figure.data[1:]:
        if mode == "markers" and trace.mode == mode:
            words = [re.match(r"bee (\d+), final loss (.*)", text) for text in trace.text]
            colours |= {int(w[1]): (trace.marker.color, float(w[2])) for w in words}
        elif mode == "lines" and trace.mode == mode and trace.customdata is not None:
            told = decoded(trace.customdata)
            for bee, final in np.unique(told[~np.isnan(told[:, 0])][:, 1:3], axis=0):
                colours[int(bee)] = trace.line.color, final
    return colours


@pytest.mark.parametrize(
    ("draw", "mode"),
    [
        (figures.surface_figure, "lines"),
        (figures.contour_figure, "lines"),
        (figures.descent_figure, "markers"),
    ],
)
def test_bees_are_coloured_by_final_loss_in_fifths(draw, mode):
    paths = small_paths(bees=20)
    figure = draw(small_surface(), paths)
    found = shade_of_each_bee(figure, mode)
    assert sorted(found) == list(range(20))
    order = np.argsort(paths.losses[:, -1])
    for bee, (_, final) in found.items():
        assert final == pytest.approx(paths.losses[bee, -1], rel=1e-3)
    fifths = [{found[bee][0] for bee in part} for part in order.reshape(5, 4)]
    assert all(len(part) == 1 for part in fifths)
    assert len(set.union(*fifths)) == 5
    shown = [trace.name for trace in figure.data if trace.showlegend]
    lowest = paths.losses[order[:4], -1]
    assert shown[-1] == f"{lowest[0]:.4g} to {lowest[-1]:.4g}"  # in front, and first in the legend
    assert figure.layout.legend.traceorder == "reversed"
    assert figure.layout.legend.title.text == "final loss"


def luminance(colour):
    parts = np.array(matplotlib.colors.to_rgb(colour))
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def test_bees_colours_grow_darker_with_the_loss_and_are_seen_on_both_pages():
    found = shade_of_each_bee(figures.surface_figure(small_surface(), small_paths(20)), "lines")
    ranked = [colour for colour, _ in sorted(found.values(), key=lambda pair: pair[1])]
    light = [luminance(colour) for colour in dict.fromkeys(ranked)]
    assert light == sorted(light, reverse=True)
    for page in ("#ffffff", "#131416"):
        for shade in light:
            both = sorted([shade, luminance(page)])
            assert (both[1] + 0.05) / (both[0] + 0.05) > 1.9


def test_bees_are_coloured_by_a_value_of_ones_own_and_equal_ones_alike():
    rates = np.array([0.1, 0.3, 0.1, 0.3, 0.1, 0.1])
    figure = figures.surface_figure(small_surface(), small_paths(6), color_by=rates)
    found = shade_of_each_bee(figure, "lines")
    assert {found[bee][0] for bee in (0, 2, 4, 5)}.isdisjoint({found[bee][0] for bee in (1, 3)})
    assert [t.name for t in figure.data[1:]] == ["0.3", "0.1"]
    broken = figures.surface_figure(small_surface(), small_paths(3), color_by=[1, np.nan, 2])
    assert [t.name for t in broken.data[1:]] == ["not finite", "2", "1"]


def test_several_swarms_have_a_colour_each():
    swarms = {"slow": small_paths(4), "fast": small_paths(5)}
    figure = figures.surface_figure(small_surface(), swarms)
    assert [t.name for t in figure.data[1:]] == ["slow", "fast"]
    assert "fast, bee %{customdata[1]:d}" in figure.data[2].hovertemplate
    with pytest.raises(ValueError, match=r"single swarm.*\['slow', 'fast'\]"):
        figures.surface_figure(small_surface(), swarms, color_by=range(4))


def test_a_swarms_curves_change_with_the_slider():
    x = np.linspace(0, 1, 11)
    data = np.random.default_rng(0).normal(size=(6, 9, 11))
    figure = figures.swarm_figure(x, data, truth=(x, x), epochs=range(100, 109), max_frames=5)
    names = [trace.name for trace in figure.data]
    assert names == ["data", "6 bees", "median bee"]
    assert [frame.name for frame in figure.frames] == ["100", "102", "104", "106", "108"]
    low, high = figure.layout.yaxis.range
    assert low < data[:, ::2].min() < data[:, ::2].max() < high
    for frame, epoch in ((0, 0), (2, 4), (4, 8)):
        assert list(figure.frames[frame].traces) == [1, 2]
        bees, median = figure.frames[frame].data
        own = figure.layout.yaxis2.range
        share = (decoded(bees.y).reshape(6, 12) - own[0]) / (own[1] - own[0])
        drawn = low + share[:, :11] * (high - low)
        np.testing.assert_allclose(drawn, data[:, epoch], atol=(high - low) / 65535)
        np.testing.assert_allclose(decoded(median.y), np.median(data[:, epoch], axis=0), rtol=1e-5)
    across = decoded(figure.data[1].x).reshape(6, 12)
    np.testing.assert_allclose(across[:, :11], np.tile(x, (6, 1)), rtol=1e-6)
    assert np.isnan(across[:, 11]).all()


def test_curves_with_gaps_are_drawn_as_they_are():
    data = np.random.default_rng(0).normal(size=(3, 4, 5))
    data[1, :, 2] = np.nan
    figure = figures.swarm_figure(np.arange(5), data)
    drawn = decoded(figure.frames[2].data[0].y).reshape(3, 6)[:, :5]
    np.testing.assert_allclose(drawn, data[:, 2], rtol=1e-6)
    assert figure.layout.yaxis2.range == figure.layout.yaxis.range


def test_the_curves_of_fifty_bees_take_two_bytes_a_number():
    data = np.random.default_rng(0).normal(size=(50, 40, 100))
    figure = figures.swarm_figure(np.linspace(0, 1, 100), data)
    assert len(figure.to_html(include_plotlyjs=False, full_html=False)) < 1.4 * data.size * 8 / 3


# -- stills ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("dark", [False, True])
def test_a_still_shows_the_surface_from_the_same_side(seed, dark):
    landscape, path = seed
    figure = figures.surface_figure(landscape, {"slow": path, "same": path})
    picture = figures.still(figure, dark=dark, width=600, height=400)
    assert isinstance(picture, Figure)
    assert tuple(picture.get_size_inches() * 100) == (600, 400)
    back = matplotlib.colors.to_hex(picture.get_facecolor())
    assert back == ("#131416" if dark else "#ffffff")
    axes = next(ax for ax in picture.axes if ax.name == "3d")
    eye = figure.layout.scene.camera.eye
    assert axes.azim == pytest.approx(np.degrees(np.arctan2(eye.y, eye.x)))
    assert axes.elev == pytest.approx(np.degrees(np.arctan2(eye.z, np.hypot(eye.x, eye.y))))
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Layer_1.weight", "Layer_2.weight")
    facets = [c for c in axes.collections if type(c).__name__ == "Poly3DCollection"]
    assert len(facets) == 1
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["slow", "same"]
    bare = go.Figure(figure)
    bare.data[0].opacity = 0.0  # the same scene, but for the surface
    pixels = []
    for drawn in (picture, figures.still(bare, dark=dark, width=600, height=400)):
        drawn.canvas.draw()
        pixels.append(np.asarray(drawn.canvas.buffer_rgba())[..., :3].astype(int))
    covered = (np.abs(pixels[0] - pixels[1]) > 8).any(axis=-1)
    assert covered.mean() > 0.05


def test_a_still_of_contours_shows_values_and_path(seed):
    landscape, path = seed
    picture = figures.still(figures.contour_figure(landscape, path))
    axes = picture.axes[-1]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Layer_1.weight", "Layer_2.weight")
    np.testing.assert_allclose(axes.lines[0].get_xydata(), path.coordinates[0], rtol=1e-5)


def test_a_still_of_a_descent_shows_its_last_frame():
    paths = small_paths(bees=4, epochs=5)
    picture = figures.still(figures.descent_figure(small_surface(), paths, color_by=None))
    balls = [c for c in picture.axes[-1].collections if type(c).__name__ == "Path3DCollection"]
    assert len(balls) == 1
    drawn = np.asarray(balls[0]._offsets3d[0])
    np.testing.assert_allclose(np.sort(drawn), np.sort(paths.coordinates[:, -1, 0]), rtol=1e-4)
    x = np.linspace(0, 1, 5)
    data = np.random.default_rng(0).normal(size=(3, 4, 5))
    axes = figures.still(figures.swarm_figure(x, data)).axes[0]
    np.testing.assert_allclose(
        axes.lines[-1].get_ydata(), np.median(data[:, -1], axis=0), rtol=1e-5
    )


def test_a_still_is_drawn_of_every_flat_trace():
    rng = np.random.default_rng(0)
    figure = go.Figure()
    figure.add_scatter(x=[1, 2, 3], y=[3, 1, 2], mode="lines", name="line")
    figure.add_bar(x=[1, 2, 3], y=[1, 2, 3])
    figure.add_histogram(x=rng.normal(size=100), xbins={"start": -3, "end": 3, "size": 0.5})
    figure.add_heatmap(z=np.arange(6).reshape(2, 3), x=[1, 2, 3], y=[0, 1])
    axes = figures.still(figure).axes[-1]
    np.testing.assert_array_equal(axes.lines[0].get_xydata(), [[1, 3], [2, 1], [3, 2]])
    heights = [patch.get_height() for patch in axes.patches]
    assert heights[:3] == [1, 2, 3]
    assert sum(heights[3:]) == 100
    np.testing.assert_array_equal(axes.collections[0].get_array().ravel(), np.arange(6))


def test_a_still_reads_figures_that_went_through_json(seed):
    figure = go.Figure(json.loads(figures.surface_figure(*seed).to_json()))
    axes = figures.still(figure).axes[-1]
    assert axes.get_xlabel() == "Layer_1.weight"


def test_a_surface_hides_what_is_behind_it():
    from swarm.figures._sight import in_sight

    xs = ys = np.linspace(0, 1, 50)
    wall = np.where(np.abs(ys - 0.5) < 0.05, 1.0, 0.0)[:, None] * np.ones(50)
    points = np.array([[0.5, 0.2, 0.0], [0.5, 0.8, 0.0], [0.5, 0.2, 2.0]])
    seen = in_sight(xs, ys, wall, points, np.array([0.0, 1.0]), 0.5)
    np.testing.assert_array_equal(seen, [False, True, True])


def words_within(picture):
    """Return the words that are shown, having checked that they are within the picture."""
    picture.draw_without_rendering()
    shown = [t for t in picture.findobj(Text) if t.get_visible() and t.get_text().strip()]
    for ax in picture.axes:  # ticks beyond the ends are made, but not drawn
        for name in "xyz"[: 3 if ax.name == "3d" else 2]:
            axis = getattr(ax, f"{name}axis")
            low, high = sorted(axis.get_view_interval())
            away = [t for t in axis.get_major_ticks() if not low <= t.get_loc() <= high]
            hidden = {id(label) for t in away for label in (t.label1, t.label2)}
            shown = [t for t in shown if id(t) not in hidden]
    box = picture.bbox
    for text in shown:
        extent = text.get_window_extent()
        assert extent.x0 >= 0, text
        assert extent.y0 >= 0, text
        assert extent.x1 <= box.x1, text
        assert extent.y1 <= box.y1, text
    return " ".join(" ".join(text.get_text() for text in shown).split())


@pytest.mark.parametrize("size", [(800, 560), (380, 420)])
@pytest.mark.parametrize("draw", [figures.surface_figure, figures.contour_figure])
def test_long_words_of_a_still_stay_within_it(draw, size):
    labels = (
        "principal component 1 (63.1% of the variance)",
        "principal component 2 (21.0% of the variance)",
    )
    plane = Plane(np.zeros(3), [1, 0, 0], [0, 1, 0], labels)
    shape = small_surface()
    landscape = Surface(shape.xs, shape.ys, shape.values, plane, "cross-entropy per sample")
    title = "A title so long that it does not fit on one line, however large the page may be"
    figure = draw(landscape, small_paths(8, plane=plane), title=title)
    figure.layout.title.subtitle.text = "The plane explains 84.1 % of the path's variance. " * 2
    words = words_within(figures.still(figure, width=size[0], height=size[1]))
    for part in (title, *labels, "cross-entropy per sample", "84.1 %", "final cross-entropy"):
        assert part in words


def test_a_still_draws_axes_that_overlay_others():
    figure = go.Figure()
    figure.add_scatter(x=[1, 2, 3], y=[3, 1, 2], name="left")
    figure.add_scatter(x=[1, 2, 3], y=[30, 10, 20], name="right", yaxis="y2")
    figure.update_layout(yaxis2={"overlaying": "y", "visible": False, "range": [0, 100]})
    left, right = figures.still(figure).axes
    assert right.get_position().bounds == left.get_position().bounds
    assert right.get_ylim() == (0, 100)
    assert not right.yaxis.get_visible()
    assert [text.get_text() for text in left.get_legend().get_texts()] == ["left", "right"]


@pytest.mark.parametrize("solid", [False, True])
def test_a_still_gives_each_marker_its_colour(solid):
    scatter = go.Scatter3d if solid else go.Scatter
    places = {axis: [0.0, 1.0, 2.0] for axis in ("xyz" if solid else "xy")}
    named = scatter(**places, mode="markers", marker={"color": ["red", "#00ff00", "rgb(0,0,255)"]})
    scale = {"color": [5, 6, 7], "colorscale": [[0, "black"], [1, "white"]]}
    valued = scatter(**places, mode="markers", marker=scale)
    for trace, expected in ((named, np.eye(3)), (valued, np.outer([0, 0.5, 1], np.ones(3)))):
        picture = figures.still(go.Figure(trace))
        picture.draw_without_rendering()  # sorts the points in space by depth
        drawn = picture.axes[-1].collections[0].get_facecolors()[:, :3]
        for colour in expected:
            assert np.isclose(drawn, colour, atol=0.01).all(axis=1).sum() == 1


# -- bad input ------------------------------------------------------------------------------------


def test_a_trace_that_cannot_be_drawn_is_named():
    with pytest.raises(ValueError, match=r"type 'indicator'; it draws scatter"):
        figures.still(go.Figure(go.Indicator(value=1)))
    with pytest.raises(TypeError, match="got dict"):
        figures.still({})


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: figures.surface_figure(
                small_surface(), small_paths(plane=Plane([0, 1], [1, 0], [0, 1]))
            ),
            "another plane",
        ),
        (lambda: figures.surface_figure(small_surface(np.full((4, 5), np.nan))), "no finite"),
        (lambda: figures.descent_figure(small_surface(), {}), "one length"),
        (
            lambda: figures.descent_figure(
                small_surface(), [small_paths(epochs=5), small_paths(epochs=6)]
            ),
            r"\[5, 6\]",
        ),
        (lambda: figures.descent_figure(small_surface(), small_paths(), epochs=[1]), "names 1"),
        (
            lambda: figures.descent_figure(small_surface(), small_paths(), max_frames=1),
            "at least 2",
        ),
        (lambda: figures.surface_figure(small_surface(), small_paths(), color_by="w1"), "'w1'"),
        (
            lambda: figures.surface_figure(small_surface(), small_paths(), color_by=[1, 2]),
            r"each of 3 bees, got shape \(2,\)",
        ),
        (lambda: figures.swarm_figure(np.zeros(3), np.zeros((2, 3))), r"\(2, 3\)"),
        (lambda: figures.swarm_figure(np.zeros(3), np.zeros((2, 3, 4))), r"\(3,\)"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("make", [go.Surface, go.Contour, go.Heatmap])
def test_a_still_counts_where_coordinates_are_left_out(make):
    with mpl.rc_context({"figure.constrained_layout.use": True}):  # as on the site
        picture = figures.still(go.Figure(make(z=np.arange(20.0).reshape(4, 5))))
        picture.canvas.draw()
    axes = picture.axes[-1]
    assert axes.get_xlim()[1] > axes.get_ylim()[1] > 2.5


# -- stills and figures show the same -------------------------------------------------------------


def pixels(figure, **size):
    picture = figures.still(figure, **{"width": 420, "height": 360, **size})
    picture.canvas.draw()
    return np.asarray(picture.canvas.buffer_rgba())[..., :3].astype(int)


def hilly(rows=9, columns=12):
    xs, ys = np.linspace(-1, 1, columns), np.linspace(0, 3, rows)
    return xs, ys, np.add.outer(np.sin(2 * ys), 2 * xs) + 3


MAKERS = [
    lambda xs, ys, z: go.Figure(go.Surface(x=xs, y=ys, z=z)),
    lambda xs, ys, z: go.Figure(go.Contour(x=xs, y=ys, z=z)),
    lambda xs, ys, z: go.Figure(go.Heatmap(x=xs, y=ys, z=z)),
    lambda xs, ys, z: figures.surface_figure(Surface(xs, ys, z, flat_plane())),
    lambda xs, ys, z: figures.contour_figure(Surface(xs, ys, z, flat_plane())),
]
every_kind_of_field = pytest.mark.parametrize(
    "make", MAKERS, ids=["Surface", "Contour", "Heatmap", "surface_figure", "contour_figure"]
)


@every_kind_of_field
@pytest.mark.parametrize("axes", ["x", "y", "xy"])
def test_a_descending_grid_looks_like_the_same_grid_ascending(make, axes):
    xs, ys, z = hilly()
    along = slice(None, None, -1) if "x" in axes else slice(None)
    down = slice(None, None, -1) if "y" in axes else slice(None)
    turned = pixels(make(xs[along], ys[down], z[down, along]))
    # Facets are drawn in another order: hairlines between them may differ.
    assert (np.abs(turned - pixels(make(xs, ys, z))).max(axis=-1) > 24).mean() < 0.005


@every_kind_of_field
@pytest.mark.parametrize("wild", [np.inf, -np.inf])
def test_infinite_values_are_gaps_and_change_no_other_colour(make, wild):
    xs, ys, z = hilly()
    with_gap, with_wild = z.copy(), z.copy()
    with_gap[2, 3], with_wild[2, 3] = np.nan, wild
    np.testing.assert_array_equal(pixels(make(xs, ys, with_wild)), pixels(make(xs, ys, with_gap)))
    assert len(np.unique(pixels(make(xs, ys, with_wild)).reshape(-1, 3), axis=0)) > 60


@every_kind_of_field
def test_a_constant_field_is_drawn_in_the_middle_of_the_colours(make):
    xs, ys, _ = hilly()
    drawn = pixels(make(xs, ys, np.full((9, 12), 2.5)))
    colored = drawn[np.ptp(drawn, axis=-1) > 30]
    assert len(colored) > 0.05 * drawn[..., 0].size
    assert np.unique(colored, axis=0).std(axis=0).max() < 90  # no more than shades of one


@every_kind_of_field
@pytest.mark.parametrize("shape", [(1, 12), (9, 1), (1, 1)])
def test_a_field_of_one_row_or_column_can_be_drawn(make, shape):
    xs, ys, z = hilly(*shape)
    figure = make(xs, ys, z)
    drawn = pixels(figure)
    if figure.layout.meta:  # one of ours, as a strip
        assert decoded(figure.data[0].z).shape == tuple(max(2, n) for n in shape)
        assert (np.ptp(drawn, axis=-1) > 30).mean() > 0.02
        high = figure.layout.scene.zaxis.range or figure.layout.xaxis.range
        assert high[0] < high[1]


@pytest.mark.parametrize("trace", [go.Contour, go.Heatmap])
def test_fields_over_names_keep_them(trace):
    z = np.arange(6.0).reshape(2, 3)
    axes = figures.still(go.Figure(trace(x=["a", "b", "c"], y=["low", "high"], z=z))).axes[-1]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["a", "b", "c"]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["low", "high"]


def test_axes_that_are_turned_round_stay_so():
    figure = go.Figure(go.Heatmap(z=np.arange(6.0).reshape(2, 3)))
    figure.update_yaxes(autorange="reversed")
    bottom, top = figures.still(figure).axes[-1].get_ylim()
    assert bottom > top


def test_surfaces_over_a_mesh_are_drawn():
    xs, ys, z = hilly()
    mesh = np.meshgrid(xs, ys)
    drawn = pixels(go.Figure(go.Surface(x=mesh[0], y=mesh[1], z=z)))
    np.testing.assert_array_equal(drawn, pixels(go.Figure(go.Surface(x=xs, y=ys, z=z))))
    angle, height = np.meshgrid(np.linspace(0, 6.28, 40), np.linspace(0, 1, 10))
    tube = go.Figure(go.Surface(x=np.cos(angle), y=np.sin(angle), z=height))
    assert (np.ptp(pixels(tube), axis=-1) > 30).mean() > 0.05


def test_seconds_since_1970_keep_their_digits():
    x = 1.7e9 + np.arange(41.0)
    data = 1.7e9 + np.random.default_rng(0).uniform(0, 40, (3, 4, 41))
    figure = figures.swarm_figure(x, data, truth=x)
    for trace in (figure.data[0], figure.data[2]):
        np.testing.assert_allclose(decoded(trace.x) - 1.7e9, np.arange(41), atol=1e-6)
    np.testing.assert_allclose(decoded(figure.data[0].y) - 1.7e9, np.arange(41), atol=1e-6)
    np.testing.assert_allclose(
        decoded(figure.data[2].y), np.median(data[:, 0], axis=0), rtol=1e-12
    )
    np.testing.assert_array_equal(
        decoded(figure.data[1].x).reshape(3, 42)[:, :41] - 1.7e9, [range(41)] * 3
    )
    grid = 1.7e9 + np.linspace(0, 40, 5)
    trace = figures.contour_figure(Surface(grid, grid, np.eye(5), flat_plane())).data[0]
    np.testing.assert_allclose(decoded(trace.x), grid, rtol=1e-12)


def test_one_wild_bee_leaves_the_others_their_resolution():
    rng = np.random.default_rng(1)
    data = rng.normal(size=(200, 3, 11))
    data[77] *= 1e9
    figure = figures.swarm_figure(np.linspace(0, 1, 11), data)
    low, high = figure.layout.yaxis.range
    assert -12 < low < -2 < 2 < high < 12
    own = figure.layout.yaxis2.range
    drawn = decoded(figure.data[0].y).reshape(200, 12)[:, :11]
    drawn = low + (drawn - own[0]) / (own[1] - own[0]) * (high - low)
    tame = np.delete(np.arange(200), 77)
    inside = np.abs(data[tame, 0]) < 2
    np.testing.assert_allclose(
        drawn[tame][inside], data[tame, 0][inside], atol=1.01 * (high - low) / 43690
    )
    assert not ((drawn[77] > low) & (drawn[77] < high)).any()  # it leaves the plot
    assert "1 of 200 bees leaves the plot, which shows y from" in figure.layout.meta["caption"]


def test_a_diverged_bee_does_not_count_for_the_median():
    data = np.random.default_rng(2).normal(size=(7, 4, 11))
    data[3, 2:] = np.nan
    data[5, 3:] = np.inf
    figure = figures.swarm_figure(np.linspace(0, 1, 11), data)
    last = decoded(figure.frames[-1].data[1].y)
    known = np.delete(data[:, 3], [3, 5], axis=0)
    np.testing.assert_allclose(last, np.median(known, axis=0), rtol=1e-6)
    assert "nan" not in figure.layout.meta["alt"]
    data[:, 3, 4] = np.nan  # nobody knows
    last = decoded(figures.swarm_figure(np.linspace(0, 1, 11), data).frames[-1].data[1].y)
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(last)), [4])
    with pytest.raises(ValueError, match="no finite value"):
        figures.swarm_figure(np.arange(3), np.full((2, 2, 3), np.nan))


def boxes(axes, sideways=False):
    """Start, end, base and length of each bar."""
    found = [(p.get_x(), p.get_width(), p.get_y(), p.get_height()) for p in axes.patches]
    return np.array([(y, h, x, w) if sideways else (x, w, y, h) for x, w, y, h in found])


@pytest.mark.parametrize("sideways", [False, True])
@pytest.mark.parametrize("mode", ["group", "relative", "overlay"])
def test_bars_stand_side_by_side_or_on_each_other(mode, sideways):
    one, other = [3.0, -1.0, 2.0], [1.0, -2.0, -4.0]
    names = ["a", "b", "c"]
    made = [
        go.Bar(x=values, y=names, orientation="h") if sideways else go.Bar(x=names, y=values)
        for values in (one, other)
    ]
    picture = figures.still(go.Figure(made, layout={"barmode": mode}))
    axes = picture.axes[0]
    drawn = boxes(axes, sideways)
    np.testing.assert_allclose(drawn[:, 3], one + other)
    np.testing.assert_allclose(
        drawn[:, 2], [0, 0, 0, *([3, -1, 0] if mode == "relative" else [0] * 3)]
    )
    wide = 0.4 if mode == "group" else 0.8
    np.testing.assert_allclose(drawn[:, 1], wide)
    middles = drawn[:, 0] + wide / 2
    apart = 0.2 if mode == "group" else 0
    np.testing.assert_allclose(
        middles, [-apart, 1 - apart, 2 - apart, apart, 1 + apart, 2 + apart]
    )
    picture.draw_without_rendering()
    labels = axes.get_yticklabels() if sideways else axes.get_xticklabels()
    assert [text.get_text() for text in labels] == names


def test_the_legend_of_a_still_is_not_on_its_bars():
    figure = go.Figure([go.Bar(x=["a", "b"], y=[3, 9], name=name) for name in ("left", "right")])
    picture = figures.still(figure, width=400, height=300)
    picture.draw_without_rendering()
    axes = picture.axes[0]
    assert axes.get_legend().get_window_extent().y0 >= axes.get_window_extent().y1
    steps = np.diff(axes.get_yticks())
    assert set(np.round(steps, 9)) <= {1.0, 2.0, 5.0}


def test_histograms_share_their_bins_and_stack():
    rng = np.random.default_rng(3)
    one, other = rng.normal(size=200), rng.normal(1, 1, size=300)
    figure = go.Figure([go.Histogram(x=one), go.Histogram(x=other)], {"barmode": "stack"})
    drawn = boxes(figures.still(figure).axes[0])
    half = len(drawn) // 2
    np.testing.assert_allclose(drawn[:half, 0], drawn[half:, 0])
    edges = np.append(drawn[:half, 0], drawn[half - 1, 0] + drawn[half - 1, 1])
    for values, part in ((one, drawn[:half]), (other, drawn[half:])):
        np.testing.assert_array_equal(part[:, 3], np.histogram(values, edges)[0])
    np.testing.assert_allclose(drawn[half:, 2], drawn[:half, 3])
    named = go.Histogram(x=["a", "b", "a"], y=[1.0, 2.0, 5.0], histfunc="sum")
    np.testing.assert_allclose(boxes(figures.still(go.Figure(named)).axes[0])[:, 3], [6, 2])
    shares = go.Histogram(x=one, histnorm="probability density")
    drawn = boxes(figures.still(go.Figure(shares)).axes[0])
    assert (drawn[:, 1] * drawn[:, 3]).sum() == pytest.approx(1)


def test_dates_are_as_far_apart_as_they_are():
    days = ["2024-01-01", "2024-01-02", "2024-01-11"]
    axes = figures.still(go.Figure(go.Scatter(x=days, y=[1, 2, 3]))).axes[0]
    np.testing.assert_allclose(np.diff(axes.lines[0].get_xdata()), [1, 9])


@pytest.mark.parametrize("make", [go.Box, go.Violin])
def test_boxes_and_violins_stand_over_their_names(make):
    values = np.concatenate([np.arange(11.0), 20 + np.arange(11.0)])
    trace = make(x=["a"] * 11 + ["b"] * 11, y=values)
    axes = figures.still(go.Figure(trace)).axes[0]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["a", "b"]
    if make is go.Box:
        middles = [line.get_ydata() for line in axes.lines if len(line.get_ydata()) == 2]
        assert [5.0, 5.0] in [list(y) for y in middles]
        assert [25.0, 25.0] in [list(y) for y in middles]
    else:
        spans = [body.get_paths()[0].get_extents() for body in axes.collections]
        np.testing.assert_allclose([(s.x0 + s.x1) / 2 for s in spans], [0, 1], atol=1e-6)
        beyond = 2 * 2.1742714620647154  # two of the bandwidths that plotly.js has for these
        np.testing.assert_allclose(
            [(s.y0, s.y1) for s in spans], [(-beyond, 10 + beyond), (20 - beyond, 30 + beyond)]
        )


def test_polar_traces_go_round_their_centre():
    figure = go.Figure(go.Scatterpolar(r=[1, 2, 3], theta=[0, 90, 200]))
    figure.add_barpolar(r=[1, 1], theta=[0, 90])
    figure.add_barpolar(r=[2, 3], theta=[0, 90])
    axes = figures.still(figure).axes[0]
    assert axes.name == "polar"
    np.testing.assert_allclose(axes.lines[0].get_xdata(), np.radians([0, 90, 200]))
    np.testing.assert_allclose(axes.lines[0].get_ydata(), [1, 2, 3])
    np.testing.assert_allclose(boxes(axes)[:, 2:], [[0, 1], [0, 1], [1, 2], [1, 3]])
    named = go.Scatterpolar(r=[1, 2, 3, 4], theta=["n", "e", "s", "w"])
    axes = figures.still(go.Figure(named)).axes[0]
    np.testing.assert_allclose(axes.lines[0].get_xdata(), np.arange(4) * np.pi / 2)
    assert [text.get_text() for text in axes.get_xticklabels()] == ["n", "e", "s", "w"]


def test_a_pie_goes_from_the_largest_part_on_from_the_top():
    axes = figures.still(go.Figure(go.Pie(values=[1, 3], labels=["few", "many"]))).axes[0]
    many, few = axes.patches
    assert (many.theta1, many.theta2 - many.theta1) == pytest.approx((90, 270))
    assert few.theta2 - few.theta1 == pytest.approx(90)
    words = words_within(figures.still(go.Figure(go.Pie(values=[1, 3], labels=["few", "many"]))))
    for word in ("few", "many", "75%", "25%"):
        assert word in words


def test_a_sankey_diagram_keeps_what_flows():
    links = {"source": [0, 0, 1, 2], "target": [2, 3, 3, 4], "value": [8, 4, 2, 8]}
    figure = go.Figure(go.Sankey(node={"label": list("abcde")}, link=links))
    axes = figures.still(figure).axes[0]
    nodes = [p for p in axes.patches if hasattr(p, "get_height")]
    heights = np.array([node.get_height() for node in nodes])
    np.testing.assert_allclose(heights / heights[0] * 12, [12, 2, 8, 6, 8])
    columns = np.unique([node.get_x() for node in nodes], return_inverse=True)[1]
    np.testing.assert_array_equal(columns, [0, 0, 1, 1, 2])
    bands = [p.get_path().vertices for p in axes.patches if not hasattr(p, "get_height")]
    np.testing.assert_allclose(
        [band[0, 1] - band[7, 1] for band in bands], heights[0] / 12 * np.array([8, 4, 2, 8])
    )
    for band, source, target in zip(bands, links["source"], links["target"], strict=True):
        assert nodes[source].get_x() < band[0, 0] < band[3, 0] <= nodes[target].get_x() + 1e-9
    assert "e" in words_within(figures.still(figure))


def test_colours_that_are_not_named_are_those_of_plotly():
    lines = [go.Scatter(y=[0, i]) for i in range(3)]
    bare = go.Figure(lines, layout={"template": go.layout.Template()})
    axes = figures.still(bare).axes[0]
    drawn = [matplotlib.colors.to_hex(line.get_color()) for line in axes.lines]
    assert drawn == ["#1f77b4", "#ff7f0e", "#2ca02c"]  # of plotly.js
    own = go.Figure(lines, layout={"colorway": ["#ff0000", "#00ff00"]})
    drawn = [
        matplotlib.colors.to_hex(line.get_color()) for line in figures.still(own).axes[0].lines
    ]
    assert drawn == ["#ff0000", "#00ff00", "#ff0000"]


# Heat maps of hives


def sweep():
    return [
        {"lr": lr, "width": width, "loss": np.full((3, 5), lr * width) / np.arange(1, 6)}
        for lr in (0.1, 0.001, 0.01)
        for width in (16, 4)
        if (lr, width) != (0.1, 16)
    ]


def test_a_heat_map_of_a_hive_has_a_cell_for_each_pair_of_values():
    figure = figures.hive_figure(sweep(), "lr", "width")
    (trace,) = figure.data
    assert (list(trace.x), list(trace.y)) == (["0.001", "0.01", "0.1"], ["4", "16"])
    assert figure.layout.xaxis.type == figure.layout.yaxis.type == "category"
    expected = np.log10([[0.004, 0.04, 0.4], [0.016, 0.16, np.nan]])
    np.testing.assert_allclose(trace.z, expected - np.log10(5), rtol=1e-5)
    assert list(trace.text[0]) == ["8e-4", "0.008", "0.08"]
    assert len(figure.frames) == 5
    np.testing.assert_allclose(figure.frames[0].data[0].z, expected, rtol=1e-5)
    assert figure.layout.sliders[0].active == 4
    assert (
        "from 8e-4 at lr = 0.001, width = 4 to 0.08 at lr = 0.1, width = 4"
        in (figure.layout.meta["alt"])
    )


def test_a_heat_map_of_signed_scores_has_linear_colours():
    figure = figures.hive_figure(sweep(), "lr", "width", lambda entry: entry["loss"] - 0.01)
    np.testing.assert_allclose(figure.data[0].z[0], [0.0008 - 0.01, -0.002, 0.07], rtol=1e-4)


def test_the_still_of_a_heat_map_has_its_names_and_numbers():
    still = figures.still(figures.hive_figure(sweep(), "lr", "width"))
    texts = {text.get_text() for text in still.findobj(Text)}
    assert {"0.001", "0.01", "0.1", "4", "16", "8e-4", "0.08", "lr", "width"} <= texts
