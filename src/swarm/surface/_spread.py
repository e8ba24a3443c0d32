"""How much a surface depends on the directions that were drawn: many planes at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from swarm.surface._batches import Loss, as_batches
from swarm.surface._evaluate import Evaluator
from swarm.surface._loss import as_axis, warned
from swarm.surface._planes import Plane, random_plane
from swarm.surface._points import Index, Layout, Listed
from swarm.surface._surface import Surface

__all__ = ["Surfaces", "loss_surfaces"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Surfaces:
    """A loss on the same grid of many planes.

    Parameters
    ----------
    xs : numpy.ndarray of float, shape (X,)
    ys : numpy.ndarray of float, shape (Y,)
    values : numpy.ndarray of float, shape (plane, Y, X)
    planes : tuple of Plane
    name : str, default "loss"
    """

    xs: Array
    ys: Array
    values: Array
    planes: tuple[Plane, ...]
    name: str = "loss"

    def __post_init__(self) -> None:
        if self.values.shape != (len(self.planes), len(self.ys), len(self.xs)):
            raise ValueError(
                "values must have the shape (plane, len(ys), len(xs)), got "
                f"{self.values.shape} for {len(self.planes)} planes, ys {self.ys.shape} and xs "
                f"{self.xs.shape}"
            )

    def __len__(self) -> int:
        """Return the number of planes."""
        return len(self.planes)

    def __getitem__(self, index: int) -> Surface:
        """Return the surface on one of the planes."""
        return Surface(self.xs, self.ys, self.values[index], self.planes[index], self.name)

    def lines(self) -> Array:
        """Return the loss along each plane's first direction, (plane, X), where y is nearest 0."""
        return self.values[:, int(np.abs(self.ys).argmin())]

    def band(self, quantiles: Sequence[float] = (0.05, 0.25, 0.5, 0.75, 0.95)) -> Array:
        """Return quantiles over the planes of the loss along `lines`, (quantile, X)."""
        return np.asarray(np.nanquantile(self.lines(), list(quantiles), axis=0), dtype=np.float64)

    def spread(self) -> Array:
        """Return how far the planes differ at each point, (Y, X): half their quartiles' distance.

        It is relative to the median there, so 0.1 says that half of the planes are
        within about a tenth of it.
        """
        low, middle, high = np.nanquantile(self.values, (0.25, 0.5, 0.75), axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = (high - low) / 2 / np.abs(middle)
        return np.asarray(np.where(high == low, 0.0, share), dtype=np.float64)


def loss_surfaces(
    net: nn.Module,
    loss: Loss,
    inputs: Any,
    targets: Any,
    planes: int | Sequence[Plane],
    xs: ArrayLike,
    ys: ArrayLike,
    *,
    seed: int = 0,
    name: str = "loss",
    chunk: int | None = None,
    n_jobs: int | None = None,
    **directions: Any,
) -> Surfaces:
    """Evaluate a network's loss on many planes at once.

    One random plane shows two directions of many. Several show what another
    draw would have shown: what all of them have in common may be believed.

    Parameters
    ----------
    net, loss, inputs, targets, xs, ys, name, chunk, n_jobs
        As for `loss_surface`; `loss` is a single function.
    planes : int or sequence of Plane
        How many random planes through the network to draw, or planes of your
        own, through whatever weights.
    seed : int, default 0
        The first random plane is ``random_plane(net, seed=seed)``, the next is
        that of ``seed + 1``, and so on.
    **directions
        What else `random_plane` takes: ``normalize``, ``ignore_bias``,
        ``orthogonal``.

    Returns
    -------
    Surfaces
        Its values have the shape (plane, Y, X).

    Raises
    ------
    ValueError
        As `loss_surface`; also if there are no planes.

    Examples
    --------
    >>> import numpy as np, torch
    >>> net = torch.nn.Linear(2, 1)
    >>> x, y = torch.randn(9, 2), torch.randn(9, 1)
    >>> grid = np.linspace(-1, 1, 5)
    >>> many = loss_surfaces(net, torch.nn.functional.mse_loss, x, y, 3, grid, grid)
    >>> many.values.shape, many.band().shape, many[2].values.shape
    ((3, 5, 5), (5, 5), (5, 5))
    """
    if isinstance(planes, int):
        planes = [random_plane(net, seed=seed + i, **directions) for i in range(planes)]
    elif directions:
        raise TypeError(f"{sorted(directions)} say how to draw planes, but planes were given")
    if not planes:
        raise ValueError("there are no planes; ask for one or more")
    xs, ys = as_axis(xs, "xs"), as_axis(ys, "ys")
    evaluator = Evaluator(net, {name: loss}, chunk)
    layout = evaluator.layout
    for plane in planes:
        if len(plane) != layout.size:
            raise ValueError(
                f"a plane lies among {len(plane)} weights, but {type(net).__name__} has "
                f"{layout.size}; make the planes for this network"
            )
    source = _on_planes(layout, planes, xs, ys)
    values = evaluator.run(source, as_batches(inputs, targets, layout.device, net), n_jobs)
    values = warned(values.reshape(len(planes), len(ys), len(xs)), name)
    return Surfaces(xs, ys, values, tuple(planes), name)


def _on_planes(layout: Layout, planes: Sequence[Plane], xs: Array, ys: Array) -> Listed:
    origins, us, vs = (
        layout.tensor(np.stack([getattr(plane, part) for plane in planes]))
        for part in ("origin", "u", "v")
    )
    x, y = layout.tensor(xs), layout.tensor(ys)
    width, points = len(xs), len(xs) * len(ys)

    def at(index: Index) -> Tensor:
        which, rest = torch.as_tensor(index // points), index % points
        a, b = x[rest % width, None], y[rest // width, None]
        return origins[which] + a * us[which] + b * vs[which]

    return Listed(at, points * len(planes), layout)
