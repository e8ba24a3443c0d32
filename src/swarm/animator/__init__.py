"""Swarms to movies: what a user calls. Plots, and functions that play them into a file.

The plots are at home in `swarm.curves` and `swarm.values`, hives in `swarm.hives`; all are
found here.
"""

from swarm._face import hand_on
from swarm.animator._animate import figuresize, make_animation, swarm_animate
from swarm.animator._hives import hive_animate, hive_plot
from swarm.animator._lines import DensitySwarm, LineSwarm, LossSwarm
from swarm.animator._play import SITE_SECONDS
from swarm.animator._plot import SwarmPlot
from swarm.animator._values import HistogramSwarm, ImageSwarm, ScatterSwarm

__all__ = [
    "SITE_SECONDS",
    "DensitySwarm",
    "HistogramSwarm",
    "ImageSwarm",
    "LineSwarm",
    "LossSwarm",
    "ScatterSwarm",
    "SwarmPlot",
    "figuresize",
    "hive_animate",
    "hive_plot",
    "make_animation",
    "swarm_animate",
]

hand_on(__name__)
