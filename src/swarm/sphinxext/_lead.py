"""The lead of a page: its own picture, and what it found, on the first screen.

A script makes its pictures at the end, while a reader wants to see one first. So the
picture, and the table of `swarm.metrics.findings`, are taken from where the run shows
them to the place that the page names, each with its files and its name once.
"""

from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from ._cards import thumbnail_number
from ._directives import OPTIONS, has_run
from ._nodes import numbered_picture, picture, wholes
from ._problems import report
from ._shown import Still

__all__ = ["lead_of", "setup"]

FINDINGS = 'class="sw-findings"'


class lead(nodes.General, nodes.Element):
    """Stands where the lead goes, until the whole page is read."""


class LeadPicture(SphinxDirective):
    """``lead-picture``: show here the page's own picture, the n-th.

    By default the one that the script chose for its card, or else the first that moves.
    """

    optional_arguments = 1
    option_spec: ClassVar[dict[str, Any]] = OPTIONS

    def run(self) -> list[nodes.Node]:
        number = directives.positive_int(self.arguments[0]) if self.arguments else 0
        node = lead("", number=number, width=self.options.get("width", ""))
        self.set_source_info(node)
        self.add_name(node)
        return [node]


def lead_of(doctree: nodes.document) -> nodes.container | None:
    """Return the lead of a page, if it has one."""
    return next((c for c in doctree.findall(nodes.container) if "sw-top" in c["classes"]), None)


def place_lead(app: Sphinx, doctree: nodes.document) -> None:
    """Take the picture and the findings from below to where the page wants them."""
    for here in list(doctree.findall(lead)):
        shown = wholes(doctree)
        number = here["number"] or thumbnail_number(app.env, app.env.docname, doctree)
        if not shown or number > len(shown):
            if has_run(app.env, app.env.docname):
                message = f"lead-picture: the page shows {len(shown)} pictures, so there is no "
                message += f"number {number}" if number else "lead"
                report(app.env, app.env.docname, message)
            here.parent.remove(here)
            continue
        whole = shown[number - 1] if number else next(filter(_moves, shown), shown[0])
        for node in whole.findall(picture):
            node["leads"], node["width"] = True, here["width"]
        if here["names"]:
            whole = _named(whole, here)
        box = nodes.container(classes=["sw-top"], ids=["lead"])
        _leave_word(whole)
        box += whole
        for raw in [raw for raw in doctree.findall(nodes.raw) if FINDINGS in raw.astext()]:
            raw.parent.remove(raw)
            box += raw
        here.replace_self(box)


def _named(whole: nodes.Element, here: lead) -> nodes.Element:
    """Give the picture, or the first of a pair, the name that stands where it goes."""
    first = next(whole.findall(picture))
    named = numbered_picture("", *first.children, **first.attributes)
    named["names"], named["ids"] = list(here["names"]), list(here["ids"])
    first.replace_self(named)
    return named if whole is first else whole


def _moves(whole: nodes.Element) -> bool:
    return any(not isinstance(node["shown"], Still) for node in whole.findall(picture))


def _leave_word(whole: nodes.Element) -> None:
    """Say, where the picture was made, that it stands above."""
    link = nodes.reference("", "at the top of this page", refid="lead", internal=True)
    word = nodes.paragraph("", "Shown ", link, nodes.Text("."), classes=["sw-made-here"])
    whole.parent.replace(whole, word)


def setup(app: Sphinx) -> None:
    """Register the directive."""
    app.add_node(lead)
    app.add_directive("lead-picture", LeadPicture)
    # After cards have counted the pictures where the script made them, before ids are given.
    app.connect("doctree-read", place_lead, priority=380)
