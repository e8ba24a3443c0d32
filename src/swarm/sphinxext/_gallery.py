"""sphinx-gallery: what a script shows, how it draws, and what its page says of the run."""

import json
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from sphinx.util import logging

from swarm._files import written_whole

from . import _media as media
from ._notebook import style
from ._order import begin, end, meet
from ._shown import Picture
from ._watch import STORE

__all__ = ["provenance_of", "reset", "scraper", "versions"]

logger = logging.getLogger(__name__)

_SETTINGS = {"SEED": "Seed", "NUM_BEES": "Bees", "NUM_EPOCHS": "Epochs"}
_from_show: list[Any] = []  # figures shown since the last block ended
_VERSIONS = ("swarmscape", "torch", "numpy", "matplotlib", "plotly")


def scraper(block: Any, block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """Publish what a block of a gallery script shows; an image scraper of sphinx-gallery.

    That is the value of the block's last expression, if a page can show it,
    then every open pyplot figure.

    Returns
    -------
    str
        reST that puts it on the page.
    """
    meet(Path(block_vars["target_file"]))
    store = Path(os.environ[STORE])
    variables = block_vars["example_globals"]
    pictures = [media.publish(thing, store) for thing in _take_shown(variables)]
    for shown, path in zip(pictures, block_vars["image_path_iterator"], strict=False):
        _write_thumbnail(shown, store, path)
    _note_provenance(block_vars, variables)
    return "".join(f"\n.. swarm-published:: {shown.key}\n\n" for shown in pictures)


def _write_thumbnail(shown: Picture, store: Path, path: str) -> None:
    """Write what sphinx-gallery makes its own thumbnail of."""
    from PIL import Image

    posters = shown.thumbnail
    if posters:
        with Image.open(store / posters["light"].file(1)) as image:
            image.convert("RGB").save(path)
    else:
        Image.new("RGB", (480, 300), "#eef0f3").save(path)


def _take_shown(variables: dict[str, Any]) -> list[Any]:
    """Return what to show, and close pyplot's figures."""
    import matplotlib.pyplot as plt

    shown: list[Any] = [*_from_show]
    _from_show.clear()
    if media.kind_of(variables.get("___")):
        shown.append(variables["___"])
        variables["___"] = None  # it is on the page now: no text form of it as well
    for number in plt.get_fignums():
        figure = plt.figure(number)
        if not any(figure is thing for thing in shown):
            shown.append(figure)
    plt.close("all")
    return shown


def reset(gallery_conf: dict[str, Any], fname: object, when: str = "before") -> None:
    """Give each script matplotlib's defaults in the site's style; for ``reset_modules``.

    After it, everything is put back as it was before: figures, matplotlib's settings, random
    numbers, PyTorch's settings, the environment, working folder and module path, warning filters.
    What a script should not have changed, a warning that it raised, a file that it wrote outside
    of its folder are problems of its page.
    """
    import matplotlib
    import matplotlib.pyplot as plt

    plt.close("all")
    _from_show.clear()
    if when == "after":
        for problem in end():
            logger.info("%s: %s", fname, problem)  # said again, as an error, at the build's end
        for name, value in _settings_before.items():
            matplotlib.rcParams[name] = value
        return
    _settings_before.update(dict(matplotlib.rcParams.items()))
    matplotlib.rcdefaults()
    matplotlib.use("agg")
    matplotlib.rcParams.update(style())
    _catch_show()
    begin(_script_named(gallery_conf, str(fname)))


_settings_before: dict[Any, Any] = {}  # of matplotlib


def _script_named(gallery_conf: dict[str, Any], name: str) -> Path | None:
    dirs = gallery_conf["examples_dirs"]
    folders = [dirs] if isinstance(dirs, str | os.PathLike) else dirs
    roots = [Path(gallery_conf["src_dir"], folder) for folder in folders]
    return next((path for root in roots for path in root.rglob(Path(name).name)), None)


def _catch_show() -> None:
    """Let a plotly figure's ``show()`` put it on the page instead of opening a browser."""
    import plotly.graph_objects as go
    import plotly.io as pio
    from plotly.io.base_renderers import ExternalRenderer

    class Collector(ExternalRenderer):
        def render(self, fig_dict: dict[str, Any]) -> None:
            _from_show.append(go.Figure(fig_dict))

    pio.renderers["swarm"] = Collector()
    pio.renderers.default = "swarm"


# --- provenance


def _note_provenance(block_vars: dict[str, Any], variables: dict[str, Any]) -> None:
    """Write down what a reader needs in order to get the same numbers."""
    facts = {
        label: str(variables[name])
        for name, label in _SETTINGS.items()
        if isinstance(variables.get(name), int)
    }
    path = Path(block_vars["target_file"]).with_suffix(".provenance.json")
    text = json.dumps({"settings": facts}, indent=1)
    if not path.exists() or path.read_text() != text:
        with written_whole(path) as part:
            part.write_text(text)


def versions() -> dict[str, str]:
    found = {"Python": platform.python_version()}
    for name in _VERSIONS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def provenance_of(page: Path) -> tuple[dict[str, dict[str, str]], float | None]:
    """Return what was noted for a gallery page, and how long its script took.

    Parameters
    ----------
    page : Path
        The page's source without its suffix.
    """
    facts = _read_json(page.with_suffix(".provenance.json"))
    cost = _read_json(page.with_suffix(".cost.json"))
    seconds = cost.get("time")
    # A page runs again when one of these that it imports has changed.
    known = {"settings": facts.get("settings", {}), "versions": versions()}
    return known, float(seconds) if seconds is not None else None


def _read_json(path: Path) -> dict[str, Any]:
    """Return what a file says; nothing if it is missing or damaged: the run wrote it, not us."""
    try:
        fields = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return fields if isinstance(fields, dict) else {}
