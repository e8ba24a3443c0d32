"""The same pages in each of the themes that people use, and in books: what their HTML says."""

import re

import pytest

pytest.importorskip("sphinx_gallery", reason="needs the docs group")

# Building a site runs others' code, whose warnings are not ours to forbid.
pytestmark = [
    pytest.mark.filterwarnings("default"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
DARK = ("pydata_sphinx_theme", "sphinx_book_theme")  # themes that have dark pages
LIGHT = ("sphinx_rtd_theme", "alabaster")
PAGES = ("index.html", "auto_gallery/bowl.html", "auto_gallery/index.html", "book.html")


@pytest.mark.parametrize("theme", [*DARK, *LIGHT])
def test_a_theme_shows_every_picture_and_nothing_is_warned_of(small_site, theme):
    folder, said = small_site(theme)
    assert said == ""
    kinds = {
        page: re.findall(
            r'<figure class="sw-figure sw-(\w+)|<div class="sw-(player)',
            (folder / page).read_text("utf-8"),
        )
        for page in PAGES
    }
    found = {page: ["".join(kind) for kind in each] for page, each in kinds.items()}
    assert found == {
        "index.html": ["plotly", "still", "plotly"],
        "auto_gallery/bowl.html": ["plotly", "movie", "player", "plotly", "plotly"],
        "auto_gallery/index.html": [],
        "book.html": ["still", "plotly"],
    }
    home = (folder / "index.html").read_text("utf-8")
    assert re.search(r'href="#pic"><span.*?>Fig. \d', home)
    for address in re.findall(r'(?:src|data-src)="(_[^"?]+)', home):
        assert (folder / address).is_file()


@pytest.mark.parametrize("theme", [*DARK, *LIGHT])
@pytest.mark.parametrize("page", PAGES)
def test_pictures_follow_the_reader_only_where_pages_can_be_dark(small_site, theme, page):
    text = (small_site(theme)[0] / page).read_text("utf-8")
    whole = re.findall(r'class="(sw-(?:figure|player|card)(?: [^"]*)?)"', text)
    assert whole
    assert {"sw-on-light" in classes for classes in whole} == {theme in LIGHT}


@pytest.mark.parametrize("theme", DARK)
def test_movies_are_dark_on_dark_pages(small_site, theme):
    text = (small_site(theme)[0] / "auto_gallery" / "bowl.html").read_text("utf-8")
    sources = dict(re.findall(r'<video class=sw-(light|dark) src="([^"]+)"', text))
    assert sources.keys() == {"light", "dark"}
    assert sources["light"] != sources["dark"]


@pytest.mark.parametrize("theme", [*DARK, *LIGHT])
def test_download_links_say_what_they_are_to_eyes_and_ears(small_site, theme):
    text = (small_site(theme)[0] / "auto_gallery" / "bowl.html").read_text("utf-8")
    links = re.findall(
        r"(?s)<a[^>]*download[^>]*>(.*?)</a>",
        text.partition("sw-run")[2].partition("It has one")[0],
    )
    words = [re.sub("<.*?>", "", link).strip() for link in links]
    assert words == ["Download Python script", "Download Jupyter notebook"]


def test_latex_has_posters_captions_and_references(small_site):
    folder, said = small_site("alabaster", "latex")
    assert said == ""
    (file,) = folder.glob("*.tex")
    text = file.read_text("utf-8")
    for name in re.findall(r"includegraphics.*?\{+(\w+)\}*(\.png)", text):
        assert (folder / "".join(name)).is_file()
    assert text.count("includegraphics") >= 8
    assert "A bowl of points." in text
    assert r"\caption{A \sphinxstyleemphasis{caption} of it.}" in text
    assert re.search(r"ref\*?\{\\detokenize\{index:pic\}\}", text)


def test_text_has_alternatives_captions_and_numbers(small_site):
    folder, said = small_site("alabaster", "text")
    assert said == ""
    home = (folder / "index.txt").read_text("utf-8")
    assert re.search(r"(?m)^Fig\. \d \[A bowl\.\] A bowl of points\.$", home)
    assert re.search(r"(?m)^Fig\. \d \[A still\]\s+A \*caption\* of it\.$", home)
    assert re.search(r"(?m)^Fig\. \d \[A line\]", home)
    book = (folder / "book.txt").read_text("utf-8")
    assert "[A still]" in book
    assert "[A line]" in book
    page = (folder / "auto_gallery" / "bowl.txt").read_text("utf-8")
    assert "A movie." in page
    assert "[Film: a movie of" in page
