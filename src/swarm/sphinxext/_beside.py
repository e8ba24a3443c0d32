"""A second process that runs scripts beside Sphinx's own, from the other end of the list.

It is a fork of that process, made before any script has run, and hands nothing back: what it
makes lies where sphinx-gallery looks for it. A script that fails there is run again, and
reported, by the first. It ends when the first one does, however that ends.
"""

import contextlib
import logging
import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["Beside", "can_fork"]

_FREE, _TAKEN, _DONE = range(3)


def can_fork() -> bool:
    """Say whether a second process would have a core of its own, and can be made."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return hasattr(os, "fork") and (cores or 1) > 1 and threading.active_count() == 1


class Beside:
    """Jobs that two processes share, each of which is done once.

    Parameters
    ----------
    jobs : sequence of callables
        In the order in which the first process needs them.
    """

    def __init__(self, jobs: Sequence[Callable[[], Any]]) -> None:
        self._jobs = jobs
        self._state = multiprocessing.get_context("fork").Array("b", len(jobs))
        self._results: dict[int, Any] = {}
        ends, self._open = os.pipe()  # closed with the process that holds it
        self._helper = os.fork()
        if not self._helper:
            os.close(self._open)
            self._help(ends)
        os.close(ends)

    def result(self, index: int) -> Any:
        """Return what a job gives; None if the other process has done it."""
        while index not in self._results:
            if self._take(index):
                self._do(index)
            elif self._state[index] == _DONE:
                return None
            elif not self._lives():
                self._do(index)
            elif (other := next(filter(self._take, range(len(self._jobs))), None)) is not None:
                self._do(other)
            else:
                time.sleep(0.05)
        return self._results[index]

    def _do(self, index: int) -> None:
        self._results[index] = self._jobs[index]()

    def _take(self, index: int) -> bool:
        with self._state.get_lock():
            is_free = self._state[index] == _FREE
            if is_free:
                self._state[index] = _TAKEN
        return bool(is_free)

    def _lives(self) -> bool:
        if self._helper:
            done, _ = os.waitpid(self._helper, os.WNOHANG)
            if done:
                self._helper = 0
        return bool(self._helper)

    def close(self) -> None:
        """Let the second process end."""
        os.close(self._open)
        while self._lives():
            time.sleep(0.01)

    def _help(self, ends: int) -> None:
        """Do jobs from the end of the list, in the second process, and leave it."""
        threading.Thread(target=lambda: os._exit(int(bool(os.read(ends, 1)))), daemon=True).start()
        try:
            nowhere = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(nowhere, stream)
            logging.disable()  # what goes wrong is said by the first process, which does it again
            for index in reversed(range(len(self._jobs))):
                if self._take(index):
                    with contextlib.suppress(Exception):
                        self._jobs[index]()
                    self._state[index] = _DONE
        finally:
            os._exit(0)
