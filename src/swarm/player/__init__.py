"""Recorded swarms that the reader of a page scrubs, singles out and zooms.

A `Player` is made from plain arrays by `curves`, `descent`, `scatter` or `image`; `hive`
makes one whose sliders choose the parameters of a whole hive. It holds a small binary
recording, thinned to a budget, and still pictures for readers without a script. A
notebook shows it as it stands; on a site its files are written beside the page by
`Player.write`, and the package's ``player.js`` and ``player.css`` bring it to life.
"""

from swarm._face import hand_on
from swarm.player._hive import hive
from swarm.player._make import curves, descent, image, scatter
from swarm.player._player import Player

__all__ = [
    "Player",
    "curves",
    "descent",
    "hive",
    "image",
    "scatter",
]

hand_on(__name__)
