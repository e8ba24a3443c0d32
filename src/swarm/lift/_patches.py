"""What is changed about torch and Python while a bee is lifted."""

import concurrent.futures
import multiprocessing.pool
import multiprocessing.process
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import init
from torch.nn.modules import module
from torch.optim import optimizer
from torch.utils.data import RandomSampler, SubsetRandomSampler
from torch.utils.data._utils.fetch import _MapDatasetFetcher

from swarm.lift import _loader
from swarm.lift._numbers import numbers_taken
from swarm.lift._refuse import refuse
from swarm.lift._values import Bees

if TYPE_CHECKING:
    from swarm.lift._mode import Lift

__all__ = ["Patches", "refuse_hooks"]

Patch = tuple[Any, str, Any]  # an object, the name of its attribute, another value

_GENERATORS = ("get_rng_state", "set_rng_state", "initial_seed", "seed", "manual_seed")
_WORKERS = (
    (threading.Thread, "start"),
    (concurrent.futures.ThreadPoolExecutor, "submit"),
    (concurrent.futures.ProcessPoolExecutor, "submit"),
    (multiprocessing.process.BaseProcess, "start"),
    (multiprocessing.pool.Pool, "apply_async"),
    (multiprocessing.pool.Pool, "_map_async"),
    (multiprocessing.pool.Pool, "imap"),
    (multiprocessing.pool.Pool, "imap_unordered"),
)


