"""The loss at weights: on a grid of a plane, along a line, along paths, anywhere."""

import warnings
from collections.abc import Mapping
from typing import Any, overload

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from swarm.surface._batches import Batch, Loss, as_batches
from swarm.surface._evaluate import Evaluator
from swarm.surface._planes import Plane, plain_array
from swarm.surface._points import Grid, Index, Layout, Listed, Source
from swarm.surface._surface import Paths, Surface

__all__ = ["as_axis", "loss_at", "loss_line", "loss_paths", "loss_surface", "warned"]

Array = NDArray[np.float64]

ADVISED = 400
"""From so many grid points on, a surface's curvature is measured at its lowest point."""


@overload
def loss_surface(
    net: nn.Module,
    loss: Loss,
    inputs: Any,
    targets: Any,
    plane: Plane,
    xs: ArrayLike,
    ys: ArrayLike,
    *,
    name: str = ...,
    chunk: int | None = ...,
    n_jobs: int | None = ...,
) -> Surface: ...
@overload
def loss_surface(
    net: nn.Module,
    loss: Mapping[str, Loss],
    inputs: Any,
    targets: Any,
    plane: Plane,
    xs: ArrayLike,
    ys: ArrayLike,
    *,
    name: str = ...,
    chunk: int | None = ...,
    n_jobs: int | None = ...,
) -> dict[str, Surface]: ...
def loss_surface(
    net: nn.Module,
    loss: Loss | Mapping[str, Loss],
    inputs: Any,
    targets: Any,
    plane: Plane,
    xs: ArrayLike,
    ys: ArrayLike,
    *,
    name: str = "loss",
    chunk: int | None = None,
    n_jobs: int | None = None,
) -> Surface | dict[str, Surface]:
    """Evaluate a network's loss at every point of a grid on a plane.

    Parameters
    ----------
    net : torch.nn.Module
        The network, which stays as it is. Its mode counts: call ``net.eval()``
        for BatchNorm to use its running statistics.
    loss : callable, or mapping of str to callable
        A function of (outputs, targets) that gives the mean over the samples,
        or one value for each, or a sum over them. It may read the network's
        weights, as a penalty on them does. A mapping of several, for
        example of loss and accuracy, is evaluated in one pass and gives one
        surface each.
    inputs : torch.Tensor, tuple or mapping of them, or iterable of batches
        What the network is called with: a tensor, a tuple of positional or a
        mapping of named arguments. Or, with `targets` None, an iterable of
        (inputs, targets) such as a `torch.utils.data.DataLoader`, which is
        read once; the loss is then that of all its samples, whatever its
        batches (see Notes).
    targets : torch.Tensor or None
        What the loss compares the outputs with.
    plane : Plane
    xs : array_like of float, shape (X,)
        Coordinates along the plane's first direction.
    ys : array_like of float, shape (Y,)
        Coordinates along its second direction.
    name : str, default "loss"
        What to call the values; a mapping's keys are used instead.
    chunk : int, optional
        The most grid points to evaluate at once; 1 evaluates one after
        another. By default as many as are quick, with intermediates of about
        1 MiB (256 MiB on a GPU) and weights of 8 MiB, whatever the grid.
    n_jobs : int, optional
        Number of workers, as in joblib; None is 1 unless a
        `joblib.parallel_config` says otherwise.

    Returns
    -------
    Surface, or dict of str to Surface
        Its values have the shape (Y, X).

    Warns
    -----
    RuntimeWarning
        If losses are not finite; they are kept as they are. If a loss depends
        on how the samples are parted into batches.

    Raises
    ------
    ValueError
        If the plane belongs to another network, a coordinate is not finite,
        there are no samples, a parameter is no real number, or the loss is
        noise: it draws random numbers, or remembers earlier calls.
    TypeError
        If `targets` is missing, or `loss` cannot be called.

    Notes
    -----
    A plane that varies each parameter along one axis at most (two weights of
    different layers) is evaluated layer by layer: what depends on x alone is
    computed once for each column. Any other is evaluated at many points at
    once where points spread over the grid, evaluated one by one as well, show
    that this gives the same and is faster; which way is taken changes results
    by rounding alone.

    Over batches, a loss that ends in a mean or a sum (`Tensor.mean`,
    `Tensor.sum`, or a function of `torch.nn.functional` such as
    ``cross_entropy``) is made out of them by what it is a mean over: values,
    weights of classes, targets that are not ignored. Any other is taken for a
    mean over samples, and compared with its value for the first and the last
    batch together at one point. Samples lie along the first axis, or along the
    second where the network has a recurrent layer or attention with
    ``batch_first=False``.
    """
    metrics = _metrics(loss, name)
    xs, ys = as_axis(xs, "xs"), as_axis(ys, "ys")
    evaluator = Evaluator(net, metrics, chunk)
    if len(plane) != evaluator.layout.size:
        raise ValueError(
            f"the plane lies among {len(plane)} weights, but {type(net).__name__} has "
            f"{evaluator.layout.size}; make the plane for this network"
        )
    layout = evaluator.layout
    source = _on_plane(layout, plane, xs, ys)
    values = evaluator.run(source, as_batches(inputs, targets, layout.device, net), n_jobs)
    values = values.reshape(len(metrics), len(ys), len(xs))
    bends: list[tuple[float, float] | None] = [None] * len(metrics)
    # Batches may be readable only once; and few points need no advice.
    if targets is not None and values[0].size >= ADVISED:
        (batch,) = as_batches(inputs, targets, layout.device, net)
        bends = [
            _bends(evaluator, batch, plane, xs, ys, value, i) for i, value in enumerate(values)
        ]
    surfaces = {
        key: Surface(xs, ys, warned(value, key), plane, key, bend)
        for key, value, bend in zip(metrics, values, bends, strict=True)
    }
    return surfaces if isinstance(loss, Mapping) else surfaces[name]


