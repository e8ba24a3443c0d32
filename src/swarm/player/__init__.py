"""Recorded swarms that the reader of a page scrubs, singles out and zooms.

A `Player` is made from plain arrays by `curves` or `descent`. It holds a small
binary recording, thinned to a budget, and still pictures for readers without a
script. A notebook shows it as it stands; on a site its files are written beside
the page by `Player.write`, and ``player.js`` and ``player.css`` of
``swarm/static`` bring it to life.
"""

from swarm._face import hand_on
from swarm.player._player import Player, curves, descent

__all__ = [
    "Player",
    "curves",
    "descent",
]

hand_on(__name__)
