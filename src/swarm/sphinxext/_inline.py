"""Pages for servers that forbid what stands within a page: ``Content-Security-Policy``.

Themes write small scripts, styles and ``style`` attributes into each page, and pictures into
their style sheets. With ``swarm_csp = True`` these become files of the site, named by their
content, so that ``default-src 'self'`` lets the pages be what they are.
"""

import base64
import re
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

from sphinx.application import Sphinx

from swarm._files import content_name, written_whole

__all__ = ["move_out", "setup"]

FOLDER = "_static/inline"
_SCRIPT = re.compile(r"<script(?P<more>[^>]*)>(?P<text>.*?)</script>", re.DOTALL)
_STYLE = re.compile(r"<style(?P<more>[^>]*)>(?P<text>.*?)</style>", re.DOTALL)
_TAG = re.compile(
    r"<[a-zA-Z](?:[^<>\"']|\"[^\"]*\"|'[^']*')*\sstyle=(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>"
)
_ATTRIBUTE = re.compile(r"""\sstyle=(?:"([^"]*)"|'([^']*)')""")
_CLASS = re.compile(r"""\sclass=(?:"([^"]*)"|'([^']*)')""")
_VERBATIM = re.compile(r"(<!--.*?-->|<script.*?</script>|<style.*?</style>)", re.DOTALL)
_DATA = re.compile(
    r"""url\(\s*(["']?)data:image/(svg\+xml|png|gif|jpeg|webp)([^,]*),(.*?)\1\s*\)"""
)
_SUFFIXES = {"svg+xml": ".svg"}


def move_out(html: str, root: str) -> tuple[str, dict[str, str]]:
    """Return a page without scripts, styles and style attributes of its own, and their files.

    Parameters
    ----------
    html : str
    root : str
        The way from the page to the site's folder: empty, or ending in a slash.

    Returns
    -------
    tuple of str and dict of str to str
        The page, and the content of the files to be written into `FOLDER` by name.
    """
    files: dict[str, str] = {}

    def address(text: str, suffix: str) -> str:
        name = content_name(text.encode()) + suffix
        files[name] = text
        return f"{root}{FOLDER}/{name}"

    def script(found: re.Match[str]) -> str:
        more, text = found["more"], found["text"]
        is_code = not re.search(r"\stype=", more) or "javascript" in more or "module" in more
        if re.search(r"\ssrc=", more) or not text.strip() or not is_code:
            return found[0]
        return f'<script{more} src="{address(text, ".js")}"></script>'

    def style(found: re.Match[str]) -> str:
        return f'<link rel="stylesheet" href="{address(found["text"], ".css")}">'

    rules: dict[str, str] = {}
    parts = _VERBATIM.split(html)
    parts[::2] = [_TAG.sub(lambda tag: _as_class(tag[0], rules), part) for part in parts[::2]]
    html = _STYLE.sub(style, _SCRIPT.sub(script, "".join(parts)))
    if rules:
        sheet = "".join(f"{rule}\n" for rule in sorted(rules.values()))
        link = f'<link rel="stylesheet" href="{address(sheet, ".css")}">'
        html = html.replace("</head>", f"{link}\n</head>", 1)
    return html, files


def _as_class(tag: str, rules: dict[str, str]) -> str:
    """Turn the style attribute of a tag into a class, whose rule goes before those of a theme."""
    found = _ATTRIBUTE.search(tag)
    if found is None:
        return tag
    text = unescape(found[1] or found[2] or "").strip().rstrip(";")
    tag = tag[: found.start()] + tag[found.end() :]
    if not text:
        return tag
    name = f"sw-own-{content_name(text.encode())[:8]}"
    rules[name] = f"{f'.{name}' * 4} {{ {text}; }}"
    classes = _CLASS.search(tag)
    if classes is None:
        return re.sub(r"^<[a-zA-Z][\w-]*", lambda head: f'{head[0]} class="{name}"', tag)
    value = f"{classes[1] or classes[2] or ''} {name}".strip()
    return f'{tag[: classes.start()]} class="{value}"{tag[classes.end() :]}'


def _without_data(css: str, up: str) -> tuple[str, dict[str, bytes]]:
    """Return a style sheet whose pictures are files, and these."""
    files: dict[str, bytes] = {}

    def picture(found: re.Match[str]) -> str:
        _, kind, coding, text = found.groups()
        text = text.replace('\\"', '"').replace("\\'", "'")
        content = base64.b64decode(text) if "base64" in coding else unquote_to_bytes(text)
        name = content_name(content) + _SUFFIXES.get(kind, f".{kind}")
        files[name] = content
        return f"url({up}{FOLDER}/{name})"

    return _DATA.sub(picture, css), files


def _pages(app: Sphinx) -> list[Path]:
    """Return the pages that Sphinx writes; the site's folder may hold those of others, too."""
    builder: Any = app.builder
    names = {*app.env.found_docs, "genindex", "genindex-all", "search", "404"}
    names |= {index[0] for index in getattr(builder, "domain_indices", ())}
    pages = {Path(builder.get_outfilename(name)) for name in names}
    pages |= set(Path(app.outdir, "_modules").rglob("*.html"))
    return sorted(path for path in pages if path.is_file())


def _clean(app: Sphinx, exception: Exception | None) -> None:
    if exception is not None or not app.config.swarm_csp or app.builder.format != "html":
        return
    out = Path(app.outdir)
    folder = out / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    kept: set[str] = set()
    sheets = [p for p in sorted((out / "_static").rglob("*.css")) if folder not in p.parents]
    for path in (*_pages(app), *sheets):
        before = path.read_text("utf-8")
        up = "../" * (len(path.relative_to(out).parts) - 1)
        files: dict[str, Any]
        after, files = (move_out if path.suffix == ".html" else _without_data)(before, up)
        for name, content in files.items():
            if not (folder / name).exists():
                with written_whole(folder / name) as part:
                    part.write_bytes(content.encode() if isinstance(content, str) else content)
        if after != before:
            with written_whole(path) as part:
                part.write_text(after, "utf-8")
        kept |= set(re.findall(rf"{FOLDER}/(\w+\.\w+)", after))
    for path in folder.iterdir():
        if path.name not in kept and re.fullmatch(r"[0-9a-f]{16}\.\w+", path.name):
            path.unlink()


def setup(app: Sphinx) -> None:
    """Register the setting."""
    app.add_config_value("swarm_csp", False, "html", bool)
    app.connect("build-finished", _clean, priority=860)  # when all files are there
