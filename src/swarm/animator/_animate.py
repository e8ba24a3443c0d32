"""What a user calls: plots side by side, played into a file."""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Unpack

import matplotlib as mpl
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from swarm.animator._lines import LineSwarm
from swarm.animator._play import MovieOptions, common_frames, play
from swarm.animator._plot import SwarmPlot
from swarm.movie import Movie

__all__ = ["figuresize", "make_animation", "swarm_animate"]

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
    **options: Unpack[MovieOptions],
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
    **options
        How to play and write it: `MovieOptions`, for example ``fps=20, every=5``.

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
    total = common_frames(plots, num_frames)
    mosaic = _mosaic(len(plots), layout)

    def draw(figure: Figure) -> list[Any]:
        places: Any = figure.subplot_mosaic(mosaic, empty_sentinel=".")  # type: ignore[arg-type]
        mine = [copy.copy(plot) for plot in plots]
        for number, plot in enumerate(mine):
            plot.plot_init(places[_name(number)])
        return mine

    return play(
        draw,
        total,
        (len(mosaic), len(mosaic[0])),
        destfile,
        **options,
    )


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
            f"got {', '.join(sorted(used))}"
        )
    return shape


def _name(k: int) -> str:
    return chr(ord("A") + k) if k < 26 else f"A{k}"
