"""Swarms and hives: what a user calls.

A *bee trainer* is an ordinary PyTorch generator that trains one network and
yields what to record once an epoch. `swarm_train` runs it for many bees that
differ only in their randomness, `hive_trainer` for several parameter sets.
"""

from swarm._face import hand_on
from swarm.core._errors import BeeError
from swarm.core._paramsets import make_combo_paramsets, make_sweep_paramsets
from swarm.core._saving import load, save
from swarm.core._swarm import bee_seed, hive_trainer, swarm_train
from swarm.core._tables import to_frame, to_xarray
from swarm.core._until import patience

__all__ = [
    "BeeError",
    "bee_seed",
    "hive_trainer",
    "load",
    "make_combo_paramsets",
    "make_sweep_paramsets",
    "patience",
    "save",
    "swarm_train",
    "to_frame",
    "to_xarray",
]

hand_on(__name__)
