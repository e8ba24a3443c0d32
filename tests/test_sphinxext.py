"""Sites built with the extension: what is on their pages, and what a second build makes anew."""

import ast
import io
import json
import re
import shutil
import tomllib
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import matplotlib as mpl
import matplotlib.figure
import matplotlib.pyplot as plt
import numpy as np
import plotly.graph_objects as go
import pytest
from PIL import Image

sphinx_app = pytest.importorskip("sphinx.application", reason="needs the docs group")
pytest.importorskip("sphinx_gallery", reason="needs the docs group")

from sphinx.errors import ExtensionError  # noqa: E402
from sphinx.util.docutils import docutils_namespace  # noqa: E402

from swarm import animator, player, sphinxext  # noqa: E402
from swarm.sphinxext import _markup as markup  # noqa: E402
from swarm.sphinxext import _media as media  # noqa: E402
from swarm.sphinxext import _pictures as pictures  # noqa: E402
from swarm.sphinxext import _plotlyjs as plotlyjs  # noqa: E402
from swarm.sphinxext._depends import Sources, code_of, differences  # noqa: E402
from swarm.sphinxext._downloads import with_metadata  # noqa: E402
from swarm.sphinxext._shown import read_picture  # noqa: E402

# Building a site runs others' code, whose warnings are not ours to forbid.
pytestmark = pytest.mark.filterwarnings("default")

CONF = """
extensions = ["sphinx_gallery.gen_gallery", "swarm.sphinxext"]
swarm_cache = "../cache"
swarm_fingerprint = {fingerprint!r}
html_theme = "basic"
html_math_renderer = "mathml"
sphinx_gallery_conf = {{
    "examples_dirs": "../gallery", "gallery_dirs": "auto_gallery", "css": (),
    "filename_pattern": r"\\.py$", "image_scrapers": ("swarm.sphinxext.scraper",),
    "reset_modules": ("swarm.sphinxext.reset",), "min_reported_time": 1e9,
    "write_computation_times": False, "download_all_examples": False,
}}
"""
SURFACE = '''
"""
A bowl
======

It has one lowest point. And more.
"""
# sphinx_gallery_tags = ["bowl"]
import pathlib
import plotly.graph_objects as go

SEED, NUM_BEES = 7, 3
with pathlib.Path({runs!r}).open("a") as runs:
    _ = runs.write("bowl ")
figure = go.Figure(go.Surface(z=[[1.0, 2.0], [3.0, {value}]]))
figure.update_layout(meta={{"caption": "A bowl of four points.", "alt": "Four points."}})
figure
'''

PAIR = """
Home
====

.. pair::

   .. movie:: walk.mp4
      :title: A walk

      Its *caption*.

   .. plotly-figure:: saved.json
      :alt: Four points

.. picture-of:: /auto_gallery/bowl 1

.. toctree::

   auto_gallery/index
"""


class Site:
    """A site in a folder, with one gallery script."""

    def __init__(self, folder):
        self.folder, self.runs = folder, folder.with_name(f"{folder.name}-runs")
        for name in ("docs", "gallery"):
            (folder / name).mkdir()
        (folder / "gallery" / "GALLERY_HEADER.rst").write_text("Gallery\n=======\n\nWords.\n")
        self.script(value=0.0)
        self.conf("one")
        self.page("Home\n====\n\n.. toctree::\n\n   auto_gallery/index\n")

    def conf(self, fingerprint):
        (self.folder / "docs" / "conf.py").write_text(CONF.format(fingerprint=fingerprint))

    def page(self, text):
        (self.folder / "docs" / "index.rst").write_text(text)

    def script(self, value, name="bowl.py", text=SURFACE):
        text = text.format(runs=str(self.runs), value=value)
        (self.folder / "gallery" / name).write_text(text)

    def build(self, status=None, warning=None):
        """Build the site; a build that ends with problems raises what it says of them."""
        folders = [self.folder / name for name in ("docs", "docs", "html", "doctrees")]
        warning = warning or io.StringIO()
        with docutils_namespace(), mpl.rc_context():  # sphinx-gallery leaves settings behind
            app = sphinx_app.Sphinx(*folders, "html", status=status, warning=warning)
            app.build()
        if app.statuscode:
            raise ExtensionError(re.sub(r"\x1b\[\d+m", "", warning.getvalue()))

    def html(self, name):
        return (self.folder / "html" / name).read_text("utf-8")

    def times_run(self):
        return self.runs.read_text().split().count("bowl") if self.runs.exists() else 0


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    site = Site(tmp_path_factory.mktemp("built"))
    site.build()
    return site


@pytest.fixture
def site(built, tmp_path):
    """A copy of the built site; paths that Sphinx remembers are relative or made anew."""
    for name in ("docs", "gallery", "html", "doctrees", "cache"):
        shutil.copytree(built.folder / name, tmp_path / name)
    copy = Site.__new__(Site)
    copy.folder, copy.runs = tmp_path, built.runs
    return copy


