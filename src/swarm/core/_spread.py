"""Trains swarms in this process, or spread over several by joblib."""

import pickle
import threading
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import joblib
import torch

from swarm.core._errors import BeeError, raise_failure
from swarm.core._job import Job
from swarm.core._progress import Progress
from swarm.core._record import Failure, Record
from swarm.core._train import train_block

__all__ = ["in_this_process", "over_processes"]

# Generators of random numbers belong to the process: two threads of it (joblib's
# threading backend, a dask worker's) must not train at the same time.
_ONE_AT_A_TIME = threading.RLock()


def in_this_process(jobs: Sequence[Job], records: Sequence[Record], progress: bool | None) -> None:
    """Train all swarms here, one after another."""
    with Progress(sum(len(record.bees) for record in records), progress) as bar, _ONE_AT_A_TIME:
        for job, record in zip(jobs, records, strict=True):
            train_block(job, record, bar)
            _check_any(record)


def over_processes(
    jobs: Sequence[Job],
    records: Sequence[Record],
    progress: bool | None,
    n_jobs: int | None,
    workers: int,
) -> None:
    """Train all swarms in blocks of bees that joblib spreads over processes."""
    bees = sum(len(record.bees) for record in records)
    tasks = (
        joblib.delayed(_task)(i, jobs[i], block, records[i].names, workers)
        for i, block in _blocks(jobs, records, workers)
    )
    parallel = joblib.Parallel(n_jobs=n_jobs, return_as="generator_unordered", batch_size=1)
    with Progress(bees, progress) as bar, _closing(parallel(tasks)) as parts:
        for i, part in parts:
            if part.failures and jobs[i].settings.on_error == "raise":
                raise_failure(part.failures[0])
            records[i].add(part)
            bar.bee(len(part.bees))
    for record in records:
        _check_any(record)


def _blocks(
    jobs: Sequence[Job], records: Sequence[Record], workers: int
) -> Iterator[tuple[int, range]]:
    """Cut swarms into blocks: small ones share the work evenly, large ones lift best."""
    bees = sum(len(record.bees) for record in records)
    for i, (job, record) in enumerate(zip(jobs, records, strict=True)):
        rounds = 4 if job.settings.engine == "loop" else 1
        size = job.settings.chunk or -(-bees // (rounds * workers))
        for low in range(0, len(record.bees), size):
            yield i, record.bees[low : low + size]


def _task(
    i: int, job: Job, bees: range, names: Sequence[str] | None, workers: int
) -> tuple[int, Record]:
    """Train a block of bees in a worker process."""
    record = Record(bees, names)
    with _ONE_AT_A_TIME, Progress(0, False) as bar:
        before = torch.get_num_threads()
        torch.set_num_threads(max(1, before // workers))
        try:
            train_block(job, record, bar)
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
