r"""Operations of torch that take a number, where that number differs between bees.

What torch also takes as a tensor without axes becomes one, in the dtype that
the number would have taken on. A few others are rewritten in such terms. What
is left is performed bee by bee, with the plain number of each.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any
from unittest import mock

import torch
from torch.distributions import beta
from torch.nn import functional
from torch.nn.utils import clip_grad

from swarm.lift import _ops as ops
from swarm.lift._refuse import part
from swarm.lift._values import Bees, Values, as_bees

if TYPE_CHECKING:
    from swarm.lift._mode import Lift

__all__ = ["ORIGINAL", "apply", "numbers_taken", "part_by_shape"]

Tensor = torch.Tensor

_CLAMPS = {
    "clamp",
    "clip",
    "clamp_",
    "clip_",
    "clamp_min",
    "clamp_max",
    "clamp_min_",
    "clamp_max_",
}
_BINARY = "add sub mul div pow fmod remainder floor_divide eq ne lt le gt ge lerp masked_fill"
_OPERATORS = "add sub mul truediv div floordiv mod pow"
_TAKE_TENSORS = _CLAMPS | {
    *(name for word in _BINARY.split() for name in (word, f"{word}_")),
    *(f"__{way}{word}__" for word in _OPERATORS.split() for way in ("", "r", "i")),
    *(f"__{word}__" for word in ("eq", "ne", "lt", "le", "gt", "ge", "setitem")),
    *("subtract", "multiply", "divide", "true_divide", "rsub", "where", "fill_", "copysign"),
    *("broadcast_tensors", "float_power"),
}

# Methods of torch's C++ whose parser takes plain numbers only.
_STRICT: list[tuple[Any, str]] = [
    (place, name)
    for place, names in (
        (
            Tensor,
            "normal_ uniform_ exponential_ bernoulli_ cauchy_ log_normal_ geometric_ add add_ sub "
            "sub_ addcmul addcmul_ addcdiv addcdiv_ new_full nan_to_num renorm renorm_ hardshrink "
            "dist bernoulli",
        ),
        (
            torch,
            "normal full full_like bernoulli add sub addcmul addcdiv celu selu threshold dist "
            "linspace logspace arange nan_to_num renorm",
        ),
        (
            functional,
            "softplus softshrink hardshrink leaky_relu_ hardtanh_ elu_ celu_",
        ),
    )
    for name in names.split()
    if hasattr(place, name)
]

# What stands in for a function while numbers may differ, and the function.
ORIGINAL: dict[Any, Any] = {}


def apply(lift: "Lift", func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Perform an operation some of whose arguments are numbers of each bee."""
    name = ops.name(func)
    rewritten = _REWRITTEN.get(name)
    if rewritten is not None:
        done = rewritten(lift, args, kwargs)
        if done is not NotImplemented:
            return done
    if name in _TAKE_TENSORS and not (kwargs.keys() & {"alpha", "out", "rounding_mode"}):
        args, kwargs = as_tensors(args, kwargs, also_plain=name in _CLAMPS)
        return lift.apply(func, args, kwargs)
    return _each(lift, func, args, kwargs)


def as_tensors(
    args: tuple[Any, ...], kwargs: dict[str, Any], also_plain: bool = False
) -> tuple[Any, Any]:
    """Turn the numbers among some arguments into tensors without axes."""
    flat = [*args, *kwargs.values()]
    flat += [item for value in flat if isinstance(value, tuple | list) for item in value]
    beside = next((value for value in flat if isinstance(value, Tensor)), None)

    def turned(value: Any) -> Any:
        if type(value) is Values and value.weak:
            return tensor_of(value, beside)
        if also_plain and type(value) in (int, float):
            return torch.tensor(value, dtype=_dtype(value, beside))
        if isinstance(value, tuple | list):
            return type(value)(turned(item) for item in value)
        return value

    return tuple(turned(v) for v in args), {k: turned(v) for k, v in kwargs.items()}


def tensor_of(value: Values, beside: Tensor | None) -> Tensor:
    """Make the tensor that a number becomes beside another: (bee,), each without axes."""
    dtype = _dtype(value.array.reshape(-1)[0].item(), beside)
    device = None if beside is None else beside.device
    return as_bees(torch.from_numpy(value.array.copy()).to(device=device, dtype=dtype))


def _dtype(number: Any, beside: Tensor | None) -> torch.dtype:
    """Return the dtype that a number takes on beside a tensor."""
    if beside is not None:
        return torch.result_type(beside, number)
    return torch.get_default_dtype() if type(number) is float else torch.tensor(number).dtype


