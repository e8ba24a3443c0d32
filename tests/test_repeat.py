"""A site comes out the same however it was built: after edits, and after builds were killed."""

import importlib.util
import random
import shutil
from pathlib import Path

import pytest

for module in ("sphinx_gallery", "myst_nb", "furo", "sphinx_sitemap"):
    pytest.importorskip(module, reason="needs the docs group")

_path = Path(__file__).parents[1] / "docs" / "_tools" / "repeat.py"
_spec = importlib.util.spec_from_file_location("repeat", _path)
repeat = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(repeat)

CONF = """
import os
os.environ.setdefault("SOURCE_DATE_EPOCH", "1767225600")
project = "Bees"
extensions = ["sphinx.ext.autodoc", "myst_nb", "sphinx_gallery.gen_gallery", "swarm.sphinxext",
              "sphinx_sitemap"]
exclude_patterns = ["auto_gallery/**/*.py", "api/generated/*", "sg_execution_times.rst",
                    "auto_gallery/**/sg_execution_times.rst"]
html_theme = "furo"
html_baseurl = "https://bees.example/"
html_static_path = ["_static"]
html_css_files = ["own.css"]
templates_path = ["_templates"]
html_math_renderer = "mathml"
suppress_warnings = ["config.cache"]
swarm_cache = "../build/cache"
swarm_sources = ["../src"]
swarm_repository = "bees/bees"
sphinx_gallery_conf = {
    "examples_dirs": "../gallery", "gallery_dirs": "auto_gallery", "css": (),
    "filename_pattern": r"\\.py$", "image_scrapers": ("swarm.sphinxext.scraper",),
    "reset_modules": ("swarm.sphinxext.reset",), "min_reported_time": 1e9,
    "write_computation_times": False, "download_all_examples": False, "show_signature": False,
    "backreferences_dir": "api/generated", "doc_module": ("bees",),
}
nb_execution_mode = "cache"
nb_execution_cache_path = os.path.abspath("../build/cache/notebooks")
nb_execution_in_temp = True
"""
INDEX = """# Bees

Words.

```{picture-of} /auto_gallery/first/bowl 1
```

```{swarm-cards}
auto_gallery/second/slope
```

```{toctree}
auto_gallery/index
one
two
book
api/index
words
```
"""
BOOK = """---
file_format: mystnb
kernelspec: {name: python3}
---
# A notebook

Words of a notebook.

```{code-cell}
from matplotlib.figure import Figure
figure = Figure(figsize=(2, 2))
_ = figure.subplots().plot([1, 3, 2])
figure
```
"""
SCRIPT = '''"""
The {name}
==========

It has one lowest point. And more.
"""
from bees import wing
from matplotlib.figure import Figure

figure = Figure(figsize=(2, 2))
_ = figure.subplots().plot([1, {value}, wing.flap(1)])
figure

# %%
# Words of a block.

print(wing.flap(2))
'''
FILES = {
    "docs/conf.py": CONF,
    "docs/index.md": INDEX,
    "docs/one.md": "# One\n\nSee [two](two.md) and [](book.md).\n\n![A](a/photo.png)\n",
    "docs/two.md": "# Two\n\n## Below\n\nA {term}`hive`.\n\n![B](b/photo.png)\n",
    "docs/words.md": "# Words\n\n```{glossary}\nhive\n  Many bees.\n\nwing\n  Flaps.\n```\n",
    "docs/book.md": BOOK,
    "docs/api/index.rst": "API\n===\n\n.. automodule:: bees.wing\n   :members:\n",
    "docs/_static/own.css": "p { color: black; }\n",
    "docs/_templates/extra.html": "x\n",
    "docs/notes.txt": "a note\n",
    "gallery/GALLERY_HEADER.rst": "Gallery\n=======\n\nWords.\n",
    "gallery/first/GALLERY_HEADER.rst": "First\n-----\n\nWords.\n",
    "gallery/second/GALLERY_HEADER.rst": "Second\n------\n\nWords.\n",
    "gallery/first/bowl.py": SCRIPT.format(name="bowl", value=5),
    "gallery/second/slope.py": SCRIPT.format(name="slope", value=6),
    "src/bees/__init__.py": '"""Bees."""\n',
    "src/bees/wing.py": '"""Wings."""\n\n\ndef flap(x):\n    """Flap."""\n    return 2 * x\n\n\n'
    'def fold(x):\n    """Fold."""\n    return x\n',
}  # fmt: skip


def photo(path, color):
    from PIL import Image

    path.parent.mkdir(exist_ok=True)
    Image.new("RGB", (4, 4), color).save(path)


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sources")
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    photo(folder / "docs/a/photo.png", "red")
    photo(folder / "docs/b/photo.png", "blue")
    return folder


