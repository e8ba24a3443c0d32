"""Faults of single pages: all are checked first, then the build fails and names each."""

from typing import Any

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

from ._state import page_of, pages

__all__ = ["of_build", "report", "setup"]

logger = logging.getLogger(__name__)


def report(env: BuildEnvironment, docname: str, message: str, location: Any = None) -> None:
    """Note that a page cannot show what it should."""
    logger.error("%s", message, location=location or docname, type="swarm")
    page_of(env, docname).problems.append(message)


def of_build(app: Sphinx) -> list[str]:
    """Return the list of further problems, for those that are found anew in each build."""
    found: list[str] = app.__dict__.setdefault("_swarm_problems", [])
    return found


def _fail(app: Sphinx, exception: Exception | None) -> None:
    """Let the build end as a failed one, with or without ``-W``, and list all that is wrong.

    An exception would end in Sphinx's own words for a fault of an extension.
    """
    if exception is not None:
        return
    found = sorted(pages(app.env).items())
    lines = [f"{name}: {line}" for name, page in found for line in page.problems]
    lines += of_build(app)
    executed: dict[str, Any] = app.env.__dict__.get("nb_metadata", {})  # myst-nb's
    for page, data in sorted(executed.items()):
        run = data.get("exec_data") or {}
        if page in app.env.found_docs and run.get("succeeded") is False:
            lines.append(f"{page}: a cell of the notebook failed\n{run.get('traceback', '')}")
    if lines:
        text = "\n".join(lines)
        logger.error("these pages are not as they should be:\n\n%s", text, type="swarm")
        app.statuscode = 1


def setup(app: Sphinx) -> None:
    """Fail at the end of a build."""
    app.connect("build-finished", _fail, priority=890)  # before a build counts as clean
