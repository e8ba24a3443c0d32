"""What a build takes away from the site before it writes it anew."""

import io

import pytest

sphinx_app = pytest.importorskip("sphinx.application", reason="needs the docs group")
from sphinx.util.docutils import docutils_namespace  # noqa: E402

BRINGER = """
from pathlib import Path

def bring(app, config):
    static = Path(app.outdir, "_static")
    static.mkdir(parents=True, exist_ok=True)
    (static / "brought.js").write_text("1")
    app.add_js_file("brought.js")

def setup(app):
    app.connect("config-inited", bring)
"""


def test_what_another_extension_puts_into_the_site_stays_there(tmp_path):
    docs, html = tmp_path / "docs", tmp_path / "html"
    docs.mkdir()
    (tmp_path / "bringer_of_scripts.py").write_text(BRINGER)
    (docs / "conf.py").write_text(
        "import sys\n"
        f"sys.path.insert(0, {str(tmp_path)!r})\n"
        'extensions = ["swarm.sphinxext", "bringer_of_scripts"]\n'
    )
    for words in ("Words.", "Other words."):
        (docs / "index.rst").write_text(f"Home\n====\n\n{words}\n")
        said = io.StringIO()
        with docutils_namespace():
            app = sphinx_app.Sphinx(
                docs, docs, html, tmp_path / "trees", "html", status=None, warning=said
            )
            app.build()
        assert said.getvalue() == ""
        assert (html / "_static" / "brought.js").read_text() == "1"
        page = (html / "index.html").read_text("utf-8")
        assert "_static/brought.js" in page
        assert words in page
