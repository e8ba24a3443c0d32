"""Pages whose code does what it should not: each a named problem, and no other page suffers."""

import io
import os
import random
import re
import sys
import tempfile
import threading
import warnings

import matplotlib as mpl
import numpy as np
import pytest
import torch

sphinx_app = pytest.importorskip("sphinx.application", reason="needs the docs group")
pytest.importorskip("sphinx_gallery", reason="needs the docs group")

from sphinx.util.docutils import docutils_namespace  # noqa: E402

from swarm.sphinxext._watch import Watch, time_limit  # noqa: E402

# Building a site runs others' code, whose warnings are not ours to forbid.
pytestmark = [
    pytest.mark.filterwarnings("default"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

CONF = """
extensions = ["sphinx_gallery.gen_gallery", "myst_nb", "swarm.sphinxext"]
swarm_cache = "../cache"
html_theme = "basic"
html_math_renderer = "mathml"
nb_execution_mode = "cache"
sphinx_gallery_conf = {
    "examples_dirs": "../gallery", "gallery_dirs": "auto_gallery", "css": (),
    "filename_pattern": r"\\.py$", "image_scrapers": ("swarm.sphinxext.scraper",),
    "reset_modules": ("swarm.sphinxext.reset",), "min_reported_time": 1e9,
    "write_computation_times": False, "download_all_examples": False,
}
"""
BAD = {
    "syntax": ("x = (1\n", r"the script failed\n(?s:.*)line 8\n(?s:.*)SyntaxError"),
    "fails": ("x = 1\n1 / 0\n", r"the script failed\n(?s:.*)line 9(?s:.*)ZeroDivisionError"),
    "endless": (
        "# swarm_timeout: 1.5\nimport time\nwhile True:\n    time.sleep(0.01)\n",
        r"took longer than 1\.5 s and was stopped in line 1[01] \((while True:|time\.sleep)",
    ),
    "warns": (
        "import warnings\nwarnings.warn('too few bees')\nx = 1\n",
        r"raised a warning in line 9 \(warnings\.warn.*\): UserWarning: too few bees",
    ),
    "overflows": (
        "import numpy as np\nx = np.float32(1e38) * np.float32(100)\n",
        r"raised a warning in line 9 .*: RuntimeWarning: overflow",
    ),
    "moves_away": (
        "import os\nos.chdir('..')\n",
        r"changed the working folder to \.\. in line 9 \(os\.chdir",
    ),
    "sets": (
        "import os\nos.environ['BEES'] = '3'\n",
        r"changed the environment variable BEES in line 9 \(os\.environ",
    ),
    "paves": ("import sys\nsys.path.insert(0, '/bees')\n", r"added /bees to sys\.path"),
    "spills": (
        "import pathlib\n_ = pathlib.Path('../spilt.txt').write_text('honey')\n",
        r"wrote outside of its folder in line 9 \(_ = path.*\): \.\./spilt\.txt",
    ),
    "ungraded": (
        "import torch\n_ = torch.set_grad_enabled(False)\n"
        "torch.set_default_dtype(torch.float64)\n",
        r"left behind: gradients switched off",
    ),
    "leaves": ("import sys\nsys.exit(0)\n", r"sys\.exit would end the whole build"),
    "mute": (
        "import os\nfrom swarm.movie import _encoder\n"
        "def nothing():\n    raise RuntimeError('no ffmpeg')\n"
        "_encoder.imageio_ffmpeg.get_ffmpeg_exe, kept = nothing, "
        "_encoder.imageio_ffmpeg.get_ffmpeg_exe\n"
        "import numpy as np\nfrom swarm import animator\n"
        "plot = animator.LineSwarm(np.arange(3.0), np.zeros((1, 2, 3)))\n"
        "try:\n    animator.swarm_animate([plot], 'film.mp4', size=(64, 48))\n"
        "finally:\n    _encoder.imageio_ffmpeg.get_ffmpeg_exe = kept\n",
        r"the script failed\n(?s:.*)there is no ffmpeg",
    ),
    "unsure": ("# swarm_timeout: soon\nx = 1\n", r"swarm_timeout: 'soon' is not a number"),
    "more/fails": ("x = 1\n", r"has the same file name as the script of auto_gallery/fails"),
}
GOOD = """
import os
import random
import sys
import warnings

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import torch

# What a script may well set for itself.
matplotlib.rcParams["lines.linewidth"] = 7
plt.style.use("dark_background")
torch.manual_seed(1), np.random.seed(1), random.seed(1)
torch.set_num_threads(2)
warnings.simplefilter("ignore")
warnings.warn("nobody hears")
with open("own.txt", "w") as file:
    _ = file.write("its own folder")
assert torch.is_grad_enabled() and torch.get_default_dtype() == torch.float32
assert "BEES" not in os.environ and "/bees" not in sys.path
figure = plt.figure()
print("all is well")
"""
HEAD = '"""\n{0}\n====================\n\nWords of it.\n"""\n\n{1}'
NOTEBOOK = """---
file_format: mystnb
kernelspec:
  name: python3
---

# A notebook

```{code-cell} python
import matplotlib.pyplot as plt
figure = plt.figure()  # which the extension writes where its pictures are
```

```{code-cell} python
import pathlib, warnings
warnings.warn("too few pages")
pathlib.Path("../spilt-too.txt").write_text("honey")
y = 2
```
"""


def build(folder, builder="html"):
    folders = [folder / name for name in ("docs", "docs", builder, "doctrees")]
    warned = io.StringIO()
    with docutils_namespace(), mpl.rc_context():
        app = sphinx_app.Sphinx(*folders, builder, status=None, warning=warned)
        app.build()
    said = re.sub(r"\x1b\[\d+m", "", warned.getvalue())
    return app.statuscode, said.partition("these pages are not as they should be:\n\n")[2]


def state():
    """Return everything that a script must not change for those that come after it."""
    return {
        "rcParams": dict(mpl.rcParams),
        "figures": mpl.pyplot.get_fignums(),
        "random": random.getstate(),
        "numpy": str(np.random.get_state()),
        "torch": torch.get_rng_state().tolist(),
        "dtype": torch.get_default_dtype(),
        "grad": torch.is_grad_enabled(),
        "threads": torch.get_num_threads(),
        "folder": os.getcwd(),
        "environment": {
            name: value
            for name, value in os.environ.items()
            # which tell notebooks of the site
            if not name.startswith(("SWARM", "PYTHONSTARTUP", "PYTEST"))
        },
        "path": list(sys.path),
        "filters": ("ignore", None, Warning, None, 0) in warnings.filters,
        "exit": sys.exit,
        "format": warnings.formatwarning,
    }


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """Build a site with all bad examples and a good one; return it and what the build said."""
    folder = tmp_path_factory.mktemp("bad")
    for name in ("docs", "gallery/more"):
        (folder / name).mkdir(parents=True)
    for name in ("gallery", "gallery/more"):
        (folder / name / "GALLERY_HEADER.rst").write_text("Gallery\n=======\n\nWords.\n")
    scripts = {**{name: text for name, (text, _) in BAD.items()}, "zgood": GOOD, "agood": GOOD}
    for name, text in scripts.items():
        (folder / "gallery" / f"{name}.py").write_text(HEAD.format(name.title(), text))
    (folder / "docs" / "conf.py").write_text(CONF)
    (folder / "docs" / "book.md").write_text(NOTEBOOK)
    (folder / "docs" / "index.rst").write_text(
        "Home\n====\n\n.. toctree::\n\n   auto_gallery/index\n   book\n"
    )
    import plotly.io  # noqa: F401

    before = state()
    status, said = build(folder)
    assert status == 1
    return folder, said, before, state()


def problems(text):
    """Split what a failing build says into its problems."""
    return re.split(r"(?m)^(?=(?:auto_gallery/[\w/]+|book): )", text)[1:]


@pytest.mark.parametrize("name", BAD)
def test_each_bad_example_is_a_named_problem(told, name):
    own = [line for line in problems(told[1]) if line.startswith(f"auto_gallery/{name}: ")]
    assert any(re.search(BAD[name][1], line) for line in own), told[1]
    expected = {"ungraded": 2, "fails": 1, "mute": 1}.get(name, 1)
    assert len(own) == expected


def test_all_pages_are_built_and_good_ones_have_no_problem(told):
    folder, said, *_ = told
    for name in (*BAD, "agood", "zgood"):
        assert (folder / "html" / "auto_gallery" / f"{name}.html").is_file()
    for name in ("agood", "zgood"):
        assert "all is well" in (folder / "html" / "auto_gallery" / f"{name}.html").read_text()
        assert f"{name}:" not in said


def test_a_notebook_is_watched_too(told):
    own = [line for line in problems(told[1]) if line.startswith("book: ")]
    assert any(
        re.search(r"raised a warning in line 2 of cell 2: UserWarning: too few pages", line)
        for line in own
    ), own
    assert any(
        re.search(r"wrote outside of its folder in line 3 of cell 2: .*spilt-too\.txt", line)
        for line in own
    ), own
    assert len(own) == 2


@pytest.mark.parametrize("part", ["rcParams", "figures", "random", "numpy", "torch", "dtype",
                                  "grad", "threads", "folder", "environment", "path", "filters",
                                  "exit", "format"])  # fmt: skip
def test_after_scripts_everything_is_as_before(told, part):
    before, after = told[2:]
    assert after[part] == before[part]


def test_a_mended_script_is_a_problem_no_more_and_others_stay(told):
    folder, said, *_ = told
    script = folder / "gallery" / "warns.py"
    script.write_text(HEAD.format("Warns", "x = 1\n"))
    status, again = build(folder)
    assert status == 1
    before, after = problems(said), problems(again)
    gone = [line for line in before if line.startswith("auto_gallery/warns")]
    assert len(gone) == 1
    assert len(after) == len(before) - 1
    assert not [line for line in after if line.startswith("auto_gallery/warns")]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("x = 1", 900), ("#swarm_timeout:5\n", 5), ("x = 1\n# swarm_timeout: 2.5  \n", 2.5)],
)
def test_a_script_says_how_long_it_may_take(text, seconds):
    assert time_limit(text) == seconds


