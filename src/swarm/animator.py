"""Swarms to movies: arrange plots in a figure, play them, write the file."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import ceil
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from swarm import env
from swarm.movie import Movie, Progress, Quality, Stage, check_target, record
from swarm.plots import HistogramSwarm, LineSwarm, ScatterSwarm, SwarmPlot, robust_limits
from swarm.style import DARK, LIGHT, Style

__all__ = [
    "HistogramSwarm",
    "LineSwarm",
    "ScatterSwarm",
    "SwarmPlot",
    "figuresize",
    "hive_animate",
    "hive_plot",
    "make_animation",
    "swarm_animate",
]

SITE_SECONDS = 20.0
"""Longest movie on the site (``SWARM_DARK=1``), in seconds, unless a call says otherwise."""

Layout = tuple[int, int] | str | Sequence[Any]


@contextmanager
def figuresize(w: float, h: float) -> Iterator[None]:
    """Set the size of figures, and so of movies, for the length of a ``with`` block.

    Parameters
    ----------
    w, h : float
        Width and height in inches.

    Raises
    ------
    ValueError
        If one isn't above 0.
    """
    if not (w > 0 and h > 0):
        raise ValueError(f"a figure's width and height must be above 0 inches, got {w} and {h}")
    with mpl.rc_context({"figure.figsize": (w, h)}):
        yield


def swarm_animate(
    plots: SwarmPlot | Sequence[SwarmPlot],
    destfile: str | Path,
    num_frames: int | None = None,
    layout: Layout | None = None,
    *,
    fps: float = 30,
    every: int = 1,
    max_seconds: float | None = None,
    dpi: float | None = None,
    size: tuple[int, int] | None = None,
    quality: Quality = "standard",
    dark: bool | None = None,
    title: str | None = None,
    counter: str | None = "epoch",
    progress: Progress = None,
) -> Movie:
    """Play plots side by side into a movie file.

    Parameters
    ----------
    plots : sequence of SwarmPlot, or one
        What to play; all have the same number of frames.
    destfile : str or pathlib.Path
        The file to write: ``.mp4`` (also if there is no ending), ``.webm`` or ``.gif``. It
        appears when it is finished; an older one stays until then.
    num_frames : int, optional
        Play the first so many frames only. Plots of different lengths need it.
    layout : (int, int), str or nested list, optional
        Rows and columns, or a mosaic in which ``"A"`` is the place of the first
        plot, ``"B"`` that of the second and so on (`Figure.subplot_mosaic`). By
        default plots stand below one another.
    fps : float, default 30
        Frames per second.
    every : int, default 1
        Show every so many epochs; the last one is always shown.
    max_seconds : float, optional
        Raise `every` as far as the movie needs to be no longer than this. By
        default no movie is thinned, but for the site's (``SWARM_DARK=1``): to
        `SITE_SECONDS`.
    dpi : float, optional
        Pixels per inch; by default ``rcParams["figure.dpi"]``.
    size : (int, int), optional
        Width and height in pixels; by default ``rcParams["figure.figsize"]``, or, if
        nobody has set that, 12 inches by what suits the layout. Odd sizes become
        even, as the format asks for.
    quality : {"small", "standard", "high"}, default "standard"
        Of the file: constant quality.
    dark : bool, optional
        Whether to write a dark version too, ``name.dark.mp4`` beside
        ``name.mp4``, in the same pass. By default as `swarm.env.DARK` says.
    title : str, optional
        What the movie shows, for those who can't see it; by default made of
        the plots' titles.
    counter : str or None, default "epoch"
        Name of what is counted in the corner; None for no counter.
    progress : bool or callable, optional
        True shows a bar, False none; by default there is one on a terminal. A
        callable is called as ``progress(done, total)``.

    Returns
    -------
    Movie
        Shows itself as the last line of a notebook cell.

    Raises
    ------
    ValueError
        If plots differ in length, or a setting is out of range.
    OSError
        If the file can't be written where its name says.
    swarm.movie.EncoderError
        If ffmpeg is missing or fails.

    Notes
    -----
    What stands still is drawn once, then only `SwarmPlot.artists` for each frame.
    Text and lines grow with the width of the figure, so that a movie reads the same
    in a wide window and on a telephone.
    """
    plots = list(plots) if isinstance(plots, Sequence) else [plots]
    path = Path(destfile)
    path = path.with_name(f"{path.name}.mp4") if not path.suffix else path
    check_target(path, fps)
    total = _common_frames(plots, num_frames)
    if max_seconds is None and env.DARK:
        max_seconds = SITE_SECONDS
    epochs = _epochs(total, every, fps, max_seconds)
    shape = _mosaic(len(plots), layout)
    inches, dpi = _figure_size(len(shape), size, dpi)

    def arrange(style: Style) -> Stage:
        rc = style.rc(inches[0])
        with mpl.rc_context(rc):
            figure = Figure(figsize=inches, dpi=dpi, layout="constrained")
            axes = figure.subplot_mosaic(shape, empty_sentinel=".")  # type: ignore[arg-type]
            mine = [copy.copy(plot) for plot in plots]
            for plot, name in zip(mine, sorted(axes, key=_place), strict=True):
                plot.plot_init(axes[name])
            moving: list[Any] = list(mine)
            if counter is not None:
                moving.append(_Counter(figure, counter, total))
        return Stage(figure, moving, rc)

    return _make_movie(arrange, path, epochs, fps, quality, dark, title, progress)


def make_animation(
    xd: ArrayLike, yd: ArrayLike, data: ArrayLike, title: str, destfile: str | Path
) -> Movie:
    """Show a swarm over the true curve: `LineSwarm.standard` and `swarm_animate` in one.

    Parameters
    ----------
    xd, yd : array_like of shape (N,)
        The true curve.
    data : array_like of shape (bee, epoch, N)
        The swarm.
    title : str
        Written above.
    destfile : str or pathlib.Path
        The file to write.

    Returns
    -------
    Movie
        See `swarm_animate`.
    """
    return swarm_animate([LineSwarm.standard(xd, yd, data, set_title=title)], destfile)


def hive_animate(
    hive_data: Sequence[Mapping[str, Any]],
    facx: str,
    facy: str,
    destfile: str | Path,
    *,
    fps: float = 30,
    every: int = 1,
    max_seconds: float | None = None,
    dpi: float | None = None,
    size: tuple[int, int] | None = None,
    quality: Quality = "standard",
    dark: bool | None = None,
    title: str | None = None,
    counter: str | None = "epoch",
    progress: Progress = None,
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
    fps, every, max_seconds, dpi, size, quality, dark, title, counter, progress
        See `swarm_animate`.

    Returns
    -------
    Movie
        See `swarm_animate`.

    Raises
    ------
    ValueError
        If an entry lacks something, two share a place, or swarms differ in length;
        and as `swarm_animate`.
    """
    path = Path(destfile)
    path = path.with_name(f"{path.name}.mp4") if not path.suffix else path
    check_target(path, fps)
    cells = _hive_cells(hive_data, facx, facy)
    total = _common_frames(list(cells.values()), None)
    if max_seconds is None and env.DARK:
        max_seconds = SITE_SECONDS
    epochs = _epochs(total, every, fps, max_seconds)
    inches, dpi = _figure_size(1 + max(row for row, _ in cells), size, dpi)

    def arrange(style: Style) -> Stage:
        rc = style.rc(inches[0])
        with mpl.rc_context(rc):
            figure = Figure(figsize=inches, dpi=dpi, layout="constrained")
            moving: list[Any] = _draw_hive(figure, cells, hive_data, facx, facy)
            if counter is not None:
                moving.append(_Counter(figure, counter, total))
        return Stage(figure, moving, rc)

    label = title or f"swarms by {facx} (across) and {facy} (down)"
    return _make_movie(arrange, path, epochs, fps, quality, dark, label, progress)


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
    cells = _hive_cells(hive_data, facx, facy)
    total = _common_frames(list(cells.values()), None)
    if not -total <= epoch < total:
        raise IndexError(f"epoch {epoch} is not one of the hive's {total}")
    inches, dpi = _figure_size(1 + max(row for row, _ in cells), None, None)
    with mpl.rc_context(LIGHT.rc(inches[0])):
        figure = Figure(figsize=inches, dpi=dpi, layout="constrained")
        for plot in _draw_hive(figure, cells, hive_data, facx, facy):
            plot.animate(epoch % total)
    return figure


