"""How sharply the loss bends: eigenvalues of its Hessian."""

import copy
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh
from torch import Tensor, nn

from swarm.surface._batches import Loss, arguments, as_batches, mean, refuse_randomness
from swarm.surface._planes import plain_array

__all__ = ["hessian_eigenvalues"]

EXACT_BELOW = 64
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
    Up to 64 weights, or where nearly all eigenvalues are wanted, the Hessian
    is formed and its eigenvalues are exact. Beyond, ARPACK's Lanczos method
    needs only products of the Hessian with vectors, after B. A. Pearlmutter,
    "Fast exact multiplication by the Hessian", Neural Computation 6, 1994.

    Examples
    --------
    The mean of (w·x)² bends by twice the mean of x²:

    >>> import torch
    >>> net = torch.nn.Linear(1, 1, bias=False)
    >>> x, y = torch.tensor([[1.0], [3.0]]), torch.zeros(2, 1)
    >>> float(hessian_eigenvalues(net, torch.nn.functional.mse_loss, x, y)[0])
    10.0
    """
    refuse_randomness(net)
    net = copy.deepcopy(net).requires_grad_(True)
    parameters = list(net.parameters())
    size = sum(p.numel() for p in parameters)
    if not 1 <= k <= size:
        raise ValueError(f"k must be from 1 to the {size} weights of the network, got {k}")
    if which not in ("largest", "smallest"):
        raise ValueError(f"which must be 'largest' or 'smallest', got {which!r}")
    if weights is not None:
        flat = plain_array(weights)
        if flat.shape != (size,):
            raise ValueError(f"weights must have the shape ({size},), got {flat.shape}")
        with torch.no_grad():
            nn.utils.vector_to_parameters(torch.tensor(flat).to(parameters[0]), parameters)
    gradients = _gradients(net, loss, inputs, targets, parameters)

    def product(vector: NDArray[Any]) -> NDArray[np.float64]:
        direction = torch.tensor(np.ravel(vector)).to(parameters[0])
        total = torch.zeros_like(direction)
        for gradient, share in gradients:
            if gradient.requires_grad:  # else the loss is linear in the weights
                parts = torch.autograd.grad(
                    gradient, parameters, direction, retain_graph=True, materialize_grads=True
                )
                total += share * torch.cat([part.reshape(-1) for part in parts])
        return total.double().cpu().numpy()

    first = product(np.ones(size))
    if not np.isfinite(first).all():
        raise ValueError(
            "the loss, or a derivative of it, is not finite at these weights, so it has no "
            "curvature there"
        )
    if size <= EXACT_BELOW or k > size // 2:
        hessian = np.stack([product(row) for row in np.eye(size)])
        values = np.linalg.eigvalsh((hessian + hessian.T) / 2)
    else:
        operator = LinearOperator((size, size), matvec=product, dtype=np.float64)
        start = np.random.default_rng(0).standard_normal(size)
        try:
            values = eigsh(
                operator,
                k=k,
                which="LA" if which == "largest" else "SA",
                v0=start,
                tol=1e-6,
                return_eigenvectors=False,
            )
        except ArpackNoConvergence as error:
            raise RuntimeError(
                f"the Lanczos iterations found only {len(error.eigenvalues)} of {k} eigenvalues; "
                "ask for fewer, or use a network in float64 (net.double())"
            ) from error
        values = np.sort(values)
    return np.array(values[:k] if which == "smallest" else values[::-1][:k])


def _gradients(
    net: nn.Module, loss: Loss, inputs: Any, targets: Any, parameters: list[nn.Parameter]
) -> list[tuple[Tensor, float]]:
    """Return each batch's flat gradient, with its graph, and its share of the samples."""
    device = parameters[0].device
    batches = []
    for inputs, targets, count in as_batches(inputs, targets, device):  # noqa: B020
        args, kwargs = arguments(inputs)
        with torch.enable_grad():
            value = mean(loss(net(*args, **kwargs), targets))
            if not value.requires_grad:
                raise ValueError("the loss does not depend on the weights differentiably")
            parts = torch.autograd.grad(
                value, parameters, create_graph=True, materialize_grads=True
            )
            batches.append((torch.cat([part.reshape(-1) for part in parts]), count))
    samples = sum(count for _, count in batches)
    return [(gradient, count / samples) for gradient, count in batches]
