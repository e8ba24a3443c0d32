"""Draws the picture that a plotly figure shows with matplotlib, from the figure's data alone."""

import base64
import itertools
import re
from collections.abc import Callable
from typing import Any

import contourpy
import matplotlib as mpl
import matplotlib.colors
import matplotlib.lines
import matplotlib.ticker
import numpy as np
import plotly.graph_objects as go
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from mpl_toolkits.mplot3d.art3d import Poly3DCollection  # type: ignore[import-untyped]
from numpy.typing import NDArray

__all__ = ["still"]

Array = NDArray[Any]

LIGHT = {"back": "#ffffff", "text": "#1f2430", "quiet": "#5d6675", "grid": "#dfe3e8"}
DARK = {"back": "#131416", "text": "#e7e9ec", "quiet": "#9aa3b0", "grid": "#34373d"}
COLOURWAY = ("#2f7de1", "#e8590c", "#0ca678", "#d6336c", "#7048e8", "#f08c00", "#7b8491")
FLAT = ("scatter", "scattergl", "contour", "heatmap", "bar", "histogram")
SOLID = ("surface", "scatter3d")


def still(
    figure: go.Figure, *, dark: bool = False, width: int | None = None, height: int | None = None
) -> Figure:
    """Draw a static picture of a plotly figure with matplotlib, without a browser.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
        Made of surface, scatter3d, scatter, contour, heatmap, bar and
        histogram traces. A figure with frames is drawn as it first appears,
        or at the frame that its ``layout.meta["still"]`` names.
    dark : bool, default False
        Whether to draw for a dark page: on ``#131416`` instead of white.
    width, height : int, optional
        Size in CSS pixels; by default the figure's own, or 800 × 560. Save
        with ``dpi=200`` for a picture that is sharp on any screen.

    Returns
    -------
    matplotlib.figure.Figure
        At 100 dots per inch, not registered with pyplot.

    Raises
    ------
    ValueError
        If a trace is of a type that cannot be drawn.
    TypeError
        If `figure` is no plotly figure.
    """
    if not isinstance(figure, go.Figure):
        raise TypeError(f"still draws a plotly Figure, got {type(figure).__name__}")
    for trace in figure.data:
        if trace.type not in FLAT + SOLID:
            raise ValueError(
                f"still cannot draw a trace of type {trace.type!r}; it draws "
                f"{', '.join(FLAT + SOLID)}"
            )
    width, height = width or figure.layout.width or 800, height or figure.layout.height or 560
    theme = DARK if dark else LIGHT
    style: dict[Any, Any] = {
        "font.family": "DejaVu Sans",
        "font.size": 9.5,
        "text.color": theme["text"],
        "axes.labelcolor": theme["text"],
        "axes.edgecolor": theme["grid"],
        "axes.facecolor": "none",
        "figure.facecolor": theme["back"],
        "savefig.facecolor": theme["back"],
        "grid.color": theme["grid"],
        "grid.linewidth": 0.7,
        "xtick.color": theme["quiet"],
        "ytick.color": theme["quiet"],
    }
    with mpl.rc_context(style):
        picture = Figure(figsize=(width / 100, height / 100), dpi=100)
        picture.set_layout_engine("none")  # axes are placed by hand, whatever the rcParams say
        FigureCanvasAgg(picture)
        top = _titles(picture, figure, theme, height)
        visible = [trace for trace in _shown(figure) if trace.visible in (None, True)]
        right = 1.0
        for trace in visible:
            right = min(right, _colour_bar(picture, trace, theme, top, width))
        panels: dict[tuple[str, ...], list[Any]] = {}
        for trace in visible:
            solid = trace.type in SOLID
            key: tuple[str, ...]
            key = (trace.scene or "scene",) if solid else (trace.xaxis or "x", trace.yaxis or "y")
            panels.setdefault(key, []).append(trace)
        for place, traces in panels.items():
            draw = _solid if len(place) == 1 else _flat
            draw(picture, figure, place, traces, (0.0, 0.0, right, top), theme)
    return picture


def _shown(figure: go.Figure) -> list[Any]:
    """Return the figure's traces, at the frame to be drawn."""
    traces = list(figure.data)
    name = (
        (figure.layout.meta or {}).get("still") if isinstance(figure.layout.meta, dict) else None
    )
    for frame in figure.frames:
        if frame.name == name:
            for i, new in zip(frame.traces or range(len(traces)), frame.data, strict=False):
                traces[i] = type(traces[i])(traces[i]).update(new)
    return traces


