"""The bins that plotly counts numbers in."""

from typing import Any

import numpy as np

from swarm.figures._still.read import Array


def bin_edges(values: Array, bins: Any, most: int | None, *, plane: bool = False) -> Array:
    """Return the edges of bins for finite numbers; `plane` tells that they are cells.

    `bins` may name a size, a start and an end, `most` how many there may be. Else bins are
    2 σ / n^0.4 wide (n^0.25 for cells), and no less than the values are apart, rounded up to
    1, 2 or 5 of a decade; edges are kept away from values, as plotly.js does.
    """
    if not len(values):
        return np.array([0.0, 1.0])
    low, high = float(values.min()), float(values.max())
    step = float(bins.size or 0) or _step(values, low, high, most, plane)
    if bins.size and bins.start is not None:
        start = float(bins.start)
    else:
        start = np.floor(low / step) * step
        start = _shifted(start - step if start == low else start, values, step, low, high)
        start = start if bins.start is None else float(bins.start)
    end = start + step * (1 + np.floor((high - start) / step))
    if bins.end is not None:
        end = start + step * np.ceil((float(bins.end) - start) / step - 1e-9)
    return np.asarray(start + step * np.arange(max(round((end - start) / step), 1) + 1))


def round_up(rough: float) -> float:
    """Return the next 2, 5 or 10 of a decade above a number."""
    base = 10 ** np.floor(np.log10(rough))
    return float(base * next((n for n in (2, 5) if rough / base < n), 10))


def _step(values: Array, low: float, high: float, most: int | None, plane: bool) -> float:
    if most:
        return round_up((high - low) / most or 1.0)
    apart = np.diff(np.unique(values))
    least = float(apart.min()) if len(apart) else 1.0
    base = 10 ** np.floor(np.log10(least))
    least = base * max([n for n in (0.9, 1.9, 4.9, 9.9) if n <= least / base], default=0.9)
    spread = 2 * float(np.std(values)) / len(values) ** (0.25 if plane else 0.4)
    return round_up(max(least, spread))


def _shifted(start: float, values: Array, step: float, low: float, high: float) -> float:
    """Move the first edge by half a step where many values would be on one."""

    def near(at: Any) -> Any:
        return (1 + (at - start) * 100 / step) % 100 < 2

    if (values % 1 == 0).all():
        if step < 1:
            return low - 0.5 * step
        start -= 0.5
        return start + step if start + step < low else start
    if near(values + step / 2).sum() < 0.1 * len(values) and (
        near(values).sum() > 0.3 * len(values) or near(low) or near(high)
    ):
        start += step / 2 if start + step / 2 < low else -step / 2
    return start
