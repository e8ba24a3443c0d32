"""Values of a swarm that move: counted into bars, as points in a plane, as a picture."""

from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import PathCollection
from matplotlib.colors import Colormap, Normalize, to_rgba
from matplotlib.patches import StepPatch
from numpy.typing import ArrayLike

from swarm._limits import Limits, robust_limits
from swarm.animator._plot import (
    FRONT,
    Hooks,
    MovingPlot,
    draw_key,
    rank_colors,
    to_array,
)
from swarm.animator._shades import Picture
from swarm.animator._strokes import Strokes
from swarm.style import diverging_colormap, opacity

__all__ = ["HistogramSwarm", "ImageSwarm", "ScatterSwarm"]


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
        array = np.asarray(data.detach().cpu() if hasattr(data, "detach") else data)
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
        ax.set_ylim(0, 1.05 * float(self.heights.max()) or 1.0)
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
            zorder=FRONT,
        )
        ax.add_artist(bars)
        self._finish(ax, bars)

    def animate(self, frame: int) -> None:
        """Set the bars to the heights of a frame."""
        self.artists[0].set_data(self.heights[frame])


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
        self.color_by = None if color_by is None else to_array(color_by, "color_by", "(bee,)")
        if self.color_by is not None:
            rank_colors(self.color_by, len(self.data))
        self.alpha = opacity(len(self.data), strength=8) if alpha is None else alpha

    @property
    def num_frames(self) -> int:
        """How many frames there are."""
        return self.data.shape[1]

    def plot_init(self, ax: Axes) -> None:
        """Set the limits, make the points and their trails."""
        ax.set_xlim(*robust_limits(self.data[..., 0]))
        ax.set_ylim(*robust_limits(self.data[..., 1]))
        bees = len(self.data)
        colors: Any = [to_rgba("C0" if self.color is None else self.color)]
        if self.color_by is not None:
            colors = rank_colors(self.color_by, bees)
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
        Left, right, bottom and top edge of the picture; by default pixels.
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
        If `data` has another shape or is empty, limits are no range, or axes have
        no such setter.
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
        picture = Picture(ax, extent, colors, smooth=False, zorder=FRONT)
        scale = ScalarMappable(Normalize(*self.limits), cmap)
        bar = ax.figure.colorbar(scale, ax=ax, label=self.label)
        bar.outline.set_visible(False)
        self._finish(ax, picture)

    def animate(self, frame: int) -> None:
        """Colour the picture by the values of a frame."""
        low, high = self.limits
        values = np.asarray(self.data[frame], dtype=float)
        with np.errstate(invalid="ignore", over="ignore"):
            shades = 1 + 254 * np.clip((values - low) / (high - low), 0, 1)
        shades[~np.isfinite(values)] = 0
        self.artists[0].set_data(np.rint(shades).astype(np.uint8))
