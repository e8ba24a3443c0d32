"""Limits that show a swarm, whatever a few wild bees do."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Limits", "robust_limits"]

Array = NDArray[Any]
Limits = tuple[float, float]

SAMPLE = 1_000_000  # values that limits are estimated from

# Of axes on which only some values have a place: what is even there, and back.
Scale = Callable[[Array], Array]
SCALES: dict[str, tuple[Scale, Scale]] = {
    "log": (np.log10, lambda even: 10.0**even),
    "logit": (lambda part: np.log10(part / (1 - part)), lambda even: 1 / (1 + 10.0**-even)),
}


def robust_limits(
    *arrays: Array, keep: ArrayLike = (), margin: float = 0.05, scale: str = "linear"
) -> Limits:
    """Choose limits that show the swarm, whatever a few wild bees do.

    The finite values are shown as far as Tukey's whiskers would reach, were they
    fenced by the middle nine tenths and as much again on either side: all of
    them, unless some lie far out.

    Parameters
    ----------
    *arrays : numpy.ndarray
        Values, of any shape. Limits are estimated from about a million of them.
    keep : array_like
        Values to show in any case.
    margin : float, default 0.05
        To add at both ends, as a fraction of the range.
    scale : str, default "linear"
        Of the axis, as matplotlib calls it. Fences and margins are even on it; values that
        have no place on it, such as 0 on ``"log"``, do not count.

    Returns
    -------
    low, high : float
        Finite, low < high; 0 and 1 (on other scales what lies there), with margins, if no
        value is finite.

    References
    ----------
    J. W. Tukey, *Exploratory Data Analysis*, Addison-Wesley, 1977 (fences and whiskers).
    """
    forward, back = SCALES.get(scale, (np.asarray, np.asarray))
    sample = _place(np.concatenate([_sample(a) for a in arrays] or [np.empty(0)]), forward)
    if sample.size:
        q05, q95 = np.quantile(sample, (0.05, 0.95))
        if q05 < q95:
            sample = sample[(sample >= 2 * q05 - q95) & (sample <= 2 * q95 - q05)]
    shown = np.concatenate([sample, _place(np.asarray(keep, dtype=float).ravel(), forward)])
    low, high = (float(shown.min()), float(shown.max())) if shown.size else (0.0, 1.0)
    if high - low <= 1e-12 * max(abs(low), abs(high)):  # all the same
        half = 0.5 * abs(low) if low and scale == "linear" else 0.5
        low, high = low - half, high + half
    room = margin * (high - low)
    low, high = back(np.array([low - room, high + room])).tolist()
    return low, high


def _place(values: Array, forward: Scale) -> Array:
    """Give where values are on an axis, of those that have a place there."""
    with np.errstate(invalid="ignore", divide="ignore"):
        places = forward(values)
    return places[np.isfinite(places)]


def _sample(array: Array) -> Array:
    """Take about `SAMPLE` of the finite values, the same ones each time."""
    if array.size > SAMPLE and array.ndim > 1:
        # Whole rows along the last axis, spread evenly over all the others.
        rows = np.linspace(0, array[..., 0].size - 1, max(1, SAMPLE // array.shape[-1]))
        array = array[np.unravel_index(rows.astype(int), array.shape[:-1])]
    values = array[np.isfinite(array)].astype(float, copy=False)
    return values[np.abs(values) < 1e300]  # room for a difference of two of them
