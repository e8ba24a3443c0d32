"""Trains a swarm, or one for each of several parameter sets."""

import os
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import joblib
import numpy as np
from numpy.typing import NDArray

from swarm import util
from swarm.core._flights import Flight, one_each, together
from swarm.core._job import BeeTrainer, Job, Settings, read_each
from swarm.core._record import Record
from swarm.core._saving import write_hive
from swarm.core._spread import in_this_process, over_processes
from swarm.core._store import (
    MANIFEST,
    Store,
    claim,
    described,
    read_manifest,
    write_manifest,
)
from swarm.core._swarms import Swarms

__all__ = ["bee_seed", "hive_trainer", "swarm_train"]

Engine = Literal["auto", "lift", "loop"]
OnError = Literal["raise", "nan"]
Uneven = Literal["raise", "pad"]


def bee_seed(seed: int, bee: int) -> int:
    """Return the seed of one bee of a swarm, with which it can be run again alone.

    Bee 0 has the swarm's own seed, so that it is exactly what
    ``torch.manual_seed(seed); numpy.random.seed(seed)`` gives by hand. The
    others are drawn from ``numpy.random.SeedSequence((seed, bee))``; more bees
    never change the earlier ones.

    Parameters
    ----------
    seed : int
        The swarm's seed, from 0 to 2**32 − 1.
    bee : int
        The bee's index, at least 0.

    Returns
    -------
    int
        From 0 to 2**32 − 1.

    Raises
    ------
    ValueError
        If `seed` or `bee` is out of range.

    Examples
    --------
    >>> bee_seed(20, 0)
    20
    """
    if not 0 <= seed < 2**32:
        raise ValueError(f"seed must be from 0 to 2**32 - 1, got {seed}")
    if bee < 0:
        raise ValueError(f"bee must be at least 0, got {bee}")
    return int(seed) if bee == 0 else int(np.random.SeedSequence((seed, bee)).generate_state(1)[0])


def swarm_train(
    bee_trainer: BeeTrainer,
    bee_params: Mapping[str, Any] | None = None,
    num_bees: int | None = None,
    seed: int | None = None,
    fields: str | Sequence[str] | None = None,
    *,
    each: Mapping[str, Iterable[float]] | None = None,
    until: Callable[..., Any] | None = None,
    uneven: Uneven = "raise",
    first_bee: int = 0,
    out: str | os.PathLike[str] | None = None,
    engine: Engine = "auto",
    n_jobs: int | None = None,
    chunk: int | None = None,
    verify: bool = True,
    progress: bool | None = None,
    on_error: OnError = "raise",
) -> dict[str, NDArray[Any]]:
    """Train a swarm of bees that differ in their randomness, and in what `each` gives them.

    Parameters
    ----------
    bee_trainer : callable
        A generator function, called as ``bee_trainer(**bee_params)``, that
        trains one network and yields what to record once an epoch: a number,
        array or tensor, or a tuple of them. All bees yield equally often,
        unless `until` or `uneven` say otherwise, and each value keeps its
        shape.
    bee_params : mapping, optional
        Arguments of `bee_trainer`.
    num_bees : int, optional
        Number of bees, at least 1. By default 50, or as many as `each` has
        numbers.
    seed : int, optional
        From 0 to 2**32 − 1. Bee i is seeded with ``bee_seed(seed, i)``. By
        default one is drawn, and reported on the standard error stream.
    fields : str or sequence of str, optional
        Names of the yielded values, as ``"ypred, loss"`` or
        ``["ypred", "loss"]``. By default ``V1, V2, …``.
    each : mapping of str to sequence of float, optional
        Arguments of `bee_trainer` that differ between bees, `num_bees` numbers
        of each. A bee that is trained alone gets plain Python numbers; lifted,
        they are numbers for all bees at once, in arithmetic with tensors, as
        settings of optimisers and schedulers, of dropout, initialisers,
        losses and distributions. Where they decide on a shape or a branch,
        bees with equal numbers go together.
    until : callable, optional
        Ends each bee by itself, once it returns true. It takes by name the
        fields that it wants, each what the bee has just yielded, as in
        ``until=lambda loss: loss < 1e-3``; or ``history``, a mapping of the
        fields to all that the bee has yielded, (epoch, *dims). `patience`
        makes one. A bee that has ended is NaN from there on, as with
        ``uneven="pad"``.
    uneven : {"raise", "pad"}, default "raise"
        What to do with bees that end by themselves at different times: raise
        ValueError at the first, or fill up with NaN, which makes float64 of
        integers. With ``"pad"`` or `until`, the result has another field
        ``epochs_run`` of shape (num_bees,), the number of epochs of each bee.
    first_bee : int, default 0
        Index of the first bee, for adding bees to an earlier swarm: bee i is
        the same whatever the first one.
    out : path-like, optional
        A folder to keep the arrays in, one ``.npy`` a field, written chunk by
        chunk as memory maps, so that they may be larger than memory. The same
        call again goes on with the bees that are missing. `load` opens it.
    engine : {"auto", "lift", "loop"}, default "auto"
        ``"lift"`` runs the trainer once for all bees on stacked tensors and
        raises `swarm.lift.CannotLift` where that is not possible, ``"auto"``
        then warns and trains one bee after another, ``"loop"`` always does.
        ``"auto"`` also loops, and does not warn, where that is quicker.
        The results agree up to floating-point rounding.
    n_jobs : int, optional
        Number of processes, as in `joblib.Parallel`; −1 is all cores. By
        default what ``joblib.parallel_config`` says, or else 1, in this
        process.
    chunk : int, optional
        Number of bees trained at once. By default as many as fit a memory
        budget when lifted.
    verify : bool, default True
        Whether the first epochs of a lifted bee are compared with the same
        bee trained alone.
    progress : bool, optional
        Whether to show a progress bar. By default only on a terminal.
    on_error : {"raise", "nan"}, default "raise"
        What to do with a bee that raises: raise `BeeError`, or fill its
        remaining epochs with NaN, keep the others and warn.

    Returns
    -------
    dict of str to numpy.ndarray of shape (num_bees, epoch, *dims)
        An array for each field, in the dtype that the bees yield.

    See Also
    --------
    hive_trainer : A swarm for each of several parameter sets.

    Raises
    ------
    BeeError
        If a bee raises, and `on_error` is ``"raise"``; or if every bee does.
    swarm.lift.CannotLift
        If the bee cannot be lifted, and `engine` is ``"lift"``.
    TypeError
        If `bee_trainer` is not a generator, does not take `bee_params` and
        `each`, or yields something that is not numeric; or if `each` holds
        something else than numbers.
    ValueError
        If an argument is out of range, `each` does not hold `num_bees` numbers
        or names a parameter twice, a bee yields nothing, `fields` do not
        match what is yielded, bees yield unequally often, or `out` holds
        another run.
    FileExistsError
        If `out` holds something else.
    OSError
        If the disk has no room for the arrays.

    Warns
    -----
    RuntimeWarning
        If the bee could not be lifted with ``engine="auto"``, or bees failed
        with ``on_error="nan"``.

    Examples
    --------
    >>> import torch
    >>> def walk(steps):
    ...     position = torch.zeros(())
    ...     for _ in range(steps):
    ...         position = position + torch.randn(())
    ...         yield position
    >>> swarm_train(walk, {"steps": 10}, num_bees=3, seed=0, fields="position")["position"].shape
    (3, 10)
    """
    params = bee_params or {}
    own, num_bees = read_each(each, params, num_bees)
    order = _Order(num_bees, seed, fields, first_bee, n_jobs, progress, out)
    settings = Settings(engine, chunk, verify, on_error, until, uneven)
    (arrays,) = _fly(bee_trainer, [Flight([0], params, {})], order, settings, own)
    return arrays


