"""Faults of gallery scripts: each is a problem of its page, and no other page suffers."""

import os
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util import logging

from ._cache import galleries
from ._order import problems_of
from ._problems import of_build

__all__ = ["setup"]

logger = logging.getLogger(__name__)


def let_scripts_fail(app: Sphinx, config: Config) -> None:
    """Let a failing script be one problem among others, where sphinx-gallery would end the build.

    A site whose own settings say that such a script is no fault keeps to that.
    """
    conf: Any = getattr(config, "sphinx_gallery_conf", None)
    if conf is None:
        return
    conf["reset_modules_order"] = "both"  # what a script leaves behind is put back at once
    if not conf.get("only_warn_on_example_error"):
        conf["only_warn_on_example_error"] = True
        app._swarm_insists = True  # type: ignore[attr-defined]


def _scripts(app: Sphinx) -> Iterator[tuple[str, Path, Path]]:
    """Yield, of each script, its page's name, itself, and its copy beside the page."""
    conf: Any = getattr(app.config, "sphinx_gallery_conf", {})
    ignored = conf.get("ignore_pattern") or r"__init__\.py"
    for sources, made in galleries(app):
        for script in sorted(sources.rglob("*.py")):
            if not re.search(ignored, str(script)):
                page = made / script.relative_to(sources)
                yield page.relative_to(app.srcdir).with_suffix("").as_posix(), script, page


def _problems(app: Sphinx) -> Iterator[str]:
    """Yield what is wrong with scripts; those that did what they should not will run again."""
    conf: Any = getattr(app.config, "sphinx_gallery_conf", {})
    pattern = conf.get("filename_pattern", re.escape(os.sep) + "plot")
    failed = {Path(path).resolve(): trace for path, trace in _failed(app, conf)}
    same = defaultdict(list)
    for name, script, page in _scripts(app):
        same[script.name].append(name)
        if not re.search(pattern, str(script)):
            continue
        if trace := failed.get(script.resolve()):
            yield f"{name}: the script failed\n{trace}"
        for problem in problems_of(page):
            yield f"{name}: {problem}"
            page.with_name(page.name + ".md5").unlink(missing_ok=True)
    for names in same.values():
        for name in names[1:]:
            yield (
                f"{name}: has the same file name as the script of {names[0]}, so links and "
                "downloads cannot tell them apart; rename one of them"
            )


def _failed(app: Sphinx, conf: Any) -> Iterator[tuple[str, str]]:
    if hasattr(app, "_swarm_insists"):
        expected = conf.get("expected_failing_examples", ())
        fine = {Path(app.srcdir, path).resolve() for path in expected}
        for path, trace in conf.get("failing_examples", {}).items():
            if Path(path).resolve() not in fine:
                yield path, trace


def note_problems(app: Sphinx, exception: Exception | None) -> None:
    """Say what is wrong with scripts, once all pages are written."""
    if exception is None:
        for problem in _problems(app):
            logger.error("%s", problem, type="swarm")
            of_build(app).append(problem)


def setup(app: Sphinx) -> None:
    """Register with Sphinx."""
    app.connect("config-inited", let_scripts_fail, priority=700)
    app.connect("build-finished", note_problems, priority=870)  # before a build counts as clean
