"""The directives that put a picture on a page."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective

from ._media import publish_figure, publish_movie
from ._nodes import picture_node, store_of
from ._problems import report
from ._shown import Picture, read_picture

__all__ = ["has_run", "setup"]


class _ShowFile(SphinxDirective):
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
            shown = self.publish(store_of(self.config))
        except (OSError, ValueError, TypeError) as error:
            report(self.env, self.env.docname, f"{self.name}: {error}", self.get_location())
            return []
        if alt := self.options.get("alt"):
            shown = replace(shown, alt=alt)
        return [picture_node(shown, self.parse_content_to_nodes() if self.content else None)]

    def path(self, name: str) -> Path:
        relative, absolute = self.env.relfn2path(name)
        self.env.note_dependency(relative)
        return Path(absolute)

    def is_ready(self) -> bool:
        return True

    def publish(self, store: Path) -> Picture:
        raise NotImplementedError


class ShowMovie(_ShowFile):
    """``movie``: show a movie file; the content is its caption."""

    def publish(self, store: Path) -> Picture:
        path = self.path(self.arguments[0])
        sibling = path.with_name(f"{path.stem}.dark{path.suffix}")
        named = self.options.get("dark")
        dark = self.path(named) if named else sibling if sibling.is_file() else None
        return publish_movie(
            path, store, dark=dark,
            title=self.options.get("title", ""), frame=self.options.get("poster"),
        )  # fmt: skip


class ShowFigure(_ShowFile):
    """``plotly-figure``: show a figure saved with ``figure.write_json``."""

    def publish(self, store: Path) -> Picture:
        import plotly.io

        figure = plotly.io.read_json(self.path(self.arguments[0]))
        return publish_figure(figure, store, alt=self.options.get("alt", ""))


class PictureOf(_ShowFile):
    """``picture-of``: show again what a gallery page shows, ``/auto_gallery/page 2``."""

    def is_ready(self) -> bool:
        return has_run(self.env, self.env.relfn2path(self.arguments[0].split()[0])[0])

    def publish(self, store: Path) -> Picture:
        page, _, number = self.arguments[0].strip().partition(" ")
        path = Path(self.env.relfn2path(page + ".rst")[1])
        self.env.note_dependency(os.fspath(path))
        keys = published_on(path.read_text("utf-8"))
        index = int(number or 1)
        if not 1 <= index <= len(keys):
            raise ValueError(f"{page} shows {len(keys)} pictures, so there is no number {index}")
        return read_picture(keys[index - 1], store)


def has_run(env: BuildEnvironment, docname: str) -> bool:
    """Say whether a page's script has run: not if it failed, or if this build runs another."""
    script = Path(env.srcdir, docname + ".py")
    return not script.exists() or script.with_name(script.name + ".md5").exists()


class Published(SphinxDirective):
    """``swarm-published``: what a gallery block showed; written by the scraper."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        return [picture_node(read_picture(self.arguments[0], store_of(self.config)))]


class ShowPair(SphinxDirective):
    """``pair``: its pictures side by side, one below the other where it is narrow."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        children = self.parse_content_to_nodes()
        return [nodes.container("", *children, classes=["sw-pair"])]


def published_on(rst: str) -> list[str]:
    """Return the keys of what a gallery page's source shows, in order."""
    mark = ".. swarm-published::"
    return [line.split("::", 1)[1].strip() for line in rst.splitlines() if mark in line]


def setup(app: Sphinx) -> None:
    """Register the directives."""
    for name, directive in {
        "movie": ShowMovie, "plotly-figure": ShowFigure, "picture-of": PictureOf,
        "pair": ShowPair, "swarm-published": Published,
    }.items():  # fmt: skip
        app.add_directive(name, directive)
