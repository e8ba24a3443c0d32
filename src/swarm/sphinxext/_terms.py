"""Words of the site's glossary link to it, where a page first uses them."""

import re
from collections.abc import Iterator

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

from ._nodes import picture

__all__ = ["setup"]

_log = logging.getLogger(__name__)

_NOT_PROSE = (
    nodes.FixedTextElement, nodes.reference, nodes.literal, nodes.title, nodes.caption, nodes.term,
    nodes.table, nodes.math, nodes.raw, nodes.footnote, nodes.citation, addnodes.desc,
    addnodes.pending_xref, addnodes.download_reference, addnodes.toctree, picture,
)  # fmt: skip


def _places(env: BuildEnvironment, terms: list[str]) -> dict[str, tuple[str, str]]:
    """Return the page and the id of each term that the glossary has."""
    objects = env.domains.standard_domain.objects
    return {term: objects["term", term] for term in terms if ("term", term) in objects}


def _prose(doctree: nodes.document) -> Iterator[nodes.Text]:
    for text in doctree.findall(nodes.Text):
        above = list(_ancestors(text))
        if any(isinstance(node, nodes.paragraph) for node in above) and not any(
            isinstance(node, _NOT_PROSE) or "sw-guess-offered" in node["classes"] for node in above
        ):
            yield text


def _ancestors(node: nodes.Node) -> Iterator[nodes.Element]:
    while (node := node.parent) is not None:
        yield node


def link_terms(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Link the first use of each term on a page, but on the glossary's own."""
    for term, (home, uid) in _places(app.env, app.config.swarm_terms).items():
        if home == docname:
            continue
        word = re.compile(rf"(?<![\w-]){re.escape(term)}(?:s|es)?(?![\w-])", re.IGNORECASE)
        for text in _prose(doctree):
            found = word.search(text.astext())
            if found is None:
                continue
            address = f"{app.builder.get_relative_uri(docname, home)}#{uid}"
            link = nodes.reference(
                "", found[0], refuri=address, internal=True, classes=["sw-term"]
            )
            before, after = text[: found.start()], text[found.end() :]
            parts = [nodes.Text(before), link, nodes.Text(after)]
            text.parent.replace(text, [part for part in parts if part.astext()])
            break


def note_terms(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Write all pages again where a term has come, gone or moved; name those that are missing."""
    terms = app.config.swarm_terms
    places = _places(env, terms)
    for term in terms:
        if term not in places:
            _log.warning("swarm_terms: there is no %r in a glossary", term, type="swarm")
    before, env.__dict__["swarm_terms"] = env.__dict__.get("swarm_terms"), places
    return sorted(env.found_docs) if before is not None and before != places else []


def setup(app: Sphinx) -> None:
    """Register the setting, and what it asks for."""
    app.add_config_value("swarm_terms", [], "env", list)
    app.connect("env-updated", note_terms)
    app.connect("doctree-resolved", link_terms)
