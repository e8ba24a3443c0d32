"""What each page is read from, by content: times of files tell nothing after a copy or a checkout.

Sphinx reads a page again when a file is newer than what it made of it. A file that was put
back from elsewhere may be older, and one that a page asks for may not be there yet.
"""

import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from swarm._files import content_name

from ._checked import digest_of
from ._depends import Sources
from ._gallery import versions
from ._nodes import store_of
from ._state import page_of

__all__ = ["ask_for", "looks", "setup"]

_OURS = Path(__file__).parent
_PLAYER = _OURS.parent / "player"


def ask_for(env: Any, path: str | os.PathLike[str]) -> None:
    """Let the page that is being read depend on a file, whether it exists or not."""
    page_of(env).asks.add(os.path.relpath(path, env.srcdir))


def setup(app: Sphinx) -> None:
    """Register with Sphinx."""
    app.connect("env-get-outdated", _outdated)
    app.connect("env-before-read-docs", _note_read, priority=950)
    app.connect("env-updated", _note, priority=940)


def _outdated(
    app: Sphinx, env: Any, added: set[str], changed: set[str], removed: set[str]
) -> list[str]:
    """Return the pages to be read again because of what they were read from."""
    known: dict[str, dict[str, str]] = env.__dict__.get("swarm_inputs", {})
    reader = _reader(app)
    # What a page reads of others (a list of all pages, a tree of contents) hangs on which there
    # are; and another reader reads everything differently.
    everything = added or removed or env.__dict__.get("swarm_reader") != reader
    env.__dict__["swarm_reader"] = reader
    if everything:
        return sorted(env.found_docs)
    digest = cache(digest_of)
    root, store = Path(app.srcdir), store_of(app.config)
    doctrees = env.__dict__.get("swarm_doctrees", {})
    return [
        docname
        for docname in sorted(env.found_docs)
        if any(digest(root / name) != was for name, was in known.get(docname, {}).items())
        or docname not in known
        or _doctree(app, docname) != doctrees.get(docname)
        or any(not (store / name).is_file() for name in _media(env, docname))
    ]


def _note_read(app: Any, env: BuildEnvironment, docnames: list[str]) -> None:
    app._swarm_read = list(docnames)


def _note(app: Any, env: Any) -> None:
    """Remember what the pages that were read now were read from."""
    digest, root = cache(digest_of), Path(app.srcdir)
    known = env.__dict__.setdefault("swarm_inputs", {})
    for docname in known.keys() - env.found_docs:
        del known[docname]
    for docname in app._swarm_read:
        known[docname] = {name: digest(root / name) for name in _inputs(env, docname)}

    env.__dict__["swarm_doctrees"] = {
        docname: _doctree(app, docname) for docname in sorted(env.found_docs)
    }


def _doctree(app: Sphinx, docname: str) -> str:
    return digest_of(Path(app.doctreedir, f"{docname}.doctree"))


def _media(env: Any, docname: str) -> set[str]:
    return {name for shown in page_of(env, docname).pictures for name in shown.files()}


def _inputs(env: BuildEnvironment, docname: str) -> set[str]:
    own = os.path.relpath(env.doc2path(docname), env.srcdir)
    return {own, *map(str, env.dependencies[docname]), *page_of(env, docname).asks}


def _together(parts: Iterable[object]) -> str:
    return content_name("\n".join(map(str, parts)).encode())


def _reader(app: Sphinx) -> str:
    """Return a digest of what reads pages: settings, extensions, and their versions."""
    names = {name.partition(".")[0] for name in app.extensions} - {"swarm"}
    own = sorted(_OURS.glob("*.py"))
    conf = Path(app.confdir, "conf.py")
    shown = versions().items()  # where a page says what it came from
    files = map(digest_of, [conf, *own])
    return _together([*Sources(()).versions(names).items(), *shown, *files])


def looks(app: Sphinx) -> str:
    """Return a digest of what pages look like beside their words: styles, scripts, templates."""
    config: Any = app.config
    named = [*config.html_static_path, *config.html_extra_path, *config.templates_path]
    named += [name for name in (config.html_logo, config.html_favicon) if name]
    places = [*(Path(app.confdir, name) for name in named), _OURS / "static", _PLAYER]
    builder: Any = app.builder
    settings = (builder.build_info.config_hash, builder.build_info.tags_hash)
    files = [(os.path.relpath(file, place), file) for place in places for file in _files_of(place)]
    parts = [(name, digest_of(file)) for name, file in files]
    return _together([*settings, *parts])


def _files_of(place: Path) -> list[Path]:
    if place.is_file():
        return [place]
    return sorted(file for file in place.rglob("*") if file.is_file() and file.suffix != ".pyc")
