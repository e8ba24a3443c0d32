"""A Sphinx extension that puts movies, plotly figures and players on a site's pages.

Add it to ``extensions`` after sphinx-gallery or myst-nb, whichever the site
uses; the guide *Publishing* says how. Pages work without script, ask no
foreign server for anything, and load what moves only when a reader wants it.
"""

import os
import re
import shutil
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError
from sphinx.util import logging

from swarm import __version__
from swarm._files import written_whole

from . import _ahead as ahead
from . import _cards as cards
from . import _lead as lead
from . import _mathml as mathml
from . import _nodes as nodes
from . import _pages as pages
from . import _problems as problems
from ._cache import fingerprint, galleries, prepare, settle
from ._gallery import reset, scraper
from ._media import publish
from ._notebook import STORE, place_pictures
from ._written import take_away_old, written_by

__all__ = ["fingerprint", "publish", "reset", "scraper", "setup"]

_log = logging.getLogger(__name__)

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
    app.connect("build-finished", _complete)
    app.connect("build-finished", settle, priority=900)
    return {
        "version": __version__,
        "env_version": 2,
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }


def _configure(app: Sphinx, config: Config) -> None:
    # By default beside what is published: doctrees often lie inside of it.
    cache = config.swarm_cache or os.path.join(app.outdir, "..", "swarm-cache")
    config.swarm_cache = os.path.abspath(os.path.join(app.confdir, cache))
    for _, made in galleries(app):
        folder = os.path.relpath(made, app.srcdir).replace(os.sep, "/")
        # The notebooks that sphinx-gallery makes: myst-nb would run them all once more.
        config.exclude_patterns.append(f"{folder}/**.ipynb")
    os.environ[STORE] = str(nodes.store_of(config))
    os.environ["PYTHONSTARTUP"] = str(Path(__file__).with_name("_kernel_startup.py"))


def _prepare(app: Sphinx) -> None:
    prepare(app)
    _check_pattern(app)
    nodes.store_of(app.config).mkdir(parents=True, exist_ok=True)


def _check_pattern(app: Sphinx) -> None:
    """Warn of a gallery of which no script would run: by default those named ``plot_…`` do."""
    conf: Any = getattr(app.config, "sphinx_gallery_conf", {})
    pattern = str(conf.get("filename_pattern", re.escape(os.sep) + "plot"))
    for sources, _ in galleries(app):
        scripts = [os.fspath(path) for path in sources.rglob("*.py")]
        if scripts and not any(re.search(pattern, script) for script in scripts):
            _log.warning(
                "none of the %s scripts in %s will run, for filename_pattern is %r; "
                'set sphinx_gallery_conf["filename_pattern"] = r"\\.py$" to run them all',
                len(scripts), sources, pattern, type="swarm",
            )  # fmt: skip


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


def _complete(app: Sphinx, exception: Exception | None) -> None:
    """Give the site what its pages need, and take away what no page needs any more."""
    if exception is not None or app.builder.format != "html":
        return
    media = nodes.files_of(app.env)
    folder = Path(app.outdir, nodes.MEDIA_FOLDER)
    folder.mkdir(exist_ok=True)
    store = nodes.store_of(app.config)
    for name in media:
        if not (folder / name).exists():
            _copy(store / name, folder / name)
    wanted = {f"{nodes.MEDIA_FOLDER}/{name}" for name in media}
    take_away_old(app, wanted | pages.write_beside(app) | written_by(app))


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
