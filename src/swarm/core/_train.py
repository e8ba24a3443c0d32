"""Trains a block of bees: at once where they can be lifted, else one after another."""

import inspect
import os
import random
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from swarm import util
from swarm.core._progress import Progress
from swarm.core._record import Failure, Record, as_array, as_values
from swarm.lift import _fly as lift

__all__ = ["BeeError", "BeeTrainer", "Settings", "check_trainer", "raise_failure", "train_block"]

BeeTrainer = Callable[..., Iterator[Any]]

VERIFIED = 3  # epochs in which a lifted bee is compared with itself alone
MEMORY = 1 << 28  # bytes that a chunk of bees may take


class BeeError(RuntimeError):
    """A bee raised; the original error is the ``__cause__``.

    Attributes
    ----------
    bee, seed, epoch : int
        The bee's index and seed, and the epoch in which it raised. Epoch k is
        what leads up to the k-th value, from 0.
    """

    def __init__(self, bee: int, seed: int, epoch: int, error: str) -> None:
        super().__init__(bee, seed, epoch, error)
        self.bee, self.seed, self.epoch, self.error = bee, seed, epoch, error

    def __str__(self) -> str:
        return (
            f"bee {self.bee} (seed {self.seed}) raised in epoch {self.epoch}: {self.error}. "
            f"To see it alone: torch.manual_seed({self.seed}), np.random.seed({self.seed}) and "
            "run the trainer; on_error='nan' keeps the other bees"
        )


@dataclass(frozen=True)
class Settings:
    """How to train, see `swarm.core.swarm_train`."""

    engine: str = "auto"
    chunk: int | None = None
    verify: bool = True
    on_error: str = "raise"

    def check(self) -> None:
        """Raise ValueError at a setting that is out of range."""
        if self.engine not in ("auto", "lift", "loop"):
            raise ValueError(f"engine must be 'auto', 'lift' or 'loop', got {self.engine!r}")
        if self.on_error not in ("raise", "nan"):
            raise ValueError(f"on_error must be 'raise' or 'nan', got {self.on_error!r}")
        if self.chunk is not None and self.chunk < 1:
            raise ValueError(f"chunk must be at least 1 bee, got {self.chunk}")


def check_trainer(bee: BeeTrainer, params: Mapping[str, Any]) -> None:
    """Raise TypeError if `bee` cannot be called with `params`."""
    if inspect.isgenerator(bee):
        raise TypeError("bee_trainer is a running generator; pass the function itself, uncalled")
    if not callable(bee):
        raise TypeError(f"bee_trainer must be a generator function, got {bee!r}")
    try:
        signature = inspect.signature(bee)
    except ValueError:  # a callable that does not tell
        return
    try:
        signature.bind(**params)
    except TypeError as error:
        raise TypeError(
            f"bee_params {sorted(params)} do not fit {_name(bee)}{signature}: {error}"
        ) from None


