"""Stills show what plotly shows, or say what they cannot draw: checked by what is drawn."""

import itertools

import matplotlib.colors
import matplotlib.dates
import numpy as np
import plotly.express as px
import plotly.graph_objects as go
import plotly.io
import pytest
from matplotlib.text import Text
from plotly.subplots import make_subplots

from swarm import figures


def axes_of(*traces, **layout):
    return figures.still(go.Figure(list(traces), layout)).axes[-1]


def words_of(axes):
    return [text.get_text() for text in axes.texts]


def corners(patch):
    return patch.get_xy()[:-1]


# -- attributes that are not drawn ------------------------------------------------------------


@pytest.mark.parametrize(
    ("trace", "name"),
    [
        (go.Scatter(y=[1, 2], fillpattern_shape="/"), "fillpattern.shape='/'"),
        (go.Scatter(y=[1, 2], marker_gradient_type="radial"), "marker.gradient.type='radial'"),
        (go.Scatter(y=[1, 2], marker_angle=[0, 45]), r"marker.angle=\[0, 45\]"),
        (go.Scatter(y=[1, 2], selectedpoints=[0]), r"selectedpoints=\[0\]"),
        (go.Scatter(y=[1, 2], marker_symbol="hash"), "marker.symbol='hash'"),
        (go.Bar(y=[1, 2], marker_pattern_shape="x"), "marker.pattern.shape='x'"),
        (go.Bar(y=[1, 2], offset=0.5), "offset=0.5"),
        (go.Histogram(x=[1, 2], cumulative_direction="decreasing"), "cumulative.direction"),
        (go.Box(y=[1, 2, 9], notched=True), "notched=True"),
        (go.Box(y=[1, 2, 9], boxmean=True), "boxmean=True"),
        (go.Violin(y=[1, 2, 9], side="positive"), "side='positive'"),
        (go.Heatmap(z=[[1, 2], [3, 4]], zsmooth="best"), "zsmooth='best'"),
        (go.Contour(z=[[1, 2], [3, 4]], contours_showlabels=True), "contours.showlabels=True"),
        (go.Surface(z=[[1, 2], [3, 4]], hidesurface=True), "hidesurface=True"),
        (go.Scatter3d(x=[1], y=[1], z=[1], error_z_array=[1]), "error_z.array"),
        (go.Scatter3d(x=[1, 2], y=[1, 2], z=[1, 2], line_color=[1, 2]), "line.color"),
        (go.Scatter3d(x=[1], y=[1], z=[1], mode="text", text="a"), "mode='text'"),
        (go.Pie(values=[1, 2], opacity=0.5), "opacity=0.5"),
        (go.Pie(values=[1, 2], domain_row=1), "domain.row=1"),
        (go.Scatterpolar(r=[1, 2], mode="text", text="a"), "mode='text'"),
        (go.Scatterpolar(r=[1, 2], line_shape="spline"), "line.shape='spline'"),
        (go.Pie(values=[1, 2], pull=[0, 0.2]), r"pull=\[0, 0.2\]"),
        (go.Sankey(link={"source": [0], "target": [1], "value": [1]}, orientation="v"), "orienta"),
    ],
)
def test_an_attribute_of_a_trace_that_is_not_drawn_is_named(trace, name):
    with pytest.raises(ValueError, match=f"still cannot draw {name}") as caught:
        figures.still(go.Figure(trace))
    assert "instead of its still" in str(caught.value)


