"""Values of a swarm, counted into bars that move."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.patches import StepPatch
from numpy.typing import ArrayLike

from swarm._limits import Limits, robust_limits
from swarm.animator._plot import BACK, Hooks, MovingPlot, plain_array, to_array

__all__ = ["HistogramSwarm"]


class HistogramSwarm(MovingPlot):
    """A histogram that moves; its bins stay.

    Parameters
    ----------
    data : array_like of shape (frame, value)
        The values to count in each frame. NaN and infinite ones are left out.
    num_bins : int, default 100
        Number of bins, the same ones in all frames.
    hook : callable or sequence of callables
        Each is called with the axes before the first frame.
    range : (float, float), optional
        Ends of the bins; values beyond are left out. By default all values, or
        their middle if a few are far out (see `robust_limits`), and then the plot
        says how many are not shown.
    density : bool, default False
        Show densities, of area one over the bins, rather than counts.
    color : colour, optional
        Of the bars; by default that of bees.
    **set_kwargs
        Setters of the axes, ``set_title="…"``.

    Attributes
    ----------
    edges : numpy.ndarray of shape (num_bins + 1,)
        Edges of the bins.
    heights : numpy.ndarray of shape (frame, num_bins)
        Counts or densities.

    Raises
    ------
    ValueError
        If `data` has another shape or is empty, or `num_bins` or `range` makes no bins,
        or axes have no such setter.
    """

    def __init__(
        self,
        data: ArrayLike,
        num_bins: int = 100,
        hook: Hooks = (),
        *,
        range: Limits | None = None,
        density: bool = False,
        color: Any = None,
        **set_kwargs: Any,
    ) -> None:
        super().__init__(hook, set_kwargs)
        self.data = to_array(data, "data", "(frame, value)")
        if num_bins < 1:
            raise ValueError(f"num_bins must be at least 1, got {num_bins}")
        if range is not None and not (np.isfinite(range).all() and range[0] < range[1]):
            raise ValueError(f"range must be two finite numbers, low < high, got {range}")
        self.density, self.color = density, color
        low, high = robust_limits(self.data, margin=0.0) if range is None else range
        self.edges = np.linspace(low, high, num_bins + 1)
        counts = np.array([np.histogram(row, self.edges)[0] for row in self.data])
        self.outside = 1 - counts.sum() / max(1, np.isfinite(self.data).sum())
        total = counts.sum(axis=1, keepdims=True)
        self.heights = counts
        if density:
            self.heights = counts / np.maximum(total, 1) / np.diff(self.edges)
        self._report = range is None and self.outside > 0

    @classmethod
    def from_swarm(
        cls, data: ArrayLike, num_bins: int = 100, **set_kwargs: Any
    ) -> "HistogramSwarm":
        """Show how the values of all bees are distributed in each epoch.

        Parameters
        ----------
        data : array_like of shape (bee, epoch, *dims)
            The values of a swarm.
        num_bins : int, default 100
            Number of bins.
        **set_kwargs
            Setters of the axes, ``set_title="…"``, and keywords of the class.

        Raises
        ------
        ValueError
            As the class.
        """
        array = plain_array(data)
        if array.ndim < 2 or not array.size:
            raise ValueError(f"data must have shape (bee, epoch, *dims), got {array.shape}")
        frames = np.moveaxis(array, 1, 0).reshape(array.shape[1], -1)
        return cls(frames, num_bins, **set_kwargs)

    @property
    def num_frames(self) -> int:
        """How many frames there are."""
        return len(self.data)

    def plot_init(self, ax: Axes) -> None:
        """Set the limits, make the bars."""
        ax.set_xlim(self.edges[0], self.edges[-1])
        self._limit(ax, y=self._y_limits)
        ax.set_ylabel("density" if self.density else "count")
        ax.grid(False, axis="x")
        if self._report:
            note = f"{100 * self.outside:.2g} % beyond"
            ax.text(0.99, 0.97, note, transform=ax.transAxes, ha="right", va="top")
        color = to_rgba("C0" if self.color is None else self.color)
        bars = StepPatch(
            np.zeros(len(self.edges) - 1),
            self.edges,
            fill=True,
            facecolor=color,  # opaque: to let the ground shine through takes three times as long
            linewidth=0,
            zorder=BACK,
        )
        ax.add_artist(bars)
        self._finish(ax, bars)

    def _y_limits(self, scale: str) -> Limits:
        most = float(self.heights.max()) or 1.0
        if scale == "linear":
            return 0.0, 1.05 * most
        return 0.5 * float(self.heights[self.heights > 0].min(initial=most)), 2 * most

    def animate(self, frame: int) -> None:
        """Set the bars to the heights of a frame."""
        self.artists[0].set_data(self.heights[frame])
