"""Evaluates plain stacks of linear layers at many weights, in buffers that are used again.

What costs time besides the products themselves is passing over fresh memory.
Here products are written into two buffers in turn, and biases and activations
are applied in place.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

IN_PLACE: dict[type[nn.Module], Callable[[Tensor], Tensor]] = {
    nn.ReLU: torch.relu_,
    nn.Sigmoid: torch.sigmoid_,
    nn.Tanh: torch.tanh_,
}


def is_stack(net: nn.Module, names: Mapping[str, object]) -> bool:
    """Tell whether a network is linear layers and activations in a row, and nothing else.

    `names` are those of its parameters; a layer that shares its weights has none of its own.
    """
    layers = list(net.children())
    hooked = any(m._forward_hooks or m._forward_pre_hooks for m in net.modules())
    return (
        type(net) is nn.Sequential
        and not hooked
        and type(next(iter(layers), None)) is nn.Linear  # so that no input is written to
        and all(type(layer) in (nn.Linear, *IN_PLACE) for layer in layers)
        and all(
            f"{name}.{kind}" in names
            for name, layer in net.named_children()
            for kind, _ in layer.named_parameters()
        )
    )


class Stack:
    """A stack as a function of many weights at once."""

    def __init__(self, net: nn.Module) -> None:
        self.layers = list(net.named_children())
        self.buffers = [torch.empty(0), torch.empty(0)]

    def __call__(self, params: Mapping[str, Tensor], inputs: Tensor) -> Tensor:
        """Return outputs (point, sample, out), which hold until the next call.

        Each of `params` has a first axis of points; `inputs` are (sample, in).
        """
        hidden = inputs.mT  # samples along the rows, which are longer than features are many
        for name, layer in self.layers:
            if type(layer) in IN_PLACE:
                IN_PLACE[type(layer)](hidden)
                continue
            weight, bias = params[f"{name}.weight"], params.get(f"{name}.bias")
            points, out, _ = weight.shape
            product = self._buffer(weight, points, out, inputs.shape[0])
            if hidden.ndim == 2:  # the inputs, the same at all points: one product
                torch.mm(weight.flatten(0, 1), hidden, out=product.flatten(0, 1))
            else:
                torch.bmm(weight, hidden, out=product)
            hidden = product if bias is None else product.add_(bias[..., None])
        return hidden.mT

    def _buffer(self, like: Tensor, *shape: int) -> Tensor:
        size = torch.Size(shape).numel()
        self.buffers.reverse()
        if self.buffers[0].numel() < size or self.buffers[0].dtype != like.dtype:
            self.buffers[0] = like.new_empty(size)
        return self.buffers[0][:size].view(shape)