@pytest.mark.parametrize(
    ("layout", "name"),
    [
        ({"images": [{"source": "a.png", "x": 0, "y": 0}]}, r"images\[\].source='a.png'"),
        ({"grid": {"columns": 2}}, "grid.columns=2"),
        ({"barnorm": "percent"}, "barnorm='percent'"),
        ({"shapes": [{"type": "path", "path": "M0,0L1,1"}]}, r"shapes\[\].path='M0,0L1,1'"),
        ({"annotations": [{"text": "a", "arrowside": "start"}]}, r"annotations\[\].arrowside"),
        ({"xaxis": {"rangebreaks": [{"bounds": ["sat", "mon"]}]}}, r"rangebreaks\[\].bounds"),
        ({"yaxis": {"ticklabelposition": "inside"}}, "ticklabelposition='inside' of layout.yaxis"),
        ({"xaxis": {"tickformat": "c"}}, "tickformat='c'|by tickformat"),
        ({"xaxis": {"autorangeoptions": {"include": 9}}}, "autorangeoptions"),
        ({"xaxis": {"rangeslider": {"visible": True}}}, "rangeslider.visible=True"),
    ],
)
def test_an_attribute_of_a_layout_that_is_not_drawn_is_named(layout, name):
    with pytest.raises(ValueError, match=name):
        figures.still(go.Figure(go.Scatter(y=[1, 2]), layout))


@pytest.mark.parametrize("template", list(plotly.io.templates))
@pytest.mark.parametrize(
    "trace",
    [
        go.Scatter(y=[1, 3, 2]), go.Bar(y=[1, 3]), go.Histogram(x=[1, 2, 2]), go.Box(y=[1, 2, 5]),
        go.Violin(y=[1, 2, 5]), go.Heatmap(z=[[1, 2]]), go.Contour(z=[[1, 2], [3, 4]]),
        go.Surface(z=[[1, 2], [3, 4]]), go.Scatter3d(x=[1, 2], y=[1, 2], z=[1, 2]),
        go.Scatterpolar(r=[1, 2]), go.Barpolar(r=[1, 2]), go.Pie(values=[1, 2]),
    ],
    ids=lambda trace: trace.type,
)  # fmt: skip
def test_no_template_of_plotly_stands_in_the_way(template, trace):
    assert figures.still(go.Figure(trace, {"template": template})).axes


def test_what_is_only_seen_with_a_pointer_is_left_out_without_a_word():
    trace = go.Scatter(
        y=[1, 2], mode="lines", hovertext=["a", "b"], hovertemplate="%{y}", customdata=[1, 2],
        ids=["p", "q"], uid="u", meta="m", legendgroup="g", hoverlabel={"bgcolor": "red"},
    )  # fmt: skip
    (line,) = axes_of(trace, hovermode="x", clickmode="event", uirevision=3).lines
    np.testing.assert_array_equal(line.get_ydata(), [1, 2])


def test_a_template_says_what_its_traces_leave_out():
    template = go.layout.Template()
    template.data.scatter = [
        {"line": {"dash": "dot", "color": "red"}},
        {"line": {"color": "blue"}},
    ]
    template.layout = {"yaxis": {"range": [0, 9]}}
    lines = [go.Scatter(y=[1, 2], mode="lines", **own) for own in ({}, {}, {"line_color": "lime"})]
    axes = axes_of(*lines, template=template)
    assert [line.get_linestyle() for line in axes.lines] == [":", "-", ":"]
    drawn = [matplotlib.colors.to_hex(line.get_color()) for line in axes.lines]
    assert drawn == ["#ff0000", "#0000ff", "#00ff00"]
    assert axes.get_ylim() == (0, 9)


# -- lines and points -------------------------------------------------------------------------


@pytest.mark.parametrize("connect", [False, True])
@pytest.mark.parametrize("gap", [None, np.nan, float("inf")])
def test_a_gap_is_a_gap_and_no_category(gap, connect):
    trace = go.Scatter(x=[0, 1, 2, 3], y=[1, gap, 2, 3], mode="lines", connectgaps=connect)
    (line,) = axes_of(trace).lines
    expected = [1, 2, 3] if connect else [1, np.nan, 2, 3]
    np.testing.assert_array_equal(line.get_ydata(), expected)


def test_a_line_of_a_few_points_shows_them_as_in_plotly():
    assert len(axes_of(go.Scatter(y=np.arange(19))).collections) == 1
    assert len(axes_of(go.Scatter(y=np.arange(20))).collections) == 0


