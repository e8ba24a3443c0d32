"""What drawings have in common: epochs to keep, truth, scale of colours, pictures as files."""

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["evenly", "is_log", "said_of_strays", "same_plane", "truth_points", "webp"]

Array = NDArray[Any]


def evenly(count: int, keep: int) -> NDArray[np.intp]:
    """`keep` of `count` indices, evenly spaced, the first and the last among them."""
    return np.unique(np.rint(np.linspace(0, count - 1, min(count, keep))).astype(np.intp))


def is_log(low: float, high: float, log: bool | None, *, name: str, asked: str) -> bool:
    """Decide whether colours follow the logarithm of values between `low` and `high`.

    Parameters
    ----------
    low, high : float
        Ends of the values.
    log : bool or None
        What was asked for; None for a logarithm where all values are positive and
        the highest is more than 30 times the lowest.
    name, asked : str
        What the values are, and how a logarithm was asked for, for the error.

    Raises
    ------
    ValueError
        If a logarithm is asked of values that are not positive.
    """
    if log and low <= 0:
        raise ValueError(
            f"a logarithmic scale needs positive values, but the lowest {name} is {low:.3g}; "
            f"leave out {asked}"
        )
    return low > 0 and high > 30 * low if log is None else log and high > low


def said_of_strays(away: int, bees: int, shown: Mapping[str, tuple[float, float]]) -> str:
    """Say how many of the bees leave the ranges shown along the axes; empty if none does."""
    if not away:
        return ""
    spans = " and ".join(
        f"{name} from {low:.3g} to {high:.3g}" for name, (low, high) in shown.items()
    )
    leave = "leaves" if away == 1 else "leave"
    words = f"{away:,} of {bees:,} bees {leave} the plot, which shows {spans}"
    return words.replace(" -", " −")


def truth_points(truth: Any, x: Array) -> tuple[Array, Array]:
    """Return x and y of the points to learn.

    Parameters
    ----------
    truth : array_like of shape (N,), or tuple of two array_like of shape (M,)
        The true values at `x`, or x and y of points of their own.
    x : ndarray of shape (N,)

    Raises
    ------
    ValueError
        If the shapes do not fit.
    """
    if isinstance(truth, tuple) and len(truth) == 2 and np.ndim(truth[0]) == 1:
        across, up = (np.asarray(values, dtype=float) for values in truth)
    else:
        across, up = np.asarray(x, dtype=float), np.asarray(truth, dtype=float)
    if across.ndim != 1 or across.shape != up.shape:
        raise ValueError(
            f"truth must have the shape of x, {np.shape(x)}, or be (x, y) of points, got shapes "
            f"{across.shape} and {up.shape}"
        )
    return across, up


def same_plane(one: Any, other: Any) -> bool:
    """Tell whether two planes of weights are the same."""
    return one is other or all(
        np.array_equal(getattr(one, part), getattr(other, part)) for part in ("origin", "u", "v")
    )


def webp(pixels: NDArray[np.uint8], width: int | None = None) -> bytes:
    """Return a picture of shape `(H, W, 3 or 4)` as the content of a WebP file.

    With a width, it is at most so many pixels wide.
    """
    from PIL import Image

    image = Image.fromarray(pixels).convert("RGB")
    if width is not None and width < image.width:
        height = max(1, round(image.height * width / image.width))
        image = image.resize((width, height), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    image.save(file, "WEBP", quality=84, method=4)
    return file.getvalue()
