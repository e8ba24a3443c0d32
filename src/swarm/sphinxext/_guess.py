"""A question before a surprise: the reader chooses an answer, and then sees the right one."""

from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from ._problems import report
from ._state import page_of

__all__ = ["setup"]


class guess(nodes.General, nodes.Element):
    """A question, a list of answers, and an `answer`; ``right`` is the right one's number."""


class answer(nodes.General, nodes.Element):
    """Which answer is right, and why: folded away until the reader has guessed."""


class Guess(SphinxDirective):
    """``guess``: ask, offer the answers of a bullet list, and tell after a choice.

    What follows the list explains the right answer, of which ``:right:`` is the number.
    """

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {"right": directives.positive_int}

    def run(self) -> list[nodes.Node]:
        content = self.parse_content_to_nodes() if self.content else []
        offered = content[0] if content else nodes.paragraph()
        count = len(offered.children) if isinstance(offered, nodes.bullet_list) else 0
        right = self.options.get("right", 0)
        if count < 2 or not 1 <= right <= count:
            message = (
                f"guess: its content must begin with a bullet list of two answers or more, and "
                f":right: must be the number of one of them; got {count} answers and {right}"
            )
            report(self.env, self.env.docname, message, self.get_location())
            return []
        question, messages = self.parse_inline(self.arguments[0])
        asked = nodes.paragraph("", "", nodes.strong("", "Guess first. "), *question)
        assert isinstance(offered, nodes.bullet_list)
        offered["classes"].append("sw-guess-offered")
        told = nodes.paragraph("", "", nodes.strong("", "Answer: "), *_words(offered[right - 1]))
        node = guess("", asked, offered, answer("", told, *content[1:]), right=right)
        self.set_source_info(node)
        page_of(self.env).guesses = True
        return [node, *messages]


def _words(item: nodes.Node) -> list[nodes.Node]:
    """Return a copy of what an item of a list says."""
    return [word.deepcopy() for part in item for word in part.children]


def _visit_guess(translator: Any, node: guess) -> None:
    translator.body.append(f'<div class="sw-guess" data-right="{node["right"]}">\n')


def _visit_answer(translator: Any, node: answer) -> None:
    translator.body.append('<details class="sw-guess-answer"><summary>Show the answer</summary>\n')


def _depart_guess(translator: Any, node: guess) -> None:
    translator.body.append("</div>\n")


def _depart_answer(translator: Any, node: answer) -> None:
    translator.body.append("</details>\n")


def _pass(translator: Any, node: nodes.Element) -> None:
    """Write the children and nothing else: paper hides no answer."""


def setup(app: Sphinx) -> None:
    """Register the directive."""
    app.add_directive("guess", Guess)
    on_paper: Any = dict.fromkeys(("text", "latex", "man", "texinfo"), (_pass, _pass))
    app.add_node(guess, html=(_visit_guess, _depart_guess), **on_paper)
    app.add_node(answer, html=(_visit_answer, _depart_answer), **on_paper)
