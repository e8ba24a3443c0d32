"""Limits that show a swarm, whatever a few wild bees do."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Limits", "robust_limits"]

Array = NDArray[Any]
Limits = tuple[float, float]

SAMPLE = 1_000_000  # values that limits are estimated from


def robust_limits(*arrays: Array, keep: ArrayLike = (), margin: float = 0.05) -> Limits:
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

    Returns
    -------
    low, high : float
        Finite, low < high; 0 and 1, with margins, if no value is finite.

    References
    ----------
    J. W. Tukey, *Exploratory Data Analysis*, Addison-Wesley, 1977 (fences and whiskers).
    """
    sample = np.concatenate([_sample(array) for array in arrays] or [np.empty(0)])
    if sample.size:
        q05, q95 = np.quantile(sample, (0.05, 0.95))
        if q05 < q95:
            sample = sample[(sample >= 2 * q05 - q95) & (sample <= 2 * q95 - q05)]
    kept = np.asarray(keep, dtype=float).ravel()
    shown = np.concatenate([sample, kept[np.isfinite(kept)]])
    low, high = (float(shown.min()), float(shown.max())) if shown.size else (0.0, 1.0)
    if high - low <= 1e-12 * max(abs(low), abs(high)):  # all the same
        half = 0.5 * abs(low) if low else 0.5
        low, high = low - half, high + half
    return low - margin * (high - low), high + margin * (high - low)


def _sample(array: Array) -> Array:
    """Take about `SAMPLE` of the finite values, the same ones each time."""
    if array.size > SAMPLE and array.ndim > 1:
        # Whole rows along the last axis, spread evenly over all the others.
        rows = np.linspace(0, array[..., 0].size - 1, max(1, SAMPLE // array.shape[-1]))
        array = array[np.unravel_index(rows.astype(int), array.shape[:-1])]
    values = array[np.isfinite(array)].astype(float, copy=False)
    return values[np.abs(values) < 1e300]  # room for a difference of two of them
