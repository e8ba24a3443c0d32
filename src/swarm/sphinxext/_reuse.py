"""Which pages run in a build, which are reused, and why: decided before, told at the end."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.util import logging

from swarm import __version__
from swarm._files import content_name

from ._ahead import file_of_result, forget_results, notebooks, result_of, stale_notebooks
from ._cache import forget_pages, galleries, made_by
from ._checked import digest_of, read_checked, write_checked
from ._depends import Sources, blocks_of, code_of, differences
from ._directives import published_on
from ._nodes import store_of
from ._notebook import files_read, picture_keys
from ._shown import read_picture

__all__ = ["Run", "decide", "read_again", "record", "record_notebooks", "runs_of", "tell"]

logger = logging.getLogger(__name__)

FORMAT = 1
"""To be raised when pages that ran with an earlier version of the extension must run again."""

# What makes a page's pictures while it runs, and what draws each kind of them. The rest of the
# extension works on what these have made.
_MADE_BY = tuple(f"swarm.sphinxext.{name}" for name in ("_media", "_pictures", "_plotlyjs"))
_DRAWN_BY = {"plotly": ("swarm.figures",), "movie": ("swarm.movie",)}


@dataclass
class Run:
    """A page whose code runs, and why it must run now, if it must."""

    name: str
    source: Path
    mark: Path | None = None
    """By which sphinx-gallery knows that a script has run."""
    text: str = ""
    code: str = ""
    """Digests of the whole page and of its code alone, as they are when the build begins."""
    why: str = ""
    known: dict[str, Any] = field(default_factory=dict)
    """What was recorded of its last run."""
    reworded: bool = False
    """Whether its text has changed, and its code has not."""
    outputs: list[str] = field(default_factory=list)
    """What its blocks of code put on the page, in this run."""
    reads: set[Path] = field(default_factory=set)
    """Files that its code has read, in this run."""
    names: dict[str, Any] = field(default_factory=dict)
    """What only running it tells of the names it uses."""


def decide(app: Any) -> None:
    """Let each page run again of which anything has changed since it ran last."""
    folders = [Path(app.confdir, folder).resolve() for folder in app.config.swarm_sources or ()]
    for folder in folders:
        if not folder.is_dir():
            raise ExtensionError(f"swarm_sources: there is no folder {folder}")
    app._swarm_sources = Sources(folders)
    app._swarm_runs = runs = list(_runs(app))
    stale = set(stale_notebooks(app))
    for run in runs:
        run.text, run.code = digest_of(run.source), _code(run)
        run.known = read_checked(_record(app, run))
        run.why = "asked for" if app.config.swarm_force else _reason(app, run)
        if not run.why and str(run.source) in stale:
            run.why = "its result is not in the cache"
        if run.mark is not None:
            run.reworded = not run.why and run.known["text"] != run.text
            if run.reworded and len(run.known["outputs"]) != len(blocks_of(run.source)):
                run.why, run.reworded = "its text changed", False
            if run.why or run.reworded:
                run.mark.unlink(missing_ok=True)
            if run.why:
                _record(app, run).unlink(missing_ok=True)
    changed = {str(run.source) for run in runs if run.why and run.mark is None}
    if changed:
        forget_results(app, only=changed)
    if app.config.swarm_force:
        forget_pages(app)


def runs_of(app: Any) -> list[Run]:
    """Return the pages of the site whose code runs."""
    return list(getattr(app, "_swarm_runs", ()))


def _runs(app: Sphinx) -> Iterator[Run]:
    conf: Any = getattr(app.config, "sphinx_gallery_conf", {})
    ignored = conf.get("ignore_pattern") or r"__init__\.py"
    for sources, made in galleries(app):
        for script in sorted(sources.rglob("*.py")):
            if re.search(ignored, str(script)):
                continue
            inner = script.relative_to(sources)
            name = (made.relative_to(app.srcdir) / inner.with_suffix("")).as_posix()
            yield Run(name, script, made / f"{inner}.md5")
    for path in sorted(notebooks(app)):
        yield Run(Path(path).relative_to(app.srcdir).with_suffix("").as_posix(), Path(path))


def _parts(app: Any, run: Run, kinds: list[str]) -> dict[str, str]:
    if app.config.swarm_sources is None:
        return {}
    modules = [*_MADE_BY, *(name for kind in kinds for name in _DRAWN_BY.get(kind, ()))]
    try:
        parts: dict[str, str] = app._swarm_sources.parts(code_of(run.source), modules)
    except SyntaxError as error:  # the run itself will say where
        return {"syntax": str(error)}
    if not any(name in parts for name in (f"module {module}" for module in modules)):
        parts["swarmscape"] = __version__  # it makes the pictures, and is not in these folders
    return parts


def _reason(app: Any, run: Run) -> str:
    known = run.known
    if not known:
        return "no record of an earlier run"
    if known.get("format") != FORMAT:
        return "another version of swarm.sphinxext ran it"
    if known["code"] != run.code:
        return "its own code changed"
    if run.mark is not None and not run.mark.is_file():
        return "its last run did not end well"
    for folder, names in ((_folder(run), known["files"]), (store_of(app.config), known["media"])):
        for name, digest in names.items():
            if digest_of(folder / name) != digest:
                return f"{name}, which it had made, is damaged or gone"
    read = {name: digest_of(run.source.parent / name) for name in known["reads"]}
    changed = differences(known["parts"], _parts(app, run, known["kinds"]))
    changed += differences(known["reads"], read, is_words=False)
    more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
    return f"changed: {', '.join(changed[:3])}{more}" if changed else ""


def _code(run: Run) -> str:
    """Return a digest of the code alone: prose is not run."""
    try:
        blocks = blocks_of(run.source)
    except SyntaxError:
        blocks = [run.source.read_text("utf-8")]
    return content_name("\0".join(blocks).encode())


def _folder(run: Run) -> Path:
    """Return the folder to which the names of made files in a record are relative."""
    return run.source.parent if run.mark is None else run.mark.parent


def read_again(app: Sphinx, env: BuildEnvironment, *changes: set[str]) -> list[str]:
    """Let Sphinx read what runs, though its source may be as before."""
    return [run.name for run in runs_of(app) if run.why and run.name in env.found_docs]


# --- after a run


def record(app: Any, run: Run) -> None:
    """Write down what a page that has just run depends on, and what it made."""
    if run.mark is None:
        text = result_of(app, run.source)
        result = file_of_result(app, run.source)
        keys, made = picture_keys(text), [result] if result else []
        read = {Path(app.srcdir, name) for name in files_read(text)}
    else:
        page = run.mark.with_name(run.source.stem + ".rst").read_text("utf-8")
        keys, made, read = published_on(page), made_by(run.mark), run.reads
    store = store_of(app.config)
    shown = [read_picture(key, store) for key in keys]
    kinds = sorted({part.kind for picture in shown for part in picture.parts})
    media = {f"{key}.json" for key in keys}.union(*(picture.files() for picture in shown))
    folder = _folder(run)
    write_checked(
        _record(app, run),
        {
            "format": FORMAT, "code": run.code, "text": run.text, "kinds": kinds,
            "parts": _parts(app, run, kinds), "outputs": run.outputs, "names": run.names,
            "files": {_from(path, folder): digest_of(path) for path in made},
            "media": {name: digest_of(store / name) for name in sorted(media)},
            "reads": {_from(path, run.source.parent): digest_of(path) for path in sorted(read)},
        },
    )  # fmt: skip


def _from(path: Path, folder: Path) -> str:
    return Path(os.path.relpath(path, folder)).as_posix()


def record_notebooks(app: Sphinx) -> None:
    """Write down what the notebooks that have run depend on."""
    failed = set(stale_notebooks(app))
    for run in runs_of(app):
        if run.mark is None and run.why and str(run.source) not in failed:
            record(app, run)


def tell(app: Sphinx, exception: Exception | None) -> None:
    """Say which pages ran and why."""
    if exception is not None or not runs_of(app):
        return
    record_notebooks(app)
    for run in runs_of(app):
        if run.why and run.mark and run.mark.is_file() and not _record(app, run).is_file():
            record(app, run)
    failed = set(stale_notebooks(app))
    lines = []
    for run in runs_of(app):
        has_run = run.mark.is_file() if run.mark is not None else str(run.source) not in failed
        if run.why:
            line = ("ran" if has_run else "failed or left out", run.why)
        elif run.reworded:
            line = ("reused", "its text changed, its code did not")
        else:
            line = ("reused", "nothing that it depends on changed")
        lines.append((run.name, *line))
    wide = max(len(name) for name, _, _ in lines)
    table = "\n".join(f"  {name:{wide}}  {state:6}  {why}" for name, state, why in lines)
    logger.info("pages that run code:\n%s", table)


def _record(app: Sphinx, run: Run) -> Path:
    return Path(app.config.swarm_cache, "runs", run.name.replace("/", "--") + ".json")
