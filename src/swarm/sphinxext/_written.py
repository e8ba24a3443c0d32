"""What builds write into the site, so that the next one takes away that, and nothing else.

The folder of a site may hold files from elsewhere: ``html_extra_path``, another tool's
report, a page put there by hand. A list of what the extension and Sphinx wrote lies beside
them; only what stands on it, and no longer belongs to the site, is removed.
"""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.util import logging

from swarm._files import written_whole

__all__ = ["take_away_old", "written_by"]

LIST = ".swarm-written.json"

logger = logging.getLogger(__name__)


def written_by(app: Sphinx) -> set[str]:
    """Return the pages, downloads, images and sources that Sphinx writes for the site as it is."""
    builder: Any = app.builder
    out = Path(app.outdir)
    env = app.env
    pages = {Path(builder.get_outfilename(docname)) for docname in env.found_docs}
    downloads = {f"_downloads/{name}" for _, name in env.dlfiles.values()}
    images = {f"{builder.imagedir}/{name}" for _, name in env.images.values()}
    ending = app.config.html_sourcelink_suffix
    sources = {f"_sources/{env.doc2path(docname, False)}{ending}" for docname in env.found_docs}
    return {page.relative_to(out).as_posix() for page in pages} | downloads | images | sources


def take_away_old(app: Sphinx, wanted: set[str]) -> None:
    """Remove what an earlier build wrote and the site no longer has, and list what it has.

    Parameters
    ----------
    app : Sphinx
    wanted : set of str
        Names of files below the site's folder, with forward slashes.
    """
    out = Path(app.outdir).resolve()
    for name in _listed(out / LIST) - wanted:
        path = (out / name).resolve()
        if path.is_file() and path.is_relative_to(out):
            path.unlink()
            for folder in path.parents:
                if folder == out or any(folder.iterdir()):
                    break
                folder.rmdir()
    with written_whole(out / LIST) as part:
        part.write_text(json.dumps(sorted(wanted), indent=0))


def _listed(path: Path) -> set[str]:
    with suppress(FileNotFoundError):
        try:
            return set(map(str, json.loads(path.read_text("utf-8"))))
        except (ValueError, TypeError):
            logger.info("%s is damaged: what earlier builds wrote stays on the site", path)
    return set()
