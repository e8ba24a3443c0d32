"""Files that are written whole or not at all, and names made of content."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["content_name", "written_whole"]


def content_name(content: bytes) -> str:
    """Name content after itself, so that what is the same has one name everywhere.

    Returns
    -------
    str
        The first 16 hexadecimal digits of its SHA-256.
    """
    return hashlib.sha256(content).hexdigest()[:16]


@contextmanager
def written_whole(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Write a file whole or not at all.

    The block gets the path of an empty file beside the target, with the same
    ending. When the block ends well, that file takes the target's name; after
    an exception it is removed, and an older target stays as it was.

    Parameters
    ----------
    path : path-like
        The file to write.

    Raises
    ------
    FileNotFoundError
        At once, if there is no such folder.
    OSError
        At once, if nothing can be written there.
    """
    target = Path(path)
    if not target.parent.is_dir():
        raise FileNotFoundError(
            f"cannot write {target}: there is no folder {target.parent}; make it first"
        )
    try:
        handle, name = tempfile.mkstemp(
            dir=target.parent, prefix=f".{target.stem}.part-", suffix=target.suffix
        )
    except OSError as error:
        raise type(error)(error.errno, f"cannot write {target}: {error.strerror}") from error
    os.close(handle)
    part = Path(name)
    try:
        yield part
        # mkstemp makes files that only their owner may read; take the usual rights instead.
        umask = os.umask(0)
        os.umask(umask)
        part.chmod(0o666 & ~umask)
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)
