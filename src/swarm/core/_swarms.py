"""The records of several swarms end to end, as the bees of one flight."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from swarm.core._record import Failure, Record

__all__ = ["Swarms"]

Where = slice | NDArray[np.intp]


class Swarms:
    """What the bees of a flight yield, kept by swarm.

    Parameters
    ----------
    records : sequence of Record
        One for each swarm, whose bees follow one another in the flight.
    start : int, default 0
        Position of the first bee in the flight.
    """

    def __init__(self, records: Sequence[Record], start: int = 0) -> None:
        self.records = list(records)
        self._starts = np.cumsum([start, *(len(record.bees) for record in records)]).tolist()

    @property
    def positions(self) -> range:
        """Positions of the bees in the flight."""
        return range(self._starts[0], self._starts[-1])

    @property
    def names(self) -> Sequence[str] | None:
        """The fields, once they are known."""
        return self.records[0].names

    @property
    def failures(self) -> list[Failure]:
        """The bees that raised."""
        return [failure for record in self.records for failure in record.failures]

    @property
    def begun_in_store(self) -> bool:
        """Whether what comes next is written to a folder at once, or is not to be."""
        return all(not record.stored or record.arrays is not None for record in self.records)

    def note(self, text: str) -> None:
        """Keep what the user is to be told."""
        self.records[0].notes.append(text)

    def part(self, positions: range) -> "Swarms":
        """Make records for some of the bees."""
        parts = []
        for record, start in zip(self.records, self._starts, strict=False):
            low, high = (
                max(positions.start - start, 0),
                min(positions.stop - start, len(record.bees)),
            )
            if low < high:
                parts.append(record.part(record.bees[low:high]))
        return Swarms(parts, positions.start)

    def fresh(self, positions: range) -> "Swarms":
        """Make records for some of the bees that write by themselves, as for another process."""
        part = self.part(positions)
        part.records = [Record(r.bees, r.names, pad=r.pad) for r in part.records]
        return part

    def add(self, part: "Swarms") -> None:
        """Take over the values of a part whose bees have all ended."""
        for record, start in zip(part.records, part._starts, strict=False):
            self.records[int(np.searchsorted(self._starts, start, "right")) - 1].add(record)

    def write(self, where: Where, epoch: int, values: Sequence[NDArray[Any]]) -> None:
        """Keep what the bees at `where`, counted from the first and in order, yielded."""
        if len(self.records) == 1:
            self.records[0].write(where, epoch, values)
            return
        at = np.arange(len(self.positions))[where]
        for record, start in zip(self.records, self._starts, strict=False):
            offset = start - self._starts[0]
            low, high = np.searchsorted(at, [offset, offset + len(record.bees)])
            if low < high:
                record.write(at[low:high] - offset, epoch, [value[low:high] for value in values])

    def settle(self, without: NDArray[np.intp]) -> None:
        """Fix the number of epochs, once all bees but those at `without` have ended."""
        for record, start in zip(self.records, self._starts, strict=False):
            offset = start - self._starts[0]
            mine = without[(without >= offset) & (without < offset + len(record.bees))] - offset
            if len(mine) < len(record.bees):
                record.settle(without=mine.tolist())

    def missing(self) -> list[range]:
        """Return the runs of positions whose bees have not ended."""
        ended = np.concatenate([record.ended for record in self.records])
        edges = np.flatnonzero(np.diff(np.concatenate([[True], ended, [True]]).astype(int)))
        start = self._starts[0]
        return [range(start + int(a), start + int(b)) for a, b in edges.reshape(-1, 2)]
