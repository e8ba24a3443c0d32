"""A clock that stands still while other programs have the processor."""

import time

__all__ = ["now", "since"]


def now() -> tuple[float, float]:
    """Return the time on the wall, and that which this process has computed."""
    return time.perf_counter(), time.process_time()


def since(begin: tuple[float, float]) -> float:
    """Return the seconds since then: the less of both, as several threads compute at once."""
    wall = time.perf_counter() - begin[0]
    return min(wall, time.process_time() - begin[1])