@pytest.mark.parametrize(
    ("look", "expected"),
    [
        ({}, [10, 20, 40]),
        ({"sizeref": 2}, [5, 10, 20]),
        ({"sizeref": 2, "sizemin": 4}, [8, 10, 20]),
        ({"sizemode": "area"}, 2 * np.sqrt([5, 10, 20])),
    ],
)
def test_markers_have_sizes_of_their_own(look, expected):
    trace = go.Scatter(y=[1, 2, 3], mode="markers", marker={"size": [10, 20, 40]} | look)
    (points,) = axes_of(trace).collections
    np.testing.assert_allclose(np.sqrt(points.get_sizes()) / 0.75, expected)
    np.testing.assert_allclose(points.get_facecolors()[:, 3], 0.7)  # plotly's, for such sizes


@pytest.mark.parametrize(
    ("shape", "x", "y"),
    [
        ("hv", [0, 1, 1, 2, 2], [5, 5, 7, 7, 6]),
        ("vh", [0, 0, 1, 1, 2], [5, 7, 7, 6, 6]),
        ("hvh", [0, 0.5, 0.5, 1.5, 1.5, 2], [5, 5, 7, 7, 6, 6]),
        ("vhv", [0, 0, 1, 1, 2, 2], [5, 6, 6, 6.5, 6.5, 6]),
    ],
)
def test_steps_go_across_and_up_in_their_order(shape, x, y):
    (line,) = axes_of(go.Scatter(y=[5, 7, 6], mode="lines", line_shape=shape)).lines
    np.testing.assert_allclose(line.get_xydata(), np.transpose([x, y]))


def test_a_spline_is_smooth_and_passes_through_its_points():
    y = [0.0, 2.0, 1.0, 3.0, 3.0]
    (line,) = axes_of(go.Scatter(y=y, mode="lines", line_shape="spline")).lines
    points = line.get_xydata()
    for point in zip(range(5), y, strict=True):
        assert np.isclose(points, point, atol=1e-9).all(axis=1).any()
    middle = np.flatnonzero(np.isclose(points, (2, 1.0), atol=1e-9).all(axis=1))[0]
    before, after = np.diff(points, axis=0)[[middle - 1, middle]]
    turn = np.cross([*before, 0], [*after, 0])[2] / np.hypot(*before) / np.hypot(*after)
    assert abs(turn) < 0.6  # 0.95 at a corner
    straight = axes_of(go.Scatter(y=y, mode="lines", line={"shape": "spline", "smoothing": 0}))
    np.testing.assert_allclose(straight.lines[0].get_ydata(), y)


def test_areas_of_a_stack_stand_on_each_other_also_where_a_point_is_missing():
    one = go.Scatter(x=[1, 2, 4], y=[1, 2, 3], stackgroup="a")
    other = go.Scatter(x=[1, 3, 4], y=[1, None, 3], stackgroup="a")
    axes = axes_of(one, other)
    # The places and sums that plotly.js computes for these two.
    np.testing.assert_allclose(axes.lines[0].get_xydata(), [[1, 1], [2, 2], [3, 0], [4, 3]])
    np.testing.assert_allclose(axes.lines[1].get_xydata(), [[1, 2], [2, 2], [3, 0], [4, 6]])
    below, above = axes.patches
    np.testing.assert_allclose(corners(below)[-2:, 1], 0)
    np.testing.assert_allclose(corners(above)[4:8, 1], [3, 0, 2, 1])
    share = axes_of(one.update(groupnorm="percent"), other.update(x=[1, 2, 4], y=[3, 2, 1]))
    np.testing.assert_allclose(share.lines[0].get_ydata(), [25, 50, 75])
    np.testing.assert_allclose(share.lines[1].get_ydata(), 100)


