"""A network's own weights, which its loss or its hooks may read behind our back."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.func import functional_call

from swarm.surface._batches import Batch, Loss, arguments, mean

__all__ = ["called", "identical", "lent", "loss_with", "place", "refuse_reading", "same"]

TOLERANCE = {torch.float64: 1e-6, torch.float32: 1e-3}
"""How far two ways may differ by rounding, relatively; half precision: 0.05."""


def called(net: nn.Module, batch: Batch) -> Any:
    """Return the network's outputs for one batch."""
    args, kwargs = arguments(batch.inputs)
    return net(*args, **kwargs)


def place(parameters: Sequence[nn.Parameter], weights: Iterable[Tensor]) -> None:
    """Give parameters other values, of their own types."""
    # As `vector_to_parameters` does, but whatever the types are.
    for parameter, part in zip(parameters, weights, strict=True):
        if parameter.is_cuda:  # where recurrent layers want to keep theirs together
            parameter.copy_(part)
        else:
            parameter.data = part


@contextmanager
def lent(net: nn.Module) -> Iterator[list[nn.Parameter]]:
    """Let a network's parameters and buffers be changed, and put them back afterwards."""
    parameters = list(net.parameters())
    kept = [(p, p.data, p.data.clone() if p.is_cuda else None) for p in parameters]
    buffers = [
        (module._buffers, key, buffer, buffer.clone())
        for module in net.modules()
        for key, buffer in module._buffers.items()
        if buffer is not None
    ]
    try:
        yield parameters
    finally:
        with torch.no_grad():
            for parameter, data, copy in kept:
                parameter.data = data
                if copy is not None:
                    parameter.copy_(copy)
            for home, key, buffer, copy in buffers:
                home[key] = buffer
                buffer.copy_(copy)


class _Scored(nn.Module):
    """A network and its loss, so that both see the weights that `functional_call` lends."""

    def __init__(self, net: nn.Module, loss: Loss) -> None:
        super().__init__()
        self.net = net
        self.loss = (loss,)  # not a module of this one, although it may be a module

    def forward(self, batch: Batch) -> Any:
        return self.loss[0](called(self.net, batch), batch.targets)


def loss_with(net: nn.Module, loss: Loss, batch: Batch, params: dict[str, Tensor]) -> Any:
    """Return the loss with other parameters, by name, differentiably."""
    # Statistics that a network keeps are copied, so that the caller's stay as they are.
    buffers = {name: buffer.clone() for name, buffer in net.named_buffers()}
    lending = {f"net.{name}": value for name, value in (params | buffers).items()}
    return functional_call(_Scored(net, loss), lending, (batch,))


def same(ours: NDArray[Any], theirs: NDArray[Any], dtypes: Iterable[torch.dtype]) -> bool:
    """Whether two ways gave the same losses, but for rounding."""
    rtol = max(TOLERANCE.get(dtype, 0.05) for dtype in dtypes)
    size = np.abs(theirs[np.isfinite(theirs)]).max(initial=0.0)
    return np.allclose(ours, theirs, rtol=rtol, atol=rtol * 1e-2 * size, equal_nan=True)


def identical(ours: NDArray[Any], theirs: NDArray[Any], dtypes: Iterable[torch.dtype]) -> bool:
    """Whether the same operations were done with the same numbers: almost to the last digit.

    What is missing may be small, such as a light penalty, and must be missed nevertheless.
    """
    rtol = 8 * max(torch.finfo(dtype).eps for dtype in dtypes)
    return np.allclose(ours, theirs, rtol=rtol, atol=0, equal_nan=True)


def refuse_reading(net: nn.Module, loss: Loss, batch: Batch, params: dict[str, Tensor]) -> None:
    """Refuse a loss or a network that reads weights in a way that cannot be differentiated.

    At weights not far from those asked for, what `loss_with` gives must be what the network gives
    that has them.
    """
    with torch.no_grad(), lent(net) as parameters:
        near = {name: 1.5 * value + 0.1 for name, value in params.items()}
        ours = float(mean(loss_with(net, loss, batch, near)))
        place(parameters, near.values())
        theirs = float(mean(loss(called(net, batch), batch.targets)))
    dtypes = [value.dtype for value in params.values()]
    if not identical(np.array(ours), np.array(theirs), dtypes):
        raise ValueError(
            f"the loss, or a hook, reads weights of {type(net).__name__} from elsewhere (at the "
            f"same weights it gave {theirs:.6g} and then {ours:.6g}), so it cannot be "
            "differentiated; take them from the network where they are needed, as in "
            "sum(p.square().sum() for p in net.parameters())"
        )
