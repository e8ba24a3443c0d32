"""Works out what a plotly figure shows: its frame, its template and its shared colours."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go

from swarm.figures._still import read
from swarm.figures._still.layout_table import is_part

Fields = dict[str, Any]


def resolved(figure: go.Figure) -> go.Figure:
    """Return a figure of the traces at the frame to be drawn, which names all it takes.

    What the figure's template sets is set; so are the names of traces, and
    the ends and colours of those that share a colour axis.
    """
    template = figure.layout.template
    shown, layout = _shown(figure)
    layout = _with_template(layout, template.layout.to_plotly_json())
    data = template.data.to_plotly_json()
    seen: Counter[str] = Counter()
    traces = []
    for number, trace in enumerate(shown):
        defaults = data.get(trace["type"]) or [{}]
        trace = _under(trace, defaults[seen[trace["type"]] % len(defaults)])
        seen[trace["type"]] += 1
        traces.append({"name": f"trace {number}"} | trace)
    _share_colors(traces, layout)
    return go.Figure(traces, layout | {"template": go.layout.Template()})


def _shown(figure: go.Figure) -> tuple[list[Fields], Fields]:
    """Return the fields of the traces and of the layout at the frame to be drawn."""
    traces = [trace.to_plotly_json() for trace in figure.data]
    layout = figure.layout.to_plotly_json()
    meta = figure.layout.meta
    name = meta.get("still") if isinstance(meta, dict) else None
    for frame in figure.frames:
        if frame.name == name:
            numbers = frame.traces or range(len(traces))
            for number, new in zip(numbers, frame.data, strict=False):
                traces[number] = _under(new.to_plotly_json(), traces[number])
            layout = _under(frame.layout.to_plotly_json(), layout)
    return traces, layout


def _under(own: Mapping[str, Any], below: Mapping[str, Any]) -> Fields:
    """Return the fields of `own` and, where it has none, those `below`."""
    merged = dict(below)
    for name, value in own.items():
        under = merged.get(name)
        if _is_group(value) and _is_group(under):
            merged[name] = _under(value, under or {})
        elif value is not None:
            merged[name] = value
    return merged


def _is_group(value: Any) -> bool:
    """Tell whether a value is a group of attributes, and no array in plotly's base64 form."""
    return isinstance(value, Mapping) and "bdata" not in value


def _with_template(layout: Fields, below: Fields) -> Fields:
    """Give a layout what its template says, each axis and subplot what it says of its kind."""
    whole = {name: value for name, value in below.items() if not is_part(name)}
    for kind in ("annotation", "shape"):
        defaults = whole.pop(f"{kind}defaults", {})
        items = [*layout.get(f"{kind}s", ()), *whole.pop(f"{kind}s", ())]
        whole |= {f"{kind}s": ()} if items else {}
        layout = layout | {f"{kind}s": [_under(item, defaults) for item in items]}
    parts = {"xaxis": {}, "yaxis": {}} | {name: layout[name] for name in layout if is_part(name)}
    kinds = {name: below.get(name.rstrip("0123456789"), {}) for name in parts}
    return _under(layout, whole) | {n: _under(parts[n], kinds[n]) for n in parts}


def _share_colors(traces: list[Fields], layout: Fields) -> None:
    """Give traces with a colour axis its scale and ends; the first of them has its colour bar.

    A trace that names no colour scale gets the one that the layout has for its values.
    """
    found: dict[str, list[tuple[Fields, str]]] = {}
    for trace in traces:
        for holder, letter in _holders(trace):
            if axis := holder.pop("coloraxis", None):
                found.setdefault(axis, []).append((holder, letter))
            else:
                _name_scale(holder, letter, layout)
    for axis, holders in found.items():
        fields = layout.get(axis, {})
        if any(holder.get("type") == "histogram2d" for holder, _ in holders):
            _color_counts(holders, fields, layout)
            continue
        own = [_colored(holder, letter) for holder, letter in holders]
        known = [values[np.isfinite(values)] for values in own]
        low, high = read.ends(np.concatenate(known))
        shared = {name: value for name, value in fields.items() if name[1:] not in read.LEVELS}
        shared["colorscale"] = fields.get("colorscale") or _scale(layout, low, high)
        shared |= {"autocolorscale": False}
        ends = read.levels({f"c{name}": fields.get(f"c{name}") for name in read.LEVELS}, low, high)
        for number, (holder, letter) in enumerate(holders):
            holder |= shared | {f"{letter}min": ends[0], f"{letter}max": ends[1]}
            if number or fields.get("showscale") is False:
                holder["showscale"] = False
            else:
                holder["showscale"] = True


def _holders(trace: Fields) -> list[tuple[Fields, str]]:
    """Return the parts of a trace whose colours stand for values, and their letter."""
    kind = trace["type"]
    if kind in ("heatmap", "contour", "histogram2d"):
        return [(trace, "z")]
    if kind == "surface":
        return [(trace, "c")]
    marker = trace.get("marker", {})
    numbers = marker.get("color") is not None and not isinstance(marker["color"], str)
    if numbers and read.array(marker["color"]).dtype.kind in "biuf":
        trace["marker"] = marker = dict(marker)
        return [(marker, "c")]
    return []


def _color_counts(holders: list[tuple[Fields, str]], fields: Fields, layout: Fields) -> None:
    """Give a two-dimensional histogram, alone on its colour axis, what that says."""
    if len(holders) > 1:
        raise ValueError(
            "still cannot draw a coloraxis that a histogram2d shares; give it a colour axis of "
            "its own, or show the figure itself instead of its still"
        )
    names = {f"c{name}": f"z{name}" for name in read.LEVELS}
    own = {names.get(name, name): value for name, value in fields.items()}
    holders[0][0].update({"colorscale": _scale(layout, 0, 1)} | own)


def _colored(holder: Fields, letter: str) -> read.Array:
    """Return the values that colours stand for."""
    names = ("z",) if letter == "z" else ("surfacecolor", "color", "z")
    values = next(holder[name] for name in names if holder.get(name) is not None)
    return read.finite(values).ravel()


def _name_scale(holder: Fields, letter: str, layout: Fields) -> None:
    """Name the colours of values whose trace leaves that to the layout."""
    auto = holder.get("autocolorscale")
    if auto is False or (not auto and (holder.get("colorscale") or "type" in holder)):
        return
    values = _colored(holder, letter)
    low, high = read.ends(values[np.isfinite(values)])
    ends = read.levels(
        {f"c{name}": holder.get(f"{letter}{name}") for name in read.LEVELS}, low, high
    )
    holder["colorscale"] = _scale(layout, *ends)


def _scale(layout: Fields, low: float, high: float) -> Any:
    """Return a layout's colour scale for values from `low` to `high`."""
    kind = "diverging" if low * high < 0 else "sequential" if low >= 0 else "sequentialminus"
    return layout.get("colorscale", {}).get(kind) or read.SCALES[kind]
