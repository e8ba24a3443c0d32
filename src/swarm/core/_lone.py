"""One bee trained alone beside its swarm, as far as it is asked to."""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.overrides import TorchFunctionMode

from swarm.core._job import Job, seeded
from swarm.core._record import as_array, as_values
from swarm.lift._clock import now, since
from swarm.lift._fly import Meter, uncompiled
from swarm.lift._thread import thread_settings

__all__ = ["Lone", "Lones"]

TWINS = 4  # runs that tell how far rounding grows; one may happen to stay near
METERED = 2  # epochs whose memory is measured, where it is


class Lone:
    """A bee that waits between epochs, with its own states of the global generators.

    Parameters
    ----------
    start : callable
        Starts the bee's generator.
    seed : int
        The bee's seed.
    """

    def __init__(self, start: Callable[[], Iterator[Any]], seed: int) -> None:
        self._start, self._seed = start, seed
        self._run: Iterator[Any] | None = None
        self._states: Any = None
        self._done = 0  # epochs that the run has yielded
        self._ended = False
        self.whole = False  # whether it has come to its end by itself
        self._jitter: _Jitter | None = None
        self._rows: list[list[NDArray[Any]]] = []
        self._disturbed: list[list[list[NDArray[Any]]]] = []
        self.nbytes = 0  # the most that the operations of an epoch return
        self.largest = 0  # the most that one of them returns
        self._metering = False
        self._took: list[float] = []  # seconds, by epoch

    def row(self, epoch: int) -> Sequence[NDArray[Any]] | None:
        """Return what the bee yields in an epoch; None once it has ended or raised."""
        while len(self._rows) <= epoch and not self._ended:
            self._advance()
        return self._rows[epoch] if epoch < len(self._rows) else None

    def took(self, epoch: int) -> float:
        """Return the seconds that an epoch took; infinity if it has not been reached."""
        return self._took[epoch] if epoch < len(self._took) else float("inf")

    def jittered(self, epoch: int) -> Sequence[Sequence[Sequence[NDArray[Any]]]]:
        """Return what the bee yields up to an epoch, in several runs with disturbed rounding.

        By epoch, run and field. Empty if the bee does not yield the same twice.
        """
        if len(self._disturbed) <= epoch:
            again = self._twin(epoch, None)
            # A bee that cannot be repeated differs by more than rounding.
            self._disturbed = []
            if _equal(again, self._rows):
                twins = [self._twin(epoch, _Jitter(seed)) for seed in range(TWINS)]
                self._disturbed = [[*rows] for rows in zip(*twins, strict=False)]
        return self._disturbed[: epoch + 1]

    def _twin(self, epoch: int, jitter: "_Jitter | None") -> list[list[NDArray[Any]]]:
        """Return what the bee yields up to an epoch, in a run from its start."""
        twin = Lone(self._start, self._seed)
        twin._jitter = jitter
        twin.row(epoch)
        twin.close()
        return twin._rows

    def is_brief(self, seconds: float) -> bool:
        """Train on for some time; return whether the bee comes to its end within it."""
        begin = now()
        self._advance(lambda: since(begin) < seconds)
        return self.whole and since(begin) < seconds

    def measure(self) -> int:
        """Return the memory that a bee takes, in bytes."""
        self._metering = True
        self.row(METERED - 1)
        self._metering = False
        # What backward keeps and makes is about as much again, twice.
        return 3 * self.nbytes + sum(value.nbytes for row in self._rows[:1] for value in row)

    def close(self) -> None:
        """End the bee."""
        if self._run is not None and hasattr(self._run, "close"):
            with self._own_states():
                self._run.close()
        self._run, self._done = None, 0

    def _mode(self) -> TorchFunctionMode | None:
        if self._jitter:
            return self._jitter
        return Meter() if self._metering else None

    def rows(self) -> Sequence[Sequence[NDArray[Any]]]:
        """Return what the bee has yielded so far, by epoch."""
        return self._rows

    def _advance(self, more: Callable[[], bool] = lambda: False) -> None:
        """Train for one more epoch, and for others as long as there are to be more."""
        before = _ambience()
        try:
            with self._own_states(), uncompiled():
                self._run = self._run or self._start()
                while self._done < len(self._rows):  # again, after it was closed
                    next(self._run)
                    self._done += 1
                self._train_epoch(self._run)
                while more():
                    self._train_epoch(self._run)
        except StopIteration:
            self._ended = self.whole = True
        except Exception:  # met again, and reported, when the bee is trained
            self._ended = True
        if _ambience() != before or self._ended:
            self.close()  # it would leave its no_grad, dtype or mode to others

    @contextmanager
    def _own_states(self) -> Iterator[None]:
        """Lend the global generators to the bee for the length of a block."""
        if self._run is None:
            with seeded(self._seed):
                try:
                    yield
                finally:
                    self._states = _states()
            return
        before = _states()
        _restore(self._states)
        try:
            yield
        finally:
            self._states = _states()
            _restore(before)

    def _train_epoch(self, run: Iterator[Any]) -> None:
        mode = self._mode()
        begin = now()
        with mode or nullcontext():
            yielded = next(run)
        self._took.append(since(begin))
        if isinstance(mode, Meter):
            self.nbytes = max(self.nbytes, mode.nbytes)
            self.largest = max(self.largest, mode.largest)
        self._rows.append([np.array(as_array(value)) for value in as_values(yielded)])
        self._done += 1


class Lones:
    """Bees of a job, each trained alone once it is asked for."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._bees: dict[int, Lone] = {}

    def __call__(self, bee: int) -> Lone:
        if bee not in self._bees:
            self._bees[bee] = Lone(partial(self._job.start, bee), self._job.seeds[bee])
        return self._bees[bee]

    def close(self, chunk: range) -> None:
        """End and forget the bees of a chunk."""
        for bee in [*filter(chunk.__contains__, self._bees)]:
            self._bees.pop(bee).close()


class _Jitter(TorchFunctionMode):
    """Disturbs what operations return by a rounding error or two, up or down at random."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._draw = random.Random(seed).random

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if (
            type(result) is not torch.Tensor
            or result.grad_fn is None
            or result._is_view()
            or any(result is value for value in args)
        ):
            return result
        eps = 2 * torch.finfo(result.dtype).eps
        return result * (1 + eps if self._draw() < 0.5 else 1 - eps)


def _equal(rows: list[list[NDArray[Any]]], others: list[list[NDArray[Any]]]) -> bool:
    return all(
        np.array_equal(one, other, equal_nan=one.dtype.kind in "fc")
        for row, known in zip(rows, others, strict=False)
        for one, other in zip(row, known, strict=True)
    )


def _ambience() -> tuple[Any, ...]:
    """Return what a bee could leave to others, while it waits inside of a with block."""
    return (
        *thread_settings(),
        torch.is_inference_mode_enabled(),
        torch._C._len_torch_function_stack(),
        torch._C._len_torch_dispatch_stack(),
    )


def _states() -> tuple[Any, ...]:
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None
    return torch.get_rng_state(), np.random.get_state(), random.getstate(), cuda  # noqa: NPY002


def _restore(states: tuple[Any, ...]) -> None:
    torch.set_rng_state(states[0])
    np.random.set_state(states[1])  # noqa: NPY002
    random.setstate(states[2])
    if states[3] is not None:
        torch.cuda.set_rng_state_all(states[3])
