"""Keeps a swarm's arrays in a folder while they are made, so that a run can be resumed."""

import hashlib
import inspect
import json
import mmap
import os
import re
import time
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from swarm._files import content_name, written_whole

__all__ = ["MANIFEST", "Store", "claim", "described", "file_of", "read_manifest", "write_manifest"]

Array = NDArray[Any]
MANIFEST = "manifest.json"
FORMAT = 1
OFTEN = 1.0  # seconds between two manifests


def claim(folder: Path) -> dict[str, Any] | None:
    """Make a folder, or return the manifest of one that is ours.

    Raises
    ------
    FileExistsError
        If it holds something else.
    """
    if folder.exists() and not folder.is_dir():
        raise FileExistsError(f"{folder} is a file; name a folder")
    if not folder.exists() or not any(folder.iterdir()):
        folder.mkdir(parents=True, exist_ok=True)
        return None
    if not (folder / MANIFEST).is_file():
        raise FileExistsError(
            f"{folder} holds something else ({next(folder.iterdir()).name}); name another folder"
        )
    return read_manifest(folder)


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read what a folder holds.

    Raises
    ------
    FileNotFoundError, ValueError
        If it is none of ours.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise FileNotFoundError(
            f"{folder} has no {MANIFEST}; name a folder that core.save or out= has written"
        )
    manifest = json.loads(path.read_text("utf-8"))
    if not isinstance(manifest, dict) or manifest.get("swarmscape") != FORMAT:
        raise ValueError(f"{path} is not a manifest of swarmscape in format {FORMAT}")
    return manifest


def write_manifest(folder: Path, content: Mapping[str, Any]) -> None:
    """Write what a folder holds, whole or not at all."""
    with written_whole(folder / MANIFEST) as part:
        part.write_text(json.dumps({"swarmscape": FORMAT, **content}, indent=1), "utf-8")


def file_of(name: str, taken: Sequence[str] = ()) -> str:
    """Name the file of a field."""
    safe = re.sub(r"\W", "_", name)
    while f"{safe}.npy" in taken:
        safe += "_"
    return f"{safe}.npy"


def described(value: Any) -> Any:
    """Return what tells a setting from another in a manifest, the same in every process."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool | int | float | str | type(None)):
        return value
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().numpy()
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        digest = content_name(np.ascontiguousarray(value).tobytes())
        return f"array {value.dtype} {value.shape} {digest}"
    if isinstance(value, Mapping):
        return {str(key): described(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [described(item) for item in value]
    if callable(value):
        return _code(value)
    return f"{type(value).__module__}.{type(value).__qualname__}"


def _code(function: Any) -> str:
    """Name a function with a digest of its text and of what is bound to it."""
    bound: list[Any] = []
    while hasattr(function, "func"):  # a partial
        bound += [described(function.args), described(function.keywords)]
        function = function.func
    name = f"{getattr(function, '__module__', '')}.{getattr(function, '__qualname__', '')}"
    try:
        text = inspect.getsource(function)
    except (OSError, TypeError):
        text = repr(getattr(getattr(function, "__code__", None), "co_code", ""))
    digest = hashlib.sha256((text + json.dumps(bound)).encode()).hexdigest()[:16]
    return f"{name.removeprefix('__main__.')} {digest}"


class Store:
    """A folder with one ``.npy`` for each field, and a manifest.

    Parameters
    ----------
    folder : path
        Where; made if need be.
    run : mapping
        What tells this run from others: seed, settings, the trainer.

    Raises
    ------
    FileExistsError
        If the folder holds something else.
    ValueError
        If it holds another run; the message names what differs.
    """

    def __init__(self, folder: Path, run: Mapping[str, Any]) -> None:
        self.folder = folder
        self.run = json.loads(json.dumps(run))
        self.found = claim(folder)
        self._files: dict[str, str] = {}
        self._written = 0.0
        if self.found is None:
            return
        before = self.found.get("run", {})
        names = dict.fromkeys([*before, *self.run])
        differ = [name for name in names if before.get(name) != self.run.get(name)]
        if differ:
            told = "; ".join(
                f"{name} is {before.get(name)!r} there and {self.run.get(name)!r} here"
                for name in differ
            )
            raise ValueError(f"{folder} holds another run: {told}; name another folder")
        self._files = dict(self.found["files"])

    def file(self, name: str) -> str:
        """Return the name of a field's file."""
        return self._files[name]

    def open(self, mode: Literal["r+", "c"] = "r+") -> dict[str, Array]:
        """Map the arrays, to go on with them or as copies that leave the files alone."""
        return {
            name: np.load(self.folder / file, mmap_mode=mode) for name, file in self._files.items()
        }

    def make(self, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        """Make the file of a field, with room for all of it; one of that name is replaced.

        Raises
        ------
        OSError
            If the disk is too small.
        """
        file = self._files.get(name) or file_of(name, [*self._files.values()])
        path = self.folder / file
        part = path.with_suffix(".part.npy")
        try:
            array = np.lib.format.open_memmap(part, mode="w+", dtype=dtype, shape=shape)
            if hasattr(os, "posix_fallocate"):  # or else a full disk kills the process later
                with open(part, "r+b") as handle:
                    os.posix_fallocate(handle.fileno(), 0, part.stat().st_size)
        except OSError as error:
            part.unlink(missing_ok=True)
            size = int(np.prod(shape)) * dtype.itemsize
            raise OSError(
                error.errno,
                f"no room for the {size:,} bytes of field {name!r} (free some and call again, "
                "which goes on with what is there; or name a folder on a larger disk)",
                str(path),
            ) from error
        os.replace(part, path)
        self._files[name] = file
        return array

    def mark(self, state: Mapping[str, Any], arrays: Sequence[Array], last: bool = False) -> None:
        """Say how far the run has come, now and then and at its end."""
        for array in arrays:
            mapped = getattr(array, "_mmap", None)
            if mapped is not None and hasattr(mmap, "MADV_DONTNEED"):
                mapped.madvise(mmap.MADV_DONTNEED)  # the file keeps it, memory need not
        now = time.monotonic()
        if not last and now - self._written < OFTEN:
            return
        self._written = now
        versions = {name: metadata.version(name) for name in ("swarmscape", "torch", "numpy")}
        content = {"kind": "swarm", "run": self.run, "versions": versions, "files": self._files}
        write_manifest(self.folder, {**content, **state})
