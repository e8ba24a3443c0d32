"""A Sphinx extension that puts movies, plotly figures and players on a site's pages.

Add it to ``extensions`` after sphinx-gallery or myst-nb, whichever the site
uses; the guide *Publishing* says how. Pages work without script, ask no
foreign server for anything, and load what moves only when a reader wants it.
"""

import os
import shutil
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError

from swarm import __version__
from swarm._files import written_whole

from . import _ahead as ahead
from . import _cards as cards
from . import _lead as lead
from . import _mathml as mathml
from . import _nodes as nodes
from . import _pages as pages
from . import _problems as problems
from ._cache import fingerprint, prepare, settle
from ._gallery import reset, scraper
from ._media import publish
from ._notebook import STORE, place_pictures

__all__ = ["fingerprint", "publish", "reset", "scraper", "setup"]

_STATIC = Path(__file__).parent / "static"
_ASSETS = {"movie": "swarm", "plotly": "swarm", "player": "player"}


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension with Sphinx."""
    app.add_config_value("swarm_cache", "", "")
    app.add_config_value("swarm_fingerprint", "", "env")
    for part in (nodes, cards, lead, pages, mathml, problems, ahead):
        part.setup(app)
    app.connect("config-inited", _configure, priority=400)
    app.connect("builder-inited", _prepare, priority=20)  # before sphinx-gallery runs scripts
    app.connect("doctree-read", place_pictures, priority=300)  # before pictures are counted
    app.connect("html-page-context", _add_assets)
    app.connect("write-started", _copy_static)
    app.connect("build-finished", _copy_media)
    app.connect("build-finished", settle, priority=900)
    return {
        "version": __version__,
        "env_version": 2,
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }


def _configure(app: Sphinx, config: Config) -> None:
    cache = config.swarm_cache or os.path.join(app.doctreedir, "..", "swarm-cache")
    config.swarm_cache = os.path.abspath(os.path.join(app.confdir, cache))
    os.environ[STORE] = str(nodes.store_of(config))
    os.environ["PYTHONSTARTUP"] = str(Path(__file__).with_name("_kernel_startup.py"))


def _prepare(app: Sphinx) -> None:
    prepare(app)
    nodes.store_of(app.config).mkdir(parents=True, exist_ok=True)


def _add_assets(app: Sphinx, page: str, template: str, context: Any, doctree: Any) -> None:
    """Load the scripts and styles of what this page shows, and no others."""
    scripts = {_ASSETS.get(kind, "") for kind in nodes.kinds_on(app.env, page)}
    has_cards = cards.has_cards(app.env, page)
    if has_cards or cards.gallery_script(app.env, page):
        scripts.add("gallery")
    if scripts:  # all share its colours
        app.add_css_file("swarm.css")
    for name in sorted(scripts - {""}):
        app.add_js_file(f"{name}.js", loading_method="defer")
        app.add_css_file(f"{name}.css")


def _copy_media(app: Sphinx, exception: Exception | None) -> None:
    """Give the site what its pages need, and take away what no page needs any more."""
    if exception is not None or app.builder.format != "html":
        return
    wanted = nodes.files_of(app.env)
    folder = Path(app.outdir, nodes.MEDIA_FOLDER)
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        if old.name not in wanted:
            old.unlink()
    store = nodes.store_of(app.config)
    for name in wanted:
        if not (folder / name).exists():
            _copy(store / name, folder / name)


def _copy_static(app: Sphinx, builder: Any) -> None:
    """Put scripts and styles in place before pages are written, which name their checksums."""
    if builder.format != "html":
        return
    static = Path(app.outdir, "_static")
    static.mkdir(exist_ok=True)
    bundles = {spec["bundle"] for spec in nodes.all_specs(app.env) if spec["kind"] == "plotly"}
    scripts = {
        "gallery",
        *(_ASSETS.get(spec["kind"], "swarm") for spec in nodes.all_specs(app.env)),
    }
    names = {f"{name}.{kind}" for name in scripts | {"swarm"} for kind in ("js", "css")}
    for name in names | bundles:
        source = _STATIC / name
        _copy(source if source.exists() else _full_bundle(), static / name)


def _full_bundle() -> Path:
    import plotly

    path = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    if not path.is_file():
        raise ExtensionError(f"{path} is missing: install plotly again")
    return path


def _copy(source: Path, target: Path) -> None:
    with written_whole(target) as part:
        shutil.copyfile(source, part)
