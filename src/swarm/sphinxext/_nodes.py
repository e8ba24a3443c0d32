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
    "introduce",
    "media_url",
    "note_pictures",
    "numbered_picture",
    "picture",
    "picture_node",
    "setup",
    "store_of",
    "title_of",
    "wholes",
    "width_class",
]

MEDIA_FOLDER = "_media"
LIGHT_THEMES = {
    "agogo", "alabaster", "basic", "bizstyle", "classic", "haiku", "nature", "nonav", "pyramid",
    "scrolls", "sphinx_rtd_theme", "sphinxdoc", "traditional",
}  # fmt: skip
_log = logging.getLogger(__name__)


class picture(nodes.General, nodes.Element):
    """A movie, figure or player on a page, ``shown``; its children are the caption.

    Where it is ``borrowed`` from another page, nothing is shown until all pages are read.
    """


class numbered_picture(picture):
    """One with a caption or a name, which ``numfig`` counts among the figures."""


class picture_words(nodes.Invisible, nodes.Element):
    """What a picture shows, in words that the search index reads and no writer writes."""


def store_of(config: Any) -> Path:
    """Return the folder that holds what was published."""
    return Path(config.swarm_cache) / "media"


def picture_node(
    shown: Picture, caption: list[nodes.Node] | None = None, *, is_named: bool = False
) -> nodes.Element:
    """Return the node that shows a published picture, or a pair of them side by side."""
    if isinstance(shown, Pair):
        return nodes.container("", *map(picture_node, shown.items), classes=["sw-pair"])
    has_own = isinstance(shown, Player)  # writes its caption itself
    words = [nodes.inline("", shown.caption)] if shown.caption and not has_own else []
    cls = numbered_picture if caption or shown.caption or is_named else picture
    return cls("", *(caption or words), shown=shown)


def title_of(node: picture) -> str:
    """Return what a link to a picture says: its caption, or else its title."""
    words = " ".join(child.astext() for child in node if not isinstance(child, picture_words))
    shown = node["shown"]
    return words or (shown.title or shown.alt if shown else "")


def wholes(doctree: nodes.document) -> list[nodes.Element]:
    """Return the pictures of a page in order, a pair as one."""
    found: dict[int, nodes.Element] = {}
    for node in doctree.findall(lambda n: isinstance(n, picture) and n["shown"] is not None):
        pair = node.parent is not None and "sw-pair" in node.parent.get("classes", ())
        whole = node.parent if pair else node
        found.setdefault(id(whole), whole)
    return list(found.values())


# --- on a page


def name_pictures(app: Sphinx, doctree: nodes.document) -> None:
    """Give each picture of a page an id, and the search index its title and its words."""
    named = set(doctree.nameids.values())  # by an author: Sphinx gives ids of its own, too
    for number, node in enumerate(list(doctree.findall(picture)), 1):
        node["number"] = number
        node["ids"] = [uid for uid in node["ids"] if uid in named] or [f"picture-{number}"]
        introduce(app.env, app.env.docname, doctree, node)


def introduce(env: Any, docname: str, doctree: nodes.document, node: picture) -> None:
    """Tell the search index what a picture shows, and references where it is."""
    uid, shown = node["ids"][0], node["shown"]
    doctree.ids.update(dict.fromkeys(node["ids"], node))
    standard = env.domains.standard_domain
    for name in (f"{docname}#picture-{node['number']}".lower(), *node["names"]):
        standard.anonlabels[name] = docname, uid
        if title := title_of(node):
            standard.labels[name] = docname, uid, title
    if shown is not None:
        title_node = [nodes.title("", shown.title)] if shown.title else []
        text = " ".join(words for words in (shown.alt, shown.caption) if words)
        node += picture_words("", *title_node, nodes.inline("", text), ids=[uid])


def note_pictures(env: Any, docname: str, doctree: nodes.document) -> None:
    """Remember what a page shows: its files must go to the site, its assets into its head."""
    page = page_of(env, docname)
    nodes_shown = [node for node in doctree.findall(picture) if node["shown"] is not None]
    page.pictures = [node["shown"] for node in nodes_shown]
    page.widths = {node["width"] for node in nodes_shown if node.get("width")}
    for shown in page.pictures:
        for note in shown.notes():
            _log.info("%s: figure %r %s", docname, shown.title, note)


def _note_read(app: Sphinx, doctree: nodes.document) -> None:
    note_pictures(app.env, app.env.docname, doctree)


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
    return "" if can_be_dark else "sw-on-light"


def width_class(width: str) -> str:
    """Return the class of pictures of this width; a style sheet of its own has its rule."""
    return "sw-width-" + width.replace("%", "p").replace(".", "-") if width else ""


def _visit_html(translator: Any, node: picture) -> None:
    url = media_url(translator.builder, translator.builder.current_docname)
    uid, *others = node["ids"]
    classes = [ground_of(translator.config), width_class(node.get("width", ""))]
    before, after = figure_html(
        node["shown"], uid, url, leads=node.get("leads", False),
        classes=" ".join(filter(None, classes)), number=_number_html(translator, node),
    )  # fmt: skip
    translator.body += [f'<span id="{other}"></span>' for other in others]
    translator.body.append(before)
    translator.context.append(after)


def _depart_html(translator: Any, node: picture) -> None:
    translator.body.append(translator.context.pop())


def _number_html(translator: Any, node: picture) -> str:
    """Return "Fig. 3" as Sphinx writes it, if it counts this picture."""
    start = len(translator.body)
    translator.add_fignumber(node)
    number = "".join(translator.body[start:])
    del translator.body[start:]
    return number


def _visit_text(translator: Any, node: picture) -> None:
    if hasattr(translator, "add_text"):
        translator.new_state(0)
        translator.add_text(f"{_number_text(translator, node)}[{node['shown'].alt}] ")


def _number_text(translator: Any, node: picture) -> str:
    builder = translator.builder
    numbers = builder.env.toc_fignumbers.get(builder.current_docname, {}).get("figure", {})
    found = numbers.get(node["ids"][0], ())
    return (
        translator.config.numfig_format["figure"] % ".".join(map(str, found)) + " "
        if found
        else ""
    )


def _depart_text(translator: Any, node: picture) -> None:
    if hasattr(translator, "add_text"):
        translator.end_state()


def _skip(translator: Any, node: picture_words) -> None:
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    """Register the nodes."""
    text = (_visit_text, _depart_text)
    html: Any = (_visit_html, _depart_html)
    app.add_node(picture, html=html, text=text, latex=text, man=text, texinfo=text)
    app.add_enumerable_node(
        numbered_picture, "figure", title_of,
        html=html, text=text, latex=text, man=text, texinfo=text,
    )  # fmt: skip
    skip = (_skip, None)
    app.add_node(picture_words, html=skip, text=skip, latex=skip, man=skip, texinfo=skip)
    app.connect("doctree-read", name_pictures)
    app.connect("doctree-read", _note_read)
