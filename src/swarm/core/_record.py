"""Collects what bees yield into arrays of shape (bee, epoch, *dims)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from swarm.core._store import Store

__all__ = ["Failure", "Record", "as_array", "as_values", "uneven"]

Array = NDArray[Any]


@dataclass(frozen=True)
class Failure:
    """An exception that a bee raised, and where."""

    bee: int
    seed: int
    epoch: int
    error: Exception


def as_values(yielded: Any) -> Sequence[Any]:
    """Return the values that one ``yield`` gave: several as a tuple or list, or a single one."""
    return yielded if isinstance(yielded, tuple | list) else (yielded,)


def as_array(value: Any) -> Array:
    """Turn a yielded value into an array, without copying where that can be had."""
    if isinstance(value, torch.Tensor):
        value = value.detach().resolve_conj().resolve_neg().cpu()
        if value.dtype == torch.bfloat16:  # which NumPy lacks
            value = value.float()
        return value.numpy()
    if isinstance(value, list | tuple):
        value = [as_array(v) for v in value]
        if len({v.shape for v in value}) > 1:
            raise ValueError(
                f"a bee yields a {len(value)}-item list of values of different shapes "
                f"({', '.join(str(v.shape) for v in value)}); yield them as fields of their own"
            )
    return np.asarray(value)


class Record:
    """What the bees of a range yield, field by field.

    How often a bee yields is known only when the first has finished. Until
    then each epoch is kept by itself; from then on values are written
    straight to where they stay.

    Parameters
    ----------
    bees : range
        Indices of the bees in their swarm, without gaps.
    names : sequence of str or None
        The fields; None names them ``V1, V2, …`` when the first values arrive.
    arrays : list of ndarray of shape (bee, epoch, *dims), optional
        Where to write, if the number of epochs is known.
    pad : bool, default False
        Whether bees may end at different times.
    store : Store, optional
        Where the arrays are to lie, of a run that may have begun before.
    """

    def __init__(
        self,
        bees: range,
        names: Sequence[str] | None,
        arrays: list[Array] | None = None,
        pad: bool = False,
        store: Store | None = None,
    ) -> None:
        self.bees = bees
        self.names = names
        self.arrays = arrays
        self.pad = pad
        self.ended = np.zeros(len(bees), dtype=bool)
        self.failures: list[Failure] = []
        self.notes: list[str] = []
        self._epochs = np.zeros(len(bees), dtype=int)  # yielded so far, by bee
        self._rows: list[list[Array]] = []  # by epoch and field: (bee, *dims)
        self._held: list[Record] = []  # parts in which every bee failed
        self._store = store
        if store is not None and store.found is not None:
            self._go_on(store, store.found)

    @property
    def stored(self) -> bool:
        """Whether the arrays lie in a folder."""
        return self._store is not None

    def _go_on(self, store: Store, found: Mapping[str, Any]) -> None:
        """Take up a run where it stopped."""
        arrays = store.open()
        if self.pad:
            self._epochs = arrays.pop("epochs_run")
        self.names, self.arrays = list(arrays), list(arrays.values())
        for low, high in found["ended"]:
            self.ended[low:high] = True
            if not self.pad:
                self._epochs[low:high] = self.arrays[0].shape[1]
        for kept in found["failures"]:
            error = RuntimeError(kept["error"])
            self.failures.append(Failure(kept["bee"], kept["seed"], kept["epoch"], error))
            self._epochs[kept["bee"] - self.bees.start] = kept["epoch"]

    def _make(self, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        return (
            np.empty(shape, dtype) if self._store is None else self._store.make(name, shape, dtype)
        )

    def _mark(self, last: bool = False) -> None:
        """Keep how far the run has come beside its arrays."""
        if self._store is None or self.arrays is None:
            return
        edges = np.flatnonzero(np.diff(np.concatenate([[False], self.ended, [False]]).astype(int)))
        told = [
            {"bee": f.bee, "seed": f.seed, "epoch": f.epoch, "error": f"{f.error}"}
            for f in self.failures
        ]
        names = [*(self.names or ()), *(["epochs_run"] if self.pad else [])]
        state = {
            "complete": last,
            "ended": edges.reshape(-1, 2).tolist(),
            "failures": told,
            "values": {name: {"file": self._store.file(name)} for name in names},
        }
        self._store.mark(state, self.arrays, last)

    def write(self, where: slice | NDArray[np.intp], epoch: int, values: Sequence[Array]) -> None:
        """Keep what the bees at `where` yielded in an epoch, arrays of shape (bee, *dims).

        Raises
        ------
        ValueError
            If the fields, their shapes, dtypes or the number of epochs are not
            those of the earlier epochs and bees.
        TypeError
            If a value is not numeric.
        """
        if not isinstance(where, slice) and where[-1] - where[0] == len(where) - 1:
            where = slice(int(where[0]), int(where[-1]) + 1)  # bees in order: no index needed
        bee = self.bees[where.start if isinstance(where, slice) else int(where[0])]
        if self.names is None:
            self.names = [f"V{i}" for i in range(1, len(values) + 1)]
        if len(values) != len(self.names):
            raise ValueError(
                f"bee {bee} yields {len(values)} values in epoch {epoch}, but there are "
                f"{len(self.names)} fields ({', '.join(self.names)}); name each value once"
            )
        for name, value in zip(self.names, values, strict=True):
            if value.dtype.kind not in "biufc":
                raise TypeError(
                    f"field {name!r} of bee {bee} in epoch {epoch} is not numeric "
                    f"(dtype {value.dtype}); yield numbers, arrays or tensors of one shape"
                )
        if self.arrays is None:
            self._write_row(where, epoch, values, bee)
        else:
            if epoch >= self.arrays[0].shape[1]:
                raise uneven(bee, "more than", self.arrays[0].shape[1])
            for name, array, value in zip(self.names, self.arrays, values, strict=True):
                self._check(name, bee, epoch, value, array.shape[2:], array.dtype)
                array[where, epoch] = value
        self._epochs[where] = epoch + 1

    def _write_row(
        self, where: slice | NDArray[np.intp], epoch: int, values: Sequence[Array], bee: int
    ) -> None:
        if epoch == len(self._rows):
            first = self._rows[0] if self._rows else values
            self._rows.append([np.empty((len(self.bees), *f.shape[1:]), f.dtype) for f in first])
        assert self.names is not None
        for name, row, value in zip(self.names, self._rows[epoch], values, strict=True):
            self._check(name, bee, epoch, value, row.shape[1:], row.dtype)
            row[where] = value

    @staticmethod
    def _check(
        name: str, bee: int, epoch: int, value: Array, shape: tuple[int, ...], dtype: np.dtype[Any]
    ) -> None:
        if value.shape[1:] != shape:
            raise ValueError(
                f"field {name!r} of bee {bee} in epoch {epoch} has shape {value.shape[1:]}, "
                f"but {shape} before; yield one shape throughout"
            )
        if not np.can_cast(value.dtype, dtype, "safe"):
            raise ValueError(
                f"field {name!r} of bee {bee} in epoch {epoch} has dtype {value.dtype}, "
                f"but {dtype} before; yield one dtype throughout, e.g. float(...)"
            )

    def part(self, bees: range) -> "Record":
        """Make a record for some of the bees, which writes in place if that is possible yet."""
        start = bees.start - self.bees.start
        where = slice(start, start + len(bees))
        in_place = self.arrays is not None and not self.pad
        arrays = [array[where] for array in self.arrays or ()] if in_place else None
        return Record(bees, self.names, arrays, self.pad)

    def add(self, part: "Record") -> None:
        """Take over the values of a part whose bees have all ended."""
        self.failures += part.failures
        self.notes += part.notes
        start = part.bees.start - self.bees.start
        where = slice(start, start + len(part.bees))
        self._epochs[where] = part._epochs
        self.ended[where] = True
        self.names = self.names or part.names
        part.settle()
        if len(part.failures) == len(part.bees) and self.arrays is None:
            self._held.append(part)
            return
        if self.arrays is None:
            assert part.arrays is not None
            assert self.names is not None
            if part.bees == self.bees and self._store is None:
                self.arrays = part.arrays
            else:
                self.arrays = [
                    self._make(name, (len(self.bees), *a.shape[1:]), a.dtype)
                    for name, a in zip(self.names, part.arrays, strict=True)
                ]
            if self.pad and self._store is not None:
                counts = self._store.make("epochs_run", self._epochs.shape, self._epochs.dtype)
                counts[:] = self._epochs
                self._epochs = counts
        for held in [*self._held, part]:
            self._copy(held)
        self._held.clear()
        self._mark()

    def _copy(self, part: "Record") -> None:
        assert self.arrays is not None
        if not part.arrays or np.may_share_memory(part.arrays[0], self.arrays[0]):
            return
        known, new = self.arrays[0].shape[1], part.arrays[0].shape[1]
        if self.pad:
            self._lengthen(new)
            known = max(known, new)
        failed = len(part.failures) == len(part.bees)
        if new > known or (new < known and not failed and not self.pad):
            raise uneven(part.bees[0], "more than" if new > known else "fewer than", known)
        assert self.names is not None
        start = part.bees.start - self.bees.start
        for name, array, values in zip(self.names, self.arrays, part.arrays, strict=True):
            # One bee in its first epoch stands for the part, which checked itself.
            self._check(name, part.bees[0], 0, values[:, 0], array.shape[2:], array.dtype)
            array[start : start + len(part.bees), :new] = values

    def _lengthen(self, epochs: int) -> None:
        """Make room for more epochs."""
        for i, array in enumerate(self.arrays or ()):
            if array.shape[1] < epochs:
                assert self.arrays is not None
                assert self.names is not None
                shape = (array.shape[0], epochs, *array.shape[2:])
                longer = self._make(self.names[i], shape, array.dtype)
                longer[:, : array.shape[1]] = array
                self.arrays[i] = longer

    def settle(self, without: Sequence[int] = ()) -> None:
        """Fix the number of epochs, once the bees of this record have ended.

        Parameters
        ----------
        without : sequence of int, optional
            Positions of bees that are still to come.

        Raises
        ------
        ValueError
            If they yielded nothing, or not all equally often.
        """
        failed = {f.bee - self.bees.start for f in self.failures} | set(without)
        whole = [i for i in range(len(self.bees)) if i not in failed]
        counts = self._epochs
        if whole and counts[whole].max() == 0:
            raise ValueError(
                f"bee {self.bees[whole[0]]} yields nothing; a bee trainer must yield "
                "its values once an epoch"
            )
        known = (
            self.arrays[0].shape[1]
            if self.arrays
            else int(counts[whole if whole else slice(None)].max())
        )
        for i in range(len(self.bees) if not self.pad else 0):
            if counts[i] > known or (counts[i] < known and i not in failed):
                few = "fewer than" if counts[i] < known else "more than"
                raise uneven(self.bees[i], few, known)
        if self.arrays is None and self._held:
            longest = max(self._held, key=lambda part: part._epochs.max())
            self.arrays = [
                np.empty((len(self.bees), *a.shape[1:]), a.dtype) for a in longest.arrays or ()
            ]
            for held in self._held:
                self._copy(held)
            self._held = []
        elif self.arrays is None:
            self.arrays = []
            for field in range(len(self._rows[0]) if self._rows else 0):
                first = self._rows[0][field]
                array = np.empty((first.shape[0], known, *first.shape[1:]), first.dtype)
                for epoch, row in enumerate(self._rows[:known]):  # bees to come may have gone on
                    array[:, epoch] = row[field]
                    row[field] = first[:0]  # freed, so that no field is held twice for long
                self.arrays.append(array)
            self._rows = []

    def finish(self) -> dict[str, Array]:
        """Return the arrays by field, NaN where a bee no longer yielded.

        Integers become float64 if there is a NaN to write.
        """
        assert self.arrays is not None
        assert self.names is not None
        short = np.flatnonzero(self._epochs < self.arrays[0].shape[1])
        for i, array in enumerate(self.arrays):
            if len(short) and array.dtype.kind not in "fc":
                floats = self._make(self.names[i], array.shape, np.dtype(float))
                floats[:] = array
                array = self.arrays[i] = floats
            for bee in short:
                array[bee, self._epochs[bee] :] = np.nan
        self._mark(last=True)
        if self._store is not None:
            return self._store.open("c")
        return dict(zip(self.names, self.arrays, strict=True)) | (
            {"epochs_run": self._epochs} if self.pad else {}
        )


def uneven(bee: int, few: str, known: int) -> ValueError:
    """Return the error of a bee that ends with more or fewer epochs than others."""
    return ValueError(
        f"bee {bee} yields {few} the {known} epochs of other bees; to let each end by itself, "
        "say when with until=, or fill up what is missing with uneven='pad'"
    )