@pytest.mark.parametrize("said", ["0", "-3", "an hour", ""])
def test_a_time_limit_that_is_no_number_of_seconds_is_refused(said):
    with pytest.raises(ValueError, match="is not a number of seconds"):
        time_limit(f"# swarm_timeout: {said}\n")


def test_what_an_import_does_and_what_goes_to_caches_is_no_problem(tmp_path):
    watch = Watch(lambda frame: frame.f_code.co_filename == __file__, lambda: tmp_path, str)
    (tmp_path / "noisy_bees.py").write_text(
        "import os, warnings\nos.environ['BEES'] = '1'\nwarnings.warn('noise')\n"
    )
    sys.path.insert(0, str(tmp_path))
    watch.start()
    try:
        import noisy_bees  # noqa: F401

        (tmp_path / "a.txt").write_text("own")
        with open(os.devnull, "w") as nothing:
            nothing.write("x")
        tempfile.tempdir = None  # as in a fresh process: found out under a lock, by writing there
        with tempfile.TemporaryFile() as nothing:
            nothing.write(b"x")
        thread = threading.Thread(target=(tmp_path / "b.txt").write_text, args=("x",))
        thread.start()
        thread.join()
    finally:
        watch.stop()
        sys.path.remove(str(tmp_path))
        os.environ.pop("BEES")
    assert watch.problems == []