class Figures(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.figures, self.images, self.scripts, self.buttons = [], [], [], []
        self.videos = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = {"figure": self.figures, "img": self.images, "script": self.scripts,
                 "button": self.buttons, "video": self.videos}.get(tag)  # fmt: skip
        if found is not None:
            found.append(dict(attrs))


def test_plotly_figure_of_a_script_becomes_poster_button_and_data(built):
    page = Figures(built.html("auto_gallery/bowl.html"))
    (figure,) = [f for f in page.figures if "sw-plotly" in f["class"]]
    assert figure["role"] == "group"
    data = built.folder / "html" / "auto_gallery" / figure["data-src"]
    name, fields = re.fullmatch(r'swarmFigure\("(\w+)",(.*)\);', data.read_text()).groups()
    assert name == figure["data-figure"]
    assert np.asarray(json.loads(fields)["data"][0]["z"]).tolist() == [[1, 2], [3, 0]]
    posters = [i for i in page.images if "sw-light" in i["class"] or "sw-dark" in i["class"]]
    assert {i["alt"] for i in posters} == {"Four points."}
    for image in posters:
        with Image.open(built.folder / "html" / "auto_gallery" / image["src"]) as opened:
            assert opened.format == "WEBP"
    assert "A bowl of four points." in built.html("auto_gallery/bowl.html")
    assert any("sw-mount" in b.get("class", "") for b in page.buttons)


def test_bundle_is_local_and_shared_and_loaded_by_no_page_itself(built):
    page = built.html("auto_gallery/bowl.html")
    assert (built.folder / "html" / "_static" / plotlyjs.PARTIAL_BUNDLE).is_file()
    assert not [s for s in Figures(page).scripts if "plotly" in s.get("src", "")]
    assert "cdn." not in page


def test_gallery_page_offers_downloads_first_and_says_where_it_came_from(built):
    page = built.html("auto_gallery/bowl.html")
    assert page.index("bowl.ipynb") < page.index("It has one lowest point")
    assert "uv run bowl.py" in page
    facts = re.search(r'<dl class="sw-facts simple">(.*?)</dl>', page, re.DOTALL)[1]
    assert "<dt>Seed</dt><dd>7</dd>" in facts
    assert "<dt>Bees</dt><dd>3</dd>" in facts
    assert "auto_gallery/bowl" in (built.folder / "html/_static/run-times.js").read_text()


def test_downloaded_script_says_what_it_needs_alone_and_zipped(built):
    page = built.html("auto_gallery/bowl.html")
    found = {
        Path(link).suffix: built.folder / "html" / "auto_gallery" / link
        for link in re.findall(r'href="([^"]+)" download', page)
        + re.findall(r'download="" href="([^"]+)"', page)
    }
    script = found[".py"].read_text()
    block = re.search(r"(?m)^# /// script$\s(?P<content>(^#(| .*)$\s)+)^# ///$", script)
    fields = tomllib.loads(
        "".join(line[2:] for line in block["content"].splitlines(keepends=True))
    )
    assert fields["dependencies"] == ["swarmscape", "plotly"]
    assert "3.1" in fields["requires-python"]
    assert ast.get_docstring(ast.parse(script)).strip().startswith("A bowl")
    with zipfile.ZipFile(found[".zip"]) as archive:
        assert archive.read("bowl.py").decode() == script
        assert json.loads(archive.read("bowl.ipynb"))["cells"]
    assert with_metadata(script, "swarmscape") == script


def test_gallery_index_shows_a_card_with_claim_kind_and_tag(built):
    page = built.html("auto_gallery/index.html")
    (words,) = re.findall(r'data-words="(.*?)"', page)
    assert json.loads(words.replace("&quot;", '"')) == ["surface", "bowl"]
    assert "<p>It has one lowest point.</p>" in page
    assert page.count('class="sw-filter"') == 1
    assert "sphx-glr-thumb" not in page


def test_minigallery_shows_cards_too(site):
    site.page(
        "Home\n====\n\n.. minigallery:: ../gallery/*.py\n   :add-heading: See\n\n"
        ".. toctree::\n\n   auto_gallery/index\n"
    )
    site.build()
    page = site.html("index.html")
    assert re.findall(r'sw-card-title"><a href="(.*?)"', page) == ["auto_gallery/bowl.html"]
    assert "<p>It has one lowest point.</p>" in page
    assert "See" in page
    assert "sphx-glr-thumb" not in page


LEAD = '''
"""
Led
===

Words before.

.. lead-picture:: {number}

Words after.
"""
import plotly.graph_objects as go
from matplotlib.figure import Figure

from swarm import metrics

figure = Figure()
_ = figure.subplots().set_title("A still")
figure

# %%
# The moving one.

figure = go.Figure(go.Surface(z=[[1.0, 2.0], [3.0, 5.0]]))
figure.update_layout(title="A slope", meta={{"alt": "Two by two."}})
figure

# %%
# What it found.

metrics.findings(("corner", "5", "5.0", True))
'''


@pytest.mark.parametrize(
    ("number", "led", "left"),
    [
        ("", "plotly", "still"),
        (1, "still", "plotly"),
        pytest.param("\n\n.. (chosen)", "still", "plotly", id="chosen for the card"),
    ],
)
def test_the_lead_is_taken_from_the_run_below_and_shown_once(site, number, led, left):
    text = LEAD.replace("{number}", str(number))
    if "chosen" in str(number):
        text = text.replace(
            "import plotly", "# sphinx_gallery_thumbnail_number = 1\nimport plotly"
        )
    site.script(value=0, name="led.py", text=text)
    site.build()
    page = site.html("auto_gallery/led.html")
    kinds = [re.search(r"sw-(plotly|still)", f["class"])[1] for f in Figures(page).figures]
    assert kinds == [led, left]
    top = page[page.index("Words before") : page.index("Words after")]
    assert f"sw-{led}" in top
    (light, dark) = Figures(top).images
    assert (light["loading"], dark["loading"]) == ("eager", "lazy")
    assert int(light["width"]) > 100 < int(light["height"])
    assert light["alt"] == ("Two by two." if led == "plotly" else "A still")
    assert top.index("sw-findings") > top.index(f"sw-{led}")
    assert top.index("uv run") > top.index("sw-findings")
    assert page.count('class="sw-findings"') == 1
    assert page.count("Shown <a") == 1
    assert page.index("Shown <a") > page.index("Words after")
    assert f'aria-label="{"A slope" if led == "plotly" else "A still"}"' in top


def test_a_lead_that_the_page_does_not_show_is_named(site):
    site.script(value=0, name="led.py", text=LEAD.replace("{number}", "3"))
    with pytest.raises(ExtensionError, match=r"led.*shows 2 pictures, so there is no number 3"):
        site.build()


def test_build_without_change_runs_nothing(site):
    before = site.times_run()
    site.build()
    assert site.times_run() == before


def published_files(site):
    """Return all that two builds in any two folders must share: no durations."""
    folder = site.folder / "html"
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
        if path.name != "run-times.js" and not path.name.startswith(".")
    }


def test_same_sources_make_the_same_site_byte_by_byte(built, tmp_path):
    again = Site(tmp_path)
    again.runs = built.runs  # the script names it
    again.script(value=0.0)
    again.build()
    ours, theirs = published_files(built), published_files(again)
    assert len(ours) > 20
    assert [name for name in ours | theirs if ours.get(name) != theirs.get(name)] == []


def test_changed_fingerprint_runs_scripts_again(site):
    before = site.times_run()
    site.conf("two")
    site.build()
    assert site.times_run() == before + 1


def test_changed_script_replaces_its_figure_and_the_old_file_goes(site):
    (old,) = (site.folder / "html" / "_media").glob("*.js")
    site.runs = site.folder.with_name(f"{site.folder.name}-runs")
    site.script(value=9.0)
    site.build()
    (new,) = (site.folder / "html" / "_media").glob("*.js")
    assert new.name != old.name
    assert "9.0" in new.read_text()


def test_page_of_a_removed_script_goes(site):
    site.script(value=1.0, name="second.py")
    site.build()
    assert (site.folder / "html/auto_gallery/second.html").exists()
    (site.folder / "gallery" / "second.py").unlink()
    site.build()
    assert not (site.folder / "html/auto_gallery/second.html").exists()
    assert "second" not in site.html("auto_gallery/index.html")


def test_interrupted_build_is_not_built_upon(site):
    before = site.times_run()
    mark = site.folder / "cache" / "unfinished"
    mark.write_text("running")
    page = site.folder / "docs/auto_gallery/bowl.rst"
    page.write_text(page.read_text()[:300])
    (site.folder / "html" / "index.html").write_text("half a page")
    site.build()
    assert site.times_run() == before + 1
    assert not mark.exists()
    assert "</html>" in site.html("index.html")
    assert "uv run bowl.py" in site.html("auto_gallery/bowl.html")


