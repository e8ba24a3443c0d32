"""Scores of swarms, and the epoch at which they pass a threshold."""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["iteration_threshold", "iteration_threshold_ratio", "mse_loss"]

Criterion = Literal["first", "always"]
Direction = Literal["below", "above"]


def mse_loss(ypreds: ArrayLike, y: ArrayLike) -> NDArray[np.floating]:
    """Mean squared error over the last axis.

    Parameters
    ----------
    ypreds : array_like of shape (..., N)
        Predictions, for example ``(bee, epoch, N)``.
    y : array_like of shape (N,)
        True values.

    Returns
    -------
    numpy.ndarray of shape (...)
        One loss for each leading index.

    Raises
    ------
    ValueError
        If `y` is not 1-D, or its length is not that of the last axis of `ypreds`.
    """
    predicted, true = np.asarray(ypreds), np.asarray(y)
    if true.ndim != 1 or predicted.shape[-1:] != true.shape:
        raise ValueError(
            f"y must have shape (N,) and ypreds (..., N), got {true.shape} and {predicted.shape}"
        )
    return np.mean((predicted - true) ** 2, axis=-1)


def iteration_threshold(
    scores: ArrayLike,
    threshold: float,
    criterion: Criterion = "first",
    direction: Direction = "below",
) -> int | None:
    """Find the iteration at which a score passes a threshold.

    Parameters
    ----------
    scores : array_like of shape (iteration,)
        One score for each iteration. NaN passes no threshold.
    threshold : float
        The value to reach; a score equal to it has reached it.
    criterion : {"first", "always"}, default "first"
        ``"first"``: the first iteration that reaches the threshold.
        ``"always"``: the first from which all later ones reach it too.
    direction : {"below", "above"}, default "below"
        The side of the threshold to reach.

    Returns
    -------
    int or None
        The index of the iteration, or None where there is none.

    Raises
    ------
    ValueError
        If `scores` is not 1-D, or `criterion` or `direction` is none of the above.
    """
    values = np.asarray(scores, dtype=float)
    if values.ndim != 1:
        raise ValueError(f"scores must have shape (iteration,), got {values.shape}")
    if direction not in ("below", "above"):
        raise ValueError(f"direction must be 'below' or 'above', got {direction!r}")
    if criterion not in ("first", "always"):
        raise ValueError(f"criterion must be 'first' or 'always', got {criterion!r}")
    reached = values <= threshold if direction == "below" else values >= threshold
    if criterion == "first":
        hits = np.flatnonzero(reached)
        return int(hits[0]) if hits.size else None
    misses = np.flatnonzero(~reached)
    start = int(misses[-1]) + 1 if misses.size else 0
    return start if start < len(values) else None


def iteration_threshold_ratio(
    scores: ArrayLike,
    ratio: float,
    criterion: Criterion = "first",
    direction: Direction = "below",
    reference_iteration: int = 0,
) -> int | None:
    """Find the iteration at which a score reaches a fraction of an earlier one.

    As `iteration_threshold`, with the threshold
    ``ratio * scores[reference_iteration]``.

    Parameters
    ----------
    scores : array_like of shape (iteration,)
        One score for each iteration.
    ratio : float
        The fraction of the reference score to reach.
    criterion, direction
        See `iteration_threshold`.
    reference_iteration : int, default 0
        The iteration whose score is the reference.

    Returns
    -------
    int or None
        The index of the iteration, or None where there is none.

    Raises
    ------
    ValueError
        As `iteration_threshold`, or if there is no such reference iteration.
    """
    values = np.asarray(scores, dtype=float)
    if values.ndim != 1 or not -len(values) <= reference_iteration < len(values):
        raise ValueError(
            f"reference_iteration {reference_iteration} is not one of scores "
            f"of shape {values.shape}"
        )
    return iteration_threshold(
        values, ratio * float(values[reference_iteration]), criterion, direction
    )
