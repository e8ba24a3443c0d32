"""What a moving plot is, and what those of this package share: checks, limits, colours."""

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import ceil
from typing import Any, Protocol, runtime_checkable

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike, NDArray

from swarm._limits import Limits
from swarm.style import bee_colormap

__all__ = [
    "MovingPlot",
    "SwarmPlot",
    "check_scores",
    "draw_key",
    "draw_truth",
    "plain_array",
    "rank_colors",
    "setter_hook",
    "to_array",
]

Array = NDArray[Any]
Hook = Callable[[Axes], object]
Hooks = Hook | Iterable[Hook]
LimitsOn = Callable[[str], Limits]  # limits on an axis of this scale

# In front of the grid, but behind all that a hook draws. What is drawn before the moving
# artists stays; what comes after them is drawn anew for each frame.
BACK = 0.6
FRONT = 3.5  # in front of what hooks draw: only for what is small


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


def plain_array(data: Any) -> Array:
    """Take an array, a tensor, or nested sequences; what is masked becomes NaN."""
    if hasattr(data, "detach"):
        data = data.detach().cpu()
    elif isinstance(data, list | tuple) and any(map(np.ma.isMaskedArray, data)):
        data = np.ma.stack(data)
    if np.ma.is_masked(data):
        data = np.ma.filled(data.astype(np.result_type(data.dtype, np.float32)), np.nan)
    return np.asarray(data)


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
        Real numbers; booleans and integers stay what they are, unless some are masked:
        those are NaN.

    Raises
    ------
    ValueError
        If it has another number of axes, or none along one of them.
    TypeError
        If it isn't real numbers.
    """
    array = plain_array(data)
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


def check_scores(values: ArrayLike | None, count: int) -> Array | None:
    """Take a value for each bee, or none at all.

    Parameters
    ----------
    values : array_like of shape (bee,), optional
        What to colour bees by.
    count : int
        Number of bees.

    Returns
    -------
    numpy.ndarray of float, shape (bee,), or None

    Raises
    ------
    ValueError
        If there are more or fewer.
    """
    if values is None:
        return None
    scores = to_array(values, "color_by", "(bee,)").astype(float)
    if len(scores) != count:
        raise ValueError(f"color_by must have one value for each of {count}, got {len(scores)}")
    return scores


def rank_colors(scores: Array) -> Array:
    """Colour bees by the rank of a value, so that a wild one cannot wash out the rest.

    Parameters
    ----------
    scores : numpy.ndarray of shape (bee,)
        The lowest stand out most on the background in force; NaN and infinite ones
        count as highest.

    Returns
    -------
    numpy.ndarray of shape (bee, 4)
        Red, green, blue, alpha, 0-1.
    """
    count = len(scores)
    ranks = np.empty(count)
    ranks[np.argsort(np.where(np.isfinite(scores), scores, np.inf), kind="stable")] = range(count)
    return np.asarray(bee_colormap()(ranks / max(1, count - 1)))


def draw_key(ax: Axes, values: Array, label: str | None) -> None:
    """Say what the colours of `rank_colors` mean: those of the lowest, median and highest value.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Gets a legend.
    values : numpy.ndarray of shape (bee,)
        As for `rank_colors`. Of NaN and infinite ones nothing is said.
    label : str or None
        What the values are; None for no key.
    """
    if label is None:
        return
    finite = np.isfinite(values)
    order = np.argsort(np.where(finite, values, np.inf), kind="stable")[: finite.sum()]
    colors = rank_colors(values)
    picks = dict.fromkeys(order[[0, (len(order) - 1) // 2, -1]]) if order.size else ()
    lines = [Line2D([], [], color=colors[bee], label=f"{values[bee]:.2g}") for bee in picks]
    name = Line2D([], [], linestyle="none", label=label)
    # One line of text, so that it hides little of the curves.
    row: Any = {"ncols": 4, "loc": "upper right", "borderpad": 0.2, "borderaxespad": 0}
    ax.legend(handles=[name, *lines], handlelength=1, columnspacing=0.8, **row)


class MovingPlot:
    """What the plots of this package share: hooks, setters and artists.

    Parameters
    ----------
    hook : callable or sequence of callables
        Each is called with the axes, after they have their limits.
    set_kwargs : mapping
        Setters of the axes, applied last.
    """

    def __init__(self, hook: Hooks, set_kwargs: Mapping[str, Any]) -> None:
        self.hook: list[Hook] = [hook] if callable(hook) else list(hook)
        self.hook.append(setter_hook(set_kwargs))
        self.artists: list[Any] = []
        self._choosers: dict[str, LimitsOn] = {}

    def _limit(self, ax: Axes, **choosers: LimitsOn) -> None:
        """Set limits of the axes "x" and "y", each by a function of its scale."""
        self._choosers = choosers
        for axis, choose in choosers.items():
            ax.set(**{f"{axis}lim": choose(getattr(ax, f"get_{axis}scale")())})

    def _finish(self, ax: Axes, *artists: Artist) -> None:
        """Let hooks and setters have the last word on the axes, then keep the artists."""
        ax.set_autoscale_on(False)
        before = {axis: self._scale_and_limits(ax, axis) for axis in self._choosers}
        for hook in self.hook:
            hook(ax)
        for axis, choose in self._choosers.items():
            scale, limits = self._scale_and_limits(ax, axis)
            if scale != before[axis][0] and limits == before[axis][1]:
                ax.set(**{f"{axis}lim": choose(scale)})
        self.artists = list(artists)

    @staticmethod
    def _scale_and_limits(ax: Axes, axis: str) -> tuple[str, Limits]:
        return getattr(ax, f"get_{axis}scale")(), getattr(ax, f"get_{axis}lim")()


def draw_truth(ax: Axes, x: Array, y: Array, zorder: float) -> None:
    """Draw a true curve as dots, at most about a hundred across the figure."""
    place = ax.get_subplotspec()
    columns = place.get_gridspec().ncols if place else 1
    few = slice(None, None, ceil(len(x) * columns / 110))
    ax.plot(
        x[few],
        y[few],
        ".",
        color=to_rgba("C2"),
        markersize=(1.6 if columns == 1 else 1.2) * mpl.rcParams["lines.markersize"],
        zorder=zorder,
        label="truth",
    )
