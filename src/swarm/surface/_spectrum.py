"""Where a loss bends: layer by layer, and over all of its directions."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from torch import nn

from swarm.surface._batches import Loss
from swarm.surface._bend import Bend
from swarm.surface._curvature import EXACT_BELOW, greatest

__all__ = ["LayerCurvature", "SpectralDensity", "layer_curvatures", "spectral_density"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class LayerCurvature:
    """How a loss bends within one parameter tensor, all others held.

    Parameters
    ----------
    largest : float
        The largest eigenvalue of the tensor's own block of the Hessian.
    trace : float
        The sum of the block's eigenvalues.
    trace_error : float
        The standard error of `trace`; 0 where it is exact.
    size : int
        How many weights the tensor holds.
    """

    largest: float
    trace: float
    trace_error: float
    size: int


def layer_curvatures(
    net: nn.Module,
    loss: Loss,
    inputs: Any,
    targets: Any,
    *,
    probes: int = 64,
    weights: ArrayLike | None = None,
    seed: int = 0,
) -> dict[str, LayerCurvature]:
    """Say for each parameter tensor how sharply the loss bends along its weights.

    Parameters
    ----------
    net, loss, inputs, targets, weights
        As for `hessian_eigenvalues`.
    probes : int, default 64
        How many random directions the traces are estimated from, at least 2;
        networks of up to 128 weights need none.
    seed : int, default 0

    Returns
    -------
    dict of str to LayerCurvature
        In the order of ``net.named_parameters()``.

    Raises
    ------
    ValueError
        As `hessian_eigenvalues`; also if `probes` is below 2.

    Notes
    -----
    Traces are Hutchinson's estimate, the mean of v·Hv over vectors of random
    signs, cut into layers as in PyHessian: Z. Yao, A. Gholami, K. Keutzer, M.
    Mahoney, "PyHessian: neural networks through the lens of the Hessian", 2020,
    arXiv:1912.07145.
    """
    if probes < 2:
        raise ValueError(f"probes must be at least 2, to tell the error, got {probes}")
    bend = Bend(net, loss, inputs, targets, weights)
    ends = np.cumsum(bend.layout.sizes)
    blocks = [slice(end - size, end) for end, size in zip(ends, bend.layout.sizes, strict=True)]
    if bend.size <= EXACT_BELOW:
        matrix = bend.hessian()
        found = [_exact(matrix[block, block]) for block in blocks]
    else:
        signs = np.random.default_rng(seed).choice([-1.0, 1.0], size=(probes, bend.size))
        terms = signs * bend.products(signs)  # (probe, P)
        traces = np.stack([terms[:, block].sum(axis=1) for block in blocks])  # (layer, probe)
        errors = traces.std(axis=1, ddof=1) / np.sqrt(probes)
        tops = [_largest(bend, block) for block in blocks]
        found = list(zip(tops, traces.mean(axis=1).tolist(), errors.tolist(), strict=True))
    return {
        name: LayerCurvature(float(top), float(trace), float(error), size)
        for name, (top, trace, error), size in zip(
            bend.layout.shapes, found, bend.layout.sizes, strict=True
        )
    }


def _exact(block: Array) -> tuple[float, float, float]:
    return float(np.linalg.eigvalsh(block)[-1]), float(np.trace(block)), 0.0


def _largest(bend: Bend, block: slice) -> float:
    size = block.stop - block.start

    def lifted(rows: NDArray[Any]) -> Array:
        whole = np.zeros((len(rows), bend.size))
        whole[:, block] = rows
        return bend.products(whole)[:, block]

    if size <= EXACT_BELOW:
        return _exact(lifted(np.eye(size)))[0]
    return float(greatest(lambda v: lifted(np.reshape(v, (1, -1)))[0], size, 1, bend.tol)[0])


@dataclass(frozen=True, eq=False)
class SpectralDensity:
    """How the eigenvalues of a Hessian are spread.

    Parameters
    ----------
    eigenvalues : numpy.ndarray of float, shape (n,)
        Points that stand for the eigenvalues, rising.
    shares : numpy.ndarray of float, shape (n,)
        Which share of all eigenvalues each stands for; they add up to 1.
    """

    eigenvalues: Array
    shares: Array

    def density(self, at: ArrayLike, width: float | None = None) -> Array:
        """Return the density at some eigenvalues, each point blurred by a normal distribution.

        Parameters
        ----------
        at : array_like of float, shape (…)
        width : float, optional
            Its standard deviation, by default a hundredth of the spectrum's width.
        """
        x = np.asarray(at, dtype=np.float64)[..., None]
        span = float(np.ptp(self.eigenvalues))
        width = width if width is not None else span / 100 or 1.0
        bells = np.exp(-(((x - self.eigenvalues) / width) ** 2) / 2) / (width * np.sqrt(2 * np.pi))
        return np.asarray(bells @ self.shares, dtype=np.float64)

    def share_below(self, eigenvalue: float) -> float:
        """Return the share of eigenvalues up to one."""
        return float(self.shares[self.eigenvalues <= eigenvalue].sum())

    def moment(self, power: int) -> float:
        """Return the mean of the eigenvalues to some power."""
        return float(self.shares @ self.eigenvalues**power)


def spectral_density(
    net: nn.Module,
    loss: Loss,
    inputs: Any,
    targets: Any,
    *,
    probes: int = 10,
    steps: int = 80,
    weights: ArrayLike | None = None,
    seed: int = 0,
) -> SpectralDensity:
    """Say how all eigenvalues of the Hessian are spread, without computing them.

    Parameters
    ----------
    net, loss, inputs, targets, weights
        As for `hessian_eigenvalues`.
    probes : int, default 10
        From how many random directions to start.
    steps : int, default 80
        How many Lanczos steps to take from each.
    seed : int, default 0

    Returns
    -------
    SpectralDensity
        Exact for networks of up to 128 weights.

    Notes
    -----
    Stochastic Lanczos quadrature, after S. Ubaru, J. Chen, Y. Saad, "Fast
    estimation of tr(f(A)) via stochastic Lanczos quadrature", SIAM J. Matrix
    Anal. Appl. 38, 2017, as in PyHessian (arXiv:1912.07145), with every step
    made orthogonal to all before it.
    """
    if probes < 1 or steps < 1:
        raise ValueError(f"probes and steps must be at least 1, got {probes} and {steps}")
    bend = Bend(net, loss, inputs, targets, weights)
    if bend.size <= EXACT_BELOW:
        exact = np.asarray(np.linalg.eigvalsh(bend.hessian()), dtype=np.float64)
        return SpectralDensity(exact, np.full(bend.size, 1 / bend.size))
    starts = np.random.default_rng(seed).choice([-1.0, 1.0], size=(probes, bend.size))
    nodes: list[Array] = []
    shares: list[Array] = []
    for diagonal, beside in _tridiagonal(bend, starts, min(steps, bend.size)):
        values, vectors = np.linalg.eigh(
            np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1)
        )
        nodes.append(values)
        shares.append(vectors[0] ** 2 / probes)
    values, weight = np.concatenate(nodes), np.concatenate(shares)
    order = np.argsort(values)
    return SpectralDensity(values[order], weight[order])


def _tridiagonal(bend: Bend, starts: Array, steps: int) -> Iterator[tuple[Array, Array]]:
    """Yield for each start (P,) the diagonal (n,) of Lanczos' matrix and what stands beside it."""
    for start in starts:
        basis = [start / np.linalg.norm(start)]
        diagonal: list[float] = []
        beside: list[float] = []
        for step in range(steps):
            product = bend.products(basis[-1][None])[0]
            diagonal.append(float(product @ basis[-1]))
            known = np.array(basis)
            for _ in range(2):  # once is not enough in floating point
                product = product - known.T @ (known @ product)
            length = float(np.linalg.norm(product))
            scale = max(map(abs, [*diagonal, *beside]), default=0.0)
            if step == steps - 1 or length <= bend.tol * scale:
                break
            beside.append(length)
            basis.append(product / length)
        yield np.array(diagonal), np.array(beside)
