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
from swarm.core._record import Failure
from swarm.core._swarms import Swarms
from swarm.core._train import train_block

__all__ = ["in_this_process", "over_processes"]

# Generators of random numbers belong to the process: two threads of it (joblib's
# threading backend, a dask worker's) must not train at the same time.
_ONE_AT_A_TIME = threading.RLock()


def in_this_process(jobs: Sequence[Job], flights: Sequence[Swarms], progress: bool | None) -> None:
    """Train all flights here, one after another."""
    bees = sum(len(run) for swarms in flights for run in swarms.missing())
    with Progress(bees, progress) as bar, _ONE_AT_A_TIME:
        for job, swarms in zip(jobs, flights, strict=True):
            for run in swarms.missing():
                train_block(job, swarms, run, bar)
            _check_any(swarms)


def over_processes(
    jobs: Sequence[Job],
    flights: Sequence[Swarms],
    progress: bool | None,
    n_jobs: int | None,
    workers: int,
) -> None:
    """Train all flights in blocks of bees that joblib spreads over processes."""
    blocks = _blocks(jobs, flights, workers)
    tasks = (
        joblib.delayed(_task)(i, jobs[i], flights[i].fresh(run), workers) for i, run in blocks
    )
    parallel = joblib.Parallel(n_jobs=n_jobs, return_as="generator_unordered", batch_size=1)
    bees = sum(len(run) for _, run in blocks)
    with Progress(bees, progress) as bar, _closing(parallel(tasks)) as parts:
        for i, part in parts:
            if part.failures and jobs[i].settings.on_error == "raise":
                raise_failure(part.failures[0])
            flights[i].add(part)
            bar.bee(len(part.positions))
    for swarms in flights:
        _check_any(swarms)


def _blocks(
    jobs: Sequence[Job], flights: Sequence[Swarms], workers: int
) -> list[tuple[int, range]]:
    """Cut flights into blocks: small ones share the work evenly, large ones lift best."""
    missing = [(i, run) for i, swarms in enumerate(flights) for run in swarms.missing()]
    bees = sum(len(run) for _, run in missing)
    blocks = []
    for i, run in missing:
        rounds = 4 if jobs[i].settings.engine == "loop" else 1
        size = jobs[i].settings.chunk or -(-bees // (rounds * workers))
        blocks += [(i, run[low : low + size]) for low in range(0, len(run), size)]
    return blocks


def _task(i: int, job: Job, swarms: Swarms, workers: int) -> tuple[int, Swarms]:
    """Train a block of bees in a worker process."""
    with _ONE_AT_A_TIME, Progress(0, False) as bar:
        before = torch.get_num_threads()
        torch.set_num_threads(max(1, before // workers))
        try:
            train_block(job, swarms, swarms.positions, bar)
        except BeeError as error:  # as data, since causes do not survive pickling
            cause = error.__cause__
            original = cause if isinstance(cause, Exception) else error
            swarms = swarms.fresh(swarms.positions)
            failure = Failure(error.bee, error.seed, error.epoch, original)
            swarms.records[0].failures.append(failure)
        finally:
            torch.set_num_threads(before)
    for record in swarms.records:
        record.failures = [
            Failure(f.bee, f.seed, f.epoch, _picklable(f.error)) for f in record.failures
        ]
    return i, swarms


@contextmanager
def _closing(results: Iterator[tuple[int, Swarms]]) -> Iterator[Iterator[tuple[int, Swarms]]]:
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


def _check_any(swarms: Swarms) -> None:
    """Raise if no bee of a swarm came through: there is nothing to keep."""
    for record in swarms.records:
        if record.arrays is None:
            raise_failure(min(record.failures, key=lambda failure: failure.bee))
