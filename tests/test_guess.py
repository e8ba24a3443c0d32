"""The question that a page asks before its surprise, on every kind of page."""

import io
from html.parser import HTMLParser

import pytest

sphinx_app = pytest.importorskip("sphinx.application", reason="needs the docs group")
from sphinx.util.docutils import docutils_namespace  # noqa: E402

PAGE = """\
Home
====

.. guess:: How many of the *ten* learn?
   :right: 2

   - None.
   - All of **them**.
   - It depends on :math:`\\eta`.

   For the step is small.

More words.
"""


def build(folder, page=PAGE, builder="html"):
    """Build a site of one page; return what was written, and what was said."""
    docs = folder / "docs"
    docs.mkdir(exist_ok=True)
    (docs / "conf.py").write_text('extensions = ["swarm.sphinxext"]\nproject = "x"\n')
    (docs / "index.rst").write_text(page)
    said = io.StringIO()
    with docutils_namespace():
        app = sphinx_app.Sphinx(
            docs, docs, folder / builder, folder / "trees", builder, status=None, warning=said
        )
        app.build()
    return folder / builder, said.getvalue(), app.statuscode


class Tags(HTMLParser):
    """The tags of a page, with their attributes, and the words within each class."""

    def __init__(self, text):
        super().__init__()
        self.tags = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


def test_a_page_asks_offers_and_folds_the_answer_away(tmp_path):
    site, said, _ = build(tmp_path)
    assert "WARNING" not in said
    html = (site / "index.html").read_text("utf-8")
    (asked,) = [attrs for _, attrs in Tags(html).tags if attrs.get("class") == "sw-guess"]
    assert asked["data-right"] == "2"
    question, _, rest = html.partition('<div class="sw-guess"')[2].partition("<ul")
    assert "<em>ten</em> learn?" in question
    offered, _, rest = rest.partition("</ul>")
    assert offered.count("<li>") == 3
    answer, _, after = rest.partition("</details>")
    assert "<details" in answer
    assert " open" not in answer
    assert "Answer: </strong>All of <strong>them</strong>." in answer
    assert "For the step is small." in answer
    assert "More words." in after
    for name in ("guess.js", "guess.css"):
        assert (site / "_static" / name).is_file()
        assert f"_static/{name}" in html
    assert "_static/swarm.js" not in html


def test_a_page_without_a_question_loads_nothing_for_it(tmp_path):
    site, _, _ = build(tmp_path, "Home\n====\n\nWords.\n")
    assert "guess" not in (site / "index.html").read_text("utf-8")
    assert not (site / "_static" / "guess.js").exists()


@pytest.mark.parametrize(("builder", "file"), [("text", "index.txt"), ("latex", "x.tex")])
def test_paper_shows_the_question_the_answers_and_the_right_one(tmp_path, builder, file):
    site, said, _ = build(tmp_path, builder=builder)
    assert "WARNING" not in said
    text = (site / file).read_text("utf-8")
    places = [text.index(words) for words in ("learn?", "None.", "Answer:", "step is small")]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("   :right: 4\n\n   - a\n   - b\n\n   why", "2 answers and 4"),
        ("   :right: 1\n\n   - a\n\n   why", "1 answers and 1"),
        ("\n   - a\n   - b\n\n   why", "2 answers and 0"),
        ("   :right: 1\n\n   why", "0 answers and 1"),
        ("", "0 answers and 0"),
    ],
)
def test_a_question_without_answers_is_a_problem_of_its_page(tmp_path, content, found):
    _, said, status = build(tmp_path, f"Home\n====\n\n.. guess:: Why?\n{content}\n")
    assert f"got {found}" in said
    assert status != 0
