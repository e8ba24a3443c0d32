"""Which pages run in a build, which are reused, and why: decided before, told at the end."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.util import logging

from swarm._files import content_name, written_whole

from ._ahead import forget_results, notebooks, stale_notebooks
from ._cache import galleries
from ._depends import Sources, code_of, differences
from ._directives import published_on
from ._nodes import store_of
from ._shown import read_picture
from ._state import page_of

__all__ = ["decide", "read_again", "tell"]

logger = logging.getLogger(__name__)

# What publishes a page's pictures, and what draws each kind of them.
_PUBLISHED_BY = ("swarm.sphinxext._media", "swarm.sphinxext._gallery", "swarm.sphinxext._notebook")
_DRAWN_BY = {"plotly": ("swarm.figures",), "movie": ("swarm.movie",)}


@dataclass
class Run:
    """A page whose code runs, and why it must run now, if it must."""

    name: str
    source: Path
    mark: Path | None = None
    """By which sphinx-gallery knows that a script has run."""
    why: str = ""


def decide(app: Sphinx) -> None:
    """Let each page run again of which anything has changed since it ran last."""
    if app.config.swarm_sources is None:
        return
    folders = [Path(app.confdir, folder).resolve() for folder in app.config.swarm_sources]
    for folder in folders:
        if not folder.is_dir():
            raise ExtensionError(f"swarm_sources: there is no folder {folder}")
    sources = Sources(folders)
    runs, stale = list(_runs(app)), set(stale_notebooks(app))
    for run in runs:
        known = _read(_record(app, run))
        parts = _parts(run, sources, known.get("kinds", []))
        run.why = _reason(run, known, parts)
        if not run.why and str(run.source) in stale:
            run.why = "its result is not in the cache"
        if run.why and run.mark is not None:
            run.mark.unlink(missing_ok=True)
    changed = {str(run.source) for run in runs if run.why and run.mark is None}
    if changed:
        forget_results(app, only=changed)
    app._swarm_runs = (sources, runs)  # type: ignore[attr-defined]


def _runs(app: Sphinx) -> Iterator[Run]:
    for sources, made in galleries(app):
        for script in sorted(sources.rglob("*.py")):
            inner = script.relative_to(sources)
            name = (made.relative_to(app.srcdir) / inner.with_suffix("")).as_posix()
            yield Run(name, script, made / f"{inner}.md5")
    for path in sorted(notebooks(app)):
        yield Run(Path(path).relative_to(app.srcdir).with_suffix("").as_posix(), Path(path))


def _parts(run: Run, sources: Sources, kinds: list[str]) -> dict[str, str]:
    modules = [*_PUBLISHED_BY, *(name for kind in kinds for name in _DRAWN_BY.get(kind, ()))]
    try:
        return sources.parts(code_of(run.source), modules)
    except SyntaxError as error:  # the run itself will say where
        return {"syntax": str(error)}


def _reason(run: Run, known: dict[str, Any], parts: dict[str, str]) -> str:
    if not known:
        return "no record of an earlier run"
    if known.get("text") != _text(run):
        return "its own code changed" if run.mark is None else "its own text changed"
    if run.mark is not None and not run.mark.is_file():
        return "its last run did not end well"
    changed = differences(known["parts"], parts)
    more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
    return f"changed: {', '.join(changed[:3])}{more}" if changed else ""


def _text(run: Run) -> str:
    """Return a digest of what decides by itself: sphinx-gallery and jupyter-cache see to it."""
    return content_name(code_of(run.source).encode())


def read_again(app: Sphinx, env: BuildEnvironment, *changes: set[str]) -> list[str]:
    """Let Sphinx read what runs, though its source may be as before."""
    _, runs = getattr(app, "_swarm_runs", (None, []))
    return [run.name for run in runs if run.why and run.name in env.found_docs]


def tell(app: Sphinx, exception: Exception | None) -> None:
    """Write down what the pages that ran depend on, and say what ran and why."""
    if exception is not None or not hasattr(app, "_swarm_runs"):
        return
    sources, runs = app._swarm_runs
    failed = set(stale_notebooks(app))
    lines = []
    for run in runs:
        has_run = run.mark.is_file() if run.mark is not None else str(run.source) not in failed
        if run.why and has_run:
            kinds = _kinds(app, run)
            parts = _parts(run, sources, kinds)
            fields = {"parts": parts, "kinds": kinds, "text": _text(run)}
            path = _record(app, run)
            path.parent.mkdir(parents=True, exist_ok=True)
            with written_whole(path) as part:
                part.write_text(json.dumps(fields, indent=1), "utf-8")
        state = ("ran" if has_run else "failed or left out") if run.why else "reused"
        lines.append((run.name, state, run.why or "nothing that it depends on changed"))
    wide = max((len(name) for name, _, _ in lines), default=0)
    table = "\n".join(f"  {name:{wide}}  {state:6}  {why}" for name, state, why in lines)
    logger.info("pages that run code:\n%s", table)


def _kinds(app: Sphinx, run: Run) -> list[str]:
    """Return the kinds of pictures that a page shows."""
    if run.mark is None:
        shown = page_of(app.env, run.name).pictures
    else:
        page = Path(app.srcdir, run.name + ".rst")
        keys = published_on(page.read_text("utf-8")) if page.is_file() else []
        shown = [read_picture(key, store_of(app.config)) for key in keys]
    return sorted({part.kind for picture in shown for part in picture.parts})


def _record(app: Sphinx, run: Run) -> Path:
    return Path(app.config.swarm_cache, "runs", run.name.replace("/", "--") + ".json")


def _read(path: Path) -> dict[str, Any]:
    """Return what was written down; nothing where it is missing or damaged, so that it runs."""
    try:
        known = json.loads(path.read_text("utf-8"))
        return known if {"parts", "kinds", "text"} <= known.keys() else {}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError):
        logger.info("%s is damaged: its page runs again", path)
        return {}