def loss_at(
    net: nn.Module,
    loss: Loss,
    inputs: Any,
    targets: Any,
    weights: ArrayLike,
    *,
    chunk: int | None = None,
    n_jobs: int | None = None,
) -> Array:
    """Evaluate a network's loss at any weights.

    Parameters
    ----------
    net, loss, inputs, targets, chunk, n_jobs
        As for `loss_surface`.
    weights : array_like of float, shape (…, P)
        In the order of `torch.nn.utils.parameters_to_vector`.

    Returns
    -------
    numpy.ndarray of float, shape (…)
        NaN where the weights are not finite.
    """
    points = plain_array(weights)
    evaluator = Evaluator(net, _metrics(loss, "loss"), chunk)
    layout = evaluator.layout
    if points.ndim < 1 or points.shape[-1] != layout.size:
        raise ValueError(
            f"{type(net).__name__} has {layout.size} weights, got an array of shape "
            f"{points.shape}; its last axis must hold all of them"
        )
    flat = points.reshape(-1, layout.size)
    source = Listed(lambda cols: layout.tensor(flat[cols]), len(flat), layout)
    values = evaluator.run(source, as_batches(inputs, targets, layout.device, net), n_jobs)
    return values.reshape(points.shape[:-1])


def loss_line(
    net: nn.Module,
    loss: Loss,
    inputs: Any,
    targets: Any,
    start: ArrayLike,
    end: ArrayLike,
    ts: ArrayLike,
    *,
    chunk: int | None = None,
    n_jobs: int | None = None,
) -> Array:
    """Evaluate the loss along the straight line between two sets of weights.

    Parameters
    ----------
    net, loss, inputs, targets, chunk, n_jobs
        As for `loss_surface`.
    start, end : array_like of float, shape (P,)
        The weights at t = 0 and at t = 1.
    ts : array_like of float, shape (T,)
        How far along; may go beyond 0 and 1.

    Returns
    -------
    numpy.ndarray of float, shape (T,)

    Notes
    -----
    Goodfellow, Vinyals, Saxe, "Qualitatively characterizing neural network
    optimization problems", ICLR 2015, arXiv:1412.6544.
    """
    t = as_axis(ts, "ts")[:, None]
    a, b = plain_array(start).astype(np.float64), plain_array(end).astype(np.float64)
    if a.ndim != 1 or a.shape != b.shape:
        raise ValueError(
            f"start and end must be flat and equally long, got shapes {a.shape} and {b.shape}"
        )
    values = loss_at(net, loss, inputs, targets, (1 - t) * a + t * b, chunk=chunk, n_jobs=n_jobs)
    return warned(values, "loss")


