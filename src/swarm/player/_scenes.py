"""What each kind of player records of one swarm, or of the swarms of several settings.

Every function takes the arrays of each setting, checks them, and puts their bees one after
the other; ranges are those of all settings, so that these can be compared.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.interpolate import RegularGridInterpolator

from swarm._drawing import evenly, is_log, said_of_strays, same_plane, truth_points
from swarm._limits import robust_limits
from swarm.player._checks import Array, Range, as_array, as_axis, as_limits, as_losses, known
from swarm.player._pack import pack
from swarm.player._record import LOG, Content, Scale, Track
from swarm.surface import Paths, Surface

__all__ = ["KINDS", "Swarm", "curves", "descent", "image", "scatter"]

Swarm = Mapping[str, Any]
"""What a kind of player shows of one swarm, by name; what is None was not given."""

_BINS = 64
_BANDS = 14  # contour bands of a loss map
_LARGEST_GRID = 201  # rows or columns of a loss map
_MOST_DOTS = 400  # of a true curve
_MARGIN = 0.04


def curves(
    swarms: Sequence[Swarm],
    *,
    values_label: str = "value",
    xlabel: str = "x",
    ylabel: str = "y",
    ylim: tuple[float, float] | None = None,
    **of_loss: Any,
) -> tuple[Content, str]:
    """Record curves; return them, and what they are in words."""
    xs, data, truths, losses = zip(*(_curve(swarm) for swarm in swarms), strict=True)
    x, truth = _shared("x", xs), _shared("truth", truths)
    curve = _joined("data", data)
    dots = np.array([]) if truth is None else truth[1]
    shown = robust_limits(curve, keep=dots, margin=_MARGIN)
    shown = shown if ylim is None else as_limits("ylim", ylim)
    tracks = {"ypred": Track(curve, shown, steps=2048, smooth=True)}
    scene: dict[str, Any] = {
        "kind": "curves",
        "xlabel": xlabel,
        "ylabel": ylabel,
        "view": {"x": [float(x[0]), float(x[-1])], "y": list(shown)},
        "truthX": None if truth is None else truth[0],
        "truth": None if truth is None else truth[1],
        "values": None,
        "cut": _cut([curve], [shown], [ylabel]),
    }
    told = f"{len(data[0])} curves of {ylabel} over {xlabel}"
    if truth is not None:
        told += ", with the true curve as dots"
    if any(swarm["values"] is not None for swarm in swarms):
        quantity = _joined("values", [_values(*pair) for pair in zip(swarms, data, strict=True)])
        extent = robust_limits(quantity, margin=_MARGIN)
        tracks["values"] = Track(quantity, extent, steps=512)
        scene["values"] = {"label": values_label, "range": list(extent), "bins": _BINS}
        told += f", and below them a histogram of {values_label}"
    fewest = (48, 60, 48) if len(swarms) == 1 else (32, 10, 32)
    content = Content(
        scene, tracks, fewest, {"x": x}, settings=len(swarms), loss=_joined_loss(losses), **of_loss
    )
    return content, told


def _curve(swarm: Swarm) -> tuple[Array, Array, tuple[Array, Array] | None, Array | None]:
    """Return x in ascending order, the curves, the truth and the final losses of one swarm."""
    curve = as_array("data", swarm["data"], ("bee", "epoch", "N"))
    x = as_array("x", swarm["x"], ("N",))
    if len(x) != curve.shape[2] or not np.isfinite(x).all():
        raise ValueError(
            f"x must have one finite number for each of the {curve.shape[2]} points of data, "
            f"got shape {x.shape}" + ("" if np.isfinite(x).all() else " with NaN or infinity")
        )
    if len(x) < 2 or x.min() == x.max():
        raise ValueError("x must have at least two different points to draw a curve over")
    order = np.argsort(x, kind="stable")
    loss, truth = swarm["loss"], swarm["truth"]
    if truth is not None:
        across, up = truth_points(truth, x)
        at_x = np.array_equal(across, x)
        along = np.argsort(across, kind="stable")
        across, up = across[along], known(up[along])
        if loss is None and at_x:
            loss = np.mean((curve[:, -1, order] - up) ** 2, axis=-1)  # (bee,)
        few = evenly(len(across), _MOST_DOTS)
        truth = across[few], up[few]
    final = None if loss is None else as_losses(loss, *curve.shape[:2])
    if (np.diff(order) != 1).any():  # a large copy, for nothing where it is in order
        x, curve = x[order], curve[:, :, order]
    return x, curve, truth, final


def _values(swarm: Swarm, curve: Array) -> Array:
    """Return the quantities of one swarm, (bee, epoch, M)."""
    if swarm["values"] is None:
        raise ValueError("values must be given for all settings, or for none")
    quantity = np.asarray(swarm["values"], float)
    quantity = quantity[..., None] if quantity.ndim == 2 else quantity
    quantity = as_array("values", quantity, ("bee", "epoch", "M"))
    if quantity.shape[:2] != curve.shape[:2]:
        raise ValueError(
            f"values must have the bees and epochs of data, {curve.shape[:2]}, "
            f"got {quantity.shape[:2]}"
        )
    return quantity


def descent(
    swarms: Sequence[Swarm],
    *,
    xlabel: str | None = None,
    ylabel: str | None = None,
    surface_scale: Scale = "auto",
    **of_loss: Any,
) -> tuple[Content, str]:
    """Record bees on a loss map; return them, and what they are in words."""
    surface = swarms[0]["surface"]
    labels = (
        surface.plane.labels if isinstance(surface, Surface) else ("first weight", "second weight")
    )
    xlabel, ylabel = xlabel or labels[0], ylabel or labels[1]
    xs, ys, grid = _ground(surface)
    parts = []
    for swarm in swarms:
        others = _ground(swarm["surface"])
        if swarm["surface"] is not surface and not all(
            map(np.array_equal, others, (xs, ys, grid))
        ):
            raise ValueError("surface must be the same in all settings")
        parts.append(_positions(swarm, surface))
    positions = _joined("paths", [places for places, _ in parts])
    log = _has_log_heights(grid, surface_scale)
    xs, ys, grid = _resampled(xs, ys, grid)
    heights = np.log10(grid) if log else grid
    low, high = float(np.nanmin(heights)), float(np.nanmax(heights))
    low, high = (low, high) if low < high else (low - 0.5, high + 0.5)
    ends = {"x": [float(xs[0]), float(xs[-1])], "y": [float(ys[0]), float(ys[-1])]}
    scene: dict[str, Any] = {
        "kind": "descent",
        "xlabel": xlabel,
        "ylabel": ylabel,
        "view": ends,
        "surface": {
            "xs": ends["x"],
            "ys": ends["y"],
            "range": [low, high],
            "scale": "log" if log else "linear",
            "bands": _BANDS,
        },
    }
    shown = (min(ends["x"][0], ends["y"][0]), max(ends["x"][1], ends["y"][1]))
    content = Content(
        scene,
        {"positions": Track(positions, shown, steps=4096, thins=0)},
        (48, 60, 2) if len(swarms) == 1 else (32, 10, 2),
        ground=pack(heights[None], (low, high), steps=4096, smooth=True),
        settings=len(swarms),
        loss=_joined_loss([final for _, final in parts]),
        **of_loss,
    )
    told = (
        f"A map of the loss over {xlabel} and {ylabel}, and on it the positions and trails of "
        f"{len(parts[0][0])} bees"
    )
    return content, told


def _has_log_heights(grid: Array, scale: Scale) -> bool:
    """Decide whether the map's colours are logarithmic."""
    if scale not in LOG:
        raise ValueError(f"surface_scale must be 'auto', 'linear' or 'log', got {scale!r}")
    return is_log(
        float(np.nanmin(grid)),
        float(np.nanmax(grid)),
        LOG[scale],
        name="loss of the surface",
        asked=f"surface_scale={scale!r}",
    )


