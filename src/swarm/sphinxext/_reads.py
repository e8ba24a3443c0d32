"""Data files that code of a page reads: the page depends on them as on what it imports.

Python tells an audit hook of every file that is opened. Those count that lie in the folders
of the site and its sources, are no modules, and were not written in the same run.
"""

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

__all__ = ["ROOTS", "Reads", "roots"]

ROOTS = "SWARM_SITE_READS"
"""Names the folders in which what is read counts, the site's own first; to kernels too."""

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_hearing: list["Reads"] = []
_hooked: list[bool] = []  # an audit hook stays


def roots() -> list[Path]:
    """Return the folders in which what is read counts."""
    return [Path(name) for name in os.environ.get(ROOTS, "").split(os.pathsep) if name]


class Reads:
    """Notes, within its context, which files are read."""

    def __init__(self) -> None:
        self._read: set[str] = set()
        self._written: set[str] = set()

    def __enter__(self) -> "Reads":
        if not _hooked:
            sys.addaudithook(_hear)
            _hooked.append(True)
        _hearing.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        _hearing.remove(self)

    def hear(self, path: str, mode: Any, flags: int) -> None:
        """Take note of a file that is opened; an error of its own may come of it."""
        writes = set(mode) & set("wax+") if isinstance(mode, str) else flags & _WRITES
        (self._written if writes else self._read).add(os.path.abspath(path))

    def files(self, apart: Iterable[Path] = ()) -> set[Path]:
        """Return what was read; nothing below the folders that are set apart."""
        inside = [os.path.realpath(root) + os.sep for root in roots()]
        outside = [os.path.realpath(folder) + os.sep for folder in apart]
        found = {os.path.realpath(path) for path in self._read - self._written}
        return {
            Path(path)
            for path in found
            if path.startswith(tuple(inside)) and not path.startswith(tuple(outside))
            if not path.endswith((".py", ".pyc")) and os.path.isfile(path)
        }


def _hear(event: str, args: tuple[Any, ...]) -> None:
    if event == "open" and _hearing and isinstance(args[0], str | bytes):
        path = os.fsdecode(args[0])
        for reads in _hearing:
            reads.hear(path, *args[1:])