def test_failing_script_is_named_with_its_traceback_and_others_are_built(site):
    site.script(value=0.0, name="bad.py", text='"""\nBad\n===\n\nWords.\n"""\n1 / 0\n')
    with pytest.raises(ExtensionError, match=r"(?s)bad\.py.*ZeroDivisionError"):
        site.build()
    assert (site.folder / "html/auto_gallery/bowl.html").exists()


def test_damaged_movie_fails_the_build_and_names_the_page(site):
    (site.folder / "docs" / "bad.mp4").write_bytes(b"no movie")
    site.page("Home\n====\n\n.. movie:: bad.mp4\n\n.. toctree::\n\n   auto_gallery/index\n")
    with pytest.raises(
        ExtensionError, match=r"(?s)index: movie: cannot show the movie .*bad\.mp4"
    ):
        site.build()
    assert (site.folder / "html/auto_gallery/bowl.html").exists()


def search_index(site):
    text = (site.folder / "html" / "searchindex.js").read_text("utf-8")
    return json.loads(text.removeprefix("Search.setIndex(").removesuffix(")"))


def test_every_script_and_style_of_the_site_is_the_packages_own(site):
    walk = np.linspace(0, 1, 24).reshape(2, 3, 4)
    swarm = player.curves(np.arange(4), walk)
    pie = go.Figure(go.Scatterpolar(r=[1, 2], theta=[0, 90]))  # needs the whole of plotly.js
    keys = [
        sphinxext.publish(thing, site.folder / "cache" / "media").key for thing in (swarm, pie)
    ]
    shown = "".join(f".. swarm-published:: {key}\n\n" for key in keys)
    site.page(f"Home\n====\n\n{shown}.. toctree::\n\n   auto_gallery/index\n")
    site.build()
    package = Path(sphinxext.__file__).parents[1]
    ours = {
        path.name: path.read_bytes()
        for folder in ("player", "sphinxext/static")
        for path in (package / folder).glob("*.*s")
    }
    copied = {path.name for path in (site.folder / "html" / "_static").iterdir()}
    assert {
        "player.css",
        "player.js",
        "swarm.css",
        "swarm.js",
        "gallery.js",
    } <= copied & ours.keys()
    for name in copied & ours.keys():
        assert (site.folder / "html" / "_static" / name).read_bytes() == ours[name]
    assert (
        b"plotly.js v" in (site.folder / "html" / "_static" / "plotly.min.js").read_bytes()[:500]
    )


def test_search_index_has_titles_captions_and_alternatives_of_pictures(site):
    walk = np.linspace(0, 1, 24).reshape(2, 3, 4)
    swarm = player.curves(
        np.arange(4), walk, title="Quokkas afloat", caption="Marsupials.", alt="Tufted."
    )
    key = sphinxext.publish(swarm, site.folder / "cache" / "media").key
    site.page(
        f"Home\n====\n\n.. swarm-published:: {key}\n\n.. toctree::\n\n   auto_gallery/index\n"
    )
    site.build()
    index = search_index(site)
    home = index["docnames"].index("index")
    assert index["alltitles"]["Quokkas afloat"] == [[home, "picture-1"]]
    assert index["terms"]["marsupi"] == index["terms"]["tuft"] == home
    assert index["titleterms"]["quokka"] == home
    page = site.html("index.html")
    assert page.count("Marsupials.") == 1
    assert page.count('id="picture-1"') == 1
    assert "Quokkas afloat" not in re.findall(r'(?s)<div class="sphinxsidebar".*', page)[0]
    bowl = index["docnames"].index("auto_gallery/bowl")
    assert bowl in np.atleast_1d(index["terms"]["four"])


def test_equations_are_mathml(site):
    site.page(
        "Home\n====\n\n:math:`x_k`\n\n.. math:: y = x^2\n\n.. toctree::\n\n   auto_gallery/index\n"
    )
    site.build()
    assert site.html("index.html").count("<math") == 2


def test_directives_show_movies_and_figures_side_by_side(site):
    movie = pytest.importorskip("swarm.animator")
    x = np.linspace(0, 1, 5)
    plot = movie.LineSwarm.auto_range(x, np.random.default_rng(0).normal(size=(3, 4, 5)))
    movie.swarm_animate([plot], str(site.folder / "docs" / "walk.mp4"))
    go.Figure(go.Surface(z=[[0, 1], [2, 3]])).write_json(site.folder / "docs" / "saved.json")
    site.page(PAIR)
    site.build()
    text = site.html("index.html")
    kinds = [f["class"] for f in Figures(text).figures]
    assert [k.removesuffix(" sw-on-light") for k in kinds] == [
        "sw-figure sw-movie",
        "sw-figure sw-plotly",
        "sw-figure sw-plotly",
    ]
    assert 'data-frames="4"' in text
    (video,) = Figures(text).videos
    assert {"controls", "muted", "loop", "playsinline"} <= video.keys()
    assert (video["preload"], video["aria-label"]) == ("none", "A walk")
    assert "Its <em>caption</em>." in text
    sources = re.findall(r'<video[^>]* src="([^"]+)"', text)
    assert all((site.folder / "html" / source).is_file() for source in sources)
    assert len({f["id"] for f in Figures(text).figures}) == 3


FILM = '''
"""
Filmed
======

It moves.
"""

from swarm import animator
import numpy as np

plot = animator.LineSwarm(np.arange(5.0), np.random.default_rng(0).normal(size=(3, 4, 5)))
animator.swarm_animate([plot], "film.mp4", size=(160, 120))
'''


def test_card_of_a_page_with_a_movie_names_it(site):
    site.script(value=0, name="film.py", text=FILM)
    site.build()
    page = site.html("auto_gallery/index.html")
    (source,) = re.findall(r'<div class="sw-card-still" data-light="(.*?)"', page)
    assert source.endswith(".mp4")
    assert (site.folder / "html" / "auto_gallery" / source).is_file()


# --- parts


def test_what_is_known_of_a_picture_comes_back_whole_and_damage_is_named(tmp_path):
    pair = [go.Figure(go.Surface(z=[[0, 1], [1, 2]])), go.Figure(go.Pie(values=[1, 2]))]
    shown = media.publish(pair, tmp_path)
    assert shown.files() == {name for item in shown.items for name in item.files()}
    assert read_picture(shown.key, tmp_path) == shown
    path = tmp_path / f"{shown.key}.json"
    for damaged in (path.read_text()[:-9], path.read_text().replace("surface", "surfeit")):
        path.write_text(damaged)
        with pytest.raises(ValueError, match="is damaged"):
            read_picture(shown.key, tmp_path)


