"""Registers the extension with Sphinx, and checks what it was given."""

import os
import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError
from sphinx.util import logging

from swarm import __version__

from . import _ahead as ahead
from . import _assets as assets
from . import _borrow as borrow
from . import _cards as cards
from . import _directives as directives
from . import _guess as guess
from . import _inline as inline
from . import _inputs as inputs
from . import _lead as lead
from . import _mathml as mathml
from . import _nodes as nodes
from . import _pages as pages
from . import _print as book
from . import _problems as problems
from . import _replay as replay
from . import _scripts as scripts
from . import _state as state
from . import _terms as terms
from . import _written as written
from ._cache import end_build, galleries, prepare
from ._notebook import place_pictures
from ._reads import ROOTS
from ._reuse import decide, read_again, tell
from ._watch import ROOT, STORE

__all__ = ["setup"]

_log = logging.getLogger(__name__)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension with Sphinx."""
    app.add_config_value("swarm_cache", "", "")
    app.add_config_value("swarm_fingerprint", "", "env")
    app.add_config_value("swarm_dark", None, "html")
    app.add_config_value("swarm_sources", None, "")
    app.add_config_value("swarm_force", False, "")
    parts = (
        state, nodes, directives, borrow, cards, guess, lead, pages, mathml, problems, scripts,
        ahead, assets, book, terms, inline, replay, inputs, written,
    )  # fmt: skip
    for part in parts:
        part.setup(app)
    app.connect("config-inited", _configure, priority=400)
    app.connect("builder-inited", _prepare, priority=20)  # before sphinx-gallery runs scripts
    app.connect("doctree-read", place_pictures, priority=300)  # before pictures are counted
    app.connect("env-get-outdated", read_again)
    app.connect("build-finished", tell, priority=880)
    app.connect("build-finished", end_build, priority=900)
    return {
        "version": __version__,
        "env_version": 5,
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
    folders = [app.srcdir, *(sources for sources, _ in galleries(app))]
    os.environ[ROOT] = os.path.commonpath([os.path.realpath(folder) for folder in folders])
    folders += [Path(app.confdir, folder) for folder in config.swarm_sources or ()]
    os.environ[ROOTS] = os.pathsep.join(os.path.realpath(folder) for folder in folders)
    os.environ[STORE] = str(nodes.store_of(config))
    os.environ["PYTHONSTARTUP"] = str(Path(__file__).with_name("_kernel_startup.py"))


def _prepare(app: Sphinx) -> None:
    try:
        prepare(app)
        decide(app)
        nodes.store_of(app.config).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExtensionError(
            f"swarm_cache: cannot work in {app.config.swarm_cache}: {error}. Let this user write "
            "there, or name another folder"
        ) from error
    _check_pattern(app)


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
