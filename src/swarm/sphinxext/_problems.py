"""Faults of single pages: all are checked first, then the build fails and names each."""

from typing import Any

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.util import logging

__all__ = ["report", "setup"]

logger = logging.getLogger(__name__)


def report(env: BuildEnvironment, docname: str, message: str, location: Any = None) -> None:
    """Note that a page cannot show what it should."""
    logger.error("%s", message, location=location or docname, type="swarm")
    _of(env).setdefault(docname, []).append(message)


def _of(env: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = env.__dict__.setdefault("swarm_problems", {})
    return found


def _forget(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    _of(env).pop(docname, None)


def _merge(app: Sphinx, env: BuildEnvironment, names: Any, other: BuildEnvironment) -> None:
    _of(env).update({name: lines for name, lines in _of(other).items() if name in names})


def _fail(app: Sphinx, exception: Exception | None) -> None:
    """End the build with an error, with or without ``-W``."""
    if exception is not None:
        return
    lines = [f"{page}: {line}" for page, found in sorted(_of(app.env).items()) for line in found]
    executed: dict[str, Any] = app.env.__dict__.get("nb_metadata", {})  # myst-nb's
    for page, data in sorted(executed.items()):
        run = data.get("exec_data") or {}
        if page in app.env.found_docs and run.get("succeeded") is False:
            lines.append(f"{page}: a cell of the notebook failed\n{run.get('traceback', '')}")
    if lines:
        raise ExtensionError("these pages are not as they should be:\n\n" + "\n".join(lines))


def setup(app: Sphinx) -> None:
    """Collect faults while pages are read, and fail at the end."""
    app.connect("env-purge-doc", _forget)
    app.connect("env-merge-info", _merge)
    app.connect("build-finished", _fail, priority=950)
