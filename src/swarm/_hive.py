"""Hives as tables: where each swarm stands in a grid of two parameters, and how it scores."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from swarm._limits import Limits, robust_limits

__all__ = [
    "Grid",
    "HiveData",
    "Score",
    "Scores",
    "color_limits",
    "grid_of",
    "has_log_colors",
    "number_text",
    "scores_of",
]

Array = NDArray[Any]
HiveData = Sequence[Mapping[str, Any]]
DECADES = 1.5  # from here on scores are told apart by their powers of ten

Score = str | Callable[[Mapping[str, Any]], Any]


@dataclass(frozen=True)
class Grid:
    """Where the swarms of a hive stand.

    Attributes
    ----------
    columns, rows : list of str
        What to call them.
    places : list of (int, int)
        Row and column of each swarm.
    """

    columns: list[str]
    rows: list[str]
    places: list[tuple[int, int]]


@dataclass(frozen=True)
class Scores:
    """A score of each swarm of a hive after each epoch.

    Attributes
    ----------
    columns, rows : list of str
        What to call them.
    values : numpy.ndarray of shape (epoch, row, column)
        The median of the bees, NaN where there is none.
    label : str
        What the values are.
    """

    columns: list[str]
    rows: list[str]
    values: Array
    label: str


def grid_of(hive_data: HiveData, facx: str, facy: str, *, ascending: bool = False) -> Grid:
    """Place swarms by two parameters, each in a place of its own.

    Parameters
    ----------
    hive_data : sequence of mappings
        One for each swarm.
    facx, facy : str
        The parameters to vary across and down.
    ascending : bool, default False
        Whether numbers are sorted; by default all values come in the order in which they
        first appear.

    Raises
    ------
    ValueError
        If there is no swarm, one lacks a parameter, or two share a place.
    """
    if not len(hive_data):
        raise ValueError("there is nothing to draw: hive_data is empty")
    for number, entry in enumerate(hive_data):
        require(number, entry, facx, facy)
    columns = _names([entry[facx] for entry in hive_data], ascending)
    rows = _names([entry[facy] for entry in hive_data], ascending)
    places: list[tuple[int, int]] = []
    for number, entry in enumerate(hive_data):
        place = rows.index(_text(entry[facy])), columns.index(_text(entry[facx]))
        if place in places:
            raise ValueError(
                f"entry {number} of hive_data is not the first with {facx}={entry[facx]!r} and "
                f"{facy}={entry[facy]!r}; leave out entries that differ in something else"
            )
        places.append(place)
    return Grid(columns, rows, places)


def require(number: int, entry: Mapping[str, Any], *keys: str) -> None:
    """Raise ValueError if an entry of a hive lacks something."""
    missing = [key for key in keys if key not in entry]
    if missing:
        raise ValueError(
            f"entry {number} of hive_data has no {', '.join(map(repr, missing))}; "
            f"it has {', '.join(map(repr, entry))}"
        )


def scores_of(hive_data: HiveData, facx: str, facy: str, score: Score) -> Scores:
    """Score each swarm after each epoch: the median of its bees.

    Parameters
    ----------
    hive_data, facx, facy
        See `grid_of`; numbers are sorted.
    score : str or callable
        The name of a field of shape ``(bee, epoch)``, or a function that takes a swarm's
        mapping and gives such an array, or one of shape ``(epoch,)``. A bee with NaN counts
        as the highest; where half of the bees or more have none, so has the swarm.

    Raises
    ------
    ValueError
        As `grid_of`, and if scores have another shape or swarms differ in length.
    """
    grid = grid_of(hive_data, facx, facy, ascending=True)
    curves = [_curve(number, entry, score) for number, entry in enumerate(hive_data)]
    lengths = sorted({len(curve) for curve in curves})
    if len(lengths) > 1:
        raise ValueError(f"the swarms of the hive differ in their number of epochs: {lengths}")
    values = np.full((lengths[0], len(grid.rows), len(grid.columns)), np.nan)
    for (row, column), curve in zip(grid.places, curves, strict=True):
        values[:, row, column] = curve
    label = f"median {score}" if isinstance(score, str) else score.__name__.replace("_", " ")
    return Scores(grid.columns, grid.rows, values, "score" if label == "<lambda>" else label)


def _curve(number: int, entry: Mapping[str, Any], score: Score) -> Array:
    """Score a swarm: (epoch,)."""
    if isinstance(score, str):
        require(number, entry, score)
    values = entry[score] if isinstance(score, str) else score(entry)
    values = values.detach().cpu() if hasattr(values, "detach") else values
    array: Array = np.ma.filled(np.ma.asarray(values, dtype=float), np.nan)
    if array.ndim not in (1, 2) or not array.size:
        name = repr(score) if isinstance(score, str) else getattr(score, "__name__", "the score")
        raise ValueError(
            f"{name} of entry {number} of hive_data must have the shape (bee, epoch) or (epoch,), "
            f"got {array.shape}; give a function that makes one number of each bee and epoch"
        )
    array = np.where(np.isfinite(array), array, np.nan)
    if array.ndim == 1:
        return array
    ordered = np.sort(array, axis=0)  # NaN comes last
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


def has_log_colors(values: Array) -> bool:
    """Tell whether scores are all positive and span so many powers of ten as to need them."""
    known = values[np.isfinite(values)]
    if not known.size or known.min() <= 0:
        return False
    low, high = robust_limits(known, margin=0.0, scale="log")
    return bool(np.log10(high / low) >= DECADES)


def color_limits(values: Array, log: bool) -> Limits:
    """Choose limits of colours by the first and the last epoch, whatever goes wild between."""
    return robust_limits(values[[0, -1]], margin=0.0, scale="log" if log else "linear")


def number_text(value: float) -> str:
    """Write a number in two digits, as short as can be: 0.012, 3.4, 120, 3e-5."""
    if not np.isfinite(value):
        return "–"
    if value and not 1e-3 <= abs(value) < 1e4:
        digits, power = f"{value:.1e}".split("e")
        return f"{digits.removesuffix('.0')}e{int(power)}"
    return f"{value:.2g}" if abs(value) < 99.5 else f"{value:.0f}"


def _names(values: Sequence[Any], ascending: bool) -> list[str]:
    """Call different values by different names, in order."""
    named = dict(zip(map(_text, values), values, strict=True))
    numbers = all(isinstance(value, int | float | np.number) for value in values)
    if ascending and numbers:
        return sorted(named, key=lambda name: float(named[name]))
    return list(dict.fromkeys(map(_text, values)))


def _text(value: Any) -> str:
    """Write a parameter's value: classes and functions by their names."""
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(getattr(value, "__name__", value))
