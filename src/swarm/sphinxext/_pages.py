"""What every gallery page carries beside its own words: downloads, how to run it, provenance."""

import json
import os
import re
import shutil
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

from ._cache import galleries
from ._cards import gallery_script, marks_html
from ._gallery import provenance_of
from ._inputs import ask_for
from ._lead import lead_of
from ._nodes import MEDIA_FOLDER
from ._state import page_of

__all__ = ["setup", "write_beside"]

MOST_CARDS = 6  # below a documented function
NOTEBOOKS = "notebooks"  # where the site keeps them, for Colab and Binder to open
_LABELS = {"python": "Python script", "jupyter": "Jupyter notebook", "zip": "Both, zipped"}


def add_downloads(app: Sphinx, doctree: nodes.document) -> None:
    """Put downloads and ways to run near the top of a gallery page, and all facts at its end."""
    script = gallery_script(app.env, app.env.docname)
    if script is None:
        return
    downloads = _take_downloads(doctree)
    if not downloads:
        return
    title = next(iter(doctree.findall(nodes.title)))
    section = title.parent
    links = _launchers(app, app.env.docname)
    card = page_of(app.env).card
    marks = nodes.raw("", marks_html(card) if card else "", format="html")
    command = f"uv run {script.name}"
    top = lead_of(doctree)  # what a reader came for stands before what is to be done with it
    before = top if top is not None and top.parent is section else title
    section.insert(
        section.index(before) + 1,
        nodes.container(
            "", marks, _buttons(downloads, ("python", "jupyter")), *links, _command(command),
            classes=["sw-run"],
        ),
    )  # fmt: skip
    other = f"pip install {app.config.swarm_package} && python {script.name}"
    facts = nodes.raw("", _provenance_html(app, script), format="html")
    section += nodes.container(
        "", nodes.rubric("", "Run it yourself"),
        _buttons(downloads, tuple(_LABELS)), *[link.deepcopy() for link in links],
        _command(command), _command(other), nodes.rubric("", "Where this page came from"), facts,
        classes=["sw-run", "sw-run-end"],
    )  # fmt: skip


def _take_downloads(doctree: nodes.document) -> dict[str, addnodes.download_reference]:
    """Take sphinx-gallery's note and footer off the page and return its download links."""
    found = {}
    for box in list(doctree.findall(nodes.container)):
        classes = box.get("classes", [])
        for kind in _LABELS:
            if f"sphx-glr-download-{kind}" in classes:
                found[kind] = next(iter(box.findall(addnodes.download_reference)))
    for paragraph in list(doctree.findall(nodes.paragraph)):
        if "sphx-glr-example-tags" in paragraph.get("classes", []):
            paragraph.parent.remove(paragraph)
    for only in list(doctree.findall(addnodes.only)):
        marks = {c for node in only.findall(nodes.Element) for c in node.get("classes", ())}
        if marks & {"sphx-glr-download-link-note", "sphx-glr-footer"}:
            only.parent.remove(only)
    return found


def _buttons(downloads: dict[str, Any], kinds: tuple[str, ...]) -> nodes.Element:
    line = nodes.paragraph(classes=["sw-downloads"])
    for kind in kinds:
        if kind in downloads:
            link = downloads[kind].deepcopy()
            link.children = [nodes.inline("", "Download ", classes=["visually-hidden"])]
            link += nodes.inline("", _LABELS[kind])
            line += link
    return line


def _command(text: str) -> nodes.Element:
    block = nodes.literal_block(text, text, language="text", classes=["sw-command"])
    block["highlight_args"] = {}
    return block


def _launchers(app: Sphinx, docname: str) -> list[nodes.Element]:
    """Return links that open the notebook on Colab and Binder, from the published branch."""
    repository, branch = app.config.swarm_repository, app.config.swarm_notebook_branch
    if not repository:
        return []
    path = f"{NOTEBOOKS}/{docname}.ipynb"
    line = nodes.paragraph(classes=["sw-launch"])
    for name, address in {
        "Open in Colab": f"https://colab.research.google.com/github/{repository}/blob/{branch}/{path}",
        "Open in Binder": f"https://mybinder.org/v2/gh/{repository}/{branch}?labpath={path}",
    }.items():
        line += nodes.reference("", name, refuri=address, internal=False)
    return [line]


