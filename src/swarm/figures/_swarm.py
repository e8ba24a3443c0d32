"""The curves of a swarm as a plotly figure with an epoch slider."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from swarm._drawing import said_of_strays, truth_points
from swarm._limits import Limits, robust_limits
from swarm.figures._look import (
    add_slider,
    axis_look,
    compact,
    empty_figure,
    epoch_labels,
    frames_of,
    packed,
)
from swarm.figures._scene import ends
from swarm.style import LIGHT, PATHS, opacity

__all__ = ["swarm_figure"]

Array = NDArray[Any]


def swarm_figure(
    x: ArrayLike,
    data: ArrayLike,
    *,
    truth: Any = None,
    epochs: Sequence[int] | None = None,
    title: str = "A swarm learns",
    xlabel: str = "x",
    ylabel: str = "y",
    caption: str | None = None,
    max_frames: int = 40,
) -> go.Figure:
    """Draw the curves of a swarm, with their median, and an epoch slider.

    Parameters
    ----------
    x : array_like of float, shape (N,)
    data : array_like of float, shape (bee, epoch, N)
        What each bee makes of `x` after each epoch. The figure carries all of
        it, 2 bytes a number (4 where some are not finite), so choose some 50
        bees and 100 points. What is not finite is a gap, and does not count for
        the median.
    truth : array_like of shape (N,), or tuple of two of shape (M,), optional
        The true curve at `x`, or x and y of points to learn, drawn behind.
    epochs : sequence of int, optional
        What to call the recorded epochs on the slider; by default 0, 1, 2, …
    title, xlabel, ylabel : str
    caption : str, optional
        Put into ``layout.meta``; by default a sentence on what is seen.
    max_frames : int, default 40
        The most steps of the slider; longer runs are thinned evenly.

    Returns
    -------
    plotly.graph_objects.Figure
        It opens at the first epoch; its `still` shows the last.

    Raises
    ------
    ValueError
        If the shapes do not fit together, or no value is finite.

    Notes
    -----
    The vertical axis shows the truth and the curves, but for what lies far outside the
    middle nine tenths of them (see `swarm.animator.LineSwarm`); the caption says how many
    bees leave it. Curves are held to 1/43690 of the axis, half of a step of 1/21845.
    """
    x, data = np.asarray(x, dtype=float), np.asarray(data, dtype=float)
    if x.ndim != 1 or data.ndim != 3 or data.shape[2] != len(x):
        raise ValueError(
            "data must have the shape (bee, epoch, N) for N values of x, got "
            f"{data.shape} for x of shape {x.shape}"
        )
    data = np.where(np.isfinite(data), data, np.nan)
    labels = epoch_labels(epochs, data.shape[1])
    frames = frames_of(data.shape[1], max_frames)
    points = None if truth is None else truth_points(truth, x)
    ends(data)  # at least one is finite
    shown = robust_limits(data[:, frames], keep=[] if points is None else points[1], margin=0.04)
    median = _median(data)
    figure = empty_figure(title)
    if points is not None:
        figure.add_scatter(
            x=compact(points[0]),
            y=compact(points[1]),
            mode="markers",
            name="data",
            marker={"color": LIGHT.truth, "size": 4},
            hoverinfo="skip",
        )
    lines, own = _lines(data[:, frames], shown)
    _add_curves(figure, x, lines, median, xlabel, ylabel)
    last = len(figure.data) - 1
    add_slider(
        figure,
        [
            [go.Scatter(y=line), go.Scatter(y=compact(middle))]
            for line, middle in zip(lines, median[frames], strict=True)
        ],
        [last - 1, last],
        [labels[i] for i in frames],
        below=44,
    )
    alt = _words(data[:, frames], median[-1], shown, (xlabel, ylabel), (labels[0], labels[-1]))
    figure.update_layout(
        xaxis=axis_look(xlabel, *ends(x)),
        yaxis=axis_look(ylabel, *shown) | _whole(*shown),
        yaxis2={"overlaying": "y", "visible": False, "range": own} | _whole(*own),
        meta={"caption": caption or alt, "alt": alt, "still": labels[-1]},
    )
    return figure


def _median(data: Array) -> Array:
    """Return the median of the bees that are known, (epoch, N); NaN where none is."""
    known = np.isfinite(data).any(axis=0)
    median: Array = np.nanmedian(np.where(known, data, 0.0), axis=0)
    return np.where(known, median, np.nan)


def _lines(data: Array, shown: Limits) -> tuple[Array, Limits]:
    """Join all bees of a frame to one line: (frame, bee · (N + 1)), and the axis that it needs.

    Most of the figure's size: small whole numbers, on an axis of their own behind the other's.
    What leaves the plot does so on lines that end a height of it further on.
    """
    low, high = shown
    away = float(np.nanmin(data)) < low or float(np.nanmax(data)) > high
    room = high - low if away else 0.0
    steps, own = packed(data.clip(low - room, high + room), low - room, high + room)
    if away and steps.dtype == np.int16:
        own = (own[0] + 65535 / 3, own[1] - 65535 / 3)
    elif away:
        own = shown
    joined = np.concatenate([steps, steps[..., -1:]], axis=2).transpose(1, 0, 2)
    return joined.reshape(len(joined), -1), own


def _add_curves(
    figure: go.Figure, x: Array, lines: Array, median: Array, xlabel: str, ylabel: str
) -> None:
    """Add the bees and their median as they are at first."""
    bees = lines.shape[1] // (len(x) + 1)
    figure.add_scatter(
        # Broken where x is NaN between the bees.
        x=np.tile(np.append(compact(x), np.float32(np.nan)), bees),
        y=lines[0],
        yaxis="y2",
        mode="lines",
        name=f"{bees} bees",
        line={"color": LIGHT.bee, "width": 1},
        opacity=opacity(bees),
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=compact(x),
        y=compact(median[0]),
        mode="lines",
        name="median bee",
        line={"color": PATHS[0], "width": 2.5},
        zorder=1,
        hovertemplate=f"{xlabel} = %{{x:.3~g}}<br>median {ylabel} = %{{y:.4~g}}<extra></extra>",
    )


def _words(
    data: Array, median: Array, shown: Limits, axes: tuple[str, str], epochs: tuple[str, str]
) -> str:
    """Say what is seen, and what leaves the plot."""
    alt = (
        f"Curves of {len(data)} bees, {axes[1]} over {axes[0]}, from epoch {epochs[0]} to epoch "
        f"{epochs[1]}"
    )
    if np.isfinite(median).any():
        low, high = ends(median)
        alt += f"; at the end their median runs from {low:.3g} to {high:.3g}"
    away = ((data < shown[0]) | (data > shown[1])).any(axis=(1, 2)).sum()
    if away:
        alt += f". {said_of_strays(away, len(data), {axes[1]: shown})}"
    return alt + "."


def _whole(low: float, high: float) -> dict[str, Any]:
    """Make an axis that is asked to show all data show this range, so that two stay in step."""
    return {"autorangeoptions": {"minallowed": low, "maxallowed": high}}
