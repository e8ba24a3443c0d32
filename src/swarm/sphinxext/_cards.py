"""Cards of the gallery: a still, a claim, tags, and what the page shows, to filter by."""

import json
import re
from collections.abc import Callable
from html import escape
from itertools import chain
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.statemachine import string2lines
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.util import docname_join
from sphinx.util.docutils import SphinxDirective
from sphinx.util.osutil import relative_uri

from ._inputs import ask_for
from ._markup import posters_html
from ._mathml import inline_mathml
from ._nodes import ground_of, media_url, wholes
from ._shown import Movie, Picture, Still
from ._state import Card, cards, page_of

__all__ = ["gallery_script", "marks_html", "setup", "thumbnail_number"]

_KINDS = {"movie": "Movie", "surface": "Surface", "hive": "Hive", "player": "Interactive"}


class card(nodes.General, nodes.Element):
    """Stands for a gallery page on another page."""


class card_filter(nodes.General, nodes.Element):
    """Buttons that narrow the cards down; dead weight without script, so hidden then."""


class ShowCards(SphinxDirective):
    """``swarm-cards``: cards of chosen pages, one docname a line."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        names = [line.strip() for line in self.content if line.strip()]
        pages = [docname_join(self.env.docname, name) for name in names]
        for page in pages:
            if page not in self.env.found_docs:
                raise self.error(f"swarm-cards: there is no page {page}")
        return _cards_of(self.env, pages)


class ShowFilter(SphinxDirective):
    """``swarm-card-filter``: buttons that narrow the page's cards down."""

    def run(self) -> list[nodes.Node]:
        return [card_filter("")]


def _cards_of(env: BuildEnvironment, pages: list[str]) -> list[nodes.Node]:
    page_of(env).cards += pages
    new = [card("", page=page) for page in pages]
    around = [nodes.raw("", mark, format="html") for mark in ('<div class="sw-cards">', "</div>")]
    return [around[0], *new, around[1]]


def gallery_script(env: BuildEnvironment, docname: str) -> Path | None:
    """Return the script behind a page, in the folder of generated pages, if there is one."""
    if not any(docname.startswith(f"{folder}/") for folder in _gallery_folders(env.config)):
        return None
    path = Path(env.srcdir, docname + ".py")
    return path if path.is_file() else None


def thumbnail_number(env: BuildEnvironment, docname: str, doctree: nodes.document) -> int:
    """Return which of a page's pictures it chose for its card; 0 if none."""
    number = _settings(env, docname, doctree).get("thumbnail_number", 0)
    return int(number) if str(number).isdecimal() else 0


def _settings(env: BuildEnvironment, docname: str, doctree: nodes.document) -> dict[str, Any]:
    """Return what the comments ``# sphinx_gallery_… = …`` of a page's script set, or its head."""
    script = gallery_script(env, docname)
    if script is None:
        return _front_matter(doctree)
    from sphinx_gallery.py_source_parser import extract_file_config

    return dict(extract_file_config(script.read_text("utf-8")))


def _front_matter(doctree: nodes.document) -> dict[str, Any]:
    """Return what stands at the head of a page: ``tags``, and the ``thumbnail_number``."""
    fields = [field for info in doctree.findall(nodes.docinfo) for field in info]
    said = {field[0].astext(): field[1].astext() for field in fields if len(field) == 2}
    tags = re.sub(r"[\[\]\"']", "", said.get("tags", ""))  # MyST writes a list as JSON
    return {**said, "tags": [tag.strip() for tag in tags.split(",") if tag.strip()]}


def note_card(app: Sphinx, doctree: nodes.document) -> None:
    """Remember what this page shows, and what its card says."""
    env = app.env
    shown = [[n["shown"] for n in whole.findall() if "shown" in n] for whole in wholes(doctree)]
    page_of(env).own = shown
    kinds = {kind for whole in shown for picture in whole for kind in picture.shows}
    if (script := gallery_script(env, env.docname)) is not None:
        names = script.with_suffix(".codeobj.json")
        if names.is_file() and any("hive" in name for name in json.loads(names.read_text())):
            kinds.add("hive")
    chosen = _chosen(shown, thumbnail_number(env, env.docname, doctree))
    first = (p for p in doctree.findall(nodes.paragraph) if isinstance(p.parent, nodes.section))
    paragraph = next(first, None)
    page_of(env).card = Card(
        claim=_first_sentence(paragraph) if paragraph else "",
        kinds=tuple(kind for kind in _KINDS if kind in kinds),
        tags=tuple(_settings(env, env.docname, doctree).get("tags", ())),
        posters=chosen.thumbnail if chosen else {},
        film=chosen.sources if isinstance(chosen, Movie) else {},
        panel=_panel(chosen) if isinstance(chosen, Movie) else (),
    )


