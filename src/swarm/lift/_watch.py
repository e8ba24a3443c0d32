"""Watches what a bee must leave alone while it stands for many."""

import concurrent.futures
import dis
import multiprocessing.pool
import queue
import random
import sys
import sysconfig
import threading
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import torch

from swarm.lift._refuse import CannotLift

__all__ = ["Outside", "Watch", "outside_of"]

_LARGE = 1 << 20
_STANDARD = sysconfig.get_path("stdlib")
_WORKERS = (
    threading.Thread,
    queue.Queue,
    queue.SimpleQueue,
    concurrent.futures.Executor,
    multiprocessing.pool.Pool,
)
_PYTHON: Any = random.random.__self__  # type: ignore[attr-defined]


@dataclass
class Outside:
    """What a bee can reach besides what it makes.

    Attributes
    ----------
    states : dict of str to callable
        By name, functions that tell the state of what must stay as it is.
    draws : bool
        Whether its code mentions Python's random.
    asks : bool
        Whether its code asks what a value is (``is True``, ``type``, ``id``),
        which values of many bees may answer otherwise.
    """

    states: dict[str, Callable[[], Any]] = field(default_factory=dict)
    draws: bool = False
    asks: bool = False


class Watch:
    """Notices draws from global generators, and changes of objects kept outside of a bee.

    Numbers drawn behind the back of torch functions would be the same for all
    bees, and so would state kept between them.
    """

    def __init__(self, outside: Outside) -> None:
        self._watched = outside.states
        # Other threads, such as those of a dask worker, draw from Python's random as well.
        self._draws = outside.draws or threading.active_count() == 1

    def __enter__(self) -> "Watch":
        self._before = (
            torch._C.default_generator.get_state(),
            np.random.get_state(),  # noqa: NPY002
            random.getstate(),
        )
        self._torch, self._numpy, self._python = self._states()
        self._cuda: list[torch.Tensor] = []  # until the bee has used CUDA
        self._objects = {name: state() for name, state in self._watched.items()}
        return self

    def __exit__(self, *error: Any) -> None:
        torch._C.default_generator.set_state(self._before[0])
        np.random.set_state(self._before[1])  # noqa: NPY002
        random.setstate(self._before[2])

    @staticmethod
    def _states() -> tuple[torch.Tensor, Any, Any]:
        state: Any = np.random.get_state()  # noqa: NPY002
        return (
            torch._C.default_generator.get_state(),
            (state[1].tobytes(), *state[2:]),
            random.getstate(),
        )

    def changed(self) -> str | None:
        """Say what has changed since the start, if anything."""
        torch_state, numpy_state, python_state = self._states()
        if not torch.equal(torch_state, self._torch):
            return "drawing from, or seeding, torch's generator in a way that is not seen"
        if torch.cuda.is_initialized():
            cuda = torch.cuda.get_rng_state_all()
            if self._cuda and not all(map(torch.equal, cuda, self._cuda)):
                return "drawing from, or seeding, CUDA's generator in a way that is not seen"
            self._cuda = cuda
        if numpy_state != self._numpy:
            return "random numbers from numpy.random"
        if python_state != self._python and self._draws:
            return "random numbers from Python's random"
        for name, state in self._watched.items():
            if state() != self._objects[name]:
                return f"a change of {name}, which all bees share"
        return None


def outside_of(function: Any, params: Mapping[str, Any]) -> Outside:
    """Return what a bee can reach besides what it makes.

    Raises
    ------
    CannotLift
        If that is a thread, or something that hands work to one.
    """
    found = Outside()
    for name, value in params.items():
        _add(found, f"the parameter {name!r}", value)
    _reach(found, function, set())
    return found


def _reach(found: Outside, function: Any, seen: set[int]) -> None:
    while not isinstance(function, types.FunctionType) and (
        inner := getattr(function, "func", None) or getattr(function, "__func__", None)
    ):
        for name, value in (getattr(function, "keywords", None) or {}).items():
            _add(found, f"the argument {name!r}", value)
        for i, value in enumerate(getattr(function, "args", ())):
            _add(found, f"argument {i}", value)
        function = inner
    function = getattr(function, "__wrapped__", function)
    if not isinstance(function, types.FunctionType) or id(function) in seen:
        return
    if (function.__module__ or "").split(".")[0] in ("torch", "numpy", "swarm"):
        return
    seen.add(id(function))
    code, module = function.__code__, function.__globals__
    for i, value in enumerate(function.__defaults__ or ()):
        _add(found, f"default {i} of {function.__name__}", value)
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=False):
        found.states[f"the variable {name!r}"] = partial(_bound_in, cell)
        try:
            value = cell.cell_contents
        except ValueError:
            continue
        _add(found, f"the variable {name!r}'s value", value)
        _reach(found, value, seen)
    names = set()
    for part in _codes(code):
        names |= set(part.co_names)
        found.asks |= _asks(part)
    found.draws |= "random" in names
    cells = dict(zip(code.co_freevars, function.__closure__ or (), strict=False))
    for name in names | cells.keys():
        value = module.get(name, sys.modules.get(name))
        if name in cells:
            value = _content(cells[name])
        if isinstance(value, types.ModuleType):
            _reach_module(found, value, names, seen)
        elif name in names and name in module:
            _reach_global(found, module, name, seen)


