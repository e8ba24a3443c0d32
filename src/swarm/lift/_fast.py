r"""Operations that act on (bee, \*shape) directly, where `torch.vmap` would cost more.

Each takes ``(bees, func, args, kwargs)`` and may return NotImplemented, which
leaves the operation to vmap.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch.autograd import Function
from torch.nn import functional

from swarm.lift._tables import ACTIVATIONS, ELEMENTWISE
from swarm.lift._values import Bees

__all__ = ["FAST"]

Tensor = torch.Tensor
_ATTRIBUTES: Any = torch.Tensor  # as descriptors
Fast = Callable[[int, Any, tuple[Any, ...], dict[str, Any]], Any]

_IGNORED = -100  # cross_entropy's label of samples that do not count

FAST: dict[Any, Fast] = {}


def _elementwise(bees: int, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Line up the axes that one bee sees, and perform the operation as it is."""
    if func is torch.where and len(args) < 3:
        return NotImplemented  # places, of which each bee has its own number
    rank, dtype, several = 0, None, 0
    for value in args:
        if isinstance(value, Tensor):
            own = value.dim() - (type(value) is Bees)
            if dtype is not None and value.dtype is not dtype:
                return NotImplemented  # 0-d tensors take on the dtype of others
            rank, dtype, several = max(rank, own), value.dtype, several + 1
    for value in kwargs.values():
        if isinstance(value, Tensor):
            return NotImplemented
    if several > 1:
        args = tuple([_line_up(value, rank) for value in args])
        if func in _CHANGES and args[0].dim() != rank + 1:
            return NotImplemented
    elif type(args[0]) is not Bees and func not in _EITHER_SIDE:
        return NotImplemented
    return func(*args, **kwargs)


def _line_up(value: Any, rank: int) -> Any:
    """Insert axes after the bee's: (bee, n) -> (bee, 1, n) beside (bee, m, n)."""
    if type(value) is not Bees or value.dim() == rank + 1:
        return value
    shape = value.shape
    return value.reshape(shape[0], *(1,) * (rank + 1 - len(shape)), *shape[1:])


def _find(name: str) -> list[Any]:
    return [getattr(place, name) for place in (torch, Tensor) if hasattr(place, name)]


FAST.update({func: _elementwise for name in ELEMENTWISE for func in _find(name)})
FAST.update({getattr(functional, name): _elementwise for name in ACTIVATIONS})
_CHANGES = {
    func
    for name in ELEMENTWISE
    if (name.endswith("_") and not name.endswith("__")) or name.startswith("__i")
    for func in _find(name)
} - {Tensor.__invert__}
_EITHER_SIDE = {torch.where, torch.pow}


# -- shapes ----------------------------------------------------------------------------


