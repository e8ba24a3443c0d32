"""Watches code of a page while it runs: what it does that others would notice, and where.

Python tells an audit hook of each file that is opened to be written, of each change of folder
and of each change of the environment; what is noted are those that the page's own code
brought about, not what the import of a library does.
"""

import functools
import os
import re
import signal
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

__all__ = ["ROOT", "STORE", "TooLong", "Watch", "time_limit"]

LIMIT = 900.0
"""Seconds that a script may take, unless it says otherwise."""
_EVENTS = {"open", "os.rename", "os.mkdir", "os.chdir", "os.putenv", "os.unsetenv"}
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_FILTERS = ("filterwarnings", "simplefilter")
ROOT = "SWARM_SITE_ROOT"
"""Names the folder that holds the site's sources, to the kernels of notebooks too."""
STORE = "SWARM_SITE_STORE"
"""Names the store to them, where their pictures go."""


class TooLong(Exception):
    """A script took longer than it may."""


def time_limit(text: str) -> float:
    """Return the seconds that a script may take: its own ``# swarm_timeout: 60``, or the default.

    Raises
    ------
    ValueError
        If what it says is no number of seconds above zero.
    """
    found = re.search(r"(?m)^#\s*swarm_timeout\s*:(.*)$", text)
    if found is None:
        return LIMIT
    said = found[1].strip()
    if not re.fullmatch(r"\d+(\.\d+)?", said) or not float(said):
        raise ValueError(
            f"swarm_timeout: {said!r} is not a number of seconds; say, for example, 60"
        )
    return float(said)


class Watch:
    """Notes, between `start` and `stop`, what code of a page does, as ``problems``.

    Parameters
    ----------
    is_own : callable
        Says of a stack frame whether it runs code of the page.
    folder : callable
        Returns the folder in which the page may write.
    place : callable
        Says of one of the page's frames where it is, in words.
    """

    def __init__(
        self,
        is_own: Callable[[FrameType], bool],
        folder: Callable[[], Path],
        place: Callable[[FrameType], str],
    ) -> None:
        self.is_own, self.folder, self.place = is_own, folder, place
        self.problems: list[str] = []
        self.timer: _Timer | None = None

    def start(self, limit: float | None = None) -> None:
        """Begin to watch; after `limit` seconds the page's code meets a `TooLong`."""
        global _current
        if not _hooked:
            sys.addaudithook(_tell)
            _hooked.append(True)
        # Known beforehand: what a hook calls may hold a lock that the code it looks at holds.
        self._root, self._home = os.environ.get(ROOT), Path.home().resolve()
        caches = os.environ.get("XDG_CACHE_HOME", self._home / ".cache")
        common = (tempfile.gettempdir(), sys.prefix, caches, "/dev", "/proc")
        self._common = [Path(place).resolve() for place in common]
        self._store = Path(os.environ.get(STORE) or tempfile.gettempdir()).resolve()
        self._catch = warnings.catch_warnings()
        self._catch.__enter__()  # also makes a warning shown that an earlier page has raised
        for change in _of_imports:
            change()
        self._functions = {name: getattr(warnings, name) for name in _FILTERS}
        for name, function in self._functions.items():
            setattr(warnings, name, self._heard(function))
        self._format = warnings.formatwarning
        warnings.formatwarning = self._note_warning
        _current = self
        if limit is not None:
            self.timer = _Timer(limit, self._own_frame, self.place)

    def stop(self) -> None:
        """End watching, and put warnings back as they were."""
        global _current
        _current = None
        if self.timer:
            self.timer.cancel()
        warnings.formatwarning = self._format
        for name, function in self._functions.items():
            setattr(warnings, name, function)
        self._catch.__exit__(None, None, None)

    def note(self, problem: str) -> None:
        """Note a problem, once."""
        if problem not in self.problems:
            self.problems.append(problem)

    def _own_frame(self, frame: FrameType | None) -> FrameType | None:
        """Return the innermost frame of the page's own code; None while something is imported."""
        while frame is not None:
            if self.is_own(frame):
                return frame
            if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
                return None
            frame = frame.f_back
        return None

    def _heard(self, function: Callable[..., None]) -> Callable[..., None]:
        """Return a function that sets a filter, and keeps it for later pages if an import did.

        For a module is imported once, and its own warnings are not those of the next page.
        """

        @functools.wraps(function)
        def heard(*args: Any, **settings: Any) -> None:
            function(*args, **settings)
            if self._own_frame(sys._getframe()) is None:
                _of_imports.append(functools.partial(function, *args, **settings))

        return heard

    def _note_warning(
        self, message: Any, category: type[Warning], filename: str, lineno: int, line: Any = None
    ) -> str:
        if frame := self._own_frame(sys._getframe()):
            self.note(f"raised a warning {self.place(frame)}: {category.__name__}: {message}")
        return self._format(message, category, filename, lineno, line)

    def hear(self, event: str, args: tuple[Any, ...]) -> None:
        """Look at what Python tells an audit hook."""
        path = args[1] if event == "os.rename" else args[0]
        if (event == "open" and not _is_writing(args)) or isinstance(path, int):
            return
        frame = self._own_frame(sys._getframe())
        if frame is None:
            return
        name = os.fsdecode(path)
        where = self.place(frame)
        if event == "os.chdir":
            self.note(f"changed the working folder to {name} {where}")
        elif event in {"os.putenv", "os.unsetenv"}:
            self.note(f"changed the environment variable {name} {where}")
        elif not self._may_write(Path(name)):
            self.note(f"wrote outside of its folder {where}: {name}")

    def _may_write(self, path: Path) -> bool:
        path = path.absolute().resolve()
        own = (self.folder().resolve(), self._store)
        if any(path.is_relative_to(place) for place in own) or "__pycache__" in path.parts:
            return True
        if self._root and path.is_relative_to(self._root):
            return False
        if any(path.is_relative_to(place) for place in self._common):
            return True
        hidden = path.is_relative_to(self._home) and path.relative_to(self._home).parts[:1]
        return bool(hidden and hidden[0][0] == ".")  # caches and settings of libraries


