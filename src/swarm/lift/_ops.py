r"""Tensor operations on (bee, \\*shape): by vmap, or else bee by bee."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from numpy.typing import NDArray
from torch.nn import functional

from swarm.lift._refuse import refuse
from swarm.lift._tables import TAKES_GENERATOR
from swarm.lift._values import Bees, Values, as_bees

if TYPE_CHECKING:
    from swarm.lift._mode import Lift

Tensor = torch.Tensor


def name(func: Any) -> str:
    """Return the name of an operation, as a user would write it."""
    found = getattr(func, "__name__", str(func))
    if found in ("__get__", "__set__"):
        found = getattr(getattr(func, "__self__", None), "__name__", found)
    return str(found)


def in_place(func: Any) -> bool:
    """Whether an operation changes its first argument."""
    found = _CHANGES.get(func)
    if found is None:
        text = name(func)
        found = _CHANGES[func] = (
            (text.endswith("_") and not text.endswith("__"))
            or text in ("__setitem__", "__delitem__")
            or (text.startswith("__i") and text[3:-2] in _OPERATORS)
        )
    return found


_OPERATORS = {
    *("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul"),
    *("and", "or", "xor", "lshift", "rshift"),
}
_CHANGES: dict[Any, bool] = {}


def storage_users(tensor: Tensor) -> int:
    """Count who holds a tensor's memory, this call's own handle on it included."""
    return int(torch._C._storage_Use_Count(tensor.untyped_storage()._cdata))


def spread(tensor: Tensor, bees: int) -> Tensor:
    r"""Copy a shared tensor for each bee: (\\*shape) -> (bee, \\*shape)."""
    return tensor.detach().expand(bees, *tensor.shape).clone()


def as_array(tensor: Tensor) -> NDArray[Any]:
    r"""Return the values (bee, \\*shape) as an array that later steps leave alone."""
    values = tensor.detach()
    values.__class__ = Tensor
    if values.dtype == torch.bfloat16:
        values = values.float()
    return values.resolve_conj().resolve_neg().cpu().numpy()


def pick(value: Any, bee: int) -> Any:
    """Return one bee's view of arguments, however nested."""
    if type(value) is Bees:
        return value[bee]
    if type(value) is Values:
        return value.array[bee].item()
    if isinstance(value, list | tuple) and type(value) is not torch.Size:
        return _like(value, [pick(v, bee) for v in value])
    if isinstance(value, dict):
        return {key: pick(v, bee) for key, v in value.items()}
    return value


def stack(results: list[Any]) -> Any:
    """Join the results of all bees."""
    first = results[0]
    if isinstance(first, Tensor):
        if any(r.shape != first.shape for r in results):
            raise refuse("a result whose shape differs between bees")
        return as_bees(torch.stack(results))
    if isinstance(first, tuple | list):
        joined = [stack(list(column)) for column in zip(*results, strict=True)]
        return _like(first, joined)
    if all(r is first or r == first for r in results):
        return first
    raise refuse("a result, not a tensor, that differs between bees")


def draws(
    func: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    generators: Sequence[torch.Generator],
    device: torch.device,
) -> Iterator[Any]:
    """Perform an operation for each bee, which draws from its own generator."""
    tensors: list[Tensor] = []
    frame, named = _take(args, tensors), {k: _take(v, tensors) for k, v in kwargs.items()}
    if func in TAKES_GENERATOR:  # saves moving states about
        named.pop("generator", None)
        for bee, generator in enumerate(generators):
            given = [pick(tensor, bee) for tensor in tensors]
            yield func(*_put(frame, given), **_put_named(named, given), generator=generator)
        return
    with default_generator(device) as default:
        for bee, generator in enumerate(generators):
            given = [pick(tensor, bee) for tensor in tensors]
            default.set_state(generator.get_state())
            yield func(*_put(frame, given), **_put_named(named, given))
            generator.set_state(default.get_state())


def _put_named(named: dict[str, Any], given: Sequence[Tensor]) -> dict[str, Any]:
    return {key: _put(value, given) for key, value in named.items()} if named else named