def _chosen(shown: list[list[Picture]], number: int) -> Picture | None:
    """Return the picture for a card: what moves says more than a plot, unless a script chooses.

    A movie goes first, for it can move on the card.
    """
    if number:
        ranked = shown[number - 1] if number <= len(shown) else []
    else:
        ranked = sorted(chain.from_iterable(shown), key=_stillness)
    return next((picture for picture in ranked if picture.thumbnail), None)


def _panel(film: Movie) -> tuple[float, ...]:
    """Return what a card shows of a movie, and the shape of the whole; empty for all of it."""
    return (*film.panel, film.width / film.height) if film.panel else ()


def _stillness(picture: Picture) -> int:
    return 2 if isinstance(picture, Still) else 0 if isinstance(picture, Movie) else 1


def _first_sentence(paragraph: nodes.paragraph) -> str:
    """Return the HTML of a paragraph's first sentence, with its equations."""
    html = ""
    for child in paragraph.children:
        if isinstance(child, nodes.math):
            html += inline_mathml(child)
            continue
        text = child.astext().replace("\n", " ")
        ended = re.match(r".*?[.?!](?= +[A-ZÀ-Þ]|$)", text)
        if ended:
            return html + escape(ended[0], quote=False)
        html += escape(text, quote=False)
    return html.rstrip(" :")


# --- in the place of sphinx-gallery's thumbnails

_THUMBNAILS = re.compile(
    r"\.\. raw:: html\n\n +<div class=\"sphx-glr-thumbnails\">\n\n"
    r"\.\. thumbnail-parent-div-open\n(.*?)\.\. thumbnail-parent-div-close\n\n"
    r"\.\. raw:: html\n\n +</div>\n",
    re.DOTALL,
)
_TAGS = re.compile(r"\.\. raw:: html\n\n +<div id='sg-tag-list'.*\n")


def write_index(app: Sphinx, docname: str, source: list[str]) -> None:
    """Let the indexes that sphinx-gallery has written show our cards, and the first a filter."""
    roots = [f"{folder}/index" for folder in _gallery_folders(app.config)]
    if not docname.endswith("/index") or gallery_script(app.env, docname):
        return
    if any(docname.startswith(root.removesuffix("index")) for root in roots):
        source[0] = _with_cards(source[0], has_filter=docname in roots)


def _with_cards(text: str, *, has_filter: bool) -> str:
    """Replace sphinx-gallery's thumbnails, between its own marks, by `swarm-cards`."""

    def directive(found: re.Match[str]) -> str:
        pages = re.findall(r":doc:`(/.*?)`", found[1])
        return ".. swarm-cards::\n\n" + "".join(f"   {page}\n" for page in pages) if pages else ""

    text = (
        _TAGS.sub(".. swarm-card-filter::\n", text, count=int(has_filter)) if has_filter else text
    )
    return _THUMBNAILS.sub(directive, _TAGS.sub("", text))


def _gallery_folders(config: Config) -> list[str]:
    dirs = getattr(config, "sphinx_gallery_conf", {}).get("gallery_dirs", [])
    return [dirs] if isinstance(dirs, str) else list(dirs)


class _Lines:
    """Takes the lines that a directive would have put on the page."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.source = ""

    def insert_input(self, lines: list[str], source: str) -> None:
        self.lines, self.source = lines, source


def replace_minigallery(app: Sphinx, config: Config) -> None:
    """Let sphinx-gallery's directive ``minigallery`` show our cards."""
    if "sphinx_gallery.gen_gallery" not in app.extensions:
        return
    from sphinx_gallery.directives import MiniGallery

    class CardGallery(MiniGallery):
        state_machine: Any

        def run(self) -> list[nodes.Node]:
            env = self.state.document.settings.env
            folder = env.config.sphinx_gallery_conf["backreferences_dir"]
            for name in " ".join([*self.arguments, *self.content]).split() if folder else ():
                ask_for(env, Path(env.srcdir, folder, f"{name}.examples"))
            page = self.state_machine
            self.state_machine = caught = _Lines()
            super().run()
            text = _with_cards("\n".join(caught.lines), has_filter=False)
            page.insert_input(string2lines(text), caught.source)
            return []

    app.add_directive("minigallery", CardGallery, override=True)


