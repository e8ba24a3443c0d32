"""Every page of the built site: clean, small, still, accessible, and its links lead somewhere."""

import ast
import importlib
import json
import os
import re
from html.parser import HTMLParser
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import pytest

pytestmark = pytest.mark.browser

MAX_BYTES = 150_000  # transferred before the reader does anything, beyond images
MAX_REQUESTS = 30
MAX_SHIFT = 0.02
HARMLESS = ("willReadFrequently",)

WATCH_SHIFT = """
window.shift = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
}).observe({ type: 'layout-shift', buffered: true });
"""


def watch(page):
    """Collect what a page complains of and what it asks for."""
    seen = {"faults": [], "requests": []}
    page.on("pageerror", lambda error: seen["faults"].append(f"error: {error}"))
    page.on("requestfailed", lambda r: seen["faults"].append(f"failed: {r.url} {r.failure}"))
    page.on("request", lambda request: seen["requests"].append(request))

    def on_console(message):
        if message.type in {"error", "warning"} and not any(h in message.text for h in HARMLESS):
            seen["faults"].append(f"{message.type}: {message.text}")

    page.on("console", on_console)
    return seen


def transferred(requests):
    """Return the bytes on the wire of everything but images and movies."""
    total = 0
    for request in requests:
        if request.resource_type not in {"image", "media"} and request.response():
            sizes = request.sizes()
            total += sizes["responseBodySize"] + sizes["responseHeadersSize"]
    return total


@pytest.mark.parametrize("width", [412, 1350])
def test_page_is_clean_small_and_keeps_still(page_address, width, new_page):
    page = new_page(viewport={"width": width, "height": 900})
    page.add_init_script(WATCH_SHIFT)
    seen = watch(page)
    page.goto(page_address, wait_until="load")
    page.wait_for_timeout(600)
    requests = [r for r in seen["requests"] if r.resource_type != "media"]
    assert seen["faults"] == []
    host = urlsplit(page_address).netloc
    foreign = [r.url for r in requests if urlsplit(r.url).netloc not in {host, ""}]
    assert foreign == [], "the page asks another server"
    assert len(requests) <= MAX_REQUESTS
    assert transferred(requests) <= MAX_BYTES
    assert page.evaluate("window.shift") < MAX_SHIFT
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "it scrolls sideways"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_is_accessible(page_address, scheme, new_page):
    from axe_playwright_python.sync_playwright import Axe

    page = new_page(color_scheme=scheme, reduced_motion="reduce")
    page.goto(page_address, wait_until="load")
    page.wait_for_timeout(200)
    found = Axe().run(page).response["violations"]
    serious = [
        f"{v['impact']} {v['id']}: {v['help']}: {v['nodes'][0]['html'][:160]}"
        for v in found
        if v["impact"] in {"serious", "critical"}
    ]
    assert serious == []


class Links(HTMLParser):
    """The links, ids and head of a page."""

    def __init__(self, text):
        super().__init__()
        self.links, self.ids, self.meta, self.downloads = [], set(), {}, []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if "id" in attrs:
            self.ids.add(attrs["id"])
        for name in ("href", "src", "poster", "data-src"):
            if attrs.get(name) and not (tag == "link" and attrs.get("rel") == "canonical"):
                self.links.append(attrs[name])
        if tag == "a" and "download" in attrs:
            self.downloads.append(attrs["href"])
        if tag == "meta":
            self.meta[attrs.get("name") or attrs.get("property")] = attrs.get("content")


@pytest.fixture(scope="module")
def parsed(site):
    pages = {p.relative_to(site).as_posix(): p for p in site.rglob("*.html")}
    return {name: Links(path.read_text("utf-8")) for name, path in pages.items()}


def test_links_within_the_site_lead_to_pages_and_ids(page_name, parsed, site):
    if page_name == "404.html":
        pytest.skip("shown at any address, so its links begin with the site's own path")
    wrong = []
    for link in parsed[page_name].links:
        target, fragment = urldefrag(urljoin(f"http://site/{page_name}", link))
        if urlsplit(target).netloc != "site":
            continue
        name = unquote(urlsplit(target).path).lstrip("/") or "index.html"
        known = (site / name).is_file()
        if not known or (
            fragment and name in parsed and unquote(fragment) not in parsed[name].ids
        ):
            wrong.append(link)
    assert wrong == []


