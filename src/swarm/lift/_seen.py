"""What one bee sees of its tensor: shapes, values, gradients and randomness.

Importing this module registers the handlers with `mode`.
"""

from collections.abc import Callable, Iterator
from typing import Any

import torch

from swarm.lift import _ops as ops
from swarm.lift._mode import HANDLERS, QUIET, Handler, Lift, mark
from swarm.lift._recurrent import RECURRENT, recurrent
from swarm.lift._refuse import agreed, branch, refuse
from swarm.lift._tables import DROPOUTS, RANDOM
from swarm.lift._values import Bees, Values, as_bees

Tensor = torch.Tensor
ATTRIBUTES: Any = torch.Tensor  # as descriptors


def handles(
    *funcs: Any, shared: bool = False, quiet: bool = False
) -> Callable[[Handler], Handler]:
    """Register the handler of some functions, by default only for tensors of the bees."""

    def register(handler: Handler) -> Handler:
        if quiet:
            QUIET.update(funcs)

        def of_bees(lift: Lift, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            mine = args and type(args[0]) is Bees
            return (handler if mine else Lift.apply)(lift, func, args, kwargs)

        HANDLERS.update(dict.fromkeys(funcs, handler if shared else of_bees))
        return handler

    return register


@handles(ATTRIBUTES.shape.__get__, quiet=True)
def _shape(lift: Lift, func: Any, args: Any, kwargs: Any) -> Any:
    return args[0].shape[1:]


@handles(Tensor.size, quiet=True)
def _size(lift: Lift, func: Any, args: Any, kwargs: Any) -> Any:
    shape = args[0].shape[1:]
    dim = args[1] if len(args) > 1 else kwargs.get("dim")
    return shape if dim is None else shape[dim]


@handles(Tensor.stride, quiet=True)
def _stride(lift: Lift, func: Any, args: Any, kwargs: Any) -> Any:
    stride = args[0].stride()[1:]
    dim = args[1] if len(args) > 1 else kwargs.get("dim")
    return stride if dim is None else stride[dim]


@handles(Tensor.dim, Tensor.ndimension, ATTRIBUTES.ndim.__get__, quiet=True)
def _dim(lift: Lift, func: Any, args: Any, kwargs: Any) -> int:
    return int(args[0].dim()) - 1


@handles(Tensor.numel, Tensor.nelement, torch.numel)
def _numel(lift: Lift, func: Any, args: Any, kwargs: Any) -> int:
    return int(args[0].numel()) // lift.bees


@handles(Tensor.__len__)
def _len(lift: Lift, func: Any, args: Any, kwargs: Any) -> int:
    if args[0].dim() == 1:
        raise TypeError("len() of a 0-d tensor")
    return int(args[0].shape[1])


@handles(Tensor.__iter__)
def _iter(lift: Lift, func: Any, args: Any, kwargs: Any) -> Iterator[Tensor]:
    if args[0].dim() == 1:
        raise TypeError("iteration over a 0-d tensor")
    return iter([as_bees(t) for t in args[0].unbind(1)])


@handles(Tensor.item)
def _item(lift: Lift, func: Any, args: Any, kwargs: Any) -> Values:
    if args[0].numel() != lift.bees:
        raise RuntimeError(
            f"a Tensor with {args[0].numel() // lift.bees} elements cannot be converted to Scalar"
        )
    return Values(ops.as_array(args[0])).item()


@handles(Tensor.tolist)
def _tolist(lift: Lift, func: Any, args: Any, kwargs: Any) -> Any:
    def nest(array: Any) -> Any:
        if array.ndim == 1:
            return Values(array).item()
        return [nest(array[:, i]) for i in range(array.shape[1])]

    return nest(ops.as_array(args[0]))


@handles(Tensor.numpy)
def _numpy(lift: Lift, func: Any, args: Any, kwargs: Any) -> Values:
    return Values(args[0].numpy(*args[1:], **kwargs))


@handles(Tensor.__array__)
def _array(lift: Lift, func: Any, args: Any, kwargs: Any) -> Any:
    raise refuse("conversion to a NumPy array", "call .detach().numpy() on the tensor")


@handles(Tensor.__bool__, Tensor.is_nonzero, torch.is_nonzero)
def _bool(lift: Lift, func: Any, args: Any, kwargs: Any) -> bool:
    if args[0].numel() != lift.bees:
        raise RuntimeError("Boolean value of Tensor with more than one value is ambiguous")
    return branch(ops.as_array(args[0]).reshape(lift.bees).astype(bool))


@handles(torch.equal, Tensor.equal)
def _equal(lift: Lift, func: Any, args: Any, kwargs: Any) -> bool:
    if type(args[1]) is not Bees:
        return _equal(lift, func, (ops.spread(args[0], 1), args[1]), kwargs)
    if args[0].shape != args[1].shape:
        return False
    return branch(ops.as_array((args[0] == args[1]).reshape(lift.bees, -1).all(1)))


@handles(Tensor.__float__, Tensor.__int__, Tensor.__index__, Tensor.__complex__)
def _number(lift: Lift, func: Any, args: Any, kwargs: Any) -> Any:
    kind = {"__float__": float, "__complex__": complex}.get(func.__name__, int)
    if args[0].numel() != lift.bees:
        raise RuntimeError("only one element tensors can be converted to Python scalars")
    return kind(agreed(ops.as_array(args[0]), "float()" if kind is float else "int()"))


@handles(ATTRIBUTES.grad_fn.__get__)
def _grad_fn(lift: Lift, func: Any, args: Any, kwargs: Any) -> Any:
    return None if args[0].grad_fn is None else _Hidden()


class _Hidden:
    """Stands for a node of the graph, whose hooks would see all bees at once."""

    def __getattr__(self, name: str) -> Any:
        raise refuse(f"grad_fn.{name}", "compute with gradients after backward()")


@handles(Tensor.type_as, Tensor.to, shared=True)
def _like_another(lift: Lift, func: Any, args: Any, kwargs: Any) -> Any:
    """Take the dtype and device of another tensor, whose values do not matter."""
    other = args[1] if len(args) > 1 else kwargs.get("other")
    if not isinstance(other, Tensor):
        return lift.apply(func, args, kwargs)
    rest = {name: value for name, value in kwargs.items() if name != "other"}
    given = (args[0], other.device, other.dtype, *args[2:])
    return lift.apply(Tensor.to, given, rest)


@handles(Tensor.__repr__, Tensor.__format__)
def _format(lift: Lift, func: Any, args: Any, kwargs: Any) -> Any:
    raise refuse("formatting")


@handles(
    Tensor.register_hook,
    Tensor.register_post_accumulate_grad_hook,
    Tensor.__reduce_ex__,
    Tensor.storage,
    Tensor.untyped_storage,
    Tensor.data_ptr,
    Tensor.set_,
    Tensor.resize_,
    Tensor.__dlpack__,
)
def _refused(lift: Lift, func: Any, args: Any, kwargs: Any) -> Any:
    raise refuse(f"{ops.name(func)}()")


@handles(Tensor.detach, ATTRIBUTES.data.__get__, Tensor.cpu, Tensor.contiguous)
def _alike(lift: Lift, func: Any, args: Any, kwargs: Any) -> Tensor:
    result = func(*args, **kwargs)
    return result if type(result) is Bees else as_bees(result)


@handles(ATTRIBUTES.grad.__get__, quiet=True)
def _grad(lift: Lift, func: Any, args: Any, kwargs: Any) -> Any:
    grad = args[0].grad
    return None if grad is None else as_bees(grad)


@handles(ATTRIBUTES.grad.__set__, ATTRIBUTES.data.__set__, shared=True)
def _assign(lift: Lift, func: Any, args: Any, kwargs: Any) -> None:
    target, value = args
    if type(value) is Bees and type(target) is not Bees:
        lift.promote(target, "assignment to a tensor")
    if isinstance(value, Tensor) and type(target) is Bees and type(value) is not Bees:
        value = as_bees(ops.spread(value, lift.bees))
    elif isinstance(value, Tensor) and type(value) is not Bees:
        lift.needs_own(target)
        if type(target) is Bees:
            value = as_bees(ops.spread(value, lift.bees))
    func(target, value)


@handles(Tensor.requires_grad_, ATTRIBUTES.requires_grad.__set__, shared=True)
def _requires_grad(lift: Lift, func: Any, args: Any, kwargs: Any) -> Any:
    return func(*args, **kwargs)  # a shared tensor becomes each bee's own at its next use


@handles(Tensor.__deepcopy__)
def _deepcopy(lift: Lift, func: Any, args: Any, kwargs: Any) -> Tensor:
    tensor, memo = args
    if id(tensor) in memo:
        return memo[id(tensor)]
    if not tensor.is_leaf:
        raise RuntimeError("only tensors created explicitly by the user can be deep-copied")
    copied = as_bees(tensor.detach().clone()).requires_grad_(tensor.requires_grad)
    copied.__dict__.update(tensor.__dict__)
    if tensor.grad is not None and not isinstance(tensor, torch.nn.Parameter):
        copied.grad = as_bees(tensor.grad.detach().clone())
    memo[id(tensor)] = copied
    return copied


@handles(Tensor.__setitem__)
def _setitem(lift: Lift, func: Any, args: Any, kwargs: Any) -> Any:
    """Fill by a mask where it can be, as which elements it takes differs between bees."""
    target, index, value = args
    mask = type(index) is Bees and index.dtype is torch.bool and index.shape == target.shape
    if mask and not isinstance(value, Tensor):
        return lift.apply(Tensor.masked_fill_, (target, index, value), {})
    return lift.apply(func, args, kwargs)


# -- gradients: of the sum over the bees, so that each gets its own ---------------------


@handles(Tensor.backward)
def _backward(lift: Lift, func: Any, args: Any, kwargs: Any) -> None:
    names = ("gradient", "retain_graph", "create_graph", "inputs")
    given = dict(zip(names, args[1:], strict=False)) | kwargs
    torch.autograd.backward(
        args[0],
        _start(lift, args[0], given.get("gradient")),
        given.get("retain_graph"),
        given.get("create_graph", False),
        inputs=given.get("inputs"),
    )


@handles(torch.autograd.backward, shared=True)
def _backward_of(lift: Lift, func: Any, args: Any, kwargs: Any) -> None:
    names = ("tensors", "grad_tensors", "retain_graph", "create_graph", "grad_variables", "inputs")
    given = dict(zip(names, args, strict=False)) | kwargs
    tensors = given["tensors"]
    tensors = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    starts = given.get("grad_tensors")
    starts = [starts] if isinstance(starts, Tensor) else list(starts or [None] * len(tensors))
    lift.differs(tensors, {})
    given["tensors"] = tensors
    given["grad_tensors"] = [_start(lift, t, g) for t, g in zip(tensors, starts, strict=True)]
    func(**given)


@handles(torch.autograd.grad, shared=True)
def _grad_of(lift: Lift, func: Any, args: Any, kwargs: Any) -> Any:
    names = ("outputs", "inputs", "grad_outputs", "retain_graph", "create_graph")
    given = dict(zip(names, args, strict=False)) | kwargs
    if given.get("is_grads_batched"):
        raise refuse("autograd.grad(is_grads_batched=True)", "use torch.autograd.grad row by row")
    outputs, inputs = (
        (v,) if isinstance(v, Tensor) else tuple(v) for v in (given["outputs"], given["inputs"])
    )
    starts = given.get("grad_outputs")
    starts = (starts,) if isinstance(starts, Tensor) else tuple(starts or [None] * len(outputs))
    lift.differs(outputs, {})
    given["outputs"], given["inputs"] = outputs, inputs
    given["grad_outputs"] = [_start(lift, t, g) for t, g in zip(outputs, starts, strict=True)]
    return mark(func(**given))


def _start(lift: Lift, output: Tensor, given: Tensor | None) -> Tensor | None:
    """Return what backward starts from: one for each bee's scalar."""
    if type(output) is not Bees:
        return given
    if lift.unchecked:  # a pass over the graph, whenever something new was done
        lift.unchecked = False
        if ops.has_custom_backward(output):
            raise refuse(
                "a custom autograd.Function or a backward hook", "use operations of torch"
            )
    if given is None:
        if output.numel() != lift.bees:
            raise RuntimeError("grad can be implicitly created only for scalar outputs")
        return torch.ones_like(output)
    return given if type(given) is Bees else ops.spread(given, lift.bees)


# -- randomness ------------------------------------------------------------------------


@handles(*RANDOM, shared=True)
def _random(lift: Lift, func: Any, args: Any, kwargs: Any) -> Any:
    return lift.draw(func, args, kwargs)


@handles(*DROPOUTS, shared=True)
def _dropout(lift: Lift, func: Any, args: Any, kwargs: Any) -> Any:
    names = ("input", "p", "training", "inplace")
    given: dict[str, Any] = {"p": 0.5, "training": True, "inplace": False}
    given |= dict(zip(names, args, strict=False)) | kwargs
    if not given["training"] or given["p"] == 0:
        return lift.apply(func, args, kwargs)
    if not given["inplace"]:
        return lift.draw(func, args, kwargs)
    target = given["input"]
    lift.own(target, func)
    return target.copy_(lift.draw(func, (), given | {"inplace": False}))


@handles(*RECURRENT, shared=True)
def _recurrent(lift: Lift, func: Any, args: Any, kwargs: Any) -> Any:
    if lift.differs(args, kwargs):
        done = recurrent(lift, func, args, kwargs)
        if done is not NotImplemented:
            return done
    return lift.apply(func, args, kwargs)
