"""Draws bars, histograms, boxes and violins: traces that share the room at a place."""

from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import matplotlib.ticker
import numpy as np
from matplotlib.colors import to_rgba

from swarm.figures._still import read

Array = read.Array
BARS = ("bar", "histogram")
SPREADS = ("box", "violin")


@dataclass(frozen=True)
class Bars:
    """Bars of one trace: their middles, lengths and colours."""

    at: Array
    length: Array
    base: Array | None
    color: Any
    width: Any
    step: float


def draw_bars(axes: Any, traces: list[Any], colors: read.Colors, layout: Any) -> None:
    """Draw the bars of all traces of a panel, side by side or stacked as plotly does."""
    sideways = [_sideways(trace) for trace in traces]
    made = [
        _bars(axes, trace, turned, colors[id(trace)], _edges(traces, turned))
        for trace, turned in zip(traces, sideways, strict=True)
    ]
    mode = layout.barmode or "group"
    # Only bins of numbers follow each other without a gap.
    solid = all(t.type == "histogram" and _numeric(t.y if _sideways(t) else t.x) for t in traces)
    gap = layout.bargap if layout.bargap is not None else (0.0 if solid else 0.2)
    step = min(bars.step for bars in made)
    room, count = (1 - gap) * step, len(made)
    ends: dict[tuple[bool, float, bool], float] = {}
    for number, (bars, turned) in enumerate(zip(made, sideways, strict=True)):
        width = room / count if mode == "group" else room
        width = width if bars.width is None else bars.width
        middle = bars.at + (width * (number - (count - 1) / 2) if mode == "group" else 0)
        base = np.zeros(len(bars.at)) if bars.base is None else bars.base
        if mode in ("stack", "relative"):
            for i, (at, length) in enumerate(zip(bars.at, bars.length, strict=True)):
                key = turned, float(at), bool(length < 0 and mode == "relative")
                base[i] += ends.get(key, 0.0)
                ends[key] = base[i] + np.nan_to_num(length)
        draw = axes.barh if turned else axes.bar
        size = {"height" if turned else "width": width, "left" if turned else "bottom": base}
        draw(middle, bars.length, color=bars.color, **size)


def _numeric(values: Any) -> bool:
    return read.array(values).dtype.kind in "biuf"


def _sideways(trace: Any) -> bool:
    return trace.orientation == "h" or (trace.orientation is None and trace.x is None)


def _bars(axes: Any, trace: Any, turned: bool, color: str, edges: Array) -> Bars:
    """Return the bars of one trace."""
    along = axes.yaxis if turned else axes.xaxis
    names, lengths = (trace.y, trace.x) if turned else (trace.x, trace.y)
    fill = read.fills(trace.marker, color, trace.opacity)
    if trace.type == "histogram":
        at, length, step = _counted(along, trace, names, lengths, edges)
        return Bars(at, length, None, fill, None, step)
    length = read.finite(lengths)
    at = np.arange(len(length), dtype=float) if names is None else read.placed(along, names)
    gaps = np.diff(np.unique(at[np.isfinite(at)]))
    base = (
        None if trace.base is None else np.broadcast_to(read.finite(trace.base), at.shape).copy()
    )
    width = None if trace.width is None else read.array(trace.width)
    return Bars(at, length, base, fill, width, float(gaps.min()) if len(gaps) else 1.0)


def _edges(traces: list[Any], turned: bool) -> Array:
    """Return the bins that all histograms of a panel share, as round as plotly's."""
    own = [t for t in traces if t.type == "histogram" and _sideways(t) == turned]
    found = [read.array(t.y if turned else t.x) for t in own]
    if not found or not all(map(_numeric, found)):
        return np.array([0.0, 1.0])
    bins, asked = (own[0].ybins, own[0].nbinsy) if turned else (own[0].xbins, own[0].nbinsx)
    values = read.finite(np.concatenate(found))
    values = values[np.isfinite(values)]
    low, high = read.ends(values)
    if bins.size:
        first = low if bins.start is None else float(bins.start)
        last = high if bins.end is None else float(bins.end)
        return np.arange(first, last + bins.size / 2, bins.size)
    most = asked or np.clip(len(np.histogram_bin_edges(values, "auto")) - 1, 4, 100)
    steps = [1, 2, 5, 10]
    return np.asarray(mpl.ticker.MaxNLocator(int(most), steps=steps).tick_values(low, high))