def _make_movie(
    arrange: Any,
    path: Path,
    epochs: Sequence[int],
    fps: float,
    quality: Quality,
    dark: bool | None,
    title: str | None,
    progress: Progress,
) -> Movie:
    """Set one stage for each style, record them together, and describe the result."""
    stage = arrange(LIGHT)
    stages = {path: stage}
    dark_path = None
    if env.DARK if dark is None else dark:
        dark_path = path.with_name(f"{path.stem}.dark{path.suffix}")
        stages[dark_path] = arrange(DARK)
    record(stages, epochs, fps=fps, quality=quality, progress=progress)
    if title is None:
        titles = [axes.get_title(loc) for axes in stage.figure.axes for loc in ("left", "center")]
        title = "; ".join(text.replace("\n", " ") for text in titles if text) or path.stem
    every = epochs[1] - epochs[0] if len(epochs) > 1 else 1
    return Movie(path, stage.width, stage.height, len(epochs), fps, dark_path, title, -1, every)


def _common_frames(plots: Sequence[SwarmPlot], num_frames: int | None) -> int:
    if not plots:
        raise ValueError("there is nothing to play: plots is empty")
    for plot in plots:
        if not isinstance(plot, SwarmPlot) and not hasattr(plot, "animate"):
            raise TypeError(f"{plot!r} is not a plot: see swarm.animator.SwarmPlot")
    lengths = [plot.num_frames for plot in plots]
    if min(lengths) < 1:
        raise ValueError(f"every plot needs at least one frame, got {lengths}")
    if num_frames is None:
        if len(set(lengths)) > 1:
            raise ValueError(
                f"the plots have different numbers of frames, {lengths}; "
                f"pass num_frames={min(lengths)} to play only so many"
            )
        return lengths[0]
    if not 1 <= num_frames <= min(lengths):
        raise ValueError(f"num_frames must be from 1 to {min(lengths)}, got {num_frames}")
    return num_frames


