"""Plots that move: arrays of a swarm to matplotlib artists, frame by frame.

Every plot here follows the `SwarmPlot` protocol, and so can yours.
"""

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import to_rgba
from matplotlib.patches import StepPatch
from numpy.typing import ArrayLike, NDArray

from swarm.style import bee_colormap

__all__ = ["HistogramSwarm", "LineSwarm", "ScatterSwarm", "SwarmPlot"]

Array = NDArray[Any]
Limits = tuple[float, float]
Hook = Callable[[Axes], object]
Hooks = Hook | Iterable[Hook]

SAMPLE = 1_000_000  # values that limits are estimated from
FRONT = 3.5  # in front of grid, truth and frame: then only what moves is drawn each time


@runtime_checkable
class SwarmPlot(Protocol):
    """What `swarm.animator.swarm_animate` asks of a plot: write your own.

    Draw what stands still once, in `plot_init`, and there make the artists that
    move; change these, and nothing else, in `animate`. Fix the limits of the axes in
    `plot_init`: nothing in a movie should jump. Colours ``"C0"`` to ``"C3"`` and all
    of `matplotlib.rcParams` are those of the movie's style, light or dark.

    A plot is copied (`copy.copy`) for each version of a movie, so `plot_init` must
    *assign* `artists`, not append to it.

    Examples
    --------
    The mean of a swarm, a line that moves:

    >>> import numpy as np
    >>> from swarm import animator
    >>> class MeanLine:
    ...     def __init__(self, x, data):  # (N,), (bee, epoch, N)
    ...         self.x, self.mean = x, data.mean(axis=0)
    ...         self.num_frames = len(self.mean)
    ...
    ...     def plot_init(self, ax):
    ...         ax.set_xlim(self.x[0], self.x[-1])
    ...         ax.set_ylim(self.mean.min(), self.mean.max())
    ...         self.artists = ax.plot(self.x, self.mean[0], color="C1")
    ...
    ...     def animate(self, frame):
    ...         self.artists[0].set_ydata(self.mean[frame])
    >>> plot = MeanLine(np.arange(3.0), np.zeros((5, 2, 3)) + np.arange(3))
    >>> isinstance(plot, animator.SwarmPlot)
    True
    """

    @property
    def num_frames(self) -> int:
        """How many frames there are: one for each epoch."""

    @property
    def artists(self) -> Sequence[Artist]:
        """The artists that move, once `plot_init` has made them."""

    def plot_init(self, ax: Axes) -> object:
        """Draw into empty axes all that stands still, and make the artists."""

    def animate(self, frame: int) -> object:
        """Give the artists the state of a frame, counted from 0."""


def to_array(data: Any, name: str, shape: str) -> Array:
    """Take an array or tensor of numbers, and check its number of axes.

    Parameters
    ----------
    data : array_like or torch.Tensor
        Not copied if it need not be.
    name : str
        What to call it in errors.
    shape : str
        Names of its axes, such as ``"(line, frame, N)"``.

    Returns
    -------
    numpy.ndarray
        Real numbers; booleans and integers stay what they are.

    Raises
    ------
    ValueError
        If it has another number of axes, or none along one of them.
    TypeError
        If it isn't real numbers.
    """
    if hasattr(data, "detach"):
        data = data.detach().cpu()
    array = np.asarray(data)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must be real numbers, got dtype {array.dtype}")
    if array.ndim != shape.count(",") + (",)" not in shape):
        raise ValueError(f"{name} must have shape {shape}, got {array.shape}")
    if not array.size:
        raise ValueError(f"{name} of shape {shape} is empty: got {array.shape}")
    return array


