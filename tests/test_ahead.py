"""Notebooks that are executed beside the gallery's scripts."""

import subprocess
import sys

import pytest

pytest.importorskip("myst_nb", reason="needs the docs group")

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
    """Build a site of one notebook, in a process of its own: myst-nb settles in Sphinx."""
    docs, runs = folder / "docs", folder / "runs"
    docs.mkdir(exist_ok=True)
    (docs / "conf.py").write_text(CONF.format(runs=str(runs)))
    (docs / "index.md").write_text(NOTEBOOK.format(runs=str(runs), expression=expression))
    command = [sys.executable, "-m", "sphinx", "-q", "-b", "html", str(docs), str(folder / "html")]
    return subprocess.run(command, capture_output=True, text=True)


def test_notebook_is_executed_once_while_scripts_run(tmp_path):
    for _ in range(2):  # the second time nothing has changed
        done = build(tmp_path, "6 * 7")
        assert (done.returncode, done.stderr) == (0, "")
        assert "answer 42" in (tmp_path / "html/index.html").read_text()
        assert (tmp_path / "runs").read_text() == "ran "


def test_failing_notebook_is_reported_when_its_page_is_read(tmp_path):
    done = build(tmp_path, "6 / 0")
    assert done.returncode != 0
    assert "index: a cell of the notebook failed" in done.stderr
    assert "ZeroDivisionError" in done.stderr
