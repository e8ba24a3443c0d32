"""Pictures where nothing moves: in EPUB and LaTeX a picture is its poster, with its caption."""

from pathlib import Path
from typing import Any

from docutils import nodes
from PIL import Image
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

from swarm._files import written_whole

from ._nodes import picture, store_of
from ._shown import Picture

__all__ = ["setup"]

WIDTH = 960


class PrintPictures(SphinxPostTransform):
    """Replace pictures by figures that a book can hold."""

    default_priority = 8  # before images are converted and collected
    builders = ("epub", "latex", "texinfo")

    def run(self, **kwargs: Any) -> None:
        """Do so on one page."""
        for node in list(self.document.findall(picture)):
            shown = node["shown"]
            words = [child for child in node.children if isinstance(child, nodes.TextElement)]
            if not words and (shown.caption or shown.title):
                words = [nodes.inline("", shown.caption or shown.title)]
            figure = nodes.figure("", ids=node["ids"])
            if shown.both:
                image = self._image(shown)
                if width := node.get("width"):
                    image["width"] = width
                figure += image
            if words:
                figure += nodes.caption("", "", *_inline(words))
            node.replace_self(figure)

    def _image(self, shown: Picture) -> nodes.image:
        store = store_of(self.config)
        path = store / shown.both["light"].file(WIDTH)
        if path.suffix == ".svg":
            return self._collected(path, shown, "image/svg+xml")
        png = path.with_suffix(".png")  # which all of them can show
        if not png.exists():
            with Image.open(path) as image, written_whole(png) as part:
                image.save(part, "PNG")
        return self._collected(png, shown, "*")

    def _collected(self, path: Path, shown: Picture, kind: str) -> nodes.image:
        self.env.images.add_file(self.env.docname, str(path))
        return nodes.image("", uri=str(path), candidates={kind: str(path)}, alt=shown.alt)


def _inline(words: list[nodes.Node]) -> list[nodes.Node]:
    """Return what paragraphs hold, for a caption is one."""
    found: list[nodes.Node] = []
    for node in words:
        found += node.children if isinstance(node, nodes.paragraph) else [node]
    return found


def setup(app: Sphinx) -> None:
    """Register the transform."""
    app.add_post_transform(PrintPictures)
