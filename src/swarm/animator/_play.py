"""From plots to a movie: the figure's size, the epochs to show, the counter, both styles."""

from collections.abc import Callable, Sequence
from math import ceil
from pathlib import Path
from typing import Any, TypedDict

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.text import Text

from swarm import env
from swarm.animator._plot import SwarmPlot
from swarm.movie import Movie, Progress, Quality, Stage, record
from swarm.style import DARK, LIGHT, SITE_INCHES, Style

__all__ = ["SITE_SECONDS", "MovieOptions", "choose_epochs", "common_frames", "figure_size", "play"]

SITE_SECONDS = 20.0
"""Longest movie on the site (``SWARM_DARK=1``), in seconds, unless a call says otherwise."""


class MovieOptions(TypedDict, total=False):
    """Keywords of `swarm_animate` and `hive_animate`: how to play a movie and write its file.

    Attributes
    ----------
    fps : float, default 30
        Frames per second.
    every : int, default 1
        Show every so many epochs, from the first; the last one is always shown.
    max_seconds : float, optional
        Raise `every` as far as the movie needs to be no longer than this. By
        default no movie is thinned, but for the site's (``SWARM_DARK=1``): to
        `SITE_SECONDS`.
    dpi : float, optional
        Pixels per inch; by default ``rcParams["figure.dpi"]``.
    size : (int, int), optional
        Width and height in pixels; by default ``rcParams["figure.figsize"]``, or, if
        nobody has set that, 12 inches (on the site 7.2) by what suits the layout. Odd
        sizes become even, as the format asks for.
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
    """

    fps: float
    every: int
    max_seconds: float | None
    dpi: float | None
    size: tuple[int, int] | None
    quality: Quality
    dark: bool | None
    title: str | None
    counter: str | None
    progress: Progress