def hive_trainer(
    bee: BeeTrainer,
    param_list: Iterable[Mapping[str, Any]],
    num_bees: int = 50,
    seed: int | None = None,
    fields: str | Sequence[str] | None = None,
    *,
    until: Callable[..., Any] | None = None,
    uneven: Uneven = "raise",
    first_bee: int = 0,
    out: str | os.PathLike[str] | None = None,
    engine: Engine = "auto",
    n_jobs: int | None = None,
    chunk: int | None = None,
    verify: bool = True,
    progress: bool | None = None,
    on_error: OnError = "raise",
) -> list[dict[str, Any]]:
    """Train a swarm for each of several parameter sets.

    All swarms have the same seed, so that they differ by their parameters and
    not by luck.

    Parameters
    ----------
    bee : callable
        A bee trainer, see `swarm_train`.
    param_list : iterable of mapping
        The arguments of `bee` for each swarm, for example from
        `make_sweep_paramsets`.
    num_bees, seed, fields, until, uneven, first_bee, out, engine, n_jobs, \
chunk, verify, progress, on_error
        See `swarm_train`. Processes share the swarms among them.

    Notes
    -----
    Parameter sets that differ in numbers with a fraction alone, such as a
    learning rate, are lifted together in one flight. Those that differ in a
    whole number are not, as it may be a width or a number of epochs; where it
    is a mere number, write it as one with a fraction, ``3.0``.

    Returns
    -------
    list of dict
        For each parameter set, its parameters and the swarm's arrays.

    Raises
    ------
    BeeError, swarm.lift.CannotLift, TypeError
        See `swarm_train`.
    ValueError
        As there; or if a field has the name of a parameter.
    """
    params = [dict(p) for p in param_list]
    order = _Order(num_bees, seed, fields, first_bee, n_jobs, progress, out)
    settings = Settings(engine, chunk, verify, on_error, until, uneven)
    flights = one_each(params) if engine == "loop" else together(params)
    swarms = _fly(bee, flights, order, settings, {}, params)
    if out is not None:
        write_hive(Path(out), params)
    return [util.merge_dicts(p, arrays) for p, arrays in zip(params, swarms, strict=True)]


