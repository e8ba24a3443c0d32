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
    "Company",
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


class Company:
    """The bees of a lifted run, of which some may leave while the others go on.

    Bees that disagree with most others on a branch leave there. What the run computes for
    them from then on is not theirs, and asks no questions.

    Parameters
    ----------
    bees : int
        How many there are.

    Attributes
    ----------
    stays : ndarray of bool, of shape (bee,)
        Those that are still there.
    left : list of (ndarray of bool of shape (bee,), str)
        Those that left together, and the file and line where they did.
    """

    def __init__(self, bees: int) -> None:
        self.stays = np.ones(bees, dtype=bool)
        self.left: list[tuple[NDArray[np.bool_], str]] = []

    @property
    def whole(self) -> bool:
        """Whether nobody has left."""
        return not self.left

    def here(self, array: NDArray[Any]) -> NDArray[Any]:
        """Take what belongs to the bees that are still there, (bee, *dims)."""
        return array[self.stays] if self.left else array

    def go_on(self, takes: NDArray[np.bool_]) -> bool | None:
        """Let the fewer leave and return what the others take; None if too few would stay."""
        yes = takes & self.stays
        taken = bool(2 * yes.sum() >= self.stays.sum())
        stay = yes if taken else ~takes & self.stays
        if _WORTH * stay.sum() < len(takes):
            return None
        self.left.append((self.stays & ~stay, where_in_bee()))
        self.stays = stay
        return taken


_WORTH = 4  # the share of its bees that a run is to hold at least, to go on as it is
_COMPANY: ContextVar[Company | None] = ContextVar("company", default=None)


@contextmanager
def noting(company: Company | None = None) -> Iterator[list[Stop | Split | Slower]]:
    """Note what ends the run in a block, in case a bee swallows it with a bare except."""
    noted: list[Stop | Split | Slower] = []
    token, before = _NOTED.set(noted), _COMPANY.set(company)
    try:
        yield noted
    finally:
        _NOTED.reset(token)
        _COMPANY.reset(before)


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
    """Decide a branch by one truth value for each bee.

    Where they differ, the fewer leave; `Split` is raised where too few would stay, or where
    settings that were given decide.
    """
    company = _COMPANY.get()
    here = takes if company is None else company.here(takes)
    if (here == here[0]).all():
        return bool(here[0])
    if company is not None and not setting:
        taken = company.go_on(takes)
        if taken is not None:
            return taken
    return part(takes, "a branch", setting)


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
    company = _COMPANY.get()
    here = array if company is None else company.here(array)
    if here.size and (here == here[0]).all():
        return here.reshape(len(here), -1)[0, 0].item()
    if setting:
        part(array, operation, setting)
    raise refuse(f"{operation} of a number that differs between bees", ADVICE[operation])