# --- writing


def marks_html(facts: Card) -> str:
    """Return the labels of what a page shows, and its tags, as a list; empty without any."""
    kinds = [f'<li class="sw-kind">{_KINDS[kind]}</li>' for kind in facts.kinds]
    tags = [f"<li>{escape(tag)}</li>" for tag in facts.tags]
    return f'<ul class="sw-marks">{"".join(kinds + tags)}</ul>' if kinds or tags else ""


def _visit_card(translator: Any, node: card) -> None:
    builder = translator.builder
    if builder.name == "epub":
        raise nodes.SkipNode
    here, page = builder.current_docname, node["page"]
    facts = cards(builder.env).get(page, Card())
    address = relative_uri(builder.get_target_uri(here), builder.get_target_uri(page))
    url = media_url(builder, here)
    title = escape(builder.env.titles[page].astext(), quote=False)
    words = escape(json.dumps([*facts.kinds, *facts.tags]))
    ground = f" {ground_of(builder.config)}".rstrip()
    films = "".join(f' data-{mode}="{url(name)}"' for mode, name in facts.film.items())
    if facts.panel:
        films += f' data-panel="{" ".join(f"{share:.5f}" for share in facts.panel)}"'
    translator.body.append(
        f'<article class="sw-card sw-figure{ground}" data-words="{words}">'
        f'<div class="sw-card-still"{films}>{_still_html(facts, url)}</div>'
        f'<p class="sw-card-title"><a href="{address}">{title}</a></p>'
        f"<p>{facts.claim}</p>{marks_html(facts)}</article>"
    )
    raise nodes.SkipNode


def _still_html(facts: Card, url: Callable[[str], str]) -> str:
    if not facts.posters:
        return ""
    light = facts.posters["light"]
    share = min(1, 0.75 * light.width / light.height)  # it is shown whole, in 4 to 3
    sizes = f"(min-width: 30rem) {20 * share:.1f}rem, {90 * share:.1f}vw"
    return posters_html(facts.posters, "", url, sizes)


def _toggle(word: str, label: str, mark: str) -> str:
    return (
        f'<button type="button" class="{mark}" data-word="{escape(word)}" aria-pressed="false">'
        f"{escape(label)}</button>"
    )


def _visit_filter(translator: Any, node: card_filter) -> None:
    if translator.builder.name == "epub":
        raise nodes.SkipNode
    known = cards(translator.builder.env)
    pages = {found["page"] for found in translator.document.findall(card)}
    every = [known[page] for page in sorted(pages) if page in known]
    kinds = [kind for kind in _KINDS if any(kind in facts.kinds for facts in every)]
    tags = sorted({tag for facts in every for tag in facts.tags}, key=str.casefold)
    rows = {
        "Show": [_toggle(kind, _KINDS[kind], "sw-kind") for kind in kinds],
        "about": [_toggle(tag, tag, "sw-tag") for tag in tags],
    }
    buttons = "".join(
        f'<span aria-hidden="true">{name}</span>{"".join(row)}'
        for name, row in rows.items()
        if row
    )
    translator.body.append(
        '<div class="sw-filter" role="group" aria-label="Show only pages with">'
        f"{buttons}<output></output></div>"
    )
    raise nodes.SkipNode


def _skip(translator: Any, node: nodes.Element) -> None:
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    """Register the nodes and what keeps them right."""
    other = (_skip, None)
    app.add_node(card, html=(_visit_card, None), text=other, latex=other, man=other, texinfo=other)
    app.add_node(
        card_filter, html=(_visit_filter, None), text=other, latex=other, man=other, texinfo=other
    )
    app.add_directive("swarm-cards", ShowCards)
    app.add_directive("swarm-card-filter", ShowFilter)
    app.connect("config-inited", replace_minigallery)
    app.connect("source-read", write_index)
    app.connect("doctree-read", note_card, priority=350)  # while the page is as its author left it