def _epochs(total: int, every: int, fps: float, max_seconds: float | None) -> list[int]:
    """Choose the epochs to show: evenly spaced, and the last one."""
    if every < 1:
        raise ValueError(f"every must be at least 1, got {every}")
    if max_seconds is not None:
        if not max_seconds > 0:
            raise ValueError(f"max_seconds must be above 0, got {max_seconds}")
        most = max(2, int(max_seconds * fps))
        every = max(every, ceil((total - 1) / (most - 1)))
    return list(range((total - 1) % every, total, every))


def _mosaic(count: int, layout: Layout | None) -> list[list[str]]:
    """Give places ``"A"``, ``"B"`` … to plots, as rows of a mosaic."""
    names = [_name(k) for k in range(count)]
    if layout is None:
        layout = (count, 1)
    if isinstance(layout, tuple) and all(isinstance(n, int) for n in layout):
        rows, columns = layout
        if rows < 1 or columns < 1 or rows * columns < count:
            raise ValueError(f"a layout of {rows} x {columns} has no room for {count} plots")
        cells = names + ["."] * (rows * columns - count)
        return [cells[row * columns : (row + 1) * columns] for row in range(rows)]
    if isinstance(layout, str):
        lines = layout.replace(";", "\n").split("\n")
        layout = [list(line.strip()) for line in lines if line.strip()]
    rows_of_names: Any = layout
    shape = [[str(name) for name in row] for row in rows_of_names]
    used = {name for row in shape for name in row} - {"."}
    if used != set(names):
        raise ValueError(
            f"the layout of {count} plots must name {', '.join(names)}, "
            f"got {', '.join(sorted(used, key=_place))}"
        )
    return shape