def _provenance_html(app: Sphinx, script: Path) -> str:
    facts, _ = provenance_of(script.with_suffix(""))
    mode = app.config.swarm_mode or "full"
    rows = {**facts["settings"], "Build": mode, **facts["versions"]}
    cells = "".join(
        f"<div><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>" for k, v in rows.items()
    )
    page = escape(app.env.docname)
    return (
        f'<dl class="sw-facts simple">{cells}<div><dt>Ran for</dt>'
        f'<dd data-run-time="{page}">see <code>_static/run-times.js</code></dd></div></dl>'
    )


def write_beside(app: Sphinx) -> set[str]:
    """Write the run times, and the notebooks where Colab and Binder look for them.

    Returns
    -------
    set of str
        Names of what was written, below the site's folder.
    """
    times, written = {}, set()
    out = Path(app.outdir)
    for docname in sorted(app.env.found_docs):
        script = gallery_script(app.env, docname)
        if script is None:
            continue
        _, seconds = provenance_of(script.with_suffix(""))
        if seconds is not None:
            times[docname] = round(seconds, 1)
        if app.config.swarm_repository:
            name = f"{NOTEBOOKS}/{docname}.ipynb"
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(script.with_suffix(".ipynb"), out / name)
            written.add(name)
    if written:
        name = "binder/requirements.txt"
        (out / name).parent.mkdir(exist_ok=True)
        (out / name).write_text(f"{app.config.swarm_package}\njupyterlab\n")
        written.add(name)
    if times:
        name = "_static/run-times.js"
        (out / name).write_text(f"swarmRunTimes({json.dumps(times, indent=1)});\n")
        written.add(name)
    return written


def add_minigallery(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]
) -> None:
    """Show below a documented function or class the gallery pages that use it.

    A few are shown as cards; what most pages use gets a line of links.
    """
    directory = getattr(app.config, "sphinx_gallery_conf", {}).get("backreferences_dir")
    if not directory or what == "module":
        return
    path = Path(app.srcdir, directory, f"{name}.examples")
    ask_for(app.env, path)
    text = path.read_text("utf-8") if path.exists() else ""
    if not text:  # for what no script uses, sphinx-gallery's is empty
        return
    users = list(dict.fromkeys(re.findall(r"^ +:doc:`(/[^`]+)`", text, re.MULTILINE)))
    links = ", ".join(f":doc:`{user}`" for user in users)
    shown = f".. minigallery:: {name}" if len(users) <= MOST_CARDS else f"{links}."
    lines += ["", ".. rubric:: In the gallery", "", shown, ""]


def set_edit_link(app: Sphinx, page: str, template: str, context: Any, doctree: Any) -> None:
    """Let the edit link of a gallery page lead to its script, not to what was made of it."""
    if not app.config.swarm_repository or gallery_script(app.env, page) is None:
        return
    for sources, made in galleries(app):
        script = sources / Path(app.srcdir, page + ".py").relative_to(made)
        path = os.path.relpath(script, Path(app.srcdir).parent)
        context["theme_source_edit_link"] = (
            f"https://github.com/{app.config.swarm_repository}/edit/main/{path}"
        )


def set_social_image(app: Sphinx, page: str, template: str, context: Any, doctree: Any) -> None:
    """Offer a page's first picture to social media, through sphinxext-opengraph's metadata."""
    for shown in page_of(app.env, page).pictures:
        if shown.social:
            meta = dict(context.get("meta") or {})
            meta.setdefault("og:image", f"{MEDIA_FOLDER}/{shown.social}")
            context["meta"] = meta
            return


def _connect_autodoc(app: Sphinx, config: Any) -> None:
    if "autodoc-process-docstring" in app.events.events:  # only where the site documents code
        app.connect("autodoc-process-docstring", add_minigallery, priority=900)


def setup(app: Sphinx) -> None:
    """Register what dresses a gallery page."""
    app.add_config_value("swarm_package", "swarmscape", "env")
    app.add_config_value("swarm_repository", "", "env")
    app.add_config_value("swarm_notebook_branch", "gh-pages", "env")
    app.add_config_value("swarm_mode", "", "env")
    app.connect("doctree-read", add_downloads, priority=400)  # before downloads are collected
    app.connect("config-inited", _connect_autodoc)
    app.connect("html-page-context", set_edit_link)
    app.connect("html-page-context", set_social_image, priority=400)
