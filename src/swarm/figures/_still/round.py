"""Draws pies, polar plots and Sankey diagrams, which have no flat axes."""

from collections.abc import Callable
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path

from swarm.figures._still import read
from swarm.figures._still.dashes import dash_of

Array = read.Array
POLAR = ("scatterpolar", "scatterpolargl", "barpolar")
ROUND = ("pie", "sankey")


def draw_polar(
    picture: Figure,
    polar: Any,
    traces: list[Any],
    room: read.Room,
    theme: dict[str, str],
    colors: read.Colors,
) -> Any:
    """Draw lines, points and bars around a centre, and return their axes."""
    axes: Any = picture.add_axes((0, 0, 1, 1), projection="polar")
    fit_polar(axes, polar, room)
    axes.set_theta_zero_location("E", offset=polar.angularaxis.rotation or 0)
    clockwise = polar.angularaxis.direction == "clockwise"
    axes.set_theta_direction(-1 if clockwise else 1)
    axes.tick_params(colors=theme["quiet"], labelsize=8.5)
    axes.spines["polar"].set_color(theme["grid"])
    axes.set_axisbelow(True)
    names: list[str] = []
    ends: dict[float, float] = {}
    for trace in traces:
        _draw_around(axes, trace, colors[id(trace)], names, ends)
    if names:
        axes.set_xticks(np.linspace(0, 2 * np.pi, len(names), endpoint=False), names)
    if polar.radialaxis.range:
        axes.set_ylim(*polar.radialaxis.range)
    return axes


def fit_polar(axes: Any, polar: Any, room: read.Room) -> None:
    """Give polar axes the room that titles and legend leave, but for the names around them."""
    left, bottom, right, top = _inset(read.within(room, polar.domain.x, polar.domain.y), 0.1)
    axes.set_position((left, bottom, right - left, top - bottom))


def _draw_around(
    axes: Any, trace: Any, color: str, names: list[str], ends: dict[float, float]
) -> None:
    """Draw one trace; it adds to the names around the circle and to the ends of bars."""
    r = read.finite(trace.r)
    theta = np.linspace(0, 360, len(r), endpoint=False) if trace.theta is None else trace.theta
    theta = read.array(theta)
    if theta.dtype.kind in "biuf":
        angles = theta.astype(float) if trace.thetaunit == "radians" else np.radians(theta)
        step = 2 * np.pi / max(len(np.unique(angles)), 1)
    else:
        texts = [str(name) for name in theta]
        names.extend(name for name in dict.fromkeys(texts) if name not in names)
        step = 2 * np.pi / len(names)
        angles = np.array([names.index(name) for name in texts]) * step
    if trace.type == "barpolar":
        width = np.radians(trace.width) if trace.width is not None else 0.8 * step
        fill = read.fills(trace.marker, color, trace.opacity)
        base = np.array([ends.get(angle, 0.0) for angle in angles])
        ends.update(zip(angles, base + np.nan_to_num(r), strict=True))
        axes.bar(angles, r, width=width, bottom=base, color=fill)
        return
    own = read.one(trace.line.color, read.one(trace.marker.color, color))
    mode = trace.mode or ("lines+markers" if len(r) < 20 else "lines")
    if "lines" in mode:
        wide = 2 if trace.line.width is None else trace.line.width
        dash, pen = dash_of(trace.line.dash), read.rgba(own, trace.opacity)
        line = angles, r
        if trace.connectgaps:
            line = angles[np.isfinite(r)], r[np.isfinite(r)]
        axes.plot(*line, linestyle=dash, color=pen, linewidth=0.75 * wide)
    if "markers" in mode:
        size = (0.75 * read.diameters(trace.marker)) ** 2
        axes.scatter(angles, r, s=size, color=read.fills(trace.marker, own, trace.opacity))
    if trace.fill == "toself":
        area = read.rgba(trace.fillcolor) if trace.fillcolor else read.rgba(own, 0.5)
        axes.fill(angles, r, color=area, linewidth=0)


def draw_round(
    picture: Figure, trace: Any, room: read.Room, theme: dict[str, str], way: list[str]
) -> Any:
    """Draw a pie or a Sankey diagram in its own part of the picture, and return the axes."""
    left, bottom, right, top = _inset(read.within(room, trace.domain.x, trace.domain.y), 0.04)
    axes: Any = picture.add_axes((left, bottom, right - left, top - bottom))
    axes.set_axis_off()
    _DRAW[trace.type](axes, trace, theme, way)
    return axes


def _inset(room: read.Room, share: float) -> read.Room:
    left, bottom, right, top = room
    x, y = share * (right - left), share * (top - bottom)
    return left + x, bottom + y, right - x, top - y


