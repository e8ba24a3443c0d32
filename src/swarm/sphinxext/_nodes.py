"""The document node of a picture, and how it is written."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.osutil import relative_uri

from ._markup import figure_html
from ._shown import Pair, Picture, Player
from ._state import page_of

__all__ = [
    "MEDIA_FOLDER",
    "ground_of",
    "media_url",
    "picture",
    "picture_node",
    "setup",
    "store_of",
    "wholes",
]

MEDIA_FOLDER = "_media"
LIGHT_THEMES = {
    "agogo", "alabaster", "basic", "bizstyle", "classic", "haiku", "nature", "nonav", "pyramid",
    "scrolls", "sphinx_rtd_theme", "sphinxdoc", "traditional",
}  # fmt: skip
_log = logging.getLogger(__name__)


class picture(nodes.General, nodes.Element):
    """A movie, figure or player on a page, ``shown``; its children are the caption."""


class picture_words(nodes.Invisible, nodes.Element):
    """What a picture shows, in words that the search index reads and no writer writes."""


def store_of(config: Any) -> Path:
    """Return the folder that holds what was published."""
    return Path(config.swarm_cache) / "media"


def picture_node(shown: Picture, caption: list[nodes.Node] | None = None) -> nodes.Element:
    """Return the node that shows a published picture, or a pair of them side by side."""
    if isinstance(shown, Pair):
        return nodes.container("", *map(picture_node, shown.items), classes=["sw-pair"])
    has_own = isinstance(shown, Player)  # writes its caption itself
    words = [nodes.inline("", shown.caption)] if shown.caption and not has_own else []
    return picture("", *(caption or words), shown=shown)


def wholes(doctree: nodes.document) -> list[nodes.Element]:
    """Return the pictures of a page in order, a pair as one."""
    found: dict[int, nodes.Element] = {}
    for node in doctree.findall(picture):
        pair = node.parent is not None and "sw-pair" in node.parent.get("classes", ())
        whole = node.parent if pair else node
        found.setdefault(id(whole), whole)
    return list(found.values())


# --- on a page


def name_pictures(app: Sphinx, doctree: nodes.document) -> None:
    """Give each picture of a page an id, and the search index its title and its words."""
    for number, node in enumerate(list(doctree.findall(picture)), 1):
        shown, uid = node["shown"], f"picture-{number}"
        node["ids"] = [uid]
        title = [nodes.title("", shown.title)] if shown.title else []
        text = " ".join(words for words in (shown.alt, shown.caption) if words)
        node += picture_words("", *title, nodes.inline("", text), ids=[uid])


def note_pictures(app: Sphinx, doctree: nodes.document) -> None:
    """Remember what a page shows: its files must go to the site, its assets into its head."""
    page = page_of(app.env)
    page.pictures = [node["shown"] for node in doctree.findall(picture)]
    for shown in page.pictures:
        for note in shown.notes():
            _log.info("%s: figure %r %s", app.env.docname, shown.title, note)


# --- writing


def media_url(builder: Any, docname: str) -> Callable[[str], str]:
    """Return what turns the name of a media file into its address seen from a page."""
    here = builder.get_target_uri(docname)
    return lambda name: str(relative_uri(here, f"{MEDIA_FOLDER}/")) + name


def ground_of(config: Any) -> str:
    """Return a class for what stands on pages that are light whatever the system prefers."""
    can_be_dark = config.swarm_dark
    if can_be_dark is None:
        can_be_dark = config.html_theme not in LIGHT_THEMES
    return "" if can_be_dark else " sw-on-light"


def _visit_html(translator: Any, node: picture) -> None:
    url = media_url(translator.builder, translator.builder.current_docname)
    before, after = figure_html(
        node["shown"], node["ids"][0], url,
        leads=node.get("leads", False), ground=ground_of(translator.config),
    )  # fmt: skip
    translator.body.append(before)
    translator.context.append(after)


def _depart_html(translator: Any, node: picture) -> None:
    translator.body.append(translator.context.pop())


def _visit_text(translator: Any, node: picture) -> None:
    translator.add_text(f"[{node['shown'].alt}]") if hasattr(translator, "add_text") else None


def _depart_text(translator: Any, node: picture) -> None:
    pass


def _skip(translator: Any, node: picture_words) -> None:
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    """Register the nodes."""
    text = (_visit_text, _depart_text)
    app.add_node(
        picture, html=(_visit_html, _depart_html), text=text, latex=text, man=text, texinfo=text
    )
    skip = (_skip, None)
    app.add_node(picture_words, html=skip, text=skip, latex=skip, man=skip, texinfo=skip)
    app.connect("doctree-read", name_pictures)
    app.connect("doctree-read", note_pictures)
