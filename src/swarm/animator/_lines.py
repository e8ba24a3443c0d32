"""Curves that move: a line for each bee, the density of thousands, losses with a cursor."""

from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import Colormap, to_rgba
from matplotlib.patches import Rectangle
from matplotlib.ticker import LogLocator, MaxNLocator
from numpy.typing import ArrayLike

from swarm._limits import Limits, robust_limits
from swarm.animator._plot import (
    FRONT,
    Array,
    Hooks,
    MovingPlot,
    draw_key,
    draw_truth,
    rank_colors,
    to_array,
)
from swarm.animator._shades import Picture
from swarm.animator._strokes import Strokes
from swarm.style import density_colormap, opacity

__all__ = ["DensitySwarm", "LineSwarm", "LossSwarm"]

BANDS = 200  # bees of which each still gets a loss curve of its own
BIN_VALUES = 1_000_000  # heights to count for a frame: some ten milliseconds


class _Curves(MovingPlot):
    """Curves over a common x, perhaps with a true one."""

    def __init__(
        self, x: Any, data: Any, truth: Any, first: str, hook: Hooks, set_kwargs: dict[str, Any]
    ) -> None:
        super().__init__(hook, set_kwargs)
        self.x = to_array(x, "x", "(N,)")
        self.data = to_array(data, "data", f"({first}, frame, N)")
        if not np.isfinite(self.x).all():
            raise ValueError("x must be finite, got NaN or infinite values")
        if self.data.shape[2] != len(self.x):
            raise ValueError(
                f"data must have shape ({first}, frame, {len(self.x)}) to go with x, "
                f"got {self.data.shape}"
            )
        self.truth = None if truth is None else to_array(truth, "the true curve", "(N,)")
        if self.truth is not None and self.truth.shape != self.x.shape:
            raise ValueError(
                f"the true curve must have as many points as x, {len(self.x)}, "
                f"got {len(self.truth)}"
            )

    @property
    def num_frames(self) -> int:
        """How many frames there are."""
        return self.data.shape[1]

    def _limits(self) -> Limits:
        return robust_limits(self.data, keep=() if self.truth is None else self.truth)

    def _draw_axes(self, ax: Axes, y_limits: Limits) -> None:
        ax.set_xlim(*robust_limits(self.x, margin=0.0))
        ax.set_ylim(*y_limits)
        if self.truth is not None:
            draw_truth(ax, self.x, self.truth)


