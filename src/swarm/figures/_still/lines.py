"""Draws plotly's flat scatter traces: lines, markers, areas, error bars and words."""

from typing import Any

import numpy as np

from swarm.figures._still import read
from swarm.figures._still.curve import segments, shaped
from swarm.figures._still.dashes import dash_of
from swarm.figures._still.errors import draw_errors
from swarm.figures._still.letters import write_points
from swarm.figures._still.panel import PIXEL, Panel
from swarm.figures._still.stack import Places, stacked
from swarm.figures._still.symbols import marker_path

Array = read.Array
SCATTERS = ("scatter", "scattergl")


def draw_scatters(panel: Panel, traces: list[Any]) -> None:
    """Draw all scatter traces of a panel, of which areas may reach to the one before."""
    places = stacked(panel, traces, [_places(panel, trace) for trace in traces])
    scale = _scale(panel, places)
    before: Places | None = None
    last: dict[str, Places] = {}
    for trace, (x, y) in zip(traces, places, strict=True):
        line = _line(panel, trace, x, y, scale)
        own, other = panel.color(trace), before
        fill = trace.fill
        if trace.stackgroup:
            other = last.get(trace.stackgroup)
            fill = fill or ("tonextx" if trace.orientation == "h" else "tonexty")
            last[trace.stackgroup] = line
        if fill not in (None, "none"):
            area = read.rgba(trace.fillcolor) if trace.fillcolor else read.rgba(own, 0.5)
            _fill(panel, fill, line, other, (*area[:3], area[3] * _opacity(trace)))
        before = line
        mode = _mode(trace, len(x))
        if "lines" in mode:
            panel.axes.plot(
                *line,
                linestyle=dash_of(trace.line.dash),
                color=read.rgba(own, trace.opacity),
                linewidth=PIXEL * (2 if trace.line.width is None else trace.line.width),
            )
        draw_errors(panel, trace, x, y, own)
        if "markers" in mode:
            _markers(panel, trace, x, y, own)
        if "text" in mode:
            write_points(panel, trace, x, y)


def _opacity(trace: Any) -> float:
    return 1.0 if trace.opacity is None else float(trace.opacity)


def _places(panel: Panel, trace: Any) -> Places:
    """Return a trace's points; coordinates left out count up, and both are equally long."""
    found = [
        None if trace[name] is None else side.place(trace[name])
        for name, side in (("x", panel.x), ("y", panel.y))
    ]
    length = min((len(part) for part in found if part is not None), default=0)
    ends = []
    for name, part in zip("xy", found, strict=True):
        start, step = trace[f"{name}0"] or 0, trace[f"d{name}"]
        count = start + np.arange(length) * (1 if step is None else step) if part is None else part
        ends.append(np.asarray(count[:length], dtype=float))
    return ends[0], ends[1]


def _mode(trace: Any, points: int) -> str:
    """Return a trace's mode; without one, plotly marks the points of a line of a few."""
    few = points < 20 and not trace.stackgroup
    return str(trace.mode or ("lines+markers" if few else "lines"))


def _line(panel: Panel, trace: Any, x: Array, y: Array, scale: tuple[float, float]) -> Places:
    """Return the line through points, in data coordinates."""
    if trace.connectgaps:
        known = np.isfinite(x) & np.isfinite(y)
        x, y = x[known], y[known]
    bent = trace.line.shape == "spline"
    logs = [bent and side.kind == "log" for side in (panel.x, panel.y)]
    x, y = (np.log10(v) if log else v for v, log in zip((x, y), logs, strict=True))
    x, y = shaped(x, y, trace.line.shape, trace.line.smoothing, scale)
    x, y = (10**v if log else v for v, log in zip((x, y), logs, strict=True))
    return x, y


def _scale(panel: Panel, places: list[Places]) -> tuple[float, float]:
    """Return about how long a unit of each axis is on the page."""
    spans = []
    for side, i in ((panel.x, 0), (panel.y, 1)):
        values = np.concatenate([place[i] for place in places])
        low, high = read.ends(np.log10(values) if side.kind == "log" else values)
        spans.append(high - low)
    box = panel.axes.get_window_extent()
    return box.width / spans[0], box.height / spans[1]


def _fill(panel: Panel, fill: str, line: Places, before: Places | None, color: Any) -> None:
    """Fill the area within a line, or between it and zero or the line before."""
    if fill == "toself" or (fill == "tonext" and before is None):
        for part in segments(*line):
            panel.axes.fill(*part, color=color, linewidth=0)
        return
    own = _known(line)
    if not len(own[0]):
        return
    if fill.startswith("tonext") and before is not None:
        other = _known(before)
    elif fill.endswith("x"):
        other = np.zeros(2), own[1][[0, -1]]
    else:
        other = own[0][[0, -1]], np.zeros(2)
    around = [np.concatenate([a, b[::-1]]) for a, b in zip(own, other, strict=True)]
    panel.axes.fill(*around, color=color, linewidth=0)


def _known(line: Places) -> Places:
    known = np.isfinite(line[0]) & np.isfinite(line[1])
    return line[0][known], line[1][known]


def _markers(panel: Panel, trace: Any, x: Array, y: Array, own: str) -> None:
    marker = trace.marker
    size = read.diameters(marker)
    bubbles = size.ndim > 0
    if bubbles:  # none is cut off at the axes' edge
        box, most = panel.axes.get_window_extent(), PIXEL * float(np.nanmax(size, initial=0))
        panel.axes.margins(max(0.05, most / box.width), max(0.05, most / box.height))
    # Where sizes differ, plotly lets markers shine through each other, and rims them.
    clear = 0.7 if bubbles and marker.opacity is None else 1.0
    fill = read.fills(marker, own, clear * _opacity(trace))
    width = marker.line.width
    if width is None:
        width = 1 if bubbles else 0
    edge = _edges(marker.line, _opacity(trace))
    names = np.atleast_1d(read.array("circle" if marker.symbol is None else marker.symbol))
    symbols = np.broadcast_to(names, len(x)) if len(names) == 1 else names[: len(x)]
    each = np.arange(len(x))
    for symbol in np.unique(symbols.astype(str)):
        those = each[symbols.astype(str) == symbol]
        path, is_open = marker_path(str(symbol))
        inside = _of(fill, those, 2)
        thick = PIXEL * _of(read.finite(width), those, 1)
        panel.axes.scatter(
            x[those],
            y[those],
            s=_of((PIXEL * size) ** 2, those, 1),
            marker=path,
            facecolors="none" if is_open else inside,
            linewidths=np.maximum(thick, PIXEL) if is_open else thick,
            edgecolors=inside if is_open else _of(edge, those, 2),
            zorder=3,
        )


def _of(values: Array, those: Array, dimensions: int) -> Array:
    """Return the part of values that are one for each point; one for all points stays so."""
    if values.ndim == dimensions:
        part: Array = values[those]
        return part
    return values[None] if dimensions == 2 else values


def _edges(line: Any, opacity: float) -> Array:
    """Return the colour of the rims of markers: white, unless they name one, or one each."""
    if line.color is None or isinstance(line.color, str):
        return np.array(read.rgba(read.one(line.color, "white")))
    if read.is_scaled(line.color):
        raise ValueError(
            "still cannot draw marker.line.color of numbers; name colours, or show the figure "
            "itself instead of its still"
        )
    return np.array([read.rgba(color, opacity) for color in read.array(line.color)])
