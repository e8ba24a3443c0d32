"""The swarm player in a browser: what it draws, says and obeys."""

import contextlib
import functools
import http.server
import threading
import time
from importlib.resources import files

import numpy as np
import pytest

from swarm import player
from swarm.player import _poster

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
pytestmark = pytest.mark.browser

X = np.linspace(0, 1, 21)
EPOCHS = 5
LOW, HIGH = (68, 1, 84), (253, 231, 37)  # the ends of viridis


def flat(levels=(-0.5, 0.0, 0.5), epochs=EPOCHS):
    """Flat curves (bee, epoch, point) that rise by 0.1 an epoch to their level."""
    rise = 0.1 * (np.arange(epochs) - (epochs - 1))
    return np.broadcast_to(
        np.array(levels)[:, None, None] + rise[:, None], (len(levels), epochs, len(X))
    )


def three_bees(**keywords):
    keywords = {"loss": [0.25, 0.5, 1.0], "ylim": (-1, 1), **keywords}
    return player.curves(X, flat(), title="Three bees", **keywords)


def slope():
    """A loss that rises to the right, and two bees at rest on it."""
    xs, ys = np.linspace(0, 1, 11), np.linspace(0, 2, 11)
    places = np.array([[0.25, 0.5], [0.75, 1.5]])
    positions = np.broadcast_to(places[:, None], (2, EPOCHS, 2))
    losses = 1 + xs[None, :] + 0 * ys[:, None]
    surface = (xs, ys, losses)
    return player.descent(surface, positions, loss=[1.25, 1.75], surface_scale="linear")


def build(made, folder, before="", after=""):
    """Write a page of its own with one player."""
    made.write(folder / "media")
    for name in ("player.js", "player.css"):
        (folder / name).write_text((files("swarm") / "player" / name).read_text("utf-8"), "utf-8")
    (folder / "index.html").write_text(
        "<!doctype html><html lang=en><meta charset=utf-8><title>A page</title>"
        '<meta name=viewport content="width=device-width, initial-scale=1">'
        '<link rel=icon href="data:,"><link rel=stylesheet href=player.css>'
        "<style>body{margin:0;background:#fff}body[data-theme=dark]{background:#131416}"
        "main{max-width:736px;margin:auto}</style><script defer src=player.js></script>"
        f'<body data-theme="light"><main>{before}{made.html("media")}{after}</main></html>',
        "utf-8",
    )
    return (folder / "index.html").as_uri()


@pytest.fixture(autouse=True)
def quick_pictures(monkeypatch):
    """Still pictures have tests of their own; here blank ones do."""

    def blank(*_, size, **__):
        return np.full((*_poster.SIZES[size][::-1], 3), 255, np.uint8)

    monkeypatch.setattr(_poster, "draw", blank)


@pytest.fixture
def open_page(chromium, tmp_path):
    """Open a page with a player; the test fails if the page complains."""
    complaints = []
    with contextlib.ExitStack() as stack:

        def opened(made, *, start=True, address=None, before="", after="", **settings):
            built = build(made, tmp_path, before, after)
            settings = {"viewport": {"width": 1000, "height": 900}, **settings}
            context = stack.enter_context(contextlib.closing(chromium.new_context(**settings)))
            page = context.new_page()
            page.set_default_timeout(10_000)
            page.on("console", lambda message: complaints.append(message.text))
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.goto(address or built)
            if start:
                begin(page)
            return page

        yield opened
    assert complaints == []


def begin(page):
    page.click(".swarm-player__start")
    page.wait_for_selector(".swarm-player__epoch")
    js(page, "player.setPlaying(false)")
    epoch(page, EPOCHS - 1)


def js(page, code):
    return page.evaluate(f"(player => {code})(document.querySelector('.swarm-player').player)")


def settle(page):
    """Wait until what was asked for is drawn."""
    page.evaluate(
        "() => new Promise(go => requestAnimationFrame(() => requestAnimationFrame(go)))"
    )


def epoch(page, number):
    js(page, f"{{ player.seek({number}); }}")
    settle(page)


def panel(page):
    return js(page, "({...player.areas[0]})")


def spot(page, x, y):
    """Where a point of the data is on the canvas, reckoned apart from the script."""
    area = panel(page)
    (left, right), (bottom, top) = area["x"], area["y"]
    return (
        area["left"] + area["width"] * (x - left) / (right - left),
        area["top"] + area["height"] * (top - y) / (top - bottom),
    )


