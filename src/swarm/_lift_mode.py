"""Runs each tensor operation of one bee's code for all bees."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch._C._functorch import peek_interpreter_stack
from torch.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)
from torch.overrides import TorchFunctionMode

from swarm import _lift_ops as ops
from swarm._lift_fast import FAST
from swarm._lift_values import Bees, Values, agreed, as_bees, branch, refuse

__all__ = ["Lift"]

Tensor = torch.Tensor
ATTRIBUTES: Any = torch.Tensor  # as descriptors
Handler = Callable[["Lift", Any, tuple[Any, ...], dict[str, Any]], Any]

HANDLERS: dict[Any, Handler] = {}

# Optimisers that work element by element, so that they step on (bee, *shape) as they are.
ELEMENTWISE_OPTIMISERS = {
    getattr(torch.optim, name)
    for name in (
        [
            "SGD",
            "Adam",
            "AdamW",
            "RMSprop",
            "Adagrad",
            "Adadelta",
            "NAdam",
            "RAdam",
            "Adamax",
            "ASGD",
            "Rprop",
        ]
    )
}


class Lift(TorchFunctionMode):
    """Under this mode, one bee's code acts on all bees of a group.

    Parameters
    ----------
    seeds : sequence of int
        The seed of each bee.
    """

    def __init__(self, seeds: Sequence[int]) -> None:
        super().__init__()
        self.bees = len(seeds)
        self.seeds = seeds
        self.generators: dict[torch.device, list[torch.Generator]] = {}
        self.inside: set[int] = set()  # storages made in this run, shared by all bees
        self.outside: set[int] = set()  # storages that came from elsewhere
        self.checks = 10  # backward passes whose graph is still to be looked at
        self._native: Any = None  # set while an optimiser steps
        # A handle on the storage counts too; what a tensor without aliases shows.
        self._unshared = ops.storage_users(torch.empty(1))

    @contextmanager
    def stepping(self) -> Iterator[None]:
        """Let optimisers step on all bees for the length of a block."""
        before = register_optimizer_step_pre_hook(self._before_step)
        after = register_optimizer_step_post_hook(self._after_step)
        try:
            yield
        finally:
            before.remove()
            after.remove()

    def __exit__(self, *error: Any) -> None:
        self.leave_native()  # if the step raised
        super().__exit__(*error)

    # -- dispatch ------------------------------------------------------------------

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        handler = HANDLERS.get(func)
        if handler is not None:
            return handler(self, func, args, kwargs)
        if func in ops.GETTERS:
            return func(*args, **kwargs)
        return self.apply(func, args, kwargs)

    def apply(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Perform an operation once if its arguments are shared, else for all bees."""
        if not self.look(args, kwargs):
            return self.shared(func, args, kwargs)
        if peek_interpreter_stack() is not None:
            raise refuse("a transform of torch.func", "use loss.backward() or torch.autograd.grad")
        if ops.in_place(func):
            target = args[0] if args else kwargs["tensor"]
            self.own(target, func)
            if not args:  # as torch.nn.init passes it
                args, kwargs = (target,), {k: v for k, v in kwargs.items() if k != "tensor"}
        elif kwargs.get("out") is not None:
            raise refuse("out=", "assign the result to a name")
        fast = FAST.get(func)
        if fast is not None:
            done = fast(self.bees, func, args, kwargs)
            if done is not NotImplemented:
                return self.mark(done, args)
        return self.mark(ops.vmapped(self, func, args, kwargs), args)

    def look(self, args: Any, kwargs: Any) -> bool:
        """Whether an argument belongs to each bee; trainable leaves do from now on."""
        found = False
        for value in args:
            kind = type(value)
            if kind is Bees:
                found = True
            elif isinstance(value, Tensor):
                found |= self.needs_own(value)
            elif kind is Values:
                raise refuse(
                    "a NumPy value as argument of a torch function",
                    "compute with the tensor itself, before .item() or .numpy()",
                )
            elif (kind is tuple or kind is list) and value:
                found |= self.look(value, ())
        if kwargs:
            found |= self.look(kwargs.values(), ())
        return found

    def needs_own(self, tensor: Tensor) -> bool:
        """Give each bee its own copy of a trainable tensor."""
        if not tensor.requires_grad:
            return False
        if not tensor.is_leaf:
            raise refuse(
                "a tensor with gradients that did not come from lifted operations",
                "avoid torch.jit and nets from outside the bee",
            )
        self.promote(tensor, "a trainable tensor")
        return True

    def promote(self, tensor: Tensor, what: str) -> None:
        """Turn a shared tensor into one for each bee, in place, so that references stay good."""
        pointer = tensor.untyped_storage().data_ptr()
        if pointer and pointer not in self.inside:
            raise refuse(
                f"{what} made outside of the bee",
                "make it in the bee, or work on a copy (clone() or copy.deepcopy)",
            )
        if tensor._is_view() or ops.storage_users(tensor) > self._unshared:
            raise refuse(f"{what} that shares memory with another", "clone() it first")
        parameter = isinstance(tensor, torch.nn.Parameter)
        grad = tensor.grad if tensor.is_leaf else None
        tensor.data = ops.spread(tensor.detach(), self.bees)
        as_bees(tensor)
        if parameter:
            tensor._is_param = True
        if grad is not None:
            tensor.grad = as_bees(ops.spread(grad, self.bees))

    def own(self, tensor: Any, func: Any) -> None:
        """Make sure that a tensor about to be changed in place belongs to each bee."""
        if isinstance(tensor, Tensor) and type(tensor) is not Bees:
            self.promote(tensor, f"{ops.name(func)} on a tensor")

    def shared(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Perform an operation whose arguments all bees share."""
        for value in (*args, *kwargs.values()):
            if isinstance(value, Tensor):
                self.note(value, self.outside)
        if ops.in_place(func) or kwargs.get("out") is not None:
            target = kwargs.get("out") if kwargs.get("out") is not None else None
            target = target if target is not None else args[0] if args else kwargs.get("tensor")
            if isinstance(target, Tensor) and self.pointer(target) not in self.inside:
                raise refuse(
                    f"{ops.name(func)} on a tensor made outside of the bee",
                    "work on a clone() of it",
                )
        result = func(*args, **kwargs)
        if isinstance(result, Tensor):
            self.note(result, self.inside)
        elif isinstance(result, tuple | list):
            for value in result:
                if isinstance(value, Tensor):
                    self.note(value, self.inside)
        return result

    @staticmethod
    def pointer(tensor: Tensor) -> int:
        return tensor.untyped_storage().data_ptr() if tensor.layout is torch.strided else 0

    def note(self, tensor: Tensor, side: set[int]) -> None:
        pointer = self.pointer(tensor)
        if pointer and pointer not in self.inside and pointer not in self.outside:
            side.add(pointer)

    def mark(self, result: Any, args: tuple[Any, ...]) -> Any:
        """Mark results as one for each bee."""
        if isinstance(result, Tensor):
            return result if type(result) is Bees else as_bees(result)
        if isinstance(result, tuple | list):
            for value in result:
                self.mark(value, args)
        return result

    # -- randomness ----------------------------------------------------------------

    def generators_on(self, device: torch.device) -> list[torch.Generator]:
        """Return the generator of each bee."""
        known = self.generators.get(device)
        if known is None:
            known = [torch.Generator(device).manual_seed(seed) for seed in self.seeds]
            self.generators[device] = known
        return known

    def draw(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Perform an operation that draws random numbers bee by bee."""
        if kwargs.get("generator") is not None:
            return self.apply(func, args, kwargs)  # explicit, hence the same for all bees
        tensors = [v for v in (*args, *kwargs.values()) if isinstance(v, Tensor)]
        self.look(args, kwargs)
        changes = ops.in_place(func)
        target = args[0] if args else kwargs.get("tensor")
        if changes:
            self.own(target, func)
        device = tensors[0].device if tensors else torch.device(kwargs.get("device") or "cpu")
        if not tensors and kwargs.get("device") is None:
            device = torch.get_default_device()
        if device.type == "cuda" and device.index is None:
            device = torch.device("cuda", torch.cuda.current_device())
        results = [*ops.draws(func, args, kwargs, self.generators_on(device), device)]
        if changes:
            return target
        if kwargs.get("requires_grad"):
            return ops.stack([r.detach() for r in results]).requires_grad_()
        return ops.stack(results)

    # -- optimisers ----------------------------------------------------------------

    def _before_step(self, optimiser: Any, args: Any, kwargs: Any) -> None:
        if type(optimiser) not in ELEMENTWISE_OPTIMISERS:
            raise refuse(
                f"{type(optimiser).__name__}.step()",
                "use an optimiser that works element by element, such as SGD or Adam",
            )
        if len(args) > 1 or kwargs.get("closure") is not None:
            raise refuse("step(closure)", "compute the loss before the step")
        for group in optimiser.param_groups:
            if any(isinstance(value, Values) for value in group.values()):
                raise refuse("a learning rate that differs between bees", "use a common one")
            if group.get("fused"):
                raise refuse("fused=True", "leave fused at its default")
        self._native = torch._C.DisableTorchFunction()
        self._native.__enter__()

    def _after_step(self, optimiser: Any, args: Any, kwargs: Any) -> None:
        self.leave_native()
        for _param, state in optimiser.state.items():
            for value in state.values():
                if type(value) is Tensor and value.dim():
                    as_bees(value)

    def leave_native(self) -> None:
        if self._native is not None:
            self._native.__exit__(None, None, None)
            self._native = None


# -- what one bee would see of a tensor ------------------------------------------------


def handles(*funcs: Any, shared: bool = False) -> Callable[[Handler], Handler]:
    """Register the handler of some functions, by default only for tensors of the bees."""

    def register(handler: Handler) -> Handler:
        def of_bees(lift: Lift, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            mine = args and type(args[0]) is Bees
            return (handler if mine else Lift.apply)(lift, func, args, kwargs)

        HANDLERS.update(dict.fromkeys(funcs, handler if shared else of_bees))
        return handler

    return register


@handles(ATTRIBUTES.shape.__get__)
def _shape(lift: Lift, func: Any, args: Any, kwargs: Any) -> Any:
    return args[0].shape[1:]


@handles(Tensor.size)
def _size(lift: Lift, func: Any, args: Any, kwargs: Any, /, dim: int | None = None) -> Any:
    shape = args[0].shape[1:]
    dim = args[1] if len(args) > 1 else kwargs.get("dim")
    return shape if dim is None else shape[dim]


@handles(Tensor.stride)
def _stride(lift: Lift, func: Any, args: Any, kwargs: Any) -> Any:
    stride = args[0].stride()[1:]
    dim = args[1] if len(args) > 1 else kwargs.get("dim")
    return stride if dim is None else stride[dim]


@handles(Tensor.dim, Tensor.ndimension, ATTRIBUTES.ndim.__get__)
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
    return Values(ops.array(args[0])).item()


@handles(Tensor.tolist)
def _tolist(lift: Lift, func: Any, args: Any, kwargs: Any) -> Any:
    def nest(array: Any) -> Any:
        if array.ndim == 1:
            return Values(array).item()
        return [nest(array[:, i]) for i in range(array.shape[1])]

    return nest(ops.array(args[0]))


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
    return branch(ops.array(args[0]).reshape(lift.bees).astype(bool))


@handles(torch.equal, Tensor.equal)
def _equal(lift: Lift, func: Any, args: Any, kwargs: Any) -> bool:
    if type(args[1]) is not Bees:
        return _equal(lift, func, (ops.spread(args[0], 1), args[1]), kwargs)
    if args[0].shape != args[1].shape:
        return False
    return branch(ops.array((args[0] == args[1]).reshape(lift.bees, -1).all(1)))


@handles(Tensor.__float__, Tensor.__int__, Tensor.__index__, Tensor.__complex__)
def _number(lift: Lift, func: Any, args: Any, kwargs: Any) -> Any:
    kind = {"__float__": float, "__complex__": complex}.get(func.__name__, int)
    if args[0].numel() != lift.bees:
        raise RuntimeError("only one element tensors can be converted to Python scalars")
    return kind(agreed(ops.array(args[0]), "float()" if kind is float else "int()"))


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


@handles(ATTRIBUTES.grad.__get__)
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
    lift.look(tensors, {})
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
    lift.look(outputs, {})
    given["outputs"], given["inputs"] = outputs, inputs
    given["grad_outputs"] = [_start(lift, t, g) for t, g in zip(outputs, starts, strict=True)]
    return lift.mark(func(**given), ())


def _start(lift: Lift, output: Tensor, given: Tensor | None) -> Tensor | None:
    """Return what backward starts from: one for each bee's scalar."""
    if type(output) is not Bees:
        return given
    if lift.checks > 0:  # a pass over the graph, in the first epochs only
        lift.checks -= 1
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


@handles(*ops.RANDOM, shared=True)
def _random(lift: Lift, func: Any, args: Any, kwargs: Any) -> Any:
    return lift.draw(func, args, kwargs)


@handles(*ops.DROPOUTS, shared=True)
def _dropout(lift: Lift, func: Any, args: Any, kwargs: Any) -> Any:
    given = dict(zip(("input", "p", "training", "inplace"), args, strict=False)) | kwargs
    if not given.get("training", True) or given.get("p", 0.5) == 0:
        return lift.apply(func, args, kwargs)
    return lift.draw(func, args, kwargs)
