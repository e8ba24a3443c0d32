"""Loss curves with a cursor at the current epoch."""

from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import LogLocator, MaxNLocator
from numpy.typing import ArrayLike

from swarm._limits import robust_limits
from swarm.animator._plot import (
    BACK,
    FRONT,
    Hooks,
    MovingPlot,
    check_scores,
    draw_key,
    rank_colors,
    to_array,
)
from swarm.style import opacity

__all__ = ["LossSwarm"]


BANDS = 200  # bees of which each still gets a loss curve of its own


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
        self.color_by = check_scores(color_by, len(self.loss))
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
        self._draw_axes(ax)
        self._draw_curves(ax)
        self._finish(ax, *_cursor(ax))

    def _draw_axes(self, ax: Axes) -> None:
        ax.set_xlim(0, max(self.num_frames - 1, 1))
        ax.set_xlabel("epoch")
        ax.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
        ax.set_ylabel("loss")
        if self.log:
            ax.set_yscale("log")
        self._limit(ax, y=lambda scale: robust_limits(self.loss, scale=scale))
        low, high = ax.get_ylim()
        if not self.log:
            return
        if high < 50 * low:  # so few powers of ten would leave an axis without numbers
            ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            ax.yaxis.set_major_formatter("{x:g}")
        ax.minorticks_off()

    def _draw_curves(self, ax: Axes) -> None:
        bees, epochs = self.loss.shape
        epoch = np.arange(epochs)
        bee = to_rgba("C0")
        width = mpl.rcParams["lines.linewidth"]
        if bees <= BANDS:
            curves = np.stack([np.broadcast_to(epoch, self.loss.shape), self.loss], axis=-1)
            colors: Any = bee if self.color_by is None else rank_colors(self.color_by)
            lines = LineCollection(
                list(curves),
                colors=colors,
                alpha=opacity(bees),
                linewidths=0.6 * width,
                zorder=BACK,
            )
            ax.add_collection(lines, autolim=False)
            if self.color_by is not None:
                draw_key(ax, self.color_by, self.label)
        else:
            for inner, alpha in ((0, 0.2), (1, 0.35)):
                band = self.quantiles[inner], self.quantiles[4 - inner]
                ax.fill_between(epoch, *band, color=bee, alpha=alpha, linewidth=0, zorder=BACK)
        ax.plot(
            epoch,
            self.quantiles[2],
            color=to_rgba("C1"),
            linewidth=1.4 * width,
            zorder=BACK + 0.02,
        )

    def animate(self, frame: int) -> None:
        """Put the cursor on an epoch."""
        veil, cursor, dot = self.artists
        veil.set_x(frame)
        veil.set_width(max(0, self.num_frames - 1 - frame))
        cursor.set_xdata([frame, frame])
        dot.set_data([frame], [self.quantiles[2, frame]])


def _cursor(ax: Axes) -> tuple[Rectangle, Line2D, Line2D]:
    """Make what moves over losses: a veil, the cursor, and a dot on the median."""
    # The veil hides what is to come, and with it the grid, but not the curves' traces.
    veil = Rectangle(
        (0, 0),
        1,
        1,
        transform=ax.get_xaxis_transform(),
        facecolor=ax.get_facecolor(),
        alpha=0.8,
        linewidth=0,
        zorder=BACK + 0.04,
    )
    ax.add_artist(veil)
    muted = to_rgba(mpl.rcParams["axes.labelcolor"])
    (cursor,) = ax.plot([0, 0], [0, 1], transform=ax.get_xaxis_transform(), zorder=FRONT + 0.1)
    cursor.set(color=muted, linewidth=0.7 * mpl.rcParams["lines.linewidth"])
    (dot,) = ax.plot([0], [np.nan], "o", color=to_rgba("C1"), zorder=FRONT + 0.2)
    dot.set_markersize(1.3 * mpl.rcParams["lines.markersize"])
    dot.set_clip_on(False)
    return veil, cursor, dot