@pytest.fixture(scope="module")
def built(sources, tmp_path_factory):
    site = repeat.Copy(sources, tmp_path_factory.mktemp("built") / "site")
    site.build()
    return site


@pytest.fixture
def site(built, tmp_path):
    """A copy of the built site, whose own folder is where Sphinx remembers it."""
    shutil.copytree(built.folder, tmp_path / "kept")
    yield built
    shutil.rmtree(built.folder)
    shutil.copytree(tmp_path / "kept", built.folder)


def test_two_builds_from_scratch_in_folders_of_different_names_are_equal(built, tmp_path):
    clean = repeat.from_scratch(built, tmp_path / "quite_another_name")
    assert repeat.compare(built.tree(), clean.tree()) == []
    assert len(built.tree()) > 60
    assert "auto_gallery/first/bowl.html" in built.tree()


PAGE = """{% extends "!page.html" %}
{% block content %}<p>Ours.</p>{{ super() }}{% endblock %}
"""


edit = repeat.edit


def write(name, text):
    def change(folder):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)

    return change


def move(old, new):
    def change(folder):
        (folder / new).parent.mkdir(parents=True, exist_ok=True)
        (folder / old).rename(folder / new)

    return change


def remove(name):
    def change(folder):
        path = folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    return change


# What is edited one after the other, and the pages that must run again.
BOWL, SLOPE = "auto_gallery/first/bowl", "auto_gallery/second/slope"
EDITS = [
    ("nothing", [], []),
    ("prose", [edit("docs/one.md", "See", "Look at")], []),
    ("title of a page", [edit("docs/two.md", "# Two", "# The second")], []),
    ("style sheet", [edit("docs/_static/own.css", "black", "navy")], []),
    ("template", [write("docs/_templates/page.html", PAGE)], []),
    ("code of a script", [edit("gallery/first/bowl.py", "[1, 5", "[4, 5")], [BOWL]),
    ("title of a script", [edit("gallery/second/slope.py", "The slope", "The hill ")], []),
    ("text block of a script", [edit("gallery/first/bowl.py", "Words of", "A word of")], []),
    (
        "new script",
        [write("gallery/second/cave.py", SCRIPT.format(name="cave", value=9))],
        ["auto_gallery/second/cave"],
    ),
    (
        "script in a new section",
        [
            write("gallery/third/GALLERY_HEADER.rst", "Third\n-----\n\nWords.\n"),
            move("gallery/second/cave.py", "gallery/third/den.py"),
        ],
        ["auto_gallery/third/den"],
    ),
    ("section removed", [remove("gallery/third")], []),
    (
        "new page",
        [write("docs/new.md", "# New\n\nW.\n"), edit("docs/index.md", "words\n", "words\nnew\n")],
        [],
    ),
    (
        "page renamed",
        [
            move("docs/new.md", "docs/deep/other.md"),
            edit("docs/index.md", "\nnew", "\ndeep/other"),
        ],
        [],
    ),
    ("page removed", [remove("docs/deep"), edit("docs/index.md", "deep/other\n", "")], []),
    ("order of contents", [edit("docs/index.md", "one\ntwo", "two\none")], []),
    (
        "order of a glossary",
        [edit("docs/words.md", "hive\n  Many bees.\n\nwing", "wing\n  Many.\n\nhive")],
        [],
    ),
    ("picture", [lambda folder: photo(folder / "docs/a/photo.png", "green")], []),
    ("picture gone", [edit("docs/one.md", "![A](a/photo.png)", "")], []),
    ("prose of a notebook", [edit("docs/book.md", "Words of", "Many words of")], []),
    ("code of a notebook", [edit("docs/book.md", "[1, 3", "[3, 3")], ["book"]),
    ("docstring", [edit("src/bees/wing.py", '"""Flap."""', '"""Flap once."""')], []),
    ("code of a module", [edit("src/bees/wing.py", "2 * x", "3 * x")], [BOWL, SLOPE]),
    (
        "functions used",
        [
            edit("gallery/first/bowl.py", "flap(2)", "fold(2)"),
            edit("gallery/second/slope.py", "flap", "fold"),
        ],
        [BOWL, SLOPE],
    ),
    ("settings", [edit("docs/conf.py", '"Bees"', '"Wasps"')], []),
]


