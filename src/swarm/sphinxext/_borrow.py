"""Pictures that a page borrows from another: given to it once all pages are read.

The other page may be a notebook that is read, and run, later. Until then a node holds the
place, with its name, so that it is counted and can be referred to like any other picture.
"""

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from ._directives import ShowPicture, has_run
from ._nodes import introduce, note_pictures, numbered_picture, picture, picture_node
from ._problems import report
from ._shown import Pair
from ._state import page_of, pages

__all__ = ["setup"]


class PictureOf(ShowPicture):
    """``picture-of``: show again what another page shows, ``/auto_gallery/page 2``."""

    def place(self, caption: list[nodes.Node]) -> nodes.Element | None:
        """Hold the place of the picture."""
        page, _, number = self.arguments[0].strip().partition(" ")
        docname = self.env.relfn2path(page)[0]
        if docname not in self.env.found_docs:
            raise ValueError(f"there is no page {page}")
        if number and not number.strip().isdecimal():
            raise ValueError(f"{number.strip()!r} is not the number of a picture of {page}")
        known = page_of(self.env)
        known.borrows.add(docname)
        known.waits = True
        cls = numbered_picture if caption or "name" in self.options else picture
        return cls("", *caption, shown=None, lender=docname, of=int(number or 1))


def read_borrowers(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    """Read pages again that show what pages show which are about to be read."""
    read = set(docnames)
    more = [name for name, page in pages(env).items() if page.borrows & read and name not in read]
    docnames += sorted(name for name in more if name in env.found_docs)


def lend(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Give pages what they borrow, now that all are read."""
    waiting = sorted(name for name, page in pages(env).items() if page.waits)
    for docname in waiting:
        doctree = env.get_doctree(docname)
        for node in [n for n in doctree.findall(picture) if n["shown"] is None]:
            _fill(env, docname, doctree, node)
        note_pictures(env, docname, doctree)
        page_of(env, docname).waits = False
        app.builder.write_doctree(docname, doctree)
        env._pickled_doctree_cache.pop(docname, None)  # has it as it was
    return waiting


def _fill(env: Any, docname: str, doctree: nodes.document, place: picture) -> None:
    page, number = place["lender"], place["of"]
    own = page_of(env, page).own
    if not 1 <= number <= len(own):
        if own or has_run(env, page):
            message = f"picture-of: {page} shows {len(own)} pictures, so there is no number "
            report(env, docname, f"{message}{number}")
        place.parent.remove(place)
        return
    whole = own[number - 1]
    caption = [child.deepcopy() for child in place]
    if len(whole) > 1:
        shown = picture_node(Pair(items=tuple(whole)))
    else:
        is_named = isinstance(place, numbered_picture)
        shown = picture_node(whole[0], caption, is_named=is_named)
    for count, node in enumerate(list(shown.findall(picture))):
        suffix = f"-{count + 1}" if count else ""
        node["number"] = f"{place['number']}{suffix}"
        node["ids"] = [uid + suffix for uid in place["ids"]]
        node["names"] = [] if count else place["names"]
        node["width"] = place.get("width", "")
        introduce(env, docname, doctree, node)
    place.replace_self(shown)


def setup(app: Sphinx) -> None:
    """Register the directive."""
    app.add_directive("picture-of", PictureOf)
    app.connect("env-before-read-docs", read_borrowers)
    app.connect("env-updated", lend)
