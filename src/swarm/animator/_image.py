"""A field that moves, as a picture."""

from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, Normalize
from numpy.typing import ArrayLike

from swarm._limits import Limits, robust_limits
from swarm.animator._plot import BACK, Hooks, MovingPlot, to_array
from swarm.animator._shades import Picture
from swarm.style import diverging_colormap

__all__ = ["ImageSwarm"]


class ImageSwarm(MovingPlot):
    """A picture for each frame: for example a field that a network has learnt.

    Parameters
    ----------
    data : array_like of shape (frame, row, column)
        The values; row 0 is at the bottom, as y grows upwards. NaN and
        infinite ones stay clear.
    hook : callable or sequence of callables
        Each is called with the axes before the first frame.
    extent : (float, float, float, float), optional
        Left, right, bottom and top edge of the picture, first to last column and row:
        either pair may fall, and so do the axes then. By default pixels.
    limits : (float, float), optional
        Values at the ends of the colours, the same in all frames; by default
        robust ones, around 0 if values of both signs matter.
    cmap : str or Colormap, optional
        By default viridis, or blue to orange around 0.
    label : str, optional
        What the colours mean, written at the colour bar.
    **set_kwargs
        Setters of the axes, ``set_title="…"``.

    Raises
    ------
    ValueError
        If `data` has another shape or is empty, `limits` or `extent` are no ranges, axes
        have no such setter, or, when drawn, a hook or setter has made them not linear.
    """

    def __init__(
        self,
        data: ArrayLike,
        hook: Hooks = (),
        *,
        extent: tuple[float, float, float, float] | None = None,
        limits: Limits | None = None,
        cmap: str | Colormap | None = None,
        label: str = "",
        **set_kwargs: Any,
    ) -> None:
        super().__init__(hook, set_kwargs)
        self.data = to_array(data, "data", "(frame, row, column)")
        if limits is not None and not (np.isfinite(limits).all() and limits[0] < limits[1]):
            raise ValueError(f"limits must be two finite numbers, low < high, got {limits}")
        if extent is not None and not (
            np.isfinite(extent).all() and extent[0] != extent[1] and extent[2] != extent[3]
        ):
            raise ValueError(
                f"extent must be four finite numbers, left and right, bottom and top, each "
                f"pair of different ones; got {extent}"
            )
        low, high = robust_limits(self.data, margin=0.0) if limits is None else limits
        both = low < 0 < high and min(-low, high) > 0.2 * max(-low, high)
        if limits is None and both:
            low, high = min(low, -high), max(high, -low)
        self.limits: Limits = (low, high)
        self.extent, self.label = extent, label
        self.cmap, self._both = cmap, both

    @property
    def num_frames(self) -> int:
        """How many frames there are."""
        return len(self.data)

    def plot_init(self, ax: Axes) -> None:
        """Make the picture and its colour bar."""
        cmap = mpl.colormaps.get_cmap(self.cmap or mpl.rcParams["image.cmap"])
        if self.cmap is None and self._both:
            cmap = diverging_colormap()
        # Shade 0 is for gaps.
        colors = cmap(np.linspace(0, 1, 256), bytes=True)
        colors[0] = 0
        rows, columns = self.data.shape[1:]
        extent = self.extent or (-0.5, columns - 0.5, -0.5, rows - 0.5)
        ax.set_xlim(extent[:2])
        ax.set_ylim(extent[2:])
        ax.set_aspect("equal" if self.extent is None else "auto")
        picture = Picture(ax, extent, colors, smooth=False, zorder=BACK)
        scale = ScalarMappable(Normalize(*self.limits), cmap)
        bar = ax.figure.colorbar(scale, ax=ax, label=self.label)
        bar.outline.set_visible(False)
        before = set(ax.get_children())
        self._finish(ax, picture)
        picture.check_axes("an ImageSwarm")
        for artist in set(ax.get_children()) - before:  # which it would hide altogether
            artist.set_zorder(max(artist.get_zorder(), BACK + 0.01))

    def animate(self, frame: int) -> None:
        """Colour the picture by the values of a frame."""
        low, high = self.limits
        values = np.asarray(self.data[frame], dtype=float)
        with np.errstate(invalid="ignore", over="ignore"):
            shades = 1 + 254 * np.clip((values - low) / (high - low), 0, 1)
        shades[~np.isfinite(values)] = 0
        self.artists[0].set_data(np.rint(shades).astype(np.uint8))
