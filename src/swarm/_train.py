"""Trains swarms, one bee after another, in this process or spread over several by joblib."""

import inspect
import pickle
import random
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import joblib
import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from swarm import lift, util
from swarm._record import Failure, Record, as_array, as_values

__all__ = ["BeeError", "Settings", "check_trainer", "in_this_process", "over_processes"]

BeeTrainer = Callable[..., Iterator[Any]]

VERIFIED = 3  # epochs in which a lifted bee is compared with itself alone
MEMORY = 1 << 28  # bytes that a chunk of bees may take

# Generators of random numbers belong to the process: two threads of it (joblib's
# threading backend, a dask worker's) must not train at the same time.
_ONE_AT_A_TIME = threading.RLock()


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


def _block(
    bee: BeeTrainer,
    params: Mapping[str, Any],
    seeds: Sequence[int],
    record: Record,
    settings: Settings,
    progress: "Progress",
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
    progress: "Progress",
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
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if "/torch/" not in frame.filename and "/swarm/" not in frame.filename
    ]
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "an unknown line"


def in_this_process(
    bee: BeeTrainer,
    params: Sequence[Mapping[str, Any]],
    seeds: Sequence[int],
    records: Sequence[Record],
    settings: Settings,
    progress: bool | None,
) -> None:
    """Train all swarms here, one after another."""
    with Progress(len(records) * len(seeds), progress) as bar, _ONE_AT_A_TIME:
        for p, record in zip(params, records, strict=True):
            _block(bee, p, seeds, record, settings, bar)
            _check_any(record)


def over_processes(
    bee: BeeTrainer,
    params: Sequence[Mapping[str, Any]],
    seeds: Sequence[int],
    records: Sequence[Record],
    settings: Settings,
    progress: bool | None,
    n_jobs: int | None,
    jobs: int,
) -> None:
    """Train all swarms in blocks of bees that joblib spreads over processes."""
    # Small blocks share the work evenly; large ones make the most of being lifted.
    rounds = 4 if settings.engine == "loop" else 1
    size = settings.chunk or -(-len(seeds) * len(params) // (rounds * jobs))
    blocks = [
        (i, range(low, min(low + size, len(seeds))))
        for i in range(len(params))
        for low in range(0, len(seeds), size)
    ]
    threads = max(1, torch.get_num_threads() // jobs)
    tasks = (
        joblib.delayed(_task)(i, bee, params[i], seeds, bees, records[i].names, settings, threads)
        for i, bees in blocks
    )
    parallel = joblib.Parallel(n_jobs=n_jobs, return_as="generator_unordered", batch_size=1)
    with Progress(len(records) * len(seeds), progress) as bar, _closing(parallel(tasks)) as parts:
        for i, part in parts:
            if part.failures and settings.on_error == "raise":
                raise_failure(part.failures[0])
            records[i].add(part)
            bar.bee(len(part.bees))
    for record in records:
        _check_any(record)


def _task(
    i: int,
    bee: BeeTrainer,
    params: Mapping[str, Any],
    seeds: Sequence[int],
    bees: range,
    names: Sequence[str] | None,
    settings: Settings,
    threads: int,
) -> tuple[int, Record]:
    """Train a block of bees in a worker process."""
    record = Record(bees, names)
    with _ONE_AT_A_TIME, Progress(0, False) as bar:
        before = torch.get_num_threads()
        torch.set_num_threads(min(before, threads))
        try:
            _block(bee, params, seeds, record, settings, bar)
        except BeeError as error:  # as data, since causes do not survive pickling
            cause = error.__cause__
            original = cause if isinstance(cause, Exception) else error
            record = Record(bees, names)
            record.failures = [Failure(error.bee, error.seed, error.epoch, original)]
        finally:
            torch.set_num_threads(before)
    record.failures = [
        Failure(f.bee, f.seed, f.epoch, _picklable(f.error)) for f in record.failures
    ]
    return i, record


@contextmanager
def _closing(results: Iterator[tuple[int, Record]]) -> Iterator[Iterator[tuple[int, Record]]]:
    """Cancel what still runs when a block ends early, of which joblib would warn."""
    try:
        yield results
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            results.close()  # type: ignore[attr-defined]


def _picklable(error: Exception) -> Exception:
    """Return an error that survives the way between processes, with its traceback as a note."""
    error.add_note("".join(traceback.format_exception(error)))
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        plain = RuntimeError(f"{type(error).__name__}: {error}")
        plain.__notes__ = error.__notes__
        return plain
    return error


def _check_any(record: Record) -> None:
    """Raise if no bee of a swarm came through: there is nothing to keep."""
    if record.arrays is None:
        raise_failure(min(record.failures, key=lambda failure: failure.bee))


class Progress:
    """One bar: epochs while lifting, bees while looping.

    Parameters
    ----------
    bees : int
        How many there are.
    show : bool or None
        None shows it on a terminal only.
    """

    def __init__(self, bees: int, show: bool | None) -> None:
        self._bees = bees
        self._bar = tqdm(total=bees, unit="bee", disable=None if show is None else not show)

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.close()

    def bee(self, count: int = 1) -> None:
        """Count bees that have ended."""
        if self._bar.disable:
            return
        if self._bar.unit != "bee":
            self._bar.unit = "bee"
            self._bar.reset(total=self._bees)
        self._bar.update(count)

    def epoch(self, epoch: int) -> None:
        """Count epochs of a chunk."""
        if self._bar.disable:
            return
        if self._bar.unit != "epoch":
            self._bar.unit = "epoch"
            self._bar.reset()
            self._bar.total = None
        self._bar.update(1)