def _name(k: int) -> str:
    return chr(ord("A") + k) if k < 26 else f"A{k}"


def _place(name: str) -> tuple[int, str]:
    return len(name), name


def _figure_size(
    rows: int, size: tuple[int, int] | None, dpi: float | None
) -> tuple[tuple[float, float], float]:
    """Choose a size in inches that makes even numbers of pixels."""
    dpi = float(mpl.rcParams["figure.dpi"] if dpi is None else dpi)
    if not dpi > 0:
        raise ValueError(f"dpi must be above 0, got {dpi}")
    if size is not None:
        width, height = size
        if width < 2 or height < 2:
            raise ValueError(f"size must be at least 2 by 2 pixels, got {size}")
        inches: Sequence[float] = (width / dpi, height / dpi)
    else:
        inches = mpl.rcParams["figure.figsize"]
        if list(inches) == list(mpl.rcParamsDefault["figure.figsize"]):
            inches = (12.0, 6.75) if rows == 1 else (12.0, 3.6 * rows + 2.4)
    pixels = [max(2, 2 * round(side * dpi / 2)) for side in inches]
    return (pixels[0] / dpi, pixels[1] / dpi), dpi


class _Counter:
    """The number of the epoch, at the top right."""

    def __init__(self, figure: Figure, name: str, total: int) -> None:
        self.name, self.digits = name, len(str(total - 1))
        engine: Any = figure.get_layout_engine()
        size = mpl.rcParams["axes.labelsize"]
        strip = 1.9 * size / 72 / figure.get_figheight()
        self.text = figure.text(
            1 - 2 * mpl.rcParams["figure.constrained_layout.w_pad"] / figure.get_figwidth(),
            1 - 0.35 * strip,
            "",
            ha="right",
            va="top",
            fontsize=size,
            color=mpl.rcParams["axes.labelcolor"],
        )
        self.text.set_in_layout(False)
        engine.set(rect=(0, 0, 1, 1 - strip))
        self.artists: list[Text] = [self.text]

    def animate(self, frame: int) -> None:
        # Figure spaces are as wide as digits, so that the word stands still.
        self.text.set_text(f"{self.name} {frame:\u2007>{self.digits}}")


Cells = dict[tuple[int, int], LineSwarm]


def _hive_cells(hive_data: Sequence[Mapping[str, Any]], facx: str, facy: str) -> Cells:
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
    columns, rows = _values(hive_data, facx), _values(hive_data, facy)
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


def _values(hive_data: Sequence[Mapping[str, Any]], key: str) -> list[str]:
    return list(dict.fromkeys(_text(entry[key]) for entry in hive_data))


def _text(value: Any) -> str:
    """Write a parameter's value: classes and functions by their names."""
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(getattr(value, "__name__", value))


def _draw_hive(
    figure: Figure, cells: Cells, hive_data: Sequence[Mapping[str, Any]], facx: str, facy: str
) -> list[Any]:
    columns, rows = _values(hive_data, facx), _values(hive_data, facy)
    grid: Any = figure.subplots(len(rows), len(columns), sharex=True, sharey=True, squeeze=False)
    x_limits = robust_limits(*(plot.x for plot in cells.values()), margin=0.0)
    y_limits = robust_limits(
        *(plot.data for plot in cells.values()),
        keep=np.concatenate([plot.truth for plot in cells.values() if plot.truth is not None]),
    )
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
            axes.set_title(f"{facx} = {columns[column]}", loc="center")
        if column == 0:
            axes.set_ylabel(f"{facy} = {rows[row]}")
    first: Axes = grid[0, 0]
    first.set(xlim=x_limits, ylim=y_limits)
    first.xaxis.set_major_locator(MaxNLocator(3))
    first.yaxis.set_major_locator(MaxNLocator(4))
    return plots
