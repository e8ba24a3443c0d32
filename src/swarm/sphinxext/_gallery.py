"""sphinx-gallery: what a script shows, how it draws, and what its page says of the run."""

import json
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from . import _media as media
from ._notebook import STORE, style

__all__ = ["provenance_of", "reset", "scraper"]

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
    from PIL import Image

    from ._markup import picture_files, thumbnail

    store = Path(os.environ[STORE])
    variables = block_vars["example_globals"]
    things = _shown(variables)
    specs = [media.publish(thing, store) for thing in things]
    for spec, path in zip(specs, block_vars["image_path_iterator"], strict=False):
        posters = thumbnail(spec)
        files = posters["light"]["files"] if posters else {}
        source = files[min(files, key=int)] if files else _a_picture(picture_files(spec))
        if source:  # sphinx-gallery's own thumbnail is made of it
            with Image.open(store / source) as image:
                image.convert("RGB").save(path)
        else:
            Image.new("RGB", (480, 300), "#eef0f3").save(path)
    _note_provenance(block_vars, variables)
    return "".join(f"\n.. swarm-published:: {spec['key']}\n\n" for spec in specs)


def _shown(variables: dict[str, Any]) -> list[Any]:
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


def _a_picture(names: set[str]) -> str:
    return min((name for name in names if name.endswith((".webp", ".png"))), default="")


def reset(gallery_conf: dict[str, Any], fname: object) -> None:
    """Give each script matplotlib's defaults in the site's style; for ``reset_modules``."""
    import matplotlib
    import matplotlib.pyplot as plt

    plt.close("all")
    matplotlib.rcdefaults()
    matplotlib.use("agg")
    matplotlib.rcParams.update(style())
    _from_show.clear()
    _catch_show()


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
    text = json.dumps({"settings": facts, "versions": _versions()}, indent=1)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def _versions() -> dict[str, str]:
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
    noted, cost = page.with_suffix(".provenance.json"), page.with_suffix(".cost.json")
    facts = json.loads(noted.read_text()) if noted.is_file() else {"settings": {}, "versions": {}}
    seconds = json.loads(cost.read_text())["time"] if cost.is_file() else None
    return facts, seconds
