"""The ways to say that a bee cannot be lifted, or that bees part ways."""

import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType
from typing import Any, NoReturn, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "ADVICE",
    "CannotLift",
    "Slower",
    "Split",
    "Stop",
    "agreed",
    "branch",
    "give_up",
    "noting",
    "part",
    "refuse",
]

_STANDARD = sysconfig.get_path("stdlib")

ADVICE = {
    "float()": "record loss.item(), which keeps a value for each bee",
    "int()": "keep the tensor, or .item(), and compute with it element by element",
    "formatting": "yield the value instead of printing it",
    "numpy()": "call .detach().numpy() on the tensor, and leave the rest until after training",
}


class CannotLift(RuntimeError):
    """A bee does something that cannot be done for all bees at once.

    Attributes
    ----------
    operation : str
        What it was.
    where : str
        File and line of the bee.
    """

    def __init__(self, operation: str, where: str, advice: str = "") -> None:
        super().__init__(operation, where, advice)
        self.operation, self.where, self.advice = operation, where, advice

    def __str__(self) -> str:
        advice = self.advice or "change this line"
        return (
            f"cannot lift: {self.operation} at {self.where}. To lift this bee, {advice}; "
            "or train it with engine='loop'"
        )


class Stop(BaseException):
    """Ends a lifted run; no ``except Exception`` of a bee catches it."""

    def __init__(self, reason: CannotLift) -> None:
        super().__init__(str(reason))
        self.reason = reason


class Slower(BaseException):
    """Ends a lifted run that takes longer than its bees would one by one."""


class Split(BaseException):
    """Ends a lifted run where the bees part.

    Attributes
    ----------
    ways : ndarray of shape (bee,)
        Equal for bees that stay together.
    where : str
        File and line of the bee.
    reason : CannotLift or None
        For bees that part by the settings that each was given: why.
    """

    def __init__(self, ways: NDArray[Any], where: str, reason: CannotLift | None = None) -> None:
        super().__init__(f"bees part ways at {where}")
        self.ways, self.where, self.reason = ways, where, reason


_End = TypeVar("_End", Stop, Split, Slower)
_NOTED: ContextVar[list[Stop | Split | Slower]] = ContextVar("noted")


@contextmanager
def noting() -> Iterator[list[Stop | Split | Slower]]:
    """Note what ends the run in a block, in case a bee swallows it with a bare except."""
    noted: list[Stop | Split | Slower] = []
    token = _NOTED.set(noted)
    try:
        yield noted
    finally:
        _NOTED.reset(token)


def _noted(end: _End) -> _End:
    _NOTED.get([]).append(end)
    return end


def where_in_bee() -> str:
    """Return file:line of the innermost frame that is neither ours, nor torch's or numpy's."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        name, file = frame.f_globals.get("__name__", ""), frame.f_code.co_filename
        standard = file.startswith(_STANDARD) and "site-packages" not in file
        ours = name.startswith("swarm.lift")
        if not (ours or standard or name.split(".")[0] in ("torch", "numpy")):
            return f"{file}:{frame.f_lineno}"
        frame = frame.f_back
    return "an unknown line"


def refuse(operation: str, advice: str = "") -> Stop:
    """Make (and note) the exception that says what cannot be lifted."""
    advice = advice or ADVICE.get(operation, "")
    return _noted(Stop(CannotLift(operation, where_in_bee(), advice)))


def branch(takes: NDArray[np.bool_], setting: str = "") -> bool:
    """Decide a branch by one truth value for each bee; raise `Split` if they differ."""
    return bool(takes[0]) if (takes == takes[0]).all() else part(takes, "a branch", setting)


def part(ways: NDArray[Any], operation: str, setting: str = "") -> NoReturn:
    """Part the bees: those with an equal value go on together."""
    reason = None
    if setting:
        reason = CannotLift(
            f"{operation}, decided by the setting {setting} of each bee,",
            where_in_bee(),
            "leave it the same for three bees or more",
        )
    raise _noted(Split(ways, where_in_bee(), reason))


def give_up() -> Slower:
    """Make (and note) the exception that says that looping is quicker."""
    return _noted(Slower())


def agreed(array: NDArray[Any], operation: str, setting: str = "") -> Any:
    """Return the number on which all bees agree, or refuse the operation."""
    if array.size and (array == array[0]).all():
        return array.reshape(len(array), -1)[0, 0].item()
    if setting:
        part(array, operation, setting)
    raise refuse(f"{operation} of a number that differs between bees", ADVICE[operation])
