"""Surfaces and swarms as plotly figures, which can be turned and hovered over.

Every figure carries its data as float32, has a transparent background and
colours that read on light and dark pages, and says in ``layout.meta`` what it
shows: ``caption`` for the page, ``alt`` for those who cannot see it.
`still` draws the same picture with matplotlib, for print and for readers
without JavaScript.
"""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from swarm import _plotly as look
from swarm._sight import in_sight
from swarm.saving import save
from swarm.still import still
from swarm.surface import Paths, Surface

__all__ = ["contour_figure", "descent_figure", "save", "still", "surface_figure", "swarm_figure"]

Array = NDArray[Any]
Ways = Paths | Sequence[Paths] | Mapping[str, Paths]

RATIO = 0.6
"""How high the box around a surface is, for a ground of 1 by 1."""


def surface_figure(
    surface: Surface,
    paths: Ways | None = None,
    *,
    title: str | None = None,
    caption: str | None = None,
    log: bool | None = None,
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

    Returns
    -------
    plotly.graph_objects.Figure
        Turned to the side from which most of the paths (or, without any, most
        of the lowest ground) is in sight.

    Raises
    ------
    ValueError
        If a path lies on another plane, the surface has no finite value, or
        `log` is asked of values that are not positive.
    """
    scene = _Scene(surface, paths)
    figure = look.figure(title or f"{_capital(surface.name)} surface", scene.fidelity())
    _add_surface(figure, surface, log)
    for name, path, colour in scene.coloured():
        one = len(path.losses) == 1
        x, y, z, epoch = scene.strung(path)
        figure.add_scatter3d(
            x=x,
            y=y,
            z=z,
            customdata=epoch,
            mode="lines+markers" if one else "lines",
            name=name,
            line={"color": colour, "width": 6 if one else 2},
            marker={"color": colour, "size": 3},
            opacity=1 if one else 0.7,
            showlegend=len(scene.paths) > 1,
            hovertemplate=f"{name}, epoch %{{customdata:d}}<br>{scene.hover}<extra></extra>",
        )
    figure.update_layout(scene=scene.layout(), meta=scene.meta(caption))
    return figure


def contour_figure(
    surface: Surface,
    paths: Ways | None = None,
    *,
    title: str | None = None,
    caption: str | None = None,
    log: bool | None = None,
) -> go.Figure:
    """Draw a loss surface from above, as contour lines, with paths on it.

    Parameters
    ----------
    surface, paths, title, caption, log
        As for `surface_figure`.

    Returns
    -------
    plotly.graph_objects.Figure

    Raises
    ------
    ValueError
        As for `surface_figure`.
    """
    scene = _Scene(surface, paths)
    figure = look.figure(title or f"{_capital(surface.name)} from above", scene.fidelity())
    values, ticks, shown = surface.values, None, "%{z:.4~g}"
    extra: dict[str, Any] = {}
    if _is_log(surface, log):
        at, texts = look.log_ticks(*_ends(surface.values))
        values, ticks = np.log10(surface.values), (np.log10(at), texts)
        shown, extra = "%{customdata:.4~g}", {"customdata": look.small(surface.values)}
    low, high = _ends(values)
    figure.add_contour(
        x=look.small(surface.xs),
        y=look.small(surface.ys),
        z=look.small(values),
        name=surface.name,
        colorscale=look.colour_scale(),
        contours={"start": low, "end": high, "size": (high - low) / 20 or 1.0},
        line={"width": 0.6, "color": "rgba(255,255,255,0.55)"},
        colorbar=look.colour_bar(surface.name, ticks),
        hovertemplate=scene.hover.replace("%{z:.4~g}", shown) + "<extra></extra>",
        **extra,
    )
    for name, path, colour in scene.coloured():
        one = len(path.losses) == 1
        x, y, z, epoch = scene.strung(path)
        figure.add_scatter(
            x=x,
            y=y,
            customdata=np.stack([epoch, z], axis=1),
            mode="lines+markers" if one else "lines",
            name=name,
            line={"color": colour, "width": 2.5 if one else 1},
            marker={
                "color": colour,
                "size": 5 if path.losses.shape[1] > 1 else 10,
                "line": {"color": "white", "width": 0.8},
            },
            opacity=1 if one else 0.7,
            showlegend=len(scene.paths) > 1,
            hovertemplate=f"{name}, epoch %{{customdata[0]:d}}<br>"
            + scene.hover.replace("%{z:", "%{customdata[1]:")
            + "<extra></extra>",
        )
    figure.update_layout(
        xaxis=look.axis(surface.plane.labels[0], *scene.spans[0]),
        yaxis=look.axis(surface.plane.labels[1], *scene.spans[1]),
        legend=look.ABOVE,
        margin={"t": figure.layout.margin.t + (24 if len(scene.paths) > 1 else 0)},
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
    max_frames: int = 60,
) -> go.Figure:
    """Draw bees that roll down a surface together, with play, pause and an epoch slider.

    Parameters
    ----------
    surface, paths, title, caption, log
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
    scene = _Scene(surface, paths)
    lengths = {path.losses.shape[1] for path in scene.paths.values()}
    if len(lengths) != 1:
        raise ValueError(f"a descent needs paths of one length, got lengths {sorted(lengths)}")
    labels = _labels(epochs, lengths.pop())
    frames = look.thinned(len(labels), max_frames)
    figure = look.figure(title or f"{_capital(surface.name)}: the descent", scene.fidelity())
    _add_surface(figure, surface, log)

    def ball(points: Array, radius: Any) -> dict[str, Array]:
        """Place balls (3, bee) on the surface, and keep their losses to hover over."""
        return {"x": points[0], "y": points[1], "z": points[2] + radius, "customdata": points[2]}

    balls: list[Array] = []
    moving = []
    for name, path, colour in scene.coloured():
        count = len(path.losses)
        x, y, z, _ = scene.strung(path, frames)
        # A ball rests on the surface, so its middle is a little above it.
        radius = np.float32(0.012 * np.ptp(scene.spans[2]))
        if len(x) <= 20_000:
            figure.add_scatter3d(
                x=x,
                y=y,
                z=z + radius / 2,
                mode="lines",
                name=f"{name}: trails",
                line={"color": colour, "width": 1.5},
                opacity=0.35,
                showlegend=False,
                hoverinfo="skip",
            )
        points = scene.points(path)[:, frames]  # (bee, frame, 3)
        balls.append(look.small(points.transpose(1, 2, 0)))  # (frame, 3, bee)
        moving.append(len(figure.data))
        figure.add_scatter3d(
            **ball(balls[-1][0], radius),
            mode="markers",
            name=name,
            marker={"color": colour, "size": 4.5 if count <= 100 else 3.5},
            showlegend=len(scene.paths) > 1,
            text=[f"bee {bee}" for bee in range(count)],
            hovertemplate=f"{name}, %{{text}}<br>"
            + scene.hover.replace("%{z:", "%{customdata:")
            + "<extra></extra>",
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
        scene=scene.layout(), meta=scene.meta(caption) | {"still": labels[-1]}, height=620
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
        it, 4 bytes a number, so choose some 50 bees and 100 points.
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
    # One line for all bees, broken by NaN between them: (frame, bee · (N + 1)).
    gap = np.full((bees, length, 1), np.nan, dtype=np.float32)
    strung = np.concatenate([data, gap], axis=2).transpose(1, 0, 2).reshape(length, -1)
    median = np.median(data, axis=0)  # (epoch, N)
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
        mode="lines",
        name=f"{bees} bees",
        line={"color": look.BEE, "width": 1},
        opacity=max(0.15, min(0.8, 8 / bees)),
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=x,
        y=median[0],
        mode="lines",
        name="median bee",
        line={"color": look.PATHS[0], "width": 2.5},
        hovertemplate=f"{xlabel} = %{{x:.3~g}}<br>median {ylabel} = %{{y:.4~g}}<extra></extra>",
    )
    last = len(figure.data) - 1
    look.add_slider(
        figure,
        [[go.Scatter(y=strung[i]), go.Scatter(y=median[i])] for i in frames],
        [last - 1, last],
        [labels[i] for i in frames],
        below=44,
    )
    shown = data[:, frames][np.isfinite(data[:, frames])]
    ends = _ends(shown if truth is None else np.append(shown, np.asarray(truth[1], dtype=float)))
    room = 0.04 * (ends[1] - ends[0]) or 0.5
    alt = (
        f"Curves of {bees} bees, {ylabel} over {xlabel}, from epoch {labels[0]} to epoch "
        f"{labels[-1]}; at the end their median runs from {median[-1].min():.3g} to "
        f"{median[-1].max():.3g}."
    )
    figure.update_layout(
        xaxis=look.axis(xlabel, *_ends(x)),
        yaxis=look.axis(ylabel, ends[0] - room, ends[1] + room),
        meta={"caption": caption or alt, "alt": alt, "still": labels[-1]},
        margin={"t": 76},
        legend=look.ABOVE,
    )
    return figure


class _Scene:
    """A surface and the paths on it: what figures of both have in common."""

    def __init__(self, surface: Surface, paths: Ways | None) -> None:
        self.surface = surface
        if paths is None:
            self.paths: dict[str, Paths] = {}
        elif isinstance(paths, Paths):
            self.paths = {"path" if len(paths.losses) == 1 else "swarm": paths}
        elif isinstance(paths, Mapping):
            self.paths = dict(paths)
        else:
            self.paths = {f"path {i + 1}": path for i, path in enumerate(paths)}
        for name, path in self.paths.items():
            same = path.plane is surface.plane or all(
                np.array_equal(getattr(path.plane, part), getattr(surface.plane, part))
                for part in ("origin", "u", "v")
            )
            if not same:
                raise ValueError(
                    f"{name!r} was projected onto another plane than the surface's; "
                    "pass the same plane to loss_surface and loss_paths"
                )
        low, high = _ends(surface.values)
        grids = surface.xs, surface.ys, np.array([low, high])
        self.spans = [self._span(grid, i) for i, grid in enumerate(grids)]
        x, y = surface.plane.labels
        self.hover = f"{x} = %{{x:.3~f}}<br>{y} = %{{y:.3~f}}<br>{surface.name} = %{{z:.4~g}}"

    def _points(self, path: Paths) -> Array:
        return np.concatenate([path.coordinates, path.losses[..., None]], axis=-1)

    def _span(self, grid: Array, i: int) -> tuple[float, float]:
        """Return the ends of an axis: the grid, and paths up to half its width beyond."""
        low, high = float(grid.min()), float(grid.max())
        room = (high - low) / 2
        values = np.concatenate(
            [grid, *(self._points(p)[..., i].ravel() for p in self.paths.values())]
        )
        values = values[(values >= low - room) & (values <= high + room)]
        return float(values.min()), float(values.max())

    def points(self, path: Paths) -> Array:
        """Return x, y and loss, (bee, epoch, 3), NaN outside the axes."""
        points = self._points(path)
        low, high = np.array(self.spans).T
        outside = ~((points >= low) & (points <= high)).all(axis=-1)
        return np.where(outside[..., None], np.nan, points)

    def strung(self, path: Paths, frames: Any = None) -> tuple[Array, Array, Array, Array]:
        """Join all bees to one line, broken by NaN between them: x, y, loss and epoch."""
        points = self.points(path)
        bees, epochs, _ = points.shape
        count = np.broadcast_to(np.arange(epochs)[:, None], (bees, epochs, 1))
        columns = np.concatenate([points, count], axis=-1)
        columns = columns if frames is None else columns[:, frames]
        gap = np.full((bees, 1, 4), np.nan)
        line = np.concatenate([columns, gap], axis=1).reshape(-1, 4)[:-1]
        x, y, loss, epoch = (look.small(column) for column in line.T)
        return x, y, loss, epoch

    def coloured(self) -> list[tuple[str, Paths, str]]:
        return [
            (name, path, colour)
            for (name, path), colour in zip(
                self.paths.items(), itertools.cycle(look.PATHS), strict=False
            )
        ]

    def fidelity(self) -> str:
        """Say how far the plane can be trusted; a net of two weights needs no such words."""
        if len(self.surface.plane) <= 2:
            return ""
        parts = []
        if any(path.losses.size > 1 for path in self.paths.values()):
            share = min(path.explained for path in self.paths.values())
            gap = max(path.gap for path in self.paths.values())
            parts = [
                f"The plane explains {share:.1%} of the variance of the path",
                f"Greatest gap between true loss and surface along it: {gap:.3g}",
            ]
        elif self.surface.plane.explained:
            parts = [f"The plane explains {sum(self.surface.plane.explained):.1%} of the variance"]
        return "<br>".join(parts)

    def meta(self, caption: str | None) -> dict[str, str]:
        surface = self.surface
        x, y, low = surface.minimum()
        x_name, y_name = surface.plane.labels
        told = [
            f"The {surface.name} over {x_name}, from {surface.xs.min():.3g} to "
            f"{surface.xs.max():.3g}, and {y_name}, from {surface.ys.min():.3g} to "
            f"{surface.ys.max():.3g}. It runs from {low:.4g}, at ({x:.3g}, {y:.3g}), to "
            f"{np.nanmax(surface.values):.4g}."
        ]
        away = 0
        for name, path in self.paths.items():
            bees, epochs = path.losses.shape
            away += int(np.isnan(self.points(path)).any(axis=(1, 2)).sum())
            if bees > 1:
                told.append(
                    f"{name}: {bees} bees, from a mean {surface.name} of "
                    f"{np.nanmean(path.losses[:, 0]):.4g} to "
                    f"{np.nanmean(path.losses[:, -1]):.4g} in {epochs - 1} steps."
                )
                continue
            ends = [
                f"({a:.3g}, {b:.3g}), {surface.name} {loss:.4g}"
                for (a, b), loss in zip(path.coordinates[0], path.losses[0], strict=True)
            ]
            told.append(f"{name}: from {ends[0]}, to {ends[-1]}, in {epochs - 1} steps.")
        if away:
            told.append(
                f"{away} of {sum(len(p.losses) for p in self.paths.values())} paths leave "
                "the window and are cut there."
            )
        short = f"The {surface.name} over {x_name} and {y_name}."
        fidelity = self.fidelity().split("<br>")
        notes = [short, *(f"{part}." for part in fidelity if part), told[-1] if away else ""]
        return {"caption": caption or " ".join(filter(None, notes)), "alt": " ".join(told)}

    def layout(self) -> dict[str, Any]:
        x_name, y_name = self.surface.plane.labels
        return {
            "xaxis": look.axis(x_name, *self.spans[0], solid=True),
            "yaxis": look.axis(y_name, *self.spans[1], solid=True),
            "zaxis": look.axis(self.surface.name, *self.spans[2], solid=True),
            "aspectmode": "manual",
            "aspectratio": {"x": 1, "y": 1, "z": RATIO},
            "camera": self.camera(),
        }

    def camera(self) -> dict[str, Any]:
        """Choose the side from which most of the paths, or of the valley, is in sight."""
        spans = np.array(self.spans)
        low, width = spans[:, 0], np.where(np.ptp(spans, axis=1), np.ptp(spans, axis=1), 1)
        if self.paths:
            marks = np.concatenate([self.points(p).reshape(-1, 3) for p in self.paths.values()])
        else:
            rows, cols = np.nonzero(
                self.surface.values <= np.nanquantile(self.surface.values, 0.1)
            )
            heights = self.surface.values[rows, cols]
            marks = np.stack([self.surface.xs[cols], self.surface.ys[rows], heights], axis=1)
        marks = ((marks - low) / width)[np.isfinite(marks).all(axis=1)]
        marks = marks[:: -(-len(marks) // 400) or 1]
        xs, ys = (self.surface.xs - low[0]) / width[0], (self.surface.ys - low[1]) / width[1]
        heights = (self.surface.values - low[2]) / width[2]
        away, up = 1.5, 0.95
        best, eye = -np.inf, np.array([1.0, 1.0])
        ground = np.nan_to_num(heights - np.nanmean(heights))
        # Along an axis a box looks flat, so only from its corners.
        for degrees in (45, 30, 60, -45, -30, -60, 135, 120, 150, -135, -120, -150):
            side = np.radians(degrees)
            towards = np.array([np.cos(side), np.sin(side)])
            seen = in_sight(xs, ys, heights, marks, towards, up / away / RATIO)
            # Between equally good sides, the one where the ground is low, then plotly's own.
            rise = np.mean(ground * (towards[0] * (xs - 0.5) + towards[1] * (ys[:, None] - 0.5)))
            score = (seen.mean() if len(seen) else 0) - 0.5 * rise
            score += 0.01 * np.cos(side - np.pi / 4)
            if score > best:
                best, eye = score, away * towards
        return {
            "eye": {"x": round(float(eye[0]), 3), "y": round(float(eye[1]), 3), "z": up},
            "center": {"x": 0, "y": 0, "z": -0.1},
        }


def _add_surface(figure: go.Figure, surface: Surface, log: bool | None) -> None:
    low, high = _ends(surface.values)
    colours: dict[str, Any] = {}
    ticks = None
    if _is_log(surface, log):
        # A colour scale has 256 shades, so one byte for each grid point holds them.
        def shade(values: Array) -> Array:
            return 255 * np.log(values / low) / np.log(high / low)

        shades = np.nan_to_num(shade(np.clip(surface.values, low, high)))
        colours = {"surfacecolor": shades.round().astype(np.uint8), "cmin": 0, "cmax": 255}
        at, texts = look.log_ticks(low, high)
        ticks = shade(at), texts
    x_name, y_name = surface.plane.labels
    figure.add_surface(
        x=look.small(surface.xs),
        y=look.small(surface.ys),
        z=look.small(surface.values),
        name=surface.name,
        colorscale=look.colour_scale(),
        colorbar=look.colour_bar(surface.name, ticks),
        contours={
            "x": {"highlight": False},
            "y": {"highlight": False},
            "z": {
                "show": True,
                "start": low,
                "end": high,
                "size": (high - low) / 16 or 1.0,
                "color": "#c8ddd8",
                "width": 1,
                "highlight": False,
            },
        },
        lighting={"ambient": 0.8, "diffuse": 0.4, "specular": 0.05, "roughness": 0.9},
        hovertemplate=(
            f"{x_name} = %{{x:.3~f}}<br>{y_name} = %{{y:.3~f}}<br>"
            f"{surface.name} = %{{z:.4~g}}<extra></extra>"
        ),
        **colours,
    )


def _ends(values: Any) -> tuple[float, float]:
    values = np.asarray(values)
    finite = values[np.isfinite(values)]
    if not finite.size:
        raise ValueError("there is no finite value to draw")
    return float(finite.min()), float(finite.max())


def _is_log(surface: Surface, log: bool | None) -> bool:
    low, high = _ends(surface.values)
    if log and low <= 0:
        raise ValueError(
            f"log colours need positive values, but the lowest {surface.name} is {low:.3g}; "
            "leave out log=True"
        )
    return low > 0 and high > 30 * low if log is None else log and high > low


def _labels(epochs: Sequence[int] | None, length: int) -> list[str]:
    if epochs is None:
        return [str(i) for i in range(length)]
    if len(epochs) != length:
        raise ValueError(f"{length} epochs were recorded, but epochs names {len(epochs)}")
    return [str(epoch) for epoch in epochs]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
