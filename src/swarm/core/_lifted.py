"""Trains the bees of a block at once, chunk by chunk."""

import os
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from swarm.core._job import Job, Settings
from swarm.core._lone import Lone, Lones
from swarm.core._progress import Progress
from swarm.core._swarms import Swarms
from swarm.core._until import Endings
from swarm.lift import CannotLift
from swarm.lift._fly import Flight, Left, Outside, fly, outside_of

__all__ = ["train_lifted"]

MEMORY = 1 << 28  # bytes that a chunk of bees may take
TENSOR = 1 << 24  # bytes that the largest tensor of a chunk is to take
FEW = 64
BRIEF = 0.03  # seconds of training one by one, against which lifting has little to win
FIRST = 200  # bees of the first chunk, where results are to be larger than memory


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
    lones = Lones(job)
    lone = lones(bees[-1])
    try:
        raced = job.settings.engine == "auto" and job.settings.verify
        if raced and lone.is_brief(BRIEF / len(bees)):
            for bee in bees[:-1]:
                alone(job, swarms, bee)
                progress.bee()
            _keep(job, swarms, bees[-1], lone)
            progress.bee()
            return bees.stop, None
        outside = outside_of(job.trainer, job.params)
        return _train_chunks(job, swarms, bees, progress, alone, lones, outside)
    except CannotLift as reason:
        return bees.start, reason
    finally:
        lones.close(bees)


def _keep(job: Job, swarms: Swarms, bee: int, lone: Lone) -> None:
    """Keep what a bee has yielded alone, from its start to its end."""
    part = swarms.part(range(bee, bee + 1))
    endings = Endings(part, job.settings.until, job.settings.pad)
    for epoch, row in enumerate(lone.rows()):
        if endings.write(slice(0, 1), epoch, [value[None] for value in row]):
            break
    swarms.add(part)


def _train_chunks(
    job: Job,
    swarms: Swarms,
    bees: range,
    progress: Progress,
    alone: Callable[[Job, Swarms, int], None],
    lones: Lones,
    outside: Outside,
) -> tuple[int, CannotLift | None]:
    """Train chunk by chunk, as `train_lifted` says."""
    size = _first_size(job, bees, lones)
    low = bees.start
    while low < bees.stop:
        # Until the number of epochs is known, what is to lie in a folder is held in memory.
        now = size if swarms.begun_in_store else min(size, FIRST)
        chunk = range(low, min(low + now, bees.stop))
        part = swarms.part(chunk)
        endings = Endings(part, job.settings.until, job.settings.pad)
        try:
            left = fly(
                Flight(
                    partial(_start, job, low),
                    job.seeds[chunk.start : chunk.stop],
                    endings.write,
                    end=endings.end,
                    alone=partial(_alone, lones, chunk) if job.settings.verify else None,
                    race=job.settings.engine == "auto",
                    tick=progress.epoch,
                    numbers=bool(job.each),
                    outside=outside,
                )
            )
        except CannotLift as reason:
            return low, reason
        lones.close(chunk)
        if len(left.bees) == len(chunk):
            if left.raised is left.by_setting is left.by_branch is None:
                return low, None  # one after another is quicker
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


def _alone(lones: Lones, chunk: range, position: int) -> Lone:
    return lones(chunk[position])


def _first_size(job: Job, bees: range, lones: Lones) -> int:
    """Choose how many bees go at once."""
    if job.settings.chunk is not None:
        return job.settings.chunk
    lone = lones(bees[-1])  # which a single chunk is compared with
    nbytes = lone.measure()
    # A tensor of all bees beyond some 32 MB is mapped anew at each step, which costs more than
    # it saves; a few bees at least share the cost of each operation.
    fit = max(FEW, TENSOR // max(1, lone.largest))
    return max(1, min(fit, MEMORY // max(1, nbytes)))


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
