"""A small site with a picture of each kind, in any theme and with any builder."""

import io
import re

import matplotlib as mpl
import pytest

CONF = """
extensions = ["sphinx_gallery.gen_gallery", "myst_nb", "swarm.sphinxext"]
project, author, version, copyright = "Bees", "Us", "1", "us"
swarm_cache = "../cache"
html_theme = {theme!r}
html_math_renderer = "mathml"
numfig = True
epub_show_urls = "no"
nb_execution_mode = "cache"
sphinx_gallery_conf = {{
    "examples_dirs": "../gallery", "gallery_dirs": "auto_gallery", "css": (),
    "filename_pattern": r"\\.py$", "image_scrapers": ("swarm.sphinxext.scraper",),
    "reset_modules": ("swarm.sphinxext.reset",), "min_reported_time": 1e9,
}}
{settings}
"""
SCRIPT = '''"""
A bowl
======

It has one lowest point. And more.
"""
# sphinx_gallery_tags = ["bowl"]
import numpy as np
import plotly.graph_objects as go

x = np.linspace(-2, 2, 20)
figure = go.Figure(go.Surface(z=x[:, None] ** 2 + x**2))
figure.update_layout(title="A bowl", meta={"caption": "A bowl of points.", "alt": "A bowl."})
figure

# %%
# A movie.

from swarm import animator, player

data = np.sin(6 * x) * np.linspace(0, 1, 12)[:, None] + np.zeros((5, 12, 20))
plot = animator.LineSwarm.auto_range(x, data)
animator.swarm_animate([plot], "film.mp4", size=(320, 240), dark=True)

# %%
# A player with a knob.

hive = [{"rate": rate, "ypred": rate * data} for rate in (0.5, 1.0)]
player.hive(hive, "rate", x=x, title="Five bees", caption="They learn a sine.")

# %%
# A pair of which the second has no still.

number = go.Figure(go.Indicator(value=42), layout={"title": {"text": "A number"}})
[figure, number]
'''
NOTEBOOK = """---
file_format: mystnb
kernelspec:
  name: python3
---

# A notebook

It shows things.

```{code-cell} python
import matplotlib.pyplot as plt
figure, axes = plt.subplots()
_ = axes.plot([1, 3, 2])
_ = axes.set_title("A still")
figure
```

```{code-cell} python
import plotly.graph_objects as go
go.Figure(go.Scatter(y=[1, 3, 2]), layout={"title": {"text": "A line"}})
```
"""
HOME = """
Home
====

Words first, and :numref:`pic`.

.. swarm-cards::

   auto_gallery/bowl
   book

.. pair::

   .. picture-of:: /auto_gallery/bowl 1

   .. picture-of:: /book 1

      A *caption* of it.

.. picture-of:: /book 2
   :name: pic
   :width: 60%

.. toctree::

   auto_gallery/index
   book
"""


def pytest_collection_modifyitems(items):
    """Begin with what takes long, so that no worker is left alone with it at the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(scope="session")
def small_site(tmp_path_factory):
    """Build it: ``small_site("alabaster", "html")`` gives the folder and what the build said."""
    built = {}

    def make(theme="alabaster", builder="html", settings=""):
        if (theme, builder, settings) not in built:
            folder = tmp_path_factory.mktemp("site")
            built[theme, builder, settings] = _build(folder, theme, builder, settings)
        return built[theme, builder, settings]

    return make


def _build(folder, theme, builder, settings):
    from sphinx.application import Sphinx
    from sphinx.util.docutils import docutils_namespace

    for name in ("docs", "gallery"):
        (folder / name).mkdir()
    (folder / "gallery" / "GALLERY_HEADER.rst").write_text("Gallery\n=======\n\nWords.\n")
    (folder / "gallery" / "bowl.py").write_text(SCRIPT)
    (folder / "docs" / "conf.py").write_text(CONF.format(theme=theme, settings=settings))
    (folder / "docs" / "book.md").write_text(NOTEBOOK)
    (folder / "docs" / "index.rst").write_text(HOME)
    said = io.StringIO()
    folders = [folder / name for name in ("docs", "docs", builder, "doctrees")]
    with docutils_namespace(), mpl.rc_context():
        app = Sphinx(*folders, builder, status=None, warning=said)
        app.build()
    words = re.sub(r"\x1b\[[\d;]+m", "", said.getvalue())
    assert not app.statuscode, words
    return folder / builder, words
