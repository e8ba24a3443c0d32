"""Where values stand along one of plotly's flat axes: numbers, logarithms, dates or names."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.dates import date2num

from swarm.figures._still import read
from swarm.figures._still.order import categories, category, is_gap

Array = read.Array
_DATE = re.compile(r"\s*(-?\d{4}-\d{1,2}(-\d{1,2}([T ]\d{1,2}(:\d{2}(:\d{2}(\.\d+)?)?)?)?)?)")
_ZONE = re.compile(r"(Z|[+-]\d\d:?\d\d)$")


@dataclass(frozen=True)
class Side:
    """An axis, what it holds ("linear", "log", "date" or "category"), and its categories."""

    axis: Any
    kind: str
    names: tuple[str, ...] = ()

    def place(self, values: Any) -> Array:
        """Return where values stand, as numbers; NaN where plotly leaves a gap."""
        found = read.array(values)
        if self.kind == "category":
            at = {name: float(i) for i, name in enumerate(self.names)}
            return np.array([at.get(_name(value) or "", np.nan) for value in found.tolist()])
        if self.kind == "date":
            return _days(found)
        numbers = read.finite(found)
        return np.where(numbers > 0, numbers, np.nan) if self.kind == "log" else numbers

    def spot(self, value: Any, *, logarithm: bool = False) -> float:
        """Return where one value stands: a category also by its number."""
        if self.kind == "log" and logarithm:
            return float(10 ** float(value))
        at = float(self.place([value])[0])
        if self.kind == "category" and np.isnan(at):
            return float(read.finite([value])[0])
        return at


def side_of(axis: Any, traces: list[Any], letter: str, *, strict: bool) -> Side:
    """Return an axis of these traces, of the kind that plotly would take it for.

    `strict` tells that numbers as text are text.
    """
    every = [(trace, values_of(trace, letter)) for trace in traces]
    held = [(trace, values) for trace, values in every if values is not None and len(values)]
    kind = axis.type
    if kind in (None, "-"):
        # Boxes stand over their names, so the first that has values decides.
        strict = strict if axis.autotypenumbers is None else axis.autotypenumbers == "strict"
        kind = _kind(held[0][1], strict=strict) if held else "linear"
    if kind == "multicategory":
        raise ValueError(
            f"still cannot draw categories within categories on the {letter} axis; join the two "
            "names, or show the figure itself instead of its still"
        )
    if kind != "category":
        return Side(axis, kind)
    texts = [values.tolist() for _, values in held]
    return Side(axis, kind, tuple(categories(axis, [t for t, _ in held], texts, letter)))


def values_of(trace: Any, letter: str) -> Array | None:
    """Return what a trace puts on an axis, or None where it only counts."""
    if trace.type == "image":
        return None  # its pixels count up
    if trace[letter] is not None:
        return read.array(trace[letter])
    if trace.type not in ("box", "violin"):
        return None
    start = trace[f"{letter}0"]
    other = trace["y" if letter == "x" else "x"]
    named = trace.name if start is None else start
    return None if other is None else np.array([named] * len(read.array(other)), dtype=object)


def _name(value: Any) -> str | None:
    return None if is_gap(value) else category(value)


def _kind(values: Array, *, strict: bool) -> str:
    if values.dtype.kind in "iuf":
        return "linear"
    if values.dtype.kind == "M":
        return "date"
    if values.ndim > 1 or any(isinstance(value, (list, tuple)) for value in values.tolist()):
        return "multicategory"
    known = [value for value in values.tolist() if not is_gap(value)]
    numbers = [value for value in known if _is_number(value, strict=strict)]
    dates = [value for value in known if _is_date(value)]
    if len(dates) > 2 * len(numbers):
        return "date"
    return "category" if len(known) - len(numbers) > 2 * len(numbers) else "linear"


def _is_number(value: Any, *, strict: bool) -> bool:
    if isinstance(value, bool):
        return False
    if strict and isinstance(value, str):
        return False
    return bool(np.isfinite(read.finite([value])[0])) and not hasattr(value, "year")


def _is_date(value: Any) -> bool:
    return hasattr(value, "year") or (isinstance(value, str) and bool(_DATE.match(value)))


def _days(values: Array) -> Array:
    """Return dates as matplotlib's days; numbers are plotly's milliseconds since 1970."""
    if values.dtype.kind == "M":
        return np.asarray(date2num(values), dtype=float)
    return np.array([_day(value) for value in values.tolist()])


def _day(value: Any) -> float:
    if is_gap(value):
        return np.nan
    if isinstance(value, (int, float)):
        return float(value) / 86_400_000
    text = _ZONE.sub("", str(value).strip())
    try:
        return float(date2num(np.datetime64(text.replace(" ", "T"), "us")))
    except ValueError:
        return np.nan
