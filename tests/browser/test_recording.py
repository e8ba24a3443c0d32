"""The player on its page, as a reader uses it, with a picture after each step.

The pictures are kept in the folder that SWARM_FRAMES names, for someone to look at.
"""

import io
import os
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("playwright.sync_api", reason="needs playwright")
pytestmark = pytest.mark.browser

PAGE = "auto_gallery/first_flights/distribution_of_weights.html"


WAIT = "new Promise(go => setTimeout(() => requestAnimationFrame(go), 200))"


class Recorder:
    """Takes a picture of the player after each step and says how much of its canvas changed."""

    def __init__(self, page, folder):
        self.page, self.folder, self.count, self.last = page, folder, 0, None
        self.figure = page.locator("figure.swarm-player").first

    def take(self, name):
        """Return the share of the drawing's pixels that differ from the picture before."""
        self.page.evaluate(WAIT)
        self.figure.screenshot(path=self.folder / f"{self.count:02}-{name}.png")
        self.count += 1
        shot = self.figure.locator("canvas.swarm-player__canvas").screenshot()
        now = np.asarray(Image.open(io.BytesIO(shot)).convert("RGB"), int)  # (H, W, 3)
        before, self.last = self.last, now
        return 1.0 if before is None else (np.abs(now - before).max(axis=2) > 12).mean()

    def number(self):
        """Return the epoch that the clock shows."""
        self.page.evaluate(WAIT)
        clock = self.figure.locator(".swarm-player__now").inner_text()
        return int(re.match(r"Epoch ([\d,]+)", clock)[1].replace(",", ""))


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_reader_scrubs_singles_out_colours_and_zooms(address, new_page, tmp_path, scheme, width):
    folder = Path(os.environ.get("SWARM_FRAMES", tmp_path)) / f"{scheme}-{width}"
    folder.mkdir(parents=True, exist_ok=True)
    page = new_page(
        color_scheme=scheme, reduced_motion="reduce", viewport={"width": width, "height": 1200}
    )
    page.goto(address + PAGE)
    film = Recorder(page, folder)
    film.figure.scroll_into_view_if_needed()
    slider = film.figure.locator(".swarm-player__epoch")
    # It may start by itself before it can be clicked.
    page.wait_for_function(
        """() => document.querySelector('.swarm-player__epoch')
        || document.querySelector('.swarm-player__start:enabled')?.click()""",
        polling=300,
    )
    slider.wait_for()
    film.figure.scroll_into_view_if_needed()
    canvas = film.figure.locator("canvas.swarm-player__canvas")
    film.take("whole")
    end = film.number()

    # The slider by mouse: to its beginning, then dragged to its middle.
    box = slider.bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.click(box["x"] + 3, middle)
    assert film.number() == 0
    assert film.take("first-epoch") > 0.02
    page.mouse.move(box["x"] + 9, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, middle, steps=8)
    page.mouse.up()
    assert film.number() == pytest.approx(end / 2, rel=0.05)
    assert film.take("middle") > 0.02

    # By keys.
    before = film.number()
    slider.focus()
    for _ in range(12):
        page.keyboard.press("ArrowRight")
    assert film.number() > before
    film.take("twelve-keys-on")
    page.keyboard.press("End")
    assert film.number() == end
    film.take("last-epoch")

    # One bee under the pointer.
    area = canvas.bounding_box()
    said = film.figure.locator(".swarm-player__said")
    for share in np.linspace(0.2, 0.45, 40):
        page.mouse.move(area["x"] + 0.5 * area["width"], area["y"] + share * area["height"])
        page.wait_for_timeout(20)
        if said.inner_text().startswith("Bee "):
            break
    assert re.match(r"Bee \d+: final loss ", said.inner_text())
    assert film.take("one-bee") > 0.005
    page.mouse.move(2, 2)

    # Colours say the final loss, or nothing.
    toggle = film.figure.locator(".swarm-player__color")
    film.take("no-bee")
    for pressed in ("false", "true"):
        toggle.click()
        assert toggle.get_attribute("aria-pressed") == pressed
        assert film.take(f"coloured-{pressed}") > 0.01

    # Closer, and back.
    closer = "[data-zoom='in']"
    for _ in range(3):
        film.figure.locator(closer).click()
    assert film.take("zoomed") > 0.02
    slider.focus()
    page.keyboard.press("0")
    assert film.take("whole-again") > 0.02
    assert page.evaluate("document.documentElement.scrollWidth") <= width
