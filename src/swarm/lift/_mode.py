"""Runs each tensor operation of one bee's code for all bees."""

import sys
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch._C._functorch import peek_interpreter_stack
from torch.overrides import TorchFunctionMode

from swarm.lift import _numbers as numbers
from swarm.lift import _ops as ops
from swarm.lift._clock import since
from swarm.lift._fast import FAST
from swarm.lift._refuse import give_up, refuse
from swarm.lift._steps import fuse
from swarm.lift._tables import ELEMENTWISE_OPTIMISERS, FRESH, GETTERS
from swarm.lift._values import Bees, Values, as_bees

__all__ = ["HANDLERS", "QUIET", "Handler", "Lift", "mark"]

Tensor = torch.Tensor
Handler = Callable[["Lift", Any, tuple[Any, ...], dict[str, Any]], Any]

HANDLERS: dict[Any, Handler] = {}
QUIET: set[Any] = set()  # those of HANDLERS that compute nothing, of which news are not noted
_NEVER = object()


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
        self.news = False  # whether something was done that had not been done before
        self.unchecked = True  # whether that was since a graph was last looked at
        self.begin = (0.0, 0.0)  # of an epoch
        self.most: float | None = None  # seconds from there after which to give up
        self._known: dict[int, Any] = {}  # what was done so far, see `note`
        self._base: Any = None  # the frame that runs the bee
        self.flying = False  # whether the bee's code runs
        self._native: Any = None  # set while an optimiser steps
        self._fused: list[dict[str, Any]] = []  # groups of parameters that step in one pass
        self._numbers = False  # whether the last arguments looked at held numbers of each bee
        # A handle on the storage counts too; what a tensor without aliases shows.
        self._unshared = ops.storage_users(torch.empty(1))

    def __enter__(self) -> Any:
        self.flying = True
        self._base = sys._getframe(1)
        return super().__enter__()

    def __exit__(self, *error: Any) -> None:
        self.flying = False
        self.leave_native()  # if the step raised
        super().__exit__(*error)

    # -- dispatch ------------------------------------------------------------------

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if func in GETTERS:
            return func(*args, **(kwargs or {}))
        kwargs = kwargs or {}
        if func in QUIET:
            return HANDLERS[func](self, func, args, kwargs)
        if numbers.ORIGINAL:
            func = numbers.ORIGINAL.get(func, func)
        self.note_news(func, args, kwargs)
        handler = HANDLERS.get(func)
        if handler is not None:
            return handler(self, func, args, kwargs)
        return self.apply(func, args, kwargs)

    def note_news(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Note whether an operation is done where, or with what, it has not been done before.

        Where is the whole way that led there, what the kinds of its arguments.
        A number that always was the same counts as new once it is another.
        """
        if self.most is not None and since(self.begin) > self.most:
            raise give_up()
        frame: Any = sys._getframe(2)
        base = self._base
        key: list[Any] = [func, id(frame.f_code)]
        while frame is not base and frame is not None:
            key.append(frame.f_lasti)
            frame = frame.f_back
        numbers = []
        for value in (*args, *kwargs, *kwargs.values()) if kwargs else args:
            kind = type(value)
            if kind is Bees or isinstance(value, Tensor):
                key += (kind, value.dim(), value.dtype)
            elif kind is int or kind is float:
                key += (kind, not value)
                numbers.append(value)
            elif value is None or kind is bool or kind is str:
                key.append(value)
            else:
                key += (kind, len(value) if kind is tuple or kind is list else 0)
        place = hash(tuple(key))
        before = self._known.get(place, _NEVER)
        if before is not None and before != numbers:
            self._known[place] = numbers if before is _NEVER else None
            self.news = self.unchecked = True

    def apply(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Perform an operation once if its arguments are shared, else for all bees."""
        self._numbers = False
        if not self.differs(args, kwargs):
            return self.shared(func, args, kwargs)
        if self._numbers:
            return numbers.apply(self, func, args, kwargs)
        if peek_interpreter_stack() is not None:
            raise refuse("a transform of torch.func", "use loss.backward() or torch.autograd.grad")
        if ops.in_place(func):
            target = args[0] if args else kwargs["tensor"]
            self.own(target, func)
            if not args:  # as torch.nn.init passes it
                args, kwargs = (target,), {k: v for k, v in kwargs.items() if k != "tensor"}
        elif kwargs.get("out") is not None:
            out = kwargs["out"]
            result = self.apply(func, args, {k: v for k, v in kwargs.items() if k != "out"})
            if type(out) is Bees and out.shape == result.shape and out.dtype is result.dtype:
                return self.apply(Tensor.copy_, (out, result), {})
            raise refuse("out=", "assign the result to a name")
        fast = FAST.get(func)
        if fast is not None and args:
            done = fast(self.bees, func, args, kwargs)
            if done is not NotImplemented:
                return mark(done)
        return mark(ops.vmapped(self, func, args, kwargs))

    def differs(self, args: Any, kwargs: Any) -> bool:
        """Whether an argument belongs to each bee; trainable leaves do from now on."""
        found = False
        for value in args:
            kind = type(value)
            if kind is Bees:
                found = True
            elif isinstance(value, Tensor):
                found |= self.needs_own(value)
            elif kind is Values and value.weak:
                found = self._numbers = True
            elif kind is Values:
                raise refuse(
                    "a NumPy value as argument of a torch function",
                    "compute with the tensor itself, before .item() or .numpy()",
                )
            elif (kind is tuple or kind is list) and value:
                found |= self.differs(value, ())
        if kwargs:
            found |= self.differs(kwargs.values(), ())
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
            target = kwargs.get("out")
            if target is None:
                target = args[0] if args else kwargs.get("tensor")
            if isinstance(target, Tensor) and self.pointer(target) not in self.inside:
                raise refuse(
                    f"{ops.name(func)} on a tensor made outside of the bee",
                    "work on a clone() of it",
                )
        result = func(*args, **kwargs)
        if isinstance(result, Tensor):
            if func in FRESH:  # what lay at this place before is gone
                self.outside.discard(self.pointer(result))
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
        generator = kwargs.get("generator")
        if generator is torch._C.default_generator:  # which is that of each bee
            kwargs = {name: value for name, value in kwargs.items() if name != "generator"}
        elif generator is not None:
            return self.apply(func, args, kwargs)  # explicit, hence the same for all bees
        tensors = [v for v in (*args, *kwargs.values()) if isinstance(v, Tensor)]
        self.differs(args, kwargs)
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
        numbers.part_by_shape(results, args, kwargs)
        if kwargs.get("requires_grad"):
            return ops.stack([r.detach() for r in results]).requires_grad_()
        return ops.stack(results)

    # -- optimisers ----------------------------------------------------------------

    def before_step(self, optimiser: Any, args: Any, kwargs: Any) -> None:
        if type(optimiser) not in ELEMENTWISE_OPTIMISERS:
            raise refuse(
                f"{type(optimiser).__name__}.step()",
                "use an optimiser that works element by element, such as SGD or Adam",
            )
        if optimiser._optimizer_step_pre_hooks or optimiser._optimizer_step_post_hooks:
            raise refuse("a hook on an optimiser's step", "do what it does before or after step()")
        if len(args) > 1 or kwargs.get("closure") is not None:
            raise refuse("step(closure)", "compute the loss before the step")
        differ = False
        for group in optimiser.param_groups:
            if any(type(value) is Bees for value in group.values()):
                raise refuse("a setting that is a tensor of each bee", "use a number")
            if group.get("fused"):
                raise refuse("fused=True", "leave fused at its default")
            differ |= any(
                type(value) is Values
                for setting in group.values()
                for value in (setting if isinstance(setting, tuple) else (setting,))
            )
        if differ:  # step under this mode, as torch does with a plain tensor
            if not numbers.ORIGINAL:
                raise refuse("a learning rate that differs between bees", "use a common one")
            for group in optimiser.param_groups:
                group["foreach"] = False
            return
        self._native = torch._C.DisableTorchFunction()
        self._native.__enter__()
        self._fused = fuse(optimiser)

    def after_step(self, optimiser: Any, args: Any, kwargs: Any) -> None:
        if self._native is None:
            return
        self.leave_native()
        for _param, state in optimiser.state.items():
            for value in state.values():
                if type(value) is Tensor and value.dim():
                    as_bees(value)

    def leave_native(self) -> None:
        if self._native is not None:
            self._native.__exit__(None, None, None)
            self._native = None
        for group in self._fused:
            group["fused"] = None
        self._fused = []


def mark(result: Any) -> Any:
    """Mark results as one for each bee."""
    if isinstance(result, Tensor):
        return result if type(result) is Bees else as_bees(result)
    if isinstance(result, tuple | list):
        for value in result:
            mark(value)
    return result