def _each(lift: "Lift", func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Perform an operation bee by bee, with the number of each."""
    if not ops.in_place(func):
        results = [func(*ops.pick(args, bee), **ops.pick(kwargs, bee)) for bee in range(lift.bees)]
        part_by_shape(results, args, kwargs)
        if kwargs.get("requires_grad"):
            return ops.stack([result.detach() for result in results]).requires_grad_()
        return ops.stack(results)
    target = args[0] if args else kwargs["tensor"]
    lift.own(target, func)
    for bee in range(lift.bees):
        func(*ops.pick(args, bee), **ops.pick(kwargs, bee))
    return target


def part_by_shape(results: Sequence[Any], args: Any, kwargs: Any) -> None:
    """Part the bees where their settings give results of different shapes."""
    shapes = {result.shape for result in results if isinstance(result, Tensor)}
    if len(shapes) < 2:
        return
    flat = [*args, *kwargs.values()]
    flat += [item for value in flat if isinstance(value, tuple | list) for item in value]
    for value in flat:
        if type(value) is Values and value.setting:
            part(value.array, "the shape of a tensor", value.setting)


# -- rewritten -------------------------------------------------------------------------


def _scaled(add: Any) -> Callable[..., Any]:
    """Add alpha times the other, in place or not, in one pass."""
    # Looked up now, since a stand-in takes its place for the length of a flight.
    product = Tensor.addcmul_ if ops.in_place(add) else Tensor.addcmul
    sign = -1 if add in (Tensor.sub, Tensor.sub_) else 1

    def operate(lift: "Lift", args: Any, kwargs: Any) -> Any:
        if len(args) != 2 or kwargs.keys() != {"alpha"} or not isinstance(args[1], Tensor):
            return NotImplemented
        return lift.apply(product, (*args, tensor_of(sign * kwargs["alpha"], args[1])), {})

    return operate


def _product(func: Any) -> Callable[..., Any]:
    """X + value a b or a / b, in place or not."""

    def operate(lift: "Lift", args: Any, kwargs: Any) -> Any:
        if len(args) != 3 or kwargs.keys() != {"value"}:
            return NotImplemented
        value = tensor_of(kwargs["value"], args[1])
        scaled = lift.apply(Tensor.mul, (args[1], value), {})
        return lift.apply(func, (args[0], scaled, args[2]), {})

    return operate


def _leaky_relu(lift: "Lift", args: Any, kwargs: Any) -> Any:
    given = dict(zip(("input", "negative_slope", "inplace"), args, strict=False)) | kwargs
    x, slope = given["input"], given["negative_slope"]
    if given.get("inplace") or not isinstance(x, Tensor) or type(slope) is not Values:
        return NotImplemented
    steep = lift.apply(Tensor.mul, (x, tensor_of(slope, x)), {})
    return lift.apply(
        torch.where, (x > 0 if type(x) is not Bees else as_bees(x > 0), x, steep), {}
    )


_REWRITTEN: dict[str, Callable[..., Any]] = {
    "add": _scaled(Tensor.add),
    "add_": _scaled(Tensor.add_),
    "sub": _scaled(Tensor.sub),
    "sub_": _scaled(Tensor.sub_),
    "addcmul": _product(Tensor.addcmul),
    "addcmul_": _product(Tensor.addcmul_),
    "addcdiv": _product(Tensor.addcdiv),
    "addcdiv_": _product(Tensor.addcdiv_),
    "leaky_relu": _leaky_relu,
}


# -- functions that take plain numbers only --------------------------------------------


@contextmanager
def numbers_taken(lift: "Lift") -> Iterator[None]:
    """Let functions that take only plain numbers take those of each bee, for a block."""
    with ExitStack() as stack:
        for place, name in _STRICT:
            original = getattr(place, name)
            replaced = _open_to_numbers(lift, original)
            ORIGINAL[replaced] = original
            stack.callback(ORIGINAL.pop, replaced)
            stack.enter_context(mock.patch.object(place, name, replaced))
        for module in (clip_grad, beta):  # whose float() is there for what is an int
            stack.enter_context(mock.patch.object(module, "float", _as_float, create=True))
        yield


def _open_to_numbers(lift: "Lift", original: Any) -> Callable[..., Any]:
    def operate(*args: Any, **kwargs: Any) -> Any:
        for value in (*args, *kwargs.values()):
            if type(value) is Values and value.weak:
                with torch._C.DisableTorchFunction():
                    return lift.__torch_function__(original, (), args, kwargs)
        return original(*args, **kwargs)

    operate.__name__ = ops.name(original)
    return operate


def _as_float(value: Any) -> Any:
    return value if type(value) is Values else float(value)