def test_page_describes_itself_for_search_and_social_media(page_name, parsed, site):
    if page_name.rsplit("/", 1)[-1] in {
        "404.html",
        "genindex.html",
        "py-modindex.html",
        "search.html",
    }:
        pytest.skip("made by Sphinx, not written")
    meta = parsed[page_name].meta
    assert len(meta["description"]) >= 15
    picture = urlsplit(meta["og:image"])
    assert picture.netloc, "social media want a whole address"
    assert list(site.rglob(picture.path.rsplit("/", 1)[-1])), "the social image is not on the site"


def test_downloads_are_served_whole(parsed, address, playwright):
    request = playwright.request.new_context()
    wanted = {
        urljoin(address + name, link) for name, page in parsed.items() for link in page.downloads
    }
    assert {os.path.splitext(url)[1] for url in wanted} >= {".py", ".ipynb", ".zip", ".mp4"}
    for url in wanted:
        answer = request.get(url)
        assert answer.status == 200
        assert len(answer.body()) > 100
        if url.endswith(".py"):
            ast.parse(answer.text())
        if url.endswith(".ipynb"):
            assert json.loads(answer.text())["cells"]
    request.dispose()


def test_site_map_lists_each_written_page_once(site, parsed):
    listed = re.findall(r"<loc>(.*?)</loc>", (site / "sitemap.xml").read_text())
    assert len(listed) == len(set(listed))
    special = {"404.html", "genindex.html", "py-modindex.html", "search.html"}
    written = {name for name in parsed if name not in special and not name.startswith("_")}
    assert {urlsplit(url).path.removeprefix("/swarmscape/") for url in listed} == written


GALLERY = "auto_gallery/"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        pytest.param("getting started", "guide/getting_started.html", id="page"),
        pytest.param("swarm_train", "api/core.html#swarm.core.swarm_train", id="function"),
        pytest.param(
            "loss of a network of two weights",
            GALLERY + "surfaces/two_weight_surface.html#picture-1",
            id="title of a figure",
        ),
        pytest.param(
            "networks learning a sine",
            GALLERY + "first_flights/distribution_of_weights.html#picture-2",
            id="title of a player",
        ),
        pytest.param(
            "contours even steps darker",
            GALLERY + "surfaces/hundred_descents.html",
            id="caption of a player",
        ),
        pytest.param("zyzzogeton", None, id="nothing"),
    ],
)
def test_search_finds_pages_functions_and_figures(words, found, address, new_page):
    page = new_page()
    seen = watch(page)
    page.goto(address + "guide/publishing.html")
    box = page.locator(".sidebar-search")
    box.fill(words)
    box.press("Enter")
    page.locator(".search-summary", has_text="Search finished").or_(
        page.locator(".search-summary", has_text="did not match")
    ).wait_for(timeout=20_000)
    links = page.locator("#search-results li > a")
    addresses = [link.split("?")[0] for link in links.evaluate_all("all => all.map(a => a.href)")]
    page.wait_for_load_state("networkidle")  # summaries of what was found
    assert seen["faults"] == []
    if found is None:
        assert addresses == []
        return
    assert address + found in addresses
    links.nth(addresses.index(address + found)).click()
    page.wait_for_url(lambda url: url.startswith(address + found.split("#")[0]))
    name = found.partition("#")[2]
    assert not name or page.locator(f"[id='{name}']").is_visible()


def test_reference_lists_each_public_name_once(site):
    pages = [path for path in (site / "api").glob("*.html") if path.stem != "index"]
    assert len(pages) > 10
    listed = [
        name
        for path in pages
        for name in re.findall(r'<dt class="sig[^>]* id="([\w.]+)"', path.read_text("utf-8"))
    ]
    assert len(listed) == len(set(listed))
    assert not [name for name in listed if "._" in name]
    for path in pages:
        module = importlib.import_module(f"swarm.{path.stem}")
        for name in set(getattr(module, "__all__", ())):
            if getattr(getattr(module, name), "__module__", "").startswith("swarm"):
                assert f"swarm.{path.stem}.{name}" in listed


def test_reference_shows_the_gallery_pages_that_use_a_function(site):
    called = re.compile(r"\b(animator|core|figures|networks|player|surface)\.(\w+)\(")
    scripts = list((site / "_downloads").rglob("*.py"))
    assert scripts
    for script in scripts:
        for module, name in called.findall(script.read_text("utf-8")):
            shown = (site / "api" / f"{module}.html").read_text("utf-8")
            entry = shown.partition(f'id="swarm.{module}.{name}"')[2].partition('<dt class="sig')[
                0
            ]
            assert f"/{script.stem}.html" in entry, f"{module}.{name}"


