"""What lets a build reuse what an earlier one made, and what forbids it.

sphinx-gallery looks at a script's own text and jupyter-cache at a notebook's
cells. Neither sees that the package, a dependency or the mode changed, so a
fingerprint of these decides first: where it differs, everything is made anew.
"""

import hashlib
import os
import re
import shutil
import sys
from collections.abc import Iterable
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util import logging

from ._ahead import check_results, forget_results
from ._checked import digest_of, sweep

__all__ = ["end_build", "fingerprint", "forget_pages", "galleries", "made_by", "prepare"]

logger = logging.getLogger(__name__)

_MARK = ".made-by-swarm"
_MADE = (
    ".rst", ".py", ".ipynb", ".py.md5", ".zip", ".cost.json", ".codeobj.json", ".provenance.json",
    ".problems.json",
)  # fmt: skip


def fingerprint(*paths: str | os.PathLike[str], mode: object = "") -> str:
    """Return a digest of everything beside the pages' own text that their pictures depend on.

    Parameters
    ----------
    *paths : path
        Files, or folders of which every ``.py`` file counts.
    mode : object
        Anything else that decides what scripts do, for example ``env.FULL``.

    Returns
    -------
    str
        Sixteen hexadecimal digits; they also depend on the Python version and
        on the version of each installed package.
    """
    digest = hashlib.sha256(f"{sys.version_info[:2]} {mode}\n".encode())
    for path in map(Path, paths):
        if not path.exists():
            raise FileNotFoundError(f"{path}, named for the fingerprint, does not exist")
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(file.relative_to(path.parent).as_posix().encode() + file.read_bytes())
    installed = {f"{d.metadata['Name']} {d.version}" for d in distributions()}
    digest.update("\n".join(sorted(installed)).encode())
    return digest.hexdigest()[:16]


def prepare(app: Sphinx) -> None:
    """Throw away, before anything is made, whatever must not be used again."""
    cache = _own(Path(app.config.swarm_cache))
    wanted = app.config.swarm_fingerprint
    stamp, unfinished = cache / "fingerprint", cache / "unfinished"
    if not stamp.is_file() or stamp.read_text() != wanted:
        if stamp.is_file():
            logger.info("the package, its dependencies or the mode changed: making all pages anew")
        for folder in ("media", "runs"):
            shutil.rmtree(cache / folder, ignore_errors=True)
        forget_pages(app)
        for _, made in galleries(app):
            for mark in _marks(made):
                mark.unlink()
        forget_results(app)
        stamp.write_text(wanted)
    elif unfinished.exists():
        _distrust(app)
    for folder in ("media", "runs"):
        sweep(cache / folder)
    _check_media(cache / "media")
    check_results(app)
    unfinished.write_text("running")
    conf = getattr(app.config, "sphinx_gallery_conf", {})
    backreferences = Path(app.srcdir, conf.get("backreferences_dir") or ".no-such-folder")
    for sources, made in galleries(app):
        _prune_gallery(sources, made)
    for examples in backreferences.glob("*.examples"):  # made anew in each build
        if examples.read_text("utf-8", "replace").lstrip().startswith("Examples using ``"):
            examples.unlink()


def _check_media(store: Path) -> None:
    """Throw away what is not what its name says: a digest of its content."""
    for path in store.glob("*"):
        is_named = re.fullmatch("[0-9a-f]{16}", path.stem) and path.suffix not in {".json", ".png"}
        if is_named and digest_of(path) != path.stem:
            logger.info("%s is damaged: thrown away", path)
            path.unlink()


def _own(folder: Path) -> Path:
    """Return the cache's folder, made and marked by the extension.

    Raises
    ------
    ExtensionError
        If it is somebody else's: it has files in it, and no mark.
    """
    mark = folder / _MARK
    if not mark.is_file():
        if folder.exists() and not folder.is_dir():
            raise ExtensionError(f"swarm_cache: {folder} is a file; name a folder")
        if folder.is_dir() and (strangers := sorted(path.name for path in folder.iterdir())):
            raise ExtensionError(
                f"swarm_cache: {folder} was not made by swarm.sphinxext, and it is not empty "
                f"({', '.join(strangers[:3])} …). Nothing in it was touched. Name a folder that "
                "does not exist yet; if this one is an old cache, delete it"
            )
        folder.mkdir(parents=True, exist_ok=True)
        mark.write_text("Made by swarm.sphinxext, which keeps here what builds use again.\n")
    return folder


def end_build(app: Sphinx, exception: Exception | None) -> None:
    """Take the mark of an unfinished build away once a build has ended without a warning."""
    unfinished = Path(app.config.swarm_cache) / "unfinished"
    if exception is not None or app._warncount:
        unfinished.write_text("warned")
    else:
        unfinished.unlink(missing_ok=True)


def _distrust(app: Sphinx) -> None:
    """Forget what a build made that was interrupted, or that ended with warnings.

    Otherwise its half-written pages, and those that were warned of, would pass
    for finished, for Sphinx reads again only what changed.
    """
    logger.info("the last build did not finish cleanly: reading all pages again")
    forget_pages(app)


def forget_pages(app: Sphinx) -> None:
    """Let Sphinx read and write all pages again."""
    Path(app.doctreedir, "environment.pickle").unlink(missing_ok=True)
    Path(app.outdir, ".buildinfo").unlink(missing_ok=True)


def made_by(mark: Path) -> list[Path]:
    """Return the files that sphinx-gallery made of a script, by the mark that it has run."""
    script = mark.with_suffix("")
    images = script.parent.glob(f"images/**/sphx_glr_{script.stem}_*")
    files = [*(script.with_name(script.stem + suffix) for suffix in _MADE), *sorted(images)]
    return [path for path in files if path.is_file()]


def _marks(made: Path) -> list[Path]:
    """Return the files by which sphinx-gallery knows that a script of ours has run."""
    return [mark for mark in made.rglob("*.py.md5") if mark.with_suffix("").is_file()]


def galleries(app: Sphinx) -> Iterable[tuple[Path, Path]]:
    """Return the folders of each gallery: its scripts, and the pages made of them."""
    conf: dict[str, Any] = getattr(app.config, "sphinx_gallery_conf", {})
    dirs = [conf.get("examples_dirs", []), conf.get("gallery_dirs", [])]
    lists = [[d] if isinstance(d, str) else list(d) for d in dirs]
    return [
        (Path(app.srcdir, a).resolve(), Path(app.srcdir, b)) for a, b in zip(*lists, strict=True)
    ]


def _prune_gallery(sources: Path, made: Path) -> None:
    """Remove the pages of scripts that are gone."""
    for mark in _marks(made):
        script = mark.with_suffix("")
        if not (sources / script.relative_to(made)).is_file():
            for path in made_by(mark):
                path.unlink()
    for index in made.glob("*/index.rst"):
        section = index.parent
        if not (sources / section.name).is_dir() and "sphx_glr_" in index.read_text("utf-8"):
            index.unlink()
            for folder in (section / "images" / "thumb", section / "images", section):
                if folder.is_dir() and not any(folder.iterdir()):
                    folder.rmdir()
