"""A small site served with ``Content-Security-Policy: default-src 'self'``."""

import functools
import http.server
import threading

import pytest

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("default"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
PAGES = {
    "home": "index.html",
    "movie, surface, player": "auto_gallery/bowl.html",
    "gallery": "auto_gallery/index.html",
    "notebook": "book.html",
    "search": "search.html?q=bowl",
    "index": "genindex.html",
}
LISTEN = """
window.violations = [];
document.addEventListener('securitypolicyviolation', (event) => window.violations.push(
  [event.violatedDirective, event.blockedURI, event.sourceFile, event.lineNumber].join(' ')));
"""


class Strict(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def end_headers(self):
        self.send_header("Content-Security-Policy", "default-src 'self'")
        super().end_headers()


@pytest.fixture(scope="module")
def strict(small_site):
    folder, _ = small_site("furo", settings="swarm_csp = True")
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Strict, directory=str(folder))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture
def opened(strict, new_page):
    """Open pages, and let the test fail if any of them violates the policy or throws."""
    pages, errors = [], []

    def open_page(name, **settings):
        page = new_page(**settings)
        page.add_init_script(LISTEN)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(strict + PAGES[name])
        pages.append(page)
        return page

    yield open_page
    assert errors == []
    assert [words for page in pages for words in page.evaluate("violations")] == []


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_violates_the_policy_whatever_is_scrolled_to(opened, name, scheme):
    page = opened(name, color_scheme=scheme)
    page.evaluate(
        """async () => {
          for (let y = 0; y < document.body.scrollHeight; y += 400) {
            scrollTo(0, y);
            await new Promise((go) => setTimeout(go, 150));
          }
        }"""
    )
    page.wait_for_timeout(500)


def test_controls_work_under_the_policy(opened):
    page = opened("movie, surface, player")
    movie = page.locator("figure.sw-movie")
    movie.locator("[data-step='1']").click()
    movie.locator("output", has_text="2 / 12").wait_for()
    surface = page.locator("figure.sw-plotly").first
    surface.locator(".sw-mount").click()
    surface.locator(".sw-plot canvas").first.wait_for()
    player = page.locator(".swarm-player")
    player.scroll_into_view_if_needed()
    start = player.locator(".swarm-player__start")
    if start.is_visible():
        start.click()
    player.locator("canvas").first.wait_for()
    knob = player.locator("input[type='range']").first
    before = knob.input_value()
    knob.focus()
    page.keyboard.press("ArrowRight" if before == "0" else "ArrowLeft")
    assert knob.input_value() != before


def test_search_finds_and_the_filter_filters_under_the_policy(opened):
    page = opened("search")
    page.locator("ul.search li a", has_text="A bowl").first.wait_for()
    gallery = opened("gallery")
    button = gallery.locator(".sw-filter button", has_text="Surface")
    button.click()
    assert button.get_attribute("aria-pressed") == "true"
    assert gallery.locator(".sw-filter output").text_content() == "1 of 1 pages"


def test_the_readers_choice_of_light_or_dark_works_under_the_policy(opened):
    page = opened("home", color_scheme="light")
    before = page.evaluate("document.body.dataset.theme")
    page.locator("button.theme-toggle:visible").first.click()
    assert page.evaluate("document.body.dataset.theme") != before
