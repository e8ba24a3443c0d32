"""Notebooks that are executed beside the gallery's scripts."""

import io

import pytest

sphinx_app = pytest.importorskip("sphinx.application", reason="needs the docs group")
pytest.importorskip("myst_nb", reason="needs the docs group")

from sphinx.errors import ExtensionError  # noqa: E402
from sphinx.util.docutils import docutils_namespace  # noqa: E402

# Building a site runs others' code, whose warnings are not ours to forbid.
pytestmark = pytest.mark.filterwarnings("default")

# In the place of a gallery's scripts: something that goes on until the notebook has run.
CONF = """
import pathlib, time

extensions = ["myst_nb", "swarm.sphinxext"]
html_theme = "basic"
nb_execution_mode = "cache"


def run_scripts(app):
    for _ in range(1200):
        if pathlib.Path({runs!r}).exists():
            return
        time.sleep(0.1)
    raise TimeoutError("the notebook was not run beside the scripts")


def setup(app):
    app.connect("builder-inited", run_scripts)
"""
NOTEBOOK = """---
file_format: mystnb
kernelspec: {{name: python3}}
---
# Page

```{{code-cell}}
with open({runs!r}, "a") as file:
    file.write("ran ")
print("answer", {expression})
```
"""


def build(folder, expression):
    """Build a site of one notebook; return its page, how often it ran, and the warnings."""
    docs, runs = folder / "docs", folder / "runs"
    docs.mkdir(exist_ok=True)
    (docs / "conf.py").write_text(CONF.format(runs=str(runs)))
    (docs / "index.md").write_text(NOTEBOOK.format(runs=str(runs), expression=expression))
    folders = [str(folder / name) for name in ("docs", "docs", "html", "doctrees")]
    warnings = io.StringIO()
    with docutils_namespace():
        sphinx_app.Sphinx(*folders, "html", status=None, warning=warnings).build()
    return (folder / "html/index.html").read_text(), runs.read_text(), warnings.getvalue()


def test_notebook_is_executed_once_while_scripts_run(tmp_path):
    page, runs, warnings = build(tmp_path, "6 * 7")
    assert "answer 42" in page
    assert runs == "ran "
    assert not warnings
    page, runs, _ = build(tmp_path, "6 * 7")  # nothing changed
    assert "answer 42" in page
    assert runs == "ran "


def test_failing_notebook_is_reported_when_its_page_is_read(tmp_path):
    with pytest.raises(ExtensionError, match=r"(?s)index: a cell .*ZeroDivisionError"):
        build(tmp_path, "6 / 0")
