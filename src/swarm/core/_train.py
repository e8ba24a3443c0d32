"""Trains a block of bees: at once where they can be lifted, else one after another."""

from collections.abc import Iterator
from typing import Any

from swarm.core._errors import raise_failure
from swarm.core._job import Job, seeded
from swarm.core._lifted import train_lifted
from swarm.core._progress import Progress
from swarm.core._record import Failure, as_array, as_values
from swarm.core._swarms import Swarms
from swarm.core._until import Endings
from swarm.lift._fly import SMALL

__all__ = ["train_block"]

FIRST = slice(0, 1)


def train_block(job: Job, swarms: Swarms, bees: range, progress: Progress) -> None:
    """Train some of the bees of a flight with the engine that is asked for."""
    start = bees.start
    engine = job.settings.engine
    if engine == "lift" or (engine == "auto" and len(bees) > SMALL):
        start, reason = train_lifted(job, swarms, bees, progress, train_alone)
        if reason is not None:
            if engine == "lift":
                raise reason
            swarms.note(f"trained one bee after another: {reason}")
    for bee in range(start, bees.stop):
        train_alone(job, swarms, bee)
        progress.bee()


def train_alone(job: Job, swarms: Swarms, bee: int) -> None:
    """Train one bee of a flight."""
    part = swarms.part(range(bee, bee + 1))
    with seeded(job.seeds[bee]):
        _run(job, part, bee)
    if part.failures and job.settings.on_error == "raise":
        raise_failure(part.failures[0])
    swarms.add(part)


def _run(job: Job, part: Swarms, bee: int) -> None:
    """Run a bee to its end; an exception of its own ends it and is kept."""
    endings = Endings(part, job.settings.until, job.settings.pad)
    (record,) = part.records
    epoch = 0
    ended = False
    run: Iterator[Any] | None = None
    try:
        while not ended:
            try:
                run = job.start(bee) if run is None else run
                yielded = next(run)
            except StopIteration:
                return
            except Exception as error:
                if run is None:
                    raise
                record.failures.append(Failure(record.bees[0], job.seeds[bee], epoch, error))
                return
            values = [as_array(value)[None] for value in as_values(yielded)]
            ended = endings.write(FIRST, epoch, values)
            epoch += 1
    finally:
        if run is not None and hasattr(run, "close"):
            run.close()