def _array(values: Any) -> Array:
    """Return what a trace holds, also where it is plotly's base64 form."""
    if isinstance(values, dict) or hasattr(values, "bdata"):
        flat = np.frombuffer(base64.b64decode(values["bdata"]), dtype=values["dtype"])
        shape = dict(values).get("shape")
        return flat.reshape([int(n) for n in str(shape).split(",")]) if shape else flat
    return np.asarray(values)


def _coordinates(trace: Any, letter: str) -> Array:
    """Return a trace's coordinates along an axis; as in plotly, those left out count up."""
    if trace[letter] is not None:
        return _array(trace[letter]).astype(float)
    return np.arange(_array(trace.z).shape[{"x": -1, "y": 0}[letter]], dtype=float)


def _rgba(colour: Any, opacity: float | None = 1.0) -> tuple[float, float, float, float]:
    """Read a CSS colour."""
    text = str(colour).strip()
    if match := re.fullmatch(r"rgba?\(([^)]*)\)", text):
        parts = [float(part.strip().rstrip("%")) for part in match[1].split(",")]
        rgb, alpha = [part / 255 for part in parts[:3]], parts[3] if len(parts) > 3 else 1.0
        return rgb[0], rgb[1], rgb[2], alpha * (1.0 if opacity is None else opacity)
    r, g, b, a = mpl.colors.to_rgba(text)
    return r, g, b, a * (1.0 if opacity is None else opacity)


def _colour_map(scale: Any) -> mpl.colors.Colormap:
    if not scale:
        return mpl.colormaps["viridis"]
    stops = [(float(at), _rgba(colour)) for at, colour in scale]
    return mpl.colors.LinearSegmentedColormap.from_list("scale", stops)


def _titles(picture: Figure, figure: go.Figure, theme: dict[str, str], height: float) -> float:
    """Write title and subtitle, and return where the room below them begins."""
    title, below = figure.layout.title.text, figure.layout.title.subtitle.text
    top = 1.0
    if title:
        picture.text(
            0.02, 1 - 14 / height, _plain(title), va="top", fontsize=13, fontweight="bold"
        )
        top -= 40 / height
    if below:
        at = top - 2 / height
        picture.text(0.02, at, _plain(below), va="top", fontsize=9.5, color=theme["quiet"])
        top -= (8 + 16 * len(_plain(below).splitlines())) / height
    return top


