"""Hives as grids: a swarm for each pair of two parameters' values."""

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Unpack

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from swarm._hive import Grid, HiveData, grid_of
from swarm._limits import robust_limits
from swarm.animator._lines import LineSwarm
from swarm.animator._play import MovieOptions, common_frames, figure_size, play, recorded_epoch
from swarm.movie import Movie
from swarm.style import LIGHT

__all__ = ["hive_animate", "hive_plot"]


def hive_animate(
    hive_data: HiveData,
    facx: str,
    facy: str,
    destfile: str | Path,
    *,
    x: ArrayLike | None = None,
    y: ArrayLike | None = None,
    **options: Unpack[MovieOptions],
) -> Movie:
    """Play a hive as a grid of swarms over their true curves, with shared axes.

    Parameters
    ----------
    hive_data : sequence of mappings
        One for each swarm, as `swarm.core.hive_trainer` returns them: its
        parameters and ``ypred`` of shape ``(bee, epoch, N)``.
    facx, facy : str
        The parameters to vary across and down the grid.
    destfile : str or pathlib.Path
        The file to write.
    x, y : array_like of shape (N,), optional
        The true curve of all swarms; by default each entry's own ``x`` and ``y``.
    **options
        How to play and write it: `MovieOptions`.

    Returns
    -------
    Movie
        See `swarm.animator.swarm_animate`.

    Raises
    ------
    ValueError
        If an entry lacks something, two share a place, or swarms differ in length;
        and as `swarm.animator.swarm_animate`.
    """
    grid, swarms = _place_swarms(hive_data, facx, facy, x, y)
    total = common_frames(swarms, None)
    options.setdefault("title", f"swarms by {facx} (across) and {facy} (down)")
    return play(
        lambda figure: _draw(figure, grid, swarms, facx, facy),
        total,
        (len(grid.rows), len(grid.columns)),
        destfile,
        text_scale=_text_scale(grid),
        **options,
    )


def hive_plot(
    hive_data: HiveData,
    facx: str,
    facy: str,
    epoch: int,
    *,
    x: ArrayLike | None = None,
    y: ArrayLike | None = None,
) -> Figure:
    """Draw one epoch of a hive: a still of `hive_animate`.

    Parameters
    ----------
    hive_data, facx, facy
        See `hive_animate`.
    epoch : int
        Which one, negative from the end.
    x, y
        See `hive_animate`.

    Returns
    -------
    matplotlib.figure.Figure
        Not known to pyplot: nothing to close.

    Raises
    ------
    IndexError
        If there is no such epoch.
    ValueError
        As `hive_animate`.
    """
    grid, swarms = _place_swarms(hive_data, facx, facy, x, y)
    frame = recorded_epoch(epoch, common_frames(swarms, None))
    inches, dpi = figure_size(len(grid.rows), len(grid.columns), None, None)
    with mpl.rc_context(LIGHT.rc(inches[0] * _text_scale(grid))):
        figure = Figure(figsize=inches, dpi=dpi, layout="constrained")
        for plot in _draw(figure, grid, swarms, facx, facy):
            plot.animate(frame)
    return figure


def _place_swarms(
    hive_data: HiveData, facx: str, facy: str, x: ArrayLike | None, y: ArrayLike | None
) -> tuple[Grid, list[LineSwarm]]:
    """Place swarms in a grid, and make their plots."""
    grid = grid_of(hive_data, facx, facy)
    plots = []
    for number, entry in enumerate(hive_data):
        given = {"x": x, "y": y}
        curves = {**entry} | {name: value for name, value in given.items() if value is not None}
        missing = [name for name in ("x", "y", "ypred") if name not in curves]
        if missing:
            hint = (
                f"; pass {missing[0]}=… to hive_animate or hive_plot"
                if missing != ["ypred"]
                else ""
            )
            raise ValueError(
                f"entry {number} of hive_data has no {', '.join(map(repr, missing))}; "
                f"it has {', '.join(map(repr, entry))}{hint}"
            )
        plots.append(LineSwarm(curves["x"], curves["ypred"], truth=curves["y"]))
    return grid, plots


def _draw(
    figure: Figure, grid: Grid, swarms: Sequence[LineSwarm], facx: str, facy: str
) -> list[Any]:
    """Draw all swarms into a figure, copies of the plots that then move."""
    columns, rows = grid.columns, grid.rows
    cells = dict(zip(grid.places, swarms, strict=True))
    places: Any = figure.subplots(len(rows), len(columns), sharex=True, sharey=True, squeeze=False)
    x_limits = robust_limits(*(plot.x for plot in swarms), margin=0.0)
    y_limits = robust_limits(
        *(plot.data for plot in swarms),
        keep=np.concatenate([plot.truth for plot in swarms if plot.truth is not None]),
    )
    across = [f"{facx} = {name}" for name in columns]
    down = [f"{facy} = {name}" for name in rows]
    width, height = figure.get_size_inches() / [len(columns), len(rows)]
    plots = []
    for row, column in np.ndindex(places.shape):
        axes: Axes = places[row, column]
        if (row, column) in cells:
            plots.append(copy.copy(cells[row, column]))
            plots[-1].plot_init(axes)
        else:
            axes.set_axis_off()
        axes.label_outer()
        if row == 0:
            axes.set_title(across[column], loc="center", fontsize=_fitting(across, width))
        if column == 0:
            axes.set_ylabel(down[row], fontsize=_fitting(down, height))
    first: Axes = places[0, 0]
    first.set(xlim=x_limits, ylim=y_limits)
    first.xaxis.set_major_locator(MaxNLocator(3))
    first.yaxis.set_major_locator(MaxNLocator(4))
    return plots


def _text_scale(grid: Grid) -> float:
    """Enlarge text in small panels, which on a telephone are as wide as a thumb."""
    return 1.35 if len(grid.columns) > 2 else 1.0


def _fitting(labels: list[str], inches: float) -> float:
    """Choose a font size at which the longest label fits, a letter being 0.6 of it wide."""
    most = 72 * 0.85 * inches / (0.6 * max(map(len, labels)))
    return min(float(mpl.rcParams["axes.labelsize"]), most)
