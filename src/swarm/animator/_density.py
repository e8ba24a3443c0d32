"""How many curves pass where, for swarms too many to draw line by line."""

from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap
from numpy.typing import ArrayLike

from swarm.animator._lines import Curves
from swarm.animator._plot import BACK, Array, Hooks, draw_truth
from swarm.animator._shades import Picture
from swarm.style import density_colormap

__all__ = ["DensitySwarm"]


BIN_VALUES = 1_000_000  # heights to count for a frame: some ten milliseconds


class DensitySwarm(Curves):
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
        steps = np.diff(self.x)
        if len(self.x) < 2 or not (steps > 0).all():
            raise ValueError("x must increase from at least 2 points on; sort x and data by x")
        if rows < 1:
            raise ValueError(f"rows must be at least 1, got {rows}")
        self.cmap = cmap
        low, high = set_kwargs.get("set_ylim", self._y_limits())
        self.edges = np.linspace(low, high, rows + 1)
        self.columns = self.x
        self._left: Array | None = None
        self._dtype = np.result_type(self.data, np.float32)  # integers would wrap around
        even = np.allclose(steps, steps.mean(), rtol=1e-3)
        wanted = min(320, max(80, BIN_VALUES // len(self.data)))
        if not (even and 0.75 * wanted <= len(self.x) <= 1.5 * wanted):
            self.columns = np.linspace(self.x[0], self.x[-1], wanted)
            right = np.searchsorted(self.x, self.columns).clip(1, len(self.x) - 1)
            self._left = right - 1
            part = (self.columns - self.x[right - 1]) / (self.x[right] - self.x[right - 1])
            self._part = part.astype(self._dtype)
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
        heights = self.data[:, frame].astype(self._dtype, copy=False)  # (bee, N)
        if self._left is not None:
            with np.errstate(invalid="ignore"):
                here, there = heights[:, self._left], heights[:, self._left + 1]
                heights = here + self._part * (there - here)
        scale = rows / (self.edges[-1] - self.edges[0])
        places = heights * self._dtype.type(scale)
        places += 1 - self.edges[0] * scale
        # fmax and fmin send NaN to the spare rows too.
        np.fmin(np.fmax(places, 0, out=places), rows + 1, out=places)
        flat = places.astype(np.int32)
        flat += self._offsets
        table = np.bincount(flat.ravel(), minlength=len(self._offsets) * (rows + 2))
        return table.reshape(-1, rows + 2)[:, 1:-1].T

    def plot_init(self, ax: Axes) -> None:
        """Set the limits, draw the truth, make the picture."""
        self._limit(ax, x=self._x_limits)
        ax.set_ylim(self.edges[0], self.edges[-1])
        if self.truth is not None:
            draw_truth(ax, self.x, self.truth, zorder=BACK + 0.1)
        cmap = density_colormap() if self.cmap is None else mpl.colormaps.get_cmap(self.cmap)
        # A shade for each count. A few of many thousand bees must still be seen: hence the root.
        counts = np.arange(self.most + 1) / self.most
        self._shades = np.rint(255 * np.sqrt(counts)).astype(np.uint8)
        self._shades[1:] = np.maximum(self._shades[1:], 24)
        colors = cmap(np.linspace(0.12, 1, 256), bytes=True)
        colors[:24, 3] = np.linspace(0, 255, 24)
        half = (self.columns[1] - self.columns[0]) / 2
        extent = (self.columns[0] - half, self.columns[-1] + half, *self.edges[[0, -1]])
        picture = Picture(ax, extent, colors, smooth=True, zorder=BACK)
        self._finish(ax, picture)
        picture.check_axes("a DensitySwarm")

    def animate(self, frame: int) -> None:
        """Count the curves of a frame."""
        self.artists[0].set_data(self._shades[np.minimum(self.counts(frame), self.most)])
