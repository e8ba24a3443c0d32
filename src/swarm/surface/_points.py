"""Sets of weights laid out in rows and columns: what is evaluated tile by tile."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

__all__ = ["Grid", "Index", "Layout", "Listed", "Source"]

Index = NDArray[np.intp]


class Layout:
    """How a network's parameters lie in its flat weights (P,).

    Parameters
    ----------
    net : torch.nn.Module

    Raises
    ------
    ValueError
        If it has no parameters, or some are no real numbers.
    """

    def __init__(self, net: nn.Module) -> None:
        named = dict(net.named_parameters())
        if not named:
            raise ValueError(f"{type(net).__name__} has no parameters, so it has no loss surface")
        for name, parameter in named.items():
            if not parameter.is_floating_point():
                raise ValueError(
                    f"parameter {name!r} of {type(net).__name__} is of {parameter.dtype}; a loss "
                    "surface needs real numbers: hold a complex parameter as two real ones "
                    "(torch.view_as_real), and integers as a buffer"
                )
        self.shapes = {name: p.shape for name, p in named.items()}
        self.dtypes = {name: p.dtype for name, p in named.items()}
        self.sizes = [p.numel() for p in named.values()]
        self.size = sum(self.sizes)
        self.device = next(iter(named.values())).device
        # Coordinates in half precision would not tell neighbouring points apart.
        double = torch.float64 in self.dtypes.values()
        self.dtype = torch.float64 if double else torch.float32

    def tensor(self, values: NDArray[Any]) -> Tensor:
        """Return weights or coordinates where the network lives and in its precision."""
        return torch.tensor(values, device=self.device, dtype=self.dtype)

    def split(self, flat: Tensor) -> dict[str, Tensor]:
        """Cut flat weights (…, P) into parameters by name, (…, *shape)."""
        parts = zip(self.shapes.items(), flat.split(self.sizes, dim=-1), strict=True)
        return {
            name: part.reshape((*flat.shape[:-1], *shape)).to(self.dtypes[name])
            for (name, shape), part in parts
        }


class Source(Protocol):
    """Weights laid out in rows and columns."""

    @property
    def shape(self) -> tuple[int, int]: ...

    @property
    def columns_first(self) -> bool:
        """Which of the two axes of parameters comes first in `params`."""

    def params(self, rows: Index, cols: Index) -> dict[str, Tensor]:
        """Return parameters by name, (column or 1, row or 1, *shape), or rows first."""

    def flat(self, rows: Index, cols: Index) -> Tensor:
        """Return the flat weights (point, P) of points (rows[i], cols[i])."""


@dataclass(frozen=True)
class Listed:
    """A single row of weights with nothing in common: ``at(cols)`` gives (column, P)."""

    at: Callable[[Index], Tensor]
    count: int
    layout: Layout

    @property
    def shape(self) -> tuple[int, int]:
        return 1, self.count

    @property
    def columns_first(self) -> bool:
        return True

    def params(self, rows: Index, cols: Index) -> dict[str, Tensor]:
        return self.layout.split(self.at(cols)[:, None])

    def flat(self, rows: Index, cols: Index) -> Tensor:
        return self.at(cols)


class Grid:
    """The weights origin + x·u + y·v, where no parameter depends on both x and y.

    What depends on x alone is then done once for each column instead of once
    for each grid point, and likewise for y.
    """

    def __init__(
        self, origin: Tensor, u: Tensor, v: Tensor, xs: Tensor, ys: Tensor, layout: Layout
    ) -> None:
        self.origin, self.u, self.v, self.xs, self.ys, self.layout = origin, u, v, xs, ys, layout
        self.shape = len(ys), len(xs)
        # What the first layers depend on goes first: a later layer then takes all that comes
        # out of them in one product.
        self.columns_first = bool(u.nonzero()[0] <= v.nonzero()[0])

    @staticmethod
    def fits(u: Tensor, v: Tensor, layout: Layout) -> bool:
        parts = zip(layout.split(u).values(), layout.split(v).values(), strict=True)
        return not any(a.any() and b.any() for a, b in parts)

    def params(self, rows: Index, cols: Index) -> dict[str, Tensor]:
        along_x = 0 if self.columns_first else 1
        origin = self.origin[None, None]  # (1, 1, P)
        steps = [1, 1]
        steps[along_x] = -1
        moved_x = origin + self.xs[cols].view(*steps, 1) * self.u
        moved_y = origin + self.ys[rows].view(*steps[::-1], 1) * self.v
        still, on_x, on_y = map(self.layout.split, (origin, moved_x, moved_y))
        u, v = map(self.layout.split, (self.u, self.v))
        return {
            name: on_x[name] if u[name].any() else on_y[name] if v[name].any() else still[name]
            for name in still
        }

    def flat(self, rows: Index, cols: Index) -> Tensor:
        return self.origin + self.xs[cols, None] * self.u + self.ys[rows, None] * self.v
