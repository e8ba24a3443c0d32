"""Compares what a lifted bee yields with what it yields alone, up to rounding."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from swarm.lift._refuse import CannotLift, Stop

__all__ = ["compare"]

Array = NDArray[Any]


class _Alone(Protocol):
    def row(self, epoch: int) -> Sequence[Array] | None: ...

    def jittered(self, epoch: int) -> Sequence[Sequence[Sequence[Array]]]: ...


def compare(lifted: Sequence[Array], alone: _Alone, epoch: int) -> None:
    """Refuse if the last bee does not yield what it yields alone, up to rounding.

    Numbers that come to nothing but rounding, such as a gradient that is zero
    by symmetry, are small beside the other fields. Training lets rounding
    grow, by how much depends on the bee: where an epoch differs, the bee is
    trained alone once more with its rounding disturbed, and may differ by
    what that has come to.
    """
    row = alone.row(epoch)
    if row is None:
        return
    mine = [together[-1] for together in lifted]
    wrong = [i for i, (m, a) in enumerate(zip(mine, row, strict=False)) if not _alike(m, a, row)]
    if not wrong:
        return
    grown = [0.0] * len(row)
    if all(_same_kind(mine[i], row[i]) for i in wrong):
        for k, twins in enumerate(alone.jittered(epoch)):
            for disturbed in twins:
                for i, (one, other) in enumerate(zip(disturbed, alone.row(k) or (), strict=False)):
                    grown[i] = max(grown[i], _distance(one, other))
    for i in wrong:
        if not _same_kind(mine[i], row[i]) or not _distance(mine[i], row[i]) <= 10 * grown[i]:
            raise Stop(
                CannotLift(
                    f"field {i + 1} in epoch {epoch}, which differs from the same bee trained "
                    "alone",
                    "a line that cannot be told",
                    "look for randomness that is not torch's and for state kept between bees",
                )
            )


def _same_kind(mine: Array, single: Array) -> bool:
    return mine.shape == single.shape and mine.dtype == single.dtype


def _alike(mine: Array, single: Array, row: Sequence[Array]) -> bool:
    if not _same_kind(mine, single):
        return False
    if mine.dtype.kind not in "fc":
        return bool(np.array_equal(mine, single))
    near = 1e-4 * _scale(single) + 1e-6 * max(map(_scale, row))
    return bool(np.allclose(mine, single, rtol=0, atol=near, equal_nan=True))


def _distance(one: Array, other: Array) -> float:
    """Return the greatest difference; infinity if only one of them is NaN somewhere."""
    if one.shape != other.shape:
        return float("inf")
    with np.errstate(all="ignore"):
        apart = np.abs(one.astype(complex) - other.astype(complex))
    agreed = (one == other) | ((one != one) & (other != other))
    return float(np.where(agreed, 0.0, np.nan_to_num(apart, nan=np.inf)).max(initial=0))


def _scale(array: Array) -> float:
    if array.dtype.kind not in "fc":
        return 0.0
    return float(np.abs(array[np.isfinite(array)]).max(initial=0))