def _draw_pie(axes: Any, trace: Any, theme: dict[str, str], way: list[str]) -> None:
    values = read.finite(trace.values)
    labels = [str(n) for n in (range(len(values)) if trace.labels is None else trace.labels)]
    order = np.arange(len(values)) if trace.sort is False else np.argsort(-values, kind="stable")
    order = order[values[order] > 0]
    given = None if trace.marker.colors is None else read.array(trace.marker.colors)
    fills = [way[k % len(way)] if given is None else str(given[i]) for k, i in enumerate(order)]
    axes.pie(
        values[order],
        labels=[labels[i] for i in order],
        colors=[read.rgba(fill) for fill in fills],
        startangle=90 - (trace.rotation or 0),
        counterclock=trace.direction != "clockwise",
        autopct="%.3g%%" if "percent" in (trace.textinfo or "percent") else None,
        pctdistance=(1 + (trace.hole or 0)) / 2 + 0.1 * (not trace.hole),
        wedgeprops={"width": 1 - (trace.hole or 0), "edgecolor": "none"},
        textprops={"color": theme["text"], "fontsize": 8.5},
    )


def _draw_sankey(axes: Any, trace: Any, theme: dict[str, str], way: list[str]) -> None:
    source, target = (
        read.array(part).astype(int) for part in (trace.link.source, trace.link.target)
    )
    value = read.finite(trace.link.value)
    count = int(max(source.max(initial=-1), target.max(initial=-1))) + 1
    layer = _layers(source, target, count)
    flow = np.maximum(np.bincount(source, value, count), np.bincount(target, value, count))
    height, gap = _heights(layer, flow)
    y = _stacked(layer, flow * height, gap)
    wide, last = 0.025, max(int(layer.max()), 1)
    x = layer / last * (1 - wide)
    labels = [""] * count if trace.node.label is None else list(trace.node.label)
    own = trace.node.color
    leaving, arriving = y.copy(), y.copy()
    quiet = mpl.colors.to_rgba(theme["quiet"], 0.35)
    given = trace.link.color
    if given is not None and not isinstance(given, str):
        fills = [read.rgba(color) for color in given] + [quiet] * len(value)
    else:
        fills = [read.rgba(given) if given else quiet] * len(value)
    for a, b, size, color in zip(source, target, value * height, fills, strict=False):
        _band(axes, (x[a] + wide, leaving[a]), (x[b], arriving[b]), size, color)
        leaving[a] -= size
        arriving[b] -= size
    for node in range(count):
        fill = (
            own if isinstance(own, str) else (way if own is None else own)[node % len(own or way)]
        )
        size = flow[node] * height
        axes.add_patch(Rectangle((x[node], y[node] - size), wide, size, color=read.rgba(fill)))
        at_end = layer[node] == last
        axes.text(
            x[node] - 0.01 if at_end else x[node] + wide + 0.01, y[node] - size / 2,
            read.plain(str(labels[node])), ha="right" if at_end else "left", va="center",
            fontsize=8.5, color=theme["text"],
        )  # fmt: skip
    axes.set(xlim=(0, 1), ylim=(0, 1))


def _layers(source: Array, target: Array, count: int) -> Array:
    """Return how many links lead to each node at most; in a circle, to the nodes before it."""
    layer = np.zeros(count, dtype=int)
    for _ in range(count):
        before = layer.copy()
        np.maximum.at(layer, target, before[source] + 1)
        layer = np.minimum(layer, count - 1)
        if (layer == before).all():
            break
    return layer


def _heights(layer: Array, flow: Array) -> tuple[float, float]:
    """Return how high a unit of flow is, and the gap between nodes, so that all layers fit."""
    gap = min(0.04, 0.3 / max(np.bincount(layer).max(), 1))
    room = [
        (1 - gap * (np.sum(layer == k) - 1)) / max(flow[layer == k].sum(), 1e-300)
        for k in np.unique(layer)
    ]
    return float(min(room)), gap


def _stacked(layer: Array, size: Array, gap: float) -> Array:
    """Return the upper end of each node, the layers centred."""
    top = np.zeros(len(layer))
    for k in np.unique(layer):
        nodes = np.flatnonzero(layer == k)
        used = size[nodes].sum() + gap * (len(nodes) - 1)
        ends = (1 + used) / 2 - np.cumsum(size[nodes] + gap) + size[nodes] + gap
        top[nodes] = ends
    return top


def _band(
    axes: Any, start: tuple[float, float], end: tuple[float, float], size: float, fill: Any
) -> None:
    """Draw one link as a band that leaves and arrives level."""
    (x0, y0), (x1, y1) = start, end
    middle = (x0 + x1) / 2
    points = [
        (x0, y0), (middle, y0), (middle, y1), (x1, y1),
        (x1, y1 - size), (middle, y1 - size), (middle, y0 - size), (x0, y0 - size), (x0, y0),
    ]  # fmt: skip
    curve = [Path.CURVE4] * 3
    codes = [Path.MOVETO, *curve, Path.LINETO, *curve, Path.CLOSEPOLY]
    axes.add_patch(PathPatch(Path(points, codes), facecolor=fill, linewidth=0))


_DRAW: dict[str, Callable[[Any, Any, dict[str, str], list[str]], None]] = {
    "pie": _draw_pie,
    "sankey": _draw_sankey,
}
