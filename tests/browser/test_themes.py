"""A small site in each of the themes that people use: grounds, frames, captions, room."""

import io

import numpy as np
import pytest
from PIL import Image

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("default"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
THEMES = ["pydata_sphinx_theme", "sphinx_book_theme", "sphinx_rtd_theme", "alabaster"]
SIZES = {"wide": {"width": 1280, "height": 800}, "narrow": {"width": 390, "height": 844}}
LOOK = """(figure) => {
  const luminance = (color) => {
    const [r, g, b] = color.match(/[\\d.]+/g).map(Number)
      .map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const painted = (box) => getComputedStyle(box).backgroundColor;
  let box = figure;
  while (box && painted(box) === 'rgba(0, 0, 0, 0)') box = box.parentElement;
  const ground = box ? painted(box) : 'rgb(255, 255, 255)';
  const caption = figure.querySelector('figcaption');
  const style = caption && getComputedStyle(caption);
  const pair = caption && [luminance(style.color), luminance(ground)].sort();
  return {
    ground: ground.match(/[\\d.]+/g).slice(0, 3).map(Number),
    contrast: pair && (pair[1] + 0.05) / (pair[0] + 0.05),
    weight: style && Number(style.fontWeight),
  };
}"""


@pytest.fixture(params=THEMES)
def shown(request, small_site, published, new_page):
    folder, _ = small_site(request.param)
    address = published(folder)

    def show(name, size, scheme):
        page = new_page(viewport=SIZES[size], color_scheme=scheme)
        page.goto(address + name)
        return page

    show.theme = request.param
    return show


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["auto_gallery/bowl.html", "book.html", "index.html"])
def test_pictures_stand_on_the_ground_of_the_page_without_a_frame(shown, name, size, scheme):
    page = shown(name, size, scheme)
    figures = page.locator(".sw-figure:is(.sw-still, .sw-plotly):not(.sw-card)")
    assert figures.count()
    for figure in figures.all():
        figure.scroll_into_view_if_needed()
        facts = figure.evaluate(LOOK)
        if facts["contrast"] and figure.locator("figcaption").inner_text():
            assert facts["contrast"] > 4.5
            assert facts["weight"] >= 400
        image = figure.locator("img:visible").first
        if not image.count():  # it has become the living figure
            continue
        image.evaluate("(image) => image.decode()")
        pixels = np.asarray(Image.open(io.BytesIO(image.screenshot())).convert("RGB")).astype(int)
        edge = np.concatenate([pixels[3:6, 40:-120].reshape(-1, 3), pixels[-6:-3].reshape(-1, 3)])
        assert np.abs(np.median(edge, axis=0) - facts["ground"]).max() <= 6


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["auto_gallery/bowl.html", "book.html", "index.html"])
def test_no_picture_is_wider_than_its_page(shown, name, size):
    page = shown(name, size, "light")
    for figure in page.locator(".sw-figure, .sw-player, .sw-run").all():
        box = figure.bounding_box()
        if box:
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= SIZES[size]["width"]


def test_dark_pages_have_dark_movies_and_light_ones_light(shown):
    page = shown("auto_gallery/bowl.html", "wide", "dark")
    kind = page.locator("figure.sw-movie video:visible").get_attribute("class")
    is_dark = page.locator("figure.sw-movie").evaluate(LOOK)["ground"][0] < 128
    assert is_dark == (shown.theme in {"pydata_sphinx_theme", "sphinx_book_theme"})
    assert kind == ("sw-dark" if is_dark else "sw-light")


def test_labels_have_no_bullets(shown):
    page = shown("auto_gallery/bowl.html", "wide", "light")
    marks = page.locator(".sw-marks li")
    assert marks.count() == 4
    styles = marks.evaluate_all("(all) => all.map((one) => getComputedStyle(one).listStyleType)")
    assert set(styles) == {"none"}


def test_a_figure_without_a_still_is_drawn_whenever_it_is_in_view(shown):
    page = shown("auto_gallery/bowl.html", "wide", "light")
    figure = page.locator("figure.sw-plotly").last
    for _ in range(2):
        figure.scroll_into_view_if_needed()
        figure.locator(".sw-plot svg").first.wait_for()
        page.evaluate("scrollTo(0, 0)")
        page.wait_for_timeout(300)
