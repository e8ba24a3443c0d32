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

from ._inputs import ask_for
from ._media import publish_figure, publish_file
from ._nodes import picture_node, store_of
from ._problems import report
from ._shown import Picture, read_picture

__all__ = ["OPTIONS", "ShowPicture", "has_run", "setup"]


OPTIONS: dict[str, Any] = {
    "name": directives.unchanged,
    "width": lambda argument: directives.length_or_percentage_or_unitless(argument, "px"),
}
"""Of every directive that shows a picture."""


class ShowPicture(SphinxDirective):
    """What all of these share: a name, a width, and the content as caption."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec: ClassVar[dict[str, Any]] = OPTIONS

    def run(self) -> list[nodes.Node]:
        try:
            node = self.place(self.parse_content_to_nodes() if self.content else [])
        except (OSError, ValueError, TypeError) as error:
            report(self.env, self.env.docname, f"{self.name}: {error}", self.get_location())
            return []
        if node is None:
            return []
        node["width"] = self.options.get("width", "")
        self.set_source_info(node)
        self.add_name(node)
        return [node]

    def place(self, caption: list[nodes.Node]) -> nodes.Element | None:
        """Return the picture's node, or nothing where there is none to show."""
        raise NotImplementedError


class _ShowFile(ShowPicture):
    """Shared by `movie` and `plotly-figure`."""

    option_spec: ClassVar[dict[str, Any]] = {
        **OPTIONS,
        "alt": directives.unchanged,
        "dark": directives.unchanged_required,
        "poster": directives.nonnegative_int,
        "title": directives.unchanged,
    }

    def place(self, caption: list[nodes.Node]) -> nodes.Element:
        shown = self.publish(store_of(self.config))
        if alt := self.options.get("alt"):
            shown = replace(shown, alt=alt)
        return picture_node(shown, caption, is_named="name" in self.options)

    def path(self, name: str) -> Path:
        relative, absolute = self.env.relfn2path(name)
        self.env.note_dependency(relative)
        return Path(absolute)

    def publish(self, store: Path) -> Picture:
        raise NotImplementedError


class ShowMovie(_ShowFile):
    """``movie``: show a movie file, or an image file; the content is its caption."""

    def publish(self, store: Path) -> Picture:
        path = self.path(self.arguments[0])
        sibling = path.with_name(f"{path.stem}.dark{path.suffix}")
        ask_for(self.env, sibling)
        named = self.options.get("dark")
        dark = self.path(named) if named else sibling if sibling.is_file() else None
        if dark is not None:
            self.env.note_dependency(os.fspath(dark))
        return publish_file(
            path, store, dark=dark,
            title=self.options.get("title", ""), frame=self.options.get("poster"),
        )  # fmt: skip


class ShowFigure(_ShowFile):
    """``plotly-figure``: show a figure saved with ``figure.write_json``."""

    def publish(self, store: Path) -> Picture:
        import plotly.io

        figure = plotly.io.read_json(self.path(self.arguments[0]))
        return publish_figure(figure, store, alt=self.options.get("alt", ""))


def has_run(env: BuildEnvironment, docname: str) -> bool:
    """Say whether a page's code has run: not if it failed, or if this build leaves it out."""
    script = Path(env.srcdir, docname + ".py")
    if script.exists():
        return script.with_name(script.name + ".md5").exists()
    is_notebook = docname in env.__dict__.get("nb_metadata", {})  # myst-nb's
    return not is_notebook or env.config.nb_execution_mode != "off"


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
        "movie": ShowMovie, "plotly-figure": ShowFigure, "pair": ShowPair,
        "swarm-published": Published,
    }.items():  # fmt: skip
        app.add_directive(name, directive)
