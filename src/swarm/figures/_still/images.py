"""Draws heat maps, contours, two-dimensional histograms and images."""

import base64
import io
from typing import Any

import matplotlib as mpl
import numpy as np
import plotly.graph_objects as go

from swarm.figures._still import read
from swarm.figures._still.bins import bin_edges, round_up
from swarm.figures._still.curve import Array
from swarm.figures._still.dashes import dash_of
from swarm.figures._still.letters import texts_of, write_cells
from swarm.figures._still.panel import PIXEL, Panel
from swarm.figures._still.side import Side

GRIDS = ("contour", "heatmap")
IMAGES = (*GRIDS, "histogram2d", "image")


def draw_image(panel: Panel, trace: Any) -> None:
    """Draw one trace that colours the plane."""
    if trace.type == "image":
        _pixels(panel, trace)
        return
    values, low, high = read.shades(trace)
    x, y = (
        _along(trace, name, side, size)
        for name, side, size in (
            ("x", panel.x, values.shape[1]),
            ("y", panel.y, values.shape[0]),
        )
    )
    if trace.type == "contour":
        _contours(panel, trace, (x, y, values), low, high)
        return
    colors = read.color_map(trace.colorscale, reverse=trace.reversescale)
    edges = [_edges(at, values.shape[k]) for at, k in ((x, 1), (y, 0))]
    panel.axes.pcolormesh(
        *edges, values, cmap=colors, vmin=low, vmax=high, shading="flat", alpha=trace.opacity
    )
    if trace.texttemplate:
        x, y = ((edge[1:] + edge[:-1]) / 2 for edge in edges)
        grounds = colors((values - low) / ((high - low) or 1))
        write_cells(panel.axes, x, y, _texts(trace, values, x, y), grounds, trace.textfont)


def _along(trace: Any, name: str, side: Any, size: int) -> Array:
    if trace[name] is not None:
        return np.asarray(side.place(trace[name]))
    start, step = trace[f"{name}0"] or 0, trace[f"d{name}"]
    return np.asarray(start + np.arange(size, dtype=float) * (1 if step is None else step))


def _texts(trace: Any, values: Array, x: Array, y: Array) -> list[list[str]]:
    """Return the words of each cell; none where there is no value."""
    across, up = np.meshgrid(x, y)
    names = {"x": across, "y": up}
    for name in "xy":
        if trace[name] is not None and len(trace[name]) == values.shape["yx".index(name)]:
            own = np.array(read.array(trace[name]), dtype=object)
            names[name] = np.meshgrid(own, own)[0] if name == "x" else np.meshgrid(x, own)[1]
    names["x"] = names["x"][:1].repeat(len(y), axis=0)
    words = texts_of(trace, values.size, z=values, **names)
    texts = np.array(words, dtype=object).reshape(values.shape)
    if "%{z" in trace.texttemplate:
        texts[~np.isfinite(values)] = ""
    rows: list[list[str]] = texts.tolist()
    return rows


def _edges(at: Array, cells: int) -> Array:
    """Return where cells end: where the trace says, or half-way between their middles."""
    if len(at) == cells + 1:
        return at
    if len(at) < 2:
        return np.array([at[0] - 0.5, at[0] + 0.5])
    between = (at[1:] + at[:-1]) / 2
    return np.concatenate([[2 * at[0] - between[0]], between, [2 * at[-1] - between[-1]]])


def levels_of(trace: Any, low: float, high: float) -> tuple[Array, float, float]:
    """Return a trace's contour levels, and the first and the last that it asks for."""
    lines = trace.contours
    auto = trace.autocontour is not False and (lines.start is None or lines.end is None)
    size = lines.size or round_up((high - low) / (trace.ncontours or 15))
    first, last = lines.start, lines.end
    if auto:
        first = np.ceil(low / size - 1e-9) * size
        last = np.floor(high / size + 1e-9) * size
        first += size * bool(np.isclose(first, low))
        last -= size * bool(np.isclose(last, high))
    first = low if first is None else float(first)
    last = high if last is None else float(last)
    return np.arange(first, last + size / 2, size), first, last


