r"""Runs one bee's code once for a whole swarm.

The bee is an ordinary generator. Under a `torch.overrides.TorchFunctionMode`
every tensor that differs between bees is held as (bee, \\*shape), while the
bee's code sees the shape of its own. Tensors that are the same for all bees
are shared; random numbers are drawn bee by bee from each bee's own generator,
so that each gets exactly what it would get alone; trainable tensors become
each bee's own; all else goes through `torch.vmap`, with autograd outside it.
What cannot be done so is recognised and refused with `CannotLift`.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.overrides import TorchFunctionMode

from swarm.lift import _ops as ops
from swarm.lift import _seen as seen  # noqa: F401 - registers what it handles
from swarm.lift._mode import Lift
from swarm.lift._numbers import numbers_taken
from swarm.lift._patches import each_rejects, each_shuffles, states_refused
from swarm.lift._values import Bees, CannotLift, Split, Stop, Values, pending
from swarm.lift._watch import Watch, outside_of

__all__ = ["CannotLift", "Meter", "fly", "outside_of", "uncompiled"]

Array = NDArray[Any]
MAX_SPLITS = 16
_EARLY = "decide by torch.where instead of if, and end bees by until="
SMALL = 2  # groups of this size are quicker one by one


@dataclass(frozen=True)
class Left:
    """Bees that are left to train one by one, and why.

    Attributes
    ----------
    bees : numpy.ndarray of int
        Those that raised, and small groups that parted from the rest.
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


def fly(
    trainer: Callable[[NDArray[np.intp]], Iterator[Any]],
    seeds: Sequence[int],
    write: Callable[[NDArray[np.intp], int, list[Array]], object],
    *,
    end: Callable[[NDArray[np.intp], int], object] = lambda bees, epochs: None,
    numbers: bool = False,
    alone: Sequence[Sequence[Array]] = (),
    tick: Callable[[int], object] = lambda epoch: None,
    watched: Mapping[str, Callable[[], Any]] | None = None,
) -> Left:
    r"""Train a group of bees at once.

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
    numbers : bool, default False
        Whether bees are given numbers of their own.
    alone : sequence of sequence of array, optional
        What the last of the bees yields in its first epochs when trained
        alone, to compare with.
    tick : callable, optional
        Called with the number of epochs done.
    watched : mapping of str to callable, optional
        By name, functions that tell the state of what the bee must leave as
        it is, see `outside_of`.

    Returns
    -------
    Left
        The bees that are left to train one by one.

    Raises
    ------
    CannotLift
        If the bees cannot be trained at once.
    """
    watched = watched or {}
    groups: list[NDArray[np.intp]] = [np.arange(len(seeds))]
    left: list[NDArray[np.intp]] = []
    raised: Exception | None = None
    by_setting: CannotLift | None = None
    by_branch: CannotLift | None = None
    splits = alone_now = 0
    while groups:
        group = groups.pop()
        rows = alone if group[-1] == len(seeds) - 1 else ()
        try:
            error = _fly_group(
                partial(trainer, group),
                [seeds[int(i)] for i in group],
                group,
                write,
                end,
                rows,
                tick,
                watched,
                numbers,
            )
        except Split as split:
            splits += split.reason is None
            if splits > MAX_SPLITS:
                raise CannotLift(
                    f"more than {MAX_SPLITS} branches on which bees disagree",
                    split.where,
                    "decide by torch.where instead of if",
                ) from None
            parts = [group[split.ways == way] for way in np.unique(split.ways)]
            small = [part for part in parts if len(part) <= SMALL]
            groups += [part for part in parts if len(part) > SMALL]
            left += small
            alone_now += sum(map(len, small))
            if split.reason is not None and len(small) == len(parts) and len(group) == len(seeds):
                raise split.reason from None
            if small:
                by_setting = by_setting or split.reason
            if split.reason is None and 4 * alone_now > len(seeds):
                by_branch = CannotLift("branches on which bees disagree", split.where, _EARLY)
        except Stop as stop:
            raise stop.reason from None
        else:
            if error is not None:
                left.append(group)
                raised = raised or error
    bees = np.sort(np.concatenate(left)) if left else np.arange(0)
    return Left(bees, raised, by_setting, by_branch)