def test_figure_data_is_float32_and_bare():
    figure = go.Figure(go.Surface(z=np.linspace(0, 1, 400).reshape(20, 20)))
    fields = json.loads(plotlyjs.figure_json(figure.to_dict()))
    assert fields["data"][0]["z"]["dtype"] == "f4"
    assert set(fields["layout"]["template"]) <= {"layout", "data"}
    assert len(json.dumps(fields)) < 6 * 400 + 2000


@pytest.mark.parametrize(
    ("trace", "bundle"),
    [(go.Surface(), plotlyjs.PARTIAL_BUNDLE), (go.Contour(), plotlyjs.PARTIAL_BUNDLE),
     (go.Pie(), "plotly.min.js")],
)  # fmt: skip
def test_partial_bundle_is_used_where_it_will_do(trace, bundle):
    assert plotlyjs.bundle_for(plotlyjs.trace_types(go.Figure(trace).to_dict())) == bundle


def test_a_figure_that_needs_the_full_bundle_is_named_by_the_build(tmp_path):
    site, said = Site(tmp_path), io.StringIO()
    figure = go.Figure(go.Indicator(value=1), layout={"title": {"text": "A number"}})
    (site.folder / "docs" / "number.json").write_text(figure.to_json())
    site.page(
        "Home\n====\n\n.. plotly-figure:: number.json\n\n.. toctree::\n\n   auto_gallery/index\n"
    )
    site.build(said)
    assert "index: figure 'A number' has traces of type indicator" in said.getvalue()
    assert "figure 'A number' has no still picture" in said.getvalue()
    assert "auto_gallery/bowl: figure" not in said.getvalue()
    assert (site.folder / "html" / "_static" / "plotly.min.js").is_file()


def test_partial_bundle_is_of_the_major_that_python_needs():
    from plotly.offline import get_plotlyjs_version

    static = Path(sphinxext.__file__).parent / "static"
    with open(static / plotlyjs.PARTIAL_BUNDLE) as file:
        (version,) = re.findall(r"plotly\.js (\d+)", file.readline())
    assert version == get_plotlyjs_version().split(".")[0]
    assert "MIT" in (static / "plotly-swarm.LICENSE.txt").read_text()


def test_dark_still_turns_greys_over_keeps_colours_and_the_figure():
    figure, axes = plt.subplots(figsize=(2, 2))
    (grey,) = axes.plot([0, 1], [0, 1], color="#222222")
    (red,) = axes.plot([0, 1], [1, 0], color="#cc0000")
    light = pictures.figure_pixels(figure, width=200)
    dark = pictures.figure_pixels(figure, dark=True, width=200)
    again = pictures.figure_pixels(figure, width=200)
    plt.close(figure)
    assert light[2, 2].min() > 250
    assert dark[2, 2].max() < 40
    assert (np.abs(dark.astype(int) - [204, 0, 0]).sum(axis=2) < 40).any()
    assert np.array_equal(light, again)
    assert (grey.get_color(), red.get_color()) == ("#222222", "#cc0000")


@pytest.mark.parametrize("kind", ["flat", "solid"])
@pytest.mark.parametrize("dark", [False, True])
def test_card_shows_the_data_without_the_words_and_leaves_the_figure_as_it_was(kind, dark):
    def draw(*, words):
        figure = mpl.figure.Figure((4, 3))
        axes = figure.add_axes((0.2, 0.2, 0.6, 0.6), projection={"solid": "3d"}.get(kind))
        axes.plot(*[[0, 1, 0.5]] * (3 if kind == "solid" else 2), color="red", label="a line")
        if words:
            axes.set(title="A title", xlabel="across")
            axes.legend()
            axes.text(0.5, 0.5, *[0.5, "!"] if kind == "solid" else ["!"])
            figure.suptitle("Above")
        return figure

    figure = draw(words=True)
    before = pictures.figure_pixels(figure, width=400)
    card = pictures.card_pixels(figure, dark=dark)
    assert np.array_equal(card, pictures.card_pixels(draw(words=False), dark=dark))
    assert (card[..., 0] > card[..., 1].astype(int) + 100).any()
    assert np.array_equal(pictures.figure_pixels(figure, width=400), before)


def test_same_figure_published_twice_is_one_file(tmp_path):
    shown = [media.publish(go.Figure(go.Surface(z=[[0, 1], [1, 2]])), tmp_path) for _ in range(2)]
    assert shown[0] == shown[1]
    assert len(list(tmp_path.glob("*.js"))) == 1


@pytest.mark.parametrize(
    ("meta", "active", "step"), [({"still": "b"}, 0, 1), ({}, 2, 2), (None, 0, 0)]
)
def test_the_bar_of_a_figure_begins_at_the_frame_that_its_still_shows(
    tmp_path, meta, active, step
):
    frames = [go.Frame(name=name, data=[go.Scatter(y=[0, 1])]) for name in "abc"]
    steps = [{"label": f"<{name}>", "method": "animate", "args": [[name]]} for name in "abc"]
    figure = go.Figure(go.Scatter(y=[0, 1]), frames=frames)
    figure.update_layout(meta=meta, sliders=[{"steps": steps, "active": active}])
    shown = media.publish(figure, tmp_path)
    html, _ = markup.figure_html(shown, "picture-1", str)
    assert f'max="2" value="{step}"' in html
    assert f"<output>&lt;{'abc'[step]}&gt; / &lt;c&gt;</output>" in html


def test_movie_shown_alone_and_by_a_player_is_one_file(tmp_path):
    x, curves = np.arange(5.0), np.random.default_rng(0).normal(size=(3, 4, 5))
    plots = [animator.LineSwarm(x, curves)]
    movie = animator.swarm_animate(plots, tmp_path / "a.mp4", size=(160, 120), dark=False)
    store = tmp_path / "store"
    store.mkdir()
    for thing in (movie, player.curves(x, curves, movie=movie)):
        media.publish(thing, store)
    (film,) = store.glob("*.mp4")
    assert film.read_bytes() == movie.path.read_bytes()


def test_card_of_a_movie_shows_its_first_plot_without_words_around_it(tmp_path):
    x, flat = np.arange(5.0), np.zeros((3, 4, 5))
    looks = {"set_title": "Words", "set_xlabel": "words", "set_ylim": (1, 2)}  # no line in sight
    plots = [animator.LineSwarm(x, flat, **looks), animator.LineSwarm(x, flat, **looks)]
    movie = animator.swarm_animate(
        plots, tmp_path / "a.mp4", size=(400, 600), dark=False, counter=None
    )
    left, top, across, down = movie.panel
    frame = movie.poster().min(axis=-1)
    shown = media.publish(movie, tmp_path / "store")
    still = shown.thumbnail["light"]
    assert (still.width, still.height) == pytest.approx((400 * across, 600 * down), abs=1)
    rows, columns = round(600 * top), round(400 * left)
    inside = frame[rows : rows + still.height, columns : columns + still.width][4:-4, 4:-4]
    assert (frame[: rows - 4] < 128).any(), "the title is above it"
    assert (frame[rows + still.height + 4 :] < 128).any(), "and the label below"
    assert (inside > 180).all(), "and there is nothing but the grid in it"


