"""The shapes that plotly gives to lines between points."""

from collections.abc import Iterator

import numpy as np

from swarm.figures._still.read import Array


def segments(*values: Array) -> Iterator[tuple[Array, ...]]:
    """Yield the stretches of points without a gap."""
    known: Array = np.asarray(np.isfinite(values).all(axis=0))
    starts = np.flatnonzero(np.diff(np.concatenate([[False], known]).astype(int)) == 1)
    for start in starts:
        rest = np.flatnonzero(~known[start:])
        end = start + rest[0] if len(rest) else len(known)
        yield tuple(part[start:end] for part in values)


def shaped(
    x: Array, y: Array, shape: str | None, smoothing: float | None, scale: tuple[float, float]
) -> tuple[Array, Array]:
    """Return a line through points, with its gaps, in a shape of plotly's.

    `scale` tells how long a unit of each axis is: splines are round on the page.
    """
    if shape in (None, "linear") or len(x) < 2:
        return x, y
    if shape == "spline":
        turn = _spline
        parts = [
            turn(a, b, 1.0 if smoothing is None else smoothing, scale) for a, b in _runs(x, y)
        ]
    else:
        parts = [_STEPS[shape](a, b) for a, b in _runs(x, y)]
    joined = [np.concatenate([part, [[np.nan], [np.nan]]], axis=1) for part in parts]
    if not joined:
        return x, y
    line = np.concatenate(joined, axis=1)[:, :-1]
    return line[0], line[1]


def _runs(x: Array, y: Array) -> Iterator[tuple[Array, Array]]:
    for part in segments(x, y):
        yield part[0], part[1]


def _across_first(x: Array, y: Array) -> Array:
    return np.stack([np.repeat(x, 2)[1:], np.repeat(y, 2)[:-1]])


def _up_first(x: Array, y: Array) -> Array:
    return np.stack([np.repeat(x, 2)[:-1], np.repeat(y, 2)[1:]])


def _across_half(x: Array, y: Array) -> Array:
    middle = np.repeat((x[1:] + x[:-1]) / 2, 2)
    return np.stack([np.concatenate([x[:1], middle, x[-1:]]), np.repeat(y, 2)])


def _up_half(x: Array, y: Array) -> Array:
    return _across_half(y, x)[::-1]


_STEPS = {"hv": _across_first, "vh": _up_first, "hvh": _across_half, "vhv": _up_half}


def _spline(x: Array, y: Array, smoothing: float, scale: tuple[float, float]) -> Array:
    """Return a centripetal Catmull-Rom spline, whose ends are parabolas as plotly's are."""
    points = np.stack([x * scale[0], y * scale[1]], axis=1)  # (point, 2)
    if len(points) < 3 or smoothing == 0:
        return np.stack([x, y])
    before, here, after = points[:-2], points[1:-1], points[2:]
    to_before, to_after = before - here, after - here
    one, two = (np.sqrt(np.linalg.norm(d, axis=1))[:, None] for d in (to_before, to_after))
    bend = (two**2 * to_before - one**2 * to_after) * smoothing
    with np.errstate(divide="ignore", invalid="ignore"):
        enter = here + np.nan_to_num(bend / (3 * two * (one + two)), posinf=0, neginf=0)
        leave = here - np.nan_to_num(bend / (3 * one * (one + two)), posinf=0, neginf=0)
    t = np.linspace(0, 1, 17)[:, None]
    line = [_parabola(points[0], enter[0], points[1], t)]
    for i in range(1, len(points) - 2):
        a, b, c, d = points[i], leave[i - 1], enter[i], points[i + 1]
        line.append(
            (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t**2 * c + t**3 * d
        )
    line.append(_parabola(points[-2], leave[-1], points[-1], t))
    found: Array = np.concatenate([line[0], *(part[1:] for part in line[1:])]) / scale
    return found.T


def _parabola(a: Array, b: Array, c: Array, t: Array) -> Array:
    found: Array = (1 - t) ** 2 * a + 2 * (1 - t) * t * b + t**2 * c
    return found