def _counted(
    along: Any, trace: Any, names: Any, weights: Any, edges: Array
) -> tuple[Array, Array, float]:
    """Return middles, heights and width of a histogram's bars."""
    values = read.array(names)
    weigh = None if trace.histfunc in (None, "count") else read.finite(weights)
    if _numeric(values):
        values = read.finite(values)
        counts, _ = np.histogram(values, edges, weights=weigh)
        number, _ = np.histogram(values, edges)
        at, step = (edges[1:] + edges[:-1]) / 2, float(edges[1] - edges[0])
    else:
        places = read.placed(along, values)
        at, which = np.unique(places, return_inverse=True)
        counts, number = np.bincount(which, weigh), np.bincount(which)
        step = float(np.diff(at).min()) if len(at) > 1 else 1.0
    heights = counts.astype(float)
    if trace.histfunc == "avg":
        heights = np.divide(heights, number, out=np.zeros_like(heights), where=number > 0)
    total = heights.sum() or 1.0
    norm = trace.histnorm or ""
    heights *= {"percent": 100 / total, "probability": 1 / total}.get(norm, 1.0)
    heights /= {"density": step, "probability density": step * total}.get(norm, 1.0)
    return at, np.cumsum(heights) if trace.cumulative.enabled else heights, step


def draw_spreads(axes: Any, traces: list[Any], colors: read.Colors, layout: Any) -> None:
    """Draw boxes and violins, each at the place of its name."""
    grouped = "group" in (layout.boxmode, layout.violinmode)
    count = len(traces) if grouped else 1
    for number, trace in enumerate(traces):
        turned = trace.orientation == "h" or (trace.orientation is None and trace.y is None)
        names, values = (trace.y, trace.x) if turned else (trace.x, trace.y)
        numbers = read.finite(values)
        if names is None:
            names = [trace.name or f"trace {number}"] * len(numbers)
        places = read.placed(axes.yaxis if turned else axes.xaxis, names)
        width = 0.7 / count
        known = np.isfinite(numbers)
        for place in np.unique(places):
            part = numbers[known & (places == place)]
            if len(part):
                at = place + width * (number - (count - 1) / 2) * grouped
                _spread(axes, trace, part, at, 0.85 * width, turned, colors[id(trace)])


def _spread(
    axes: Any, trace: Any, part: Array, at: float, width: float, turned: bool, color: str
) -> None:
    """Draw one box or one violin."""
    own = read.one(trace.marker.color, read.one(trace.line.color, color))
    line, fill = read.rgba(own), read.rgba(trace.fillcolor or own, 0.5)
    look = {"positions": [at], "widths": width, "orientation": _turn(turned)}
    if trace.type == "violin" and np.ptp(part) > 0:
        shape = axes.violinplot([part], showextrema=False, **look)
        for body in shape["bodies"]:
            body.set(facecolor=fill, edgecolor=line, alpha=None)
        if not trace.box.visible:
            return
        look["widths"] = width / 4
    pen = {"color": line, "linewidth": 1.4}
    axes.boxplot(
        [part],
        patch_artist=True,
        manage_ticks=False,
        boxprops={"facecolor": fill, "edgecolor": line, "linewidth": 1.4},
        medianprops=pen,
        whiskerprops=pen,
        capprops=pen,
        flierprops={"marker": "o", "markersize": 3.5, "markerfacecolor": to_rgba(line),
                    "markeredgewidth": 0},
        **look,
    )  # fmt: skip


def _turn(turned: bool) -> str:
    return "horizontal" if turned else "vertical"
