"""A loss on a grid of a plane, and the ways of networks seen on it."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from swarm._files import written_whole
from swarm.surface._planes import Plane

__all__ = ["Paths", "Surface"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Surface:
    """A loss, or any metric, on a grid of a plane.

    Parameters
    ----------
    xs : numpy.ndarray of float, shape (X,)
        Coordinates along the plane's first direction.
    ys : numpy.ndarray of float, shape (Y,)
        Coordinates along its second direction.
    values : numpy.ndarray of float, shape (Y, X)
        ``values[j, i]`` is the value at ``(xs[i], ys[j])``: rows are y, as in
        plotly, matplotlib and `numpy.meshgrid`.
    plane : Plane
        Where the grid lies.
    name : str, default "loss"
        What the values are: the name of a figure's upright axis.
    curvature : tuple of float, optional
        The second derivatives along x and along y at the lowest grid point,
        which `loss_surface` measures.

    Raises
    ------
    ValueError
        If the shapes do not fit together.
    """

    xs: Array
    ys: Array
    values: Array
    plane: Plane
    name: str = "loss"
    curvature: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        for axis in ("xs", "ys", "values"):
            object.__setattr__(self, axis, np.asarray(getattr(self, axis), dtype=np.float64))
        if self.values.shape != (self.ys.size, self.xs.size) or self.xs.ndim + self.ys.ndim != 2:
            raise ValueError(
                "values must have the shape (len(ys), len(xs)) of two 1-D axes, got "
                f"{self.values.shape} for ys {self.ys.shape} and xs {self.xs.shape}"
            )

    def minimum(self) -> tuple[float, float, float]:
        """Return x, y and the value of the lowest grid point (NaN is passed over)."""
        row, col = np.unravel_index(np.nanargmin(self.values), self.values.shape)
        return float(self.xs[col]), float(self.ys[row]), float(self.values[row, col])

    @property
    def advice(self) -> tuple[str, ...]:
        """What to mind before the surface is believed: see `swarm.surface.advise`."""
        from swarm.surface._advice import advise

        return advise(self)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the surface to an ``.npz`` file, whole or not at all.

        Returns the path, to which ``.npz`` is added where it lacks a suffix.

        Raises
        ------
        FileNotFoundError
            If there is no such folder.
        """
        return _write(
            path,
            self.plane,
            xs=self.xs,
            ys=self.ys,
            values=self.values,
            name=self.name,
            curvature=np.array(self.curvature or (), dtype=np.float64),
        )

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Surface":
        """Read what `save` wrote.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If the file was not written whole by `save`.
        """
        return _read(path, cls.__name__, cls._of)

    @classmethod
    def _of(cls, parts: Mapping[str, Any], plane: Plane) -> "Surface":
        bends = parts.get("curvature", ())
        curvature = (float(bends[0]), float(bends[1])) if len(bends) else None
        grid = parts["xs"], parts["ys"], parts["values"]
        return cls(*grid, plane, str(parts["name"]), curvature)


@dataclass(frozen=True, eq=False)
class Paths:
    """The ways of one or many networks, seen on a plane.

    Parameters
    ----------
    coordinates : numpy.ndarray of float, shape (bee, epoch, 2)
        The points of the plane nearest to the weights.
    losses : numpy.ndarray of float, shape (bee, epoch)
        The true loss at the weights themselves.
    on_plane : numpy.ndarray of float, shape (bee, epoch)
        The loss at the points of the plane: what a surface shows there.
    residuals : numpy.ndarray of float, shape (bee, epoch)
        How far the weights are from the plane.
    plane : Plane
    explained : float
        The share of the weights' variance that runs within the plane.
    """

    coordinates: Array
    losses: Array
    on_plane: Array
    residuals: Array
    plane: Plane
    explained: float

    def __post_init__(self) -> None:
        shape = self.losses.shape
        if len(shape) != 2 or self.coordinates.shape != (*shape, 2):
            raise ValueError(
                "coordinates must have the shape (bee, epoch, 2) and losses (bee, epoch), got "
                f"{self.coordinates.shape} and {shape}"
            )

    @property
    def gap(self) -> float:
        """The greatest distance between the true loss and the plane's, over all points."""
        return float(np.nanmax(np.abs(self.losses - self.on_plane), initial=0.0))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the paths to an ``.npz`` file, whole or not at all.

        Returns the path, to which ``.npz`` is added where it lacks a suffix.

        Raises
        ------
        FileNotFoundError
            If there is no such folder.
        """
        return _write(
            path,
            self.plane,
            coordinates=self.coordinates,
            losses=self.losses,
            on_plane=self.on_plane,
            residuals=self.residuals,
            share=self.explained,
        )

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Paths":
        """Read what `save` wrote.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If the file was not written whole by `save`.
        """
        return _read(path, cls.__name__, cls._of)

    @classmethod
    def _of(cls, parts: Mapping[str, Any], plane: Plane) -> "Paths":
        return cls(
            parts["coordinates"],
            parts["losses"],
            parts["on_plane"],
            parts["residuals"],
            plane,
            float(parts["share"]),
        )


# -- files -----------------------------------------------------------------------------

_Kind = TypeVar("_Kind", Surface, Paths)


def _write(path: str | os.PathLike[str], plane: Plane, **parts: Any) -> Path:
    """Write arrays beside their plane."""
    path = Path(path)
    path = path if path.suffix else path.with_suffix(".npz")
    explained = np.array(plane.explained or (), dtype=np.float64)
    labels = np.array(plane.labels)
    with written_whole(path) as part, part.open("wb") as file:
        np.savez_compressed(
            file,
            origin=plane.origin,
            u=plane.u,
            v=plane.v,
            labels=labels,
            explained=explained,
            **parts,
        )
    return path


def _read(
    path: str | os.PathLike[str], kind: str, make: Callable[[Mapping[str, Any], Plane], _Kind]
) -> _Kind:
    """Read what `_write` wrote, and make it what it was."""
    try:
        with open(path, "rb") as raw, np.load(raw, allow_pickle=False) as file:
            parts = {name: file[name] for name in file}
        first, second = (str(label) for label in parts["labels"])
        shares = tuple(float(share) for share in parts["explained"])
        explained = (shares[0], shares[1]) if shares else None
        plane = Plane(parts["origin"], parts["u"], parts["v"], (first, second), explained)
        return make(parts, plane)
    except FileNotFoundError:
        raise
    except Exception as error:  # whatever NumPy and zip make of a file that is none of theirs
        raise ValueError(
            f"{os.fspath(path)} is no saved {kind}, or not all of one: {error}"
        ) from error