def setter_hook(set_kwargs: Mapping[str, Any]) -> Hook:
    """Turn ``set_title="…"`` and the like into a function of axes.

    Raises
    ------
    ValueError
        At once, if axes have no such method; when applied, if the method refuses
        its argument.
    """
    for name in set_kwargs:
        if name.startswith("_") or not callable(getattr(Axes, name, None)):
            near = difflib.get_close_matches(name, [n for n in dir(Axes) if n[:4] == "set_"], 1)
            hint = f"; did you mean {near[0]!r}?" if near else ", for example set_title"
            raise ValueError(f"matplotlib axes have no method {name!r}{hint}")

    def apply(ax: Axes) -> None:
        for name, value in set_kwargs.items():
            try:
                getattr(ax, name)(value)
            except Exception as error:
                raise ValueError(f"axes refused {name}={value!r}: {error}") from error

    return apply


def robust_limits(
    *arrays: Array, keep: ArrayLike = (), margin: float = 0.05, tame: float = 2.0
) -> Limits:
    """Choose limits that show the swarm, whatever a few wild bees do.

    All of the finite values if their range is at most `tame` times that of the
    middle 99 %, otherwise that middle.

    Parameters
    ----------
    *arrays : numpy.ndarray
        Values, of any shape. Limits are estimated from about a million of them.
    keep : array_like
        Values to show in any case.
    margin : float, default 0.05
        To add at both ends, as a fraction of the range.
    tame : float, default 2.0
        See above.

    Returns
    -------
    low, high : float
        Finite, low < high; (0, 1) with margins if no value is finite.
    """
    sample = np.concatenate([_sample(array) for array in arrays] or [np.empty(0)])
    kept = np.asarray(keep, dtype=float).ravel()
    kept = kept[np.isfinite(kept)]
    ends = [float(v) for v in (kept.min(), kept.max())] if kept.size else []
    if sample.size:
        low, high = (float(v) for v in np.quantile(sample, (0.005, 0.995)))
        wide = (float(sample.min()), float(sample.max()))
        ends += wide if wide[1] - wide[0] <= tame * (high - low) else (low, high)
    low, high = (min(ends), max(ends)) if ends else (0.0, 1.0)
    if high - low <= 1e-12 * max(abs(low), abs(high)):
        half = 0.5 * max(abs(low), 1e-300) if low else 0.5
        low, high = low - half, high + half
    return low - margin * (high - low), high + margin * (high - low)


