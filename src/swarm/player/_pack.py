"""Recorded arrays as small binary: quantised, predicted, deflated, and thinned to a budget."""

import base64
import math
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Packed", "fit", "pack"]

GAP = 65535  # the level that stands for NaN
EFFORT = 6  # of zlib; 9 saves a twelfth and takes ten times as long


@dataclass(frozen=True, eq=False)
class Packed:
    """An array ``(epoch, bee, point)`` in uint16 levels, predicted and deflated.

    Parameters
    ----------
    shape : tuple of int
        ``(epoch, bee, point)``.
    low, step : float
        Level ``k`` stands for ``low + k * step``; level 65535 for NaN.
    smooth : bool
        Whether levels were predicted along points too, not only along epochs. If
        not, `data` has them in the order ``(bee, point, epoch)``.
    data : bytes
        zlib stream of all low bytes, then all high bytes, of the zigzag-coded
        prediction errors.
    """

    shape: tuple[int, int, int]
    low: float
    step: float
    smooth: bool
    data: bytes

    def levels(self) -> NDArray[np.uint16]:
        """Undo the prediction; uint16 levels of shape ``(epoch, bee, point)``."""
        low, high = np.frombuffer(zlib.decompress(self.data), np.uint8).reshape(2, -1)
        coded = low.astype(np.uint16) | (high.astype(np.uint16) << 8)
        errors = (coded >> 1) ^ (0 - (coded & 1)).astype(np.uint16)
        if self.smooth:
            along = np.cumsum(errors.reshape(self.shape), axis=2, dtype=np.uint16)
            return np.cumsum(along, axis=0, dtype=np.uint16)
        epochs, bees, points = self.shape
        levels = np.cumsum(errors.reshape(bees, points, epochs), axis=2, dtype=np.uint16)
        return levels.transpose(2, 0, 1)

    def values(self) -> NDArray[np.float64]:
        """Return what a reader sees: float64 of shape ``(epoch, bee, point)``, NaN in gaps."""
        levels = self.levels()
        return np.where(levels == GAP, np.nan, self.low + self.step * levels)

    def to_json(self) -> dict[str, Any]:
        """Return what the script in the page needs, the bytes as base64."""
        return {
            "shape": list(self.shape),
            "low": self.low,
            "step": self.step,
            "smooth": self.smooth,
            "data": base64.b64encode(self.data).decode("ascii"),
        }


def pack(
    values: NDArray[np.floating], shown: tuple[float, float], *, steps: int, smooth: bool
) -> Packed:
    """Quantise an array so that the shown range has so many steps.

    Parameters
    ----------
    values : ndarray of shape (epoch, bee, point)
        What is not finite becomes a gap.
    shown : (float, float)
        The range that a plot shows. Values further away than some
        ``32767 / steps`` such ranges are moved to that distance.
    steps : int
        Steps in the shown range, at most 8192.
    smooth : bool
        Whether neighbouring points resemble each other, as on a curve.

    Returns
    -------
    Packed
        Each value is at most half a step from the true one.
    """
    step = (shown[1] - shown[0]) / steps
    low = shown[0] - (GAP - 1 - steps) // 2 * step
    finite = np.isfinite(values)
    levels = np.rint((np.where(finite, values, shown[0]) - low) / step).clip(0, GAP - 1)
    # int32 differences wrap to int16 and are undone modulo 2**16.
    errors = np.diff(np.where(finite, levels, GAP).astype(np.int32), axis=0, prepend=0)
    # In the order (bee, point, epoch) what is not smooth deflates better.
    errors = np.diff(errors, axis=2, prepend=0) if smooth else errors.transpose(1, 2, 0)
    signed = errors.astype(np.int16)
    # Zigzag (0, −1, 1, −2, … → 0, 1, 2, 3, …): the high bytes of small errors are all 0.
    coded = ((signed << 1) ^ (signed >> 15)).astype(np.uint16).ravel()
    planes = np.concatenate([coded & 255, coded >> 8]).astype(np.uint8)
    epochs, bees, points = values.shape
    return Packed(
        (epochs, bees, points), low, step, smooth, zlib.compress(planes.tobytes(), EFFORT)
    )


def fit(
    size: Callable[[Sequence[int]], int],
    counts: Sequence[int],
    floors: Sequence[int],
    max_bytes: int,
) -> list[int]:
    """Shrink counts one after the other, each down to its floor, until they fit.

    Parameters
    ----------
    size : callable
        Number of bytes for given counts.
    counts, floors : sequences of int
        Where to start, and the least to leave; the first is shrunk first.
    max_bytes : int
        The budget.

    Returns
    -------
    list of int
        Counts that fit; the floors if nothing does.
    """
    counts = list(counts)
    needed = size(counts)
    for axis, floor in enumerate(floors):
        while needed > max_bytes and counts[axis] > floor:
            guess = math.floor(counts[axis] * 0.98 * max_bytes / needed)
            counts[axis] = max(floor, min(counts[axis] - 1, guess))
            needed = size(counts)
    return counts