@dataclass(frozen=True)
class _Order:
    """What is asked for beside the bee and its settings."""

    num_bees: int
    seed: int | None
    fields: str | Sequence[str] | None
    first_bee: int
    n_jobs: int | None
    progress: bool | None
    out: str | os.PathLike[str] | None

    def __post_init__(self) -> None:
        for name, least in (("num_bees", 1), ("first_bee", 0)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | np.integer):
                raise TypeError(f"{name} must be an integer, got {value!r}")
            if value < least:
                raise ValueError(f"{name} must be at least {least}, got {value}")
        _field_names(self.fields)

    @property
    def bees(self) -> range:
        return range(int(self.first_bee), int(self.first_bee + self.num_bees))


def _fly(
    bee: BeeTrainer,
    flights: Sequence[Flight],
    order: _Order,
    settings: Settings,
    each: Mapping[str, NDArray[Any]],
    hive: Sequence[Mapping[str, Any]] = (),
) -> list[dict[str, NDArray[Any]]]:
    """Train flights, in this process or spread over several; return the arrays of each swarm."""
    seed = _drawn(order) if order.seed is None else order.seed
    seeds = [bee_seed(seed, i) for i in order.bees]
    jobs, swarms = [], []
    for flight in flights:
        own = {name: np.repeat(values, len(seeds)) for name, values in flight.each.items()}
        jobs.append(Job(bee, flight.params, seeds * len(flight.sets), settings, {**own, **each}))
        names = _field_names(order.fields)
        stores = [
            _store(bee, hive[i] if hive else flight.params, order, seed, settings, each, i, hive)
            for i in flight.sets
        ]
        swarms.append(
            Swarms([Record(order.bees, names, None, settings.pad, store) for store in stores])
        )
    backend, _ = joblib.parallel.get_active_backend()
    workers = joblib.effective_n_jobs(order.n_jobs)
    local = type(backend).__module__.startswith("joblib._parallel_backends")
    if workers == 1 and local:
        in_this_process(jobs, swarms, order.progress)
    else:
        over_processes(jobs, swarms, order.progress, order.n_jobs, workers)
    records = {
        i: record
        for flight, flown in zip(flights, swarms, strict=True)
        for i, record in zip(flight.sets, flown.records, strict=True)
    }
    results = [records[i].finish() for i in sorted(records)]
    _warn_of([records[i] for i in sorted(records)], order.num_bees)
    return results


def _drawn(order: _Order) -> int:
    """Draw a seed, or return that of the run to go on with."""
    if order.out is not None:
        for folder in (Path(order.out), Path(order.out) / "0000"):
            if (folder / MANIFEST).is_file() and "run" in (found := read_manifest(folder)):
                return int(found["run"]["seed"])
    seed = int(np.random.SeedSequence().generate_state(1)[0])
    print(f"swarm: drew seed={seed}; pass it to train the same swarm again", file=sys.stderr)
    return seed


def _store(
    bee: BeeTrainer,
    params: Mapping[str, Any],
    order: _Order,
    seed: int,
    settings: Settings,
    each: Mapping[str, NDArray[Any]],
    index: int,
    hive: Sequence[Mapping[str, Any]],
) -> Store | None:
    """Open the folder of a swarm, if it is to have one."""
    if order.out is None:
        return None
    run = {
        "trainer": described(bee),
        "params": described(params),
        "each": described(each),
        "seed": seed,
        "num_bees": int(order.num_bees),
        "first_bee": int(order.first_bee),
        "fields": _field_names(order.fields),
        "uneven": settings.uneven,
        "until": described(settings.until),
        "on_error": settings.on_error,
    }
    folder = Path(order.out)
    if hive:
        found = claim(folder) or {"kind": "hive", "swarms": hive}
        if found["kind"] != "hive" or len(found["swarms"]) != len(hive):
            kind = f"hive of {len(found['swarms'])}" if found["kind"] == "hive" else "swarm"
            raise ValueError(
                f"{folder} holds a {kind}, and no hive of {len(hive)}; name another folder"
            )
        write_manifest(folder, {"kind": "hive", "swarms": [{} for _ in hive]})
        folder = folder / f"{index:04d}"
    return Store(folder, run)


def _field_names(fields: str | Sequence[str] | None) -> list[str] | None:
    if fields is None:
        return None
    names = [n.strip() for n in (fields.split(",") if isinstance(fields, str) else fields)]
    if not names or not all(names) or len(set(names)) < len(names):
        raise ValueError(f"fields must be distinct names, such as 'ypred, loss', got {fields!r}")
    return names


def _warn_of(records: Sequence[Record], num_bees: int) -> None:
    """Say once what did not go as asked."""
    failures = [failure for record in records for failure in record.failures]
    if failures:
        first = min(failures, key=lambda failure: failure.bee)
        warnings.warn(
            f"{len(failures)} of {num_bees * len(records)} bees failed and are NaN from then on; "
            f"the first: bee {first.bee} (seed {first.seed}) in epoch {first.epoch}: "
            f"{type(first.error).__name__}: {first.error}",
            RuntimeWarning,
            stacklevel=4,
        )
    notes = list(dict.fromkeys(note for record in records for note in record.notes))
    if notes:
        warnings.warn(notes[0], RuntimeWarning, stacklevel=4)
