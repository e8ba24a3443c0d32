"""Swarms of small neural networks, trained at once, and the surfaces they descend.

A *bee* is one network and its training run, a *swarm* is many bees that differ
only in their randomness, a *hive* is a set of swarms with a parameter varied.
Import the module you need: ``from swarm import core, animator, networks``.
"""

import importlib
from types import ModuleType

__version__ = "0.1.0"

__all__ = [
    "activations",
    "animator",
    "core",
    "env",
    "figures",
    "lift",
    "metrics",
    "movie",
    "networks",
    "player",
    "regimes",
    "sphinxext",
    "style",
    "surface",
    "util",
]


def __getattr__(name: str) -> ModuleType:
    """Import a module of the package when it is first asked for."""
    if name in __all__:
        return importlib.import_module(f"swarm.{name}")
    raise AttributeError(f"module 'swarm' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