def _index(bees: int, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if type(args[1]) is Bees:
        return _gather(bees, args[0], args[1])
    index = args[1] if isinstance(args[1], tuple) else (args[1],)
    if not all(type(i) in (int, slice, type(None), type(...)) for i in index):
        return NotImplemented
    if type(args[0]) is not Bees:
        return NotImplemented
    return args[0][(slice(None), *index)]


def _gather(bees: int, values: Tensor, index: Tensor) -> Any:
    r"""Take each bee's own entries: (bee, \\*index) of (n, \\*dims) or of (bee, n, \\*dims)."""
    if index.dtype is not torch.int64:
        return NotImplemented
    if type(values) is not Bees:
        return values[index]
    rows = torch.arange(bees, device=index.device)
    return values[rows.reshape(bees, *(1,) * (index.dim() - 1)), index]


def _along(bees: int, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Shift the axis, given as the only other argument."""
    if len(args) == 1 and set(kwargs) <= {"dim", "keepdim"} and "dim" in kwargs:
        dim = kwargs["dim"]
    elif len(args) == 2:
        dim = args[1]
    else:
        return NotImplemented
    if type(dim) is not int or args[0].dim() == 1:
        return NotImplemented
    rank = args[0].dim() - 1 + (func in _LONGER)
    if not -rank <= dim < rank:
        return NotImplemented
    return func(
        args[0], dim + 1 if dim >= 0 else dim, **{k: kwargs[k] for k in kwargs if k != "dim"}
    )


def _reduce(bees: int, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Reduce over all axes of each bee, or along one."""
    if len(args) == 1 and not kwargs:
        return func(args[0].reshape(bees, -1), 1)
    return _along(bees, func, args, kwargs)


def _view(bees: int, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    shape = args[1] if len(args) == 2 and isinstance(args[1], tuple | list) else args[1:]
    if kwargs or not all(type(n) is int for n in shape):
        return NotImplemented
    return func(args[0], (bees, *shape))


def _flatten(bees: int, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return args[0].reshape(bees, -1) if len(args) == 1 and not kwargs else NotImplemented


def _transpose(bees: int, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return args[0].mT if args[0].dim() == 3 else NotImplemented


_LONGER = {torch.unsqueeze, Tensor.unsqueeze}
for _names, _fast in (
    ("unsqueeze squeeze softmax log_softmax argmax argmin amax amin max min", _along),
    ("sum mean", _reduce),
):
    FAST.update({func: _fast for name in _names.split() for func in _find(name)})
FAST.update({func: _flatten for name in ("flatten", "ravel") for func in _find(name)})
FAST.update(dict.fromkeys((Tensor.t, torch.t, _ATTRIBUTES.T.__get__), _transpose))
FAST.update(
    {Tensor.__getitem__: _index, Tensor.view: _view, Tensor.reshape: _view, torch.reshape: _view}
)


# -- layers and losses -----------------------------------------------------------------


class _Linear(Function):
    r"""x W^T + b with the weights of each bee, (bee, N, in) -> (bee, N, out).

    x is (bee, N, in), or (N, in) if all bees share it. One pass over the
    large array where autograd's own formulas for broadcasting take several.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.biased = bias is not None
        if weight.shape[2] == 1 and bias is not None:
            return torch.addcmul(bias.unsqueeze(1), x, weight.mT)
        batch = x if x.dim() == 3 else x.expand(len(weight), *x.shape)
        if weight.shape[1] == 1:  # (bee, 1, in) @ (bee, in, N) reads x as it lies in memory
            out = torch.bmm(weight, batch.mT).mT
            return out if bias is None else out.add_(bias.unsqueeze(1))
        if bias is None:
            return torch.bmm(batch, weight.mT)
        return torch.baddbmm(bias.unsqueeze(1), batch, weight.mT)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        to_x = to_weight = to_bias = None
        if ctx.needs_input_grad[0]:
            to_x = grad * weight if weight.shape[1] == 1 else torch.bmm(grad, weight)
        if x.dim() == 2 and ctx.biased:
            # One pass over grad for both: a column of ones goes with the bias.
            ones = torch.cat([x, x.new_ones(len(x), 1)], dim=1).mT.contiguous()
            both = torch.bmm(ones.expand(len(weight), *ones.shape), grad)  # (bee, in + 1, out)
            return to_x, both[:, :-1].mT, both[:, -1]
        batch = x if x.dim() == 3 else x.expand(len(weight), *x.shape)
        if ctx.needs_input_grad[1]:
            to_weight = torch.bmm(grad.mT, batch)
        if ctx.biased and ctx.needs_input_grad[2]:
            to_bias = grad.sum(1)
        return to_x, to_weight, to_bias


def _linear(bees: int, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if len(args) < 2 or kwargs.keys() - {"bias"}:
        return NotImplemented
    x, weight = args[:2]
    if torch.is_autocast_enabled(x.device.type):
        return NotImplemented
    bias = args[2] if len(args) > 2 else kwargs.get("bias")
    if type(weight) is not Bees or weight.dim() != 3 or x.dtype is not weight.dtype:
        return NotImplemented
    if bias is not None and (type(bias) is not Bees or bias.dtype is not x.dtype):
        return NotImplemented
    lead = x.shape[1:-1] if type(x) is Bees else x.shape[:-1]
    if not lead or x.shape[-1] != weight.shape[2]:
        return NotImplemented
    if len(lead) > 1:
        x = x.reshape(*((bees,) if type(x) is Bees else ()), -1, x.shape[-1])
    out = _Linear.apply(x, weight, bias)
    return out if len(lead) == 1 else out.reshape(bees, *lead, -1)


FAST[functional.linear] = _linear


def _mse_loss(bees: int, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if len(args) != 2 or kwargs.keys() - {"reduction", "weight", "size_average", "reduce"}:
        return NotImplemented
    if kwargs.get("reduction", "mean") != "mean" or any(
        kwargs.get(k) is not None for k in ("weight", "size_average", "reduce")
    ):
        return NotImplemented
    one, two = args
    shapes = [t.shape[1:] if type(t) is Bees else t.shape for t in (one, two)]
    if shapes[0] != shapes[1] or one.dtype is not two.dtype or not shapes[0]:
        return NotImplemented
    return (one - two).square().reshape(bees, -1).mean(1)


FAST[functional.mse_loss] = _mse_loss


def _cross_entropy(bees: int, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Take the mean over each bee's classified samples of the loss of all samples at once."""
    plain: dict[str, Any] = {
        "reduction": "mean",
        "weight": None,
        "size_average": None,
        "reduce": None,
    }
    plain |= {"label_smoothing": 0.0, "ignore_index": _IGNORED}
    if len(args) != 2 or any(kwargs[k] != plain.get(k, ...) for k in kwargs):
        return NotImplemented
    logits, target = args
    if type(logits) is not Bees or logits.dim() != 3 or target.dtype is not torch.int64:
        return NotImplemented
    if target.dim() - (type(target) is Bees) != 1:
        return NotImplemented
    each = target.expand(bees, -1) if type(target) is not Bees else target
    losses = func(logits.flatten(0, 1), each.flatten(), reduction="none").reshape(bees, -1)
    return losses.sum(1) / (each != _IGNORED).sum(1)


FAST[functional.cross_entropy] = _cross_entropy