def _fly_group(
    trainer: Callable[[], Iterator[Any]],
    seeds: Sequence[int],
    group: NDArray[np.intp],
    write: Callable[[NDArray[np.intp], int, list[Array]], object],
    end: Callable[[NDArray[np.intp], int], object],
    alone: Sequence[Sequence[Array]],
    tick: Callable[[int], object],
    watched: Mapping[str, Callable[[], Any]],
    numbers: bool,
) -> Exception | None:
    """Train bees that never part; return what they raise, if they do."""
    pending.clear()
    lift = Lift(seeds)
    epoch, done = 0, False
    with ExitStack() as stack:
        watch = stack.enter_context(Watch(watched))
        stack.enter_context(lift.stepping())
        stack.enter_context(warnings.catch_warnings())
        warnings.filterwarnings("ignore", "There is a performance drop because")  # from vmap
        stack.enter_context(each_rejects(lift))
        stack.enter_context(each_shuffles())
        stack.enter_context(states_refused())
        stack.enter_context(uncompiled())
        if numbers:
            stack.enter_context(numbers_taken(lift))
        run: Iterator[Any] | None = None
        while True:
            ended = False
            yielded: Any = None
            try:
                with lift:
                    if run is None:
                        run = trainer()
                        stack.callback(_close, run)
                    yielded = next(run)
            except StopIteration:
                ended = True
            except Exception as error:
                if pending:
                    raise pending[0] from None
                return error
            if pending:
                raise pending[0]
            if not ended:
                values = yielded if isinstance(yielded, tuple | list) else (yielded,)
                arrays = [_for_all(value, len(seeds)) for value in values]
                if epoch < len(alone):
                    _compare(arrays, alone[epoch], epoch)
                done = bool(write(group, epoch, arrays))
            # What has changed stays so: looking now and then, and at the end, will do.
            look = ended or done or epoch < 3 or epoch & (epoch - 1) == 0
            if look and (changed := watch.changed()):
                raise Stop(
                    CannotLift(
                        changed,
                        _line_of(run),
                        "draw with torch, and keep what changes inside of the bee",
                    )
                )
            if ended:
                end(group, epoch)
            if ended or done:
                return None
            epoch += 1
            tick(epoch)


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


def _close(run: Any) -> None:
    if hasattr(run, "close"):
        run.close()


def _for_all(value: Any, bees: int) -> Array:
    r"""Turn a yielded value into (bee, \\*dims)."""
    if type(value) is Bees:
        return ops.array(value)
    if isinstance(value, Values):
        return value.array
    if isinstance(value, torch.Tensor):
        value = ops.array(value)
    elif isinstance(value, list | tuple) and value:
        parts = [_for_all(v, bees) for v in value]
        if all(part.shape == parts[0].shape for part in parts):
            return np.stack(parts, axis=1)
    value = np.asarray(value)
    return np.broadcast_to(value, (bees, *value.shape))


def _compare(lifted: Sequence[Array], alone: Sequence[Array], epoch: int) -> None:
    """Refuse if the last bee does not yield what it yields alone, up to rounding.

    Numbers that come to nothing but rounding, such as a gradient that is zero
    by symmetry, are small beside the other fields.
    """
    scales = [_scale(single) for single in alone]
    for field, (together, single) in enumerate(zip(lifted, alone, strict=False)):
        mine = together[-1]
        same = mine.shape == single.shape and mine.dtype == single.dtype
        if same and mine.dtype.kind in "fc":
            near = 1e-4 * scales[field] + 1e-6 * max(scales)
            same = np.allclose(mine, single, rtol=0, atol=near, equal_nan=True)
        elif same:
            same = np.array_equal(mine, single)
        if not same:
            raise Stop(
                CannotLift(
                    f"field {field + 1} in epoch {epoch}, which differs from the same bee trained "
                    "alone",
                    "a line that cannot be told",
                    "look for randomness that is not torch's and for state kept between bees",
                )
            )


def _scale(array: Array) -> float:
    if array.dtype.kind not in "fc":
        return 0.0
    return float(np.abs(array[np.isfinite(array)]).max(initial=0))


class Meter(TorchFunctionMode):
    """Adds up the memory of what a bee's operations return."""

    def __init__(self) -> None:
        super().__init__()
        self.nbytes = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if isinstance(result, torch.Tensor) and result.layout is torch.strided:
            self.nbytes += result.numel() * result.element_size()
        return result
