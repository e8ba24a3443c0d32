"""Runs one bee's code once for a group of bees, and splits the group where they disagree."""

import itertools
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch.overrides import TorchFunctionMode

from swarm.lift import _seen  # noqa: F401 - registers what it handles
from swarm.lift._clock import now, since
from swarm.lift._compare import compare
from swarm.lift._mode import Lift
from swarm.lift._ops import as_array
from swarm.lift._patches import Patches, refuse_hooks
from swarm.lift._refuse import CannotLift, Company, Slower, Split, Stop, noting
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
    "Outside",
    "fly",
    "outside_of",
    "uncompiled",
]

Array = NDArray[Any]
MAX_AGAIN = 16  # groups that part from others and fly again from their start
_EARLY = "decide by torch.where instead of if, and end bees by until="
SMALL = 2  # groups of this size are quicker one by one
VERIFIED = 3  # epochs compared at the start, and from each in which something is new
RACED = 4  # the epoch by which it is decided whether lifting pays
TIMED = 2  # the first epoch whose times are compared; before it memory may be measured
_FIRST_USE = 0.5  # seconds that what is done for the first time in a process may take


class Lone(Protocol):
    """A bee that is trained alone, as far as it is asked to."""

    def took(self, epoch: int) -> float:
        """Return the seconds that an epoch took; infinity if it has not been reached."""

    def row(self, epoch: int) -> Sequence[Array] | None:
        """Return what the bee yields in an epoch; None once it has ended or raised."""

    def jittered(self, epoch: int) -> Sequence[Sequence[Sequence[Array]]]:
        """Return what the bee yields, by epoch, run and field, where rounding is disturbed."""


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
    groups = _Groups(flight)
    while groups.todo:
        groups.fly(groups.todo.pop())
    bees = np.sort(np.concatenate(groups.alone)) if groups.alone else np.arange(0)
    return Left(bees, groups.raised, groups.by_setting, groups.by_branch)


class _Groups:
    """The groups of bees that are still to fly, and those that are to be trained one by one."""

    def __init__(self, flight: Flight) -> None:
        self._flight = flight
        self._all = len(flight.seeds)
        self._again = self._parted = 0
        self.todo: list[NDArray[np.intp]] = [np.arange(self._all)]
        self.alone: list[NDArray[np.intp]] = []
        self.raised: Exception | None = None
        self.by_setting: CannotLift | None = None
        self.by_branch: CannotLift | None = None

    def fly(self, group: NDArray[np.intp]) -> None:
        """Train a group, and sort in what is left of it."""
        judge = _Judge(self._flight, group)
        end: BaseException | None
        try:
            end = _fly_group(self._flight, group, judge)
        except (Split, Slower, Stop) as what:
            end = what
        company = judge.company
        for gone, where in company.left:
            self._part(group[gone], where, judge.few)
        here = group[company.stays]
        if isinstance(end, Split):
            ways = company.here(end.ways)
            self._split([here[ways == way] for way in np.unique(ways)], end, judge.few)
        elif isinstance(end, Slower):
            self.alone.append(here)
        elif end is not None and not company.whole:  # it may be for those that have left
            self.todo.append(here)
        elif isinstance(end, Stop):
            raise end.reason from None
        elif isinstance(end, Exception):
            self.alone.append(here)
            self.raised = self.raised or end

    def _part(self, part: NDArray[np.intp], where: str, few: int) -> None:
        """Sort in bees that parted from others by themselves."""
        if len(part) > few and self._again < MAX_AGAIN:
            self._again += 1
            self.todo.append(part)
            return
        self.alone.append(part)
        self._parted += len(part)
        if 4 * self._parted > self._all:
            self.by_branch = CannotLift("branches on which bees disagree", where, _EARLY)

    def _split(self, parts: list[NDArray[np.intp]], split: Split, few: int) -> None:
        """Sort in all bees of a run that is at its end."""
        if split.reason is None:
            for part in parts:
                self._part(part, split.where, few)
            return
        small = [part for part in parts if len(part) <= few]
        if len(small) == len(parts) and sum(map(len, parts)) == self._all:
            raise split.reason from None
        self.todo += [part for part in parts if len(part) > few]
        self.alone += small
        if small:
            self.by_setting = self.by_setting or split.reason


