"""Faster ways to compute, at many weights at once, what small networks are made of.

Samples are many and features few, so all is quickest with the samples along the
rows: (out, in) · (in, sample). What a linear layer gives is seen as (sample,
out) and keeps its layout through whatever works element by element.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from swarm.surface import _inplace
from swarm.surface._many import FAST, Many

__all__: list[str] = []


def _fast(*functions: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def note(way: Callable[..., Any]) -> Callable[..., Any]:
        FAST.update(dict.fromkeys(functions, way))
        return way

    return note


class Slots:
    """Arguments of which some differ between weights: those are sources, in this order."""

    def __init__(self, *args: Any) -> None:
        self.args = args
        self.at = [i for i, arg in enumerate(args) if isinstance(arg, Many)]
        self.sources = [args[i] for i in self.at]

    def filled(self, values: list[Tensor]) -> list[Any]:
        """Return all arguments, (A or 1, B or 1, …) if they are tensors."""
        filled = [
            arg[None, None] if isinstance(arg, Tensor) and not isinstance(arg, Many) else arg
            for arg in self.args
        ]
        for i, value in zip(self.at, values, strict=True):
            filled[i] = value
        return filled


# -- element by element ---------------------------------------------------------------------------


def _elementwise(func: Callable[..., Any]) -> None:
    def plan(*args: Any, **kwargs: Any) -> Any:
        if any(isinstance(value, Tensor) for value in kwargs.values()):
            return NotImplemented
        ndim = max(arg.ndim for arg in args if isinstance(arg, Tensor))
        at = [i for i, arg in enumerate(args) if isinstance(arg, Many)]

        def compute(values: list[Tensor], own: list[bool]) -> Tensor:
            filled = list(args)
            for i, value in zip(at, values, strict=True):
                missing = ndim + 2 - value.ndim
                filled[i] = value.reshape(*value.shape[:2], *[1] * missing, *value.shape[2:])
            return func(*filled, **kwargs)

        return [args[i] for i in at], compute

    FAST[func] = plan


for _name in (
    *("add", "sub", "mul", "div", "true_divide", "pow", "square", "sqrt", "rsqrt", "exp", "expm1"),
    *("log", "log1p", "sin", "cos", "abs", "neg", "erf", "sign", "reciprocal", "maximum"),
    *("minimum", "atan", "clamp", "clamp_min", "clamp_max", "logit", "isfinite", "isnan"),
    *("eq", "ne", "lt", "le", "gt", "ge", "__add__", "__radd__", "__sub__", "__rsub__"),
    *("__mul__", "__rmul__", "__truediv__", "__rtruediv__", "__pow__", "__neg__", "__abs__"),
    *("__eq__", "__lt__", "__gt__", "softsign", "logsigmoid", "softshrink"),
    *("hardshrink",),
):
    for _home in (torch, Tensor, F):
        if hasattr(_home, _name):
            _elementwise(getattr(_home, _name))


def _in_place(write: Callable[..., Tensor], *functions: Any) -> None:
    """Note functions of one tensor and of numbers; `write` works in place."""

    def plan(input: Any, *args: Any, inplace: bool = False, **kwargs: Any) -> Any:
        def compute(values: list[Tensor], own: list[bool]) -> Tensor:
            x = values[0] if own[0] else values[0].clone()
            # What a layer gives is contiguous the other way round, where some are twice as fast.
            turned = x.ndim > 1 and not x.is_contiguous() and x.mT.is_contiguous()
            return write(x.mT, *args, **kwargs).mT if turned else write(x, *args, **kwargs)

        return [input], compute

    FAST.update(dict.fromkeys(functions, plan))


_in_place(torch.relu_, torch.relu, Tensor.relu, F.relu)
_in_place(torch.sigmoid_, torch.sigmoid, Tensor.sigmoid, F.sigmoid)
_in_place(_inplace.tanh_, torch.tanh, Tensor.tanh, F.tanh)
_in_place(torch.ops.aten.gelu_, F.gelu)
for _name in ("mish", "elu", "celu", "selu", "softplus"):
    _in_place(getattr(_inplace, f"{_name}_"), getattr(F, _name))
for _name in (
    *("silu", "hardswish", "hardsigmoid", "relu6", "leaky_relu", "hardtanh", "threshold"),
):
    _in_place(partial(getattr(F, _name), inplace=True), getattr(F, _name))


@_fast(F.prelu)
def _prelu(input: Any, weight: Any) -> Any:
    if not isinstance(input, Many) or (weight.numel() > 1 and input.ndim != 2):
        return NotImplemented
    slots = Slots(input, weight)

    def compute(values: list[Tensor], own: list[bool]) -> Tensor:
        x, slope = slots.filled(values)
        return torch.where(x > 0, x, x * slope[..., None, :])  # (…, sample, feature)

    return slots.sources, compute


# -- layers ---------------------------------------------------------------------------------------


@_fast(F.linear)
def _linear(input: Any, weight: Any, bias: Any = None) -> Any:
    if input.ndim != 2 or weight.ndim != 2:
        return NotImplemented
    slots = Slots(input, weight, bias)

    def compute(values: list[Tensor], own: list[bool]) -> Tensor:
        h, w, shift = slots.filled(values)
        h = h.mT  # (…, in, sample)
        if w.shape[-1] == 1:  # nothing to sum over
            product = w * h
        elif shift is None or any(n < m for n, m in zip(w.shape, shift.shape[:2], strict=False)):
            product = _product(w, h, None)
        else:
            return _product(w, h, shift[..., None]).mT
        return (product if shift is None else _added(product, shift[..., None])).mT

    return slots.sources, compute


def _product(w: Tensor, h: Tensor, shift: Tensor | None) -> Tensor:
    """Multiply (A or 1, B or 1, out, in) by (A or 1, B or 1, in, sample), copying no samples.

    What is added, (…, out, 1), differs along no axis that `w` has not.
    """
    (a, b, out, inner), (c, d, _, samples) = w.shape, h.shape
    if shift is not None:
        shift = shift.expand(a, b, out, 1)
    if c == d == 1:  # the same at all weights: one product
        rows = w.reshape(-1, inner)
        product = (
            rows @ h[0, 0] if shift is None else torch.addmm(shift.reshape(-1, 1), rows, h[0, 0])
        )
        return product.view(a, b, out, samples)
    a, b = max(a, c), max(b, d)
    if d == 1:  # one product for each step along the first axis
        rows, cols = w.expand(a, b, out, inner).reshape(a, -1, inner), h[:, 0]
        shift = None if shift is None else shift.expand(a, b, out, 1).reshape(a, -1, 1)
    else:
        rows = w.expand(a, b, out, inner).reshape(-1, out, inner)
        cols = h.expand(a, b, inner, samples).reshape(-1, inner, samples)
        shift = None if shift is None else shift.expand(a, b, out, 1).reshape(-1, out, 1)
    cols = cols.expand(len(rows), inner, samples)
    product = torch.bmm(rows, cols) if shift is None else torch.baddbmm(shift, rows, cols)
    return product.view(a, b, out, samples)


def _added(x: Tensor, shift: Tensor) -> Tensor:
    """Add to `x`, which may be written, what may differ along axes that it does not have."""
    grows = any(n > m for n, m in zip(shift.shape[:2], x.shape[:2], strict=True))
    return x + shift if grows else x.add_(shift)


@_fast(F.batch_norm)
def _batch_norm(
    input: Any,
    running_mean: Any,
    running_var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    if not isinstance(input, Many) or input.ndim != 2 or (training and running_mean is not None):
        return NotImplemented
    slots = Slots(input, running_mean, running_var, weight, bias)

    def compute(values: list[Tensor], own: list[bool]) -> Tensor:
        x, centre, variance, gain, shift = slots.filled(values)
        x = x.mT  # (A, B, feature, sample)
        if training:
            centre = x.mean(dim=-1)
            x = x.sub_(centre[..., None]) if own[0] else x - centre[..., None]
            scale = (_squares(x).sum(dim=-1) / x.shape[-1] + eps).rsqrt_()
        else:
            scale = (variance + eps).rsqrt()  # (A or 1, B or 1, feature)
            lift = -centre * scale
            if gain is not None:
                lift = lift * gain
            shift = lift if shift is None else shift + lift
        if gain is not None:
            scale = scale * gain
        return _affine(x, scale, shift, own[0] or training).mT

    return slots.sources, compute


def _squares(x: Tensor) -> Tensor:
    return x * x


def _affine(x: Tensor, scale: Tensor, shift: Tensor | None, own: bool) -> Tensor:
    """Scale and shift features, (A or 1, B or 1, feature), of x (A, B, feature, sample)."""
    grows = any(n > m for n, m in zip(scale.shape[:2], x.shape[:2], strict=True))
    x = x.mul_(scale[..., None]) if own and not grows else x * scale[..., None]
    return x if shift is None else _added(x, shift[..., None])


@_fast(F.layer_norm)
def _layer_norm(
    input: Any, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    if not isinstance(input, Many) or input.ndim != 2 or len(normalized_shape) != 1:
        return NotImplemented
    slots = Slots(input, weight, bias)

    def compute(values: list[Tensor], own: list[bool]) -> Tensor:
        x, gain, shift = slots.filled(values)
        x = x.mT  # (A, B, feature, sample)
        centre = x.mean(dim=-2, keepdim=True)
        x = x.sub_(centre) if own[0] else x - centre
        x.mul_((_squares(x).mean(dim=-2, keepdim=True) + eps).rsqrt_())
        return (x if gain is None else _affine(x, gain, shift, True)).mT

    return slots.sources, compute


# -- losses ---------------------------------------------------------------------------------------


@_fast(torch.mean, Tensor.mean)
def _mean(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    if dim is not None or keepdim or dtype or not input.ndim:
        return NotImplemented
    return [input], lambda values, own: _mean_of(values[0])


def _mean_of(x: Tensor) -> Tensor:
    return x.mean(dim=tuple(range(2, x.ndim)))


@_fast(F.mse_loss)
def _mse_loss(input: Any, target: Any, **kwargs: Any) -> Any:
    if not _is_mean(kwargs) or input.shape != target.shape or not input.ndim:
        return NotImplemented
    if not (input.is_floating_point() and target.is_floating_point()):
        return NotImplemented
    slots = Slots(input, target)

    def compute(values: list[Tensor], own: list[bool]) -> Tensor:
        mine, other = slots.filled(values)
        off = mine - other
        return _mean_of(off.square_())

    return slots.sources, compute


@_fast(F.cross_entropy)
def _cross_entropy(input: Any, target: Any, *, ignore_index: int = -100, **kwargs: Any) -> Any:
    smooth = kwargs.pop("label_smoothing", 0.0)
    if not _is_mean(kwargs) or smooth or isinstance(target, Many) or input.ndim != 2:
        return NotImplemented
    if target.ndim != 1 or target.dtype != torch.int64 or bool((target == ignore_index).any()):
        return NotImplemented
    samples, classes = input.shape
    # Where the right class of each sample is among (class, sample).
    hits = target * samples + torch.arange(samples, device=target.device)

    def compute(values: list[Tensor], own: list[bool]) -> Tensor:
        x = values[0].mT  # (A, B, class, sample)
        top = x.amax(dim=-2, keepdim=True)
        x = x.sub_(top) if own[0] else x - top
        hit = x.reshape(-1, classes * samples).index_select(1, hits).view(top.shape)
        total = _inplace.exp_(x).sum(dim=-2, keepdim=True)
        return _inplace.log_(total).sub_(hit).mean(dim=(-2, -1))

    return [input], compute


def _is_mean(kwargs: dict[str, Any]) -> bool:
    """Tell whether a loss is asked for its plain mean, and nothing else."""
    asked = {name: value for name, value in kwargs.items() if value is not None}
    return asked.pop("reduction", "mean") == "mean" and not asked