def test_movie_that_says_nothing_of_its_plots_is_shown_whole_on_its_card(tmp_path):
    plots = [animator.LineSwarm(np.arange(5.0), np.zeros((3, 4, 5)))]
    movie = animator.swarm_animate(plots, tmp_path / "a.mp4", size=(160, 120), dark=False)
    shown = media.publish_movie(movie.path, tmp_path)
    assert shown.thumbnail["light"] == shown.posters["light"]


def test_what_cannot_be_shown_is_refused_with_what_can(tmp_path):
    with pytest.raises(TypeError, match="a dict is not something a page can show"):
        media.publish({}, tmp_path)


def test_fingerprint_sees_source_and_mode(tmp_path):
    source = tmp_path / "a.py"
    source.write_text("x = 1")
    first = sphinxext.fingerprint(tmp_path)
    assert sphinxext.fingerprint(tmp_path) == first
    assert sphinxext.fingerprint(tmp_path, mode="full") != first
    source.write_text("x = 2")
    assert sphinxext.fingerprint(tmp_path) != first
    with pytest.raises(FileNotFoundError, match="does not exist"):
        sphinxext.fingerprint(tmp_path / "none")


@pytest.mark.parametrize(
    ("settings", "always_light"),
    [("", True), ("swarm_dark = True", False), ('html_theme = "furo"', False)],
)
def test_pictures_stay_light_on_themes_without_dark_pages(site, settings, always_light):
    conf = site.folder / "docs" / "conf.py"
    conf.write_text(conf.read_text() + settings)
    site.build()
    for page in ("auto_gallery/bowl.html", "auto_gallery/index.html"):
        assert ("sw-on-light" in site.html(page)) == always_light


# --- what a page depends on

MODULES = {
    "bees/__init__.py": "",
    "bees/wing.py": "from . import joint\n\ndef flap():\n    return joint.turn(1)\n",
    "bees/joint.py": "def turn(x):\n    import json\n    return x\n",
    "bees/sting.py": "import numpy\n",
}


@pytest.fixture
def modules(tmp_path):
    for name, text in MODULES.items():
        path = tmp_path / "src" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "src"


def parts(folder, code="from bees import wing"):
    return Sources([folder]).parts(code)


@pytest.mark.parametrize(
    "code",
    ["from bees import wing", "import bees.wing", "from bees.wing import flap",
     "def f():\n    import bees.wing as w"],
)  # fmt: skip
def test_a_page_depends_on_what_it_imports_directly_or_not(modules, code):
    found = {name for name in parts(modules, code) if name.startswith("module")}
    assert found == {"module bees", "module bees.wing", "module bees.joint"}


def test_a_page_depends_on_the_versions_of_what_its_modules_import(modules):
    assert "numpy" not in parts(modules)
    found = parts(modules, "import bees.sting, matplotlib")
    assert found["numpy"] == np.__version__
    assert found["matplotlib"] == mpl.__version__
    assert "pyparsing" in found  # which matplotlib requires
    assert "sphinx" not in found


@pytest.mark.parametrize(
    ("name", "old", "new", "changed"),
    [
        ("bees/joint.py", "def turn", "# A comment.\ndef turn", []),
        ("bees/joint.py", "    import json", '    """Words."""\n    import json', []),
        ("bees/joint.py", "return x", "return  x  # as it is", []),
        ("bees/joint.py", "return x", "return x + 1", ["bees.joint"]),
        ("bees/wing.py", "turn(1)", 'turn("""Words.""")', ["bees.wing"]),
        ("bees/sting.py", "numpy", "json", []),
        ("bees/joint.py", "import json", "import bees.sting", ["bees.joint", "bees.sting"]),
    ],
)
def test_only_code_that_a_page_reaches_counts(modules, name, old, new, changed):
    before = parts(modules)
    path = modules / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    found = [name.split()[0] for name in differences(before, parts(modules))]
    assert [name for name in found if name.startswith("bees")] == changed


def test_code_of_a_notebook_is_that_of_its_cells_without_magics(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "# T\n\n```python\nno = 1\n```\n\n```{code-cell} python\n:tags: [hide]\n%pip list\n"
        "import numpy\n```\n\nWords.\n\n```{code-cell}\nx = 1\n```\n"
    )
    assert code_of(page).split("\n") == ["import numpy", "", "x = 1", ""]


USER = '''
"""
A page
======

It runs. And more.
"""

import pathlib
{imports}

with pathlib.Path({runs!r}).open("a") as runs:
    _ = runs.write("{name} ")
'''


def runs_of(site):
    """Build, and return which pages ran."""
    site.runs.unlink(missing_ok=True)
    said = io.StringIO()
    site.build(said)
    site.table = said.getvalue().partition("pages that run code:\n")[2]
    return sorted(site.runs.read_text().split()) if site.runs.exists() else []


def test_pages_run_again_exactly_when_what_they_import_has_changed(modules, monkeypatch):
    monkeypatch.syspath_prepend(str(modules))
    folder = modules.parent
    site = Site(folder)
    (folder / "gallery" / "bowl.py").unlink()
    for name, imports in {"flyer": "import bees.wing", "other": "import bees.sting"}.items():
        text = USER.format(runs=str(site.runs), imports=imports, name=name)
        (folder / "gallery" / f"{name}.py").write_text(text)
    book = NOTEBOOK.replace("RUNS", repr(str(site.runs))).replace("pathlib\n", "pathlib, json\n")
    (folder / "docs" / "book.md").write_text(book)
    site.page("Home\n====\n\n.. toctree::\n\n   auto_gallery/index\n   book\n")
    conf = folder / "docs" / "conf.py"
    conf.write_text(
        conf.read_text().replace(
            '"sphinx_gallery.gen_gallery",', '"sphinx_gallery.gen_gallery", "myst_nb",'
        )
        + 'swarm_sources = ["../src"]\nnb_execution_mode = "cache"\n'
    )
    joint, sting = modules / "bees" / "joint.py", modules / "bees" / "sting.py"
    assert runs_of(site) == ["book", "flyer", "other"]
    assert runs_of(site) == []
    assert site.table.count("reused") == 3
    joint.write_text("# A comment.\n" + joint.read_text())
    assert runs_of(site) == []
    joint.write_text(joint.read_text().replace("return x", "return x + 1"))
    assert runs_of(site) == ["flyer"]
    assert re.search(r"flyer +ran +changed: bees.joint", site.table)
    (record,) = (folder / "cache" / "runs").glob("*other.json")
    record.write_text(record.read_text()[:40])
    assert runs_of(site) == ["other"]
    sting.write_text("import numpy, json\n")
    page = folder / "docs" / "book.md"
    page.write_text(page.read_text().replace("# A notebook", "# Words alone"))
    assert runs_of(site) == ["other"]
    assert "Words alone" in site.html("book.html")
    assert runs_of(site) == []