def _fly_group(flight: Flight, group: NDArray[np.intp], judge: "_Judge") -> Exception | None:
    """Train bees for as long as they are together; return what they raise, if they do."""
    lift, company = judge.lift, judge.company
    judge.prepare()
    with ExitStack() as stack:
        noted = stack.enter_context(noting(company))
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
            here = company.here(group)
            if not ended:
                values = yielded if isinstance(yielded, tuple | list) else (yielded,)
                arrays = [company.here(_for_all(value, lift.bees)) for value in values]
                if judged := judge.looks_at(epoch):
                    _check_unchanged(watch, run)  # which says more than a difference does
                    with patches.aside():
                        judge.judge(epoch, arrays)
                done = bool(flight.write(here, epoch, arrays))
            # What has changed stays so: looking now and then, and at the end, will do.
            if ended or done or judged or epoch & (epoch - 1) == 0:
                _check_unchanged(watch, run)
            if ended:
                flight.end(here, epoch)
            if ended or done:
                return None
            flight.tick(epoch + 1)
    raise AssertionError


class _Judge:
    """Compares a group's last bee with itself alone, in result and in time.

    The first epochs are compared, and those that follow when the bee does
    something that it has not done before: the bee alone waits until then.
    """

    def __init__(self, flight: Flight, group: NDArray[np.intp]) -> None:
        self.lift = Lift([flight.seeds[int(i)] for i in group])
        self.company = Company(len(group))
        self._group, self._thorough = group, flight.outside.asks
        self._alone_at = flight.alone
        self._race = flight.race and flight.alone is not None
        self._until = VERIFIED
        self._taken: list[float] = []  # by the first epochs
        self._ratio: float | None = None  # to the time that these bees take alone

    @property
    def _alone(self) -> Lone:
        """The last bee that is still there."""
        assert self._alone_at is not None
        return self._alone_at(int(self.company.here(self._group)[-1]))

    @property
    def few(self) -> int:
        """The size of groups that are as quick one by one."""
        return SMALL + (0 if self._ratio is None else int(self._ratio * self.lift.bees))

    def prepare(self) -> None:
        """Have the bee alone ahead, so that no epoch goes without a deadline."""
        if self._race:
            self._alone.row(0)

    def start(self, epoch: int) -> None:
        """Begin an epoch."""
        self.lift.begin = now()
        self.lift.most = None
        if self._race and epoch <= RACED:
            # An epoch that has taken several times as long need not come to its end.
            alone = self.lift.bees * self._alone.took(max(0, epoch - 1))
            self.lift.most = 3 * alone if epoch else _FIRST_USE + 1.5 * alone

    def looks_at(self, epoch: int) -> bool:
        """Whether an epoch that has just ended is to be judged."""
        if self._alone_at is None:
            return False
        if self._races(epoch):
            self._taken.append(since(self.lift.begin))
        if self.lift.news or self._thorough:
            self._until = max(self._until, epoch + VERIFIED)
            self.lift.news = False
        return epoch < self._until or self._races(epoch)

    def _races(self, epoch: int) -> bool:
        return self._race and epoch <= RACED

    def judge(self, epoch: int, arrays: Sequence[Array]) -> None:
        """Raise `Stop` if an epoch is not what it should be, and `Slower` if it takes too long."""
        if epoch < self._until:
            compare(arrays, self._alone, epoch)
        if not self._races(epoch) or epoch < TIMED:
            return
        self._alone.row(epoch)
        # The same epochs of both, as some may have less to do than others; one that was held up
        # by something else is not to decide.
        alone = [self.lift.bees * self._alone.took(k) for k in range(TIMED, epoch + 1)]
        lifted = self._taken[TIMED:]
        each = sorted(mine / other for mine, other in zip(lifted, alone, strict=True))
        self._ratio = min(each[len(each) // 2], sum(lifted) / sum(alone))
        if self._ratio > (1 if epoch == RACED else 2):
            raise Slower
        self._race = self._ratio > 0.5


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
    """Measures what a bee's operations return, in bytes.

    Attributes
    ----------
    nbytes : int
        The most that they return from one backward pass, which frees what came before, to
        the next.
    largest : int
        The most that one of them returns.
    """

    def __init__(self) -> None:
        super().__init__()
        self.nbytes = self.largest = self._since = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if isinstance(result, torch.Tensor) and result.layout is torch.strided:
            size = result.numel() * result.element_size()
            self._since += size
            self.nbytes = max(self.nbytes, self._since)
            self.largest = max(self.largest, size)
        elif func in _BACKWARD and not _keeps_graph(args, kwargs or {}):
            self._since = 0
        return result


_BACKWARD = {torch.Tensor.backward, torch.autograd.backward}


def _keeps_graph(args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    return len(args) > 2 or any(kwargs.get(f"{what}_graph") for what in ("retain", "create"))
