"""Draws plotly's surfaces and lines in space with matplotlib."""

import itertools
from collections.abc import Callable
from typing import Any

import contourpy
import matplotlib as mpl
import matplotlib.ticker
import numpy as np
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox
from mpl_toolkits.mplot3d import proj3d  # type: ignore[import-untyped]
from mpl_toolkits.mplot3d.art3d import Poly3DCollection  # type: ignore[import-untyped]
from numpy.typing import NDArray
from scipy.interpolate import RegularGridInterpolator

from swarm.figures._sight import in_sight
from swarm.figures._still import read, words

Array = read.Array
SOLID = ("surface", "scatter3d")

HIDDEN = 0.28
"""How opaque is what a surface hides."""


def draw_solid(
    picture: Figure,
    scene: Any,
    traces: list[Any],
    room: read.Room,
    theme: dict[str, str],
    colors: read.Colors,
) -> Any:
    """Draw surfaces and lines in space, and return their axes."""
    left, bottom, right, top = read.within(room, scene.domain.x, scene.domain.y)
    axes: Any = picture.add_axes(
        (left, bottom, right - left, top - bottom), projection="3d", computed_zorder=False
    )
    eye = np.array([getattr(scene.camera.eye, c) or 1.25 for c in "xyz"])
    azimuth, flat = np.arctan2(eye[1], eye[0]), np.hypot(eye[0], eye[1])
    axes.view_init(np.degrees(np.arctan2(eye[2], flat)), np.degrees(azimuth))
    axes.set_proj_type("persp", focal_length=0.9)

    limits = []
    for letter in "xyz":
        axis = scene[f"{letter}axis"]
        values = np.concatenate([read.coordinates(t, letter).ravel() for t in traces])
        logged = axis.type == "log"
        span = axis.range or read.ends(_logged(values, logged))
        limits.append((*map(float, span), logged))
        getattr(axes, f"set_{letter}lim")(span[0], span[1])
        getattr(axes, f"set_{letter}label")(read.plain(axis.title.text), labelpad=7)
        three = getattr(axes, f"{letter}axis")
        three.set_pane_color((0, 0, 0, 0))
        three.line.set_color(theme["grid"])
        three.set_major_locator(mpl.ticker.MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
        three.set_tick_params(labelsize=8.5, pad=2)
        if logged:
            three.set_major_formatter(lambda value, _: f"{10**value:.3g}")

    ratio = _ratio(scene, limits)
    _fit(axes, ratio)

    fields = [
        _field(axes, trace, limits, ratio, azimuth, eye[2] / flat)
        for trace in traces
        if trace.type == "surface"
    ]
    for trace in traces:
        if trace.type == "scatter3d":
            _strand(axes, trace, limits, fields, colors[id(trace)])
    return axes


def _ratio(scene: Any, limits: list[Any]) -> list[float]:
    """Return how long the axes are: as the scene asks, or as their data unless too unlike."""
    own = [getattr(scene.aspectratio, c) for c in "xyz"]
    mode = scene.aspectmode or ("manual" if any(own) else "auto")
    if mode == "manual":
        return [part or 1.0 for part in own]
    spans = np.array([abs(high - low) for low, high, _ in limits])
    if mode == "cube" or (mode == "auto" and spans.max() > 4 * spans.min()):
        return [1.0, 1.0, 1.0]
    return [float(part) for part in spans / np.prod(spans) ** (1 / 3)]


def _fit(axes: Any, ratio: list[float]) -> None:
    """Make the box as large as its ticks and names, still without content, leave room for."""
    picture, sides = axes.figure, (axes.xaxis, axes.yaxis, axes.zaxis)
    for side in sides:
        words.fit(side.label, 0.55 * min(0.7 * picture.bbox.width, picture.bbox.height))
        side.labelpad += 7 * side.label.get_text().count("\n")
    place = axes.get_position()
    room = place.transformed(picture.transFigure).padded(-4)
    corners = np.array(list(itertools.product(*(getattr(axes, f"get_{c}lim")() for c in "xyz"))))
    for zoom in np.arange(1.4, 0.5, -0.05):
        axes.set_box_aspect(ratio, zoom=zoom)
        picture.draw_without_rendering()
        x, y, _ = proj3d.proj_transform(*corners.T, axes.get_proj())
        box = Bbox.null()
        box.update_from_data_xy(axes.transData.transform(np.stack([x, y], axis=1)))
        ticks = [side.get_tightbbox(picture.canvas.get_renderer()) for side in sides]
        box = Bbox.union([box, *ticks])
        if box.width <= room.width and box.height <= room.height:
            break
    middle = (room.get_points() - box.get_points()).mean(axis=0) / picture.bbox.size
    axes.set_position(place.translated(*middle))


def _unit(trace: Any, letter: str, limits: list[Any]) -> Array:
    """Return a trace's coordinates from 0 to 1 across the axis."""
    low, high, logged = limits["xyz".index(letter)]
    values = read.coordinates(trace, letter)
    return (_logged(values, logged) - low) / (high - low)


def _logged(values: Array, logged: bool) -> Array:
    """Return logarithms where they are asked for; NaN of what has none."""
    return np.log10(np.where(values > 0, values, np.nan)) if logged else values


def _field(
    axes: Any, trace: Any, limits: list[Any], ratio: list[float], azimuth: float, climb: float
) -> Callable[[Array, Array, Array], NDArray[np.bool_]]:
    """Draw a shaded surface, and return what tells which points it does not hide."""
    xs, ys, heights = (read.coordinates(trace, letter) for letter in "xyz")
    shades, low, high = read.shades(trace)
    heights = _logged(heights, limits[2][2])
    xs, ys = _straight(xs, ys)
    if min(heights.shape) < 2:
        return lambda a, b, c: np.isfinite(a)  # plotly has no surface there, either
    x, y, z, shade = xs, ys, heights, shades
    if xs.ndim == ys.ndim == 1:
        # A coarse grid is drawn as finely as a fine one, on the same straight facets.
        x, y = _finer(xs), _finer(ys)
        z, shade = (_between(xs, ys, values, x, y) for values in (heights, shades))
    colors = read.color_map(trace.colorscale, reverse=trace.reversescale)(
        (shade - low) / ((high - low) or 1)
    )
    colors[..., :3] *= _light(x, y, z, limits, ratio, azimuth)[..., None]
    colors[..., 3] = 1.0 if trace.opacity is None else trace.opacity
    mesh = np.meshgrid(x, y) if x.ndim == y.ndim == 1 else (x, y)
    sheet = np.stack([*mesh, z], axis=-1)  # (Y, X, 3)
    _draw_sheet(axes, sheet, colors)

    def unit(values: Array, axis: int) -> Array:
        return (values - limits[axis][0]) / (limits[axis][1] - limits[axis][0])

    if xs.ndim == 2:
        return lambda a, b, c: np.isfinite(a)  # it may hide itself: then nothing else is faint
    across = unit(xs, 0), unit(ys, 1), unit(heights, 2)
    towards = np.array([np.cos(azimuth) / ratio[0], np.sin(azimuth) / ratio[1]])
    slope = climb / ratio[2]

    def seen(a: Array, b: Array, c: Array) -> NDArray[np.bool_]:
        return in_sight(*across, np.stack([a, b, c], axis=-1), towards, slope)

    lines = trace.contours.z
    if lines.show and lines.size:
        contours = contourpy.contour_generator(xs, ys, heights)
        for level in np.arange(lines.start, lines.end, lines.size)[1:]:
            for line in contours.lines(level):
                line = np.asarray(line)
                up = np.full(len(line), level)
                hidden = ~seen(unit(line[:, 0], 0), unit(line[:, 1], 1), unit(up, 2) + 0.004)
                axes.plot(
                    np.where(hidden, np.nan, line[:, 0]),
                    np.where(hidden, np.nan, line[:, 1]),
                    up,
                    color=read.rgba(lines.color or "rgba(255,255,255,0.4)"),
                    linewidth=0.6,
                    zorder=2,
                )
    return seen


def _draw_sheet(axes: Any, sheet: Array, colors: Array) -> None:
    """Draw the facets between points (Y, X, 3) of these colours (Y, X, 4)."""
    corners = (slice(None, -1), slice(1, None))
    around = [(corners[i], corners[j]) for i, j in ((0, 0), (0, 1), (1, 1), (1, 0))]
    facets = np.stack([sheet[at] for at in around], axis=2).reshape(-1, 4, 3)
    fill = np.mean([colors[at] for at in around], axis=0).reshape(-1, 4).clip(0, 1)
    whole = np.isfinite(facets).all(axis=(1, 2))
    # Edges in each facet's own colour close the hairlines between facets.
    axes.add_collection3d(
        Poly3DCollection(
            facets[whole], facecolors=fill[whole], edgecolors=fill[whole], linewidths=0.3, zorder=1
        ),
        autolim=False,
    )


def _straight(xs: Array, ys: Array) -> tuple[Array, Array]:
    """Return the two axes of a mesh (Y, X) whose lines are straight; any other as it is."""
    if xs.ndim == 2 and (xs == xs[0]).all() and (ys.ndim == 1 or (ys[:, 0] == ys.T).all()):
        return xs[0], ys if ys.ndim == 1 else ys[:, 0]
    if xs.ndim == 1 and ys.ndim == 2 and (ys[:, 0] == ys.T).all():
        return xs, ys[:, 0]
    if xs.ndim != ys.ndim:
        columns, rows = xs, ys
        xs = columns if columns.ndim == 2 else np.broadcast_to(columns, rows.shape)
        ys = rows if rows.ndim == 2 else np.broadcast_to(rows[:, None], columns.shape)
    return xs, ys


def _finer(values: Array, least: int = 120) -> Array:
    parts = max(1, -(-least // max(len(values) - 1, 1)))
    at = np.linspace(0, len(values) - 1, parts * (len(values) - 1) + 1)
    return np.interp(at, np.arange(len(values)), values)


def _between(xs: Array, ys: Array, values: Array, x: Array, y: Array) -> Array:
    """Interpolate values (Y, X) linearly on a finer grid; NaN stays where it touches."""
    there = np.stack(np.meshgrid(y, x, indexing="ij"), axis=-1)
    return RegularGridInterpolator((ys, xs), values)(there)


def _light(
    x: Array,
    y: Array,
    z: Array,
    limits: list[Any],
    ratio: list[float],
    azimuth: float,
) -> Array:
    """Return how bright each point of a surface is, lit from the viewer's upper left."""
    box = [r / (high - low) for r, (low, high, _) in zip(ratio, limits, strict=True)]
    z = np.nan_to_num(z, nan=read.ends(z)[0])
    if x.ndim == 1:
        down, along = np.gradient(z * box[2], y * box[1], x * box[0])
        normal = np.stack([-along, -down, np.ones_like(z)])
    else:
        steps = [np.gradient(values * b) for values, b in zip((x, y, z), box, strict=True)]
        down, along = np.stack(steps, axis=1)  # (3, Y, X) each
        normal = np.cross(along, down, axis=0)
        normal *= np.where(normal[2] < 0, -1.0, 1.0)
        normal += 1e-12
    normal /= np.linalg.norm(normal, axis=0)
    side = azimuth - np.radians(40)
    lamp = np.array([0.55 * np.cos(side), 0.55 * np.sin(side), 0.83])
    return 0.62 + 0.5 * np.clip(np.einsum("i,ijk->jk", lamp, normal), 0, 1)


def _strand(axes: Any, trace: Any, limits: list[Any], fields: list[Any], color: str) -> None:
    """Draw a line or points in space, faint where a surface hides them."""
    mode = trace.mode or "lines+markers"
    points = [_unit(trace, letter, limits) for letter in "xyz"]

    def place(units: list[Array]) -> list[Array]:
        return [low + u * (high - low) for u, (low, high, _) in zip(units, limits, strict=True)]

    def seen(units: list[Array]) -> NDArray[np.bool_]:
        return np.logical_and.reduce(
            [field(*units) for field in fields] or [np.isfinite(units[0])]
        )

    if trace.line.color is not None and not isinstance(trace.line.color, str):
        raise ValueError(
            "still cannot draw line.color with a colour for each point in space; name one, or "
            "show the figure itself instead of its still"
        )
    own = read.one(trace.line.color, color)
    opacity = 1.0 if trace.opacity is None else trace.opacity
    if "lines" in mode:
        at = np.arange(len(points[0]))
        fine = np.linspace(0, at[-1], 12 * (len(at) - 1) + 1) if len(at) > 1 else at
        dense = [np.interp(fine, at, p) for p in points]
        front = seen(dense)
        width = 0.42 * (trace.line.width or 2)
        for shown, alpha, scale in ((~front, HIDDEN, 0.8), (front, 1.0, 1.0)):
            near = shown.copy()
            near[1:] |= shown[:-1]
            parts = [np.where(near, p, np.nan) for p in place(dense)]
            axes.plot(
                *parts,
                color=read.rgba(own, opacity * alpha),
                linewidth=width * scale,
                solid_capstyle="round",
                zorder=4,
            )
    if "markers" in mode:
        size = np.broadcast_to(read.diameters(trace.marker, 8), points[0].shape)
        front = seen(points)
        fill = read.fills(trace.marker, own, opacity)
        colors = (
            np.broadcast_to(fill, (len(front), 4))
            * np.c_[np.ones((len(front), 3)), np.where(front, 1, HIDDEN)]
        )
        axes.scatter(
            *place(points),
            s=(0.9 * size) ** 2,
            c=colors,
            depthshade=False,
            linewidths=0,
            zorder=5,
        )
