"""Sets of weights laid out in rows and columns: what is evaluated tile by tile."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

__all__ = ["Dims", "Grid", "Listed", "Source", "split"]

Dims = dict[str, int | None]


def split(flat: Tensor, shapes: dict[str, torch.Size]) -> dict[str, Tensor]:
    """Cut flat weights (…, P) into parameters by name, (…, *shape)."""
    sizes = [shape.numel() for shape in shapes.values()]
    parts = zip(shapes.items(), flat.split(sizes, dim=-1), strict=True)
    return {name: part.view(*flat.shape[:-1], *shape) for (name, shape), part in parts}


class Source(Protocol):
    """Weights laid out in rows and columns."""

    @property
    def shape(self) -> tuple[int, int]: ...

    def tile(self, rows: slice, cols: slice) -> tuple[dict[str, Tensor], Dims, Dims]:
        """Return parameters by name, and the axes of each that run over rows and columns."""

    def weights(self, row: int, col: int) -> Tensor:
        """Return one set of flat weights, (P,)."""


@dataclass(frozen=True)
class Listed:
    """A single row of weights with nothing in common: ``flat(cols)`` gives (columns, P)."""

    flat: Callable[[slice], Tensor]
    count: int
    shapes: dict[str, torch.Size]

    @property
    def shape(self) -> tuple[int, int]:
        return 1, self.count

    def tile(self, rows: slice, cols: slice) -> tuple[dict[str, Tensor], Dims, Dims]:
        params = split(self.flat(cols), self.shapes)
        return params, dict.fromkeys(params), dict.fromkeys(params, 0)

    def weights(self, row: int, col: int) -> Tensor:
        return self.flat(slice(col, col + 1))[0]


@dataclass(frozen=True)
class Grid:
    """The weights origin + x·u + y·v, where no parameter depends on both x and y.

    Nesting one vmap over the rows in another over the columns then does the
    work that depends on x alone once for each column instead of once for each
    grid point, and likewise for y.
    """

    origin: Tensor
    u: Tensor
    v: Tensor
    xs: Tensor
    ys: Tensor
    shapes: dict[str, torch.Size]

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.ys), len(self.xs)

    @staticmethod
    def fits(u: Tensor, v: Tensor, shapes: dict[str, torch.Size]) -> bool:
        parts = zip(split(u, shapes).values(), split(v, shapes).values(), strict=True)
        return not any(a.any() and b.any() for a, b in parts)

    def tile(self, rows: slice, cols: slice) -> tuple[dict[str, Tensor], Dims, Dims]:
        params = split(self.origin, self.shapes)
        on_rows: Dims = dict.fromkeys(params)
        on_cols: Dims = dict.fromkeys(params)
        sides = (self.u, self.xs[cols], on_cols), (self.v, self.ys[rows], on_rows)
        for direction, steps, on in sides:
            for name, part in split(direction, self.shapes).items():
                if part.any():
                    params[name] = params[name] + steps.view(-1, *[1] * part.ndim) * part
                    on[name] = 0
        return params, on_rows, on_cols

    def weights(self, row: int, col: int) -> Tensor:
        return self.origin + self.xs[col] * self.u + self.ys[row] * self.v
