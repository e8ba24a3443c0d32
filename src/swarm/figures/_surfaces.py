"""Loss surfaces and the paths on them as plotly figures."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from swarm.figures._look import (
    add_slider,
    axis_look,
    color_bar,
    color_scale,
    compact,
    empty_figure,
    epoch_labels,
    frames_of,
    log_ticks,
)
from swarm.figures._scene import (
    PathsLike,
    Scene,
    Strand,
    add_surface,
    ends,
    has_log_colors,
    hover_words,
)
from swarm.surface import Surface

__all__ = ["contour_figure", "descent_figure", "surface_figure"]

Array = NDArray[Any]


def surface_figure(
    surface: Surface,
    paths: PathsLike | None = None,
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
    surface = scene.surface
    figure = empty_figure(title or f"{_capital(surface.name)} surface", scene.plane_words())
    add_surface(figure, surface, log)
    for strand in scene.strands:
        one = len(strand.path.losses) == 1
        x, y, z, custom = scene.joined(strand)
        figure.add_scatter3d(
            x=x,
            y=y,
            z=z,
            customdata=custom,
            mode="lines+markers" if one else "lines",
            name=strand.name,
            line={"color": strand.color, "width": 6 if one else 2.5},
            marker={"color": strand.color, "size": 3},
            opacity=1 if one else 0.8,
            showlegend=len(scene.strands) > 1,
            hovertemplate=scene.hover(strand, scene.bee_words(strand)),
        )
    figure.update_layout(scene=scene.layout(), meta=scene.meta(caption), legend=scene.key())
    return figure


def contour_figure(
    surface: Surface,
    paths: PathsLike | None = None,
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
    surface = scene.surface
    figure = empty_figure(title or f"{_capital(surface.name)} from above", scene.plane_words())
    values, ticks, shown = surface.values, None, "z"
    extra: dict[str, Any] = {}
    if has_log_colors(surface, log):
        at, texts = log_ticks(*ends(surface.values))
        values, ticks = np.log10(surface.values), (np.log10(at), texts)
        shown, extra = "customdata", {"customdata": compact(surface.values)}
    low, high = ends(values)
    figure.add_contour(
        x=compact(surface.xs),
        y=compact(surface.ys),
        z=compact(values),
        name=surface.name,
        colorscale=color_scale(),
        contours={"start": low, "end": high, "size": (high - low) / 20 or 1.0},
        line={"width": 0.6, "color": "rgba(255,255,255,0.55)"},
        colorbar=color_bar(ticks, surface.name),
        hovertemplate=hover_words(surface, shown),
        **extra,
    )
    for strand in scene.strands:
        bees, epochs = strand.path.losses.shape
        x, y, z, custom = scene.joined(strand)
        figure.add_scatter(
            x=x,
            y=y,
            customdata=np.column_stack([custom, z]),
            mode="lines+markers" if bees == 1 else "lines",
            name=strand.name,
            line={"color": strand.color, "width": 2.5 if bees == 1 else 1.2},
            marker={
                "color": strand.color,
                "size": 5 if epochs > 1 else 10,
                "line": {"color": "white", "width": 0.8},
            },
            opacity=1 if bees == 1 else 0.8,
            showlegend=len(scene.strands) > 1,
            hovertemplate=scene.hover(
                strand, scene.bee_words(strand), f"customdata[{custom.shape[1]}]"
            ),
        )
    figure.update_layout(
        xaxis=axis_look(surface.plane.labels[0], *scene.spans[0]),
        yaxis=axis_look(surface.plane.labels[1], *scene.spans[1]),
        legend=scene.key(),
        meta=scene.meta(caption),
    )
    return figure


def descent_figure(
    surface: Surface,
    paths: PathsLike,
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
    surface = scene.surface
    lengths = {path.losses.shape[1] for path in scene.paths.values()}
    if len(lengths) != 1:
        raise ValueError(f"a descent needs paths of one length, got lengths {sorted(lengths)}")
    labels = epoch_labels(epochs, lengths.pop())
    frames = frames_of(len(labels), max_frames)
    figure = empty_figure(title or f"{_capital(surface.name)}: the descent", scene.plane_words())
    add_surface(figure, surface, log)

    # A ball rests on the surface, so its middle is a little above it.
    radius = np.float32(0.012 * np.ptp(scene.spans[2]))
    balls, moving = [], []
    for strand in scene.strands:
        points = scene.points(strand.path)[strand.bees][:, frames]  # (bee, frame, 3)
        balls.append(compact(points.transpose(1, 2, 0)))  # (frame, 3, bee)
        if len(strand.path.losses) * len(frames) <= 20_000:
            _add_trails(figure, scene, strand, frames, radius)
        moving.append(len(figure.data))
        _add_balls(figure, scene, strand, _ball(balls[-1][0], radius))
    add_slider(
        figure,
        [
            [go.Scatter3d(**_ball(points[i], radius)) for points in balls]
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


def _ball(points: Array, radius: Any) -> dict[str, Array]:
    """Place balls (3, bee) on the surface, and keep their losses to hover over."""
    return {"x": points[0], "y": points[1], "z": points[2] + radius, "customdata": points[2]}


def _add_trails(
    figure: go.Figure, scene: Scene, strand: Strand, frames: Array, radius: Any
) -> None:
    """Draw the ways of all bees of a strand, faintly."""
    x, y, z, _ = scene.joined(strand, frames)
    figure.add_scatter3d(
        x=x,
        y=y,
        z=z + radius / 2,
        mode="lines",
        name=f"{strand.name}: trails",
        line={"color": strand.color, "width": 1.5},
        opacity=0.5,
        legendgroup=strand.name,
        showlegend=False,
        hoverinfo="skip",
    )


def _add_balls(figure: go.Figure, scene: Scene, strand: Strand, places: dict[str, Array]) -> None:
    """Draw the bees of a strand as balls, which the frames will move."""
    final = strand.path.losses[:, -1]
    name = scene.surface.name
    figure.add_scatter3d(
        **places,
        mode="markers",
        name=strand.name,
        legendgroup=strand.name,
        marker={"color": strand.color, "size": 4.5 if len(final) <= 100 else 3.5},
        showlegend=len(scene.strands) > 1,
        text=[f"bee {bee}, final {name} {final[bee]:.4g}" for bee in strand.bees],
        hovertemplate=scene.hover(strand, "%{text}", "customdata"),
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
