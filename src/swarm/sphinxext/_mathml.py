"""Equations as MathML: no script, no font, no foreign server."""

from html import escape
from typing import Any

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

__all__ = ["inline_mathml", "setup"]

logger = logging.getLogger(__name__)


def _mathml(node: nodes.Element, as_block: bool) -> str:
    tex = node.astext()
    if as_block and "\\\\" in tex and "\\begin" not in tex:
        tex = "\\begin{aligned}" + tex + "\\end{aligned}"
    try:
        return "".join(str(tex2mathml(tex, as_block=as_block)).split("\n"))
    except (MathError, AttributeError, IndexError, ValueError) as error:
        logger.warning("cannot make MathML of %r: %s", tex, error, location=node)
        return f"<code>{escape(tex)}</code>"


def inline_mathml(node: nodes.math) -> str:
    """Return the MathML of an equation within a sentence."""
    return f'<span class="math">{_mathml(node, False)}</span>'


def _visit_inline(translator: Any, node: nodes.math) -> None:
    translator.body.append(inline_mathml(node))
    raise nodes.SkipNode


def _visit_block(translator: Any, node: nodes.math_block) -> None:
    number = ""
    if node.get("number"):
        shown = get_node_equation_number(translator, node)
        number = f'<span class="eqno">({shown})</span>'
        translator.add_permalink_ref(node, "Link to this equation")
    ids = f' id="{node["ids"][0]}"' if node.get("ids") else ""
    translator.body.append(f'<div class="math"{ids}>{number}{_mathml(node, True)}</div>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    """Offer the renderer ``html_math_renderer = "mathml"``."""
    app.add_html_math_renderer("mathml", (_visit_inline, None), (_visit_block, None))
