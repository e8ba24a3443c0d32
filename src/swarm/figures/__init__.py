"""Surfaces and swarms as plotly figures, which can be turned and hovered over.

Every figure carries its data as float32, has a transparent background and
colours that read on light and dark pages, and says in ``layout.meta`` what it
shows: ``caption`` for the page, ``alt`` for those who cannot see it.
`still` draws the same picture with matplotlib, for print and for readers
without JavaScript.
"""

from swarm._face import hand_on
from swarm.figures._hive import hive_figure
from swarm.figures._save import save
from swarm.figures._spread import band_figure, planes_figure
from swarm.figures._still.still import still
from swarm.figures._surfaces import contour_figure, descent_figure, surface_figure
from swarm.figures._swarm import swarm_figure

__all__ = [
    "band_figure",
    "contour_figure",
    "descent_figure",
    "hive_figure",
    "planes_figure",
    "save",
    "still",
    "surface_figure",
    "swarm_figure",
]

hand_on(__name__)
