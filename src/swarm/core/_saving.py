"""Swarms and hives on disk, without pickle."""

import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from swarm.core._store import file_of, read_manifest, write_manifest

__all__ = ["load", "save", "write_hive"]


def save(
    swarm: Mapping[str, Any] | Sequence[Mapping[str, Any]], folder: str | os.PathLike[str]
) -> None:
    """Write a swarm or a hive to a folder, whole or not at all.

    Arrays and tensors become one ``.npy`` each; numbers, texts and lists of
    them stand in ``manifest.json``.

    Parameters
    ----------
    swarm : mapping, or sequence of mapping
        What `swarm_train` or `hive_trainer` returned.
    folder : path-like
        The folder to make.

    Raises
    ------
    FileExistsError
        If there is such a folder, and it is not empty.
    TypeError
        If a value is neither an array nor plain.

    See Also
    --------
    load : Opens it again.
    """
    target = Path(folder)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise FileExistsError(f"{target} exists; name another folder, or remove it first")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    try:
        if isinstance(swarm, Mapping):
            _write_swarm(swarm, part)
        else:
            for i, one in enumerate(swarm):
                (part / _name(i)).mkdir()
                _write_swarm(one, part / _name(i))
            write_manifest(part, {"kind": "hive", "swarms": [{} for _ in swarm]})
        part.chmod(0o755)
        os.replace(part, target)
    finally:
        if part.exists():
            shutil.rmtree(part)  # made above


def load(folder: str | os.PathLike[str]) -> Any:
    """Open a swarm or a hive that `save` or ``out=`` has written.

    Parameters
    ----------
    folder : path-like
        The folder.

    Returns
    -------
    dict, or list of dict
        As `swarm_train` or `hive_trainer` returned it. Arrays are mapped from
        their files as they are read; changing them leaves the files alone.

    Raises
    ------
    FileNotFoundError, ValueError
        If the folder is none of that kind, or its run did not come to its end.
    """
    path = Path(folder)
    manifest = read_manifest(path)
    if manifest["kind"] == "hive":
        return [
            {**_read_values(path / _name(i), params), **load(path / _name(i))}
            for i, params in enumerate(manifest["swarms"])
        ]
    if not manifest.get("complete", True):
        ended = sum(high - low for low, high in manifest["ended"])
        raise ValueError(
            f"{path} holds a run of which {ended} bees have ended; call swarm_train or "
            "hive_trainer again with the same out= to go on"
        )
    return _read_values(path, manifest["values"])


def _name(i: int) -> str:
    """Name the folder of a swarm in a hive."""
    return f"{i:04d}"


def write_hive(folder: Path, params: Sequence[Mapping[str, Any]]) -> None:
    """Write the manifest of a hive whose swarms lie in folders of their own."""
    swarms = []
    for i, given in enumerate(params):
        place = folder / _name(i) / "parameters"
        place.mkdir(exist_ok=True)
        kept = {name: value for name, value in given.items() if _can_be_kept(value)}
        files = _write_values(kept, place)
        swarms.append(
            {
                n: {"file": f"parameters/{v['file']}"} if "file" in v else v
                for n, v in files.items()
            }
        )
    write_manifest(folder, {"kind": "hive", "swarms": swarms})


def _write_swarm(swarm: Mapping[str, Any], folder: Path) -> None:
    write_manifest(folder, {"kind": "swarm", "values": _write_values(swarm, folder)})


def _write_values(values: Mapping[str, Any], folder: Path) -> dict[str, dict[str, Any]]:
    """Write arrays to files; return where each value stands."""
    written: dict[str, dict[str, Any]] = {}
    files: list[str] = []
    for name, value in values.items():
        if isinstance(value, torch.Tensor):
            value = value.detach().cpu().numpy()
        if isinstance(value, np.generic):
            value = value.item()
        if isinstance(value, np.ndarray) and not value.dtype.hasobject:
            files.append(file_of(name, files))
            np.save(folder / files[-1], value, allow_pickle=False)
            written[name] = {"file": files[-1]}
        elif _is_plain(value):
            written[name] = {"value": value}
        else:
            raise TypeError(
                f"cannot save {name!r} of type {type(value).__name__}; leave it out, or keep it "
                "as numbers, texts or arrays"
            )
    return written


def _read_values(folder: Path, values: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {
        name: np.load(folder / kept["file"], mmap_mode="c") if "file" in kept else kept["value"]
        for name, kept in values.items()
    }


def _is_plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(_is_plain(item) for item in value)
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and _is_plain(item) for key, item in value.items())
    return isinstance(value, bool | int | float | str | type(None))


def _can_be_kept(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return not value.dtype.hasobject
    return isinstance(value, torch.Tensor | np.generic) or _is_plain(value)
