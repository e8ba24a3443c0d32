"""How the swarms of a hive do, epoch by epoch: a table of colours and numbers."""

from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Colormap, LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.text import Text

from swarm._hive import HiveData, Score, color_limits, has_log_colors, number_text, scores_of
from swarm._limits import Limits
from swarm.animator._play import figure_size, recorded_epoch
from swarm.animator._plot import BACK, Hooks, MovingPlot
from swarm.animator._shades import Picture
from swarm.style import DARK, LIGHT, is_dark

__all__ = ["HeatmapSwarm", "hive_heatmap"]

BRIGHT = 0.18  # luminance from which on dark letters stand out more than light ones


class HeatmapSwarm(MovingPlot):
    """A cell for each swarm of a hive, coloured by a score that moves, with its number.

    Parameters
    ----------
    hive_data : sequence of mappings
        One for each swarm, as `swarm.core.hive_trainer` returns them.
    facx, facy : str
        The parameters to vary across and up. Each value has a cell; numbers are sorted, and
        all cells are as wide, so that 0.001, 0.01, 0.1 are as evenly spaced as 1, 2, 3.
    score : str or callable, default "loss"
        A field of shape ``(bee, epoch)``, of which the median of the bees is shown; or a
        function of a swarm's mapping that gives such an array, or one of shape ``(epoch,)``.
        A bee with NaN counts as the highest; where half of them have none, the cell is empty.
    hook : callable or sequence of callables
        Each is called with the axes before the first frame. Cell (row, column) has its
        centre at y = row, x = column.
    limits : (float, float), optional
        Scores at the ends of the colours, the same in all frames; by default those of the
        first and the last epoch, but for wild ones. The key is pointed where there are others.
    log : bool, optional
        Whether colours follow the powers of ten of the scores; by default if they are
        positive and span one and a half or more.
    cmap : str or Colormap, optional
        By default viridis.
    label : str, optional
        What the score is, written at the key.
    numbers : bool, optional
        Whether to write the score into each cell; by default where there is room.
    **set_kwargs
        Setters of the axes, ``set_title="…"``.

    Attributes
    ----------
    values : numpy.ndarray of shape (epoch, row, column)
        The scores.
    columns, rows : list of str
        The values of both parameters, in order.

    Raises
    ------
    ValueError
        If an entry lacks something, two share a place, swarms differ in length, scores
        have another shape, limits are no range, or axes have no such setter.
    """

    def __init__(
        self,
        hive_data: HiveData,
        facx: str,
        facy: str,
        score: Score = "loss",
        hook: Hooks = (),
        *,
        limits: Limits | None = None,
        log: bool | None = None,
        cmap: str | Colormap | None = None,
        label: str | None = None,
        numbers: bool | None = None,
        **set_kwargs: Any,
    ) -> None:
        super().__init__(hook, set_kwargs)
        scores = scores_of(hive_data, facx, facy, score)
        self.values, self.columns, self.rows = scores.values, scores.columns, scores.rows
        self.facx, self.facy = facx, facy
        self.label = scores.label if label is None else label
        self.cmap, self.numbers = cmap, numbers
        self.norm = _norm(self.values, limits, log)

    @property
    def num_frames(self) -> int:
        """How many frames there are: one for each epoch."""
        return len(self.values)

    def plot_init(self, ax: Axes) -> None:
        """Make the cells, their numbers and the key."""
        rows, columns = len(self.rows), len(self.columns)
        ax.set(xlim=(-0.5, columns - 0.5), ylim=(-0.5, rows - 0.5))
        ax.set_xticks(range(columns), self.columns)
        ax.set_yticks(range(rows), self.rows)
        ax.set(xlabel=self.facx, ylabel=self.facy)
        ax.grid(False)
        place = ax.get_subplotspec()
        width = (
            72
            / ax.figure.dpi
            * ax.figure.bbox.width
            / (place.get_gridspec().ncols if place else 1)
        )
        most = 0.6 * width / columns / (0.6 * max(map(len, self.columns)))
        ax.tick_params(axis="x", labelsize=min(mpl.rcParams["xtick.labelsize"], most))
        cmap = mpl.colormaps.get_cmap(self.cmap or mpl.rcParams["image.cmap"])
        # Shade 0 is for empty cells.
        self._colors = cmap(np.linspace(0, 1, 256), bytes=True)
        self._colors[0] = 0
        extent = (-0.5, columns - 0.5, -0.5, rows - 0.5)
        picture = Picture(ax, extent, self._colors, smooth=False, zorder=BACK)
        _draw_gaps(ax, rows, columns)
        known = self.values[np.isfinite(self.values)]
        below, above = (known < self.norm.vmin).any(), (known > self.norm.vmax).any()
        extend = ("neither", "min", "max", "both")[int(below) + 2 * int(above)]
        scale = ScalarMappable(self.norm, cmap)
        bar = ax.figure.colorbar(scale, ax=ax, label=self.label, extend=extend)
        bar.outline.set_visible(False)
        bar.ax.minorticks_off()
        middle: Any = {"ha": "center", "va": "center_baseline", "zorder": BACK + 0.02}
        texts = [
            ax.text(column, row, "", clip_on=True, **middle)
            for row, column in np.ndindex(rows, columns)
        ]
        self._sized = False
        self._finish(ax, picture, *texts)
        picture.check_axes("a HeatmapSwarm")

    def animate(self, frame: int) -> None:
        """Colour the cells by the scores of an epoch, and write them."""
        values = self.values[frame]
        picture, *texts = self.artists
        shades = np.ma.filled(1 + 254 * np.clip(self.norm(np.ma.masked_invalid(values)), 0, 1), 0)
        shades = np.rint(shades).astype(np.uint8)
        picture.set_data(shades)
        if not self._sized:
            self._size(picture.axes, texts)
        colors = self._colors[shades].reshape(-1, 4) / 255
        for text, value, color in zip(texts, values.ravel(), colors, strict=True):
            text.set_text(number_text(value))
            luminance = np.dot(color[:3] ** 2.2, (0.2126, 0.7152, 0.0722))
            dark = luminance < BRIGHT if color[3] else is_dark(picture.axes.get_facecolor())
            text.set_color((DARK if dark else LIGHT).text)

    def _size(self, ax: Axes, texts: list[Text]) -> None:
        """Let the longest number fit into a cell, a letter being 0.6 of its size wide."""
        self._sized = True
        longest = max(len(number_text(value)) for value in np.unique(self.values))
        cell = 72 / ax.figure.dpi * np.divide(ax.bbox.size, (len(self.columns), len(self.rows)))
        usual = float(mpl.rcParams["axes.labelsize"])
        size = min(usual, 0.85 * cell[0] / (0.6 * longest), 0.6 * cell[1])
        wanted = size >= 0.55 * usual if self.numbers is None else self.numbers
        for text in texts:
            text.set_visible(wanted)
            text.set_fontsize(size)


