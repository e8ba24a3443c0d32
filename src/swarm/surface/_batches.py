"""Batches of samples, and how a metric's values on them make its value on all samples."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves, tree_map_only

__all__ = [
    "Batch",
    "Loss",
    "arguments",
    "as_batches",
    "mean",
    "refuse_randomness",
]

Array = NDArray[np.float64]
Loss = Callable[[Any, Any], Any]


@dataclass(frozen=True)
class Batch:
    """What a network is called with, and what its outputs are compared with.

    Parameters
    ----------
    inputs, targets
        Tensors, or tuples or mappings of them.
    samples : int
    axis : int
        Along which axis of the inputs the samples lie: 0, or 1 where time comes first.
    """

    inputs: Any
    targets: Any
    samples: int
    axis: int = 0

    @property
    def shapes(self) -> tuple[Any, ...]:
        """What must be alike for two batches to be evaluated in the same way."""
        leaves = tree_leaves((self.inputs, self.targets))
        return tuple((x.shape, x.dtype) if isinstance(x, Tensor) else None for x in leaves)

    def joined(self, other: "Batch") -> "Batch | None":
        """Return the samples of both, or None where they cannot be laid together."""
        theirs = iter(tree_leaves((other.inputs, other.targets)))
        first = _first(self.inputs).shape

        def join(mine: Tensor) -> Tensor:
            yours = next(leaf for leaf in theirs if isinstance(leaf, Tensor))
            differ = [i for i, (n, m) in enumerate(zip(mine.shape, yours.shape)) if n != m]  # noqa: B905
            like_inputs = mine.shape[: self.axis + 1] == first[: self.axis + 1]
            axis = differ[0] if differ else self.axis if like_inputs else 0
            return torch.cat([mine, yours], dim=axis)

        try:
            inputs, targets = tree_map_only(Tensor, join, (self.inputs, self.targets))
        except (RuntimeError, StopIteration):
            return None
        return Batch(inputs, targets, self.samples + other.samples, self.axis)


def as_batches(inputs: Any, targets: Any, device: torch.device, net: nn.Module) -> Iterator[Batch]:
    """Yield batches, moved to the device."""
    time_first = any(getattr(module, "batch_first", True) is False for module in net.modules())

    def moved(first: Any, last: Any) -> Batch:
        tensor = _first(first)
        if not tensor.numel():
            raise ValueError(f"there are no samples: inputs have shape {tuple(tensor.shape)}")
        axis = int(time_first and tensor.ndim > int(tensor.is_floating_point()) + 1)
        first, last = tree_map_only(Tensor, lambda t: t.to(device), (first, last))
        return Batch(first, last, tensor.shape[axis] if tensor.ndim else 1, axis)

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


def _first(inputs: Any) -> Tensor:
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
    return tensor


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
    value = value if isinstance(value, Tensor) else torch.as_tensor(value)
    if value.dtype not in (torch.float32, torch.float64):
        value = value.float()
    return value.mean() if value.ndim else value
