"""How long the swarm player takes for one picture of 500 curves × 100 points, or of a hive.

Run ``python bench/player.py`` (needs Playwright and Chromium). It plays, scrubs and zooms a
synthetic swarm in headless Chromium without a graphics card, turns the knobs of a hive of
20 settings × 50 bees while it plays, and prints for each

- the time between pictures in milliseconds, median and 95th percentile: 16.7 is 60 a second;
- the processor time that one picture took, which does not depend on what else runs.
"""

import argparse
import tempfile
from importlib.resources import files
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from swarm import player

FRAMES = 240
MOVE = """async ([mode, frames]) => {
  const player = document.querySelector(".swarm-player").player;
  const gaps = [];
  player.setPlaying(false);
  for (let frame = 0, before = null; frame < frames; frame++) {
    const now = await new Promise(requestAnimationFrame);
    if (before !== null) gaps.push(now - before);
    before = now;
    if (mode === "play" && !player.playing) player.setPlaying(true);
    if (mode === "scrub") {
      player.slider.value = Math.round((0.5 + 0.5 * Math.sin(frame / 9)) * player.last);
      player.slider.dispatchEvent(new Event("input", { bubbles: true }));
    }
    if (mode === "turn") player.turn(frame % 2, Math.round((0.5 + 0.5 * Math.sin(frame / 7)) * 4));
    if (mode === "turn" && !player.playing) player.setPlaying(true);
    if (mode === "zoom") player.zoomBy(frame % 40 < 20 ? 1.05 : 1 / 1.05);
  }
  player.setPlaying(false);
  return gaps;
}"""
DRAW = """count => {
  const player = document.querySelector(".swarm-player").player;
  for (let at = 0; at < count; at++) {
    player.when = (at * 0.37) % player.last;
    player.draw();
  }
}"""


def swarm(bees: int, points: int) -> player.Player:
    """Waves of different phase and height that grow over 60 epochs, with weights."""
    rng = np.random.default_rng(0)
    x = np.linspace(-3, 3, points)
    phase, height = rng.normal(0, 0.4, (2, bees, 1, 1))
    progress = np.linspace(0, 1, 60)[:, None]
    curves = progress * (1 + height) * np.sin(2 * x + phase)
    weights = rng.normal(size=(bees, 1, 10)) * progress
    return player.curves(x, curves, np.sin(2 * x), values=weights, loss_scale="log")


def hive(bees: int, points: int) -> player.Player:
    """Settings of 5 learning rates × 4 widths, each a swarm that grows as fast as it learns."""
    rng = np.random.default_rng(0)
    x = np.linspace(-3, 3, points)
    phase, height = rng.normal(0, 0.4, (2, bees, 1, 1))
    entries = []
    for rate in (0.01, 0.03, 0.1, 0.3, 1.0):
        for width in (2, 4, 8, 16):
            progress = (1 - np.exp(-10 * rate * np.linspace(0, 1, 60)))[:, None]
            curves = progress * (1 + height) * np.sin(2 * x + phase / np.sqrt(width))
            weights = rng.normal(size=(bees, 1, width)) * (0.2 + progress)
            entries.append({"lr": rate, "width": width, "ypred": curves, "weights": weights})
    return player.hive(entries, ("lr", "width"), x=x, truth=np.sin(2 * x), values="weights")


def processor_time(page: Page, count: int = 60) -> float:
    """Milliseconds of the page's main thread for one picture."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def spent() -> float:
        found = session.send("Performance.getMetrics")["metrics"]
        return next(item["value"] for item in found if item["name"] == "TaskDuration")

    page.evaluate(DRAW, count)  # compiles
    before = spent()
    page.evaluate(DRAW, count)
    return 1000 * (spent() - before) / count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bees", type=int, default=500)
    parser.add_argument("--points", type=int, default=100)
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    options = parser.parse_args()
    kinds = {
        "swarm": (swarm(options.bees, options.points), ("play", "scrub", "zoom")),
        "hive of 20": (hive(50, options.points), ("play", "turn")),
    }
    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=options.chromium)
        for name, (made, modes) in kinds.items():
            print(f"{name}: {len(made.script) / 1000:.0f} kB; {made.thinned or 'all is there'}")
            measure(browser, made, modes)
        browser.close()


def measure(browser: Browser, made: player.Player, modes: tuple[str, ...]) -> None:
    """Print how fast a player draws on a page of its own, wide, narrow and fine."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made.write(folder)
        for part in ("player.js", "player.css"):
            (folder / part).write_bytes((files("swarm") / "player" / part).read_bytes())
        (folder / "index.html").write_text(
            '<!doctype html><html lang="en"><meta charset="utf-8"><link rel="stylesheet" '
            'href="player.css"><script defer src="player.js"></script><body data-theme="light">'
            f'<main style="max-width:736px;margin:auto">{made.html()}</main></html>',
            encoding="utf-8",
        )
        for width, ratio in ((1440, 1), (390, 3), (1440, 2)):
            page = browser.new_page(
                viewport={"width": width, "height": 1000}, device_scale_factor=ratio
            )
            page.goto((folder / "index.html").as_uri())
            page.click(".swarm-player__start")
            page.wait_for_selector(".swarm-player__epoch")
            for mode in modes:
                gaps = page.evaluate(MOVE, [mode, FRAMES])
                middle, most = np.quantile(gaps, [0.5, 0.95])
                print(f"  {width} px × {ratio}, {mode}: p50 {middle:.1f} ms, p95 {most:.1f} ms")
            print(f"  {width} px × {ratio}: processor {processor_time(page):.1f} ms a picture")
            page.close()


if __name__ == "__main__":
    main()