def _reach_module(
    found: Outside, module: types.ModuleType, names: set[str], seen: set[int]
) -> None:
    """Look at what code that mentions a module may use of it, if it is the user's."""
    if not _is_users(module):
        return
    for name in names & vars(module).keys():
        if not isinstance(vars(module)[name], types.ModuleType):
            _reach_global(found, vars(module), name, seen)


def _reach_global(found: Outside, module: dict[str, Any], name: str, seen: set[int]) -> None:
    value = module[name]
    if isinstance(value, type):
        for method in vars(value).values():
            _reach(found, method, seen)
    found.states.setdefault(f"the global {name!r}", partial(_bound, module, name))
    _add(found, f"the global {name!r}'s value", value)
    _reach(found, value, seen)
    if getattr(value, "__self__", None) is _PYTHON:  # from random import gauss
        found.draws = True


def _is_users(module: types.ModuleType) -> bool:
    """Whether a module is neither Python's own nor installed, nor ours."""
    file = getattr(module, "__file__", None) or _STANDARD
    if module.__name__.split(".")[0] == "swarm":
        return False
    return not file.startswith(_STANDARD) and "site-packages" not in file


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            yield from _codes(const)


def _asks(code: types.CodeType) -> bool:
    """Whether code compares by ``is True`` or ``is False``, or asks for a value's type or id."""
    if {"type", "id"} & set(code.co_names):
        return True
    steps = list(dis.get_instructions(code))
    return any(
        step.opname == "IS_OP" and isinstance(before.argval, bool)
        for before, step in pairwise(steps)
    )


def _bound(module: dict[str, Any], name: str) -> int:
    return id(module.get(name))


def _bound_in(cell: Any) -> int:
    return id(_content(cell))


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return None


def _add(found: Outside, name: str, value: Any) -> None:
    """Add the state of a value, if it has any that is cheap to tell."""
    if isinstance(value, _WORKERS):
        raise CannotLift(
            f"{name}, a {type(value).__name__}, which may hand work to where it cannot be seen,",
            "the start",
            "do the work where the bee is",
        )
    if isinstance(value, torch.Tensor):
        found.states[name] = lambda: (value._version, id(value.grad) if value.is_leaf else 0)
    elif isinstance(value, torch.Generator):
        found.states[name] = lambda: value.get_state().numpy().tobytes()
    elif isinstance(value, np.random.Generator):
        found.states[name] = lambda: repr(value.bit_generator.state)
    elif isinstance(value, np.random.RandomState):
        found.states[name] = lambda: repr(value.get_state())
    elif isinstance(value, random.Random):
        found.states[name] = value.getstate
    elif isinstance(value, np.ndarray) and value.nbytes < _LARGE and not value.dtype.hasobject:
        found.states[name] = value.tobytes
    elif isinstance(value, list | set | dict) and len(value) < 1000:
        found.states[name] = lambda: _contents(value)
        children = value.values() if isinstance(value, dict) else value
        for i, child in enumerate(children):
            if isinstance(child, torch.Tensor | torch.Generator | np.ndarray | torch.nn.Module):
                _add(found, f"{name} (entry {i})", child)
    elif isinstance(value, torch.nn.Module):
        for key, tensor in value.state_dict(keep_vars=True).items():
            if isinstance(tensor, torch.Tensor):
                _add(found, f"{name} ({key})", tensor)
    elif hasattr(value, "__dict__") and not isinstance(
        value, type | types.FunctionType | types.ModuleType
    ):
        found.states[name] = lambda: _contents(vars(value))


def _contents(value: Any) -> Any:
    if isinstance(value, dict):
        return [(key, id(v)) for key, v in value.items()]
    return [id(v) for v in value]