def test_px_area_is_stacked_as_numpy_sums_it():
    values = np.random.default_rng(0).random((3, 5))
    figure = px.area(x=np.tile(np.arange(5), 3), y=values.ravel(), color=np.repeat(list("abc"), 5))
    axes = figures.still(figure).axes[0]
    tops = [line.get_ydata() for line in axes.lines]
    np.testing.assert_allclose(tops, values.cumsum(axis=0))


def test_an_area_reaches_to_zero_to_the_line_before_or_around_itself():
    lower, upper = [1.0, 2.0, 1.0], [3.0, 5.0, 4.0]
    first = go.Scatter(y=lower, mode="lines", fill="tozeroy")
    second = go.Scatter(y=upper, mode="lines", fill="tonexty", fillcolor="rgba(255,0,0,0.2)")
    axes = axes_of(first, second)
    np.testing.assert_allclose(corners(axes.patches[0]), [[0, 1], [1, 2], [2, 1], [2, 0], [0, 0]])
    np.testing.assert_allclose(corners(axes.patches[1])[:, 1], upper + lower[::-1])
    np.testing.assert_allclose(axes.patches[1].get_facecolor(), (1, 0, 0, 0.2))
    assert axes.patches[0].get_facecolor()[3] == 0.5  # plotly's own


@pytest.mark.parametrize(
    ("bars", "low", "high"),
    [
        ({"array": [0.1, 0.2, 0.3]}, [0.9, 3.8, 1.7], [1.1, 4.2, 2.3]),
        ({"array": [0.1] * 3, "arrayminus": [0.5] * 3}, [0.5, 3.5, 1.5], [1.1, 4.1, 2.1]),
        ({"type": "percent", "value": 50}, [0.5, 2, 1], [1.5, 6, 3]),
        ({"type": "constant", "value": 1, "valueminus": 2}, [-1, 2, 0], [2, 5, 3]),
        ({"type": "sqrt"}, [0, 2, 2 - 2**0.5], [2, 6, 2 + 2**0.5]),
    ],
)
@pytest.mark.parametrize("letter", ["x", "y"])
@pytest.mark.parametrize("make", [go.Scatter, go.Bar])
def test_error_bars_end_where_plotly_has_them(make, letter, bars, low, high):
    other = "y" if letter == "x" else "x"
    turned = {"orientation": "h"} if make is go.Bar and letter == "x" else {}
    trace = make(**{letter: [1, 4, 2], other: [0, 1, 2], f"error_{letter}": bars} | turned)
    axes = axes_of(trace)
    segments = next(c for c in axes.collections if hasattr(c, "get_segments")).get_segments()
    ends = np.array(segments)[:, :, "xy".index(letter)]
    np.testing.assert_allclose(ends, np.transpose([low, high]), atol=1e-12)
    assert not [
        c
        for c in axes_of(trace.update({f"error_{letter}": {"visible": False}})).collections
        if hasattr(c, "get_segments")
    ]


def test_points_of_numbers_share_a_colour_axis_and_its_bar():
    figure = px.scatter(
        x=[0, 1, 2, 3], y=[0, 1, 2, 3], color=[10.0, 20, 30, 40], symbol=list("aabb")
    )
    picture = figures.still(figure)
    bar, axes = picture.axes
    assert bar.get_ylim() == (10, 40)
    one, other = (c.get_facecolors() for c in axes.collections)
    scale = px.colors.sequential.Plasma
    for drawn, name in ((one[0], scale[0]), (other[-1], scale[-1])):
        np.testing.assert_allclose(drawn, matplotlib.colors.to_rgba(name), atol=0.01)
    assert not np.allclose(one[1], other[0])


