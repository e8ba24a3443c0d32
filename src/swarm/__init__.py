"""Swarms of small neural networks, trained at once, and the surfaces they descend.

A *bee* is one network and its training run, a *swarm* is many bees that differ
only in their randomness, a *hive* is a set of swarms with a parameter varied.
Import the module you need: ``from swarm import core, animator, networks``.
"""

__version__ = "0.1.0"
