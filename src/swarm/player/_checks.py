"""Checks of what a player is given."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Array", "Range", "as_array", "as_axis", "as_limits", "as_losses", "known"]

Array = NDArray[Any]
Range = tuple[float, float]


def as_array(name: str, values: ArrayLike, axes: tuple[str, ...]) -> Array:
    """Return float64 of as many axes, not empty, with a finite number; infinities are NaN."""
    array = known(np.asarray(values, dtype=float))
    wanted = f"({', '.join(axes)}{',' if len(axes) == 1 else ''})"
    if array.ndim != len(axes) or not array.size:
        raise ValueError(f"{name} must have shape {wanted}, none of them 0, got {array.shape}")
    if np.isnan(array).all():
        raise ValueError(f"{name} has not one finite number; nothing can be drawn")
    return array


def known(values: Array) -> Array:
    """Return values with NaN for what is not finite: a copy only where it must be."""
    finite = np.isfinite(values)
    return values if finite.all() else np.where(finite, values, np.nan)


def as_axis(name: str, values: ArrayLike) -> Array:
    """Return evenly spaced, ascending coordinates."""
    axis = as_array(name, values, ("X",))
    steps = np.diff(axis)
    if len(axis) < 2 or np.isnan(steps).any() or steps.min() <= 0:
        raise ValueError(f"{name} must be two or more ascending numbers, got {axis}")
    if not np.allclose(steps, steps.mean(), rtol=1e-3):
        raise ValueError(
            f"{name} must be evenly spaced, as numpy.linspace makes it; "
            f"its steps go from {steps.min():g} to {steps.max():g}"
        )
    return axis


def as_limits(name: str, limits: Sequence[float]) -> Range:
    """Return a pair of numbers of which the first is the lesser."""
    low, high = map(float, limits)
    if not low < high:
        raise ValueError(f"{name} must be (low, high) with low < high, got {limits}")
    return low, high


def as_losses(loss: ArrayLike, bees: int, count: int) -> Array:
    """Return one number a bee, its last, NaN where it is not finite."""
    losses = np.asarray(loss, dtype=float)
    if losses.shape == (bees, count):
        losses = losses[:, -1]
    if losses.shape != (bees,):
        raise ValueError(
            f"loss must have shape (bee,) = {(bees,)} or (bee, epoch) = {(bees, count)}, "
            f"got {losses.shape}"
        )
    return known(losses)
