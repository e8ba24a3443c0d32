"""Hives as grids: a swarm for each pair of two parameters' values."""

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Unpack

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from swarm._limits import robust_limits
from swarm.animator._lines import LineSwarm
from swarm.animator._play import MovieOptions, common_frames, figure_size, play
from swarm.movie import Movie
from swarm.style import LIGHT

__all__ = ["hive_animate", "hive_plot"]


def hive_animate(
    hive_data: Sequence[Mapping[str, Any]],
    facx: str,
    facy: str,
    destfile: str | Path,
    **options: Unpack[MovieOptions],
) -> Movie:
    """Play a hive as a grid of swarms over their true curves, with shared axes.

    Parameters
    ----------
    hive_data : sequence of mappings
        One for each swarm, as `swarm.core.hive_trainer` returns them: its
        parameters, ``x`` and ``y`` of shape ``(N,)`` and ``ypred`` of shape ``(bee, epoch, N)``.
    facx, facy : str
        The parameters to vary across and down the grid.
    destfile : str or pathlib.Path
        The file to write.
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
    cells = _place_swarms(hive_data, facx, facy)
    total = common_frames(list(cells.values()), None)
    rows, columns = _names(hive_data, facy), _names(hive_data, facx)
    options.setdefault("title", f"swarms by {facx} (across) and {facy} (down)")
    return play(
        lambda figure: _draw(figure, cells, rows, columns, facx, facy),
        total,
        (len(rows), len(columns)),
        destfile,
        **options,
    )


def hive_plot(hive_data: Sequence[Mapping[str, Any]], facx: str, facy: str, epoch: int) -> Figure:
    """Draw one epoch of a hive: a still of `hive_animate`.

    Parameters
    ----------
    hive_data, facx, facy
        See `hive_animate`.
    epoch : int
        Which one, negative from the end.

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
    cells = _place_swarms(hive_data, facx, facy)
    total = common_frames(list(cells.values()), None)
    if not -total <= epoch < total:
        raise IndexError(f"epoch {epoch} is not one of the hive's {total}")
    rows, columns = _names(hive_data, facy), _names(hive_data, facx)
    inches, dpi = figure_size(len(rows), len(columns), None, None)
    with mpl.rc_context(LIGHT.rc(inches[0])):
        figure = Figure(figsize=inches, dpi=dpi, layout="constrained")
        for plot in _draw(figure, cells, rows, columns, facx, facy):
            plot.animate(epoch % total)
    return figure


Cells = dict[tuple[int, int], LineSwarm]


def _place_swarms(hive_data: Sequence[Mapping[str, Any]], facx: str, facy: str) -> Cells:
    """Place swarms in a grid: (row, column) to plot, in the order of first appearance."""
    if not hive_data:
        raise ValueError("there is nothing to draw: hive_data is empty")
    for number, entry in enumerate(hive_data):
        missing = [key for key in (facx, facy, "x", "y", "ypred") if key not in entry]
        if missing:
            raise ValueError(
                f"entry {number} of hive_data has no {', '.join(map(repr, missing))}; "
                f"it has {', '.join(map(repr, entry))}"
            )
    columns, rows = _names(hive_data, facx), _names(hive_data, facy)
    cells: Cells = {}
    for number, entry in enumerate(hive_data):
        place = rows.index(_text(entry[facy])), columns.index(_text(entry[facx]))
        if place in cells:
            raise ValueError(
                f"entry {number} of hive_data is not the first with {facx}={entry[facx]!r} and "
                f"{facy}={entry[facy]!r}; leave out entries that differ in something else"
            )
        cells[place] = LineSwarm(entry["x"], entry["ypred"], truth=entry["y"])
    return cells


def _names(hive_data: Sequence[Mapping[str, Any]], key: str) -> list[str]:
    return list(dict.fromkeys(_text(entry[key]) for entry in hive_data))


def _text(value: Any) -> str:
    """Write a parameter's value: classes and functions by their names."""
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(getattr(value, "__name__", value))


def _draw(
    figure: Figure, cells: Cells, rows: list[str], columns: list[str], facx: str, facy: str
) -> list[Any]:
    """Draw all swarms into a figure, copies of the plots that then move."""
    grid: Any = figure.subplots(len(rows), len(columns), sharex=True, sharey=True, squeeze=False)
    x_limits = robust_limits(*(plot.x for plot in cells.values()), margin=0.0)
    y_limits = robust_limits(
        *(plot.data for plot in cells.values()),
        keep=np.concatenate([plot.truth for plot in cells.values() if plot.truth is not None]),
    )
    across = [f"{facx} = {name}" for name in columns]
    down = [f"{facy} = {name}" for name in rows]
    width, height = figure.get_size_inches() / [len(columns), len(rows)]
    plots = []
    for row, column in np.ndindex(grid.shape):
        axes: Axes = grid[row, column]
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
    first: Axes = grid[0, 0]
    first.set(xlim=x_limits, ylim=y_limits)
    first.xaxis.set_major_locator(MaxNLocator(3))
    first.yaxis.set_major_locator(MaxNLocator(4))
    return plots


def _fitting(labels: list[str], inches: float) -> float:
    """Choose a font size at which the longest label fits, a letter being 0.6 of it wide."""
    most = 72 * 0.85 * inches / (0.6 * max(map(len, labels)))
    return min(float(mpl.rcParams["axes.labelsize"]), most)
