"""Planes in the space of a network's weights.

A network with P weights is a point of P-dimensional space: the weights laid
end to end in the order of `torch.nn.utils.parameters_to_vector`. A `Plane` is
a flat sheet through that space, and tells which point of it is nearest to any
weights.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import nn

from swarm.surface._points import Layout

__all__ = ["Plane", "pca_plane", "random_plane", "three_point_plane", "weight_plane"]

Array = NDArray[np.float64]
Weight = str | tuple[str, int | tuple[int, ...]]


def plain_array(weights: Any) -> NDArray[Any]:
    """Convert an array, a tensor (detached) or a sequence of either to an array."""
    if isinstance(weights, torch.Tensor):
        return weights.detach().cpu().numpy()
    if isinstance(weights, list | tuple):
        return np.array([plain_array(w) for w in weights])
    return np.asarray(weights)


def vectors(weights: Any, what: str) -> Array:
    """Convert an array, a tensor or a sequence to float64, and check that it is finite."""
    array = np.array(plain_array(weights), dtype=np.float64)
    if not np.isfinite(array).all():
        raise ValueError(
            f"{what} holds {np.count_nonzero(~np.isfinite(array))} values that are not finite; "
            "leave out the bees that diverged"
        )
    return array


@dataclass(frozen=True, eq=False)
class Plane:
    """The weights ``origin + a·u + b·v`` for all numbers a and b.

    Parameters
    ----------
    origin : array_like of float, shape (P,)
        The weights at a = b = 0, in the order of
        `torch.nn.utils.parameters_to_vector`.
    u, v : array_like of float, shape (P,)
        The two directions; they need be neither orthogonal nor of length 1.
    labels : tuple of str, default ("a", "b")
        What a step along each direction means: the names of a figure's axes.
    explained : tuple of float, optional
        For a plane of principal components, the share of the variance that
        each direction explains, from 0 to 1.

    Raises
    ------
    ValueError
        If the three differ in length or hold values that are not finite, or
        if `u` and `v` are zero or parallel.

    Examples
    --------
    >>> plane = Plane([0, 0, 5], [1, 0, 0], [0, 2, 0])
    >>> plane.point(3, 4)
    array([3., 8., 5.])
    >>> plane.project([3, 8, 6]), float(plane.residual([3, 8, 6]))
    (array([3., 4.]), 1.0)
    """

    origin: Array
    u: Array
    v: Array
    labels: tuple[str, str] = ("a", "b")
    explained: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        for name in ("origin", "u", "v"):
            vector = vectors(getattr(self, name), name)
            vector.setflags(write=False)
            object.__setattr__(self, name, vector)
            if vector.ndim != 1:
                raise ValueError(
                    f"{name} must be a flat vector of weights, got shape {vector.shape}; "
                    "torch.nn.utils.parameters_to_vector makes one"
                )
        if not len(self.origin) == len(self.u) == len(self.v):
            raise ValueError(
                "origin, u and v must be equally long, got "
                f"{len(self.origin)}, {len(self.u)} and {len(self.v)} weights"
            )
        lengths = np.linalg.norm(self.u), np.linalg.norm(self.v)
        for name, length in zip("uv", lengths, strict=True):
            if length == 0:
                raise ValueError(f"direction {name} is zero, so there is no plane")
        # The sine of the angle between them, from the part of v that u does not explain.
        aside = self.v / lengths[1] - self.u * (self.u @ self.v) / (lengths[0] ** 2 * lengths[1])
        if np.linalg.norm(aside) < 1e-7:
            raise ValueError(
                "the directions u and v are parallel, so they span a line and no plane; "
                "choose another v"
            )

    def __len__(self) -> int:
        """Return the number of weights, P."""
        return len(self.origin)

    def point(self, a: ArrayLike, b: ArrayLike) -> Array:
        """Return the weights (…, P) at the coordinates `a` and `b`, which broadcast to (…)."""
        a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
        return self.origin + a[..., None] * self.u + b[..., None] * self.v

    def project(self, weights: ArrayLike) -> Array:
        """Return the coordinates (…, 2) of the points of the plane nearest to `weights` (…, P)."""
        offset = self._offset(weights)
        # Not by normal equations, which square the condition of nearly parallel directions.
        basis, steps = np.linalg.qr(np.stack([self.u, self.v], axis=1))  # (P, 2), (2, 2)
        nearest = np.linalg.solve(steps, (offset @ basis)[..., None])[..., 0]
        return np.asarray(nearest, dtype=np.float64)

    def residual(self, weights: ArrayLike) -> Array:
        """Return the distance (…) of `weights` (…, P) from the plane."""
        nearest = self.project(weights)
        away = vectors(weights, "weights") - self.point(nearest[..., 0], nearest[..., 1])
        return np.asarray(np.linalg.norm(away, axis=-1), dtype=np.float64)

    def explained_variance(self, weights: ArrayLike) -> float:
        """Return the share of the variance of `weights` (…, P) that runs within the plane.

        From 0 (they vary only across the plane) to 1 (only along it, also if
        they do not vary at all). Where the plane lies does not matter, only
        how it is turned.
        """
        points = vectors(weights, "weights").reshape(-1, len(self))
        self._offset(points)
        points = points - points.mean(axis=0)
        basis, _ = np.linalg.qr(np.stack([self.u, self.v], axis=1))  # (P, 2)
        total = np.square(points).sum()
        return float(np.square(points @ basis).sum() / total) if total else 1.0

    def window(
        self, weights: ArrayLike, *, num: int = 81, margin: float = 0.15
    ) -> tuple[Array, Array]:
        """Choose a grid that shows all the points nearest to `weights`.

        Parameters
        ----------
        weights : array_like of float, shape (…, P)
            For example a swarm's, (bee, epoch, P).
        num : int, default 81
            Number of grid points along each axis, at least 2.
        margin : float, default 0.15
            What to add on each side, as a share of the weights' own width.

        Returns
        -------
        xs, ys : numpy.ndarray of float, shape (num,)
            Evenly spaced coordinates along u and along v.
        """
        if num < 2:
            raise ValueError(f"num must be at least 2, got {num}")
        coordinates = self.project(weights).reshape(-1, 2)
        low, high = coordinates.min(axis=0), coordinates.max(axis=0)
        width = high - low
        # A path along one axis alone still gets a window of some height.
        width = np.where(width > 1e-3 * width.max(), width, width.max() or 2.0)
        middle, half = (low + high) / 2, width * (0.5 + margin)
        xs, ys = np.linspace(middle - half, middle + half, num).T
        return xs, ys

    def _offset(self, weights: ArrayLike) -> Array:
        array = vectors(weights, "weights")
        if array.ndim < 1 or array.shape[-1] != len(self):
            raise ValueError(
                f"this plane lies among {len(self)} weights, got weights of shape {array.shape}; "
                "their last axis must hold all the weights of one network"
            )
        return array - self.origin


def _flat(net: nn.Module) -> Array:
    Layout(net)
    parameters = [p.detach().reshape(-1).cpu().double() for p in net.parameters()]
    return vectors(torch.cat(parameters), "the network")


def _locate(net: nn.Module, weight: Weight) -> tuple[int, str]:
    """Return where one weight stands in the flat vector, and what to call it."""
    name, index = (weight, None) if isinstance(weight, str) else weight
    start = 0
    for other, parameter in net.named_parameters():
        if other == name:
            break
        start += parameter.numel()
    else:
        known = ", ".join(f"{n} {tuple(p.shape)}" for n, p in net.named_parameters())
        raise ValueError(f"{name!r} is no parameter of {type(net).__name__}; it has {known}")
    shape = tuple(parameter.shape)
    if index is None:
        if parameter.numel() != 1:
            example = (name, (0,) * len(shape))
            raise ValueError(
                f"{name!r} holds {parameter.numel()} weights of shape {shape}; "
                f"say which, for example {example!r}"
            )
        return start, name
    index = (index,) if isinstance(index, int) else tuple(index)
    if len(index) != len(shape) or any(not -n <= i < n for i, n in zip(index, shape, strict=True)):
        raise ValueError(f"index {index} is out of range for {name!r}, which has shape {shape}")
    index = tuple(i % n for i, n in zip(index, shape, strict=True))
    # An empty index is the only one of a 0-dimensional parameter.
    offset = int(np.ravel_multi_index(index, shape)) if shape else 0
    return start + offset, f"{name}[{', '.join(map(str, index))}]"


def weight_plane(
    net: nn.Module,
    first: Weight,
    second: Weight,
    *,
    labels: tuple[str, str] | None = None,
) -> Plane:
    """Vary two single weights of a network and hold all others where they are.

    The coordinates on the plane are the values of the two weights themselves.

    Parameters
    ----------
    net : torch.nn.Module
        The network, which stays as it is.
    first, second : str or tuple of (str, index)
        The weight along the first axis and the one along the second: the name
        of a parameter that holds a single number, ``"Layer_1.weight"``, or a
        name and an index, ``("0.weight", (3, 0))`` or ``("0.bias", 2)``.
    labels : tuple of str, optional
        What to call the two, by default their names, ``"0.weight[3, 0]"``.

    Raises
    ------
    ValueError
        If there is no such parameter (the message lists those there are), the
        index is out of range, or both are the same weight.

    Examples
    --------
    >>> from torch import nn
    >>> net = nn.Sequential(nn.Linear(1, 4), nn.Tanh(), nn.Linear(4, 1))
    >>> weight_plane(net, ("0.weight", (3, 0)), "2.bias").labels
    ('0.weight[3, 0]', '2.bias')
    """
    origin = _flat(net)
    (i, name_i), (j, name_j) = _locate(net, first), _locate(net, second)
    if i == j:
        raise ValueError(f"first and second are the same weight, {name_i}; a plane needs two")
    u, v = np.zeros_like(origin), np.zeros_like(origin)
    u[i] = v[j] = 1
    origin[[i, j]] = 0
    return Plane(origin, u, v, labels or (name_i, name_j))


def random_plane(
    net: nn.Module,
    *,
    normalize: Literal["filter", "layer", "model"] | None = "filter",
    ignore_bias: bool = True,
    orthogonal: bool = False,
    seed: int = 0,
) -> Plane:
    """Draw two random directions through a network's weights.

    Parameters
    ----------
    net : torch.nn.Module
        The network at the plane's origin.
    normalize : {"filter", "layer", "model"} or None, default "filter"
        What is given the length that it has in the network, so that networks
        whose weights differ in scale can be compared: each filter (the slice
        of a parameter that feeds one output: a row of a linear layer's weight,
        a filter of a convolution, an entry of an embedding or of a bias), each
        parameter, or the whole direction. None leaves the normal numbers as
        they were drawn.
    ignore_bias : bool, default True
        Whether to hold every parameter of fewer than two dimensions, that is
        biases and the scales and shifts of normalisation layers.
    orthogonal : bool, default False
        Whether to make the second direction orthogonal to the first before
        they are normalised. In many dimensions they almost are.
    seed : int, default 0
        Which directions: the same seed draws the same plane.

    Raises
    ------
    ValueError
        If `normalize` is unknown, or nothing is left to vary.

    Notes
    -----
    Filter normalisation is that of [1]_, d ← d/‖d‖·‖θ‖ for each filter.

    References
    ----------
    .. [1] H. Li, Z. Xu, G. Taylor, C. Studer, T. Goldstein, "Visualizing the
       loss landscape of neural nets", NeurIPS 2018, arXiv:1712.09913.
    """
    if normalize not in ("filter", "layer", "model", None):
        raise ValueError(
            f"normalize must be 'filter', 'layer', 'model' or None, got {normalize!r}"
        )
    rng = np.random.default_rng(seed)
    origin = _flat(net)
    u, v = rng.standard_normal((2, len(origin)))
    fixed = np.concatenate(
        [np.full(p.numel(), ignore_bias and p.ndim < 2) for p in net.parameters()]
    )
    if fixed.all():
        raise ValueError(
            f"every parameter of {type(net).__name__} has fewer than two dimensions and is held; "
            "pass ignore_bias=False to vary them"
        )
    u[fixed] = v[fixed] = 0
    if orthogonal:
        v -= u * (u @ v) / (u @ u)
    for direction in (u, v):
        start = 0
        for parameter in net.parameters():
            part = slice(start, start := start + parameter.numel())
            if normalize in ("filter", "layer"):
                filters = len(parameter) if normalize == "filter" and parameter.ndim else 1
                d, w = direction[part].reshape(filters, -1), origin[part].reshape(filters, -1)
                length = np.linalg.norm(d, axis=1, keepdims=True)
                d *= np.linalg.norm(w, axis=1, keepdims=True) / np.where(length, length, 1)
        if normalize == "model":
            direction *= np.linalg.norm(origin) / np.linalg.norm(direction)
    kind = f" ({normalize})" if normalize else ""
    return Plane(origin, u, v, (f"random direction 1{kind}", f"random direction 2{kind}"))


def pca_plane(
    weights: ArrayLike,
    *,
    through: Literal["mean", "last"] | Sequence[float] | NDArray[Any] = "mean",
) -> Plane:
    """Fit the plane along which training moved most, by principal components.

    Parameters
    ----------
    weights : array_like of float, shape (…, P)
        Weights along the way: one run, (epoch, P), or a swarm, (bee, epoch, P).
    through : {"mean", "last"} or array_like of float, shape (P,), default "mean"
        Where the plane lies: through the mean of all weights, which makes it
        the plane nearest to them; through the last weights of the (last) run,
        so that the loss where training ended is exact; or through weights of
        your own.

    Returns
    -------
    Plane
        With u and v of length 1, each pointing the way of its largest entry;
        ``Plane.explained`` holds the two explained-variance ratios.

    Raises
    ------
    ValueError
        If the weights are fewer than three points or lie on one line.

    Notes
    -----
    The directions are those of Li et al. 2018 (arXiv:1712.09913), section 7.
    Random walks in many dimensions look smooth in this plane, too: see
    J. Antognini, J. Sohl-Dickstein, "PCA of high dimensional random walks with
    comparison to neural network training", NeurIPS 2018, arXiv:1806.08805.
    """
    points = vectors(weights, "weights")
    if points.ndim < 2:
        raise ValueError(f"weights must have the shape (epoch, P), got {points.shape}")
    points = points.reshape(-1, points.shape[-1])
    if min(points.shape) < 2 or len(points) < 3:
        raise ValueError(
            f"a plane needs at least three points of two or more weights, got {points.shape}"
        )
    mean = points.mean(axis=0)
    _, s, directions = np.linalg.svd(points - mean, full_matrices=False)
    if s[1] <= 1e-7 * s[0]:
        raise ValueError(
            "the weights lie on one line, so every plane through it fits; use loss_line"
        )
    u, v = (d * np.sign(d[np.abs(d).argmax()]) for d in directions[:2])
    share = np.square(s) / np.square(s).sum()
    if isinstance(through, str):
        if through not in ("mean", "last"):
            raise ValueError(f"through must be 'mean', 'last' or weights, got {through!r}")
        origin = mean if through == "mean" else points[-1]
    else:
        origin = vectors(through, "through")
    labels = [f"PC {i + 1} ({share[i]:.0%} of variance)" for i in (0, 1)]
    return Plane(origin, u, v, (labels[0], labels[1]), (float(share[0]), float(share[1])))


def three_point_plane(
    a: ArrayLike,
    b: ArrayLike,
    c: ArrayLike,
    *,
    names: tuple[str, str, str] = ("a", "b", "c"),
) -> Plane:
    """Lay the plane through three points, for example three trained networks.

    Parameters
    ----------
    a, b, c : array_like of float, shape (P,)
        The weights of the three.
    names : tuple of str, default ("a", "b", "c")
        What to call them on a figure's axes.

    Returns
    -------
    Plane
        With its origin at `a` and orthogonal directions of length 1, the first
        towards `b`, so that distances on the plane are distances between
        weights. ``plane.project([a, b, c])`` says where the three lie.

    Raises
    ------
    ValueError
        If they differ in length or lie on one line.

    Notes
    -----
    The construction is that of T. Garipov et al., "Loss surfaces, mode
    connectivity, and fast ensembling of DNNs", NeurIPS 2018, arXiv:1802.10026.
    """
    start, second, third = (vectors(w, n) for w, n in zip((a, b, c), "abc", strict=True))
    if not start.shape == second.shape == third.shape or start.ndim != 1:
        raise ValueError(
            "a, b and c must be flat vectors of equally many weights, got shapes "
            f"{start.shape}, {second.shape} and {third.shape}"
        )
    through = Plane(start, second - start, third - start)
    length = float(np.linalg.norm(through.u))
    u = through.u / length
    v = through.v - u * (u @ through.v)
    v -= u * (u @ v)  # again, for where the three lie nearly on a line
    v = v / math.sqrt(v @ v)
    labels = (f"{names[0]} → {names[1]}", f"across, towards {names[2]}")
    return Plane(start, u, v, labels)
