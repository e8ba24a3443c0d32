"""Plotly figures for a page: small data in a script file, and the bundle that can draw them."""

import base64
import json
from typing import Any

import numpy as np

__all__ = ["PARTIAL_BUNDLE", "PARTIAL_TRACES", "bundle_for", "figure_json", "trace_types"]

PARTIAL_BUNDLE = "plotly-swarm.min.js"
PARTIAL_TRACES = frozenset(
    {"bar", "contour", "heatmap", "histogram", "scatter", "scatter3d", "surface"}
)
"""Trace types that it draws; ``static/plotly-swarm.build`` says how it was made."""


def trace_types(figure: dict[str, Any]) -> set[str]:
    """Return the types of all traces of a figure's dictionary."""
    return {trace.get("type") or "scatter" for trace in figure.get("data", ())}


def bundle_for(types: set[str]) -> str:
    """Return the script to load for these trace types: the small one where it will do."""
    return PARTIAL_BUNDLE if types <= PARTIAL_TRACES else "plotly.min.js"


def figure_json(figure: dict[str, Any]) -> str:
    """Return a figure as JSON without its size, of its template the colours, numbers as float32.

    Parameters
    ----------
    figure : dict
        ``Figure.to_dict()``, or the same read from JSON.

    Returns
    -------
    str
        What ``Plotly.newPlot`` takes: ``data``, ``layout`` and, if any, ``frames``.
    """
    layout = {
        name: value
        for name, value in figure.get("layout", {}).items()
        if name not in {"template", "width", "height", "meta"}
    }
    template = figure.get("layout", {}).get("template") or {}
    if colors := _colors_of(template, trace_types(figure)):
        layout["template"] = colors
    small = {"data": figure.get("data", []), "layout": layout}
    if figure.get("frames"):
        small["frames"] = figure["frames"]
    text = json.dumps(_float32(small), separators=(",", ":"), allow_nan=False, default=_plain)
    return text.replace("</", "<\\/")


def _colors_of(template: dict[str, Any], types: set[str]) -> dict[str, Any]:
    """Keep of a template (some 7 kB) what decides the colours of these traces."""
    layout = {
        name: template["layout"][name]
        for name in ("colorway", "colorscale")
        if name in template.get("layout", {})
    }
    data = {
        kind: [{"colorscale": trace["colorscale"]} for trace in traces if "colorscale" in trace]
        for kind, traces in template.get("data", {}).items()
        if kind in types
    }
    kept = {"layout": layout, "data": {kind: traces for kind, traces in data.items() if traces}}
    return {name: value for name, value in kept.items() if value}


def _float32(value: Any) -> Any:
    if isinstance(value, dict):
        if value.get("dtype") == "f8" and "bdata" in value:
            numbers = np.frombuffer(base64.b64decode(value["bdata"]), "<f8").astype("<f4")
            return {**value, "dtype": "f4", "bdata": base64.b64encode(numbers.tobytes()).decode()}
        return {name: _float32(item) for name, item in value.items()}
    if isinstance(value, np.ndarray) and value.dtype == np.float64:
        return _float32(value.astype("f4"))
    if isinstance(value, np.ndarray):
        return _float32(value.tolist())
    if isinstance(value, list | tuple):
        return [_float32(item) for item in value]
    if isinstance(value, float | np.floating):
        number = float(value)
        return number if np.isfinite(number) else None
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"a {type(value).__name__} in a plotly figure cannot be written as JSON")
