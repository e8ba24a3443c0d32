"""Watches what a bee must leave alone while it stands for many."""

import random
import threading
import types
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import torch

__all__ = ["Watch", "outside_of"]

_LARGE = 1 << 20
_DRAWS = "random"  # the entry that says that a bee's code mentions Python's random


_PYTHON: Any = random.random.__self__  # type: ignore[attr-defined]


class Watch:
    """Notices draws from global generators, and changes of objects kept outside of a bee.

    Numbers drawn behind the back of torch functions would be the same for all
    bees, and so would state kept between them.
    """

    def __init__(self, watched: Mapping[str, Callable[[], Any]]) -> None:
        self._watched = dict(watched)
        # Other threads, such as those of a dask worker, draw from Python's random as well.
        self._draws = self._watched.pop(_DRAWS, None) is not None or threading.active_count() == 1

    def __enter__(self) -> "Watch":
        self._before = (
            torch.default_generator.get_state(),
            np.random.get_state(),  # noqa: NPY002
            random.getstate(),
        )
        self._torch, self._numpy, self._python = self._states()
        self._cuda: list[torch.Tensor] = []  # until the bee has used CUDA
        self._objects = {name: state() for name, state in self._watched.items()}
        return self

    def __exit__(self, *error: Any) -> None:
        torch.default_generator.set_state(self._before[0])
        np.random.set_state(self._before[1])  # noqa: NPY002
        random.setstate(self._before[2])

    @staticmethod
    def _states() -> tuple[torch.Tensor, Any, Any]:
        state: Any = np.random.get_state()  # noqa: NPY002
        return (
            torch.default_generator.get_state(),
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


def outside_of(function: Any, params: Mapping[str, Any]) -> dict[str, Callable[[], Any]]:
    """Return what a bee can reach besides what it makes, as functions that tell its state."""
    found: dict[str, Callable[[], Any]] = {}
    for name, value in params.items():
        _add(found, f"the parameter {name!r}", value)
    _reach(found, function, set())
    return found


def _reach(found: dict[str, Callable[[], Any]], function: Any, seen: set[int]) -> None:
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
    if (function.__module__ or "").split(".")[0] in ("torch", "numpy"):
        return
    seen.add(id(function))
    code, module = function.__code__, function.__globals__
    for i, value in enumerate(function.__defaults__ or ()):
        _add(found, f"default {i} of {function.__name__}", value)
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=False):
        found[f"the variable {name!r}"] = _cell(cell)
        try:
            value = cell.cell_contents
        except ValueError:
            continue
        _add(found, f"the variable {name!r}'s value", value)
        _reach(found, value, seen)
    names = set(code.co_names)
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            names |= set(const.co_names)
    if "random" in names:
        found[_DRAWS] = lambda: None
    for name in names & module.keys():
        value = module[name]
        if isinstance(value, types.ModuleType):
            continue
        if isinstance(value, type):
            for method in vars(value).values():
                _reach(found, method, seen)
        found.setdefault(f"the global {name!r}", partial(_bound, module, name))
        _add(found, f"the global {name!r}'s value", value)
        _reach(found, value, seen)
        if getattr(value, "__self__", None) is _PYTHON:  # from random import gauss
            found[_DRAWS] = lambda: None


def _bound(module: dict[str, Any], name: str) -> int:
    return id(module.get(name))


def _cell(cell: Any) -> Callable[[], Any]:
    def state() -> Any:
        try:
            return id(cell.cell_contents)
        except ValueError:
            return None

    return state


def _add(found: dict[str, Callable[[], Any]], name: str, value: Any) -> None:
    """Add the state of a value, if it has any that is cheap to tell."""
    if isinstance(value, torch.Tensor):
        found[name] = lambda: (value._version, id(value.grad) if value.is_leaf else 0)
    elif isinstance(value, torch.Generator):
        found[name] = lambda: value.get_state().numpy().tobytes()
    elif isinstance(value, np.random.Generator):
        found[name] = lambda: repr(value.bit_generator.state)
    elif isinstance(value, np.random.RandomState):
        found[name] = lambda: repr(value.get_state())
    elif isinstance(value, random.Random):
        found[name] = value.getstate
    elif isinstance(value, np.ndarray) and value.nbytes < _LARGE and not value.dtype.hasobject:
        found[name] = value.tobytes
    elif isinstance(value, list | set | dict) and len(value) < 1000:
        found[name] = lambda: _contents(value)
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
        found[name] = lambda: _contents(vars(value))


def _contents(value: Any) -> Any:
    if isinstance(value, dict):
        return [(key, id(v)) for key, v in value.items()]
    return [id(v) for v in value]
