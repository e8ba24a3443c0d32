"""Pages without scripts and styles of their own: nothing else about them changes."""

from html.parser import HTMLParser

import pytest

pytest.importorskip("sphinx", reason="needs the docs group")

from swarm.sphinxext._inline import _without_data, move_out

PAGE = """<html><head><style>body { color: red }</style>
<script src="a.js"></script><script type="application/ld+json">{"a": 1}</script></head>
<body class='x' style="margin: 0"><script>document.body.dataset.theme = "auto";</script>
<!-- <p style="a: b"> --><svg style="display: none;"></svg><p style='width: 60%' class="y z">a&lt;b
style="no attribute"</p><p style="">c</p></body></html>"""


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.words = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words += data


def test_scripts_styles_and_attributes_become_files():
    html, files = move_out(PAGE, "../")
    tags = Tags(html).tags
    assert not [tag for tag, attrs in tags if tag == "style" or "style" in attrs]
    scripts = [attrs for tag, attrs in tags if tag == "script"]
    assert [bool(script.get("src")) for script in scripts] == [True, False, True]
    own = scripts[2]["src"].removeprefix("../_static/inline/")
    assert files[own] == 'document.body.dataset.theme = "auto";'
    links = [attrs["href"].rpartition("/")[2] for tag, attrs in tags if tag == "link"]
    sheets = [files[name] for name in links]
    assert sheets[0] == "body { color: red }"
    rules = dict(line.split(" { ") for line in sheets[1].splitlines())
    classes = {tag: attrs["class"].split() for tag, attrs in tags if "class" in attrs}
    for tag, rule in {"body": "margin: 0", "svg": "display: none", "p": "width: 60%"}.items():
        assert rules[f".{classes[tag][-1]}" * 4] == f"{rule}; }}"
    assert classes["body"][0] == "x"
    assert classes["p"][:2] == ["y", "z"]
    assert 'style="no attribute"' in Tags(html).words
    assert '<!-- <p style="a: b"> -->' in html


def test_a_page_that_was_moved_out_stays_as_it_is():
    html, _ = move_out(PAGE, "")
    assert move_out(html, "") == (html, {})


def test_pictures_of_style_sheets_become_files():
    css = (
        "a { b: url(\"data:image/svg+xml;charset=utf-8,<svg viewBox='0 0 1 1'/>\") }"
        "c { d: url(data:image/png;base64,aGk=); e: url(f.png) }"
    )
    after, files = _without_data(css, "../../")
    assert "data:" not in after
    assert "url(f.png)" in after
    assert sorted(files.values()) == [b"<svg viewBox='0 0 1 1'/>", b"hi"]
    for name in files:
        assert f"url(../../_static/inline/{name})" in after
