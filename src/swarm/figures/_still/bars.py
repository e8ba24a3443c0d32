"""Draws bars and histograms, which share the room at a place."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from swarm.figures._still import read
from swarm.figures._still.bins import bin_edges
from swarm.figures._still.errors import draw_errors
from swarm.figures._still.letters import write_bars
from swarm.figures._still.panel import PIXEL, Panel

Array = read.Array
BARS = ("bar", "histogram")


@dataclass(frozen=True)
class Bars:
    """Bars of one trace: their middles, lengths and colours."""

    at: Array
    length: Array
    base: Array | None
    color: Any
    width: Any
    step: float


def draw_bars(panel: Panel, traces: list[Any]) -> None:
    """Draw the bars of all traces of a panel, side by side or stacked as plotly does."""
    layout = panel.layout
    sideways = [_sideways(trace) for trace in traces]
    made = [
        _bars(panel, trace, turned, _edges(panel, traces, trace))
        for trace, turned in zip(traces, sideways, strict=True)
    ]
    mode = layout.barmode or "group"
    numbers = [
        trace.type == "histogram" and (panel.y if turned else panel.x).kind != "category"
        for trace, turned in zip(traces, sideways, strict=True)
    ]
    # Only bins of numbers follow each other without a gap.
    solid = any(numbers) and not (mode == "group" and len(traces) > 1)
    gap = layout.bargap if layout.bargap is not None else (0.0 if solid else 0.2)
    step = _step(made, sideways)
    slots = _slots(traces, mode)
    room, count = (1 - gap) * step, max(slots) + 1
    ends: dict[tuple[Any, ...], float] = {}
    for trace, bars, turned, slot in zip(traces, made, sideways, slots, strict=True):
        width = room / count if bars.width is None else bars.width
        middle = bars.at + width * (slot - (count - 1) / 2)
        base = np.zeros(len(bars.at)) if bars.base is None else bars.base
        # Bars of one trace at one place stand on each other in any case.
        pile = slot if mode in ("stack", "relative") else f"of its own {id(trace)}"
        if bars.base is None:
            for i, (at, length) in enumerate(zip(bars.at, bars.length, strict=True)):
                key = turned, pile, float(at), bool(length < 0 and mode != "stack")
                base[i] += ends.get(key, 0.0)
                ends[key] = base[i] + np.nan_to_num(length)
        _draw(panel, trace, bars, middle, base, width, turned)


def _step(made: list[Bars], sideways: list[bool]) -> float:
    """Return how far bars are apart: the least distance between places of any two traces."""
    found = []
    for turned in set(sideways):
        ours = [bars for bars, own in zip(made, sideways, strict=True) if own == turned]
        every = np.unique(np.concatenate([bars.at for bars in ours]))
        gaps = np.diff(every[np.isfinite(every)])
        found.append(min([*(bars.step for bars in ours), *gaps]))
    return float(min(found))


def _slots(traces: list[Any], mode: str) -> list[int]:
    """Return at which of the places side by side each trace has its bars."""
    if mode == "overlay":
        return [0] * len(traces)
    own = [trace.offsetgroup or f" {i}" for i, trace in enumerate(traces)]
    if mode != "group":
        own = [trace.offsetgroup or "" for trace in traces]
    order = list(dict.fromkeys(own))
    return [order.index(name) for name in own]


def _draw(
    panel: Panel, trace: Any, bars: Bars, middle: Array, base: Array, width: Any, turned: bool
) -> None:
    draw = panel.axes.barh if turned else panel.axes.bar
    size = {"height" if turned else "width": width, "left" if turned else "bottom": base}
    edge = trace.marker.line
    if edge.width is not None and np.any(read.finite(edge.width) > 0):
        size |= {"linewidth": PIXEL * read.finite(edge.width)}
        size |= {"edgecolor": _edge_colors(edge.color)}
    drawn = draw(middle, bars.length, color=bars.color, **size)
    color = read.one(trace.marker.color, panel.colors[id(trace)])
    end = base + bars.length
    names, lengths = ("y", "x") if turned else ("x", "y")
    values: dict[str, Any] = {names: bars.at, lengths: bars.length, "value": bars.length}
    if trace.type == "bar":
        values |= {c: trace[c] for c in "xy" if trace[c] is not None}
        x, y = (end, middle) if turned else (middle, end)
        # Plotly's bars in per cent are of a bar's own length, also where it stands on another.
        draw_errors(panel, trace, x, y, color or "#444")
    write_bars(panel, trace, drawn.patches, values, turned=turned)


def _edge_colors(color: Any) -> Any:
    if color is None or isinstance(color, str):
        return read.rgba(read.one(color, "#444"))
    if read.is_scaled(color):
        raise ValueError(
            "still cannot draw marker.line.color of numbers; name colours, or show the figure "
            "itself instead of its still"
        )
    return [read.rgba(one) for one in read.array(color)]


def _sideways(trace: Any) -> bool:
    if trace.orientation is not None:
        return bool(trace.orientation == "h")
    if trace.type == "histogram":
        return trace.x is None and trace.y is not None
    if trace.x is None or trace.y is None:
        return trace.y is None and trace.x is not None
    # Lengths are numbers; bars over numbers that end at names lie on their side.
    across, up = read.array(trace.x), read.array(trace.y)
    return across.dtype.kind in "iuf" and up.dtype.kind in "UO" and _are_names(up)


def _are_names(values: Array) -> bool:
    known = [value for value in values.tolist() if value is not None]
    return bool(known) and all(isinstance(value, str) for value in known)


def _bars(panel: Panel, trace: Any, turned: bool, edges: Array) -> Bars:
    """Return the bars of one trace."""
    along, across = (panel.y, panel.x) if turned else (panel.x, panel.y)
    names, lengths = (trace.y, trace.x) if turned else (trace.x, trace.y)
    fill = read.fills(trace.marker, panel.colors[id(trace)], trace.opacity)
    if trace.type == "histogram":
        at, length, step = _counted(along, trace, names, lengths, edges)
        return Bars(at, length, None, fill, None, step)
    length = across.place([] if lengths is None else lengths)
    letter = "y" if turned else "x"
    first, each = trace[f"{letter}0"] or 0, trace[f"d{letter}"]
    counted = first + np.arange(len(length), dtype=float) * (1 if each is None else each)
    at = counted if names is None else along.place(names)
    short = min(len(at), len(length))
    at, length = at[:short], length[:short]
    gaps = np.diff(np.unique(at[np.isfinite(at)]))
    base = None if trace.base is None else _base(across, trace.base, len(at))
    width = None if trace.width is None else read.finite(trace.width)
    alone = 1.0 if along.kind != "date" else float(gaps.min()) if len(gaps) else 1.0
    return Bars(at, length, base, fill, width, float(gaps.min()) if len(gaps) else alone)


def _base(across: Any, base: Any, count: int) -> Array:
    """Return where bars begin, one for all or each of them."""
    found = across.place(np.atleast_1d(read.array(base)))
    return np.resize(found, count) if len(found) == 1 else np.asarray(found[:count])


def _edges(panel: Panel, traces: list[Any], one: Any) -> Array:
    """Return the bins that a histogram shares with others, as round as plotly's."""
    turned = _sideways(one)
    side = panel.y if turned else panel.x
    if one.type != "histogram" or side.kind == "category":
        return np.array([0.0, 1.0])
    alone = panel.layout.barmode == "overlay" and not one.bingroup
    every = [t for t in traces if t.type == "histogram" and _sideways(t) == turned]
    own = [one] if alone else [t for t in every if (t.bingroup or "") == (one.bingroup or "")]
    if side.kind != "linear":
        raise ValueError(
            f"still cannot count in bins of a {side.kind} axis; count them before, draw bars, or "
            "show the figure itself instead of its still"
        )
    values = np.concatenate([side.place(t.y if turned else t.x) for t in own])
    sized = [t for t in own if (t.ybins if turned else t.xbins).size is not None] or own
    counts = [t.nbinsy if turned else t.nbinsx for t in own]
    bins = sized[0].ybins if turned else sized[0].xbins
    return bin_edges(values[np.isfinite(values)], bins, next(filter(None, counts), None))


