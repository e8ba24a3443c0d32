"""Runs one bee's code once for a group of bees, and splits the group where they disagree."""

import itertools
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch.overrides import TorchFunctionMode

from swarm.lift import _seen  # noqa: F401 - registers what it handles
from swarm.lift._compare import compare
from swarm.lift._mode import Lift
from swarm.lift._ops import as_array
from swarm.lift._patches import Patches, refuse_hooks
from swarm.lift._refuse import CannotLift, Slower, Split, Stop, noting
from swarm.lift._thread import OwnSettings
from swarm.lift._values import Bees, Values
from swarm.lift._watch import Outside, Watch, outside_of

__all__ = [
    "SMALL",
    "CannotLift",
    "Flight",
    "Left",
    "Lone",
    "Meter",
    "fly",
    "outside_of",
    "uncompiled",
]

Array = NDArray[Any]
MAX_SPLITS = 16
_EARLY = "decide by torch.where instead of if, and end bees by until="
SMALL = 2  # groups of this size are quicker one by one
VERIFIED = 3  # epochs compared at the start, and from each in which something is new
RACED = 4  # the epoch by which it is decided whether lifting pays


class Lone(Protocol):
    """A bee that is trained alone, as far as it is asked to."""

    seconds: float  # the least that an epoch has taken

    def row(self, epoch: int) -> Sequence[Array] | None:
        """Return what the bee yields in an epoch; None once it has ended or raised."""

    def jittered(self, epoch: int) -> Sequence[Sequence[Array]]:
        """Return all that the bee yields up to an epoch, with its rounding disturbed."""


@dataclass(frozen=True)
class Flight:
    r"""What it takes to fly a swarm.

    Parameters
    ----------
    trainer : callable
        Starts the bee's generator; called with the bees that go together.
    seeds : sequence of int
        The seed of each bee.
    write : callable
        Called as ``write(bees, epoch, values)``, with arrays (bee, \\*dims);
        what it returns says whether all these bees are to end.
    end : callable, optional
        Called as ``end(bees, epochs)`` when bees have ended by themselves.
    alone : callable, optional
        ``alone(bee)`` gives the bee at a position to compare with, see `Lone`.
    race : bool, default False
        Whether to give up where the bees alone are quicker.
    tick : callable, optional
        Called with the number of epochs done.
    numbers : bool, default False
        Whether bees are given numbers of their own.
    outside : Outside
        What the bee must leave as it is.
    """

    trainer: Callable[[NDArray[np.intp]], Iterator[Any]]
    seeds: Sequence[int]
    write: Callable[[NDArray[np.intp], int, list[Array]], object]
    end: Callable[[NDArray[np.intp], int], object] = lambda bees, epochs: None
    alone: Callable[[int], Lone] | None = None
    race: bool = False
    tick: Callable[[int], object] = lambda epoch: None
    numbers: bool = False
    outside: Outside = field(default_factory=Outside)


@dataclass(frozen=True)
class Left:
    """Bees that are left to train one by one, and why.

    Attributes
    ----------
    bees : numpy.ndarray of int
        Those that raised, those that are quicker alone, and small groups that
        parted from the rest.
    raised : Exception or None
        What the first group that raised did.
    by_setting : CannotLift or None
        What parted them by the settings that each was given.
    by_branch : CannotLift or None
        Where they parted by themselves, if these are many.
    """

    bees: NDArray[np.intp]
    raised: Exception | None
    by_setting: CannotLift | None
    by_branch: CannotLift | None


def fly(flight: Flight) -> Left:
    """Train the bees of a flight at once.

    Raises
    ------
    CannotLift
        If the bees cannot be trained at once.
    """
    seeds = flight.seeds
    groups: list[NDArray[np.intp]] = [np.arange(len(seeds))]
    left: list[NDArray[np.intp]] = []
    raised: Exception | None = None
    by_setting: CannotLift | None = None
    by_branch: CannotLift | None = None
    splits = alone_now = 0
    while groups:
        group = groups.pop()
        judge = _Judge(flight, Lift([seeds[int(i)] for i in group]), int(group[-1]))
        try:
            error = _fly_group(flight, group, judge)
        except Split as split:
            splits += split.reason is None
            if splits > MAX_SPLITS:
                raise CannotLift(
                    f"more than {MAX_SPLITS} branches on which bees disagree",
                    split.where,
                    "decide by torch.where instead of if",
                ) from None
            parts = [group[split.ways == way] for way in np.unique(split.ways)]
            few = judge.few
            small = [part for part in parts if len(part) <= few]
            groups += [part for part in parts if len(part) > few]
            left += small
            alone_now += sum(map(len, small))
            if split.reason is not None and len(small) == len(parts) and len(group) == len(seeds):
                raise split.reason from None
            if small:
                by_setting = by_setting or split.reason
            if split.reason is None and 4 * alone_now > len(seeds):
                by_branch = CannotLift("branches on which bees disagree", split.where, _EARLY)
        except Slower:
            left.append(group)
        except Stop as stop:
            raise stop.reason from None
        else:
            if error is not None:
                left.append(group)
                raised = raised or error
    bees = np.sort(np.concatenate(left)) if left else np.arange(0)
    return Left(bees, raised, by_setting, by_branch)


