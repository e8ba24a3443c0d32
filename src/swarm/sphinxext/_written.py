"""What a build writes into the site: all pages or none, and nothing that is no longer wanted.

A page shows what others say: its neighbours in the navigation, the titles behind its links.
So where anything has changed, all pages are written, into a folder from which everything
that earlier builds wrote has been taken; the site is then what a build from scratch makes.

The folder may hold files from elsewhere: another tool's report, a page put there by hand. A
list of what builds wrote lies beside them; only what stands on it is taken away.
"""

import os
import posixpath
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

from ._checked import read_checked, sweep, write_checked
from ._inputs import looks
from ._nodes import MEDIA_FOLDER
from ._state import media_files

__all__ = ["is_left", "setup"]

LIST = ".swarm-written.json"

logger = logging.getLogger(__name__)


def setup(app: Sphinx) -> None:
    """Register with Sphinx."""
    app._swarm_stamps = _stamps(app)  # type: ignore[attr-defined]
    app.connect("builder-inited", _hear_specific)
    app.connect("env-updated", _write_all_or_none, priority=950)
    app.connect("build-finished", _list_written, priority=860)


def _is_site(app: Sphinx) -> bool:
    return app.builder.format == "html" and app.builder.name != "epub"


def _hear_specific(app: Any) -> None:
    """Note that only the pages named on the command line will be written, if it names any."""
    builder: Any = app.builder
    original = builder.build_specific

    def build_specific(names: Any) -> None:
        app._swarm_specific = True
        original(names)

    builder.build_specific = build_specific


def _write_all_or_none(app: Any, env: BuildEnvironment) -> list[str]:
    """Return all pages, and take away the old ones, if anything has changed."""
    _name_images(env)
    if not _is_site(app) or hasattr(app, "_swarm_specific"):
        return []
    known = {"files": {}, **read_checked(Path(app.outdir, LIST))}
    now = looks(app)
    if known.get("looks") == now and not app._swarm_read and _is_whole(app, known):
        _write_nothing(app)
        return []
    app._swarm_looks = now
    _clear(app, set(known["files"]))
    return sorted(env.found_docs)


def is_left(app: Any) -> bool:
    """Say whether this build leaves the site as it is."""
    return hasattr(app, "_swarm_left")


def _is_whole(app: Sphinx, known: dict[str, Any]) -> bool:
    """Say whether everything that a build wrote is there, as long as it was."""
    for name, size in known["files"].items():
        try:
            if Path(app.outdir, name).stat().st_size != size:
                return False
        except OSError:
            return False
    builder: Any = app.builder
    pages = {builder.get_output_path(name) for name in app.env.found_docs}
    return all(page.relative_to(app.outdir).as_posix() in known["files"] for page in pages)


def _name_images(env: Any) -> None:
    """Name images of one file name by their paths, not in the order in which pages were read."""
    known = sorted(env.images.items())
    env.images.clear()
    env.images._existing.clear()
    for path, (docnames, _) in known:
        for docname in docnames:
            env.images.add_file(docname, path)


def _write_nothing(app: Any) -> None:
    """Leave the site as it is: Sphinx would write indexes without what only pages tell it."""
    builder: Any = app.builder
    builder.write = builder.finish = lambda *_: None
    app._swarm_left = True
    logger.info("nothing has changed: the site stays as it is")


# --- the folder


def _clear(app: Any, listed: set[str]) -> None:
    """Take away what earlier builds wrote, and list beforehand what this one will write.

    So that what a build wrote that was killed is known to the next one.
    """
    out = Path(app.outdir).resolve()
    out.mkdir(parents=True, exist_ok=True)
    sweep(out)
    planned = _planned(app)
    write_checked(out / LIST, {"looks": "", "files": dict.fromkeys(sorted(listed | planned), 0)})
    # The planned too, should the list have been lost; not what this build has put there already.
    for name in (listed | planned) - _brought(app):
        path = (out / name).resolve()
        if path.is_file() and path.is_relative_to(out):
            path.unlink()
            for folder in path.parents:
                if folder == out or any(folder.iterdir()):
                    break
                folder.rmdir()
    app._swarm_strangers = set(_files(app)) - planned


def _planned(app: Sphinx) -> set[str]:
    """Return names of pages, downloads, images, sources and media of the site as it is."""
    builder: Any = app.builder
    env, out = app.env, Path(app.outdir)
    pages = {Path(builder.get_output_path(docname)) for docname in env.found_docs}
    ending = app.config.html_sourcelink_suffix
    return {
        *(page.relative_to(out).as_posix() for page in pages),
        *(f"_downloads/{name}" for _, name in env.dlfiles.values()),
        *(f"{builder.imagedir}/{name}" for _, name in env.images.values()),
        *(f"_sources/{env.doc2path(docname, False)}{ending}" for docname in env.found_docs),
        *(f"{MEDIA_FOLDER}/{name}" for name in media_files(env)),
        *(f"_static/{name}" for name in _static_names(app)),
        *("genindex.html", "py-modindex.html", "search.html", "searchindex.js", "objects.inv"),
    }


def _static_names(app: Sphinx) -> set[str]:
    """Return the names of what is put there for the theme, the extensions and the site."""
    builder: Any = app.builder
    loaded = [*builder._css_files, *builder._js_files]  # some extensions write their own
    places = [Path(place, "static") for place in builder.theme.get_theme_dirs()]
    places += [Path(app.confdir, name) for name in app.config.html_static_path]
    names = {posixpath.basename(str(file.filename or "")) for file in loaded} - {""}
    return names | {
        path.relative_to(place).as_posix().removesuffix(".jinja").removesuffix("_t")
        for place in places
        for path in place.rglob("*")
        if path.is_file()
    }


def _stamps(app: Sphinx) -> dict[str, int]:
    """Return when each static file of the site was written, in nanoseconds."""
    out = Path(app.outdir)
    files = (path for path in (out / "_static").rglob("*") if path.is_file())
    return {path.relative_to(out).as_posix(): path.stat().st_mtime_ns for path in files}


def _brought(app: Any) -> set[str]:
    """Return what other extensions have written in this build, before any page was read."""
    return {name for name, when in _stamps(app).items() if app._swarm_stamps.get(name) != when}


def _files(app: Sphinx) -> Iterator[str]:
    """Yield the names of all files of the site, and of strangers among them."""
    out = Path(app.outdir)
    apart = {Path(app.doctreedir), Path(app.config.swarm_cache)}
    for folder, folders, files in os.walk(out):
        here = Path(folder)
        folders[:] = [name for name in folders if here / name not in apart]
        for name in files:
            if here != out or not name.startswith("."):  # notes of Sphinx and of ours
                yield (here / name).relative_to(out).as_posix()


def _list_written(app: Any, exception: Exception | None) -> None:
    """List what this build has written: all that is there, without what strangers put there."""
    if exception is not None or not hasattr(app, "_swarm_strangers"):
        return
    out = Path(app.outdir)
    ours = sorted(set(_files(app)) - app._swarm_strangers)
    sizes = {name: (out / name).stat().st_size for name in ours}
    write_checked(out / LIST, {"looks": app._swarm_looks, "files": sizes})