def test_words_stand_at_their_points():
    trace = go.Scatter(
        x=[1, 2], y=[3, 4.5], mode="text", text=["a<br>b", "c"], textposition="top center",
        texttemplate="%{text}: %{y:.2f}",
    )  # fmt: skip
    first, second = axes_of(trace).texts
    assert (first.get_text(), second.get_text()) == ("a\nb: 3.00", "c: 4.50")
    assert (tuple(second.xy), second.get_va(), second.get_ha()) == ((2, 4.5), "bottom", "center")
    with pytest.raises(ValueError, match=r"%\{customdata\[0\]\} of texttemplate"):
        axes_of(go.Scatter(y=[1], mode="text", texttemplate="%{customdata[0]}"))


def test_symbols_are_those_of_the_points():
    trace = go.Scatter(y=[1, 2, 3], mode="markers", marker_symbol=["square", "circle", "square"])
    sets = axes_of(trace).collections
    assert sorted(len(c.get_offsets()) for c in sets) == [1, 2]


# -- axes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("order", "names"),
    [
        ({}, "zam"),
        ({"categoryorder": "category ascending"}, "amz"),
        ({"categoryorder": "category descending"}, "zma"),
        ({"categoryorder": "total descending"}, "mza"),
        ({"categoryorder": "min ascending"}, "azm"),
        ({"categoryarray": ["m", "z"]}, "mza"),
        ({"categoryorder": "array", "categoryarray": ["a", "m", "z"]}, "amz"),
    ],
)
@pytest.mark.parametrize("letter", ["x", "y"])
def test_categories_are_in_the_order_of_their_axis(letter, order, names):
    other = "y" if letter == "x" else "x"
    lengths = {"z": 2.0, "a": 1.0, "m": 3.0}
    trace = go.Bar(
        **{letter: list(lengths), other: list(lengths.values())},
        orientation="v" if letter == "x" else "h",
    )
    picture = figures.still(go.Figure(trace, {f"{letter}axis": order}))
    axes = picture.axes[0]
    picture.draw_without_rendering()
    labels = getattr(axes, f"get_{letter}ticklabels")()
    assert "".join(text.get_text() for text in labels) == names
    bars = [patch.get_bbox() for patch in axes.patches]
    sizes = [bar.width if letter == "y" else bar.height for bar in bars]
    places = [(bar.y0 + bar.y1 if letter == "y" else bar.x0 + bar.x1) / 2 for bar in bars]
    assert "".join(np.array(list(lengths))[np.argsort(places)]) == names
    assert sizes == list(lengths.values())


@pytest.mark.parametrize(
    ("values", "template", "kind"),
    [
        (["1", "2", "4"], None, "linear"),  # plotly.js reads numbers out of texts
        (["1", "2", "4"], "plotly", "category"),  # the template of Python's plotly does not
        (["2024-01-01", None, "2024-01-03"], "plotly", "date"),
        (["a", None, "b"], "plotly", "category"),
        ([True, False, True], "plotly", "category"),
    ],
)
def test_an_axis_is_of_the_kind_that_plotly_takes_it_for(values, template, kind):
    trace = go.Scatter(x=values, y=[1, 2, 3], mode="lines")
    axes = axes_of(trace, template=template or go.layout.Template())
    x = axes.lines[0].get_xdata()
    day = matplotlib.dates.date2num(np.datetime64("2024-01-01"))
    names = {"True": [0, 1, 0]}.get(str(values[0]), [0, np.nan, 1])
    names = [0, 1, 2] if values[0] == "1" else names
    expected = {"linear": [1, 2, 4], "date": [day, np.nan, day + 2], "category": names}
    np.testing.assert_allclose(x, expected[kind])


def test_dates_have_words_that_do_not_overlap():
    days = np.arange("2024-01-01", "2024-10-01", dtype="datetime64[D]")
    picture = figures.still(go.Figure(go.Scatter(x=days, y=np.arange(len(days)))), width=420)
    picture.draw_without_rendering()
    labels = [t for t in picture.axes[0].get_xticklabels() if t.get_text()]
    boxes = sorted((t.get_window_extent() for t in labels), key=lambda box: box.x0)
    assert len(boxes) > 2
    assert all(a.x1 < b.x0 for a, b in itertools.pairwise(boxes))