def pixels(page, left, top, size):
    """RGBA of a square of the canvas; read from a copy, as reading slows a canvas down."""
    return page.evaluate(
        """([left, top, size]) => {
          const sheet = new OffscreenCanvas(size, size).getContext("2d");
          sheet.drawImage(document.querySelector("canvas"), -left, -top);
          return [...sheet.getImageData(0, 0, size, size).data];
        }""",
        [left, top, size],
    )


def pixel(page, x, y, reach=1):
    """The colour near a point of the data that differs most from white or black."""
    px, py = spot(page, x, y)
    values = pixels(page, round(px) - reach, round(py) - reach, 2 * reach + 1)
    colours = np.array(values).reshape(-1, 4)[:, :3]
    background = np.array(js(page, "player.ink.paperRgb"))
    return colours[np.abs(colours - background).sum(axis=1).argmax()]


def is_blank(page, x, y):
    return np.abs(pixel(page, x, y) - js(page, "player.ink.paperRgb")).max() < 30  # grid lines


def said(page):
    return page.inner_text(".swarm-player__said")


def point_at(page, x, y):
    box = page.locator("canvas.swarm-player__canvas").bounding_box()
    px, py = spot(page, x, y)
    page.mouse.move(box["x"] + px, box["y"] + py)
    settle(page)


