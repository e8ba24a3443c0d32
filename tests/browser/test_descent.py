"""A descent in the browser, as a page of its own opened from the disk: it plays, and turns."""

import numpy as np
import pytest

from swarm import figures
from swarm.surface import Paths, Plane, Surface

pytest.importorskip("playwright.sync_api", reason="needs playwright")
pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("default")]

EPOCHS = 60
PLOT = "document.getElementById('picture')"
BALL = f"{PLOT}._fullData.findLast((trace) => trace.mode === 'markers').x[0]"
SHOWN = f"{PLOT}._fullLayout.sliders[0].active"


@pytest.fixture
def descent(new_page, tmp_path):
    """A page on which bee i's ball is at x = i + epoch / 100."""
    plane = Plane([0, 0], [1, 0], [0, 1], ("w1", "w2"))
    grid = np.linspace(0, 3, 9)
    landscape = Surface(grid, grid, np.add.outer(grid, grid**2), plane)
    x = np.arange(2)[:, None] + np.arange(EPOCHS) / 100  # (bee, epoch)
    losses = x**2
    paths = Paths(np.stack([x, 0 * x], axis=-1), losses, losses, 0 * x, plane, 1.0)
    figures.save(figures.descent_figure(landscape, paths), tmp_path / "descent.html")
    page = new_page(viewport={"width": 700, "height": 700})
    page.goto((tmp_path / "descent.html").as_uri())
    page.wait_for_function(f"window.Plotly && {PLOT}?._fullLayout?.scene?.camera")
    return page


def press(page, label):
    page.locator(".updatemenu-button", has_text=label).click()


def test_play_starts_and_pause_stops_between_the_ends(descent):
    descent.wait_for_timeout(500)
    assert descent.evaluate(SHOWN) == 0  # it waits for the reader
    press(descent, "Play")
    descent.wait_for_function(f"{SHOWN} >= 3")
    press(descent, "Pause")
    descent.wait_for_timeout(300)
    stopped = descent.evaluate(SHOWN)
    assert 3 <= stopped < EPOCHS - 1
    descent.wait_for_timeout(600)
    assert descent.evaluate(SHOWN) == stopped
    assert descent.evaluate(BALL) % 1 == pytest.approx(stopped / 100, abs=1e-6)
    press(descent, "Play")  # goes on from there
    descent.wait_for_function(f"{SHOWN} > {stopped}")


def test_slider_jumps_to_an_epoch(descent):
    rail = descent.locator(".slider-rail-touch-rect").bounding_box()
    for share in (0.5, 0.9, 0.1):
        descent.mouse.click(rail["x"] + share * rail["width"], rail["y"] + rail["height"] / 2)
        descent.wait_for_function(f"Math.abs({SHOWN} / {EPOCHS - 1} - {share}) < 0.1")
        at = descent.evaluate(SHOWN)
        descent.wait_for_function(f"Math.abs({BALL} % 1 - {at / 100}) < 1e-6")
        assert descent.locator(".slider-label", has_text="epoch").text_content() == f"epoch {at}"


def test_dragging_turns_the_surface(descent):
    eye = f"Object.values({PLOT}._fullLayout.scene._scene.getCamera().eye)"
    before = descent.evaluate(eye)
    box = descent.locator("canvas").first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    descent.mouse.move(x, y)
    descent.mouse.down()
    descent.mouse.move(x + 90, y + 20, steps=6)
    descent.mouse.up()
    descent.wait_for_timeout(300)
    assert np.linalg.norm(np.subtract(descent.evaluate(eye), before)) > 0.1
