"""Small helpers: scoped seeds, mappings of equally long sequences."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
import torch

__all__ = ["dict_slicer", "merge_dicts", "seed_as", "transpose"]

T = TypeVar("T")


@contextmanager
def seed_as(seed: int | None) -> Iterator[None]:
    """Seed torch and numpy for the length of a ``with`` block.

    The states of both global generators are restored when the block ends,
    also by an exception.

    Parameters
    ----------
    seed : int or None
        From 0 to 2**32 − 1 (0 is a seed like any other). None leaves the
        generators as they are, and still restores them afterwards.

    Raises
    ------
    ValueError
        If `seed` is out of range.
    """
    if seed is not None and not 0 <= seed < 2**32:
        raise ValueError(f"seed must be from 0 to 2**32 - 1, got {seed}")
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()  # noqa: NPY002
    try:
        if seed is not None:
            torch.manual_seed(seed)
            np.random.seed(seed)  # noqa: NPY002 - a bee may draw from the global generator
        yield
    finally:
        torch.set_rng_state(torch_state)
        np.random.set_state(numpy_state)  # noqa: NPY002


def transpose(rows: Iterable[Sequence[T]]) -> list[list[T]]:
    """Turn rows into columns; all rows must be equally long.

    Raises
    ------
    ValueError
        If the rows differ in length.

    Examples
    --------
    >>> transpose([(1, "a"), (2, "b")])
    [[1, 2], ['a', 'b']]
    """
    return [list(column) for column in zip(*rows, strict=True)]


def merge_dicts(*dicts: Mapping[str, Any]) -> dict[str, Any]:
    """Merge mappings into one new dict.

    Raises
    ------
    ValueError
        If a key stands in more than one of them.
    """
    merged: dict[str, Any] = {}
    for mapping in dicts:
        if twice := merged.keys() & mapping.keys():
            raise ValueError(f"these keys stand in more than one mapping: {sorted(twice)}")
        merged.update(mapping)
    return merged


def dict_slicer(columns: Mapping[str, Sequence[Any]]) -> Iterator[dict[str, Any]]:
    """Yield one dict for each row of a mapping of equally long sequences.

    Raises
    ------
    ValueError
        At once, if the sequences differ in length.

    Examples
    --------
    >>> list(dict_slicer({"a": [1, 2], "b": "xy"}))
    [{'a': 1, 'b': 'x'}, {'a': 2, 'b': 'y'}]
    """
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"the sequences differ in length: {lengths}")
    return (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))
