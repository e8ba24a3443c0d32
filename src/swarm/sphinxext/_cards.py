"""Cards of the gallery: a still, a claim, tags, and what the page shows, to filter by."""

import json
import re
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import docname_join
from sphinx.util.docutils import SphinxDirective
from sphinx.util.osutil import relative_uri

from ._markup import posters_html, thumbnail
from ._mathml import inline_mathml
from ._nodes import media_url, picture

__all__ = ["gallery_script", "has_cards", "marks_html", "setup"]

_KINDS = {"movie": "Movie", "surface": "Surface", "hive": "Hive", "player": "Interactive"}


class card(nodes.General, nodes.Element):
    """Stands for a gallery page on another page."""


class card_filter(nodes.General, nodes.Element):
    """Buttons that narrow the cards down; dead weight without script, so hidden then."""


class Cards(SphinxDirective):
    """``swarm-cards``: cards of chosen gallery pages, one docname a line."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        names = [line.strip() for line in self.content if line.strip()]
        pages = [docname_join(self.env.docname, name) for name in names]
        for page in pages:
            if gallery_script(self.env, page) is None:
                raise self.error(f"swarm-cards: {page} is not a page of the gallery")
        around = [
            nodes.raw("", mark, format="html") for mark in ('<div class="sw-cards">', "</div>")
        ]
        new = [card("", page=page, title=_title_of(self.env, page), intro="") for page in pages]
        return [around[0], *new, around[1]]


def _title_of(env: BuildEnvironment, page: str) -> str:
    """Return a gallery page's title from its source, which may not be read yet."""
    from sphinx_gallery.gen_rst import extract_intro_and_title
    from sphinx_gallery.py_source_parser import split_code_and_text_blocks

    path = Path(env.srcdir, page + ".py")
    _, blocks = split_code_and_text_blocks(str(path))
    return str(extract_intro_and_title(str(path), blocks[0].content)[1])


def gallery_script(env: BuildEnvironment, docname: str) -> Path | None:
    """Return the script behind a page, in the folder of generated pages, if there is one."""
    conf = getattr(env.config, "sphinx_gallery_conf", {})
    dirs = conf.get("gallery_dirs", [])
    if not any(docname.startswith(f"{d}/") for d in ([dirs] if isinstance(dirs, str) else dirs)):
        return None
    path = Path(env.srcdir, docname + ".py")
    return path if path.is_file() else None


def note_page(app: Sphinx, doctree: nodes.document) -> None:
    """Remember what a card says of this gallery page."""
    env = app.env
    script = gallery_script(env, env.docname)
    if script is None:
        return
    from sphinx_gallery.py_source_parser import extract_file_config

    settings = extract_file_config(script.read_text("utf-8"))
    specs = [node["spec"] for node in doctree.findall(picture)]
    kinds = {
        kind
        for spec in specs
        for s in (spec, *spec.get("items", ()))
        for kind in s.get("shows", ())
    }
    names = script.with_suffix(".codeobj.json")
    if names.is_file() and any("hive" in name for name in json.loads(names.read_text())):
        kinds.add("hive")
    number = settings.get("thumbnail_number", 0)
    # What moves says more than a plot, unless the script chooses.
    ranked = specs if number else sorted(specs, key=lambda spec: spec["kind"] == "still")
    posters = [t for t in map(thumbnail, ranked) if t]
    first = (p for p in doctree.findall(nodes.paragraph) if isinstance(p.parent, nodes.section))
    paragraph = next(first, None)
    env.__dict__.setdefault("swarm_cards", {})[env.docname] = {
        "claim": _first_sentence(paragraph) if paragraph else "",
        "kinds": [kind for kind in _KINDS if kind in kinds],
        "tags": list(settings.get("tags", ())),
        "posters": posters[min(max(number, 1), len(posters)) - 1] if posters else None,
    }


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


def take_over(app: Sphinx, doctree: nodes.document) -> None:
    """Replace sphinx-gallery's thumbnails, on its index and in mini-galleries, by cards."""
    for raw in list(doctree.findall(nodes.raw)):
        text = raw.astext()
        if "sphx-glr-thumbcontainer" in text:
            _replace_thumbnail(raw, text)
        elif "sg-tag-list" in text:
            _place_filter(app, doctree, raw)
        elif "sphx-glr-thumbnails" in text:
            raw.replace_self(nodes.raw("", '<div class="sw-cards">', format="html"))
    if next(iter(doctree.findall(card)), None) is not None:
        app.env.__dict__.setdefault("swarm_card_pages", set()).add(app.env.docname)


def _replace_thumbnail(raw: nodes.raw, text: str) -> None:
    parent = raw.parent
    start = parent.index(raw)
    # <div …> | only: image, link | title </div> | perhaps "only not html": link
    link = next(iter(parent[start + 1].findall(addnodes.pending_xref)), None)
    title = re.sub(r"<[^>]+>", "", parent[start + 2].astext()).strip()
    intro = re.search(r'tooltip="([^"]*)"', text)
    if link is None:
        return
    new = card(
        "", page=link["reftarget"].lstrip("/"), title=title, intro=intro[1] if intro else ""
    )
    more = len(parent) > start + 3 and parent[start + 3]
    count = 4 if isinstance(more, addnodes.only) and "not html" in more["expr"] else 3
    parent[start : start + count] = [new]