def test_a_folder_of_sources_that_does_not_exist_is_named(site):
    conf = site.folder / "docs" / "conf.py"
    conf.write_text(conf.read_text() + 'swarm_sources = ["../nowhere"]\n')
    with pytest.raises(ExtensionError, match=r"no folder .*nowhere"):
        site.build()


# --- other builders


@pytest.mark.parametrize("builder", ["epub", "latex", "text"])
def test_books_show_posters_with_captions(site, builder):
    out = site.folder / builder
    warned = io.StringIO()
    folders = [site.folder / "docs", site.folder / "docs", out, site.folder / "doctrees"]
    settings = {"epub_show_urls": "no", "version": "1", "copyright": "us"}
    with docutils_namespace(), mpl.rc_context():
        app = sphinx_app.Sphinx(
            *folders, builder, settings, status=None, warning=warned, freshenv=True
        )
        app.build()
    assert warned.getvalue() == ""
    if builder == "text":
        text = (out / "auto_gallery" / "bowl.txt").read_text("utf-8")
        assert "[Four points.]" in text
        assert "A bowl of four points." in text
        return
    if builder == "latex":
        (file,) = out.glob("*.tex")
        text = file.read_text("utf-8")
        names = re.findall(r"includegraphics.*?\{+(\w+)\}*(\.png)", text)
        content = [(out / "".join(name)).read_bytes() for name in names]
        assert "A bowl of four points." in text
    else:
        (file,) = out.glob("*.epub")
        with zipfile.ZipFile(file) as book:
            page = book.read("auto_gallery/bowl.xhtml").decode()
            images = [i for i in Figures(page).images if i["alt"] == "Four points."]
            content = [
                book.read("auto_gallery/" + i["src"]) for i in images if "/" not in i["src"]
            ]
            content += [book.read(i["src"].removeprefix("../")) for i in images if "/" in i["src"]]
            manifest = book.read("content.opf").decode()
        assert "A bowl of four points." in page
        assert "<video" not in page
        assert all(i["src"].rsplit("/", 1)[-1] in manifest for i in images)
    (png,) = content
    with Image.open(io.BytesIO(png)) as image:
        assert image.format == "PNG"
        assert image.width >= 480
        assert np.ptp(np.asarray(image.convert("L"))) > 50


# --- files of strangers


def test_a_cache_folder_of_somebody_else_is_refused_and_left_alone(tmp_path):
    site = Site(tmp_path)
    (tmp_path / "cache").mkdir()
    thesis = tmp_path / "cache" / "thesis.txt"
    thesis.write_text("years of work")
    with pytest.raises(ExtensionError, match=r"cache was not made by.*thesis\.txt"):
        site.build()
    assert thesis.read_text() == "years of work"


def test_a_cache_folder_that_cannot_be_written_is_named(site):
    (site.folder / "cache" / "unfinished").mkdir()  # for an administrator may write anywhere
    with pytest.raises(ExtensionError, match=r"swarm_cache: cannot work in .*cache"):
        site.build()


def test_an_empty_cache_folder_is_taken(tmp_path):
    site = Site(tmp_path)
    (tmp_path / "cache").mkdir()
    site.build()
    assert (tmp_path / "cache" / "media").is_dir()


STRANGERS = [
    "cache/thesis.txt",
    "docs/auto_gallery/mine.rst.txt",
    "docs/auto_gallery/mine/notes.txt",
    "docs/auto_gallery/mine/own.py",
    "html/report/index.html",
    "html/notebooks/mine.ipynb",
    "html/_media/logo.svg",
    "html/_downloads/data.csv",
    "html/_images/photo.png",
]


@pytest.mark.parametrize("change", ["nothing", "fingerprint", "page", "interrupted"])
def test_files_of_strangers_survive_every_build(site, change):
    for name in STRANGERS:
        path = site.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"this is {name}")
    if change == "page":
        site.script(value=1.0, name="second.py")
        site.build()
        (site.folder / "gallery" / "second.py").unlink()
    elif change == "fingerprint":
        site.conf("other")
    elif change == "interrupted":
        (site.folder / "cache" / "unfinished").write_text("running")
    site.build()
    for name in STRANGERS:
        assert (site.folder / name).read_text() == f"this is {name}"


def test_everything_of_a_removed_script_goes(site):
    before = published_files(site)
    site.script(value=1.0, name="second.py")
    site.build()
    assert len(published_files(site)) > len(before)
    (site.folder / "gallery" / "second.py").unlink()
    site.build()
    left = published_files(site).keys() - before.keys()
    assert not left


def test_a_damaged_list_of_what_was_written_removes_nothing(site):
    (site.folder / "html" / ".swarm-written.json").write_text('["index.ht')
    site.build()
    assert (site.folder / "html" / "index.html").exists()


# --- the recipe of the guide, word for word

RECIPE = re.search(
    r"In `conf.py`:\n\n```python\n(.*?)```",
    (Path(__file__).parents[1] / "docs" / "guide" / "publishing.md").read_text("utf-8"),
    re.DOTALL,
)[1]
NOTEBOOK = """---
file_format: mystnb
kernelspec:
  name: python3
---

# A notebook

```{code-cell} python
import pathlib
import plotly.graph_objects as go

with pathlib.Path(RUNS).open("a") as runs:
    _ = runs.write("book ")
figure = go.Figure(go.Surface(z=[[1.0, 2.0], [3.0, 5.0]]))
figure
```
"""


@pytest.fixture(scope="module", params=["flat", "nested"])
def recipe(request, tmp_path_factory):
    """A site made by the guide's recipe, whose scripts and notebook note each run."""
    folder = tmp_path_factory.mktemp(request.param)
    site = Site.__new__(Site)
    site.folder, site.runs = folder, folder.with_name(f"{folder.name}-runs")
    (folder / "docs").mkdir()
    section = folder / "gallery" / ("" if request.param == "flat" else "section")
    section.mkdir(parents=True)
    for place in {folder / "gallery", section}:
        (place / "GALLERY_HEADER.rst").write_text("Gallery\n=======\n\nWords.\n")
    (folder / "src").mkdir()
    (folder / "constraints.txt").write_text("")
    site.script(value=0.0, name=str((section / "bowl.py").relative_to(folder / "gallery")))
    (folder / "docs" / "conf.py").write_text(RECIPE)
    (folder / "docs" / "book.md").write_text(NOTEBOOK.replace("RUNS", repr(str(site.runs))))
    site.page("Home\n====\n\n.. toctree::\n\n   auto_gallery/index\n   book\n")
    site.build()
    site.page_of_script = (
        f"auto_gallery/{'' if section == folder / 'gallery' else 'section/'}bowl.html"
    )
    return site