def test_reference_has_no_gallery_heading_above_nothing(site):
    heading = r">In the gallery</p>"
    text = "".join(path.read_text("utf-8") for path in (site / "api").glob("*.html"))
    assert re.search(heading, text)
    assert not re.search(heading + r"(?!\s*(<div class=\"sw-cards\">|<p><a ))", text)


def test_unknown_address_page_finds_its_way_home(site):
    page = Links((site / "404.html").read_text("utf-8"))
    assert any(link.endswith("index.html") for link in page.links)


def test_pages_work_straight_from_the_disk(site, new_page):
    page = new_page()
    seen = watch(page)
    page.goto((site / "index.html").as_uri())
    page.wait_for_timeout(300)
    assert seen["faults"] == []
    assert page.locator("h1").first.is_visible()


def test_home_greets_beside_its_player_on_a_wide_screen_and_above_it_on_a_narrow_one(
    address, new_page
):
    for width, height in ((1440, 900), (390, 844)):
        page = new_page(viewport={"width": width, "height": height})
        page.goto(address + "index.html")
        words, shown = (page.locator(part).first.bounding_box() for part in ("h1", ".sw-player"))
        if width > 1000:
            assert words["x"] + words["width"] <= shown["x"]
            assert shown["y"] <= words["y"]
            assert words["y"] + words["height"] < height * 0.6
        else:
            assert words["y"] + words["height"] <= shown["y"] < height


def test_gallery_filter_narrows_the_cards_and_is_kept_in_the_address(address, new_page):
    page = new_page()
    page.goto(address + "auto_gallery/index.html")
    cards = page.locator(".sw-card:visible")
    every = cards.count()
    page.locator(".sw-filter button", has_text="Surface").click()
    words = cards.evaluate_all("(all) => all.map((card) => JSON.parse(card.dataset.words))")
    assert 0 < len(words) < every
    assert all("surface" in of_card for of_card in words)
    page.reload()
    assert cards.count() == len(words)


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_card_moves_while_a_reader_points_at_it_unless_motion_is_unwelcome(
    motion, address, new_page
):
    page = new_page(reduced_motion=motion)
    page.goto(address + "auto_gallery/index.html")
    card = page.locator(".sw-card:has([data-light])").first
    card.hover()
    film = card.locator("video")
    assert film.count() == (motion == "no-preference")
    if film.count():
        page.wait_for_function("v => v.currentTime > 0", arg=film.element_handle())
        covers = """film => {
          const still = film.closest('.sw-card-still');
          const [picture, whole] = [still.querySelector('img'), film].map(
            (shown) => shown.getBoundingClientRect());
          const [left, top, across, down] = still.dataset.panel.split(' ').map(Number);
          return [
            whole.x + (left + across / 2) * whole.width - picture.x - picture.width / 2,
            whole.y + (top + down / 2) * whole.height - picture.y - picture.height / 2];
        }"""
        assert film.evaluate(covers) == pytest.approx([0, 0], abs=1.5), "the plot covers the still"
    page.mouse.move(0, 0)
    assert film.count() == 0
    card.locator("a").focus()
    assert film.count() == (motion == "no-preference")


def test_gallery_page_says_where_it_came_from(site, parsed, address, new_page):
    names = [n for n in parsed if n.startswith("auto_gallery/") and not n.endswith("index.html")]
    assert names
    for name in names:
        page = new_page()
        page.goto(address + name)
        facts = page.locator(".sw-facts").inner_text()
        assert "torch" in facts
        assert re.search(r"\d+(\.\d)? (s|min), when the page was built", facts)
        text = page.locator(".sw-run").first.inner_text()
        assert "Colab" in text
        assert f"uv run {name.rsplit('/', 1)[-1][:-5]}.py" in text
        edit = page.locator(".edit-this-page a").get_attribute("href")
        assert edit.endswith(name.replace("auto_gallery/", "gallery/").replace(".html", ".py"))
        page.close()


def test_paper_has_no_link_that_skips_to_the_content(address, new_page):
    page = new_page()
    page.goto(address)
    page.emulate_media(media="print")
    assert not page.locator("a.skip-to-content").is_visible()
