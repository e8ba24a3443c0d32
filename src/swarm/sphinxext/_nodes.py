"""The document node of a picture, the directives that make one, and what a page must carry."""

import os
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx.util.osutil import relative_uri

from . import _media as media
from . import _problems as problems
from ._markup import figure_html, picture_files

__all__ = [
    "files_of",
    "has_run",
    "media_url",
    "picture",
    "picture_node",
    "pictures",
    "setup",
    "store_of",
]

MEDIA_FOLDER = "_media"
_log = logging.getLogger(__name__)


class picture(nodes.General, nodes.Element):
    """A movie, figure or player on a page; its children are the caption."""


class picture_words(nodes.Invisible, nodes.Element):
    """What a picture shows, in words that the search index reads and no writer writes."""


def store_of(config: Any) -> Path:
    """Return the folder that holds what was published."""
    return Path(config.swarm_cache) / "media"


def picture_node(spec: dict[str, Any], caption: list[nodes.Node] | None = None) -> nodes.Element:
    """Return the node that shows a published picture, or a pair of them side by side."""
    if spec["kind"] == "pair":
        return nodes.container("", *map(picture_node, spec["items"]), classes=["sw-pair"])
    has_own = spec["kind"] == "player"  # writes its caption itself
    words = [nodes.inline("", spec["caption"])] if spec["caption"] and not has_own else []
    return picture("", *(caption or words), spec=spec)


# --- writing


def media_url(builder: Any, docname: str) -> Any:
    """Return what turns the name of a media file into its address seen from a page."""
    here = builder.get_target_uri(docname)
    return lambda name: relative_uri(here, f"{MEDIA_FOLDER}/") + name


def _visit_html(translator: Any, node: picture) -> None:
    url = media_url(translator.builder, translator.builder.current_docname)
    before, after = figure_html(node["spec"], node["ids"][0], url)
    translator.body.append(before)
    translator.context.append(after)


def _depart_html(translator: Any, node: picture) -> None:
    translator.body.append(translator.context.pop())


def _visit_text(translator: Any, node: picture) -> None:
    translator.add_text(f"[{node['spec']['alt']}]") if hasattr(translator, "add_text") else None


def _depart_text(translator: Any, node: picture) -> None:
    pass


def _skip(translator: Any, node: picture_words) -> None:
    raise nodes.SkipNode


# --- directives


class _Picture(SphinxDirective):
    """Shared by `movie` and `plotly-figure`: a file, or the n-th picture of a gallery page."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {
        "alt": directives.unchanged,
        "dark": directives.unchanged_required,
        "poster": directives.nonnegative_int,
        "title": directives.unchanged,
    }

    def run(self) -> list[nodes.Node]:
        if not self.is_ready():
            return []
        try:
            spec = self.spec(self.store)
        except (OSError, ValueError, TypeError) as error:
            problems.report(
                self.env, self.env.docname, f"{self.name}: {error}", self.get_location()
            )
            return []
        if alt := self.options.get("alt"):
            spec = {**spec, "alt": alt}
        return [picture_node(spec, self.parse_content_to_nodes() if self.content else None)]

    @property
    def store(self) -> Path:
        return store_of(self.config)

    def path(self, name: str) -> Path:
        relative, absolute = self.env.relfn2path(name)
        self.env.note_dependency(relative)
        return Path(absolute)

    def is_ready(self) -> bool:
        return True

    def spec(self, store: Path) -> dict[str, Any]:
        raise NotImplementedError


class Movie(_Picture):
    """``movie``: show a movie file; the content is its caption."""

    def spec(self, store: Path) -> dict[str, Any]:
        path = self.path(self.arguments[0])
        sibling = path.with_name(f"{path.stem}.dark{path.suffix}")
        named = self.options.get("dark")
        dark = self.path(named) if named else sibling if sibling.is_file() else None
        return media.publish_movie(
            path, store, dark=dark,
            title=self.options.get("title", ""), frame=self.options.get("poster"),
        )  # fmt: skip


class PlotlyFigure(_Picture):
    """``plotly-figure``: show a figure saved with ``figure.write_json``."""

    def spec(self, store: Path) -> dict[str, Any]:
        import plotly.io

        figure = plotly.io.read_json(self.path(self.arguments[0]))
        return media.publish_figure(figure, store, alt=self.options.get("alt", ""))


class PictureOf(_Picture):
    """``picture-of``: show again what a gallery page shows, ``/auto_gallery/page 2``."""

    def is_ready(self) -> bool:
        return has_run(self.env, self.env.relfn2path(self.arguments[0].split()[0])[0])

    def spec(self, store: Path) -> dict[str, Any]:
        page, _, number = self.arguments[0].strip().partition(" ")
        path = Path(self.env.relfn2path(page + ".rst")[1])
        self.env.note_dependency(os.fspath(path))
        keys = published_on(path.read_text("utf-8"))
        index = int(number or 1)
        if not 1 <= index <= len(keys):
            raise ValueError(f"{page} shows {len(keys)} pictures, so there is no number {index}")
        return media.read_spec(keys[index - 1], store)


def has_run(env: BuildEnvironment, docname: str) -> bool:
    """Say whether a page's script has run: not if it failed, or if this build runs another."""
    script = Path(env.srcdir, docname + ".py")
    return not script.exists() or script.with_name(script.name + ".md5").exists()


