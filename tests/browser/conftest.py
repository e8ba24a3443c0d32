"""The built site, served as it is published (compressed, under a sub-path), and Chromium."""

import contextlib
import functools
import gzip
import http.server
import io
import os
import re
import shutil
import threading
import zlib
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
SITE = Path(os.environ.get("SWARM_SITE", ROOT / "build" / "html"))
PREFIX = "/a/sub/path"  # where the tests publish the site; nothing may depend on its name,
HOME = "/swarmscape"  # but for the page of unknown addresses, which cannot know how deep it is
TEXT = {".html", ".css", ".js", ".svg", ".json", ".xml", ".txt"}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# Software WebGL, so that the tests draw alike with and without a graphics card.
ARGUMENTS = [
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]


def site_pages():
    """Return the addresses of all pages of the built site, without the index of nothing."""
    return sorted(p.relative_to(SITE).as_posix() for p in SITE.rglob("*.html")) or ["index.html"]


def pytest_generate_tests(metafunc):
    if "page_name" in metafunc.fixturenames:
        metafunc.parametrize("page_name", site_pages())


@functools.cache
def compressed(path, changed):
    return gzip.compress(Path(path).read_bytes(), 6)


class Handler(http.server.SimpleHTTPRequestHandler):
    """Files of a folder under a sub-path, text compressed, ranges of movies honoured."""

    def log_message(self, *_):
        pass

    def translate_path(self, path):
        path = urlsplit(path).path
        for prefix in (PREFIX, HOME):
            if path.startswith(prefix + "/"):
                return super().translate_path(path.removeprefix(prefix))
        return str(Path(self.directory, ".nothing-outside-the-sub-path"))

    def do_GET(self):
        path = Path(self.translate_path(self.path))
        if path.is_dir():
            path /= "index.html"
        if not path.is_file():
            self.send_error(404)
            return
        is_text = path.suffix in TEXT
        body = compressed(str(path), path.stat().st_mtime) if is_text else path.read_bytes()
        span = self.headers.get("Range")
        if span and not is_text:
            start, _, end = span.removeprefix("bytes=").partition("-")
            first, last = int(start), int(end or len(body) - 1)
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(body)}")
            body = body[first : last + 1]
        else:
            self.send_response(200)
        if is_text:
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Type", self.guess_type(path))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        # The browser may have seen enough of a movie.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.wfile.write(body)


def serve(folder):
    """Serve a folder; return its server, to be shut down, and its address."""
    handler = functools.partial(Handler, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_port}{PREFIX}/"


@pytest.fixture(scope="session")
def site():
    if not (SITE / "index.html").is_file():
        pytest.fail(f"there is no site in {SITE}: run `nox -s docs` first")
    return SITE


@pytest.fixture(scope="session")
def published():
    """Serve folders until the tests end: ``published(folder)`` gives the address."""
    servers = []

    def publish(folder):
        server, url = serve(folder)
        servers.append(server)
        return url

    yield publish
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="session")
def address(site, published):
    return published(site)


@pytest.fixture
def page_address(page_name, address):
    home = address.replace(PREFIX, HOME)
    return (home if page_name == "404.html" else address) + page_name


@pytest.fixture(scope="session")
def executable():
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.fail(
            f"the browser tests need Chromium, and there is none of {', '.join(BROWSERS)} on the "
            "PATH: install it, for example with `apt-get install chromium`"
        )
    return found


@pytest.fixture(scope="session")
def playwright():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def chromium(playwright, executable):
    browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
    yield browser
    browser.close()


def pictures_on_paper(page):
    """Print a page; return the RGB pixels of the pictures on paper, one array for each."""
    found = []
    paper = page.pdf(print_background=True)
    for part in re.finditer(rb"<<([^<>]*/Subtype */Image[^<>]*)>>\s*stream\r?\n", paper):
        facts = {name: int(n) for name, n in re.findall(rb"/(Width|Height|Length) (\d+)", part[1])}
        data = paper[part.end() : part.end() + facts[b"Length"]]
        if b"DCTDecode" in part[1]:
            found.append(np.asarray(Image.open(io.BytesIO(data)).convert("RGB")))
        else:
            values = np.frombuffer(zlib.decompress(data), np.uint8)
            size = facts[b"Height"], facts[b"Width"], 3
            if values.size == np.prod(size):  # no mask
                found.append(values.reshape(size))
    return found


@pytest.fixture
def printed_pictures():
    """Print pages: ``printed_pictures(page)`` gives RGB pixels, one array for each picture."""
    return pictures_on_paper


@pytest.fixture
def new_page(chromium):
    """Open pages, each in a context of its own: ``new_page(color_scheme="dark", …)``."""
    contexts = []

    def make(**settings):
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 800}, **settings})
        contexts.append(context)
        return context.new_page()

    yield make
    for context in contexts:
        context.close()