def _ground(surface: Any) -> tuple[Array, Array, Array]:
    """Return a surface's axes and its values (Y, X)."""
    if isinstance(surface, Surface):
        surface = surface.xs, surface.ys, surface.values
    if not isinstance(surface, Sequence) or len(surface) != 3:
        raise TypeError(
            "surface must be a swarm.surface.Surface or (xs, ys, values) of one, got "
            f"{type(surface).__name__}"
        )
    xs, ys = as_axis("xs of the surface", surface[0]), as_axis("ys of the surface", surface[1])
    grid = as_array("values of the surface", surface[2], ("Y", "X"))
    if grid.shape != (len(ys), len(xs)):
        hint = "; it is transposed: rows must be y" if grid.T.shape == (len(ys), len(xs)) else ""
        raise ValueError(
            f"values of the surface must have shape (Y, X) = {(len(ys), len(xs))}, got "
            f"{grid.shape}{hint}"
        )
    return xs, ys, grid


def _resampled(xs: Array, ys: Array, grid: Array) -> tuple[Array, Array, Array]:
    """Return a grid that is no larger than a screen can show."""
    if max(grid.shape) <= _LARGEST_GRID:
        return xs, ys, grid
    between = RegularGridInterpolator((ys, xs), grid)
    xs = np.linspace(xs[0], xs[-1], min(len(xs), _LARGEST_GRID))
    ys = np.linspace(ys[0], ys[-1], min(len(ys), _LARGEST_GRID))
    return xs, ys, between(tuple(np.meshgrid(ys, xs, indexing="ij")))


