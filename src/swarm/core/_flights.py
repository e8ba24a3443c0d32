"""Puts parameter sets that differ in numbers alone into one flight."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Flight", "one_each", "together"]


@dataclass(frozen=True)
class Flight:
    """Swarms that are trained at once.

    Attributes
    ----------
    sets : list of int
        Which parameter sets they are.
    params : mapping
        What all their bees are given.
    each : mapping of str to ndarray of shape (swarm,)
        What differs between the swarms.
    """

    sets: list[int]
    params: Mapping[str, Any]
    each: Mapping[str, NDArray[Any]]


def one_each(params: Sequence[Mapping[str, Any]]) -> list[Flight]:
    """Give each parameter set a flight of its own."""
    return [Flight([i], given, {}) for i, given in enumerate(params)]


def together(params: Sequence[Mapping[str, Any]]) -> list[Flight]:
    """Put parameter sets into as few flights as it takes.

    Whole numbers, such as a width or a number of epochs, tend to decide on
    shapes and loops; sets that differ in one go apart, and so do those that
    differ in a list, an array or anything else.
    """
    free = {name for given in params for name in given if _is_fraction(params, name)}
    groups: dict[Hashable, list[int]] = {}
    for i, given in enumerate(params):
        fixed = tuple(
            (name, _identity(value)) for name, value in given.items() if name not in free
        )
        groups.setdefault((frozenset(given), frozenset(fixed)), []).append(i)
    flights = []
    for sets in groups.values():
        first = params[sets[0]]
        own = {
            name: np.array([float(params[i][name]) for i in sets])
            for name in first
            if name in free and any(params[i][name] != first[name] for i in sets)
        }
        common = {name: value for name, value in first.items() if name not in own}
        flights.append(Flight(sets, common, own))
    return flights


def _is_fraction(params: Sequence[Mapping[str, Any]], name: str) -> bool:
    """Whether a parameter is a number throughout, and somewhere not a whole one by type."""
    values = [given[name] for given in params if name in given]
    numbers = all(
        isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
        for value in values
    )
    return numbers and any(isinstance(value, float | np.floating) for value in values)


def _identity(value: Any) -> Hashable:
    """Return what is equal for values that are interchangeable."""
    plain = isinstance(value, int | float | complex | str | bytes | type(None))
    return (type(value), value) if plain else id(value)
