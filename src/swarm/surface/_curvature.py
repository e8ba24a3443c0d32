"""How sharply the loss bends: eigenvalues of its Hessian."""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh
from torch import nn

from swarm.surface._batches import Loss
from swarm.surface._bend import Bend
from swarm.surface._points import Layout

__all__ = ["EXACT_BELOW", "greatest", "hessian_eigenvalues"]

Array = NDArray[np.float64]
Product = Callable[[NDArray[Any]], Array]

EXACT_BELOW = 128
"""Up to so many weights the whole Hessian is cheaper than Lanczos iterations."""


def hessian_eigenvalues(
    net: nn.Module,
    loss: Loss,
    inputs: Any,
    targets: Any,
    k: int = 1,
    *,
    weights: ArrayLike | None = None,
    which: Literal["largest", "smallest"] = "largest",
) -> NDArray[np.float64]:
    """Return the greatest (or the lowest) curvatures of the loss at a network's weights.

    Parameters
    ----------
    net : torch.nn.Module
        The network, which stays as it is.
    loss, inputs, targets
        As for `swarm.surface.loss_surface`; the loss must be differentiable
        twice. Batches are all held at once.
    k : int, default 1
        How many eigenvalues, from 1 to the number of weights P.
    weights : array_like of float, shape (P,), optional
        Where to look, by default at the network's own weights.
    which : {"largest", "smallest"}, default "largest"
        Whether to find the k most positive ones, in falling order, or the k
        most negative ones, in rising order.

    Returns
    -------
    numpy.ndarray of float, shape (k,)

    Raises
    ------
    ValueError
        If `k` is out of range, `which` is unknown, `weights` do not fit the
        network, or the loss or its derivatives are not finite.
    RuntimeError
        If the Lanczos iterations do not converge.

    Notes
    -----
    Up to 128 weights, or where nearly all eigenvalues are wanted, the Hessian
    is formed and its eigenvalues are exact. Beyond, ARPACK's Lanczos method
    needs only products of the Hessian with vectors, after B. A. Pearlmutter,
    "Fast exact multiplication by the Hessian", Neural Computation 6, 1994.
    It finds an eigenvalue that stands there twice only by accident, so what it
    found is taken out of the Hessian and the search goes on until nothing is
    left beyond.

    Examples
    --------
    The mean of (w·x)² bends by twice the mean of x²:

    >>>     >>> net = torch.nn.Linear(1, 1, bias=False)
    >>> x, y = torch.tensor([[1.0], [3.0]]), torch.zeros(2, 1)
    >>> float(hessian_eigenvalues(net, torch.nn.functional.mse_loss, x, y)[0])
    10.0
    """
    size = Layout(net).size
    if not 1 <= k <= size:
        raise ValueError(f"k must be from 1 to the {size} weights of the network, got {k}")
    if which not in ("largest", "smallest"):
        raise ValueError(f"which must be 'largest' or 'smallest', got {which!r}")
    bend = Bend(net, loss, inputs, targets, weights)
    sign = 1 if which == "largest" else -1
    product = bend.operator()
    if size <= EXACT_BELOW or k > size // 4:
        values = np.linalg.eigvalsh(sign * bend.hessian())[::-1][:k]
    else:
        values = greatest(lambda v: sign * product(v), size, k, bend.tol)
    return np.array(sign * values) + 0.0  # no -0


def greatest(product: Product, size: int, k: int, tol: float) -> Array:
    """Return the `k` greatest eigenvalues of a symmetric matrix, in falling order."""
    rng = np.random.default_rng(0)
    probe = rng.standard_normal(size)
    scale = float(np.linalg.norm(product(probe)) / np.linalg.norm(probe))
    if scale == 0:  # a random direction that does not bend: none does
        return np.zeros(k)
    values, vectors = _lanczos(product, size, k, rng, tol)
    # Until nothing is left above the least of them; one that is repeated was hidden before.
    while True:
        order = np.argsort(values)[::-1]
        values, vectors = values[order], vectors[:, order]
        away = 10 * scale + 2 * float(np.abs(values).max())

        def rest(
            v: Any, values: Array = values, vectors: Array = vectors, away: float = away
        ) -> Array:
            v = np.ravel(v)
            return product(v) - vectors @ ((values + away) * (vectors.T @ v))

        found, vector = _lanczos(rest, size, 1, rng, tol)
        if found[0] <= values[k - 1] + 10 * tol * max(abs(values[0]), scale):
            return values[:k]
        values, vectors = np.append(values, found), np.append(vectors, vector, axis=1)


def _without(product: Product, vectors: Array, values: Array) -> Product:
    """Lower a matrix by `values` along some of its eigenvectors, (P, n)."""
    return lambda v: product(v) - vectors @ (values * (vectors.T @ np.ravel(v)))


def _lanczos(
    product: Product, size: int, k: int, rng: np.random.Generator, tol: float
) -> tuple[Array, Array]:
    operator = LinearOperator((size, size), matvec=product, dtype=np.float64)
    start = rng.standard_normal(size)
    try:
        values, vectors = eigsh(operator, k=k, which="LA", v0=start, tol=tol)
    except ArpackNoConvergence as error:
        raise RuntimeError(
            f"the Lanczos iterations found only {len(error.eigenvalues)} of {k} eigenvalues; "
            "ask for fewer, or use a network in float64 (net.double())"
        ) from error
    return values, vectors
