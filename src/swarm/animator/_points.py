"""Points that move in a plane: for example two weights of each bee."""

from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.colors import to_rgba
from numpy.typing import ArrayLike

from swarm._limits import robust_limits
from swarm.animator._plot import (
    FRONT,
    Hooks,
    MovingPlot,
    check_scores,
    draw_key,
    rank_colors,
    to_array,
)
from swarm.animator._strokes import Strokes
from swarm.style import opacity

__all__ = ["ScatterSwarm"]


class ScatterSwarm(MovingPlot):
    """Points that move: for example two weights of each bee.

    Parameters
    ----------
    data : array_like of shape (bee, epoch, 2)
        Where each bee is. One with a NaN or infinite coordinate is not drawn.
    hook : callable or sequence of callables
        Each is called with the axes before the first frame, for example to draw a
        surface below.
    trail : int, default 0
        How many epochs back the path of each bee is drawn.
    color, color_by, label, alpha
        As for `LineSwarm`.
    size : float, optional
        Diameter of a point, in points.
    **set_kwargs
        Setters of the axes, ``set_title="…"``.

    Raises
    ------
    ValueError
        If shapes don't fit, there is no data, or axes have no such setter.
    """

    def __init__(
        self,
        data: ArrayLike,
        hook: Hooks = (),
        *,
        trail: int = 0,
        color: Any = None,
        color_by: ArrayLike | None = None,
        label: str | None = None,
        alpha: float | None = None,
        size: float | None = None,
        **set_kwargs: Any,
    ) -> None:
        super().__init__(hook, set_kwargs)
        self.data = to_array(data, "data", "(bee, epoch, 2)")
        if self.data.shape[2] != 2:
            raise ValueError(f"data must have shape (bee, epoch, 2), got {self.data.shape}")
        if trail < 0:
            raise ValueError(f"trail must be 0 or more epochs, got {trail}")
        self.trail, self.color, self.size, self.label = trail, color, size, label
        self.color_by = check_scores(color_by, len(self.data))
        self.alpha = opacity(len(self.data), strength=8) if alpha is None else alpha

    @property
    def num_frames(self) -> int:
        """How many frames there are."""
        return self.data.shape[1]

    def plot_init(self, ax: Axes) -> None:
        """Set the limits, make the points and their trails."""
        self._limit(
            ax,
            x=lambda scale: robust_limits(self.data[..., 0], scale=scale),
            y=lambda scale: robust_limits(self.data[..., 1], scale=scale),
        )
        bees = len(self.data)
        colors: Any = [to_rgba("C0" if self.color is None else self.color)]
        if self.color_by is not None:
            colors = rank_colors(self.color_by)
            draw_key(ax, self.color_by, self.label)
        size = self.size or 1.2 * mpl.rcParams["lines.markersize"]
        points: PathCollection = ax.scatter(
            np.full(bees, np.nan),
            np.full(bees, np.nan),
            s=size**2,
            color=colors,
            alpha=self.alpha,
            linewidths=0,
            zorder=FRONT + 0.1,
        )
        artists: list[Artist] = [points]
        if self.trail:
            tails = Strokes(
                self.data[:, :1],
                colors=colors,
                alpha=0.5 * self.alpha,
                linewidths=0.6 * mpl.rcParams["lines.linewidth"],
                zorder=FRONT,
            )
            ax.add_collection(tails, autolim=False)
            artists.append(tails)
        self._finish(ax, *artists)

    def animate(self, frame: int) -> None:
        """Move the points to where they are in a frame, each with its trail."""
        points = self.data[:, frame].astype(float)
        points[~np.isfinite(points).all(axis=1)] = np.nan
        self.artists[0].set_offsets(np.ma.masked_invalid(points))
        if self.trail:
            self.artists[1].set_segments(self.data[:, max(0, frame - self.trail) : frame + 1])