@contextmanager
def default_generator(device: torch.device) -> Iterator[torch.Generator]:
    """Lend the generator that operations draw from, and restore its state."""
    if device.type == "cuda":
        torch.cuda.init()
        index = torch.cuda.current_device() if device.index is None else device.index
        default = torch.cuda.default_generators[index]
    elif device.type == "cpu":
        default = torch._C.default_generator
    else:
        raise refuse(f"random numbers on {device.type}", "train on the CPU or on CUDA")
    state = default.get_state()
    try:
        yield default
    finally:
        default.set_state(state)


def has_custom_backward(output: Tensor) -> bool:
    """Whether Python code that has not been lifted would run in the backward pass."""
    seen: set[Any] = set()
    nodes = [output.grad_fn]
    while nodes:
        node = nodes.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        written = getattr(node, "_forward_cls", None)
        if written is not None and not written.__module__.startswith("swarm.lift"):
            return True
        nodes.extend(following for following, _ in node.next_functions)
    return False


# -- vmap ------------------------------------------------------------------------------


def vmapped(lift: "Lift", func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Perform an operation for all bees by `torch.vmap`, or else bee by bee."""
    if func is functional.batch_norm or func is functional.instance_norm:
        _own_statistics(lift, func, args, kwargs)
    tensors: list[Tensor] = []
    frame, named = _take(args, tensors), {k: _take(v, tensors) for k, v in kwargs.items()}
    returned: Any = None

    def one(*given: Tensor) -> tuple[Tensor, ...]:
        nonlocal returned
        out = func(*_put(frame, given), **_put_named(named, given))
        results: list[Tensor] = []
        returned = _take(out, results, Tensor)
        return tuple(results)

    changes = in_place(func)
    try:
        results = torch.vmap(one, randomness="error")(*tensors)
    except RuntimeError as error:
        if changes:
            raise refuse(f"{name(func)} ({_first_line(error)})") from error
        if "randomness" in str(error):
            return lift.draw(func, args, kwargs)
        return _each(lift, func, args, kwargs)
    if changes:
        return args[0]
    # What no bee's tensor went into, such as new(), is given memory for each all the same.
    return _put(returned, [r.clone() if r.stride(0) == 0 else r for r in results])


def _take(value: Any, tensors: list[Any], kind: type = Bees) -> Any:
    """Take tensors out of nested arguments or results, and leave slots for them."""
    if type(value) in (kind, Values) or (kind is Tensor and isinstance(value, Tensor)):
        tensors.append(value)
        return _Slot(len(tensors) - 1)
    if isinstance(value, tuple | list) and type(value) is not torch.Size:
        return _like(value, [_take(v, tensors, kind) for v in value])
    return value


def _put(value: Any, tensors: Sequence[Tensor]) -> Any:
    """Fill the slots."""
    if type(value) is _Slot:
        return tensors[value.index]
    if isinstance(value, tuple | list) and type(value) is not torch.Size:
        return _like(value, [_put(v, tensors) for v in value])
    return value


def _like(value: Any, items: list[Any]) -> Any:
    """Return items as the same kind of list, tuple or named tuple."""
    if type(value) in (tuple, list) or hasattr(type(value), "n_fields"):  # torch.return_types
        return type(value)(items)
    return type(value)(*items) if hasattr(value, "_fields") else tuple(items)


class _Slot:
    """Where a bee's tensor goes among shared arguments."""

    def __init__(self, index: int) -> None:
        self.index = index


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:100] if str(error) else type(error).__name__


def _each(lift: "Lift", func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Perform an operation bee by bee, as vmap cannot."""
    results = [func(*pick(args, bee), **pick(kwargs, bee)) for bee in range(lift.bees)]
    return stack(results)


def _own_statistics(
    lift: "Lift", func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    """Give each bee its own running statistics, which a normalisation updates."""
    for value in (*args[1:3], kwargs.get("running_mean"), kwargs.get("running_var")):
        lift.own(value, func)
