"""Trains a block of bees: at once where they can be lifted, else one after another."""

from collections.abc import Iterator
from typing import Any

from swarm.core._errors import raise_failure
from swarm.core._job import Job, seeded
from swarm.core._lifted import train_lifted
from swarm.core._progress import Progress
from swarm.core._record import Failure, Record, as_array, as_values
from swarm.lift._fly import SMALL

__all__ = ["train_block"]


def train_block(job: Job, record: Record, progress: Progress) -> None:
    """Train the bees of a record with the engine that is asked for."""
    bees = record.bees
    start = bees.start
    engine = job.settings.engine
    if engine == "lift" or (engine == "auto" and len(bees) > SMALL):
        start, reason = train_lifted(job, record, progress, train_alone)
        if reason is not None:
            if engine == "lift":
                raise reason
            record.notes.append(f"trained one bee after another: {reason}")
    for bee in range(start, bees.stop):
        train_alone(job, record, bee)
        progress.bee()


def train_alone(job: Job, record: Record, bee: int) -> None:
    """Train one bee of a record."""
    part = record.part(range(bee, bee + 1))
    with seeded(job.seeds[bee]):
        _run(job, part, bee)
    if part.failures and job.settings.on_error == "raise":
        raise_failure(part.failures[0])
    record.add(part)


def _run(job: Job, record: Record, bee: int) -> None:
    """Run a bee to its end; an exception of its own ends it and is kept."""
    epoch = 0
    run: Iterator[Any] | None = None
    try:
        while True:
            try:
                run = job.start(bee) if run is None else run
                yielded = next(run)
            except StopIteration:
                return
            except Exception as error:
                if run is None:
                    raise
                record.failures.append(Failure(bee, job.seeds[bee], epoch, error))
                return
            values = [as_array(value)[None] for value in as_values(yielded)]
            record.write(slice(0, 1), epoch, values)
            epoch += 1
    finally:
        if run is not None and hasattr(run, "close"):
            run.close()
