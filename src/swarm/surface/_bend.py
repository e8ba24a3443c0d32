"""How a loss bends at a network's weights: products of its Hessian with directions."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from swarm.surface._batches import Batch, Loss, as_batches, refuse_randomness
from swarm.surface._own import loss_with, refuse_reading
from swarm.surface._planes import plain_array
from swarm.surface._points import Layout
from swarm.surface._total import Share, Total, refuse_noise, watched

__all__ = ["Bend"]

Array = NDArray[np.float64]

ROWS = 32
"""How many directions are multiplied at once."""


class Bend:
    """The Hessian of a loss, never formed; the network stays as it is.

    Products are exact but for rounding, after B. A. Pearlmutter, "Fast exact
    multiplication by the Hessian", Neural Computation 6, 1994.

    Parameters
    ----------
    net, loss, inputs, targets
        As for `swarm.surface.hessian_eigenvalues`.
    weights : array_like of float, shape (P,), or None
        Where, by default at the network's own weights.

    Raises
    ------
    ValueError
        If `weights` do not fit, or the loss or its derivatives are not finite
        or noise.
    """

    def __init__(
        self,
        net: nn.Module,
        loss: Loss,
        inputs: Any,
        targets: Any,
        weights: ArrayLike | None = None,
    ) -> None:
        refuse_randomness(net)
        self.layout = Layout(net)
        self.size = self.layout.size
        self.tol = 1e-9 if self.layout.dtype == torch.float64 else 1e-6
        self.net = net
        if weights is None:
            values = {name: p.detach().clone() for name, p in net.named_parameters()}
        else:
            flat = plain_array(weights)
            if flat.shape != (self.size,):
                raise ValueError(f"weights must have the shape ({self.size},), got {flat.shape}")
            values = self.layout.split(self.layout.tensor(flat))
        self.values = {name: value.requires_grad_(True) for name, value in values.items()}
        self.parameters = list(self.values.values())
        self.gradients = self._gradients(loss, inputs, targets)
        if not np.isfinite(self.products(np.ones((1, self.size)))).all():
            raise ValueError(
                "the loss, or a derivative of it, is not finite at these weights, so it has no "
                "curvature there"
            )

    def _gradients(self, loss: Loss, inputs: Any, targets: Any) -> list[tuple[Tensor, float]]:
        """Return each batch's flat gradient, with its graph, and how it counts."""
        gradients: list[tuple[Tensor, float]] = []
        total = Total(["loss"], ())
        for batch in as_batches(inputs, targets, self.layout.device, self.net):
            share = self._share(loss, batch)
            if not gradients:
                refuse_noise([share], [self._share(loss, batch)])
                refuse_reading(self.net, loss, batch, self.values)
            total.note(batch, [share])
            total.add(np.zeros(1))
            if not share.value.requires_grad:
                raise ValueError("the loss does not depend on the weights differentiably")
            parts = torch.autograd.grad(
                share.value, self.parameters, create_graph=True, materialize_grads=True
            )
            flat = torch.cat([part.reshape(-1).to(self.layout.dtype) for part in parts])
            gradients.append((flat, total.counts[0]))
        total.compare(lambda batch: [self._share(loss, batch)])
        whole = 1.0 if total.kinds == ["sum"] else total.weights[0]
        return [(flat, count / whole) for flat, count in gradients if count]

    def _share(self, loss: Loss, batch: Batch) -> Share:
        # The other kernels of attention have no second derivative, nor have cuDNN's networks.
        with (
            torch.enable_grad(),
            sdpa_kernel(SDPBackend.MATH),
            torch.backends.cudnn.flags(enabled=False),
        ):
            return loss_with(self.net, partial(watched, loss), batch, self.values)

    def products(self, directions: NDArray[Any]) -> Array:
        """Multiply the Hessian by each of `directions` (n, P)."""
        return np.concatenate(
            [self._multiplied(directions[i : i + ROWS]) for i in range(0, len(directions), ROWS)]
        )

    def _multiplied(self, directions: NDArray[Any]) -> Array:
        rows = self.layout.tensor(directions)
        total = torch.zeros_like(rows)
        for gradient, share in self.gradients:
            if not gradient.requires_grad:  # the loss is linear in the weights
                continue
            if len(rows) == 1:
                total += share * self._pulled(gradient, rows[0], False)[None]
                continue
            try:
                total += share * self._pulled(gradient, rows, True)
            except RuntimeError:  # some derivatives cannot be had for many directions at once
                total += share * torch.stack([self._pulled(gradient, r, False) for r in rows])
        return total.double().cpu().numpy()

    def _pulled(self, gradient: Tensor, directions: Tensor, many: bool) -> Tensor:
        parts = torch.autograd.grad(
            gradient,
            self.parameters,
            directions,
            retain_graph=True,
            materialize_grads=True,
            is_grads_batched=many,
        )
        ahead = directions.shape[:-1]
        return torch.cat([part.reshape(*ahead, -1).to(self.layout.dtype) for part in parts], -1)

    def hessian(self) -> Array:
        """Return the whole matrix (P, P)."""
        matrix = self.products(np.eye(self.size))
        return (matrix + matrix.T) / 2

    def operator(self) -> Callable[[NDArray[Any]], Array]:
        """Return the product with one direction."""
        return lambda vector: self.products(np.reshape(vector, (1, -1)))[0]