@pytest.mark.slow
def test_after_any_edit_the_site_is_that_of_a_build_from_scratch(site, tmp_path):
    wrong, before = {}, site.tree()
    for number, (name, changes, runs) in enumerate(EDITS):
        for change in changes:
            change(site.folder)
        clean = repeat.Copy(site.folder, tmp_path / f"clean{number}")
        process = clean.start()  # meanwhile
        site.build()
        if site.ran() != runs:
            wrong[f"{name}: ran"] = site.ran()
        said, _ = process.communicate()
        assert process.returncode == 0, said
        tree = site.tree()
        if different := repeat.compare(tree, clean.tree()):
            wrong[name] = different
        if (tree == before) != (name == "nothing"):
            wrong[f"{name}: changed"] = tree != before
        before = tree
    assert wrong == {}


# --- files that are kept between builds, damaged

KEPT = [
    "build/cache/runs/*bowl.json",
    "build/cache/runs/book.json",
    "build/cache/fingerprint",
    "build/cache/media/*.webp",
    "build/cache/media/*.jpg",
    "build/cache/media/*.json",
    "build/cache/notebooks/global.db",
    "build/cache/notebooks/executed/*/base.ipynb",
    "docs/auto_gallery/first/bowl.rst",
    "docs/auto_gallery/first/bowl.py",
    "docs/auto_gallery/first/bowl.ipynb",
    "docs/auto_gallery/first/bowl.py.md5",
    "docs/auto_gallery/first/bowl.cost.json",
    "docs/auto_gallery/first/bowl.codeobj.json",
    "docs/auto_gallery/first/bowl.provenance.json",
    "docs/auto_gallery/first/index.rst",
    "docs/auto_gallery/first/images/thumb/sphx_glr_bowl_thumb.png",
    "docs/api/generated/bees.wing.flap.examples",
    "build/doctrees/environment.pickle",
    "build/doctrees/one.doctree",
    "build/html/.swarm-written.json",
    "build/html/one.html",
    "build/html/searchindex.js",
]
# Which sphinx-gallery writes anew in each build, and Sphinx's own.
UNSAID = ("index.rst", ".examples", ".pickle", ".doctree", ".html", "index.js", "fingerprint")


@pytest.mark.slow
def test_what_is_damaged_is_thrown_away_and_made_anew(site):
    whole, wrong = site.tree(), {}
    for pattern in KEPT:
        path = sorted(site.folder.glob(pattern))[0]
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2])
        try:
            site.build()
        except RuntimeError as error:
            wrong[pattern] = str(error)[-800:]
            continue
        if different := repeat.compare(site.tree(), whole):
            wrong[pattern] = different
        if "damaged" not in site.said and not pattern.endswith(UNSAID):
            wrong[f"{pattern}: said"] = site.said[-800:]
    assert wrong == {}


@pytest.mark.slow
def test_a_build_that_is_killed_at_any_moment_is_made_whole_by_the_next(site, tmp_path):
    def change(folder):
        for _, changes, _ in EDITS[1:4] + EDITS[5:9] + EDITS[16:20]:
            for one in changes:
                one(folder)

    lines = list(repeat.kills(site, change, 4, tmp_path, random.Random(1)))
    assert [line for line in lines if not line.endswith("equal")] == []


DATA = '''"""
Data
====

It reads. And more.
"""
from pathlib import Path

print(Path("numbers.csv").read_text())
'''
READER = """---
file_format: mystnb
kernelspec: {name: python3}
---
# A reader

```{code-cell}
from pathlib import Path
print(Path("list.csv").read_text())
```
"""


def test_a_page_runs_again_when_a_data_file_that_it_read_has_changed(site):
    conf = site.folder / "docs" / "conf.py"
    conf.write_text(conf.read_text() + "nb_execution_in_temp = False\n")
    write("gallery/first/data.py", DATA)(site.folder)
    write("gallery/first/numbers.csv", "one")(site.folder)
    write("docs/list.csv", "four")(site.folder)
    write("docs/reader.md", READER)(site.folder)
    edit("docs/index.md", "words\n", "words\nreader\n")(site.folder)
    site.build()
    assert site.ran() == ["auto_gallery/first/data", "reader"]
    assert "swarm-read" not in (site.html / "reader.html").read_text()
    site.build()
    assert site.ran() == []
    write("gallery/first/numbers.csv", "two")(site.folder)
    site.build()
    assert site.ran() == ["auto_gallery/first/data"]
    assert "changed: numbers.csv" in site.said
    assert "two" in (site.html / "auto_gallery/first/data.html").read_text()
    write("docs/list.csv", "five")(site.folder)
    site.build()
    assert site.ran() == ["reader"]
    assert "five" in (site.html / "reader.html").read_text()


def test_everything_runs_when_asked_for(site):
    whole = site.tree()
    site.build("-Dswarm_force=1")
    assert site.ran() == [BOWL, SLOPE, "book"]
    assert site.tree() == whole
