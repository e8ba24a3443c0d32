"""What the bees of a flight are given, and how one is started."""

import inspect
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from swarm import util

__all__ = ["BeeTrainer", "Job", "Settings", "seeded"]

BeeTrainer = Callable[..., Iterator[Any]]


@dataclass(frozen=True)
class Settings:
    """How to train, see `swarm.core.swarm_train`."""

    engine: str = "auto"
    chunk: int | None = None
    verify: bool = True
    on_error: str = "raise"

    def __post_init__(self) -> None:
        if self.engine not in ("auto", "lift", "loop"):
            raise ValueError(f"engine must be 'auto', 'lift' or 'loop', got {self.engine!r}")
        if self.on_error not in ("raise", "nan"):
            raise ValueError(f"on_error must be 'raise' or 'nan', got {self.on_error!r}")
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
    """

    trainer: BeeTrainer
    params: Mapping[str, Any]
    seeds: Sequence[int]
    settings: Settings

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
            signature.bind(**self.params)
        except TypeError as error:
            raise TypeError(
                f"bee_params {sorted(self.params)} do not fit {self.name}{signature}: {error}"
            ) from None

    @property
    def name(self) -> str:
        """The trainer's name."""
        trainer: Any = self.trainer
        while not hasattr(trainer, "__name__") and hasattr(trainer, "func"):  # a partial
            trainer = trainer.func
        return str(getattr(trainer, "__name__", type(trainer).__name__))

    def start(self) -> Iterator[Any]:
        """Call the trainer and make sure that it gives a generator."""
        run = self.trainer(**self.params)
        if not hasattr(run, "__next__"):
            raise TypeError(
                f"bee_trainer must be a generator function that yields once an epoch, but "
                f"{self.name} returned {type(run).__name__}; has it a yield?"
            )
        return run


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
