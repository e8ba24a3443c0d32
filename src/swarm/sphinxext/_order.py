"""Order between gallery scripts, which share one process: what one leaves behind, none finds.

Settings that a script may well make for itself are put back without a word: random numbers,
matplotlib's settings and figures, warning filters, threads. What reaches beyond the script is
put back too, and is a problem of its page.
"""

import contextlib
import json
import os
import random
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from swarm._files import written_whole

from ._watch import Watch, time_limit

__all__ = ["PROBLEMS", "begin", "end", "meet", "problems_of"]

PROBLEMS = ".problems.json"
"""Ends the name of the file beside a page that lists what its script should not have done."""


class _Run:
    """A gallery script that runs, and what was before it."""

    def __init__(self, script: Path | None) -> None:
        self.page: Path | None = None
        program = sys.argv[0]  # sphinx-gallery names the script there, while that runs
        self.watch = Watch(
            lambda frame: frame.f_code.co_filename == sys.argv[0] != program, _folder, _line
        )
        self.folder, self.environment = os.getcwd(), dict(os.environ)
        self.path, self.exit = list(sys.path), sys.exit
        self.states = _random_states()
        self.threads = _torch().get_num_threads() if _torch() else None
        try:
            limit = time_limit(script.read_text("utf-8") if script else "")
        except (OSError, ValueError) as error:
            limit = time_limit("")
            self.watch.note(str(error))
        sys.exit = _stay  # type: ignore[assignment]
        self.watch.start(limit)

    def end(self) -> list[str]:
        """Put everything back, and return what is a problem of the page."""
        self.watch.stop()
        sys.exit = self.exit
        os.chdir(self.folder)
        if dict(os.environ) != self.environment:
            os.environ.clear()
            os.environ.update(self.environment)
        sys.path[:] = self.path
        _restore_random(self.states)
        for change in _restore_torch(self.threads):
            self.watch.note(f"left behind: {change}")
        return self.watch.problems


_running: list[_Run] = []  # the one that runs, if any


def begin(script: Path | None) -> None:
    """Watch a script that is about to run; None where it cannot be told which one."""
    for run in _running:  # an earlier one that never came to its end
        run.end()
    _restore_torch(None)
    _running[:] = [_Run(script)]


def meet(page: Path) -> None:
    """Take note, after each block, of which page runs and of the module path that it has left."""
    for run in _running:
        run.page = page
        own = os.path.realpath(os.path.dirname(sys.argv[0]))
        for name in [n for n in sys.path if n not in run.path]:
            if os.path.realpath(name) != own:  # which sphinx-gallery has put there
                run.watch.note(f"added {name} to sys.path")
        if missing := [name for name in run.path if name not in sys.path]:
            run.watch.note(f"removed {', '.join(missing)} from sys.path")


def end() -> list[str]:
    """Put everything back as it was before the script, and write down its page's problems."""
    problems: list[str] = []
    while _running:
        run = _running.pop()
        problems = run.end()
        if run.page is not None:
            path = run.page.with_suffix(PROBLEMS)
            path.unlink(missing_ok=True)
            if problems:
                with written_whole(path) as part:
                    part.write_text(json.dumps(problems, indent=1), "utf-8")
    return problems


def problems_of(page: Path) -> list[str]:
    """Return what the last run of a page's script should not have done.

    Parameters
    ----------
    page : Path
        The page's source, with any suffix.
    """
    path = page.with_suffix(PROBLEMS)
    try:
        found = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return []
    except (OSError, ValueError):
        found = None
    if isinstance(found, list):
        return [str(problem) for problem in found]
    return [f"{path.name} is damaged, which said what its last run did"]


def _folder() -> Path:
    return Path(sys.argv[0]).parent


def _line(frame: FrameType) -> str:
    import linecache

    text = linecache.getline(sys.argv[0], frame.f_lineno).strip()
    return f"in line {frame.f_lineno} ({text})" if text else f"in line {frame.f_lineno}"


def _stay(*_: object) -> None:
    raise RuntimeError("sys.exit would end the whole build; let the script run to its end")


# --- what is put back


def _torch() -> Any:
    """Nothing is imported: where no script has imported PyTorch, none has changed it."""
    return sys.modules.get("torch")


def _random_states() -> dict[str, Any]:
    states: dict[str, Any] = {"random": random.getstate()}
    if numpy := sys.modules.get("numpy"):
        states["numpy"] = numpy.random.get_state()
    if torch := _torch():
        states["torch"] = torch.get_rng_state()
    return states


def _restore_random(states: dict[str, Any]) -> None:
    random.setstate(states["random"])
    if "numpy" in states:
        sys.modules["numpy"].random.set_state(states["numpy"])
    if "torch" in states:
        _torch().set_rng_state(states["torch"])


def _restore_torch(threads: int | None) -> list[str]:
    """Give PyTorch's global settings their defaults back, and say which were changed."""
    torch = _torch()
    if torch is None:
        return []
    changed = []
    if not torch.is_grad_enabled():
        changed.append("gradients switched off")
        torch.set_grad_enabled(True)
    if torch.get_default_dtype() != torch.float32:
        changed.append(f"the default dtype {torch.get_default_dtype()}")
        torch.set_default_dtype(torch.float32)
    if torch.get_default_device() != torch.device("cpu"):
        changed.append(f"the default device {torch.get_default_device()}")
        torch.set_default_device(None)
    if torch.are_deterministic_algorithms_enabled():
        changed.append("deterministic algorithms switched on")
        torch.use_deterministic_algorithms(False)
    if threads is not None and torch.get_num_threads() != threads:
        with contextlib.suppress(RuntimeError):
            torch.set_num_threads(threads)
    return changed