class Published(SphinxDirective):
    """``swarm-published``: what a gallery block showed; written by the scraper."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        return [picture_node(media.read_spec(self.arguments[0], store_of(self.config)))]


class Pair(SphinxDirective):
    """``pair``: its pictures side by side, one below the other where it is narrow."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        children = self.parse_content_to_nodes()
        return [nodes.container("", *children, classes=["sw-pair"])]


def published_on(rst: str) -> list[str]:
    """Return the keys of what a gallery page's source shows, in order."""
    mark = ".. swarm-published::"
    return [line.split("::", 1)[1].strip() for line in rst.splitlines() if mark in line]


# --- what each page shows, kept over builds


def name_pictures(app: Sphinx, doctree: nodes.document) -> None:
    """Give each picture of a page an id, and the search index its title and its words."""
    for number, node in enumerate(list(doctree.findall(picture)), 1):
        spec, uid = node["spec"], f"picture-{number}"
        node["ids"] = [uid]
        title = [nodes.title("", spec["title"])] if spec["title"] else []
        text = " ".join(words for words in (spec["alt"], spec["caption"]) if words)
        node += picture_words("", *title, nodes.inline("", text), ids=[uid])


def note_pictures(app: Sphinx, doctree: nodes.document) -> None:
    """Remember what a page shows: its files must go to the site, its assets into its head."""
    env = app.env
    pages = env.__dict__.setdefault("swarm_pictures", {})
    specs = [node["spec"] for node in doctree.findall(picture)]
    for spec in specs:
        for note in media.notes_on(spec):
            _log.info("%s: figure %r %s", env.docname, spec["title"], note)
    if specs:
        pages[env.docname] = specs
    else:
        pages.pop(env.docname, None)


def forget_pictures(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    """Forget a page that is gone or about to be read again."""
    env.__dict__.get("swarm_pictures", {}).pop(docname, None)


def merge_pictures(app: Sphinx, env: BuildEnvironment, names: Any, other: Any) -> None:
    """Take over what a parallel worker read."""
    found = other.__dict__.get("swarm_pictures", {})
    pages = env.__dict__.setdefault("swarm_pictures", {})
    pages.update({name: found[name] for name in names if name in found})


def pictures(env: BuildEnvironment) -> dict[str, list[dict[str, Any]]]:
    """Return ``{page: specs of its pictures}``."""
    found: dict[str, list[dict[str, Any]]] = env.__dict__.get("swarm_pictures", {})
    return found


def kinds_on(env: BuildEnvironment, page: str) -> set[str]:
    """Return the kinds of the pictures on a page."""
    return {spec["kind"] for spec in pictures(env).get(page, ())}


def all_specs(env: BuildEnvironment) -> list[dict[str, Any]]:
    """Return the specs of all pictures of the site."""
    return [spec for page in sorted(pictures(env)) for spec in pictures(env)[page]]


def files_of(env: BuildEnvironment) -> set[str]:
    """Return the names of all media files that the site's pages need."""
    return {name for spec in all_specs(env) for name in picture_files(spec)}


def setup(app: Sphinx) -> None:
    """Register the node and the directives."""
    text = (_visit_text, _depart_text)
    app.add_node(
        picture, html=(_visit_html, _depart_html), text=text, latex=text, man=text, texinfo=text
    )
    skip = (_skip, None)
    app.add_node(picture_words, html=skip, text=skip, latex=skip, man=skip, texinfo=skip)
    for name, directive in {
        "movie": Movie, "plotly-figure": PlotlyFigure, "picture-of": PictureOf,
        "pair": Pair, "swarm-published": Published,
    }.items():  # fmt: skip
        app.add_directive(name, directive)
    app.connect("doctree-read", name_pictures)
    app.connect("doctree-read", note_pictures)
    app.connect("env-purge-doc", forget_pictures)
    app.connect("env-merge-info", merge_pictures)
