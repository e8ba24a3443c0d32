"""Swarms to movies: plots, and functions that play them into a file."""

from swarm._face import hand_on
from swarm.animator._animate import figuresize, make_animation, swarm_animate
from swarm.animator._bars import HistogramSwarm
from swarm.animator._density import DensitySwarm
from swarm.animator._heatmap import HeatmapSwarm, hive_heatmap
from swarm.animator._hives import hive_animate, hive_plot
from swarm.animator._image import ImageSwarm
from swarm.animator._lines import LineSwarm
from swarm.animator._losses import LossSwarm
from swarm.animator._play import SITE_SECONDS, MovieOptions
from swarm.animator._plot import SwarmPlot
from swarm.animator._points import ScatterSwarm

__all__ = [
    "SITE_SECONDS",
    "DensitySwarm",
    "HeatmapSwarm",
    "HistogramSwarm",
    "ImageSwarm",
    "LineSwarm",
    "LossSwarm",
    "MovieOptions",
    "ScatterSwarm",
    "SwarmPlot",
    "figuresize",
    "hive_animate",
    "hive_heatmap",
    "hive_plot",
    "make_animation",
    "swarm_animate",
]

hand_on(__name__)
