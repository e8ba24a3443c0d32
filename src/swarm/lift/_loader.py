"""Fetches the batches of a DataLoader for all bees at once, as a gather of their own draws."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import (
    ConcatDataset,
    RandomSampler,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    default_collate,
)
from torch.utils.data._utils.fetch import _MapDatasetFetcher

from swarm.lift._values import Bees, Values, as_bees

__all__ = ["fetch", "shuffle", "shuffle_subset"]

Tensor = torch.Tensor
Gather = Callable[[Tensor], Any]  # from indices to a batch

_fetch_alone = _MapDatasetFetcher.fetch
_shuffle_alone = RandomSampler.__iter__
_shuffle_subset_alone = SubsetRandomSampler.__iter__


def fetch(self: Any, batch: Any) -> Any:
    """Fetch a batch, in the place of `_MapDatasetFetcher.fetch`.

    A fetcher lives for one pass over the data; what has to be looked at once
    is kept on it.
    """
    if not (self.auto_collation and self.collate_fn is default_collate and batch):
        return _fetch_alone(self, batch)
    if not hasattr(self, "gather"):
        self.gather = _gather_from(self.dataset)
    if self.gather is None or not all(type(i) in (int, Bees, Values) for i in batch):
        return _fetch_alone(self, batch)
    return self.gather(_joined(batch))


def _gather_from(dataset: Any) -> Gather | None:
    """Return how batches are gathered from a data set; None if only its own code can tell."""
    if type(dataset) is Subset:
        inner, places = _gather_from(dataset.dataset), _places(dataset.indices)
        if inner is None or places is None:
            return None
        return lambda index: inner(places[index])
    columns = _columns(dataset)
    if columns is None:
        return None
    return lambda index: _each(columns, lambda column: column[index])


def _places(indices: Any) -> Tensor | None:
    if isinstance(indices, Tensor):
        return indices
    if all(isinstance(i, int | np.integer | Values | Bees) for i in indices):
        return _joined(indices)
    return None


def _columns(dataset: Any) -> Any:
    """Return a data set as tensors (sample, *dims), arranged as a batch is."""
    if type(dataset) is TensorDataset:
        return list(dataset.tensors)
    if isinstance(dataset, Tensor):
        return dataset
    if type(dataset) is ConcatDataset:
        parts = [_gathered(part) for part in dataset.datasets]
        if any(part is None or _kind(part) != _kind(parts[0]) for part in parts):
            return None
        return _concatenated(parts)
    if type(dataset) in (list, tuple) and dataset:
        kind = _kind(dataset[0])
        if kind is not None and all(_kind(sample) == kind for sample in dataset):
            return default_collate(list(dataset))
    return None


def _gathered(dataset: Any) -> Any:
    """Return all of a data set as columns, subsets included."""
    if type(dataset) is not Subset:
        return _columns(dataset)
    gather = _gather_from(dataset)
    return None if gather is None else gather(torch.arange(len(dataset)))


def _kind(value: Any) -> Any:
    """Return what decides how samples are put together, None where it is not plain."""
    if isinstance(value, Tensor):
        return ("tensor", value.dtype, tuple(value.shape[1:]), value.dim())
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        return ("array", value.dtype, value.shape)
    if type(value) in (int, float):
        return type(value)
    if type(value) in (tuple, list) and value:
        kinds = tuple(_kind(v) for v in value)
        return None if None in kinds else (type(value), kinds)
    if type(value) is dict and value:
        kinds = tuple((key, _kind(v)) for key, v in value.items())
        return None if any(kind is None for _, kind in kinds) else kinds
    return None


def _each(columns: Any, function: Callable[[Tensor], Tensor]) -> Any:
    if isinstance(columns, Tensor):
        return function(columns)
    if isinstance(columns, Mapping):
        return {key: _each(column, function) for key, column in columns.items()}
    return [_each(column, function) for column in columns]


def _concatenated(parts: Sequence[Any]) -> Any:
    first = parts[0]
    if isinstance(first, Tensor):
        return torch.cat(list(parts))
    if isinstance(first, Mapping):
        return {key: _concatenated([part[key] for part in parts]) for key in first}
    return [_concatenated(column) for column in zip(*parts, strict=True)]


def _joined(indices: Sequence[Any]) -> Tensor:
    """Join indices into a tensor (index,), one for each bee if any of them is."""
    if all(type(i) not in (Values, Bees) for i in indices):
        return torch.tensor([int(i) for i in indices])
    with torch._C.DisableTorchFunction():
        storages = [torch.from_numpy(i.array) if type(i) is Values else i for i in indices]
        bees = next(len(i) for i in storages if isinstance(i, Tensor))
        columns = [i if isinstance(i, Tensor) else torch.full((bees,), int(i)) for i in storages]
        return as_bees(torch.stack(columns, 1))


# -- orders ----------------------------------------------------------------------------


def shuffle(self: RandomSampler) -> Iterator[Any]:
    """Give each bee its own order, in the place of `RandomSampler.__iter__`.

    The sampler draws a seed with ``int(….item())``, of which there is one for
    each bee. Here it yields indices of all bees instead of a number.
    """
    if self.generator is not None:
        yield from _shuffle_alone(self)
        return
    seeds = torch.empty((), dtype=torch.int64).random_()
    with torch._C.DisableTorchFunction():
        orders = [_order(self, seed) for seed in seeds.tolist()]
        columns = [as_bees(column) for column in torch.stack(orders).unbind(1)]
    yield from columns


def _order(sampler: RandomSampler, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    n = len(sampler.data_source)
    if not sampler.replacement and sampler.num_samples == n:
        return torch.randperm(n, generator=generator)
    seeded = RandomSampler(
        sampler.data_source, sampler.replacement, sampler._num_samples, generator
    )
    return torch.tensor(list(_shuffle_alone(seeded)), dtype=torch.int64)


def shuffle_subset(self: SubsetRandomSampler) -> Iterator[Any]:
    """Give each bee its own order, in the place of `SubsetRandomSampler.__iter__`."""
    places = _places(self.indices)
    if self.generator is not None or places is None:
        yield from _shuffle_subset_alone(self)
        return
    yield from places[torch.randperm(len(self.indices))]