def _counted(
    along: Any, trace: Any, names: Any, weights: Any, edges: Array
) -> tuple[Array, Array, float]:
    """Return middles, heights and width of a histogram's bars."""
    places = along.place(names)
    weigh = None if trace.histfunc in (None, "count") or weights is None else read.finite(weights)
    known = np.isfinite(places) & (np.isfinite(weigh) if weigh is not None else True)
    places, weigh = places[known], None if weigh is None else weigh[known]
    if along.kind == "category":
        edges = np.arange(len(along.names) + 1) - 0.5
    which = np.searchsorted(edges, places, side="right") - 1
    inside = (which >= 0) & (which < len(edges) - 1)
    which, bins = which[inside], len(edges) - 1
    weigh = None if weigh is None else weigh[inside]
    number = np.bincount(which, minlength=bins)
    at, step = (edges[1:] + edges[:-1]) / 2, float(edges[1] - edges[0])
    heights = _heights(which, weigh, number, trace.histfunc)
    total = heights.sum() or 1.0
    norm = trace.histnorm or ""
    heights *= {"percent": 100 / total, "probability": 1 / total}.get(norm, 1.0)
    heights /= {"density": step, "probability density": step * total}.get(norm, 1.0)
    return at, np.cumsum(heights) if trace.cumulative.enabled else heights, step


def _heights(which: Array, weigh: Array | None, number: Array, kind: str | None) -> Array:
    """Return what the values of each bin come to; 0 where there is none."""
    if weigh is None:
        return number.astype(float)
    if kind in ("min", "max"):
        pick = np.minimum if kind == "min" else np.maximum
        found = np.full(len(number), np.inf if kind == "min" else -np.inf)
        pick.at(found, which, weigh)
        return np.where(number > 0, found, 0.0)
    found = np.bincount(which, weigh, len(number)).astype(float)
    if kind == "avg":
        return np.divide(found, number, out=np.zeros_like(found), where=number > 0)
    return found