class LineSwarm(_Curves):
    """One line for each bee.

    Parameters
    ----------
    x : array_like of shape (N,)
        Where the curves are given.
    data : array_like of shape (line, frame, N)
        Their heights. NaN and infinite ones leave a gap.
    hook : callable or sequence of callables
        Each is called with the axes before the first frame, for example to draw
        what stands still.
    truth : array_like of shape (N,), optional
        The true curve, drawn as dots behind the swarm.
    color : colour, optional
        Of all lines; by default that of bees.
    color_by : array_like of shape (line,), optional
        A value for each line, such as its final loss, to colour lines by (by rank);
        the lowest are drawn in front.
    label : str, optional
        What these values are, for a key to the colours; by default there is none.
    alpha : float, optional
        Opacity of a line, 0-1; by default the less, the more lines there are.
    linewidth : float, optional
        In points.
    **set_kwargs
        Setters of the axes, ``set_title="…"``.

    Raises
    ------
    ValueError
        If shapes don't fit, there is no data, or axes have no such setter.

    Notes
    -----
    Limits show all of `truth` and the middle of the data (see
    `swarm._limits.robust_limits`); setters and hooks overrule them.
    """

    def __init__(
        self,
        x: ArrayLike,
        data: ArrayLike,
        hook: Hooks = (),
        *,
        truth: ArrayLike | None = None,
        color: Any = None,
        color_by: ArrayLike | None = None,
        label: str | None = None,
        alpha: float | None = None,
        linewidth: float | None = None,
        **set_kwargs: Any,
    ) -> None:
        super().__init__(x, data, truth, "line", hook, set_kwargs)
        lines = len(self.data)
        self.color = color
        self.color_by = None if color_by is None else to_array(color_by, "color_by", "(line,)")
        if self.color_by is not None:
            rank_colors(self.color_by, lines)
        self.alpha = opacity(lines) if alpha is None else alpha
        self.label, self.linewidth = label, linewidth

    @classmethod
    def standard(
        cls, xd: ArrayLike, yd: ArrayLike, data: ArrayLike, **set_kwargs: Any
    ) -> "LineSwarm":
        """Show a swarm over the true curve, which is drawn as dots.

        Parameters
        ----------
        xd, yd : array_like of shape (N,)
            The true curve.
        data : array_like of shape (line, frame, N)
            The swarm.
        **set_kwargs
            Setters of the axes, ``set_title="…"``, and keywords of the class.

        Raises
        ------
        ValueError
            As the class.
        """
        return cls(xd, data, truth=yd, **set_kwargs)

    @classmethod
    def auto_range(cls, xd: ArrayLike, data: ArrayLike, **set_kwargs: Any) -> "LineSwarm":
        """Show a swarm alone, with limits from its data.

        Parameters
        ----------
        xd : array_like of shape (N,)
            Where the curves are given.
        data : array_like of shape (line, frame, N)
            The swarm.
        **set_kwargs
            Setters of the axes, ``set_title="…"``, and keywords of the class.

        Raises
        ------
        ValueError
            As the class.
        """
        return cls(xd, data, **set_kwargs)

    def plot_init(self, ax: Axes) -> None:
        """Draw the truth, set the limits, make the lines."""
        self._draw_axes(ax, self._limits())
        lines = len(self.data)
        self._lines = np.arange(lines)
        colors: Any = to_rgba("C0" if self.color is None else self.color)
        if self.color_by is not None:
            worst = np.where(np.isfinite(self.color_by), self.color_by, np.inf)
            self._lines = np.argsort(-worst, kind="stable")
            colors = rank_colors(self.color_by, lines)[self._lines]
            draw_key(ax, self.color_by, self.label)
        # Both coordinates of all lines, in one array that is refilled for each frame.
        self._points = np.empty((lines, len(self.x), 2))
        self._points[..., 0] = self.x
        self._points[..., 1] = np.nan
        swarm = Strokes(
            self._points,
            colors=colors,
            alpha=self.alpha,
            linewidths=self.linewidth or 0.75 * mpl.rcParams["lines.linewidth"],
            zorder=FRONT,
        )
        ax.add_collection(swarm, autolim=False)
        self._finish(ax, swarm)

    def animate(self, frame: int) -> None:
        """Move the lines to where they are in a frame."""
        self._points[..., 1] = self.data[self._lines, frame]
        self.artists[0].set_segments(self._points)