@contextlib.contextmanager
def served(folder, delay=0.0):
    """Serve a folder; pictures come after a delay in seconds."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            if self.path.endswith(".webp"):
                time.sleep(delay)
            super().do_GET()

    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=folder)
    ) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/index.html"
        finally:
            server.shutdown()
            thread.join()


def test_the_browser_unpacks_what_python_packed(open_page):
    rng = np.random.default_rng(0)
    curves = rng.normal(size=(4, EPOCHS, len(X)))
    curves[2, 1:3, 5:9] = np.nan
    made = player.curves(X, curves, values=rng.normal(size=(4, EPOCHS, 3)))
    page = open_page(made)
    for ours, theirs in (("ypred", "curve"), ("values", "values")):
        levels = js(page, f"[...player.view.{theirs}.levels]")
        np.testing.assert_array_equal(levels, made.recording.arrays[ours].levels().ravel())


def test_it_works_over_http(open_page, tmp_path):
    with served(tmp_path) as address:
        page = open_page(three_bees(), address=address)
        assert "of 4" in page.get_attribute(".swarm-player__epoch", "aria-valuetext")


def test_curves_pass_through_their_data_at_the_chosen_epoch(open_page):
    page = open_page(three_bees())
    for number in (0, 2, 4):
        epoch(page, number)
        for level in (-0.5, 0.0, 0.5):
            assert not is_blank(page, 0.37, level + 0.1 * (number - 4))
        assert is_blank(page, 0.37, 0.25 + 0.1 * (number - 4))


def test_a_steep_curve_is_where_it_should_be(open_page):
    rise = np.broadcast_to(np.where(X < 0.5, -0.9, 0.9), (1, EPOCHS, len(X)))
    page = open_page(player.curves(X, rise, ylim=(-1, 1)))
    # The step goes from (0.45, −0.9) to (0.5, 0.9).
    for share in (0.1, 0.5, 0.9):
        assert not is_blank(page, 0.45 + 0.05 * share, -0.9 + 1.8 * share)
    assert is_blank(page, 0.37, 0.33)


def test_gaps_are_left_blank(open_page):
    curves = flat().copy()
    curves[1, :, 8:13] = np.nan
    page = open_page(player.curves(X, curves, ylim=(-1, 1)))
    assert not is_blank(page, 0.23, 0.0)
    assert is_blank(page, 0.53, 0.02)
    assert not is_blank(page, 0.83, 0.0)
    assert not is_blank(page, 0.53, 0.5)


def test_colours_follow_the_final_loss_until_they_are_switched_off(open_page):
    page = open_page(three_bees())
    best, worst = pixel(page, 0.37, -0.5), pixel(page, 0.37, 0.5)
    assert np.abs(best - LOW).sum() < np.abs(best - HIGH).sum()
    assert worst[1] > worst[0] + 20  # green, the bright end of the map on white
    page.click(".swarm-player__color")
    settle(page)
    assert page.get_attribute(".swarm-player__color", "aria-pressed") == "false"
    assert np.abs(pixel(page, 0.37, -0.5) - pixel(page, 0.37, 0.5)).max() < 40
    blue = pixel(page, 0.37, 0.5)
    assert blue[2] > blue[1] > blue[0]


def test_the_true_curve_is_drawn_as_dots(open_page):
    made = player.curves(X, flat((0.5, 0.6)), truth=np.full(len(X), -0.5), ylim=(-1, 1))
    page = open_page(made)
    red, green, blue = pixel(page, X[7], -0.5)
    assert max(red, green, blue) - min(red, green, blue) < 30  # grey
    assert red < 160
    assert is_blank(page, (X[7] + X[8]) / 2, -0.5)


def test_pointing_at_a_curve_names_its_bee(open_page):
    page = open_page(three_bees())
    assert said(page) == "Point at a curve to single out a bee."
    for bee, (level, loss) in enumerate([(-0.5, "0.25"), (0.0, "0.5"), (0.5, "1")]):
        point_at(page, 0.37, level + 0.03)
        assert said(page) == f"Bee {bee}: final loss {loss}"
        red, _, blue = pixel(page, 0.6, level)
        assert red > blue + 100  # the chosen bee is orange
    page.mouse.move(5, 5)
    settle(page)
    assert said(page) == "Point at a curve to single out a bee."


def test_a_clicked_bee_stays_until_it_is_let_go(open_page):
    page = open_page(three_bees())
    point_at(page, 0.37, 0.5)
    page.mouse.down()
    page.mouse.up()
    point_at(page, 0.37, -0.5)
    assert said(page).startswith("Bee 2:")
    page.focus(".swarm-player__epoch")
    page.keyboard.press("Escape")
    assert said(page).startswith("Point at")


def test_a_bee_is_found_by_its_number_and_by_its_rank(open_page):
    page = open_page(three_bees(loss=[0.5, 2.0, 0.125]))
    page.fill("input[type=number]", "1")
    assert said(page) == "Bee 1: final loss 2"
    page.click("[data-bee=best]")
    assert said(page) == "Bee 2: final loss 0.125"
    assert page.input_value("input[type=number]") == "2"
    page.click("[data-bee=worst]")
    assert said(page) == "Bee 1: final loss 2"


def test_thinned_bees_keep_their_numbers(open_page):
    rng = np.random.default_rng(1)
    curves = np.tile(rng.normal(size=(300, 1, len(X))), (1, EPOCHS, 1))
    made = player.curves(X, curves, loss=np.arange(300) + 1.0, max_bytes=12_000)
    bees = made.recording.scene["bees"]
    assert len(bees) < 300
    page = open_page(made)
    page.fill("input[type=number]", str(bees[7]))
    assert said(page) == f"Bee {bees[7]}: final loss {bees[7] + 1}"
    page.fill("input[type=number]", "299")
    assert said(page) == "Bee 299: final loss 300"


def test_keys_step_jump_and_play(open_page):
    page = open_page(three_bees())
    slider = page.locator(".swarm-player__epoch")
    slider.focus()

    def now():
        settle(page)
        return slider.get_attribute("aria-valuetext")

    assert now() == "epoch 4 of 4"
    page.keyboard.press("ArrowLeft")
    assert now() == "epoch 3 of 4"
    page.keyboard.press("Home")
    assert now() == "epoch 0 of 4"
    page.keyboard.press("ArrowRight")
    assert now() == "epoch 1 of 4"
    page.keyboard.press("End")
    assert now() == "epoch 4 of 4"
    page.keyboard.press("Space")
    assert page.inner_text(".swarm-player__play") == "Pause"
    page.keyboard.press("Space")
    assert page.inner_text(".swarm-player__play") == "Play"


def test_playing_ends_at_the_last_epoch(open_page):
    page = open_page(three_bees())
    page.click(".swarm-player__play")
    page.wait_for_function("document.querySelector('.swarm-player').player.when > 0.1")
    page.wait_for_function("!document.querySelector('.swarm-player').player.playing")
    assert page.get_attribute(".swarm-player__epoch", "aria-valuetext") == "epoch 4 of 4"
    assert page.inner_text(".swarm-player__play") == "Play"


def test_the_reader_who_starts_it_sees_it_play(open_page):
    page = open_page(three_bees(), start=False)
    page.click(".swarm-player__start")
    page.wait_for_selector(".swarm-player__play:has-text('Pause')")
    assert page.evaluate("document.activeElement.className") == "swarm-player__epoch"


def test_nothing_plays_by_itself_where_motion_is_unwelcome(open_page):
    page = open_page(three_bees(), start=False, reduced_motion="reduce")
    page.click(".swarm-player__start")
    page.wait_for_selector(".swarm-player__play")
    assert page.inner_text(".swarm-player__play") == "Play"
    assert not js(page, "player.playing")


def test_the_theme_is_followed_without_a_reload(open_page):
    page = open_page(three_bees())
    assert pixels(page, 2, 2, 1) == [255, 255, 255, 255]
    page.evaluate("document.body.dataset.theme = 'dark'")
    settle(page)
    assert pixels(page, 2, 2, 1) == [0x13, 0x14, 0x16, 255]
    assert not is_blank(page, 0.37, 0.5)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_automatic_theme_is_what_the_system_prefers(open_page, scheme):
    page = open_page(three_bees(), start=False, color_scheme=scheme)
    page.evaluate("document.body.dataset.theme = 'auto'")
    for theme in ("light", "dark"):
        shown = page.is_visible(f".swarm-player__poster--{theme}")
        assert shown == (theme == scheme)
    begin(page)
    assert js(page, "player.ink.paperRgb[0]") == (255 if scheme == "light" else 0x13)


def test_the_wheel_zooms_where_it_points_and_a_double_click_shows_all(open_page):
    page = open_page(three_bees())
    whole = panel(page)
    point_at(page, 0.25, 0.5)
    page.mouse.wheel(0, -600)
    settle(page)
    zoomed = panel(page)
    width = zoomed["x"][1] - zoomed["x"][0]
    assert width < 0.6
    assert (0.25 - zoomed["x"][0]) / width == pytest.approx(0.25, abs=0.01)
    assert not is_blank(page, 0.27, 0.5)  # by the axes as they are now
    page.locator("canvas.swarm-player__canvas").dblclick()
    settle(page)
    assert panel(page)["x"] == whole["x"]
    assert panel(page)["y"] == whole["y"]


def test_dragging_moves_a_zoomed_view_but_not_beyond_its_ends(open_page):
    page = open_page(three_bees())
    page.focus(".swarm-player__epoch")
    page.keyboard.press("+")
    settle(page)
    before = panel(page)
    point_at(page, 0.5, 0)
    page.mouse.down()
    point_at(page, 0.55, 0)
    page.mouse.up()
    moved = panel(page)
    assert moved["x"][0] == pytest.approx(before["x"][0] - 0.05, abs=0.005)
    page.mouse.down()
    page.mouse.move(5000, 300)
    page.mouse.up()
    settle(page)
    assert panel(page)["x"][0] == pytest.approx(0)
    page.keyboard.press("0")
    settle(page)
    assert panel(page)["x"] == [0, 1]


def test_the_wheel_scrolls_the_page_until_the_player_is_used(open_page):
    page = open_page(three_bees(), after="<div style='height:3000px'></div>")
    page.evaluate("document.activeElement.blur()")
    point_at(page, 0.5, 0.5)
    page.mouse.wheel(0, 200)
    page.wait_for_function("scrollY > 0")
    assert panel(page)["x"] == [0, 1]


def test_the_recording_waits_for_the_button_where_the_player_is_in_sight(open_page):
    page = open_page(three_bees(), start=False)
    settle(page)
    page.wait_for_timeout(200)
    assert page.evaluate("Object.keys(window.swarmscape.swarms)") == []
    assert page.is_visible(".swarm-player__start")


def test_the_recording_loads_as_a_player_below_the_fold_scrolls_near(open_page):
    tall = "<div style='height:4000px'></div>"
    page = open_page(three_bees(), start=False, before=tall)
    settle(page)
    assert page.evaluate("Object.keys(window.swarmscape.swarms)") == []
    page.evaluate("scrollTo(0, 2600)")  # near, not yet in sight
    page.wait_for_selector(".swarm-player__epoch")
    assert not js(page, "player.playing")
    assert page.get_attribute(".swarm-player__epoch", "aria-valuetext") == "epoch 4 of 4"


def test_a_click_while_the_recording_loads_by_itself_starts_it(open_page):
    page = open_page(three_bees(), start=False, before="<div style='height:4000px'></div>")
    settle(page)
    # From a file there is no request to hold back, so what unpacks the recording is.
    page.evaluate("""() => {
        const real = window.Response;
        window.held = new Promise((resolve) => { window.release = resolve; });
        window.Response = class extends real {
          async arrayBuffer() { await window.held; return super.arrayBuffer(); }
        };
    }""")
    page.evaluate("scrollTo(0, 2600)")
    page.wait_for_function("document.querySelector('.swarm-player').dataset.state === 'loading'")
    page.click(".swarm-player__start")
    assert page.inner_text(".swarm-player__start") == "Loading the swarm …"
    page.evaluate("release()")
    page.wait_for_selector(".swarm-player__play:has-text('Pause')")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_page_printed_soon_after_loading_has_the_picture_of_a_player_far_below(
    open_page, monkeypatch, printed_pictures, tmp_path, theme
):
    def plain(*_, dark, size, **__):
        color = (30, 90, 30) if dark else (200, 30, 90)
        return np.full((*_poster.SIZES[size][::-1], 3), color, np.uint8)

    monkeypatch.setattr(_poster, "draw", plain)
    far = "<div style='height:9000px'></div>"
    with served(tmp_path, delay=0.6) as address:
        page = open_page(three_bees(), start=False, before=far, address=address)
        page.evaluate(f"document.body.dataset.theme = '{theme}'")
        shown = [picture.reshape(-1, 3).astype(int) for picture in printed_pictures(page)]
    assert len(shown) == 1
    assert np.abs(shown[0] - [200, 30, 90]).max() < 12


def test_the_canvas_follows_the_width_of_the_page(open_page):
    page = open_page(three_bees())
    wide = js(page, "player.canvas.width")
    page.set_viewport_size({"width": 500, "height": 900})
    page.wait_for_function(
        f"(w => document.querySelector('.swarm-player').player.canvas.width < w)({wide})"
    )
    assert js(page, "player.canvas.width") == 500
    assert page.evaluate("document.documentElement.scrollWidth") == 500
    assert not is_blank(page, 0.37, 0.5)


def test_controls_fit_a_phone(open_page):
    page = open_page(
        three_bees(loss_scale="log"), viewport={"width": 360, "height": 700}, has_touch=True
    )
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_a_tap_names_a_bee(open_page):
    page = open_page(three_bees(), has_touch=True)
    box = page.locator("canvas.swarm-player__canvas").bounding_box()
    px, py = spot(page, 0.37, 0.5)
    page.touchscreen.tap(box["x"] + px, box["y"] + py + 20)
    assert said(page).startswith("Bee 2:")


def test_the_histogram_counts_the_values_of_the_epoch(open_page):
    values = np.full((3, EPOCHS, 4), 0.03)  # not on the edge of a bin
    values[:, -1] = [-1.0, -1.0, 1.0, 1.0]
    values[0, 1, 0], values[1, 1, 0] = -2, 2
    page = open_page(three_bees(values=values))
    low, high = page.evaluate("document.querySelector('.swarm-player').player.scene.values.range")
    expected, _ = np.histogram(values[:, -1], 64, (low, high))
    np.testing.assert_array_equal(js(page, "[...player.view.counts]"), expected)
    epoch(page, 0)
    expected, _ = np.histogram(values[:, 0], 64, (low, high))
    np.testing.assert_array_equal(js(page, "[...player.view.counts]"), expected)


def test_bees_stand_where_they_are_on_the_surface(open_page):
    page = open_page(slope())
    first, second = pixel(page, 0.25, 0.5, 0), pixel(page, 0.75, 1.5, 0)
    assert np.abs(first - LOW).max() < 40
    assert second[1] > second[0] + 20
    assert second[1] > second[2] + 60
    point_at(page, 0.76, 1.5)
    assert said(page) == "Bee 1: final loss 1.75, at (0.75, 1.5)"
    point_at(page, 0.25, 0.52)
    assert said(page) == "Bee 0: final loss 1.25, at (0.25, 0.5)"


def test_lower_ground_is_darker(open_page):
    page = open_page(slope())
    shades = [pixel(page, x, 1.02, 0).sum() for x in (0.03, 0.47, 0.97)]
    assert shades == sorted(shades)
    assert shades[0] < shades[2] - 60


def test_a_trail_shows_the_way_walked_so_far(open_page):
    walk = np.stack([np.linspace(0.1, 0.9, EPOCHS), np.full(EPOCHS, 0.5)], axis=-1)[None]
    grid = np.linspace(0, 1, 11)
    page = open_page(player.descent((grid, grid, np.ones((11, 11))), walk))
    ground = pixel(page, 0.6, 0.8, 0)
    assert np.abs(pixel(page, 0.6, 0.5) - ground).max() > 40
    epoch(page, 1)
    assert np.abs(pixel(page, 0.6, 0.5) - ground).max() < 10
    assert np.abs(pixel(page, 0.2, 0.5) - ground).max() > 40


def test_a_recording_that_does_not_load_leaves_the_picture_and_says_so(chromium, tmp_path):
    made = three_bees()
    address = build(made, tmp_path)
    (tmp_path / "media" / f"{made.name}.js").unlink()
    page = chromium.new_page()
    page.goto(address)
    page.click(".swarm-player__start")
    page.wait_for_selector("[role=alert]:has-text('could not start')")
    assert page.is_visible(".swarm-player__poster--light")
    page.close()


def test_without_a_script_there_are_picture_and_caption(chromium, tmp_path):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(build(three_bees(), tmp_path))
    assert page.locator(".swarm-player__poster--light img").bounding_box()["width"] > 300
    assert not page.is_visible(".swarm-player__start")
    assert page.is_visible("figcaption")
    context.close()


def test_a_notebook_cell_works_by_itself(chromium, tmp_path):
    (tmp_path / "cell.html").write_text(
        f"<!doctype html><meta charset=utf-8><body>{three_bees()._repr_html_()}", "utf-8"
    )
    page = chromium.new_page()
    page.goto((tmp_path / "cell.html").as_uri())
    begin(page)
    assert not is_blank(page, 0.37, 0.5)
    page.close()


RATES = (0.01, 0.1, 1.0)
WIDTHS = (2, 8)


def level_of(rate, width):
    """Where the curves of a setting lie at the end; each setting has a place of its own."""
    return RATES.index(rate) * 0.3 + WIDTHS.index(width) * 0.1 - 0.6


def hive_of_levels(missing=(), **keywords):
    """Three bees at 0.02 around the level of their setting, which come from 0.1 an epoch below."""
    entries = [
        {
            "lr": rate,
            "width": width,
            "x": X,
            "ypred": flat(level_of(rate, width) + np.array([-0.02, 0, 0.02])),
            "loss": rate * np.array([1.0, 2.0, 4.0]),
        }
        for rate in RATES
        for width in WIDTHS
        if (rate, width) not in missing
    ]
    return player.hive(entries, ("lr", "width"), ylim=(-1, 1), **keywords)


def turned(page):
    return [page.locator(f"[data-knob='{at}']").get_attribute("aria-valuetext") for at in (0, 1)]


def assert_shows(page, rate, width, number=EPOCHS - 1):
    settle(page)
    assert turned(page) == [f"{rate:g}", str(width)]
    shown = [page.inner_text(f".swarm-player__knob:nth-child({at}) span") for at in (1, 2)]
    assert shown == turned(page)
    for other in RATES:
        for wide in WIDTHS:
            level = level_of(other, wide) + 0.1 * (number - EPOCHS + 1)
            assert is_blank(page, 0.37, level) == ((other, wide) != (rate, width))


def test_a_hive_opens_at_its_middle_setting(open_page):
    page = open_page(hive_of_levels())
    assert_shows(page, 0.1, 2)


def test_keys_turn_a_knob_and_keep_epoch_and_bee(open_page):
    page = open_page(hive_of_levels())
    epoch(page, 3)
    page.click("[data-bee=best]")
    page.focus("[data-knob='0']")
    page.keyboard.press("ArrowRight")
    assert_shows(page, 1.0, 2, 3)
    assert said(page) == "Bee 0: final loss 1"
    page.keyboard.press("Home")
    assert_shows(page, 0.01, 2, 3)
    assert said(page) == "Bee 0: final loss 0.01"
    page.keyboard.press("Tab")
    page.keyboard.press("End")
    assert_shows(page, 0.01, 8, 3)
    assert page.get_attribute(".swarm-player__epoch", "aria-valuetext") == "epoch 3 of 4"
    label = page.get_attribute("canvas.swarm-player__canvas", "aria-label")
    assert label == "A hive to turn the knobs of, at lr 0.01, width 8"


def reach(page, knob, share):
    """Where a place along a knob's rail is on the screen."""
    box = page.locator(f"[data-knob='{knob}']").bounding_box()
    return box["x"] + 9 + share * (box["width"] - 18), box["y"] + box["height"] / 2