class Patches:
    """Puts other functions in the place of some, for the length of a block."""

    def __init__(self, lift: "Lift", numbers: bool = False) -> None:
        self._lift, self._numbers = lift, numbers
        self._patches = [
            (init, "_no_grad_trunc_normal_", _each_rejects(lift)),
            (RandomSampler, "__iter__", _loader.shuffle),
            (SubsetRandomSampler, "__iter__", _loader.shuffle_subset),
            (_MapDatasetFetcher, "fetch", _loader.fetch),
            (optimizer.Optimizer, "zero_grad", _forget_gradients),
            *_of_generators(),
            *(_of_worker(lift, place, name) for place, name in _WORKERS),
            *_of_code_out_of_sight(),
        ]
        self._before: list[Patch] = []
        self._hooks: list[Any] = []
        self._taken = ExitStack()

    def __enter__(self) -> "Patches":
        self._before = [(place, name, vars(place)[name]) for place, name, _ in self._patches]
        for place, name, value in self._patches:
            setattr(place, name, value)
        if self._numbers:
            self._taken.enter_context(numbers_taken(self._lift))
        self._hooks = [
            optimizer.register_optimizer_step_pre_hook(self._lift.before_step),
            optimizer.register_optimizer_step_post_hook(self._lift.after_step),
        ]
        return self

    def __exit__(self, *error: object) -> None:
        for hook in self._hooks:
            hook.remove()
        self._taken.close()
        for place, name, value in self._before:
            setattr(place, name, value)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Take everything back for the length of a block, in which a bee is trained alone."""
        self.__exit__()
        try:
            yield
        finally:
            self.__enter__()


def refuse_hooks() -> None:
    """Refuse hooks on all optimisers, modules and graphs, which would see all bees at once."""
    hooks = {
        "all optimisers": (
            optimizer._global_optimizer_pre_hooks,
            optimizer._global_optimizer_post_hooks,
        ),
        "all modules": (module._global_backward_hooks, module._global_backward_pre_hooks),
        "tensors saved for backward": (torch._C._autograd._top_saved_tensors_default_hooks(True),),
    }
    for of, kinds in hooks.items():
        if any(kinds):
            raise refuse(f"a hook on {of}, set before,", "remove it")


_zero_grad = optimizer.Optimizer.zero_grad


def _forget_gradients(self: Any, set_to_none: bool = True) -> None:
    """Set gradients to None, in the place of `Optimizer.zero_grad`, which asks for each first."""
    if not set_to_none:
        _zero_grad(self, set_to_none)
        return
    with torch._C.DisableTorchFunction():
        for group in self.param_groups:
            for param in group["params"]:
                param.grad = None


def _each_rejects(lift: "Lift") -> Callable[..., Any]:
    """Let ``trunc_normal_``, which may sample by rejection, do so bee by bee."""
    alone = init._no_grad_trunc_normal_

    def together(*args: Any, **kwargs: Any) -> Any:
        with torch._C.DisableTorchFunction():
            return lift.draw(alone, args, kwargs)

    return together


def _of_generators() -> Iterator[Patch]:
    """Refuse to read or seed the global generator, from which no bee draws."""
    for name in _GENERATORS:
        for place in (torch, torch.random):
            yield place, name, _refused_generator(name)
    yield torch, "default_generator", _Generator()


def _refused_generator(name: str) -> Callable[..., Any]:
    def refused(*args: Any, **kwargs: Any) -> Any:
        raise refuse(f"torch.{name}()", "draw from a torch.Generator of its own")

    return refused


class _Generator:
    """In the place of ``torch.default_generator``."""

    def __getattr__(self, name: str) -> Any:
        if sys._getframe(1).f_globals.get("__name__", "").startswith("torch."):
            return getattr(torch._C.default_generator, name)  # torch looks at its own state
        raise refuse("torch.default_generator", "draw from a torch.Generator of its own")


def _of_worker(lift: "Lift", place: Any, name: str) -> Patch:
    """Refuse to hand work to a thread or process, where the mode is not active."""
    alone, thread = vars(place)[name], threading.get_ident()

    def start(*args: Any, **kwargs: Any) -> Any:
        if lift.flying and threading.get_ident() == thread:
            raise refuse(f"{place.__name__}.{name}", "do the work where the bee is")
        return alone(*args, **kwargs)

    return place, name, start


def _of_code_out_of_sight() -> Iterator[Patch]:
    """Refuse compiled code, and Python code that is called from the backward pass."""
    for place, name, what, advice in (
        (torch._C.ScriptFunction, "__call__", "a torch.jit function", "call what it was made of"),
        (torch._C.ScriptMethod, "__call__", "a torch.jit module", "call what it was made of"),
        (torch.autograd.Function, "apply", "a custom autograd.Function", "use torch's operations"),
    ):
        yield place, name, _unless_per_bee(vars(place)[name], what, advice)
    hooks = torch.autograd.graph.saved_tensors_hooks
    yield hooks, "__enter__", _refused_hooks


def _refused_hooks(*args: Any) -> Any:
    raise refuse("a hook on saved tensors (as checkpoint sets)", "keep the tensors as they are")


def _unless_per_bee(alone: Any, what: str, advice: str) -> Any:
    """Let a function be called with nothing that belongs to each bee, or is about to.

    What a custom function does forward is lifted as all else; only where it
    has a part in a backward pass will it not do.
    """
    method = isinstance(alone, classmethod)

    def call(*args: Any, **kwargs: Any) -> Any:
        values = (*args, *kwargs.values())
        if method:
            ours = args[0].__module__.startswith("swarm.lift")
            refused = not ours and torch.is_grad_enabled() and _any(values, _has_gradient)
        else:
            refused = _any(values, _per_bee)
        if refused:
            raise refuse(what, advice)
        return (alone.__func__ if method else alone)(*args, **kwargs)

    return classmethod(call) if method else call


def _has_gradient(tensor: torch.Tensor) -> bool:
    return tensor.requires_grad


def _per_bee(tensor: torch.Tensor) -> bool:
    return type(tensor) is Bees or tensor.requires_grad


def _any(values: Any, holds: Callable[[torch.Tensor], bool]) -> bool:
    return any(
        holds(value)
        if isinstance(value, torch.Tensor)
        else isinstance(value, tuple | list) and _any(value, holds)
        for value in values
    )