def hive_heatmap(
    hive_data: HiveData,
    facx: str,
    facy: str,
    score: Score = "loss",
    epoch: int = -1,
    **options: Any,
) -> Figure:
    """Draw one epoch of a hive's scores: a still of `HeatmapSwarm`.

    Parameters
    ----------
    hive_data, facx, facy, score, **options
        As for `HeatmapSwarm`.
    epoch : int, default -1
        As for `hive_plot`. The colours' ends are by default those of this epoch.

    Returns
    -------
    matplotlib.figure.Figure
        Not known to pyplot: nothing to close.

    Raises
    ------
    IndexError, ValueError
        As `hive_plot`; or as `HeatmapSwarm`.
    """
    plot = HeatmapSwarm(hive_data, facx, facy, score, **options)
    frame = recorded_epoch(epoch, plot.num_frames)
    plot.values = plot.values[[frame]]
    plot.norm = _norm(plot.values, options.get("limits"), options.get("log"))
    inches, dpi = figure_size(1, 1, None, None)
    with mpl.rc_context(LIGHT.rc(inches[0])):
        figure = Figure(figsize=inches, dpi=dpi, layout="constrained")
        plot.plot_init(figure.subplots())
        figure.draw_without_rendering()
        plot.animate(0)
    return figure


def _norm(values: Any, limits: Limits | None, log: bool | None) -> Normalize:
    """Choose how scores become colours."""
    if limits is not None and not (np.isfinite(limits).all() and limits[0] < limits[1]):
        raise ValueError(f"limits must be two finite numbers, low < high, got {limits}")
    if log is None:
        log = has_log_colors(values)
    low, high = color_limits(values, log) if limits is None else limits
    if log and low <= 0:
        raise ValueError(f"limits of logarithmic colours must be above 0, got {limits}")
    return LogNorm(low, high) if log else Normalize(low, high)


def _draw_gaps(ax: Axes, rows: int, columns: int) -> None:
    """Part the cells by lines of the background's colour."""
    right, top = columns - 0.5, rows - 0.5
    across = [[(-0.5, row - 0.5), (right, row - 0.5)] for row in range(1, rows)]
    up = [[(column - 0.5, -0.5), (column - 0.5, top)] for column in range(1, columns)]
    width = 1.5 * mpl.rcParams["axes.linewidth"]
    gaps = LineCollection(across + up, colors=[ax.get_facecolor()], linewidths=width)
    gaps.set_zorder(BACK + 0.01)
    ax.add_collection(gaps, autolim=False)