def loss_paths(
    net: nn.Module,
    loss: Loss,
    inputs: Any,
    targets: Any,
    plane: Plane,
    weights: ArrayLike,
    *,
    chunk: int | None = None,
    n_jobs: int | None = None,
) -> Paths:
    """See the ways of one or many networks on a plane, with their true losses.

    Parameters
    ----------
    net, loss, inputs, targets, chunk, n_jobs
        As for `loss_surface`; `inputs` must be readable twice.
    plane : Plane
    weights : array_like of float, shape (epoch, P) or (bee, epoch, P)
        What a bee that yields ``parameters_to_vector(net.parameters())``
        records.

    Returns
    -------
    Paths
        With a bee axis also for a single run.
    """
    points = plain_array(weights)
    if points.ndim not in (2, 3):
        raise ValueError(
            f"weights must have the shape (epoch, P) or (bee, epoch, P), got {points.shape}"
        )
    points = points if points.ndim == 3 else points[None]
    nearest = plane.project(points)
    projected = plane.point(nearest[..., 0], nearest[..., 1])
    # Both kinds of point in one pass over the data: (2, bee, epoch, P) -> (2, bee, epoch).
    losses, on_plane = loss_at(
        net, loss, inputs, targets, np.stack([points, projected]), chunk=chunk, n_jobs=n_jobs
    )
    return Paths(
        coordinates=nearest,
        losses=warned(losses, "loss"),
        on_plane=on_plane,
        residuals=plane.residual(points),
        plane=plane,
        explained=plane.explained_variance(points),
    )


def _metrics(loss: Loss | Mapping[str, Loss], name: str) -> dict[str, Loss]:
    metrics = dict(loss) if isinstance(loss, Mapping) else {name: loss}
    if not metrics:
        raise ValueError("loss is an empty mapping; name at least one function")
    for key, metric in metrics.items():
        if not callable(metric):
            raise TypeError(
                f"{key!r} must be a function of (outputs, targets), got {type(metric).__name__}"
            )
    return metrics


def as_axis(values: ArrayLike, name: str) -> Array:
    axis = np.asarray(values, dtype=np.float64)
    if axis.ndim != 1 or not axis.size or not np.isfinite(axis).all():
        raise ValueError(
            f"{name} must be a 1-D array of finite numbers, got shape {axis.shape}"
            + ("" if np.isfinite(axis).all() else " with values that are not finite")
        )
    return axis


def _bends(
    evaluator: Evaluator,
    batch: Batch,
    plane: Plane,
    xs: Array,
    ys: Array,
    values: Array,
    metric: int,
) -> tuple[float, float] | None:
    """Measure the second derivatives along both axes, at the lowest grid point."""
    if min(values.shape) < 2 or not np.isfinite(values).any():
        return None
    row, col = np.unravel_index(np.nanargmin(values), values.shape)
    steps = np.array([np.abs(np.diff(axis)).max() / 8 for axis in (xs, ys)])
    if not steps.all():
        return None
    sides = steps * np.array([[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1]])
    points = plane.point(xs[col] + sides[:, 0], ys[row] + sides[:, 1])
    flat = evaluator.layout.tensor(points)
    middle, right, left, up, down = evaluator.few(flat, batch)[metric]
    along_x = (right + left - 2 * middle) / steps[0] ** 2
    along_y = (up + down - 2 * middle) / steps[1] ** 2
    return float(along_x), float(along_y)


def _on_plane(layout: Layout, plane: Plane, xs: Array, ys: Array) -> Source:
    origin, u, v, x, y = map(layout.tensor, (plane.origin, plane.u, plane.v, xs, ys))
    if Grid.fits(u, v, layout):
        return Grid(origin, u, v, x, y, layout)
    width, directions = len(xs), torch.stack([u, v])  # (2, P)

    def at(index: Index) -> Tensor:
        steps = torch.stack([x[index % width], y[index // width]], dim=1)
        return torch.addmm(origin, steps, directions)

    return Listed(at, len(xs) * len(ys), layout)


def warned(values: Array, name: str) -> Array:
    bad = np.count_nonzero(~np.isfinite(values))
    if bad:
        warnings.warn(
            f"{bad} of {values.size} values of {name!r} are not finite "
            f"({np.count_nonzero(np.isnan(values))} NaN); they are kept as they are",
            RuntimeWarning,
            stacklevel=3,
        )
    return values