def test_the_recipe_of_the_guide_runs_everything_once_and_shows_it(recipe):
    assert sorted(recipe.runs.read_text().split()) == ["book", "bowl"]
    for page in (recipe.page_of_script, "book.html"):
        assert 'class="sw-figure sw-plotly sw-on-light"' in recipe.html(page)


def test_nothing_but_the_site_lies_in_the_published_folder(recipe):
    published = {path.name for path in (recipe.folder / "html").iterdir()}
    assert "swarm-cache" not in published
    assert (recipe.folder / "swarm-cache" / "media").is_dir()


def without_time(page):
    return re.sub(r"<strong>Total running time.*?</p>", "", page)


@pytest.mark.parametrize(
    "gone", [["html"], ["html", "swarm-cache"], ["swarm-cache"], ["doctrees"]]
)
def test_a_deleted_folder_is_made_again(recipe, gone):
    pages = [recipe.page_of_script, "book.html"]
    before = {name: without_time(recipe.html(name)) for name in pages}
    for name in gone:
        shutil.rmtree(recipe.folder / name)
    recipe.build()
    for name in pages:
        assert without_time(recipe.html(name)) == before[name]
    for name in re.findall(r'data-src="([^"]+)"', before["book.html"]):
        assert (recipe.folder / "html" / name).is_file()


def test_a_gallery_of_which_no_script_would_run_is_warned_of(tmp_path):
    site = Site(tmp_path)
    conf = tmp_path / "docs" / "conf.py"
    conf.write_text(conf.read_text().replace(r'"filename_pattern": r"\.py$",', ""))
    warned = io.StringIO()
    site.build(warning=warned)
    assert "none of the 1 scripts" in warned.getvalue()
    assert "filename_pattern" in warned.getvalue()


# --- figures that are numbered, named and sized; images; pictures of other pages


def image_files(folder):
    """Write a picture of each kind into a folder: red on the left, blue on the right."""
    pixels = np.zeros((30, 41, 3), np.uint8)
    pixels[:, :20, 0] = pixels[:, 20:, 2] = 255
    image = Image.fromarray(pixels)
    for name in ("still.png", "still.webp", "still.jpg"):
        image.save(folder / name)
    frames = [Image.fromarray(np.roll(pixels, 5 * k, axis=1)) for k in range(4)]
    stays = [100, 100, 200, 100]
    frames[0].save(folder / "moves.gif", save_all=True, append_images=frames[1:], duration=stays)
    frames[0].save(folder / "moves.webp", save_all=True, append_images=frames[1:], duration=100)
    (folder / "drawing.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 80 60" width="160px">'
        '<rect width="80" height="60" fill="red"/></svg>'
    )


def with_images(site, text):
    image_files(site.folder / "docs")
    site.page(f"Home\n====\n\n{text}\n\n.. toctree::\n\n   auto_gallery/index\n")


def setting(site, text):
    conf = site.folder / "docs" / "conf.py"
    conf.write_text(f"{conf.read_text()}\n{text}\n")


@pytest.mark.parametrize("name", ["still.png", "still.webp", "still.jpg", "drawing.svg"])
def test_movie_directive_shows_still_images(site, name):
    with_images(site, f".. movie:: {name}\n   :alt: Two colours")
    site.build()
    page = Figures(site.html("index.html"))
    assert [f["class"].split()[1] for f in page.figures] == ["sw-still"]
    light = page.images[0]
    size = (160, 120) if name.endswith("svg") else (41, 30)
    assert (light["alt"], int(light["width"]), int(light["height"])) == ("Two colours", *size)
    path = site.folder / "html" / light["src"]
    if name.endswith("svg"):
        assert path.read_text() == (site.folder / "docs" / name).read_text()
        return
    with Image.open(path) as shown:
        left, right = shown.getpixel((5, 15)), shown.getpixel((35, 15))
    assert left[0] > 200 > 60 > left[2]
    assert right[2] > 200 > 60 > right[0]


@pytest.mark.parametrize(("name", "frames"), [("moves.gif", 5), ("moves.webp", 4)])
def test_movie_directive_turns_images_that_move_into_movies_one_can_stop(site, name, frames):
    with_images(site, f".. movie:: {name}\n\n   Colours go round.")
    site.build()
    text = site.html("index.html")
    (video,) = Figures(text).videos
    assert (video["preload"], video["aria-label"]) == ("none", "Moves")
    assert f'data-frames="{frames}" ' in text.replace(">", " ")
    assert 'data-fps="10"' in text
    movie = __import__("swarm.movie").movie.Movie.open(site.folder / "html" / video["src"])
    assert (movie.width, movie.height, movie.frames) == (42, 30, frames)
    first, last = movie.poster(0), movie.poster(-1)
    assert first[15, 5, 0] > 200 > 60 > first[15, 5, 2]
    assert last[15, 5, 2] > 200 > 60 > last[15, 5, 0]  # moved on by 15 columns


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [("no.png", b"nothing", r"no\.png"), ("no.svg", b"<svg/>", "viewBox"),
     ("no.gif", b"", "no.gif")],
)  # fmt: skip
def test_a_damaged_image_is_named(site, name, content, words):
    (site.folder / "docs" / name).write_bytes(content)
    with_images(site, f".. movie:: {name}")
    with pytest.raises(ExtensionError, match=rf"(?s)index: movie: cannot show the image.*{words}"):
        site.build()


NUMBERED = """
See :numref:`red-blue`, :ref:`red-blue`, :numref:`auto_gallery/bowl#picture-1` and
:numref:`borrowed`, but :ref:`this one <index#picture-1>`.

.. movie:: still.png

.. movie:: still.webp
   :name: red-blue
   :width: 60%

   Red and *blue*.

.. picture-of:: /auto_gallery/bowl
   :name: borrowed
   :width: 20em
"""


def test_pictures_with_a_caption_or_a_name_are_numbered_and_can_be_referred_to(site):
    setting(site, "numfig = True")
    with_images(site, NUMBERED)
    warned = io.StringIO()
    site.build(warning=warned)
    assert warned.getvalue() == ""
    text = site.html("index.html")
    links = re.findall(r'<a class="reference internal" href="(.*?)"><span.*?>(.*?)</span>', text)
    assert links[:5] == [
        ("#red-blue", "Fig. 1"),
        ("#red-blue", "Red and blue."),
        ("auto_gallery/bowl.html#picture-1", "Fig. 3"),
        ("#borrowed", "Fig. 2"),
        ("#picture-1", "this one"),
    ]
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", text, re.DOTALL)
    assert [re.sub("<.*?>", "", words).strip() for words in captions] == [
        "",
        "Fig. 1 Red and blue.",
        "Fig. 2 A bowl of four points.",
    ]
    assert [figure["id"] for figure in Figures(text).figures] == [
        "picture-1", "red-blue", "borrowed"
    ]  # fmt: skip


