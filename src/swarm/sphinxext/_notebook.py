"""Pictures in executed notebooks: published in the kernel, put on the page in Sphinx.

The kernel is another process, so a cell's output carries only a mark with the
picture's key; when Sphinx has read the page, the mark becomes the picture.
"""

import itertools
import os
import re
from html import escape, unescape
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from . import _media as media
from ._nodes import numbered_picture, picture, picture_node, store_of
from ._problems import report
from ._reads import Reads, roots
from ._shown import read_picture
from ._watch import STORE, Watch

__all__ = ["files_read", "picture_keys", "place_pictures", "register", "style"]

_READ = re.compile(r"<!-- swarm-read: (.*?) -->", re.DOTALL)
_MARK = re.compile(r"<!-- swarm-(picture|problem): (.*?) -->", re.DOTALL)
_PLOTLY = "application/vnd.plotly.v1+json"


def style() -> Any:
    """Return the matplotlib settings of the site, for gallery scripts and notebooks alike."""
    from swarm.style import LIGHT, SITE_INCHES

    site = {"figure.figsize": SITE_INCHES, "figure.constrained_layout.use": True}
    return {**LIGHT.rc(SITE_INCHES[0]), **site}


def register() -> None:
    """Let the running IPython kernel publish what its cells show. Called when it starts."""
    from IPython import get_ipython

    shell = get_ipython()
    if shell is None or STORE not in os.environ:
        return
    store = Path(os.environ[STORE])
    os.environ["PLOTLY_RENDERER"] = "plotly_mimetype"  # what figure.show() gives; see below
    formatter = shell.display_formatter.ipython_display_formatter
    for module, name in media.CLASSES:
        formatter.for_type_by_name(module, name, lambda thing: _show(thing, store))
    for kind in (list, tuple):
        formatter.for_type(kind, _show_many(store))
    shell.display_pub.register_hook(_catch_plotly(store))
    shell.events.register("pre_run_cell", _style_once())
    shell.events.register("post_execute", _close_named(shell))
    shell.events.register("post_run_cell", _say_problems(shell))
    shell.events.register("post_run_cell", _say_reads(shell))


_shown: set[int] = set()  # ids of what the running cell has shown


def _show(thing: Any, store: Path) -> None:
    from IPython.display import display

    _shown.add(id(thing))
    display({"text/html": _mark(thing, store)}, raw=True)


def _close_named(shell: Any) -> Any:
    """Close, when a cell has ended, the pyplot figure that its last line has shown.

    The inline backend, which comes next, shows what is open.
    """

    def close() -> None:
        last = next(reversed(shell.user_ns.get("_oh", {}).values()), None)
        if id(last) in _shown and media.kind_of(last) == "still":
            import matplotlib.pyplot as plt

            plt.close(last)

    return close


def _mark(thing: Any, store: Path) -> str:
    try:
        return f"<!-- swarm-picture: {media.publish(thing, store).key} -->"
    except (OSError, TypeError, ValueError) as error:  # for the page's own report: see below
        return f"<!-- swarm-problem: {escape(str(error))} -->"


def _say_problems(shell: Any) -> Any:
    """Watch the notebook, and say after each cell what that should not have done."""
    own = shell.user_module.__dict__

    cells = itertools.count(1)
    number = [0]

    def count(info: Any) -> None:
        number[0] = next(cells)

    def place(frame: Any) -> str:
        return f"in line {frame.f_lineno} of cell {number[0]}"

    folder = Path.cwd()
    watch = Watch(lambda frame: frame.f_globals is own, lambda: folder, place)
    watch.start()
    shell.events.register("pre_run_cell", count)

    def say(result: Any) -> None:
        from IPython.display import display

        for problem in watch.problems:
            mark = f"<!-- swarm-problem: {escape(problem)} -->"
            display({"text/html": mark}, raw=True)
        watch.problems.clear()

    return say


def _catch_plotly(store: Path) -> Any:
    """Catch what ``figure.show()`` displays, which no formatter sees."""

    def hook(message: dict[str, Any]) -> dict[str, Any]:
        content = message.get("content", {})
        if _PLOTLY in content.get("data", {}):
            import plotly.graph_objects as go

            fields = content["data"][_PLOTLY]
            names = ("data", "layout", "frames")
            figure = go.Figure({name: fields[name] for name in names if name in fields})
            content["data"] = {"text/html": _mark(figure, store)}
        return message

    return hook


def _show_many(store: Path) -> Any:
    def show(thing: Any) -> None:
        if media.kind_of(thing) != "pair":
            raise NotImplementedError  # IPython then shows it as it always does
        _show(thing, store)

    return show


def _style_once() -> Any:
    """Style matplotlib when the first cell runs, after the inline backend set its own."""
    done: list[bool] = []

    def set_style(info: Any) -> None:
        _shown.clear()
        if not done:
            import matplotlib

            matplotlib.rcParams.update(style())
            done.append(True)

    return set_style


def picture_keys(html: str) -> list[str]:
    """Return the keys of the pictures whose marks a cell's output carries."""
    return [key for kind, key in _MARK.findall(html) if kind == "picture"]


def _say_reads(shell: Any) -> Any:
    """Return what leaves a mark, after a cell, of the data files that it has read."""
    reads, said = Reads(), set[Path]()
    reads.__enter__()  # until the kernel ends

    def say(result: Any) -> None:
        new = reads.files() - said
        said.update(new)
        if new:
            names = sorted(Path(os.path.relpath(path, roots()[0])).as_posix() for path in new)
            html = f"<!-- swarm-read: {escape('|'.join(names))} -->"
            shell.display_pub.publish({"text/html": html})

    return say


def files_read(html: str) -> list[str]:
    """Return the files that cells have read, from the site's folder, by the marks in outputs."""
    return [name for found in _READ.findall(html) for name in unescape(found).split("|")]


def place_pictures(app: Sphinx, doctree: nodes.document) -> None:
    """Replace the marks that a notebook's cells left by their pictures."""
    for raw in list(doctree.findall(nodes.raw)):
        if _READ.search(raw.astext()):
            raw.parent.remove(raw)
        elif mark := _MARK.search(raw.astext()):
            if mark[1] == "problem":
                report(app.env, app.env.docname, unescape(mark[2]))
            else:
                _place(raw, picture_node(read_picture(mark[2], store_of(app.config))))


def _place(raw: nodes.raw, shown: nodes.Element) -> None:
    """Put a picture in the place of its mark, or of the figure that MyST-NB made around it.

    A cell with ``mystnb: {figure: {name: …, caption: …}}`` has one, with a name and a caption.
    """
    around: Any = raw
    # MyST-NB chooses by builder among the kinds of an output; a picture suits all builders.
    while "mime_type" in around.parent or around.parent.get("nb_element") == "mime_bundle":
        around = around.parent
    if not isinstance(around.parent, nodes.figure):
        around.replace_self(shown)
        return
    around = around.parent
    first = next(iter(shown.findall(picture)))
    words = [child for child in around if isinstance(child, nodes.caption)]
    caption = [nodes.inline("", "", *words[0].children)] if words else list(first.children)
    named = numbered_picture("", *caption, shown=first["shown"])
    named["names"], named["ids"] = list(around["names"]), list(around["ids"])
    if shown is first:
        shown = named
    else:  # of a pair
        first.replace_self(named)
    around.replace_self(shown)