def _positions(swarm: Swarm, surface: Any) -> tuple[Array, Array | None]:
    """Return where one swarm's bees are, (bee, epoch, 2), and their final losses."""
    paths, loss = swarm["paths"], swarm["loss"]
    if isinstance(paths, Paths):
        if isinstance(surface, Surface) and not same_plane(paths.plane, surface.plane):
            raise ValueError(
                "paths were projected onto another plane than the surface's; pass the same plane "
                "to loss_surface and loss_paths"
            )
        loss = paths.losses if loss is None else loss
        paths = paths.coordinates
    places = as_array("paths", paths, ("bee", "epoch", "2"))
    if places.shape[2] != 2:
        raise ValueError(f"paths must have shape (bee, epoch, 2), got {places.shape}")
    return places, None if loss is None else as_losses(loss, *places.shape[:2])


def scatter(
    swarms: Sequence[Swarm],
    *,
    xlabel: str = "x",
    ylabel: str = "y",
    limits: tuple[float, float] | None = None,
    rays: bool = False,
    bee: int | None = None,
    **of_loss: Any,
) -> tuple[Content, str]:
    """Record points; return them, and what they are in words."""
    clouds, losses = [], []
    for swarm in swarms:
        cloud = np.asarray(swarm["points"], dtype=float)
        cloud = cloud[:, :, None] if cloud.ndim == 3 else cloud
        cloud = as_array("points", cloud, ("bee", "epoch", "M", "2"))
        if cloud.shape[3] != 2:
            raise ValueError(f"points must have shape (bee, epoch, M, 2), got {cloud.shape}")
        clouds.append(cloud)
        loss = swarm["loss"]
        losses.append(None if loss is None else as_losses(loss, *cloud.shape[:2]))
    points = _joined("points", clouds, whole=True)
    bees = len(clouds[0])
    spans = [
        robust_limits(points[..., axis], keep=[0.0] if rays else [], margin=_MARGIN)
        if limits is None
        else as_limits("limits", limits)
        for axis in (0, 1)
    ]
    shown = (min(low for low, _ in spans), max(high for _, high in spans))
    scene: dict[str, Any] = {
        "kind": "scatter",
        "xlabel": xlabel,
        "ylabel": ylabel,
        "view": {"x": list(spans[0]), "y": list(spans[1])},
        "rays": rays,
        "bee": _first_bee(bee, bees),
        "names": None,
        "labels": None,
        "cut": _cut([points[..., 0], points[..., 1]], spans, [xlabel, ylabel]),
    }
    by_point = {}
    labels = _shared("labels", [swarm["labels"] for swarm in swarms])
    if labels is not None:
        by_point["labels"], scene["names"] = _kinds(labels, points.shape[2])
    content = Content(
        scene,
        {"points": Track(points, shown, steps=2048)},
        (48, 30, 48) if len(swarms) == 1 else (32, 8, 32),
        by_point,
        settings=len(swarms),
        loss=_joined_loss(losses),
        **of_loss,
    )
    each = "a point" if points.shape[2] == 1 else f"{points.shape[2]} points"
    return content, f"{xlabel} and {ylabel} of {each} for each of {bees} bees"


def _kinds(labels: Any, count: int) -> tuple[Array, list[str]]:
    """Return the number of each point's kind, and what the kinds are called."""
    names, numbers = np.unique(np.asarray(labels), return_inverse=True)
    if numbers.shape != (count,):
        raise ValueError(
            f"labels must have one entry for each of {count} points, got shape {np.shape(labels)}"
        )
    if len(names) > 10:
        raise ValueError(f"labels must be of at most ten kinds, got {len(names)}")
    return numbers, [str(name) for name in names]


