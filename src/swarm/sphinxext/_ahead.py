"""Notebooks executed ahead of time, in a second process, while sphinx-gallery runs its scripts.

myst-nb executes a notebook when Sphinx reads its page, which is after all scripts
have run. Here those that its cache lacks are executed meanwhile; myst-nb then finds
them in the cache. One that fails is not kept: myst-nb runs it again, and reports it.
"""

import atexit
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.matching import get_matching_files

__all__ = [
    "check_results",
    "file_of_result",
    "forget_results",
    "notebooks",
    "result_of",
    "setup",
    "stale_notebooks",
]

logger = logging.getLogger(__name__)


def setup(app: Sphinx) -> None:
    """Register with Sphinx."""
    app.connect("builder-inited", _start, priority=30)  # before sphinx-gallery runs scripts
    app.connect("env-before-read-docs", _wait)


def _start(app: Sphinx) -> None:
    config: Any = app.config
    cache = _cache_of(app)
    if stale := stale_notebooks(app):
        logger.info("executing %s notebooks beside the gallery", len(stale))
        where = "temp" if config.nb_execution_in_temp else "local"
        settings = [cache, f"{where}-serial", config.nb_execution_timeout]
        # One thread: the scripts want the rest of the machine.
        process = subprocess.Popen(
            [sys.executable, "-m", __name__, *map(str, settings), *stale],
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        atexit.register(process.terminate)  # should the build end before it
        app._swarm_ahead = process  # type: ignore[attr-defined]


def _cache_of(app: Sphinx) -> Path | None:
    """Return the folder of jupyter-cache, by default where myst-nb keeps it; None without."""
    if getattr(app.config, "nb_execution_mode", "") != "cache":
        return None
    return Path(app.config.nb_execution_cache_path or Path(app.outdir).parent / ".jupyter_cache")


def notebooks(app: Sphinx) -> list[str]:
    """Return the paths of the site's MyST notebooks, if their results are kept."""
    if _cache_of(app) is None:
        return []
    from myst_nb.core.read import is_myst_markdown_notebook

    config: Any = app.config
    excluded = [*config.exclude_patterns, *config.nb_execution_excludepatterns]
    pages = get_matching_files(app.srcdir, config.include_patterns, excluded)
    texts = [path for page in pages if (path := Path(app.srcdir, page)).suffix == ".md"]
    return [str(path) for path in texts if is_myst_markdown_notebook(path.read_text("utf-8"))]


def stale_notebooks(app: Sphinx) -> list[str]:
    """Return the paths of the MyST notebooks of the site whose results the cache lacks."""
    folder = _cache_of(app)
    if folder is None:
        return []
    from jupyter_cache import get_cache

    cache = get_cache(folder)
    reader = {"type": "plugin", "name": "myst_nb_md"}
    records = [cache.add_nb_to_project(path, read_data=reader) for path in notebooks(app)]
    return [record.uri for record in cache.list_unexecuted([record.uri for record in records])]


def forget_results(app: Sphinx, only: set[str] | None = None) -> None:
    """Let notebooks of the site run again: all, or those at some paths."""
    folder = _cache_of(app)
    if folder is None or not folder.is_dir():
        return
    from jupyter_cache import get_cache

    cache = get_cache(folder)
    ours = set(notebooks(app)) if only is None else only
    for known in cache.list_cache_records():
        if known.uri in ours:
            _remove(cache, known)


def result_of(app: Sphinx, notebook: Path) -> str:
    """Return the HTML that a notebook's cells gave when they ran; empty where they did not."""
    path = file_of_result(app, notebook)
    if path is None:
        return ""
    cells = json.loads(path.read_text("utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    html = [output.get("data", {}).get("text/html", "") for output in outputs]
    return "".join("".join(lines) for lines in html)


def file_of_result(app: Sphinx, notebook: Path) -> Path | None:
    """Return the file that holds a notebook as it ran, if it did."""
    from jupyter_cache import get_cache

    cache = get_cache(_cache_of(app))
    try:
        known = cache.get_cached_project_nb(str(notebook))
    except KeyError:
        return None
    return Path(cache._get_notebook_path_cache(known.hashkey)) if known else None


def check_results(app: Sphinx) -> None:
    """Throw away results that are damaged, or all of them if their index is."""
    folder = _cache_of(app)
    if folder is None or not folder.is_dir():
        return
    from jupyter_cache import get_cache
    from sqlalchemy.exc import SQLAlchemyError

    executed = folder / "executed"
    try:
        cache = get_cache(folder)
        known = cache.list_cache_records()
        cache.list_project_records()
    except (SQLAlchemyError, ValueError, KeyError):
        logger.info("%s is damaged: all notebooks run again", folder)
        for name in ("global.db", "__version__.txt"):
            (folder / name).unlink(missing_ok=True)
        shutil.rmtree(executed, ignore_errors=True)
        return
    for one in known:
        path = Path(cache._get_notebook_path_cache(one.hashkey))
        try:
            json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            logger.info("%s is damaged: thrown away", path)
            _remove(cache, one)
    kept = {one.hashkey for one in cache.list_cache_records()}
    for left in executed.glob("*"):  # of a build that was killed
        if left.name not in kept:
            shutil.rmtree(left, ignore_errors=True)


def _remove(cache: Any, known: Any) -> None:
    """Remove a result, whatever is there of it."""
    shutil.rmtree(Path(cache._get_notebook_path_cache(known.hashkey)).parent, ignore_errors=True)
    type(known).remove_records([known.pk], cache.db)


def _wait(app: Sphinx, env: Any, docnames: list[str]) -> None:
    if process := getattr(app, "_swarm_ahead", None):
        process.wait()


def _execute(folder: str, executor: str, timeout: str, *notebooks: str) -> None:
    from jupyter_cache import get_cache
    from jupyter_cache.executors import load_executor

    run = load_executor(executor, get_cache(folder)).run_and_cache
    run(filter_uris=list(notebooks), timeout=int(timeout))


if __name__ == "__main__":
    _execute(*sys.argv[1:])