def test_axes_that_match_have_one_range_and_name_their_parts():
    rng = np.random.default_rng(1)
    x, y, part = rng.normal(size=40), np.arange(40.0), np.repeat(list("abcd"), 10)
    picture = figures.still(px.scatter(x=x, y=y, facet_col=part, facet_col_wrap=2))
    assert len(picture.axes) == 4
    assert len({ax.get_xlim() for ax in picture.axes}) == 1
    assert len({ax.get_ylim() for ax in picture.axes}) == 1
    low, high = picture.axes[0].get_ylim()
    assert low <= 0
    assert high >= 39
    titles = [text.get_text() for text in picture.findobj(Text)]
    assert {f"facet_col={name}" for name in "abcd"} <= set(titles)
    apart = make_subplots(cols=2)
    apart.add_scatter(y=[0, 1], col=1, row=1)
    apart.add_scatter(y=[0, 100], col=2, row=1)
    one, other = figures.still(apart).axes
    assert one.get_ylim() != other.get_ylim()


def test_numbers_along_an_axis_are_written_as_asked():
    axis = {"tickvals": [0, 1], "ticktext": ["none", "all"]}
    picture = figures.still(
        go.Figure(go.Scatter(y=[0, 0.5, 1]), {"yaxis": axis, "xaxis": {"tickformat": ".1%"}})
    )
    picture.draw_without_rendering()
    axes = picture.axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["none", "all"]
    assert axes.xaxis.get_major_formatter()(0.5, 0) == "50.0%"


# -- what a layout puts on its axes -----------------------------------------------------------


def test_annotations_and_shapes_are_where_they_are_put():
    figure = go.Figure(go.Scatter(x=[0, 1, 2], y=[0, 1, 2], mode="lines"))
    figure.add_vline(5, line_dash="dot")
    figure.add_hrect(0.5, 1.5, fillcolor="red", opacity=0.2)
    figure.add_annotation(x=1, y=1, text="<b>here</b>", ax=20, ay=-40)
    figure.add_annotation(x=0.5, y=1, xref="paper", yref="paper", text="above", showarrow=False)
    axes = figures.still(figure).axes[0]
    assert words_of(axes) == ["here", "above"]
    here, above = axes.texts
    assert tuple(here.xy) == (1, 1)
    assert here.arrow_patch is not None
    np.testing.assert_allclose(here.get_position(), (0.75 * 20, 0.75 * 40))
    assert above.arrow_patch is None
    assert (above.get_va(), above.get_ha()) == ("top", "center")
    line, band = axes.patches
    box = axes.get_window_extent()
    drawn = line.get_transform().transform_path(line.get_path()).get_extents()
    np.testing.assert_allclose((drawn.y0, drawn.y1), (box.y0, box.y1))
    np.testing.assert_allclose(axes.transData.inverted().transform((drawn.x0, 0))[0], 5, atol=1e-9)
    assert axes.get_xlim()[1] >= 5  # it stretches the axis
    drawn = band.get_window_extent()
    np.testing.assert_allclose((drawn.x0, drawn.x1), (box.x0, box.x1))
    np.testing.assert_allclose(
        axes.transData.inverted().transform([(0, drawn.y0), (0, drawn.y1)])[:, 1], [0.5, 1.5]
    )
    np.testing.assert_allclose(band.get_facecolor(), (1, 0, 0, 0.2))


def test_an_annotation_on_a_logarithmic_axis_names_the_exponent():
    figure = go.Figure(go.Scatter(x=[1, 1000], y=[1, 2]), {"xaxis_type": "log"})
    figure.add_annotation(x=2, y=1.5, text="hundred", showarrow=False)
    (text,) = figures.still(figure).axes[0].texts
    assert tuple(text.xy) == (100, 1.5)


# -- bars, cells, boxes -----------------------------------------------------------------------


