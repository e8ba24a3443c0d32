"""Scores of swarms, when they pass a threshold, and findings put beside a paper's."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Findings",
    "findings",
    "iteration_threshold",
    "iteration_threshold_ratio",
    "mse_loss",
]

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
    predicted, true = (_real(values) for values in (ypreds, y))
    if true.ndim != 1 or predicted.shape[-1:] != true.shape:
        raise ValueError(
            f"y must have shape (N,) and ypreds (..., N), got {true.shape} and {predicted.shape}"
        )
    return np.mean((predicted - true) ** 2, axis=-1)


def _real(values: ArrayLike) -> NDArray[Any]:
    """Return an array of real numbers; integers, whose differences may wrap around, as floats."""
    array = np.asarray(values)
    return array if np.issubdtype(array.dtype, np.inexact) else array.astype(np.float64)


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
    ``ratio * scores[reference_iteration]``. A fraction of a score means
    something only where scores don't fall below zero, as losses don't.

    Parameters
    ----------
    scores : array_like of shape (iteration,)
        One score for each iteration, none of them negative.
    ratio : float
        The fraction of the reference score to reach.
    criterion, direction
        See `iteration_threshold`.
    reference_iteration : int, default 0
        The iteration whose score is the reference.

    Returns
    -------
    int or None
        As `iteration_threshold`.

    Raises
    ------
    ValueError
        As `iteration_threshold`; if there is no such reference iteration; or
        if a score is negative.
    """
    values = np.asarray(scores, dtype=float)
    if values.ndim != 1 or not -len(values) <= reference_iteration < len(values):
        raise ValueError(
            f"reference_iteration {reference_iteration} is not one of scores "
            f"of shape {values.shape}"
        )
    if (negative := np.flatnonzero(values < 0)).size:
        raise ValueError(
            f"scores must not be negative, got {values[negative[0]]} in iteration {negative[0]}; "
            "name a threshold itself with iteration_threshold"
        )
    return iteration_threshold(
        values, ratio * float(values[reference_iteration]), criterion, direction
    )


@dataclass(frozen=True)
class Findings:
    """What an experiment found, beside what was said before; made by `findings`.

    A page shows it as a table, a terminal as text.

    Attributes
    ----------
    rows : tuple of (str, str, str)
        What was measured, what the paper said, and what we got.
    """

    rows: tuple[tuple[str, str, str], ...]

    def __str__(self) -> str:
        table = self._table()
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in table
        ]
        return "\n".join(lines)

    __repr__ = __str__

    def _table(self) -> list[tuple[str, ...]]:
        """Return the rows below their heads, without the papers' column if none said anything."""
        table: list[tuple[str, ...]] = [("what", "the paper said", "we got"), *self.rows]
        if any(paper for _, paper, _ in self.rows):
            return table
        return [(what, ours) for what, _, ours in table]

    def _repr_html_(self) -> str:
        names, *rows = self._table()
        heads = "".join(f'<th scope="col">{name}</th>' for name in names)
        body = "".join(
            f'<tr><th scope="row">{escape(what)}</th>'
            + "".join(f"<td>{escape(cell) or '–'}</td>" for cell in cells)
            + "</tr>"
            for what, *cells in rows
        )
        return (
            f'<table class="sw-findings"><thead><tr>{heads}</tr></thead>'
            f"<tbody>{body}</tbody></table>"
        )


def findings(*rows: Sequence[object]) -> Findings:
    """Put what an experiment found beside what was said before, and insist that it holds.

    Parameters
    ----------
    *rows : (str, str, str, bool)
        What was measured; what the paper said, or where the expected value comes from,
        or ``""``; what we got; and whether the finding holds.

    Returns
    -------
    Findings
        A table.

    Raises
    ------
    AssertionError
        If a finding does not hold; all of those are named.
    ValueError
        If there is no row, or one is not of four parts.
    TypeError
        If the parts of a row are not three strings and a bool.

    Examples
    --------
    >>> findings(("heads in 10 tosses", "closed form: 5", "6", abs(6 - 5) < 3))
    what                the paper said  we got
    heads in 10 tosses  closed form: 5  6
    """
    if not rows:
        raise ValueError("findings needs at least one row (what, paper, ours, holds), got none")
    for row in rows:
        if isinstance(row, str) or len(row) != 4:
            raise ValueError(f"a finding has four parts (what, paper, ours, holds), got {row!r}")
        *words, holds = row
        if not all(isinstance(word, str) for word in words):
            raise TypeError(f"what, paper and ours of a finding must be strings, got {words!r}")
        if not isinstance(holds, bool | np.bool_):
            raise TypeError(f"whether a finding holds must be a bool, got {holds!r} in {row!r}")
    failed = [
        f"{what}: {paper or 'expected'} / {ours}" for what, paper, ours, ok in rows if not ok
    ]
    if failed:
        raise AssertionError("no longer true, as expected / found: " + "; ".join(failed))
    return Findings(tuple((str(row[0]), str(row[1]), str(row[2])) for row in rows))