class DensitySwarm(_Curves):
    """How many curves pass where: readable, and as quick, with ten thousand bees.

    Each column of the picture is a histogram of all bees' heights at that x.

    Parameters
    ----------
    x : array_like of shape (N,)
        Where the curves are given, increasing.
    data : array_like of shape (bee, frame, N)
        Their heights. NaN and infinite ones are left out.
    hook : callable or sequence of callables
        Each is called with the axes before the first frame.
    truth : array_like of shape (N,), optional
        The true curve, drawn as dots in front.
    rows : int, default 96
        Number of bins in the height.
    cmap : str or Colormap, optional
        Colours from few to many; by default shades of the bees' colour. Bins
        without a bee stay clear.
    **set_kwargs
        Setters of the axes, ``set_title="…"``. Bins fill the limits chosen from
        the data; to choose others, use ``set_ylim``.

    Attributes
    ----------
    edges : numpy.ndarray of shape (rows + 1,)
        Edges of the bins in the height, the same in all frames.
    columns : numpy.ndarray of shape (columns,)
        Where the curves are counted: 80 to 320 places, the fewer the more bees. These
        are `x` if it is even and has about as many points; otherwise heights are
        interpolated linearly.

    Raises
    ------
    ValueError
        If shapes don't fit, there is no data, `x` doesn't increase, or axes have no such
        setter.
    """

    def __init__(
        self,
        x: ArrayLike,
        data: ArrayLike,
        hook: Hooks = (),
        *,
        truth: ArrayLike | None = None,
        rows: int = 96,
        cmap: str | Colormap | None = None,
        **set_kwargs: Any,
    ) -> None:
        super().__init__(x, data, truth, "bee", hook, set_kwargs)
        steps = np.diff(self.x.astype(float))
        if len(self.x) < 2 or not (steps > 0).all():
            raise ValueError("x must increase from at least 2 points on; sort x and data by x")
        if rows < 1:
            raise ValueError(f"rows must be at least 1, got {rows}")
        self.cmap = cmap
        low, high = set_kwargs.get("set_ylim", self._limits())
        self.edges = np.linspace(low, high, rows + 1)
        self.columns = self.x.astype(float)
        self._left: Array | None = None
        even = np.allclose(steps, steps.mean(), rtol=1e-3)
        wanted = min(320, max(80, BIN_VALUES // len(self.data)))
        if not (even and 0.75 * wanted <= len(self.x) <= 1.5 * wanted):
            self.columns = np.linspace(self.x[0], self.x[-1], wanted)
            right = np.searchsorted(self.x, self.columns).clip(1, len(self.x) - 1)
            self._left = right - 1
            part = (self.columns - self.x[right - 1]) / (self.x[right] - self.x[right - 1])
            self._part = part.astype(self.data.dtype if self.data.dtype.kind == "f" else float)
        # Column offsets into the flat table of counts, which has a spare row on either side
        # for what is beyond the limits.
        self._offsets = np.arange(len(self.columns), dtype=np.int32) * (rows + 2)
        few = np.unique(np.linspace(0, self.num_frames - 1, 9).astype(int))
        seen = np.concatenate([c[c > 0] for c in map(self.counts, few)] or [np.ones(1)])
        self.most = int(np.quantile(seen, 0.995)) if seen.size else 1

    def counts(self, frame: int) -> Array:
        """Count the curves of a frame.

        Parameters
        ----------
        frame : int
            From 0.

        Returns
        -------
        numpy.ndarray of int, shape (rows, columns)
            Number of bees in each bin; the first row is the lowest.
        """
        rows = len(self.edges) - 1
        heights = self.data[:, frame]  # (bee, N)
        if self._left is not None:
            with np.errstate(invalid="ignore"):
                here, there = heights[:, self._left], heights[:, self._left + 1]
                heights = here + self._part * (there - here)
        scale = rows / (self.edges[-1] - self.edges[0])
        places = np.multiply(heights, scale, dtype=np.result_type(heights, np.float32))
        places += 1 - self.edges[0] * scale
        # fmax and fmin send NaN to the spare rows too.
        np.fmin(np.fmax(places, 0, out=places), rows + 1, out=places)
        flat = places.astype(np.int32)
        flat += self._offsets
        table = np.bincount(flat.ravel(), minlength=len(self._offsets) * (rows + 2))
        return table.reshape(-1, rows + 2)[:, 1:-1].T

    def plot_init(self, ax: Axes) -> None:
        """Set the limits, draw the truth, make the picture."""
        self._draw_axes(ax, (self.edges[0], self.edges[-1]))
        for dots in ax.lines:
            dots.set_zorder(FRONT + 1)
        cmap = density_colormap() if self.cmap is None else mpl.colormaps.get_cmap(self.cmap)
        # A shade for each count. A few of many thousand bees must still be seen: hence the root.
        counts = np.arange(self.most + 1) / self.most
        self._shades = np.rint(255 * np.sqrt(counts)).astype(np.uint8)
        self._shades[1:] = np.maximum(self._shades[1:], 24)
        colors = cmap(np.linspace(0.12, 1, 256), bytes=True)
        colors[:24, 3] = np.linspace(0, 255, 24)
        half = (self.columns[1] - self.columns[0]) / 2
        extent = (self.columns[0] - half, self.columns[-1] + half, *self.edges[[0, -1]])
        picture = Picture(ax, extent, colors, smooth=True, zorder=FRONT)
        self._finish(ax, picture)
        if ax.get_xscale() != "linear" or ax.get_yscale() != "linear":
            raise ValueError("a DensitySwarm needs linear axes, and a hook or setter changed them")

    def animate(self, frame: int) -> None:
        """Count the curves of a frame."""
        self.artists[0].set_data(self._shades[np.minimum(self.counts(frame), self.most)])


class LossSwarm(MovingPlot):
    """Loss curves with a cursor at the current epoch; what is to come is veiled.

    Up to 200 bees get a curve each; of more, bands show the middle half
    and the middle nine tenths. The median stands out.

    Parameters
    ----------
    loss : array_like of shape (bee, epoch)
        The loss of each bee. NaN, infinite and, on a log scale, non-positive
        values leave a gap.
    hook : callable or sequence of callables
        Each is called with the axes before the first frame.
    log : bool, default True
        Whether losses are on a log scale.
    color_by, label
        As for `LineSwarm`; for up to 200 bees.
    **set_kwargs
        Setters of the axes, ``set_title="…"``.

    Raises
    ------
    ValueError
        If `loss` has another shape or is empty, or axes have no such setter.
    """

    def __init__(
        self,
        loss: ArrayLike,
        hook: Hooks = (),
        *,
        log: bool = True,
        color_by: ArrayLike | None = None,
        label: str | None = None,
        **set_kwargs: Any,
    ) -> None:
        super().__init__(hook, set_kwargs)
        loss = to_array(loss, "loss", "(bee, epoch)").astype(float)
        self.loss = np.where(np.isfinite(loss) & ((loss > 0) | (not log)), loss, np.nan)
        self.log, self.label = log, label
        self.color_by = None if color_by is None else to_array(color_by, "color_by", "(bee,)")
        if self.color_by is not None:
            rank_colors(self.color_by, len(self.loss))
        # (quantile, epoch); an epoch without a loss stays NaN, and does not warn.
        quantiles = (0.05, 0.25, 0.5, 0.75, 0.95)
        self.quantiles = np.full((len(quantiles), self.num_frames), np.nan)
        known = np.isfinite(self.loss).any(axis=0)
        if known.any():
            self.quantiles[:, known] = np.nanquantile(self.loss[:, known], quantiles, axis=0)

    @property
    def num_frames(self) -> int:
        """How many frames there are: one for each epoch."""
        return self.loss.shape[1]

    def plot_init(self, ax: Axes) -> None:
        """Draw all curves, make the cursor and the veil."""
        bees, epochs = self.loss.shape
        last = max(epochs - 1, 1)
        ax.set_xlim(0, last)
        ax.set_xlabel("epoch")
        ax.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
        ax.set_ylabel("loss")
        if self.log:
            low, high = robust_limits(np.log10(self.loss))
            ax.set_yscale("log")
            ax.set_ylim(10**low, 10**high)
            if high - low < 1.7:  # so few powers of ten would leave an axis without numbers
                ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
                ax.yaxis.set_major_formatter("{x:g}")
            ax.minorticks_off()
        else:
            ax.set_ylim(*robust_limits(self.loss))
        epoch = np.arange(epochs)
        bee = to_rgba("C0")
        width = mpl.rcParams["lines.linewidth"]
        if bees <= BANDS:
            curves = np.stack([np.broadcast_to(epoch, self.loss.shape), self.loss], axis=-1)
            colors: Any = bee if self.color_by is None else rank_colors(self.color_by, bees)
            lines = LineCollection(
                list(curves), colors=colors, alpha=opacity(bees), linewidths=0.6 * width, zorder=2
            )
            ax.add_collection(lines, autolim=False)
            if self.color_by is not None:
                draw_key(ax, self.color_by, self.label)
        else:
            for inner, alpha in ((0, 0.2), (1, 0.35)):
                band = self.quantiles[inner], self.quantiles[4 - inner]
                ax.fill_between(epoch, *band, color=bee, alpha=alpha, linewidth=0, zorder=2)
        median = self.quantiles[2]
        ax.plot(epoch, median, color=to_rgba("C1"), linewidth=1.4 * width, zorder=2.2)
        # The veil hides what is to come, and with it the grid, but not the curves' traces.
        veil = Rectangle(
            (0, 0),
            1,
            1,
            transform=ax.get_xaxis_transform(),
            facecolor=ax.get_facecolor(),
            alpha=0.8,
            linewidth=0,
            zorder=FRONT,
        )
        ax.add_artist(veil)
        muted = to_rgba(mpl.rcParams["axes.labelcolor"])
        (cursor,) = ax.plot([0, 0], [0, 1], transform=ax.get_xaxis_transform(), zorder=FRONT + 0.1)
        cursor.set(color=muted, linewidth=0.7 * width)
        (dot,) = ax.plot([0], [np.nan], "o", color=to_rgba("C1"), zorder=FRONT + 0.2)
        dot.set_markersize(1.3 * mpl.rcParams["lines.markersize"])
        dot.set_clip_on(False)
        self._finish(ax, veil, cursor, dot)

    def animate(self, frame: int) -> None:
        """Put the cursor on an epoch."""
        veil, cursor, dot = self.artists
        veil.set_x(frame)
        veil.set_width(max(0, self.num_frames - 1 - frame))
        cursor.set_xdata([frame, frame])
        dot.set_data([frame], [self.quantiles[2, frame]])