def test_bars_and_cells_carry_their_words():
    axes = axes_of(go.Bar(x=["a", "b"], y=[1.0, 20.0], texttemplate="%{y:.1f}"))
    assert words_of(axes) == ["1.0", "20.0"]
    axes = axes_of(go.Heatmap(z=[[1, 2.5], [None, 4]], texttemplate="%{z:.1f}"))
    assert words_of(axes) == ["1.0", "2.5", "", "4.0"]
    figure = px.bar(x=["a", "b"], y=[97.48276123, 12.0], text_auto=True)
    assert words_of(figures.still(figure).axes[0]) == ["97.48276", "12"]


@pytest.mark.parametrize(
    ("values", "start", "size"),
    [
        (np.arange(10), -0.5, 5),
        (np.random.default_rng(0).normal(size=300), None, 0.5),
        ([0.5, 1.5, 1.5, 2.5], 0, 1),
    ],
)
def test_histograms_keep_edges_away_from_values(values, start, size):
    """The first edge and the width are those that plotly.js computes for these values."""
    axes = axes_of(go.Histogram(x=values))
    left = np.array([p.get_x() for p in axes.patches])
    width = axes.patches[0].get_width()
    edges = np.append(left, left[-1] + width)
    np.testing.assert_array_equal(
        [p.get_height() for p in axes.patches], np.histogram(values, edges)[0]
    )
    assert sum(p.get_height() for p in axes.patches) == len(values)
    if start is not None:
        assert left[0] == start
    if size is not None:
        assert width == pytest.approx(size)


def test_a_histogram_in_two_directions_counts_each_pair():
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(2, 200))
    bins = {
        "xbins": {"start": -4, "end": 4, "size": 1},
        "ybins": {"start": -4, "end": 4, "size": 2},
    }
    (mesh,) = axes_of(go.Histogram2d(x=x, y=y, **bins)).collections
    counts = np.histogram2d(y, x, [np.arange(-4, 5, 2), np.arange(-4, 5)])[0]
    np.testing.assert_array_equal(mesh.get_array().reshape(counts.shape), counts)


def test_an_image_has_its_first_row_on_top():
    pixels = np.zeros((2, 3, 3), dtype=np.uint8)
    pixels[0, 0] = 255
    axes = axes_of(go.Image(z=pixels))
    (image,) = axes.images
    np.testing.assert_allclose(image.get_array()[..., 0], [[1, 0, 0], [0, 0, 0]])
    assert axes.get_ylim() == (1.5, -0.5)
    assert axes.get_xlim() == (-0.5, 2.5)


def test_a_strip_shows_every_point_and_no_box():
    figure = px.strip(x=["a"] * 5 + ["b"] * 3, y=np.arange(8.0))
    axes = figures.still(figure).axes[0]
    points = np.concatenate([c.get_offsets() for c in axes.collections])
    np.testing.assert_allclose(np.sort(points[:, 1]), np.arange(8))
    np.testing.assert_array_equal(points[:, 0].round(), [0] * 5 + [1] * 3)
    assert all(patch.get_facecolor()[3] == 0 for patch in axes.patches)
    assert all(matplotlib.colors.to_rgba(line.get_color())[3] == 0 for line in axes.lines)


def test_contours_in_lines_have_no_areas():
    z = np.add.outer(np.arange(8.0), np.arange(8.0))
    axes = axes_of(go.Contour(z=z, contours_coloring="lines"))
    (lines,) = axes.collections
    assert not lines.filled
    np.testing.assert_allclose(lines.levels, np.arange(1, 14))  # round, as in plotly


@pytest.mark.parametrize("points", ["outliers", False])
def test_a_box_has_the_quartiles_and_whiskers_of_plotly(points):
    values = [1, 2, 3, 4, 30, 2, 5, 7]
    axes = axes_of(go.Box(y=values, boxpoints=points))
    (box,) = axes.patches
    ends = box.get_path().get_extents()
    assert (ends.y0, ends.y1) == (2, 6)  # as plotly.js has them
    whiskers = {y for line in axes.lines[:2] for y in line.get_ydata()}
    assert whiskers == ({1, 2, 6, 7} if points else {1, 2, 6, 30})
    outside = [line for line in axes.lines if line.get_marker() == "o"]
    assert [list(line.get_ydata()) for line in outside] == ([[30]] if points else [])