def _contours(panel: Panel, trace: Any, grid: Any, low: float, high: float) -> None:
    axes, lines = panel.axes, trace.contours
    if min(grid[2].shape) < 2:
        return  # plotly has no contours there, either
    levels, first, last = levels_of(trace, low, high)
    colors = read.color_map(trace.colorscale, reverse=trace.reversescale)
    clear = 1.0 if trace.opacity is None else trace.opacity
    look = {"cmap": colors, "vmin": low, "vmax": high, "alpha": trace.opacity}
    coloring = lines.coloring or "fill"
    if coloring == "fill":
        inner = levels if trace.contours.start is None else levels[1:-1]
        bands = np.concatenate([[min(low, first)], inner, [max(high, last)]])
        axes.contourf(*grid, levels=np.unique(bands), **look)
    elif coloring == "heatmap":
        axes.pcolormesh(*grid, shading="gouraud", **look)
    if coloring != "lines" and lines.showlines is False:
        return
    width = PIXEL * (0.5 if trace.line.width is None else trace.line.width)
    style: Any = dash_of(trace.line.dash)
    drawn = {"linewidths": width, "linestyles": [style] if isinstance(style, tuple) else style}
    if coloring == "lines":
        axes.contour(*grid, levels=levels, **drawn, **look)
    else:
        color = read.rgba(trace.line.color or "#000", clear)
        axes.contour(*grid, levels=levels, colors=[color], **drawn)


def counted(trace: Any, x_side: Side, y_side: Side) -> Any:
    """Return a two-dimensional histogram as the heat map that it shows."""
    sides, edges = (x_side, y_side), []
    at: list[Any] = []
    x, y = (side.place(trace[c]) for side, c in zip(sides, "xy", strict=True))
    known = np.isfinite(x) & np.isfinite(y)
    for side, values, c in ((x_side, x, "x"), (y_side, y, "y")):
        if side.kind == "category":
            edges.append(np.arange(len(side.names) + 1) - 0.5)
            at.append(list(side.names))
        elif side.kind == "linear":
            bins, most = trace[f"{c}bins"], trace[f"nbins{c}"]
            edges.append(bin_edges(values[known], bins, most, plane=True))
            at.append(edges[-1])
        else:
            raise ValueError(
                f"still cannot count in bins of a {side.kind} axis; count them before, or show "
                "the figure itself instead of its still"
            )
    kind = trace.histfunc or "count"
    weigh = None if kind == "count" or trace.z is None else read.finite(trace.z)[known]
    if kind in ("min", "max"):
        raise ValueError(f"still cannot draw histfunc={kind!r} of a histogram2d; use sum or avg")
    cells = np.histogram2d(y[known], x[known], edges[::-1], weights=weigh)[0]
    number = np.histogram2d(y[known], x[known], edges[::-1])[0]
    if kind == "avg":
        cells = np.divide(cells, number, out=np.full_like(cells, np.nan), where=number > 0)
    norm, total = trace.histnorm or "", np.nansum(cells) or 1.0
    area = np.diff(edges[0])[0] * np.diff(edges[1])[0]
    cells = cells * {"percent": 100 / total, "probability": 1 / total, "density": 1 / area,
                     "probability density": 1 / area / total}.get(norm, 1.0)  # fmt: skip
    names = ("zmin", "zmax", "zmid", "colorscale", "reversescale", "opacity", "texttemplate",
             "textfont", "showscale", "colorbar", "xaxis", "yaxis")  # fmt: skip
    fields = trace.to_plotly_json()
    own = {name: fields[name] for name in names if name in fields}
    return go.Heatmap(z=cells, x=at[0], y=at[1], **own)


def _pixels(panel: Panel, trace: Any) -> None:
    """Draw an image of plotly's: pixels of red, green and blue, the first row on top."""
    if trace.source is not None:
        pixels = _decoded(trace.source)
    else:
        pixels = read.finite(trace.z)
        share = np.array([255, 255, 255, 255 if trace.colormodel == "rgba256" else 1])
        pixels = (pixels / share[: pixels.shape[-1]]).clip(0, 1)
    rows, columns = pixels.shape[:2]
    x, y = (_along_image(trace, name, size) for name, size in (("x", columns), ("y", rows)))
    panel.axes.imshow(
        pixels, extent=(x[0], x[-1], y[-1], y[0]), origin="upper", aspect="auto",
        interpolation="nearest", alpha=trace.opacity,
    )  # fmt: skip


def _along_image(trace: Any, name: str, size: int) -> Array:
    start, step = trace[f"{name}0"] or 0, trace[f"d{name}"]
    step = 1 if step is None else step
    return np.asarray(start + step * (np.arange(size + 1) - 0.5))


def _decoded(source: str) -> Array:
    head, _, body = source.partition("base64,")
    if not head.startswith("data:image/"):
        raise ValueError(f"still cannot load source={source[:40]!r}; pass the pixels as z")
    kind = head.removeprefix("data:image/").strip(";")
    pixels = mpl.image.imread(io.BytesIO(base64.b64decode(body)), format=kind)
    return np.asarray(pixels if pixels.dtype.kind == "f" else pixels / 255)
