"""What the bees of a flight are given, and how one is started."""

import inspect
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from swarm import util
from swarm.lift._values import Values

__all__ = ["BeeTrainer", "Job", "Settings", "read_each", "seeded"]

BeeTrainer = Callable[..., Iterator[Any]]


@dataclass(frozen=True)
class Settings:
    """How to train, see `swarm.core.swarm_train`."""

    engine: str = "auto"
    chunk: int | None = None
    verify: bool = True
    on_error: str = "raise"
    until: Callable[..., Any] | None = None
    uneven: str = "raise"

    @property
    def pad(self) -> bool:
        """Whether bees may end at different times."""
        return self.until is not None or self.uneven == "pad"

    def __post_init__(self) -> None:
        if self.engine not in ("auto", "lift", "loop"):
            raise ValueError(f"engine must be 'auto', 'lift' or 'loop', got {self.engine!r}")
        if self.on_error not in ("raise", "nan"):
            raise ValueError(f"on_error must be 'raise' or 'nan', got {self.on_error!r}")
        if self.uneven not in ("raise", "pad"):
            raise ValueError(f"uneven must be 'raise' or 'pad', got {self.uneven!r}")
        if self.until is not None and not callable(self.until):
            raise TypeError(f"until must be a function of the fields, got {self.until!r}")
        if self.chunk is not None and self.chunk < 1:
            raise ValueError(f"chunk must be at least 1 bee, got {self.chunk}")


@dataclass(frozen=True)
class Job:
    """A trainer, and what its bees are given.

    Attributes
    ----------
    trainer : callable
        The generator function.
    params : mapping
        Its arguments.
    seeds : sequence of int
        The seed of each bee.
    settings : Settings
        How to train.
    each : mapping of str to ndarray of shape (bee,)
        Arguments that differ between bees, numbers.
    """

    trainer: BeeTrainer
    params: Mapping[str, Any]
    seeds: Sequence[int]
    settings: Settings
    each: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise TypeError if the trainer cannot be called with its arguments."""
        trainer = self.trainer
        if inspect.isgenerator(trainer):
            raise TypeError(
                "bee_trainer is a running generator; pass the function itself, uncalled"
            )
        if not callable(trainer):
            raise TypeError(f"bee_trainer must be a generator function, got {trainer!r}")
        try:
            signature = inspect.signature(trainer)
        except ValueError:  # a callable that does not tell
            return
        try:
            signature.bind(**self.params, **self.each)
        except TypeError as error:
            given = f"bee_params {sorted(self.params)}"
            if self.each:
                given += f" and each {sorted(self.each)}"
            raise TypeError(f"{given} do not fit {self.name}{signature}: {error}") from None

    @property
    def name(self) -> str:
        """The trainer's name."""
        trainer: Any = self.trainer
        while not hasattr(trainer, "__name__") and hasattr(trainer, "func"):  # a partial
            trainer = trainer.func
        return str(getattr(trainer, "__name__", type(trainer).__name__))

    def start(self, bee: int) -> Iterator[Any]:
        """Start one bee by itself, with plain numbers."""
        return self._start({name: values[bee].item() for name, values in self.each.items()})

    def start_together(self, bees: NDArray[np.intp]) -> Iterator[Any]:
        """Start the bee that stands for several, under a lifted run."""
        own = {name: values[bees] for name, values in self.each.items()}
        return self._start(
            {
                name: values[0].item()
                if (values == values[0]).all()
                else Values(values, weak=True, setting=repr(name))
                for name, values in own.items()
            }
        )

    def _start(self, own: Mapping[str, Any]) -> Iterator[Any]:
        """Call the trainer and make sure that it gives a generator."""
        run = self.trainer(**self.params, **own)
        if not hasattr(run, "__next__"):
            raise TypeError(
                f"bee_trainer must be a generator function that yields once an epoch, but "
                f"{self.name} returned {type(run).__name__}; has it a yield?"
            )
        return run


def read_each(
    each: Mapping[str, Any] | None, params: Mapping[str, Any], num_bees: int | None
) -> tuple[dict[str, NDArray[Any]], int]:
    """Check the settings of each bee; return them as arrays (bee,), and the number of bees.

    Raises
    ------
    TypeError
        If they are not numbers.
    ValueError
        If they are not one for each bee, or stand in `params` as well.
    """
    arrays: dict[str, NDArray[Any]] = {}
    for name, values in (each or {}).items():
        if name in params:
            raise ValueError(f"{name!r} stands in bee_params and in each; name it in one of them")
        array = np.asarray(values if hasattr(values, "__array__") else list(values))
        if array.dtype.kind not in "biuf":
            raise TypeError(
                f"each[{name!r}] must hold a number for each bee, got {values!r:.80}; train a "
                "swarm for each text or object with hive_trainer"
            )
        num_bees = len(array) if num_bees is None and array.ndim == 1 else num_bees
        if array.shape != (num_bees,):
            raise ValueError(
                f"each[{name!r}] must hold {num_bees} numbers, one for each bee, got shape "
                f"{array.shape}; num_bees may be left out"
            )
        arrays[name] = array
    return arrays, 50 if num_bees is None else num_bees


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed torch, numpy and Python for a block, and restore their states after it."""
    state = random.getstate()
    try:
        with util.seed_as(seed):
            random.seed(seed)
            yield
    finally:
        random.setstate(state)
