"""The order in which an axis has its categories."""

from collections.abc import Callable
from typing import Any

import numpy as np

from swarm.figures._still import read

_SUMS: dict[str, Callable[[Any], Any]] = {
    "total": np.sum,
    "sum": np.sum,
    "min": np.min,
    "max": np.max,
    "mean": np.mean,
    "median": np.median,
    "geometric-mean": lambda values: np.exp(np.mean(np.log(np.maximum(values, 1e-300)))),
}


def category(value: Any) -> str:
    """Return a category's name as plotly writes it: 1.0 is 1, and true has no capital."""
    if isinstance(value, (bool, np.bool_)):
        return str(value).lower()
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value)


def categories(axis: Any, traces: list[Any], values: list[Any], letter: str) -> list[str]:
    """Return the names along an axis, in order; `values` are those of each trace on it."""
    raw = [value for own in values for value in own if not is_gap(value)]
    found = {category(value): value for value in raw}
    given = [] if axis.categoryarray is None else [category(name) for name in axis.categoryarray]
    how = axis.categoryorder or ("array" if given else "trace")
    if how == "array":
        return list(dict.fromkeys([*given, *found]))
    key, _, direction = how.rpartition(" ")
    if key == "category":
        names = sorted(found, key=lambda name: _rank(found[name]))
    elif key:
        sums = _sums(traces, values, letter, _SUMS[key.replace(" ", "-")])
        names = sorted(found, key=lambda name: sums.get(name, 0.0))
    else:
        return list(found)
    return names[::-1] if direction == "descending" else names


def is_gap(value: Any) -> bool:
    """Tell whether plotly leaves a value out."""
    return value is None or value == "" or (isinstance(value, float) and np.isnan(value))


def _rank(value: Any) -> tuple[bool, Any]:
    return isinstance(value, str), value


def _sums(
    traces: list[Any], values: list[Any], letter: str, summed: Callable[[Any], Any]
) -> dict[str, float]:
    """Return what all values over each category come to."""
    other = "y" if letter == "x" else "x"
    parts: dict[str, list[float]] = {}
    for trace, names in zip(traces, values, strict=True):
        if trace.type in ("heatmap", "contour"):
            sizes = np.nansum(read.finite(trace.z), axis=0 if letter == "x" else 1)
        elif trace.type == "histogram" and trace[other] is None:
            sizes = np.ones(len(names))
        else:
            sizes = read.finite(trace[other])
        for name, size in zip(names, sizes, strict=False):
            if not is_gap(name) and np.isfinite(size):
                parts.setdefault(category(name), []).append(float(size))
    return {name: float(summed(np.array(sizes))) for name, sizes in parts.items()}