def test_an_axis_may_begin_or_end_where_its_data_do():
    axes = axes_of(go.Scatter(y=[1, 2, 3], mode="lines"), yaxis={"range": [None, 10]})
    assert axes.get_ylim()[1] == 10
    assert 0.5 < axes.get_ylim()[0] < 1
    assert axes_of(go.Scatter(y=[1, 2], mode="lines"), yaxis_rangemode="tozero").get_ylim()[0] == 0


@pytest.mark.parametrize("shown", [None, True, False])
def test_a_legend_is_shown_when_the_layout_says_so(shown):
    axes = axes_of(go.Scatter(y=[1, 2], name="one"), showlegend=shown)
    assert (axes.get_legend() is not None) is bool(shown)
    both = axes_of(go.Scatter(y=[1, 2]), go.Scatter(y=[2, 1], line_dash="dot"), showlegend=shown)
    legend = both.get_legend()
    if shown is False:
        assert legend is None
    else:
        assert [text.get_text() for text in legend.get_texts()] == ["trace 0", "trace 1"]
        assert [line.get_linestyle() for line in legend.get_lines()] == ["-", ":"]


def test_a_trace_that_is_only_in_the_legend_is_pale_in_it_and_not_drawn():
    hidden = go.Scatter(y=[5, 6], mode="lines", name="hidden", visible="legendonly")
    axes = axes_of(go.Scatter(y=[1, 2], mode="lines", name="shown"), hidden)
    assert len(axes.lines) == 1
    lines = axes.get_legend().get_lines()
    assert [line.get_label() for line in lines] == ["shown", "hidden"]
    assert [matplotlib.colors.to_rgba(line.get_color())[3] for line in lines] == [1, 0.4]


def test_bars_are_as_wide_as_the_places_of_all_traces_let_them():
    axes = axes_of(go.Bar(x=[0, 2], y=[1, 1]), go.Bar(x=[1, 3], y=[1, 1]), barmode="overlay")
    np.testing.assert_allclose([patch.get_width() for patch in axes.patches], 0.8)


def test_what_flows_has_the_colours_that_it_is_given():
    links = {"source": [0, 0], "target": [1, 2], "value": [1, 2]}
    links["color"] = ["red", "rgba(0,0,255,0.5)"]
    axes = axes_of(go.Sankey(link=links))
    bands = [patch for patch in axes.patches if not hasattr(patch, "get_height")]
    np.testing.assert_allclose([b.get_facecolor() for b in bands], [(1, 0, 0, 1), (0, 0, 1, 0.5)])


def test_bars_of_one_trace_at_one_place_stand_on_each_other():
    axes = axes_of(go.Bar(x=["a", "a", "b"], y=[1, 2, 3]), go.Bar(x=["a"], y=[5]))
    assert [patch.get_y() for patch in axes.patches] == [0, 1, 0, 0]


def test_bars_without_places_stand_upright_and_may_begin_at_dates():
    assert [patch.get_height() for patch in axes_of(go.Bar(y=[1, 2])).patches] == [1, 2]
    day = 86_400_000
    bars = go.Bar(base=["2024-01-01", "2024-01-05"], x=[2 * day, 3 * day], y=["a", "b"])
    axes = axes_of(bars.update(orientation="h"), xaxis_type="date")
    starts = matplotlib.dates.date2num(np.array(["2024-01-01", "2024-01-05"], "datetime64[D]"))
    np.testing.assert_allclose([patch.get_x() for patch in axes.patches], starts)
    np.testing.assert_allclose([patch.get_width() for patch in axes.patches], [2, 3])
