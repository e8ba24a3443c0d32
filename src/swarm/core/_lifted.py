"""Trains the bees of a block at once, chunk by chunk."""

import os
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from swarm.core._job import Job, Settings, seeded
from swarm.core._progress import Progress
from swarm.core._record import as_array, as_values
from swarm.core._swarms import Swarms
from swarm.core._until import Endings
from swarm.lift import CannotLift
from swarm.lift._fly import Left, Meter, fly, outside_of, uncompiled

__all__ = ["train_lifted"]

VERIFIED = 3  # epochs in which a lifted bee is compared with itself alone
MEMORY = 1 << 28  # bytes that a chunk of bees may take

Rows = list[list[NDArray[np.generic]]]


def train_lifted(
    job: Job,
    swarms: Swarms,
    bees: range,
    progress: Progress,
    alone: Callable[[Job, Swarms, int], None],
) -> tuple[int, CannotLift | None]:
    """Train some of the bees of a flight at once, in chunks.

    Parameters
    ----------
    job, swarms, bees, progress
        What to train, and where to keep and show it.
    alone : callable
        Trains one bee, of those that part from the others.

    Returns
    -------
    stopped : int
        The first bee that is still to train: all before it have ended, also
        those that failed before their first value.
    reason : CannotLift or None
        Why it went no further.
    """
    watched = outside_of(job.trainer, job.params)
    size, rows = _first_chunk(job, bees)
    low = bees.start
    while low < bees.stop:
        chunk = range(low, min(low + size, bees.stop))
        part = swarms.part(chunk)
        endings = Endings(part, job.settings.until, job.settings.pad)
        try:
            if job.settings.verify and low > bees.start:
                rows, _ = _trial(job, chunk[-1])
            left = fly(
                partial(_start, job, low),
                job.seeds[chunk.start : chunk.stop],
                endings.write,
                end=endings.end,
                numbers=bool(job.each),
                alone=rows,
                tick=progress.epoch,
                watched=watched,
            )
        except CannotLift as reason:
            return low, reason
        if len(left.bees) == len(chunk):
            part = swarms.part(chunk)
        elif len(left.bees):
            part.settle(without=left.bees)
        for i in left.bees:
            alone(job, part, chunk[int(i)])
        if (why := _why_left(left, part, job.settings)) is not None:
            part.note(f"trained some bees one after another: {why}")
        swarms.add(part)
        low = chunk.stop
    return low, None


def _why_left(left: Left, part: Swarms, settings: Settings) -> CannotLift | None:
    """Return what is worth a warning; raise it with ``engine="lift"``."""
    lift = settings.engine == "lift"
    if left.raised is not None and not part.failures:
        reason = CannotLift(
            f"{type(left.raised).__name__} ({left.raised}), which no bee raises alone,",
            _where(left.raised),
        )
        if lift:
            raise reason from left.raised
        return reason
    if left.by_setting is not None and lift:
        raise left.by_setting
    return left.by_setting or (None if lift else left.by_branch)


def _start(job: Job, low: int, bees: NDArray[np.intp]) -> Iterator[Any]:
    return job.start_together(low + bees)


def _first_chunk(job: Job, bees: range) -> tuple[int, Rows]:
    """Choose how many bees go at once; return what the last of the first of them yields alone."""
    size = job.settings.chunk
    rows: Rows = []
    if size is None:
        rows, nbytes = _trial(job, bees[-1])
        size = max(1, MEMORY // max(1, nbytes))
    if not job.settings.verify:
        return size, []
    if size < len(bees) or not rows:
        rows, _ = _trial(job, bees[:size][-1])
    return size, rows


def _trial(job: Job, bee: int) -> tuple[Rows, int]:
    """Train a bee alone for its first epochs, and measure its memory in bytes."""
    rows: Rows = []
    most = 0
    with seeded(job.seeds[bee]), uncompiled():
        run = job.start(bee)
        try:
            for _ in range(VERIFIED):
                with Meter() as meter:
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


def _where(error: Exception) -> str:
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