def play(
    draw: Callable[[Figure], list[Any]],
    total: int,
    grid: tuple[int, int],
    destfile: str | Path,
    *,
    text_scale: float = 1.0,
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
    """Draw a figure in each style and record its movie.

    Parameters
    ----------
    draw : callable
        Draws into an empty figure and returns what moves in it.
    total : int
        Number of epochs.
    grid : (int, int)
        Rows and columns of axes.
    destfile
        See `swarm_animate`.
    text_scale : float, default 1
        How much larger than usual text and lines are.
    fps, every, max_seconds, dpi, size, quality, dark, title, counter, progress
        See `MovieOptions`.

    Returns
    -------
    Movie
        See `swarm.animator.swarm_animate`.
    """
    path = Path(destfile)
    path = path.with_name(f"{path.name}.mp4") if not path.suffix else path
    if max_seconds is None and env.DARK:
        max_seconds = SITE_SECONDS
    epochs = choose_epochs(total, every, fps, max_seconds)
    inches, dpi = figure_size(*grid, size, dpi)

    def arrange(style: Style) -> Stage:
        rc = style.rc(inches[0] * text_scale)
        with mpl.rc_context(rc):
            figure = Figure(figsize=inches, dpi=dpi, layout="constrained")
            moving = draw(figure)
            if counter is not None:
                moving.append(_Counter(figure, counter, total, alone=grid[1] == 1))
            return Stage(figure, moving, rc)

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
    step = epochs[1] - epochs[0] if len(epochs) > 1 else 1
    return Movie(
        path,
        width=stage.width,
        height=stage.height,
        frames=len(epochs),
        fps=fps,
        dark=dark_path,
        title=title,
        every=step,
        panel=_inside(stage.figure),
    )


def _inside(figure: Figure) -> tuple[float, float, float, float]:
    """Return left, top, width and height of the first axes in a drawn figure, as shares."""
    box = figure.axes[0].get_position()
    return (float(box.x0), float(1 - box.y1), float(box.width), float(box.height))


def common_frames(plots: Sequence[SwarmPlot], num_frames: int | None) -> int:
    """Find how many frames plots can play together.

    Raises
    ------
    TypeError
        If one isn't a plot.
    ValueError
        If there is none, they differ in length, or `num_frames` is too many.
    """
    if not plots:
        raise ValueError("there is nothing to play: plots is empty")
    for plot in plots:
        missing = [n for n in ("num_frames", "plot_init", "animate") if not hasattr(plot, n)]
        if missing:
            raise TypeError(
                f"{type(plot).__name__} is not a plot: it has no {', '.join(missing)}; "
                f"see swarm.animator.SwarmPlot"
            )
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


def recorded_epoch(epoch: int, total: int) -> int:
    """Count an epoch from the first one; a negative one is from the end."""
    if not -total <= epoch < total:
        raise IndexError(f"epoch {epoch} is not one of the hive's {total}")
    return epoch % total


def choose_epochs(total: int, every: int, fps: float, max_seconds: float | None) -> list[int]:
    """Choose the epochs to show: evenly spaced from the first, and the last one."""
    if every < 1:
        raise ValueError(f"every must be at least 1, got {every}")
    if max_seconds is not None:
        if not max_seconds > 0:
            raise ValueError(f"max_seconds must be above 0, got {max_seconds}")
        most = max(2, int(max_seconds * fps))
        every = max(every, ceil((total - 1) / (most - 1)))
    epochs = list(range(0, total, every))
    return epochs if epochs[-1] == total - 1 else [*epochs, total - 1]


def figure_size(
    rows: int, columns: int, size: tuple[int, int] | None, dpi: float | None
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
        inches = tuple(mpl.rcParams["figure.figsize"])
        unset = inches == tuple(mpl.rcParamsDefault["figure.figsize"])
        if unset:
            inches = (12.0, 6.75)
        if (unset or inches == SITE_INCHES) and (rows, columns) != (1, 1):
            twelfth = inches[0] / 12
            inches = (inches[0], twelfth * (1.2 + rows * min(4.2, max(2.8, 12 / columns))))
    pixels = [max(2, 2 * round(side * dpi / 2)) for side in inches]
    return (pixels[0] / dpi, pixels[1] / dpi), dpi


class _Counter:
    """The number of the epoch, at the top right.

    Above a single column it stands in the line of the first title, if there is room,
    otherwise in a line of its own.
    """

    def __init__(self, figure: Figure, name: str, total: int, *, alone: bool) -> None:
        self.name, self.digits = name, len(str(total - 1))
        text_style: Any = {
            "color": mpl.rcParams["axes.labelcolor"],
            "size": mpl.rcParams["axes.labelsize"],
        }
        longest = f"{name} {'0' * self.digits}"
        if alone:
            top = figure.axes[0]
            self.text: Text = top.set_title(longest, loc="right", **text_style)
            figure.draw_without_rendering()
            titles = [top.title, top._left_title]  # type: ignore[attr-defined]
            ends = [t.get_window_extent().x1 for t in titles if t.get_text()]
            alone = max(ends, default=0) + text_style["size"] < self.text.get_window_extent().x0
            if not alone:
                top.set_title("", loc="right")
        if not alone:
            strip = 1.9 * text_style["size"] / 72 / figure.get_figheight()
            engine: Any = figure.get_layout_engine()
            engine.set(rect=(0, 0, 1, 1 - strip))
            figure.draw_without_rendering()
            right = max(axes.get_position().x1 for axes in figure.axes)
            self.text = figure.text(
                right, 1 - 0.35 * strip, longest, ha="right", va="top", **text_style
            )
            self.text.set_in_layout(False)
        figure.set_layout_engine("none")  # from now on everything stays where it is
        self.artists: list[Text] = [self.text]

    def animate(self, frame: int) -> None:
        # Figure spaces are as wide as digits, so that the word stands still.
        self.text.set_text(f"{self.name} {frame:\u2007>{self.digits}}")