def _plain(html: str | None) -> str:
    """Turn the little HTML that plotly's texts may hold into plain text."""
    text = re.sub(r"<br\s*/?>", "\n", html or "")
    text = re.sub(r"<[^>]+>", "", text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").replace("$", r"\$")


def _shades(trace: Any) -> tuple[Array, float, float]:
    """Return what a trace's colours stand for, and the ends of its colour scale."""
    source = trace.surfacecolor if trace.type == "surface" else None
    values = _array(trace.z if source is None else source).astype(float)
    low, high = ("cmin", "cmax") if trace.type == "surface" else ("zmin", "zmax")
    ends = trace[low], trace[high]
    return (
        values,
        float(np.nanmin(values) if ends[0] is None else ends[0]),
        float(np.nanmax(values) if ends[1] is None else ends[1]),
    )


def _colour_bar(
    picture: Figure, trace: Any, theme: dict[str, str], top: float, width: float
) -> float:
    """Draw a trace's colour bar, and return where the room to its left ends."""
    if trace.type not in ("surface", "contour", "heatmap") or trace.showscale is False:
        return 1.0
    _, low, high = _shades(trace)
    axes = picture.add_axes((1 - 74 / width, 0.2 * top, 11 / width, 0.55 * top))
    mappable = mpl.cm.ScalarMappable(
        mpl.colors.Normalize(low, high), _colour_map(trace.colorscale)
    )
    bar = picture.colorbar(mappable, cax=axes)
    bar.outline.set_visible(False)
    if trace.colorbar.tickvals is not None:
        bar.set_ticks([float(t) for t in trace.colorbar.tickvals], labels=trace.colorbar.ticktext)
    axes.tick_params(length=0, labelsize=8.5)
    if trace.colorbar.title.text:
        axes.set_title(_plain(trace.colorbar.title.text), fontsize=9.5, loc="left", pad=8)
    return 1 - 84 / width


def _solid(
    picture: Figure,
    figure: go.Figure,
    key: tuple[str, ...],
    traces: list[Any],
    room: tuple[float, float, float, float],
    theme: dict[str, str],
) -> None:
    """Draw one scene of surfaces and lines in space."""
    scene = figure.layout[key[0]]
    left, bottom, right, top = _within(room, scene.domain.x, scene.domain.y)
    axes: Any = picture.add_axes(
        (left, bottom, right - left, top - bottom), projection="3d", computed_zorder=False
    )
    eye = np.array([getattr(scene.camera.eye, c) or 1.25 for c in "xyz"])
    ratio = [getattr(scene.aspectratio, c) or 1.0 for c in "xyz"]
    azimuth, flat = np.arctan2(eye[1], eye[0]), np.hypot(eye[0], eye[1])
    axes.view_init(np.degrees(np.arctan2(eye[2], flat)), np.degrees(azimuth))
    axes.set_box_aspect(ratio, zoom=0.95)
    axes.set_proj_type("persp", focal_length=0.9)

    limits = []
    for letter in "xyz":
        axis = scene[f"{letter}axis"]
        values = np.concatenate([_coordinates(t, letter).ravel() for t in traces])
        logged = axis.type == "log"
        values = np.log10(values) if logged else values
        span = axis.range or (float(np.nanmin(values)), float(np.nanmax(values)))
        span = (span[0], span[1]) if span[0] != span[1] else (span[0] - 0.5, span[0] + 0.5)
        limits.append((*map(float, span), logged))
        getattr(axes, f"set_{letter}lim")(span[0], span[1])
        getattr(axes, f"set_{letter}label")(_plain(axis.title.text), labelpad=7)
        three = getattr(axes, f"{letter}axis")
        three.set_pane_color((0, 0, 0, 0))
        three.line.set_color(theme["grid"])
        three.set_major_locator(mpl.ticker.MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
        three.set_tick_params(labelsize=8.5, pad=2)
        if logged:
            three.set_major_formatter(lambda value, _: f"{10**value:.3g}")

    fields = [
        _field(axes, trace, limits, ratio, azimuth, eye[2] / flat)
        for trace in traces
        if trace.type == "surface"
    ]
    cycle = itertools.cycle(COLOURWAY)
    for trace in traces:
        if trace.type == "scatter3d":
            _strand(axes, trace, limits, fields, next(cycle))
    _legend(axes, traces, theme)


def _unit(trace: Any, letter: str, limits: list[Any]) -> Array:
    """Return a trace's coordinates from 0 to 1 across the axis."""
    low, high, logged = limits["xyz".index(letter)]
    values = _coordinates(trace, letter)
    return ((np.log10(values) if logged else values) - low) / (high - low)


def _field(
    axes: Any, trace: Any, limits: list[Any], ratio: list[float], azimuth: float, climb: float
) -> Callable[[Array, Array, Array], NDArray[np.bool_]]:
    """Draw a shaded surface, and return what tells which points it does not hide."""
    xs, ys, heights = (_coordinates(trace, letter) for letter in "xyz")
    shades, low, high = _shades(trace)
    if limits[2][2]:
        heights = np.log10(heights)
    # A coarse grid is drawn as finely as a fine one, on the same straight facets.
    x, y = _finer(xs), _finer(ys)
    z, shade = (_between(xs, ys, values, x, y) for values in (heights, shades))
    colours = _colour_map(trace.colorscale)((shade - low) / ((high - low) or 1))
    colours[..., :3] *= _light(x, y, z, limits, ratio, azimuth)[..., None]
    colours[..., 3] = 1.0 if trace.opacity is None else trace.opacity
    sheet = np.stack([*np.meshgrid(x, y), z], axis=-1)  # (Y, X, 3)
    corners = (slice(None, -1), slice(1, None))
    around = [(corners[i], corners[j]) for i, j in ((0, 0), (0, 1), (1, 1), (1, 0))]
    facets = np.stack([sheet[at] for at in around], axis=2).reshape(-1, 4, 3)
    fill = np.mean([colours[at] for at in around], axis=0).reshape(-1, 4).clip(0, 1)
    whole = np.isfinite(facets).all(axis=(1, 2))
    # Edges in each facet's own colour close the hairlines between facets.
    axes.add_collection3d(
        Poly3DCollection(
            facets[whole], facecolors=fill[whole], edgecolors=fill[whole], linewidths=0.3, zorder=1
        ),
        autolim=False,
    )

    def unit(values: Array, axis: int) -> Array:
        return (values - limits[axis][0]) / (limits[axis][1] - limits[axis][0])

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
                    color=_rgba(lines.color or "rgba(255,255,255,0.4)"),
                    linewidth=0.6,
                    zorder=2,
                )
    return seen


def _finer(values: Array, least: int = 120) -> Array:
    parts = max(1, -(-least // max(len(values) - 1, 1)))
    at = np.linspace(0, len(values) - 1, parts * (len(values) - 1) + 1)
    return np.interp(at, np.arange(len(values)), values)


def _between(xs: Array, ys: Array, values: Array, x: Array, y: Array) -> Array:
    """Interpolate values (Y, X) linearly on a finer grid; NaN stays where it touches."""
    along = np.stack([np.interp(x, xs, row) for row in values])
    return np.stack([np.interp(y, ys, col) for col in along.T]).T


def _light(
    x: Array, y: Array, z: Array, limits: list[Any], ratio: list[float], azimuth: float
) -> Array:
    """Return how bright each point of a surface is, lit from the viewer's upper left."""
    box = [r / (high - low) for r, (low, high, _) in zip(ratio, limits, strict=True)]
    z = np.nan_to_num(z, nan=float(np.nanmin(z)))
    down, along = np.gradient(z * box[2], y * box[1], x * box[0])
    normal = np.stack([-along, -down, np.ones_like(z)])
    normal /= np.linalg.norm(normal, axis=0)
    side = azimuth - np.radians(40)
    lamp = np.array([0.55 * np.cos(side), 0.55 * np.sin(side), 0.83])
    return 0.62 + 0.5 * np.clip(np.einsum("i,ijk->jk", lamp, normal), 0, 1)


def in_sight(
    xs: Array,
    ys: Array,
    heights: Array,
    points: Array,
    towards: Array,
    slope: float,
) -> NDArray[np.bool_]:
    """Say which `points` (…, 3) a surface does not hide from a viewer far away.

    `heights` (Y, X) is over `xs` and `ys`; `towards` is the viewer's direction
    on the ground, and a line of sight rises by `slope` for each step along it.
    """
    x, y, z = np.moveaxis(points, -1, 0)
    reach = 1.5 * max(np.ptp(xs), np.ptp(ys))
    steps = np.linspace(0, reach, 160)[1:, None]
    way_x, way_y = x + steps * towards[0], y + steps * towards[1]
    inside = (way_x >= xs[0]) & (way_x <= xs[-1]) & (way_y >= ys[0]) & (way_y <= ys[-1])
    col = np.clip(np.searchsorted(xs, way_x), 1, len(xs) - 1)
    row = np.clip(np.searchsorted(ys, way_y), 1, len(ys) - 1)
    p = np.clip((way_x - xs[col - 1]) / (xs[col] - xs[col - 1]), 0, 1)
    q = np.clip((way_y - ys[row - 1]) / (ys[row] - ys[row - 1]), 0, 1)
    ground = (1 - q) * ((1 - p) * heights[row - 1, col - 1] + p * heights[row - 1, col])
    ground = ground + q * ((1 - p) * heights[row, col - 1] + p * heights[row, col])
    length = np.hypot(*towards)
    return ~((ground > z + steps * length * slope + 0.01) & inside).any(axis=0)


def _strand(axes: Any, trace: Any, limits: list[Any], fields: list[Any], colour: str) -> None:
    """Draw a line or points in space, faint where a surface hides them."""
    mode = trace.mode or "lines+markers"
    points = [_unit(trace, letter, limits) for letter in "xyz"]

    def place(units: list[Array]) -> list[Array]:
        return [low + u * (high - low) for u, (low, high, _) in zip(units, limits, strict=True)]

    def seen(units: list[Array]) -> NDArray[np.bool_]:
        return np.logical_and.reduce(
            [field(*units) for field in fields] or [np.isfinite(units[0])]
        )

    own = _one(trace.line.color, colour)
    opacity = 1.0 if trace.opacity is None else trace.opacity
    if "lines" in mode:
        at = np.arange(len(points[0]))
        fine = np.linspace(0, at[-1], 12 * (len(at) - 1) + 1) if len(at) > 1 else at
        dense = [np.interp(fine, at, p) for p in points]
        front = seen(dense)
        width = 0.42 * (trace.line.width or 2)
        for shown, alpha, scale in ((~front, 0.28, 0.8), (front, 1.0, 1.0)):
            near = shown.copy()
            near[1:] |= shown[:-1]
            parts = [np.where(near, p, np.nan) for p in place(dense)]
            axes.plot(
                *parts,
                color=_rgba(own, opacity * alpha),
                linewidth=width * scale,
                solid_capstyle="round",
                zorder=4,
            )
    if "markers" in mode:
        size = np.broadcast_to(np.asarray(trace.marker.size or 6, dtype=float), points[0].shape)
        front = seen(points)
        fill = _one(trace.marker.color, own)
        colours = np.array([_rgba(fill, opacity * (1.0 if f else 0.28)) for f in front])
        axes.scatter(
            *place(points),
            s=(0.9 * size) ** 2,
            c=colours,
            depthshade=False,
            linewidths=0,
            zorder=5,
        )


def _one(colour: Any, default: str) -> str:
    return colour if isinstance(colour, str) else default


def _legend(axes: Any, traces: list[Any], theme: dict[str, str], above: bool = False) -> None:
    """Name the traces where plotly would: several of them, or where asked for."""
    named = [t for t in traces if t.name and t.type not in ("surface", "contour", "heatmap")]
    asked = [t for t in named if t.showlegend or (t.showlegend is None and len(named) > 1)]
    if not asked:
        return
    colours = dict(zip(map(id, traces), itertools.cycle(COLOURWAY), strict=False))
    handles = []
    for trace in asked:
        marked = trace.type in ("bar", "histogram") or trace.mode == "markers"
        colour = _one(trace.marker.color, colours[id(trace)])
        if not marked:
            colour = _one(trace.line.color, colour)
        line: Any = "none" if marked else "-"
        handles.append(
            mpl.lines.Line2D(
                [],
                [],
                color=_rgba(colour),
                linestyle=line,
                marker="o" if marked else "none",
                markersize=5,
                linewidth=2.5,
                label=_plain(trace.name),
            )
        )
    look = {"frameon": False, "fontsize": 9, "loc": "upper left"}
    if above:
        look |= {"loc": "lower left", "bbox_to_anchor": (0, 1), "ncols": 6, "borderaxespad": 0.2}
    legend = axes.legend(handles=handles, **look)
    for text in legend.get_texts():
        text.set_color(theme["text"])


def _within(
    room: tuple[float, float, float, float], x: Any, y: Any
) -> tuple[float, float, float, float]:
    """Place a subplot's domain within the room that titles and colour bars leave."""
    left, bottom, right, top = room
    (x0, x1), (y0, y1) = x or (0, 1), y or (0, 1)
    width, height = right - left, top - bottom
    return left + x0 * width, bottom + y0 * height, left + x1 * width, bottom + y1 * height


def _flat(
    picture: Figure,
    figure: go.Figure,
    key: tuple[str, ...],
    traces: list[Any],
    room: tuple[float, float, float, float],
    theme: dict[str, str],
) -> None:
    """Draw one pair of flat axes."""
    across, up = (figure.layout[f"{k[0]}axis{k[1:]}"] for k in key)
    left, bottom, right, top = _within(room, across.domain, up.domain)
    width, height = picture.get_size_inches() * 100
    above = figure.layout.legend.orientation == "h"
    top -= 16 / height if above and len(traces) > 2 else 0
    axes = picture.add_axes(
        (
            left + 78 / width,
            bottom + 52 / height,
            right - left - 98 / width,
            top - bottom - 66 / height,
        )
    )
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=not any(t.type in ("contour", "heatmap") for t in traces))
    axes.set_axisbelow(True)
    axes.tick_params(length=3, color=theme["grid"])
    cycle = itertools.cycle(COLOURWAY)
    for trace in traces:
        _DRAW[trace.type](axes, trace, next(cycle))
    for axis, name in ((across, "x"), (up, "y")):
        getattr(axes, f"set_{name}label")(_plain(axis.title.text), labelpad=6)
        getattr(axes, f"{name}axis").set_major_locator(mpl.ticker.MaxNLocator(7))
        logged = axis.type == "log"
        if logged:
            getattr(axes, f"set_{name}scale")("log")
        if axis.range:
            span = [10**end for end in axis.range] if logged else axis.range
            getattr(axes, f"set_{name}lim")(*span)
    _legend(axes, traces, theme, above=above)


def _draw_scatter(axes: Any, trace: Any, colour: str) -> None:
    y = _array(trace.y)
    x = _array(trace.x) if trace.x is not None else np.arange(len(y))
    own = _one(trace.line.color, _one(trace.marker.color, colour))
    mode = trace.mode or "lines"
    if "lines" in mode:
        dash = {"dash": "--", "dot": ":", "dashdot": "-."}.get(trace.line.dash or "", "-")
        axes.plot(
            x, y, dash, color=_rgba(own, trace.opacity), linewidth=0.75 * (trace.line.width or 2)
        )
    if "markers" in mode:
        marker = trace.marker
        axes.scatter(
            x,
            y,
            s=(0.75 * np.asarray(marker.size or 6, dtype=float)) ** 2,
            color=_rgba(_one(marker.color, own), trace.opacity),
            linewidths=0.75 * (marker.line.width or 0),
            edgecolors=_rgba(_one(marker.line.color, "#ffffff")),
            zorder=3,
        )
    if trace.fill in ("tozeroy", "tonexty"):
        axes.fill_between(x, y, color=_rgba(trace.fillcolor or own, 0.3), linewidth=0)


def _draw_image(axes: Any, trace: Any, colour: str) -> None:
    values, low, high = _shades(trace)
    x, y = (_coordinates(trace, letter) for letter in "xy")
    colours = _colour_map(trace.colorscale)
    if trace.type == "heatmap":
        axes.pcolormesh(x, y, values, cmap=colours, vmin=low, vmax=high, shading="nearest")
        return
    lines = trace.contours
    size = lines.size or (high - low) / 15
    first = low if lines.start is None else lines.start
    last = high if lines.end is None else lines.end
    levels = np.arange(first, last + size / 2, size)
    bands = np.concatenate([[min(low, first)], levels[1:-1], [max(high, last)]])
    axes.contourf(x, y, values, levels=np.unique(bands), cmap=colours, vmin=low, vmax=high)
    if lines.showlines is not False:
        line = _rgba(trace.line.color or "rgba(255,255,255,0.5)")
        axes.contour(
            x, y, values, levels=levels, colors=[line], linewidths=0.5, linestyles="solid"
        )


def _draw_bar(axes: Any, trace: Any, colour: str) -> None:
    y = _array(trace.y)
    x = _array(trace.x) if trace.x is not None else np.arange(len(y))
    own = _rgba(_one(trace.marker.color, colour), trace.opacity)
    if trace.orientation == "h":
        axes.barh(y, x, color=own)
        return
    wide = 0.8 if x.dtype.kind not in "if" or len(x) < 2 else 0.96 * float(np.diff(x).min())
    wide = wide if trace.width is None else trace.width
    axes.bar(x, y, width=wide, color=own)


def _draw_histogram(axes: Any, trace: Any, colour: str) -> None:
    sideways = trace.x is None
    values = _array(trace.y if sideways else trace.x)
    bins = trace.ybins if sideways else trace.xbins
    if bins.size:
        edges: Any = np.arange(bins.start, bins.end + bins.size / 2, bins.size)
    else:
        edges = (trace.nbinsy if sideways else trace.nbinsx) or "auto"
    axes.hist(
        values,
        bins=edges,
        density=trace.histnorm == "probability density",
        orientation="horizontal" if sideways else "vertical",
        color=_rgba(_one(trace.marker.color, colour), trace.opacity),
    )


_DRAW: dict[str, Callable[[Any, Any, str], None]] = {
    "scatter": _draw_scatter,
    "scattergl": _draw_scatter,
    "contour": _draw_image,
    "heatmap": _draw_image,
    "bar": _draw_bar,
    "histogram": _draw_histogram,
}