def _place_filter(app: Sphinx, doctree: nodes.document, raw: nodes.raw) -> None:
    is_first = next(iter(doctree.findall(card_filter)), None) is None
    dirs = app.config.sphinx_gallery_conf["gallery_dirs"]
    roots = {f"{d}/index" for d in ([dirs] if isinstance(dirs, str) else dirs)}
    if is_first and app.env.docname in roots:
        raw.replace_self(card_filter(""))
    else:
        raw.parent.remove(raw)


def has_cards(env: BuildEnvironment, page: str) -> bool:
    """Say whether a page shows cards."""
    return page in env.__dict__.get("swarm_card_pages", ())


# --- writing


def _cards(env: Any) -> dict[str, dict[str, Any]]:
    """Return what the card of each gallery page says."""
    found: dict[str, dict[str, Any]] = env.__dict__.setdefault("swarm_cards", {})
    return found


def marks_html(facts: dict[str, Any]) -> str:
    """Return the labels of what a page shows, and its tags, as a list; empty without any."""
    kinds = [f'<li class="sw-kind">{_KINDS[kind]}</li>' for kind in facts["kinds"]]
    tags = [f"<li>{escape(tag)}</li>" for tag in facts["tags"]]
    return f'<ul class="sw-marks">{"".join(kinds + tags)}</ul>' if kinds or tags else ""


def _visit_card(translator: Any, node: card) -> None:
    builder = translator.builder
    here, page = builder.current_docname, node["page"]
    facts = _cards(builder.env).get(page, {"claim": "", "kinds": [], "tags": [], "posters": None})
    address = relative_uri(builder.get_target_uri(here), builder.get_target_uri(page))
    words = [*facts["kinds"], *facts["tags"]]
    picture_html = ""
    if facts["posters"]:
        url = media_url(builder, here)
        still = facts["posters"]["light"]
        share = min(1, 0.75 * still["width"] / still["height"])  # it is shown whole, in 4 to 3
        sizes = f"(min-width: 30rem) {20 * share:.1f}rem, {90 * share:.1f}vw"
        picture_html = posters_html(facts["posters"], "", url, sizes)
    translator.body.append(
        f'<article class="sw-card sw-figure" data-words="{escape(json.dumps(words))}">'
        f'<div class="sw-card-still">{picture_html}</div>'
        f'<p class="sw-card-title"><a href="{address}">{node["title"]}</a></p>'
        f"<p>{facts['claim'] or node['intro']}</p>"
        f"{marks_html(facts)}</article>"
    )
    raise nodes.SkipNode


def _toggle(word: str, label: str, mark: str) -> str:
    return (
        f'<button type="button" class="{mark}" data-word="{escape(word)}" aria-pressed="false">'
        f"{escape(label)}</button>"
    )


def _visit_filter(translator: Any, node: card_filter) -> None:
    cards = _cards(translator.builder.env).values()
    kinds = [kind for kind in _KINDS if any(kind in c["kinds"] for c in cards)]
    tags = sorted({tag for c in cards for tag in c["tags"]}, key=str.casefold)
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


# --- builds


def outdated(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Write pages with cards again if what any card says has changed."""
    said = json.dumps(_cards(env), sort_keys=True)
    if env.__dict__.get("swarm_cards_said") == said:
        return []
    env.__dict__["swarm_cards_said"] = said
    pages: set[str] = env.__dict__.get("swarm_card_pages", set())
    return sorted(pages & env.found_docs)


def forget(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    """Forget a page that is gone or about to be read again."""
    _cards(env).pop(docname, None)
    env.__dict__.setdefault("swarm_card_pages", set()).discard(docname)


def merge(app: Sphinx, env: BuildEnvironment, names: Any, other: Any) -> None:
    """Take over what a parallel worker read."""
    _cards(env).update({n: c for n, c in _cards(other).items() if n in names})
    pages = env.__dict__.setdefault("swarm_card_pages", set())
    pages |= other.__dict__.get("swarm_card_pages", set()) & set(names)


def setup(app: Sphinx) -> None:
    """Register the nodes and what keeps them right."""
    other = (_skip, None)
    app.add_node(card, html=(_visit_card, None), text=other, latex=other, man=other, texinfo=other)
    app.add_node(
        card_filter, html=(_visit_filter, None), text=other, latex=other, man=other, texinfo=other
    )
    app.add_directive("swarm-cards", Cards)
    app.connect("doctree-read", note_page, priority=350)  # while the page is as its author left it
    app.connect("doctree-read", take_over)
    app.connect("env-updated", outdated)
    app.connect("env-purge-doc", forget)
    app.connect("env-merge-info", merge)
