"""What to mind about a surface before it is believed, in words."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from swarm.surface._surface import Paths, Surface

__all__ = ["advise"]

Array = NDArray[np.float64]


def advise(surface: Surface, paths: Paths | Sequence[Paths] = ()) -> tuple[str, ...]:
    """Say what to mind about a surface, and about paths on it, before they are believed.

    Parameters
    ----------
    surface : Surface
    paths : Paths or sequence of Paths, optional
        What is drawn on it.

    Returns
    -------
    tuple of str
        Sentences; none where nothing is amiss. Told are:

        - values that are not finite;
        - a grid coarser than the loss bends: within one step from the lowest
          point it rises by more than a quarter of how deep that lies below the
          median, by `Surface.curvature`, or halfway between points the drawn
          surface is off by more than a tenth of that, by its own bends;
        - a lowest point on the window's edge, beyond which the loss falls on;
        - a loss that is flat over more than half of the window;
        - paths that leave the window;
        - a plane that explains less than half of how a path varies, or shows
          losses that are off by more than a quarter of how much it descends.

    Examples
    --------
    >>> import numpy as np
    >>> from swarm.surface import Plane, Surface
    >>> xs = np.linspace(0, 1, 21)
    >>> slope = Surface(xs, xs, np.add.outer(xs, xs), Plane([0, 0], [1, 0], [0, 1]))
    >>> print(*advise(slope))
    The lowest loss lies on the edge of the window, at (0, 0): it may fall on beyond.
    """
    paths = [paths] if isinstance(paths, Paths) else list(paths)
    told = [
        _not_finite(surface),
        *(_coarse(surface, axis) for axis in (0, 1)),
        _on_edge(surface),
        _flat(surface),
        _outside(surface, paths),
        *(_off_plane(surface, path) for path in paths),
    ]
    return tuple(dict.fromkeys(filter(None, told)))


def _not_finite(surface: Surface) -> str:
    bad = np.count_nonzero(~np.isfinite(surface.values))
    return f"{bad} of {surface.values.size} values are not finite." if bad else ""


def _coarse(surface: Surface, axis: int) -> str:
    """Ask of the x axis (0) or the y axis whether its steps are small enough."""
    grid = (surface.xs, surface.ys)[axis]
    depth = _depth(surface)
    if len(grid) < 3 or not depth > 0:
        return ""
    step = float(np.abs(np.diff(grid)).max())
    bend = surface.curvature[axis] if surface.curvature else 0.0
    rise = bend * step**2 / 2
    label = surface.plane.labels[axis]
    if rise > depth / 4:
        return (
            f"The grid is too coarse along {label}: one step of {step:.2g} from its lowest point "
            f"the {surface.name} rises by about {rise:.2g}, and that lies only {depth:.2g} below "
            f"the median; steps of {_round(step * np.sqrt(depth / 20 / rise))} would show it."
        )
    # Of a straight line between two points, an eighth of what they bend.
    values = np.moveaxis(
        np.where(np.isfinite(surface.values), surface.values, np.nan), 1 - axis, -1
    )
    low = values <= np.nanmedian(values)
    off = np.abs(np.diff(values, n=2, axis=-1))[low[..., 1:-1]] / 8
    worst = float(np.nanmax(off, initial=0.0)) if off.size else 0.0
    if worst <= depth / 10:
        return ""
    return (
        f"The grid is coarse along {label}: between points {step:.2g} apart the drawn "
        f"{surface.name} may be off by {worst:.2g}; steps of "
        f"{_round(step * np.sqrt(depth / 40 / worst))} would do."
    )


def _depth(surface: Surface) -> float:
    finite = surface.values[np.isfinite(surface.values)]
    return float(np.median(finite) - finite.min()) if finite.size else 0.0


def _round(value: float) -> str:
    return f"{float(f'{value:.1g}'):g}"


def _on_edge(surface: Surface) -> str:
    if min(surface.values.shape) < 3 or not np.isfinite(surface.values).any():
        return ""
    if not _depth(surface) > 0:
        return ""
    x, y, _ = surface.minimum()
    inside = surface.xs.min() < x < surface.xs.max() and surface.ys.min() < y < surface.ys.max()
    if inside:
        return ""
    return (
        f"The lowest {surface.name} lies on the edge of the window, at ({x:.3g}, {y:.3g}): it may "
        "fall on beyond."
    )


def _flat(surface: Surface) -> str:
    finite = surface.values[np.isfinite(surface.values)]
    if not finite.size:
        return ""
    low, high = float(finite.min()), float(finite.max())
    plateau = float(np.median(finite))
    share = float(np.mean(np.abs(finite - plateau) <= 0.01 * (high - low)))
    if high == low:
        return f"The {surface.name} is the same all over the window, {low:.4g}."
    if share <= 0.5 or plateau - low < 0.5 * (high - low):
        return ""
    return (
        f"The {surface.name} saturates: over {share:.0%} of the window it is within 1 % of "
        f"{plateau:.3g}; a smaller window shows more."
    )


def _outside(surface: Surface, paths: Sequence[Paths]) -> str:
    points = [path.coordinates.reshape(-1, 2) for path in paths]
    if not points:
        return ""
    x, y = np.concatenate(points).T
    inside = (x >= surface.xs.min()) & (x <= surface.xs.max())
    inside &= (y >= surface.ys.min()) & (y <= surface.ys.max())
    # A hair's breadth is no leaving.
    away = 1 - float(np.mean(inside))
    if away <= 0.01:
        return ""
    return (
        f"The window leaves out {away:.0%} of the points of the paths; Plane.window makes one "
        "that holds them."
    )


def _off_plane(surface: Surface, path: Paths) -> str:
    if path.losses.shape[1] < 2:
        return ""
    fall = float(np.nanmedian(path.losses[:, 0] - np.nanmin(path.losses, axis=1)))
    if path.explained < 0.5:
        return (
            f"The plane explains only {path.explained:.0%} of how the path varies: most of its "
            "way is not seen here."
        )
    if 0 < fall < 4 * path.gap:
        return (
            f"On the plane the {surface.name} is off by up to {path.gap:.2g} from the path's own, "
            f"which falls by {fall:.2g} in all."
        )
    return ""
