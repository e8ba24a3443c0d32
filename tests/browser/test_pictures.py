"""Movies and plotly figures in the browser, on a small site that has every case."""

import io
import shutil

import numpy as np
import plotly.graph_objects as go
import pytest
from PIL import Image

pytest.importorskip("playwright.sync_api", reason="needs playwright")
pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("default")]

FIGURES = 7
CONF = """
extensions = ["swarm.sphinxext"]
swarm_cache = "../cache"
html_theme = "furo"
"""


def descent(bees=12, epochs=30):
    """A bowl, and bees on it of which number i is at x = i / 20 + epoch / 100."""
    from swarm.surface import Paths, Plane, Surface

    plane = Plane([0, 0], [1, 0], [0, 1], ("w1", "w2"))
    grid = np.linspace(0, 1, 9)
    x = np.arange(bees)[:, None] / 20 + np.arange(epochs) / 100  # (bee, epoch)
    paths = Paths(np.stack([x, 0 * x], axis=-1), x**2, x**2, 0 * x, plane, 1.0)
    return Surface(grid, grid, np.add.outer(grid**2, grid**2), plane), paths


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A site of two pages: a movie and more surfaces than a browser draws at once; a pie."""
    sphinx = pytest.importorskip("sphinx.application", reason="needs the docs group")
    from sphinx.util.docutils import docutils_namespace

    from swarm import animator, figures

    root = tmp_path_factory.mktemp("site")
    docs = root / "docs"
    docs.mkdir()
    x = np.linspace(0, 1, 20)
    curves = np.random.default_rng(0).normal(size=(5, 12, 20))
    animator.swarm_animate([animator.LineSwarm.auto_range(x, curves)], str(docs / "walk.mp4"))
    shutil.copy(docs / "walk.mp4", docs / "walk.dark.mp4")
    blocks = [".. movie:: walk.mp4\n   :title: A walk\n\n   Five walkers.\n"]
    for number in range(FIGURES):
        z = np.add.outer(np.linspace(-1, 1, 15) ** 2, np.linspace(-1, 1, 15) * number)
        steps = {"show": True, "start": -1, "end": 1, "size": 0.25}
        go.Figure(go.Surface(z=z, contours_z=steps)).write_json(docs / f"{number}.json")
        blocks.append(f".. plotly-figure:: {number}.json\n   :alt: Surface {number}\n")
    go.Figure(go.Pie(values=[1, 2])).write_json(docs / "pie.json")
    figures.descent_figure(*descent(), title="Down").write_json(docs / "down.json")
    (docs / "down.rst").write_text("Down\n====\n\n.. plotly-figure:: down.json\n")
    (docs / "conf.py").write_text(CONF)
    (docs / "index.rst").write_text(
        "Home\n====\n\n.. toctree::\n\n   pie\n   down\n\n" + "\n".join(blocks)
    )
    (docs / "pie.rst").write_text("Pie\n===\n\n.. plotly-figure:: pie.json\n   :alt: A pie\n")
    with docutils_namespace():
        sphinx.Sphinx(
            docs, docs, root / "html", root / "trees", "html", status=None, warning=None
        ).build()
    return root / "html"


@pytest.fixture(scope="module")
def home(folder, published):
    return published(folder)


def mount(figure):
    figure.scroll_into_view_if_needed()
    figure.locator(".sw-mount").click()
    figure.locator("canvas").first.wait_for(timeout=30_000)


def test_text_of_a_figure_shrinks_with_its_width_and_its_data_stay(home, new_page):
    sizes = {}
    for width in (1280, 390):
        page = new_page(viewport={"width": width, "height": 800})
        page.goto(home)
        figure = page.locator(".sw-plotly").first
        mount(figure)
        sizes[width] = figure.locator(".sw-plot").evaluate(
            """plot => ({
              text: plot._fullLayout.font.size,
              far: Math.hypot(...Object.values(plot._fullLayout.scene.camera.eye)),
              step: plot._fullData[0].contours.z.size,
            })"""
        )
    wide, narrow = sizes[1280], sizes[390]
    assert wide["text"] == 12
    assert 7 < narrow["text"] < 10
    assert narrow["far"] > 1.1 * wide["far"]
    assert narrow["step"] == wide["step"] == 0.25


def colours(locator):
    """Return the number of different colours in a picture of an element."""
    return len(Image.open(io.BytesIO(locator.screenshot())).convert("RGB").getcolors(1 << 24))


def test_movie_steps_by_one_frame_by_button_and_key(home, new_page):
    page = new_page(reduced_motion="reduce")
    page.goto(home)
    figure = page.locator(".sw-movie")
    frames = int(figure.get_attribute("data-frames"))
    assert frames == 12
    time = "document.querySelector('video').currentTime * 30"
    figure.locator("[data-step='1']").click()
    page.wait_for_function(f"Math.floor({time}) === 1")
    figure.locator(".sw-screen").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function(f"Math.floor({time}) === 2")
    page.keyboard.press("ArrowLeft")
    page.wait_for_function(f"Math.floor({time}) === 1")
    page.wait_for_function(f"document.querySelector('output').textContent === '2 / {frames}'")
    duration = page.evaluate("document.querySelector('video').duration")
    assert round(duration * float(figure.get_attribute("data-fps"))) == frames


def test_movie_plays_in_view_unless_motion_is_unwanted(home, new_page):
    playing = "[...document.querySelectorAll('video')].some((video) => !video.paused)"
    page = new_page()
    page.goto(home)
    page.locator(".sw-screen").scroll_into_view_if_needed()
    page.wait_for_function(playing, timeout=10_000)
    still = new_page(reduced_motion="reduce")
    still.goto(home)
    still.locator(".sw-screen").scroll_into_view_if_needed()
    still.wait_for_timeout(2500)
    assert not still.evaluate(playing)
    still.locator(".sw-movie [data-play]").click()
    still.wait_for_function(playing)


def test_speed_button_goes_round(home, new_page):
    page = new_page(reduced_motion="reduce")
    page.goto(home)
    button = page.locator("[data-speed]")
    said = []
    for _ in range(4):
        button.click()
        said.append(page.evaluate("document.querySelector('video').playbackRate"))
    assert said == [2, 0.25, 0.5, 1]


def test_theme_chooses_movie_and_poster(home, new_page):
    for scheme in ("light", "dark"):
        page = new_page(color_scheme=scheme)
        page.goto(home)
        shown = page.locator("video:visible").evaluate_all("(all) => all.map((v) => v.className)")
        assert shown == [f"sw-{scheme}"]
        posters = page.locator(".sw-stage img:visible").evaluate_all(
            "(all) => all.map((image) => image.classList[0])"
        )
        assert posters == [f"sw-{scheme}"] * FIGURES


def test_figure_is_drawn_on_demand_by_keyboard_and_turns(home, new_page):
    page = new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(home)
    page.wait_for_timeout(500)
    assert not [url for url in asked if "plotly" in url], (
        "the bundle is loaded before it is wanted"
    )
    figure = page.locator(".sw-plotly").first
    figure.locator(".sw-mount").focus()
    page.keyboard.press("Enter")
    figure.locator("canvas").first.wait_for(timeout=30_000)
    page.wait_for_function("document.activeElement.classList.contains('sw-plot')")
    page.wait_for_timeout(500)
    assert colours(figure.locator(".sw-stage")) > 300
    eye = "document.querySelector('.sw-plot')._fullLayout.scene.camera.eye.x"
    before = page.evaluate(eye)
    page.keyboard.press("ArrowLeft")
    page.wait_for_function(f"{eye} !== {before}")


def test_no_more_figures_are_live_than_a_browser_bears(home, new_page):
    page = new_page()
    page.goto(home)
    for figure in page.locator(".sw-plotly").all():
        figure.scroll_into_view_if_needed()
        figure.evaluate("(element) => element.swarmMount()")
        figure.locator("canvas").first.wait_for(timeout=30_000)
        assert page.locator(".sw-live").count() <= 4
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_timeout(500)
    assert page.locator(".sw-plotly").first.locator(".sw-stage > img:visible").count() == 1


def test_live_figure_follows_the_theme(home, new_page):
    page = new_page(color_scheme="light")
    page.goto(home)
    mount(page.locator(".sw-plotly").first)
    ink = "document.querySelector('.sw-plot')._fullLayout.font.color"
    light = page.evaluate(ink)
    page.evaluate("document.body.dataset.theme = 'dark'")
    page.wait_for_function(f"{ink} !== '{light}'")


def test_figure_that_the_small_bundle_cannot_draw_gets_the_whole_one(folder, home, new_page):
    assert (folder / "_static" / "plotly.min.js").is_file()
    page = new_page()
    page.goto(home + "pie.html")
    page.locator(".sw-mount").click()
    page.locator(".sw-plot .pielayer path").first.wait_for(timeout=30_000)


def test_without_script_posters_movies_words_and_downloads_are_there(home, new_page):
    page = new_page(java_script_enabled=False)
    page.goto(home)
    assert page.locator("video[controls][poster]:visible").count() == 1
    assert page.locator(".sw-stage img:visible").count() == FIGURES
    assert page.locator(".sw-mount:visible").count() == 0
    assert page.locator("a[download]").first.is_visible()
    assert "Five walkers." in page.locator("figcaption").first.inner_text()


def test_without_webgl_the_poster_stays_and_a_sentence_says_why(home, playwright, executable):
    browser = playwright.chromium.launch(
        executable_path=executable, args=["--no-sandbox", "--disable-gpu", "--disable-3d-apis"]
    )
    page = browser.new_page()
    page.goto(home)
    figure = page.locator(".sw-plotly").first
    figure.locator(".sw-mount").click()
    page.wait_for_function("document.querySelector('.sw-say').textContent.includes('WebGL')")
    assert figure.locator(".sw-stage > img:visible").count() == 1
    browser.close()


def test_figure_is_drawn_from_the_disk_too(folder, new_page):
    page = new_page()
    page.goto((folder / "index.html").as_uri())
    mount(page.locator(".sw-plotly").first)


def test_paper_shows_posters_and_no_buttons(home, new_page):
    page = new_page(color_scheme="dark")
    page.goto(home)
    page.emulate_media(media="print")
    assert page.locator(".sw-bar:visible, .sw-mount:visible").count() == 0
    posters = page.locator(".sw-stage img:visible")
    shown = posters.evaluate_all("(all) => all.map((i) => i.classList[0])")
    assert shown == ["sw-light"] * FIGURES


def lowest_ball(figure):
    """Where the lowest of all balls is along x, as drawn."""
    return figure.locator(".sw-plot").evaluate(
        """plot => Math.min(...plot._fullData.filter((trace) => trace.mode === "markers")
          .flatMap((trace) => [...trace.x]))"""
    )


def test_a_descent_on_a_phone_has_room_and_the_controls_below_it(home, new_page):
    page = new_page(
        viewport={"width": 390, "height": 844},
        has_touch=True,
        is_mobile=True,
        device_scale_factor=2,
    )
    page.goto(home + "down.html")
    figure = page.locator(".sw-plotly")
    before = figure.bounding_box()
    mount(figure)
    assert figure.bounding_box() == before  # nothing moves as it starts
    room = figure.locator(".sw-plot").evaluate(
        """plot => { const { width, height } = plot._fullLayout;
          const { w, h } = plot._fullLayout._size; return { width, height, w, h }; }"""
    )
    assert room["w"] > 0.9 * room["width"]
    assert room["h"] > 0.55 * room["height"] > 180
    assert figure.locator(".modebar").count() == 0 or not figure.locator(".modebar").is_visible()
    assert figure.locator(".slider-group, .updatemenu-container").count() == 0
    names = figure.locator(".legendtext")
    assert names.first.evaluate("name => parseFloat(getComputedStyle(name).fontSize)") >= 11
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_the_bar_below_a_descent_plays_steps_and_jumps(home, new_page):
    page = new_page()
    page.goto(home + "down.html")
    figure = page.locator(".sw-plotly")
    play, slider, output = (
        figure.locator(part) for part in ("[data-play]", ".sw-bar input", "output")
    )
    assert output.inner_text() == "29 / 29"  # as its still shows
    play.click()
    page.wait_for_function(
        "(value => value >= 4 && value < 25)(document.querySelector('.sw-bar input').value)",
        timeout=30_000,
    )
    play.click()
    page.wait_for_timeout(300)
    at = int(slider.input_value())
    assert 4 <= at < 29
    page.wait_for_timeout(400)
    assert int(slider.input_value()) == at  # it has stopped
    assert output.inner_text() == f"epoch {at} / 29"
    assert lowest_ball(figure) == pytest.approx(at / 100, abs=1e-6)
    slider.focus()
    page.keyboard.press("End")
    page.wait_for_function(
        "document.querySelector('.sw-bar output').textContent === 'epoch 29 / 29'"
    )
    page.wait_for_timeout(300)
    assert lowest_ball(figure) == pytest.approx(0.29, abs=1e-6)
    assert slider.get_attribute("aria-valuetext") == "epoch 29 of 29"
    page.keyboard.press("ArrowLeft")
    page.wait_for_timeout(300)
    assert lowest_ball(figure) == pytest.approx(0.28, abs=1e-6)
    play.click()  # from here to the end
    page.wait_for_function("document.querySelector('.sw-bar [data-play]').textContent === '▶'")
    assert slider.input_value() == "29"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_page_printed_soon_after_loading_has_all_its_pictures(
    home, new_page, printed_pictures, theme
):
    page = new_page(color_scheme=theme)
    page.goto(home)
    surfaces = [
        p
        for p in printed_pictures(page)
        if p.shape[0] / p.shape[1] == pytest.approx(52 / 72, 0.02)
    ]
    assert len(surfaces) == FIGURES
    for picture in surfaces:
        assert tuple(picture[3, 3]) == (255, 255, 255)  # the light version
        assert (np.ptp(picture.astype(int), axis=-1) > 40).mean() > 0.02  # with its colours