def _sample(array: Array) -> Array:
    """Take about `SAMPLE` of the finite values, the same ones each time."""
    if array.size > SAMPLE and array.ndim > 1:
        # Whole rows along the last axis, spread evenly over all the others.
        rows = np.linspace(0, array[..., 0].size - 1, max(1, SAMPLE // array.shape[-1]))
        array = array[np.unravel_index(rows.astype(int), array.shape[:-1])]
    values = array[np.isfinite(array)].astype(float, copy=False)
    return values[np.abs(values) < 1e300]  # room for a difference of two of them


def rank_colors(values: ArrayLike, count: int) -> Array:
    """Colour bees by the rank of a value, so that a wild one cannot wash out the rest.

    Parameters
    ----------
    values : array_like of shape (bee,)
        Low values get the light end on a dark background, the dark end on a light
        one; NaN and infinite ones count as highest.
    count : int
        Number of bees.

    Returns
    -------
    numpy.ndarray of shape (bee, 4)
        Red, green, blue, alpha, 0-1.
    """
    scores = to_array(values, "color_by", "(bee,)").astype(float)
    if len(scores) != count:
        raise ValueError(f"color_by must have one value for each of {count}, got {len(scores)}")
    ranks = np.empty(count)
    ranks[np.argsort(np.where(np.isfinite(scores), scores, np.inf), kind="stable")] = range(count)
    return np.asarray(bee_colormap()(ranks / max(1, count - 1)))


class _Plot:
    """What the plots of this package share: hooks, and artists."""

    def __init__(self, hook: Hooks) -> None:
        self.hook: list[Hook] = [hook] if callable(hook) else list(hook)
        self.artists: list[Any] = []

    def _finish(self, ax: Axes, *artists: Artist) -> None:
        """Let the hooks have the last word on the axes, then keep the artists."""
        for hook in self.hook:
            hook(ax)
        ax.set_autoscale_on(False)
        self.artists = list(artists)


class LineSwarm(_Plot):
    """Curves that move: one line for each bee.

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
    alpha : float, optional
        Opacity of a line, 0-1; by default the less, the more lines there are.
    linewidth : float, optional
        In points.

    Raises
    ------
    ValueError
        If shapes don't fit, or there is no data.

    Notes
    -----
    Limits show all of `truth` and the middle of the data (see `robust_limits`);
    ``set_ylim`` and hooks overrule them.
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
        alpha: float | None = None,
        linewidth: float | None = None,
    ) -> None:
        super().__init__(hook)
        self.x = to_array(x, "x", "(N,)")
        self.data = to_array(data, "data", "(line, frame, N)")
        if self.data.shape[2] != len(self.x):
            raise ValueError(
                f"data must have shape (line, frame, {len(self.x)}) to go with x, "
                f"got {self.data.shape}"
            )
        self.truth = None if truth is None else to_array(truth, "the true curve", "(N,)")
        if self.truth is not None and self.truth.shape != self.x.shape:
            raise ValueError(
                f"the true curve must have as many points as x, {len(self.x)}, "
                f"got {len(self.truth)}"
            )
        lines = len(self.data)
        self.color = color
        self.color_by = None if color_by is None else np.asarray(color_by, dtype=float)
        if self.color_by is not None:
            rank_colors(self.color_by, lines)
        self.alpha = (
            alpha if alpha is not None else float(np.clip(2.4 / np.sqrt(lines), 0.06, 0.9))
        )
        self.linewidth = linewidth

    @classmethod
    def standard(
        cls,
        xd: ArrayLike,
        yd: ArrayLike,
        data: ArrayLike,
        *,
        color: Any = None,
        color_by: ArrayLike | None = None,
        alpha: float | None = None,
        linewidth: float | None = None,
        **set_kwargs: Any,
    ) -> "LineSwarm":
        """Show a swarm over the true curve, which is drawn as dots.

        Parameters
        ----------
        xd, yd : array_like of shape (N,)
            The true curve.
        data : array_like of shape (line, frame, N)
            The swarm.
        color, color_by, alpha, linewidth
            See the class.
        **set_kwargs
            Setters of the axes, ``set_title="…"``.

        Raises
        ------
        ValueError
            As the class; and if axes have no such setter.
        """
        look: Any = {"color": color, "color_by": color_by, "alpha": alpha, "linewidth": linewidth}
        return cls(xd, data, setter_hook(set_kwargs), truth=yd, **look)

    @classmethod
    def auto_range(
        cls,
        xd: ArrayLike,
        data: ArrayLike,
        *,
        color: Any = None,
        color_by: ArrayLike | None = None,
        alpha: float | None = None,
        linewidth: float | None = None,
        **set_kwargs: Any,
    ) -> "LineSwarm":
        """Show a swarm alone, with limits from its data.

        Parameters
        ----------
        xd : array_like of shape (N,)
            Where the curves are given.
        data : array_like of shape (line, frame, N)
            The swarm.
        color, color_by, alpha, linewidth
            See the class.
        **set_kwargs
            Setters of the axes, ``set_title="…"``.

        Raises
        ------
        ValueError
            As the class; and if axes have no such setter.
        """
        look: Any = {"color": color, "color_by": color_by, "alpha": alpha, "linewidth": linewidth}
        return cls(xd, data, setter_hook(set_kwargs), **look)

    @property
    def num_frames(self) -> int:
        """How many frames there are."""
        return self.data.shape[1]

    def plot_init(self, ax: Axes) -> None:
        """Draw the truth, set the limits, make the lines."""
        ax.set_xlim(*robust_limits(self.x, margin=0.0))
        ax.set_ylim(*robust_limits(self.data, keep=() if self.truth is None else self.truth))
        if self.truth is not None:
            draw_truth(ax, self.x, self.truth)
        lines = len(self.data)
        self._lines = np.arange(lines)
        colors: Any = to_rgba("C0" if self.color is None else self.color)
        if self.color_by is not None:
            colors = rank_colors(self.color_by, lines)
            worst = np.where(np.isfinite(self.color_by), self.color_by, np.inf)
            self._lines = np.argsort(-worst, kind="stable")
            colors = colors[self._lines]
        # Both coordinates of all lines, in one array that is refilled for each frame.
        self._points = np.empty((lines, len(self.x), 2))
        self._points[..., 0] = self.x
        self._points[..., 1] = np.nan
        swarm = LineCollection(
            list(self._points),
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


def draw_truth(ax: Axes, x: Array, y: Array) -> None:
    """Draw a true curve as dots; at most about a hundred, or they would be a line."""
    few = slice(None, None, max(1, len(x) // 100))
    ax.plot(
        x[few],
        y[few],
        ".",
        color=to_rgba("C2"),
        zorder=2,
        label="truth",
        markersize=1.6 * mpl.rcParams["lines.markersize"],
    )


class HistogramSwarm(_Plot):
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

    Attributes
    ----------
    edges : numpy.ndarray of shape (num_bins + 1,)
        Edges of the bins.
    heights : numpy.ndarray of shape (frame, num_bins)
        Counts or densities.

    Raises
    ------
    ValueError
        If `data` has another shape or is empty, or `num_bins` or `range` makes no bins.
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
    ) -> None:
        super().__init__(hook)
        self.data = to_array(data, "data", "(frame, value)")
        if num_bins < 1:
            raise ValueError(f"num_bins must be at least 1, got {num_bins}")
        if range is not None and not (np.isfinite(range).all() and range[0] < range[1]):
            raise ValueError(f"range must be two finite numbers, low < high, got {range}")
        self.density, self.color = density, color
        low, high = robust_limits(self.data, margin=0.0, tame=3.0) if range is None else range
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
        cls,
        data: ArrayLike,
        num_bins: int = 100,
        *,
        range: Limits | None = None,
        density: bool = False,
        color: Any = None,
        **set_kwargs: Any,
    ) -> "HistogramSwarm":
        """Show how the values of all bees are distributed in each epoch.

        Parameters
        ----------
        data : array_like of shape (bee, epoch, *dims)
            The values of a swarm.
        num_bins, range, density, color
            See the class.
        **set_kwargs
            Setters of the axes, ``set_title="…"``.

        Raises
        ------
        ValueError
            As the class; and if axes have no such setter.
        """
        values = data.detach().cpu() if hasattr(data, "detach") else data
        array = np.asarray(values)
        if array.ndim < 2 or not array.size:
            raise ValueError(f"data must have shape (bee, epoch, *dims), got {array.shape}")
        frames = np.moveaxis(array, 1, 0).reshape(array.shape[1], -1)
        hook = setter_hook(set_kwargs)
        return cls(frames, num_bins, hook, range=range, density=density, color=color)

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
            facecolor=color,
            alpha=0.85,
            linewidth=0,
            zorder=FRONT,
        )
        ax.add_artist(bars)
        self._finish(ax, bars)

    def animate(self, frame: int) -> None:
        """Set the bars to the heights of a frame."""
        self.artists[0].set_data(self.heights[frame])


class ScatterSwarm(_Plot):
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
    color, color_by, alpha
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
        alpha: float | None = None,
        size: float | None = None,
        **set_kwargs: Any,
    ) -> None:
        super().__init__(hook)
        self.hook.append(setter_hook(set_kwargs))
        self.data = to_array(data, "data", "(bee, epoch, 2)")
        if self.data.shape[2] != 2:
            raise ValueError(f"data must have shape (bee, epoch, 2), got {self.data.shape}")
        if trail < 0:
            raise ValueError(f"trail must be 0 or more epochs, got {trail}")
        self.trail, self.color, self.size = trail, color, size
        self.color_by = None if color_by is None else np.asarray(color_by, dtype=float)
        if self.color_by is not None:
            rank_colors(self.color_by, len(self.data))
        bees = len(self.data)
        faint = float(np.clip(8 / np.sqrt(bees), 0.15, 0.9))
        self.alpha = faint if alpha is None else alpha

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
            tails = LineCollection(
                [],
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