def test_a_mouse_drags_a_knob(open_page):
    page = open_page(hive_of_levels())
    page.mouse.move(*reach(page, 0, 0.5))
    page.mouse.down()
    page.mouse.move(*reach(page, 0, 0.95), steps=4)
    assert_shows(page, 1.0, 2)
    page.mouse.move(*reach(page, 0, 0.02), steps=4)
    page.mouse.up()
    assert_shows(page, 0.01, 2)


def test_a_finger_turns_a_knob_on_a_phone(open_page):
    page = open_page(hive_of_levels(), viewport={"width": 390, "height": 844}, has_touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.touchscreen.tap(*reach(page, 1, 1.0))
    assert_shows(page, 0.1, 8)
    page.touchscreen.tap(*reach(page, 0, 0.0))
    assert_shows(page, 0.01, 8)


def test_a_knob_that_is_turned_while_it_plays_goes_on_from_the_same_epoch(open_page):
    page = open_page(hive_of_levels())
    page.click(".swarm-player__play")
    page.wait_for_function("document.querySelector('.swarm-player').player.when > 0.5")
    before = js(page, "player.when")
    page.focus("[data-knob='0']")
    page.keyboard.press("ArrowRight")
    assert js(page, "player.when") >= before
    page.wait_for_function("!document.querySelector('.swarm-player').player.playing")
    assert_shows(page, 1.0, 2)


def test_a_setting_that_is_missing_gives_way_to_the_nearest(open_page):
    page = open_page(hive_of_levels(missing=[(0.01, 2), (1.0, 8)]))
    page.focus("[data-knob='0']")
    page.keyboard.press("Home")
    assert_shows(page, 0.01, 8)
    page.keyboard.press("End")
    assert_shows(page, 1.0, 2)


def test_best_and_worst_are_those_of_the_setting(open_page):
    entries = [
        {"lr": rate, "x": X, "ypred": flat(), "loss": losses}
        for rate, losses in ((1, [3.0, 1.0, 2.0]), (2, [1.0, 2.0, 3.0]))
    ]
    page = open_page(player.hive(entries, "lr", ylim=(-1, 1)))
    page.click("[data-bee=best]")
    assert said(page) == "Bee 1: final loss 1"
    page.focus("[data-knob='0']")
    page.keyboard.press("ArrowRight")
    page.click("[data-bee=best]")
    assert said(page) == "Bee 0: final loss 1"
    page.click("[data-bee=worst]")
    assert said(page) == "Bee 2: final loss 3"


def test_bees_of_each_setting_go_their_own_way_on_the_surface(open_page):
    grid = np.linspace(0, 1, 11)
    ways = [np.stack([np.linspace(0.1, 0.9, EPOCHS), np.full(EPOCHS, y)], -1) for y in (0.2, 0.8)]
    entries = [{"lr": lr, "paths": way[None]} for lr, way in zip((1, 2), ways, strict=True)]
    made = player.hive(entries, "lr", "descent", surface=(grid, grid, np.ones((11, 11))))
    page = open_page(made)
    ground = pixel(page, 0.5, 0.5, 0)
    for keys, here, away in (("Home", 0.2, 0.8), ("End", 0.8, 0.2)):
        page.focus("[data-knob='0']")
        page.keyboard.press(keys)
        settle(page)
        assert np.abs(pixel(page, 0.6, here) - ground).max() > 40
        assert np.abs(pixel(page, 0.6, away) - ground).max() < 20
        point_at(page, 0.9, here)
        assert said(page) == f"Bee 0, at (0.9, {here:g})"
        page.mouse.move(5, 5)


def test_points_stand_where_they_are_in_the_colours_of_their_kind(open_page):
    places = np.array([[[-0.5, 0.0], [0.5, 0.5]]])[:, None]  # (bee, epoch, point, 2)
    moved = np.repeat(places, EPOCHS, axis=1) * np.linspace(0.2, 1, EPOCHS)[:, None, None]
    page = open_page(player.scatter(moved, ["a", "b"], limits=(-1, 1)))
    red, _, blue = pixel(page, -0.5, 0.0)
    assert blue > red + 60  # the first kind is blue, the second orange
    red, _, blue = pixel(page, 0.5, 0.5)
    assert red > blue + 60
    epoch(page, 0)
    assert is_blank(page, 0.5, 0.45)
    assert not is_blank(page, 0.1, 0.1)
    area = panel(page)
    assert area["width"] == pytest.approx(area["height"])  # a circle looks like one
    point_at(page, 0.1, 0.12)
    assert said(page).startswith("Bee 0")


def test_the_bee_to_single_out_first_is_singled_out(open_page):
    rng = np.random.default_rng(3)
    made = player.scatter(rng.normal(size=(4, EPOCHS, 3, 2)), loss=[1, 2, 3, 4], bee=2)
    page = open_page(made)
    assert said(page) == "Bee 2: final loss 3"
    assert page.input_value("input[type=number]") == "2"


def test_a_picture_shows_the_mean_of_its_bees_or_one_of_them(open_page):
    images = np.zeros((2, EPOCHS, 6, 6))
    images[:, :, 3:] = 1  # the upper half
    images[1, :, :, :3] = 1  # the second bee has the left half, too
    made = player.image(images, [[4.0, 1.0]], [1.0], limits=(0, 1), loss=[1.0, 2.0])
    page = open_page(made)

    def share(x, y):
        """0 for blue, 1 for orange."""
        color = pixel(page, x, y, 0)
        low, high = np.array([0x2F, 0x7D, 0xE1]), np.array([0xE8, 0x59, 0x0C])
        return (color - low) @ (high - low) / ((high - low) @ (high - low))

    assert said(page) == "Mean of 2 bees; give a number to see one."
    assert share(4, 4) > 0.95
    assert share(4, 0) < 0.05
    assert 0.3 < share(0.5, 0) < 0.7  # the bees disagree
    assert share(4.0, 1.0) > 0.95  # the point
    page.fill("input[type=number]", "0")
    settle(page)
    assert share(0.5, 0) < 0.05
    assert said(page) == "Bee 0: final loss 1"
    page.fill("input[type=number]", "1")
    settle(page)
    assert share(0.5, 0) > 0.95


def test_pictures_of_a_hive_follow_its_knob(open_page):
    entries = [{"width": w, "images": np.full((2, EPOCHS, 4, 4), float(w))} for w in (0, 1)]
    page = open_page(player.hive(entries, "width", "image", limits=(0, 1)))
    page.focus("[data-knob='0']")
    page.keyboard.press("Home")
    settle(page)
    red, _, blue = pixel(page, 1, 1, 0)
    assert blue > red + 60
    page.keyboard.press("End")
    settle(page)
    red, _, blue = pixel(page, 1, 1, 0)
    assert red > blue + 60


def test_curves_far_from_zero_are_drawn_point_by_point(open_page):
    x = 1.7e9 + np.arange(21.0)
    page = open_page(player.curves(x, 1e6 + flat(), ylim=(1e6 - 1, 1e6 + 1)))
    for level in (-0.5, 0.0, 0.5):
        assert not is_blank(page, 1.7e9 + 7.4, 1e6 + level)
    assert is_blank(page, 1.7e9 + 7.4, 1e6 + 0.25)
    np.testing.assert_allclose(js(page, "player.scene.x"), x, atol=1e-4)
    point_at(page, 1.7e9 + 7.4, 1e6 + 0.53)
    assert said(page) == "Bee 2"


def test_without_a_script_a_hive_shows_a_movie_of_one_setting(chromium, tmp_path):
    class Film:
        path, dark, width, height = tmp_path / "film.mp4", None, 640, 480

    Film.path.write_bytes(b"a film")
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(build(hive_of_levels(movie=Film()), tmp_path))
    assert page.is_visible("video[controls]")
    assert not page.is_visible(".swarm-player__start")
    assert page.locator("[data-knob]").count() == 0
    assert page.get_attribute(".swarm-player__download", "href").endswith(".mp4")
    context.close()
