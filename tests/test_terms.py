"""Words of the glossary, linked where a page first uses them."""

import io
import re

import pytest

sphinx_app = pytest.importorskip("sphinx.application", reason="needs the docs group")
from sphinx.util.docutils import docutils_namespace  # noqa: E402

GLOSSARY = """\
Words
=====

.. glossary::

   bee
      One network. A bee flies.

   learning rate
      How long a step is.
"""
PAGE = """\
Bees and a learning rate
========================

Not a beehive, nor ``bee``, nor `bee <https://example.org>`_, nor a bee-line.

.. code-block:: text

   bee

.. guess:: Which bee?
   :right: 1

   - This bee.
   - That one.

Bees fly; a bee flies. The *Learning rate* is small, that learning rate.
"""


class Site:
    """A site of a glossary and a page."""

    def __init__(self, folder, terms=("bee", "learning rate")):
        self.folder, self.docs = folder, folder / "docs"
        self.docs.mkdir()
        self.terms(terms)
        self.write("words", GLOSSARY)
        self.write("page", PAGE)
        self.write("index", "Home\n====\n\nBees.\n\n.. toctree::\n\n   words\n   page\n")

    def terms(self, terms):
        settings = f'extensions = ["swarm.sphinxext"]\nswarm_terms = {list(terms)}\n'
        (self.docs / "conf.py").write_text(settings)

    def write(self, name, text):
        (self.docs / f"{name}.rst").write_text(text)

    def links(self, builder="html"):
        """Build; return where each page links which words to, and what was said."""
        said = io.StringIO()
        html, trees = self.folder / builder, self.folder / "trees"
        with docutils_namespace():
            app = sphinx_app.Sphinx(
                self.docs, self.docs, html, trees, builder, status=None, warning=said
            )
            app.build()
        link = re.compile(r'<a class="sw-term[^"]*" href="([^"]+)">([^<]+)</a>')
        pages = {page.stem: link.findall(page.read_text("utf-8")) for page in html.glob("*.html")}
        return pages, said.getvalue()


def test_a_page_links_the_first_use_of_each_term_in_its_prose(tmp_path):
    pages, said = Site(tmp_path).links()
    assert "WARNING" not in said
    bee, rate = "words.html#term-bee", "words.html#term-learning-rate"
    # An answer to choose from is no place for a link.
    assert pages["page"] == [(bee, "bee"), (rate, "Learning rate")]
    assert pages["index"] == [(bee, "Bees")]
    assert pages["words"] == []


def test_pages_follow_the_glossary(tmp_path):
    site = Site(tmp_path)
    site.links()
    site.write("words", GLOSSARY.replace("   bee\n", "   wasp\n"))
    pages, said = site.links()
    assert "there is no 'bee' in a glossary" in said
    assert pages["page"] == [("words.html#term-learning-rate", "Learning rate")]
    site.write("words", GLOSSARY)
    again, _ = site.links()
    assert again["page"][0] == ("words.html#term-bee", "bee")
    site.terms(["bee"])
    fewer, _ = site.links()
    assert fewer["page"] == [("words.html#term-bee", "bee")]


def test_without_the_setting_nothing_is_linked(tmp_path):
    pages, said = Site(tmp_path, terms=()).links()
    assert "WARNING" not in said
    assert not any(pages.values())
