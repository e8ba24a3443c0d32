"""Trains swarms in this process, or spread over several by joblib."""

import pickle
import threading
import traceback
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import joblib
import torch

from swarm.core._progress import Progress
from swarm.core._record import Failure, Record
from swarm.core._train import BeeError, BeeTrainer, Settings, raise_failure, train_block

__all__ = ["in_this_process", "over_processes"]

# Generators of random numbers belong to the process: two threads of it (joblib's
# threading backend, a dask worker's) must not train at the same time.
_ONE_AT_A_TIME = threading.RLock()


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
            train_block(bee, p, seeds, record, settings, bar)
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
            train_block(bee, params, seeds, record, settings, bar)
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
