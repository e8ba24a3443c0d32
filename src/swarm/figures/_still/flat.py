"""Draws plotly's flat traces with matplotlib: one pair of axes after another."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from swarm.figures._still import read, words
from swarm.figures._still.bars import BARS, draw_bars
from swarm.figures._still.images import IMAGES, draw_image
from swarm.figures._still.lines import SCATTERS, draw_scatters
from swarm.figures._still.panel import Panel
from swarm.figures._still.side import Side, side_of
from swarm.figures._still.spreads import SPREADS, draw_spreads
from swarm.figures._still.ticks import set_ticks

FLAT = (*SCATTERS, *IMAGES, *BARS, *SPREADS)

Key = tuple[str, ...]


def long_name(name: str) -> str:
    """Return what a layout calls an axis that traces call by its short name, such as x2."""
    return f"{name[0]}axis{name[1:]}"


def matched(layout: Any, name: str) -> str:
    """Return the axis whose range and categories an axis has, or itself."""
    seen = [name]
    while (other := layout[long_name(seen[-1])].matches) and other not in seen:
        seen.append(other)
    return seen[-1]


def sides_of(panels: Mapping[Key, list[Any]], layout: Any) -> dict[str, Side]:
    """Return all flat axes by their short names; those that match have the same categories."""
    names = dict.fromkeys(name for key in panels if len(key) == 2 for name in key)
    held: dict[str, list[Any]] = {}
    for key, traces in panels.items():
        for name in key if len(key) == 2 else ():
            held.setdefault(matched(layout, name), []).extend(traces)
    strict = layout.autotypenumbers == "strict"
    shared = {
        root: side_of(layout[long_name(root)], traces, root[0], strict=strict)
        for root, traces in held.items()
    }
    found = {}
    for name in names:
        root = shared[matched(layout, name)]
        axis = layout[long_name(name)]
        found[name] = Side(axis, root.kind, root.names)
    return found


def draw_flat(
    picture: Figure,
    panel: tuple[Side, Side],
    traces: list[Any],
    room: read.Room,
    theme: dict[str, str],
    colors: read.Colors,
    layout: Any,
    host: Any = None,
) -> Panel:
    """Draw one pair of flat axes, over the `host` that they overlay, and return them."""
    axes: Any
    across, up = panel[0].axis, panel[1].axis
    if host is None:
        left, bottom, right, top = read.within(room, across.domain, up.domain)
        axes = picture.add_axes((left, bottom, right - left, top - bottom))
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(visible=not any(t.type in IMAGES for t in traces))
    else:
        axes = host.twinx() if up.overlaying else host.twiny()
        axes.set_frame_on(False)
    axes.set_axisbelow(True)
    axes.tick_params(length=3, color=theme["grid"])
    made = Panel(axes, *panel, layout, colors)
    for kinds, draw in ((BARS, draw_bars), (("box",), draw_spreads), (("violin",), draw_spreads)):
        if some := [trace for trace in traces if trace.type in kinds]:
            draw(made, some)
    for trace in traces:
        if trace.type in IMAGES:
            draw_image(made, trace)
    if some := [trace for trace in traces if trace.type in SCATTERS]:
        draw_scatters(made, sorted(some, key=lambda trace: trace.zorder or 0))
    _dress(picture, made)
    return made


def _dress(picture: Figure, panel: Panel) -> None:
    """Give axes their names, ticks and scales."""
    axes = panel.axes
    for side, name, size in (
        (panel.x, "x", picture.bbox.width),
        (panel.y, "y", picture.bbox.height),
    ):
        axis, shown = side.axis, getattr(axes, f"{name}axis")
        getattr(axes, f"set_{name}label")(read.plain(axis.title.text), labelpad=6)
        shown.set_visible(axis.visible is not False)
        if side.kind == "log":
            getattr(axes, f"set_{name}scale")("log")
        low, high = axis.domain or (0, 1)
        set_ticks(shown, side, float(size * (high - low)))
        if axis.showgrid is False:
            shown.grid(visible=False)
        if axis.side in ("top", "right"):
            getattr(shown, f"tick_{axis.side}")()
            shown.set_label_position(axis.side)


def set_ranges(panels: Mapping[Key, Panel], layout: Any) -> None:
    """Give axes the ranges that they ask for; those that match share what all of them need."""
    groups: dict[str, list[Panel]] = {}
    for key, panel in panels.items():
        panel.axes.autoscale_view()
        for name in key:
            groups.setdefault(matched(layout, name), []).append(panel)
    for root, members in groups.items():
        letter = root[0]
        sides = [getattr(panel, letter) for panel in members]
        spans = np.array(
            [sorted(getattr(panel.axes, f"get_{letter}lim")()) for panel in members], dtype=float
        )
        asked = next((side for side in sides if side.axis.range), None)
        low, high = _stretched(sides[0], float(spans[:, 0].min()), float(spans[:, 1].max()))
        if asked is not None:
            low, high = _asked(asked, low, high)
        elif any("reversed" in str(side.axis.autorange) for side in sides) or _is_upside_down(
            members, letter, layout
        ):
            low, high = high, low
        if asked is None and not _is_free(sides, members, letter):
            continue
        for panel in members:
            getattr(panel.axes, f"set_{letter}lim")(low, high)


def _is_free(sides: list[Side], members: list[Panel], letter: str) -> bool:
    """Tell whether axes without a range have other ends than matplotlib gives them."""
    odd = any("reversed" in str(s.axis.autorange) or s.axis.rangemode for s in sides)
    images = any(image for panel in members for image in panel.axes.images)
    return odd or images or len({id(panel.axes) for panel in members}) > 1


def _is_upside_down(members: list[Panel], letter: str, layout: Any) -> bool:
    """Tell whether an axis is that of images alone, whose first row is on top."""
    if letter != "y" or any(panel.y.axis.autorange is not None for panel in members):
        return False
    return all(panel.axes.images and not panel.axes.collections for panel in members)


def _stretched(side: Side, low: float, high: float) -> tuple[float, float]:
    mode, options = side.axis.rangemode, side.axis.autorangeoptions.to_plotly_json()
    if options and not side.axis.range:
        raise ValueError(
            "still cannot draw autorangeoptions of an axis without a range; set its range, or "
            "show the figure itself instead of its still"
        )
    if mode == "tozero" and side.kind == "linear":
        return min(low, 0.0), max(high, 0.0)
    return (max(low, 0.0), high) if mode == "nonnegative" else (low, high)


def _asked(side: Side, low: float, high: float) -> tuple[float, float]:
    """Return the ends of a range, of which either may be left to the data."""
    first, last = (
        None if end is None else side.spot(end, logarithm=True) for end in side.axis.range
    )
    return (low if first is None else first), (high if last is None else last)


def fit_flat(panel: Panel, room: read.Room) -> None:
    """Shrink axes until their ticks, names and legend have room, too."""
    axes, across, up = panel.axes, panel.x.axis, panel.y.axis
    left, bottom, right, top = read.within(room, across.domain, up.domain)
    picture = axes.figure
    width, height = picture.bbox.size
    wanted = Bbox.from_extents(
        left * width + words.EDGE,
        bottom * height + words.EDGE,
        right * width - 2 * words.EDGE,
        top * height - words.EDGE,
    )
    beside = 70  # what ticks and the other name take, about
    words.fit(axes.xaxis.label, max(wanted.width - beside, beside))
    words.fit(axes.yaxis.label, max(wanted.height - beside, beside))
    for _ in range(2):  # the first time may change the ticks
        place = axes.get_window_extent()
        taken = axes.get_tightbbox(picture.canvas.get_renderer())
        place = Bbox(place.get_points() + wanted.get_points() - taken.get_points())
        axes.set_position(place.transformed(picture.transFigure.inverted()))
    if (ratio := _ratio(panel)) is not None:
        held = "domain" in _constraints(panel) or bool(axes.images)
        axes.set_aspect(ratio, adjustable="box" if held else "datalim")


def _ratio(panel: Panel) -> float | None:
    """Return how long a unit of y is on the page for one of x, where that is asked for."""
    for axis, turned in ((panel.y.axis, False), (panel.x.axis, True)):
        like = panel.layout[long_name(axis.matches)] if axis.matches else axis
        if axis.scaleanchor or like.scaleanchor:
            ratio = 1.0 if like.scaleratio is None else float(like.scaleratio)
            return 1 / ratio if turned else ratio
    only = panel.axes.images and not (panel.axes.lines or panel.axes.collections)
    return 1.0 if only and panel.y.axis.scaleanchor is None else None


def _constraints(panel: Panel) -> list[str | None]:
    """Return what gives way on both axes, or on those they match, where units are alike."""
    axes = [panel.x.axis, panel.y.axis]
    axes += [panel.layout[long_name(axis.matches)] for axis in axes if axis.matches]
    return [axis.constrain for axis in axes]
