"""Surfaces and swarms as plotly figures, which can be turned and hovered over.

Every figure carries its data as float32, has a transparent background and
colours that read on light and dark pages, and says in ``layout.meta`` what it
shows: ``caption`` for the page, ``alt`` for those who cannot see it.
`still` draws the same picture with matplotlib, for print and for readers
without JavaScript.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from swarm.figures import _look as look
from swarm.figures._save import save
from swarm.figures._scene import Scene, Ways, add_surface, ends, is_log, where
from swarm.figures._still.still import still
from swarm.surface import Surface

__all__ = ["contour_figure", "descent_figure", "save", "still", "surface_figure", "swarm_figure"]

Array = NDArray[Any]


def surface_figure(
    surface: Surface,
    paths: Ways | None = None,
    *,
    title: str | None = None,
    caption: str | None = None,
    log: bool | None = None,
    color_by: ArrayLike | str | None = "loss",
) -> go.Figure:
    """Draw a loss surface in three dimensions, with paths on it.

    Parameters
    ----------
    surface : Surface
    paths : Paths, or sequence or mapping of them, optional
        Drawn at their true losses. The keys of a mapping name them in a
        legend. Points far outside the surface's window are left out, which
        the caption says.
    title : str, optional
        By default "Loss surface", with the surface's name in place of "loss".
    caption : str, optional
        Put into ``layout.meta``; by default a sentence on what is seen.
    log : bool, optional
        Whether the colours follow the logarithm of the values; by default
        where all are positive and the largest is more than 30 times the
        smallest.
    color_by : array_like of float, shape (bee,), "loss" or None, default "loss"
        What a single swarm's bees are coloured by, in fifths of equally many:
        a value for each bee, or their final loss. None gives all one colour;
        one of several paths or swarms has a colour of its own in any case.

    Returns
    -------
    plotly.graph_objects.Figure
        Turned to the side from which most of the paths (or, without any, most
        of the lowest ground) is in sight.

    Raises
    ------
    ValueError
        If a path lies on another plane, the surface has no finite value,
        `log` is asked of values that are not positive, or `color_by` does not
        fit the swarm.
    """
    scene = Scene(surface, paths, color_by)
    figure = look.figure(title or f"{_capital(surface.name)} surface", scene.fidelity())
    add_surface(figure, surface, log)
    for strand in scene.strands:
        one = len(strand.path.losses) == 1
        x, y, z, told = scene.strung(strand)
        figure.add_scatter3d(
            x=x,
            y=y,
            z=z,
            customdata=told,
            mode="lines+markers" if one else "lines",
            name=strand.name,
            line={"color": strand.colour, "width": 6 if one else 2.5},
            marker={"color": strand.colour, "size": 3},
            opacity=1 if one else 0.8,
            showlegend=len(scene.strands) > 1,
            hovertemplate=scene.hover(strand, scene.told(strand)),
        )
    figure.update_layout(scene=scene.layout(), meta=scene.meta(caption), legend=scene.key())
    return figure


def contour_figure(
    surface: Surface,
    paths: Ways | None = None,
    *,
    title: str | None = None,
    caption: str | None = None,
    log: bool | None = None,
    color_by: ArrayLike | str | None = "loss",
) -> go.Figure:
    """Draw a loss surface from above, as contour lines, with paths on it.

    Parameters
    ----------
    surface, paths, title, caption, log, color_by
        As for `surface_figure`.

    Returns
    -------
    plotly.graph_objects.Figure

    Raises
    ------
    ValueError
        As for `surface_figure`.
    """
    scene = Scene(surface, paths, color_by)
    figure = look.figure(title or f"{_capital(surface.name)} from above", scene.fidelity())
    values, ticks, shown = surface.values, None, "z"
    extra: dict[str, Any] = {}
    if is_log(surface, log):
        at, texts = look.log_ticks(*ends(surface.values))
        values, ticks = np.log10(surface.values), (np.log10(at), texts)
        shown, extra = "customdata", {"customdata": look.small(surface.values)}
    low, high = ends(values)
    figure.add_contour(
        x=look.small(surface.xs),
        y=look.small(surface.ys),
        z=look.small(values),
        name=surface.name,
        colorscale=look.colour_scale(),
        contours={"start": low, "end": high, "size": (high - low) / 20 or 1.0},
        line={"width": 0.6, "color": "rgba(255,255,255,0.55)"},
        colorbar=look.colour_bar(ticks, surface.name),
        hovertemplate=where(surface, shown),
        **extra,
    )
    for strand in scene.strands:
        bees, epochs = strand.path.losses.shape
        x, y, z, told = scene.strung(strand)
        figure.add_scatter(
            x=x,
            y=y,
            customdata=np.column_stack([told, z]),
            mode="lines+markers" if bees == 1 else "lines",
            name=strand.name,
            line={"color": strand.colour, "width": 2.5 if bees == 1 else 1.2},
            marker={
                "color": strand.colour,
                "size": 5 if epochs > 1 else 10,
                "line": {"color": "white", "width": 0.8},
            },
            opacity=1 if bees == 1 else 0.8,
            showlegend=len(scene.strands) > 1,
            hovertemplate=scene.hover(strand, scene.told(strand), f"customdata[{told.shape[1]}]"),
        )
    figure.update_layout(
        xaxis=look.axis(surface.plane.labels[0], *scene.spans[0]),
        yaxis=look.axis(surface.plane.labels[1], *scene.spans[1]),
        legend=scene.key(),
        meta=scene.meta(caption),
    )
    return figure


def descent_figure(
    surface: Surface,
    paths: Ways,
    *,
    epochs: Sequence[int] | None = None,
    title: str | None = None,
    caption: str | None = None,
    log: bool | None = None,
    color_by: ArrayLike | str | None = "loss",
    max_frames: int = 60,
) -> go.Figure:
    """Draw bees that roll down a surface together, with play, pause and an epoch slider.

    Parameters
    ----------
    surface, paths, title, caption, log, color_by
        As for `surface_figure`. Each bee is a ball; a bee outside the window
        is left out while it is there.
    epochs : sequence of int, optional
        What to call the recorded epochs on the slider; by default 0, 1, 2, …
    max_frames : int, default 60
        The most steps of the slider. Longer runs are thinned evenly, the
        first and the last epoch are always kept.

    Returns
    -------
    plotly.graph_objects.Figure
        It opens at the first epoch; its `still` shows the last.

    Raises
    ------
    ValueError
        As for `surface_figure`; also if `epochs` does not fit the paths, the
        paths differ in length, or there are none.
    """
    scene = Scene(surface, paths, color_by)
    lengths = {path.losses.shape[1] for path in scene.paths.values()}
    if len(lengths) != 1:
        raise ValueError(f"a descent needs paths of one length, got lengths {sorted(lengths)}")
    labels = _labels(epochs, lengths.pop())
    frames = look.thinned(len(labels), max_frames)
    figure = look.figure(title or f"{_capital(surface.name)}: the descent", scene.fidelity())
    add_surface(figure, surface, log)

    def ball(points: Array, radius: Any) -> dict[str, Array]:
        """Place balls (3, bee) on the surface, and keep their losses to hover over."""
        return {"x": points[0], "y": points[1], "z": points[2] + radius, "customdata": points[2]}

    balls: list[Array] = []
    moving = []
    # A ball rests on the surface, so its middle is a little above it.
    radius = np.float32(0.012 * np.ptp(scene.spans[2]))
    for strand in scene.strands:
        count = len(strand.path.losses)
        x, y, z, _ = scene.strung(strand, frames)
        if count * len(frames) <= 20_000:
            figure.add_scatter3d(
                x=x,
                y=y,
                z=z + radius / 2,
                mode="lines",
                name=f"{strand.name}: trails",
                line={"color": strand.colour, "width": 1.5},
                opacity=0.5,
                legendgroup=strand.name,
                showlegend=False,
                hoverinfo="skip",
            )
        points = scene.points(strand.path)[strand.bees][:, frames]  # (bee, frame, 3)
        balls.append(look.small(points.transpose(1, 2, 0)))  # (frame, 3, bee)
        moving.append(len(figure.data))
        final = strand.path.losses[:, -1]
        figure.add_scatter3d(
            **ball(balls[-1][0], radius),
            mode="markers",
            name=strand.name,
            legendgroup=strand.name,
            marker={"color": strand.colour, "size": 4.5 if count <= 100 else 3.5},
            showlegend=len(scene.strands) > 1,
            text=[f"bee {bee}, final {surface.name} {final[bee]:.4g}" for bee in strand.bees],
            hovertemplate=scene.hover(strand, "%{text}", "customdata"),
        )
    look.add_slider(
        figure,
        [
            [go.Scatter3d(**ball(points[i], radius)) for points in balls]
            for i in range(len(frames))
        ],
        moving,
        [labels[i] for i in frames],
    )
    figure.update_layout(
        scene=scene.layout(),
        meta=scene.meta(caption) | {"still": labels[-1]},
        legend=scene.key(),
        height=620,
    )
    return figure


def swarm_figure(
    x: ArrayLike,
    data: ArrayLike,
    *,
    truth: tuple[ArrayLike, ArrayLike] | None = None,
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
        bees and 100 points.
    truth : tuple of two array_like, shape (M,), optional
        x and y of the points to learn, drawn behind.
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
        If the shapes do not fit together.
    """
    x, data = np.asarray(x, dtype=np.float32), np.asarray(data, dtype=np.float32)
    if x.ndim != 1 or data.ndim != 3 or data.shape[2] != len(x):
        raise ValueError(
            "data must have the shape (bee, epoch, N) for N values of x, got "
            f"{data.shape} for x of shape {x.shape}"
        )
    bees, length, _ = data.shape
    labels = _labels(epochs, length)
    frames = look.thinned(length, max_frames)
    median = np.median(data, axis=0)  # (epoch, N)
    shown = data[:, frames]
    low, high = ends(shown if truth is None else np.append(shown, np.asarray(truth[1], float)))
    room = 0.04 * (high - low) or 0.5
    low, high = low - room, high + room
    # Most of the figure's size: small whole numbers, on an axis of their own behind the other's.
    steps, own = look.packed(shown, low, high)
    # One line for all bees, broken where x is NaN between them: (frame, bee · (N + 1)).
    strung = np.concatenate([steps, steps[..., -1:]], axis=2).transpose(1, 0, 2)
    strung = strung.reshape(len(frames), -1)
    figure = look.figure(title)
    if truth is not None:
        figure.add_scatter(
            x=look.small(truth[0]),
            y=look.small(truth[1]),
            mode="markers",
            name="data",
            marker={"color": look.TRUTH, "size": 4},
            hoverinfo="skip",
        )
    figure.add_scatter(
        x=np.tile(np.append(x, np.float32(np.nan)), bees),
        y=strung[0],
        yaxis="y2",
        mode="lines",
        name=f"{bees} bees",
        line={"color": look.BEE, "width": 1},
        opacity=max(0.3, min(0.8, 8 / bees)),
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=x,
        y=median[0],
        mode="lines",
        name="median bee",
        line={"color": look.PATHS[0], "width": 2.5},
        zorder=1,
        hovertemplate=f"{xlabel} = %{{x:.3~g}}<br>median {ylabel} = %{{y:.4~g}}<extra></extra>",
    )
    last = len(figure.data) - 1
    look.add_slider(
        figure,
        [
            [go.Scatter(y=lines), go.Scatter(y=middle)]
            for lines, middle in zip(strung, median[frames], strict=True)
        ],
        [last - 1, last],
        [labels[i] for i in frames],
        below=44,
    )
    alt = (
        f"Curves of {bees} bees, {ylabel} over {xlabel}, from epoch {labels[0]} to epoch "
        f"{labels[-1]}; at the end their median runs from {median[-1].min():.3g} to "
        f"{median[-1].max():.3g}."
    )
    figure.update_layout(
        xaxis=look.axis(xlabel, *ends(x)),
        yaxis=look.axis(ylabel, low, high) | _whole(low, high),
        yaxis2={"overlaying": "y", "visible": False, "range": own} | _whole(*own),
        meta={"caption": caption or alt, "alt": alt, "still": labels[-1]},
    )
    return figure


def _labels(epochs: Sequence[int] | None, length: int) -> list[str]:
    if epochs is None:
        return [str(i) for i in range(length)]
    if len(epochs) != length:
        raise ValueError(f"{length} epochs were recorded, but epochs names {len(epochs)}")
    return [str(epoch) for epoch in epochs]


def _whole(low: float, high: float) -> dict[str, Any]:
    """Make an axis that is asked to show all data show this range, so that two stay in step."""
    return {"autorangeoptions": {"minallowed": low, "maxallowed": high}}


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