def test_width_is_a_class_with_a_style_sheet_and_no_attribute(site):
    with_images(site, NUMBERED.partition("\n\n")[2])
    site.build()
    text = site.html("index.html")
    assert [f["class"].split()[3] for f in Figures(text).figures[1:]] == [
        "sw-width-60p",
        "sw-width-20em",
    ]
    for name, width in {"60p": "60%", "20em": "20em"}.items():
        sheet = site.folder / "html" / "_static" / f"sw-width-{name}.css"
        assert f"min(100%, {width})" in sheet.read_text()
        assert f"sw-width-{name}.css" in text
    assert 'style="' not in "".join(re.findall(r"(?s)<figure.*?</figure>", text))
    with_images(site, "Words.")
    site.build()
    assert not list((site.folder / "html" / "_static").glob("sw-width-*"))


def test_a_lead_has_a_name_and_a_width(site):
    setting(site, "numfig = True")
    options = "2\n   :name: slope\n   :width: 300px\n\nSee :numref:`slope`."
    site.script(value=0, name="led.py", text=LEAD.replace("{number}", options))
    site.build()
    page = site.html("auto_gallery/led.html")
    lead = Figures(page).figures[0]
    assert lead["id"] == "slope"
    assert "sw-width-300px" in lead["class"]
    assert re.search(r'href="#slope"><span class="std std-numref">Fig. \d</span>', page)


def test_books_number_pictures_and_keep_their_width(site):
    setting(site, "numfig = True")
    with_images(site, NUMBERED)
    out = site.folder / "latex"
    folders = [site.folder / "docs", site.folder / "docs", out, site.folder / "doctrees"]
    with docutils_namespace(), mpl.rc_context():
        sphinx_app.Sphinx(*folders, "latex", status=None, warning=None, freshenv=True).build()
    (file,) = out.glob("*.tex")
    text = file.read_text("utf-8")
    assert re.search(r"ref\*?\{.*?index:red-blue", text)
    assert re.search(r"includegraphics\[width=0\.6", text)
    assert "label{\\detokenize{index:borrowed}}" in text


# --- notebooks

BOOK = """---
file_format: mystnb
kernelspec:
  name: python3
tags: [ReLU, plot]
thumbnail_number: 2
---

# A notebook

It shows & tells. And more.

```{code-cell} python
import matplotlib.pyplot as plt
import plotly.graph_objects as go
figure, axes = plt.subplots(figsize=(3, 2))
_ = axes.set_title("Named last")
figure
```

```{code-cell} python
go.Figure(go.Surface(z=[[1.0, 2.0], [3.0, 5.0]]), layout={"title": {"text": "A slope"}})
```

```{code-cell} python
:mystnb:
:  figure:
:    name: told
:    caption: Told by *MyST*.
plt.plot([0, 1])
_ = plt.title("Told")
```

```{code-cell} python
figure, axes = plt.subplots(figsize=(3, 2))
axes.set_title("Changed")
display(figure)
_ = axes.plot([0, 1])
```
"""


@pytest.fixture(scope="module")
def bookish(tmp_path_factory):
    """A site whose first page shows what its notebook, read later, makes."""
    site = Site(tmp_path_factory.mktemp("bookish"))
    conf = site.folder / "docs" / "conf.py"
    conf.write_text(
        conf.read_text().replace('gen_gallery",', 'gen_gallery", "myst_nb",')
        + 'numfig = True\nnb_execution_mode = "cache"\n'
    )
    (site.folder / "docs" / "zbook.md").write_text(BOOK)
    site.page(
        "Home\n====\n\n.. swarm-card-filter::\n\n.. swarm-cards::\n\n   zbook\n\n"
        ".. picture-of:: /zbook 2\n   :name: lent\n\nSee :numref:`lent` and :numref:`told`.\n\n"
        ".. toctree::\n\n   auto_gallery/index\n   zbook\n"
    )
    site.build()
    return site


def test_a_figure_named_last_appears_once_and_again_only_when_it_has_changed(bookish):
    page = Figures(bookish.html("zbook.html"))
    labels = [figure["aria-label"] for figure in page.figures]
    assert labels == ["Named last", "A slope", "Told", "Changed", "Changed"]
    assert len({image["src"] for image in page.images}) == 2 * 5


def test_a_notebook_has_a_card_with_claim_tags_and_the_picture_that_it_chose(bookish):
    text = bookish.html("index.html")
    card = re.search(r"(?s)<article.*?</article>", text)[0]
    assert 'href="zbook.html">A notebook</a>' in card
    assert "<p>It shows &amp; tells.</p>" in card
    assert re.findall(r"<li.*?>(.*?)</li>", card) == ["Surface", "ReLU", "plot"]
    slope = bookish.html("zbook.html").partition('aria-label="A slope"')[2]
    own = set(re.findall(r"_media/(\w+)\.webp", slope.partition("</figure>")[0]))
    assert Figures(card).images
    assert (bookish.folder / "html" / Figures(card).images[0]["src"]).is_file()
    assert own
    assert re.findall(r'data-word="(.*?)"', text) == ["surface", "plot", "ReLU"]


def test_a_page_shows_the_picture_of_a_notebook_that_is_read_later(bookish):
    text = bookish.html("index.html")
    (figure,) = [f for f in Figures(text).figures if "sw-plotly" in f.get("class", "")]
    assert (figure["id"], figure["aria-label"]) == ("lent", "A slope")
    assert (bookish.folder / "html" / figure["data-src"]).is_file()
    assert re.search(r'href="#lent"><span.*?>Fig. 1<', text)
    assert re.search(r'href="zbook.html#told"><span.*?>Fig. \d<', text)
    assert "swarm.js" in text
    assert "A slope" in search_index(bookish)["alltitles"]


def test_a_caption_of_mystnb_becomes_that_of_the_picture(bookish):
    text = bookish.html("zbook.html")
    (told,) = re.findall(r'(?s)<figure[^>]*id="told".*?</figure>', text)
    assert told.count("<figure") == 1
    assert "Told by <em>MyST</em>." in told


def test_a_page_that_borrows_is_read_again_with_its_lender(bookish):
    book = bookish.folder / "docs" / "zbook.md"
    book.write_text(BOOK.replace("A slope", "A steep slope"))
    bookish.build()
    assert 'id="lent" role="group" aria-label="A steep slope"' in bookish.html("index.html")


def test_a_picture_that_another_page_lacks_is_named(site):
    site.page(
        "Home\n====\n\n.. picture-of:: /auto_gallery/bowl 2\n\n"
        ".. toctree::\n\n   auto_gallery/index\n"
    )
    with pytest.raises(ExtensionError, match=r"bowl shows 1 pictures, so there is no number 2"):
        site.build()
    site.page("Home\n====\n\n.. picture-of:: /nowhere\n\n.. toctree::\n\n   auto_gallery/index\n")
    with pytest.raises(ExtensionError, match=r"picture-of: there is no page /nowhere"):
        site.build()
