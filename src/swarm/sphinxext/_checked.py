"""Small files kept between builds: written whole, with their digest, and checked when read."""

import json
from pathlib import Path
from typing import Any

from sphinx.util import logging

from swarm._files import content_name, written_whole

__all__ = ["digest_of", "read_checked", "sweep", "write_checked"]

logger = logging.getLogger(__name__)


def write_checked(path: Path, fields: dict[str, Any]) -> None:
    """Write fields as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as part:
        part.write_text(json.dumps({**fields, "digest": _own_digest(fields)}, indent=1), "utf-8")


def read_checked(path: Path) -> dict[str, Any]:
    """Return the fields; none if the file is missing, or is damaged, which is said and removed."""
    try:
        fields = json.loads(path.read_text("utf-8"))
        if fields.pop("digest") == _own_digest(fields):
            return dict(fields)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        pass
    logger.info("%s is damaged: thrown away", path)
    path.unlink(missing_ok=True)
    return {}


def _own_digest(fields: dict[str, Any]) -> str:
    return content_name(json.dumps(fields, sort_keys=True).encode())


def digest_of(path: Path) -> str:
    """Return a digest of a file's content; empty where there is none."""
    try:
        return content_name(path.read_bytes())
    except OSError:
        return ""


def sweep(folder: Path) -> None:
    """Remove what `written_whole` had begun when it was killed."""
    for path in folder.rglob(".*.part-????????*"):
        path.unlink(missing_ok=True)