def image(
    swarms: Sequence[Swarm],
    *,
    xlabel: str = "x",
    ylabel: str = "y",
    label: str = "value",
    extent: tuple[float, float, float, float] | None = None,
    limits: tuple[float, float] | None = None,
    bee: int | None = None,
    **of_loss: Any,
) -> tuple[Content, str]:
    """Record pictures; return them, and what they are in words."""
    stacks, losses = [], []
    for swarm in swarms:
        stacks.append(as_array("images", swarm["images"], ("bee", "epoch", "row", "column")))
        loss = swarm["loss"]
        losses.append(None if loss is None else as_losses(loss, *stacks[-1].shape[:2]))
    images = _joined("images", stacks, whole=True)
    bees, _, rows, columns = stacks[0].shape
    shown = robust_limits(images, margin=0.0) if limits is None else as_limits("limits", limits)
    left, right, bottom, top = extent or (-0.5, columns - 0.5, -0.5, rows - 0.5)
    x, y = as_limits("extent", (left, right)), as_limits("extent", (bottom, top))
    scene: dict[str, Any] = {
        "kind": "image",
        "xlabel": xlabel,
        "ylabel": ylabel,
        "label": label,
        "range": list(shown),
        "view": {"x": list(x), "y": list(y)},
        "bee": _first_bee(bee, bees),
        "dots": _dots(swarms),
    }
    content = Content(
        scene,
        {"images": Track(images, shown, steps=255, smooth=True, thins=2)},
        (32, 4, 24) if len(swarms) == 1 else (24, 2, 20),
        thinned="rows, and as large a share of the columns",
        settings=len(swarms),
        loss=_joined_loss(losses),
        **of_loss,
    )
    whose = f"the mean of {bees} bees" if bee is None else f"bee {bee} of {bees}"
    return content, f"A picture of the {label} over {xlabel} and {ylabel}: {whose}"


def _dots(swarms: Sequence[Swarm]) -> dict[str, Any] | None:
    """Return the places and the values of points on a picture, ready for JSON."""
    points = _shared("points", [swarm["points"] for swarm in swarms])
    targets = _shared("targets", [swarm["targets"] for swarm in swarms])
    if points is None:
        return None
    places = as_array("points", points, ("M", "2"))
    if places.shape[1] != 2 or not np.isfinite(places).all():
        raise ValueError(f"points must be finite, of shape (M, 2), got {places.shape}")
    values = None if targets is None else as_array("targets", targets, ("M",))
    if values is not None and (len(values) != len(places) or np.isnan(values).any()):
        raise ValueError(
            f"targets must have one finite value for each of {len(places)} points, got shape "
            f"{values.shape}"
        )
    few = evenly(len(places), _MOST_DOTS)
    return {
        "at": places[few].round(6).tolist(),
        "values": None if values is None else values[few].round(6).tolist(),
    }


def _first_bee(bee: int | None, bees: int) -> int | None:
    if bee is not None and not 0 <= bee < bees:
        raise ValueError(f"bee must be one of 0 to {bees - 1}, or None for all, got {bee}")
    return bee


def _joined(name: str, parts: Sequence[Array], whole: bool = False) -> Array:
    """Put the bees of all settings one after the other; fewer points than others end in NaN."""
    first = parts[0].shape
    for part in parts:
        same = part.shape == first if whole or name == "data" else part.shape[:2] == first[:2]
        if not same:
            raise ValueError(
                f"{name} must have as many bees, epochs and points in all settings, got shapes "
                f"{first} and {part.shape}"
            )
    if all(part.shape == first for part in parts):
        return parts[0] if len(parts) == 1 else np.concatenate(parts)
    most = max(part.shape[2] for part in parts)
    room = [(0, 0)] * (len(first) - 3)
    wide = [(0, 0), (0, 0)]
    return np.concatenate(
        [
            np.pad(part, [*wide, (0, most - part.shape[2]), *room], constant_values=np.nan)
            for part in parts
        ]
    )


def _joined_loss(losses: Sequence[Array | None]) -> Array | None:
    """Put the losses of all settings one after the other; None if one has none."""
    parts = [loss for loss in losses if loss is not None]
    return np.concatenate(parts) if len(parts) == len(losses) else None


def _shared(name: str, values: Sequence[Any]) -> Any:
    """Return what all settings have in common."""
    for value in values:
        one, other = np.asarray(value), np.asarray(values[0])
        if not np.array_equal(one, other, equal_nan=one.dtype.kind == other.dtype.kind == "f"):
            raise ValueError(f"{name} must be the same in all settings")
    return values[0]


def _cut(values: Sequence[Array], shown: Sequence[Range], names: Sequence[str]) -> str:
    """Say how many bees leave what is shown along which axes; empty if none does."""
    away = np.zeros(len(values[0]), bool)
    for axis, (low, high) in zip(values, shown, strict=True):
        away |= ((axis < low) | (axis > high)).reshape(len(axis), -1).any(axis=1)
    words = said_of_strays(away.sum(), len(away), dict(zip(names, shown, strict=True)))
    return f"{words}." if words else ""


KINDS: dict[str, tuple[Callable[..., tuple[Content, str]], tuple[str, ...]]] = {
    "curves": (curves, ("x", "data", "truth", "loss", "values")),
    "descent": (descent, ("surface", "paths", "loss")),
    "scatter": (scatter, ("points", "labels", "loss")),
    "image": (image, ("images", "points", "targets", "loss")),
}
"""What records each kind of player, and the arrays of a swarm that it takes."""