_current: Watch | None = None
_hooked: list[bool] = []  # an audit hook stays
_of_imports: list[Callable[[], None]] = []  # warning filters that imports have set


def _tell(event: str, args: tuple[Any, ...]) -> None:
    if _current is not None and event in _EVENTS and not _deaf.on:
        _deaf.on = True
        try:
            _current.hear(event, args)
        finally:
            _deaf.on = False


class _Deaf(threading.local):
    """Whether this thread is looking at an event, and must not hear what that does."""

    on = False


_deaf = _Deaf()


def _is_writing(args: tuple[Any, ...]) -> bool:
    _, mode, flags = args
    return bool(set(mode) & set("wax+")) if isinstance(mode, str) else bool(flags & _WRITES)


class _Timer:
    """Raises `TooLong` in the page's code after some seconds, naming the line it is in."""

    def __init__(
        self,
        limit: float,
        own: Callable[[FrameType | None], FrameType | None],
        place: Callable[[FrameType], str],
    ) -> None:
        self.limit, self.own, self.place = limit, own, place
        main = threading.current_thread() is threading.main_thread()
        self.by_signal = main and hasattr(signal, "setitimer")
        if self.by_signal:
            self.before = signal.signal(signal.SIGALRM, self._ring)
            self.since = time.monotonic()
            self.other = signal.setitimer(signal.ITIMER_REAL, limit)[0]  # somebody else's

    def _ring(self, number: int, frame: FrameType | None) -> None:
        own = self.own(frame)
        if own is None:  # what shows its pictures runs, or an import: a little later
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            return
        raise TooLong(
            f"took longer than {self.limit:g} s and was stopped {self.place(own)}; "
            "make it quicker, or let the script say # swarm_timeout: SECONDS"
        )

    def cancel(self) -> None:
        if self.by_signal:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, self.before)
            if self.other:
                left = self.other - (time.monotonic() - self.since)
                signal.setitimer(signal.ITIMER_REAL, max(left, 0.01))