def _name(bee: BeeTrainer) -> str:
    while not hasattr(bee, "__name__") and hasattr(bee, "func"):  # a partial
        bee = bee.func
    return str(getattr(bee, "__name__", type(bee).__name__))


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed torch, numpy and Python for a block, and restore their states after it."""
    state = random.getstate()
    try:
        with util.seed_as(seed):
            random.seed(seed)
            yield
    finally:
        random.setstate(state)


def start(bee: BeeTrainer, params: Mapping[str, Any]) -> Iterator[Any]:
    """Call a trainer and make sure that it gives a generator."""
    run = bee(**params)
    if not hasattr(run, "__next__"):
        raise TypeError(
            f"bee_trainer must be a generator function that yields once an epoch, but "
            f"{_name(bee)} returned {type(run).__name__}; has it a yield?"
        )
    return run


def _loop(
    bee: BeeTrainer,
    params: Mapping[str, Any],
    seeds: Sequence[int],
    record: Record,
    index: int,
    settings: Settings,
) -> None:
    """Train one bee of a record."""
    part = record.part(range(index, index + 1))
    with seeded(seeds[index]):
        _alone(bee, params, seeds[index], part)
    if part.failures and settings.on_error == "raise":
        raise_failure(part.failures[0])
    record.add(part)


def _alone(bee: BeeTrainer, params: Mapping[str, Any], seed: int, record: Record) -> None:
    """Train one bee; an exception of its own ends it and is kept."""
    epoch = 0
    run: Iterator[Any] | None = None
    try:
        while True:
            try:
                run = start(bee, params) if run is None else run
                yielded = next(run)
            except StopIteration:
                return
            except Exception as error:
                if run is None:
                    raise
                record.failures.append(Failure(record.bees[0], seed, epoch, error))
                return
            values = [as_array(value)[None] for value in as_values(yielded)]
            record.write(slice(0, 1), epoch, values)
            epoch += 1
    finally:
        if run is not None and hasattr(run, "close"):
            run.close()


def raise_failure(failure: Failure) -> None:
    """Raise the error of a bee, named."""
    error = failure.error
    raise BeeError(
        failure.bee, failure.seed, failure.epoch, f"{type(error).__name__}: {error}"
    ) from error


def train_block(
    bee: BeeTrainer,
    params: Mapping[str, Any],
    seeds: Sequence[int],
    record: Record,
    settings: Settings,
    progress: Progress,
) -> None:
    """Train the bees of a record with the engine that is asked for."""
    bees = record.bees
    start = bees.start
    if settings.engine == "lift" or (settings.engine == "auto" and len(bees) > lift.SMALL):
        try:
            start = _lifted(bee, params, seeds, record, settings, progress)
        except lift.CannotLift as reason:
            if settings.engine == "lift":
                raise
            record.notes.append(f"trained one bee after another: {reason}")
            start = next(i for i in bees if not record.has(i))
    for index in range(start, bees.stop):
        _loop(bee, params, seeds, record, index, settings)
        progress.bee()


def _lifted(
    bee: BeeTrainer,
    params: Mapping[str, Any],
    seeds: Sequence[int],
    record: Record,
    settings: Settings,
    progress: Progress,
) -> int:
    """Train the bees of a record at once, in chunks; return where it ended."""
    watched = lift.outside_of(bee, params)
    chunk = settings.chunk
    low = record.bees.start
    while low < record.bees.stop:
        high = min(low + (chunk or len(record.bees)), record.bees.stop)
        alone: list[list[NDArray[Any]]] = []
        nbytes = 0
        if settings.verify or chunk is None:
            alone, nbytes = _trial(bee, params, seeds[high - 1])
        if chunk is None:
            chunk = max(1, MEMORY // max(1, nbytes))
            if low + chunk < high:
                continue  # and compare with the last bee of the smaller chunk
        bees = range(low, high)
        part = record.part(bees)
        left, raised = lift.fly(
            lambda: start(bee, params),
            seeds[low:high],
            part.write,
            alone=alone if settings.verify else (),
            tick=progress.epoch,
            watched=watched,
        )
        if len(left) == len(bees):
            part = record.part(bees)
        elif len(left):
            part.settle(without=left.tolist())
        for i in left:
            _loop(bee, params, seeds, part, low + int(i), settings)
        if raised is not None and not part.failures:
            reason = lift.CannotLift(
                f"{type(raised).__name__} ({raised}), which no bee raises alone,", where(raised)
            )
            if settings.engine == "lift":
                raise reason from raised
            record.notes.append(f"trained some bees one after another: {reason}")
        record.add(part)
        low = high
    return low


def _trial(
    bee: BeeTrainer, params: Mapping[str, Any], seed: int
) -> tuple[list[list[NDArray[Any]]], int]:
    """Train a bee alone for its first epochs, and measure its memory in bytes."""
    rows: list[list[NDArray[Any]]] = []
    most = 0
    with seeded(seed), lift.uncompiled():
        run = start(bee, params)
        try:
            for _ in range(VERIFIED):
                with lift.Meter() as meter:
                    yielded = next(run)
                rows.append([np.array(as_array(value)) for value in as_values(yielded)])
                most = max(most, meter.nbytes)
        except StopIteration:
            pass
        except Exception:  # met again, and reported, when the bee is trained
            most = max(most, 1)
        finally:
            if hasattr(run, "close"):
                run.close()
    # What backward keeps and makes is about as much again, twice.
    return rows, 3 * most + sum(value.nbytes for row in rows[:1] for value in row)


def where(error: Exception) -> str:
    """Return file:line of a bee's error."""
    torch_files = os.path.dirname(torch.__file__)
    package = os.path.dirname(os.path.dirname(__file__))
    ours = tuple(os.path.join(package, name) for name in ("lift", "core"))
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith((torch_files, *ours))
    ]
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "a line that cannot be told"