def _fly_group(flight: Flight, group: NDArray[np.intp], judge: "_Judge") -> Exception | None:
    """Train bees that never part; return what they raise, if they do."""
    lift = judge.lift
    with ExitStack() as stack:
        noted = stack.enter_context(noting())
        watch = stack.enter_context(Watch(flight.outside))
        stack.enter_context(warnings.catch_warnings())
        warnings.filterwarnings("ignore", "There is a performance drop because")  # from vmap
        stack.enter_context(uncompiled())
        refuse_hooks()
        patches = stack.enter_context(Patches(lift, flight.numbers))
        run: Iterator[Any] | None = None
        own = OwnSettings()
        for epoch in itertools.count():
            judge.start(epoch)
            ended = done = judged = False
            yielded: Any = None
            try:
                with own, lift:
                    if run is None:
                        run = flight.trainer(group)
                        stack.callback(_close, run, own)
                    yielded = next(run)
            except StopIteration:
                ended = True
            except Exception as error:
                if noted:
                    raise noted[0] from None
                return error
            if noted:
                raise noted[0]
            if not ended:
                values = yielded if isinstance(yielded, tuple | list) else (yielded,)
                arrays = [_for_all(value, lift.bees) for value in values]
                if judged := judge.looks_at(epoch):
                    _check_unchanged(watch, run)  # which says more than a difference does
                    with patches.aside():
                        judge.judge(epoch, arrays)
                done = bool(flight.write(group, epoch, arrays))
            # What has changed stays so: looking now and then, and at the end, will do.
            if ended or done or judged or epoch & (epoch - 1) == 0:
                _check_unchanged(watch, run)
            if ended:
                flight.end(group, epoch)
            if ended or done:
                return None
            flight.tick(epoch + 1)
    raise AssertionError


class _Judge:
    """Compares a group's last bee with itself alone, in result and in time.

    The first epochs are compared, and those that follow when the bee does
    something that it has not done before: the bee alone waits until then.
    """

    def __init__(self, flight: Flight, lift: Lift, last: int) -> None:
        self.lift, self._thorough = lift, flight.outside.asks
        self._alone = flight.alone(last) if flight.alone else None
        self._race = flight.race and self._alone is not None
        self._until = VERIFIED
        self._best = float("inf")
        self._begin = self._taken = 0.0
        self._measured = False

    @property
    def few(self) -> int:
        """The size of groups that are quicker one by one."""
        if self._alone is None or not self._measured:
            return SMALL
        return max(SMALL, int(self._best / self._alone.seconds))

    def start(self, epoch: int) -> None:
        """Begin an epoch."""
        self._begin = time.perf_counter()
        if self._race and self._alone is not None and epoch:
            # An epoch that has taken several times as long need not come to its end.
            alone = self.lift.bees * self._alone.seconds
            self.lift.deadline = self._begin + 3 * alone if epoch < RACED else None

    def looks_at(self, epoch: int) -> bool:
        """Whether an epoch that has just ended is to be judged."""
        if self._alone is None:
            return False
        self._taken = time.perf_counter() - self._begin
        if self.lift.news or self._thorough:
            self._until = max(self._until, epoch + VERIFIED)
            self.lift.news = False
        return epoch < self._until or self._races(epoch)

    def _races(self, epoch: int) -> bool:
        return self._race and 0 < epoch <= RACED

    def judge(self, epoch: int, arrays: Sequence[Array]) -> None:
        """Raise `Stop` if an epoch is not what it should be, and `Slower` if it takes too long."""
        assert self._alone is not None
        if epoch < self._until:
            compare(arrays, self._alone, epoch)
        if self._races(epoch):
            self._best = min(self._best, self._taken)
            self._alone.row(min(epoch + 1, VERIFIED))  # beyond those whose memory is measured
            ratio = self._best / (self.lift.bees * self._alone.seconds)
            if (epoch > 1 and ratio > 2) or (epoch == RACED and ratio > 1):
                raise Slower
            self._race = ratio > 0.5
            self._measured = True
            self.lift.deadline = None


def _check_unchanged(watch: Watch, run: Any) -> None:
    changed = watch.changed()
    if changed:
        advice = "draw with torch, and keep what changes inside of the bee"
        raise Stop(CannotLift(changed, _line_of(run), advice))


def uncompiled() -> AbstractContextManager[Any]:
    """Let nets under `torch.compile` run as they are written, for the length of a block."""
    if not hasattr(torch.compiler, "set_stance"):  # before torch 2.6
        return nullcontext()
    return torch.compiler.set_stance("force_eager")


def _line_of(run: Any) -> str:
    """Return file:line at which a generator waits, or at which it begins."""
    code = getattr(run, "gi_code", None)
    if code is None:
        return "a line that cannot be told"
    frame = run.gi_frame
    return f"{code.co_filename}:{frame.f_lineno if frame else code.co_firstlineno}"


def _close(run: Any, own: OwnSettings) -> None:
    if hasattr(run, "close"):
        with own:
            run.close()


def _for_all(value: Any, bees: int) -> Array:
    r"""Turn a yielded value into (bee, \\*dims)."""
    if type(value) is Bees:
        return as_array(value)
    if isinstance(value, Values):
        return value.array
    if isinstance(value, torch.Tensor):
        value = as_array(value)
    elif isinstance(value, list | tuple) and value:
        parts = [_for_all(v, bees) for v in value]
        if all(part.shape == parts[0].shape for part in parts):
            return np.stack(parts, axis=1)
    value = np.asarray(value)
    return np.broadcast_to(value, (bees, *value.shape))


class Meter(TorchFunctionMode):
    """Adds up the memory of what a bee's operations return."""

    def __init__(self) -> None:
        super().__init__()
        self.nbytes = 0
        self.largest = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if isinstance(result, torch.Tensor) and result.layout is torch.strided:
            size = result.numel() * result.element_size()
            self.nbytes += size
            self.largest = max(self.largest, size)
        return result
