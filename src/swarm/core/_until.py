"""Ends each bee by itself, by what it has yielded."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from swarm.core._record import uneven
from swarm.core._swarms import Swarms, Where
from swarm.lift._ask import ask

__all__ = ["Endings", "patience"]

Array = NDArray[Any]


def patience(field: str, epochs: int, min_delta: float = 0.0) -> Callable[..., Any]:
    """Make an ``until`` that ends a bee whose value no longer falls.

    Parameters
    ----------
    field : str
        Name of the field to watch, a number such as a validation loss.
    epochs : int
        How many epochs in a row may pass without a new least value.
    min_delta : float, default 0.0
        By how much it must fall below the least value so far to count.

    Returns
    -------
    callable
        For the argument ``until`` of `swarm_train`.

    Raises
    ------
    ValueError
        If `epochs` is below 1.

    Examples
    --------
    >>> import torch
    >>> def bee():
    ...     for loss in [3.0, 2.0, 1.0, 1.0, 1.0, 1.0]:
    ...         yield loss
    >>> swarm = swarm_train(bee, num_bees=3, seed=0, fields="loss", until=patience("loss", 2))
    >>> swarm["epochs_run"]
    array([5, 5, 5])
    """
    if epochs < 1:
        raise ValueError(f"epochs must be at least 1, got {epochs}")

    def until(history: Mapping[str, Any]) -> Any:
        if field not in history:
            raise ValueError(f"patience watches {field!r}, but the fields are {[*history]}")
        values = history[field]
        if len(values) <= epochs:
            return False
        return values[-epochs:].min() >= values[:-epochs].min() - min_delta

    return until


class Endings:
    """Writes what bees yield, and says when all of them have ended.

    Parameters
    ----------
    swarms : Swarms
        Where to write.
    until : callable or None
        See `swarm.core.swarm_train`.
    pad : bool
        Whether bees may end at different times.
    """

    def __init__(self, swarms: Swarms, until: Callable[..., Any] | None, pad: bool) -> None:
        self._swarms = swarms
        self._until = until
        self._pad = pad
        self._running = np.ones(len(swarms.positions), dtype=bool)
        self._known: int | None = None  # epochs of the bees that have ended by themselves
        self._wanted: list[str] | None = None
        self._history: dict[str, Array] = {}  # (bee, epoch, *dims), with room to grow
        self._together = True

    def write(self, where: Where, epoch: int, values: Sequence[Array]) -> bool:
        """Keep an epoch of the bees at `where`; return whether all of them have ended."""
        if self._until is None:
            self._swarms.write(where, epoch, values)
            return False
        at = np.arange(len(self._running))[where]
        if epoch == 0:
            self._running[at] = True
        alive = self._running[at]
        if alive.all():
            self._swarms.write(where, epoch, values)
        elif alive.any():
            self._swarms.write(at[alive], epoch, [value[alive] for value in values])
        self._running[at[alive]] = ~self._ended(at, epoch, values)[alive]
        return not self._running[at].any()

    def end(self, where: Where, epochs: int) -> None:
        """Note that bees have ended by themselves; raise ValueError if others ended otherwise."""
        if self._pad:
            return
        if self._known is not None and self._known != epochs:
            at = self._swarms.positions[int(np.arange(len(self._running))[where][0])]
            bee = self._swarms.part(range(at, at + 1)).records[0].bees[0]
            raise uneven(bee, "more than" if epochs > self._known else "fewer than", self._known)
        self._known = epochs

    def _ended(self, at: NDArray[np.intp], epoch: int, values: Sequence[Array]) -> Array:
        names = list(self._swarms.names or ())
        if self._wanted is None:
            self._wanted = _arguments(self._until, names)
        about: dict[str, Any] = dict(zip(names, values, strict=True))
        if "history" in self._wanted:
            for name, value in zip(names, values, strict=True):
                self._keep(name, at, epoch, value)
            about["history"] = {n: self._history[n][at, : epoch + 1] for n in names}
        assert self._until is not None
        wanted = {name: about[name] for name in self._wanted}
        answers, self._together = ask(self._until, wanted, len(at), self._together)
        return answers

    def _keep(self, name: str, at: NDArray[np.intp], epoch: int, value: Array) -> None:
        kept = self._history.get(name)
        if kept is None or epoch >= kept.shape[1]:
            room = np.empty(
                (len(self._running), max(16, 2 * epoch), *value.shape[1:]), value.dtype
            )
            if kept is not None:
                room[:, : kept.shape[1]] = kept
            kept = self._history[name] = room
        kept[at, epoch] = value


def _arguments(until: Any, names: Sequence[str]) -> list[str]:
    """Return the names that `until` takes, each a field or the history."""
    taken = list(inspect.signature(until).parameters)
    known = {*names, "history"}
    if not taken or not known.issuperset(taken):
        raise ValueError(
            f"until must take fields ({', '.join(names)}) or 'history' by name, "
            f"got {', '.join(taken) or 'no argument'}"
        )
    return taken
