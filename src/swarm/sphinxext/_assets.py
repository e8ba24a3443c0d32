"""What pages load, and what is copied to the site so that they can."""

import shutil
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from swarm._files import written_whole

from . import _pages as pages
from ._cards import gallery_script
from ._downloads import complete_downloads
from ._nodes import MEDIA_FOLDER, store_of, width_class
from ._shown import Figure
from ._state import all_pictures, media_files, page_of
from ._state import pages as all_pages
from ._written import is_left

__all__ = ["setup"]

_STATIC = Path(__file__).parent / "static"
_PLAYER = Path(__file__).parents[1] / "player"  # found without importing what it draws with
_ASSETS = {"movie": "swarm", "plotly": "swarm", "player": "player"}


def _add_assets(app: Sphinx, page: str, template: str, context: Any, doctree: Any) -> None:
    """Load the scripts and styles of what this page shows, and no others."""
    if app.builder.name == "epub":
        return
    known = page_of(app.env, page)
    scripts = {_ASSETS.get(shown.kind, "") for shown in known.pictures}
    if known.cards or gallery_script(app.env, page):
        scripts.add("gallery")
    if known.guesses:
        scripts.add("guess")
    if scripts - {"guess"}:  # the others share its colours
        app.add_css_file("swarm.css")
    for width in sorted(known.widths):
        app.add_css_file(f"{width_class(width)}.css")
    for name in sorted(scripts - {""}):
        app.add_js_file(f"{name}.js", loading_method="defer")
        app.add_css_file(f"{name}.css")


def _complete(app: Sphinx, exception: Exception | None) -> None:
    """Give the site what its pages need."""
    if exception is not None or app.builder.format != "html" or app.builder.name == "epub":
        return
    if is_left(app):
        return
    media = media_files(app.env)
    folder = Path(app.outdir, MEDIA_FOLDER)
    folder.mkdir(exist_ok=True)
    store = store_of(app.config)
    for name in media:
        if not (folder / name).exists():
            _copy(store / name, folder / name)
    found = (gallery_script(app.env, name) for name in sorted(app.env.found_docs))
    complete_downloads(app, [script for script in found if script is not None])
    pages.write_beside(app)


def _copy_static(app: Sphinx, builder: Any) -> None:
    """Put scripts and styles in place before pages are written, which name their checksums."""
    if builder.format != "html" or builder.name == "epub":
        return
    static = Path(app.outdir, "_static")
    static.mkdir(exist_ok=True)
    every = all_pictures(app.env)
    bundles = {shown.bundle for shown in every if isinstance(shown, Figure)}
    scripts = {"gallery", "swarm", *(_ASSETS.get(shown.kind, "swarm") for shown in every)}
    if any(page.guesses for page in all_pages(app.env).values()):
        scripts.add("guess")
    names = {f"{name}.{kind}" for name in scripts for kind in ("js", "css")}
    for name in names | bundles:
        _copy(_source(name), static / name)
    for name, width in _width_sheets(app).items():
        with written_whole(static / name) as part:
            part.write_text(f".{width_class(width)} {{ max-width: min(100%, {width}); }}\n")


def _width_sheets(app: Sphinx) -> dict[str, str]:
    """Return the widths of the site's pictures by the names of their style sheets.

    An attribute would say nothing where styles within a page are forbidden.
    """
    widths = {width for page in all_pages(app.env).values() for width in page.widths}
    return {f"{width_class(width)}.css": width for width in sorted(widths)}


def _source(name: str) -> Path:
    """Find what is copied to the site under a name: ours, the player's own, or plotly's."""
    import plotly

    plotlys = Path(plotly.__file__).parent / "package_data"
    folder = {"player": _PLAYER, "plotly": plotlys}.get(name.split(".")[0])
    path = (folder or _STATIC) / name
    if not path.is_file():
        raise ExtensionError(f"{path} is missing: install swarmscape and plotly again")
    return path


def _copy(source: Path, target: Path) -> None:
    with written_whole(target) as part:
        shutil.copyfile(source, part)


def setup(app: Sphinx) -> None:
    """Register what a page loads."""
    app.connect("html-page-context", _add_assets)
    app.connect("write-started", _copy_static)
    app.connect("build-finished", _complete)
