"""What a network and its loss are called with, batch by batch, and what becomes of a metric."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_map_only

__all__ = ["Batch", "Loss", "arguments", "as_batches", "mean", "refuse_randomness"]

Loss = Callable[[Any, Any], Any]
Batch = tuple[Any, Any, int]


def as_batches(inputs: Any, targets: Any, device: torch.device) -> Iterator[Batch]:
    """Yield (inputs, targets, number of samples), moved to the device, batch by batch."""

    def moved(first: Any, last: Any) -> Batch:
        count = _samples(first)
        first, last = tree_map_only(Tensor, lambda t: t.to(device), (first, last))
        return first, last, count

    if targets is not None:
        yield moved(inputs, targets)
        return
    if isinstance(inputs, Tensor) or not isinstance(inputs, Iterable):
        raise TypeError(
            "targets is missing: pass inputs and targets, or, as inputs, an iterable of "
            f"(inputs, targets) batches such as a DataLoader; got {type(inputs).__name__}"
        )
    empty = True
    for batch in inputs:
        if not isinstance(batch, list | tuple) or len(batch) < 2:
            raise TypeError(
                f"a batch must be a tuple (inputs, targets), got {type(batch).__name__}"
            )
        # A data set of several tensors gives [first, second, …, targets].
        first = batch[0] if len(batch) == 2 else tuple(batch[:-1])
        yield moved(first, batch[-1])
        empty = False
    if empty:
        raise ValueError(
            "the iterable of batches is empty (a generator can be read only once); "
            "pass a list or a DataLoader with at least one batch"
        )


def _samples(inputs: Any) -> int:
    tensor = inputs
    while not isinstance(tensor, Tensor):
        if isinstance(tensor, Mapping) and tensor:
            tensor = next(iter(tensor.values()))
        elif isinstance(tensor, list | tuple) and tensor:
            tensor = tensor[0]
        else:
            raise TypeError(
                "inputs must be a tensor, or a tuple or mapping of tensors, got "
                f"{type(inputs).__name__}"
            )
    count = len(tensor) if tensor.ndim else 1
    if count == 0:
        raise ValueError(f"there are no samples: inputs have shape {tuple(tensor.shape)}")
    return count


def arguments(inputs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Turn one batch's inputs into what the network is called with."""
    if isinstance(inputs, Mapping):
        return (), dict(inputs)
    return (tuple(inputs) if isinstance(inputs, list | tuple) else (inputs,)), {}


def refuse_randomness(net: nn.Module) -> None:
    for name, module in net.named_modules():
        kind = type(module).__name__
        rate = getattr(module, "p" if "Dropout" in kind else "dropout", 0)
        if module.training and isinstance(rate, int | float) and rate > 0:
            raise ValueError(
                f"the network is in train mode, and its {kind} {name!r} drops units at random "
                f"(p = {rate}), so the loss would be noise; call net.eval() first"
            )


def mean(value: Any) -> Tensor:
    """Average a metric over whatever it did not reduce itself."""
    value = torch.as_tensor(value)
    return (value if value.is_floating_point() else value.float()).mean()
