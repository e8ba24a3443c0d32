"""Curves that move: what all plots of curves share, and a line for each bee."""

from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from numpy.typing import ArrayLike

from swarm._limits import Limits, robust_limits
from swarm.animator._plot import (
    BACK,
    Hooks,
    MovingPlot,
    check_scores,
    draw_key,
    draw_truth,
    rank_colors,
    to_array,
)
from swarm.animator._strokes import Strokes
from swarm.style import opacity

__all__ = ["Curves", "LineSwarm"]


class Curves(MovingPlot):
    """Curves over a common x, perhaps with a true one."""

    def __init__(
        self, x: Any, data: Any, truth: Any, first: str, hook: Hooks, set_kwargs: dict[str, Any]
    ) -> None:
        super().__init__(hook, set_kwargs)
        self.x = to_array(x, "x", "(N,)").astype(float, copy=False)
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

    def _x_limits(self, scale: str = "linear") -> Limits:
        return robust_limits(self.x, margin=0.0, scale=scale)

    def _y_limits(self, scale: str = "linear") -> Limits:
        keep = () if self.truth is None else self.truth
        return robust_limits(self.data, keep=keep, scale=scale)


class LineSwarm(Curves):
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
        self.color_by = check_scores(color_by, lines)
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
        self._limit(ax, x=self._x_limits, y=self._y_limits)
        if self.truth is not None:
            draw_truth(ax, self.x, self.truth, zorder=BACK - 0.05)
        lines = len(self.data)
        self._lines = np.arange(lines)
        colors: Any = to_rgba("C0" if self.color is None else self.color)
        if self.color_by is not None:
            worst = np.where(np.isfinite(self.color_by), self.color_by, np.inf)
            self._lines = np.argsort(-worst, kind="stable")
            colors = rank_colors(self.color_by)[self._lines]
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
            zorder=BACK,
        )
        ax.add_collection(swarm, autolim=False)
        self._finish(ax, swarm)

    def animate(self, frame: int) -> None:
        """Move the lines to where they are in a frame."""
        self._points[..., 1] = self.data[self._lines, frame]
        self.artists[0].set_segments(self._points)
