"""Draws plotly's flat traces with matplotlib."""

from collections.abc import Callable
from typing import Any

import matplotlib as mpl
import matplotlib.ticker
import numpy as np
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from swarm.figures._still import read, words
from swarm.figures._still.bars import BARS, SPREADS, draw_bars, draw_spreads
from swarm.style import DARK, LIGHT, is_dark

Array = read.Array

FLAT = ("scatter", "scattergl", "contour", "heatmap", *BARS, *SPREADS)


def draw_flat(
    picture: Figure,
    sides: tuple[Any, Any],
    traces: list[Any],
    room: read.Room,
    theme: dict[str, str],
    colors: read.Colors,
    layout: Any,
    host: Any = None,
) -> Any:
    """Draw one pair of flat axes, over the `host` that they overlay, and return them."""
    axes: Any
    across, up = sides
    if host is None:
        left, bottom, right, top = read.within(room, across.domain, up.domain)
        axes = picture.add_axes((left, bottom, right - left, top - bottom))
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(visible=not any(t.type in ("contour", "heatmap") for t in traces))
    else:
        axes = host.twinx() if up.overlaying else host.twiny()
        axes.set_frame_on(False)
    axes.set_axisbelow(True)
    axes.tick_params(length=3, color=theme["grid"])
    for side, axis in ((axes.xaxis, across), (axes.yaxis, up)):
        if axis.categoryarray is not None:
            side.update_units([str(name) for name in axis.categoryarray])
    for kinds, draw in ((BARS, draw_bars), (SPREADS, draw_spreads)):
        if some := [trace for trace in traces if trace.type in kinds]:
            draw(axes, some, colors, layout)
    for trace in traces:
        if trace.type in _DRAW:
            _DRAW[trace.type](axes, trace, colors[id(trace)])
    for axis, name in ((across, "x"), (up, "y")):
        getattr(axes, f"set_{name}label")(read.plain(axis.title.text), labelpad=6)
        side = getattr(axes, f"{name}axis")
        pixels = picture.bbox.width if name == "x" else picture.bbox.height
        if side.get_converter() is None:  # names and dates have ticks of their own
            most = int(np.clip(pixels / 80, 2, 7))
            side.set_major_locator(mpl.ticker.MaxNLocator(most, steps=[1, 2, 5, 10]))
        side.set_visible(axis.visible is not False)
        logged = axis.type == "log"
        if logged:
            getattr(axes, f"set_{name}scale")("log")
        if axis.range:
            span = [10**end for end in axis.range] if logged else axis.range
            getattr(axes, f"set_{name}lim")(*span)
        elif "reversed" in str(axis.autorange):
            side.set_inverted(True)
    return axes


def fit_flat(axes: Any, across: Any, up: Any, room: read.Room) -> None:
    """Shrink axes until their ticks, names and legend have room, too."""
    left, bottom, right, top = read.within(room, across.domain, up.domain)
    picture = axes.figure
    width, height = picture.bbox.size
    wanted = Bbox.from_extents(
        left * width + words.EDGE,
        bottom * height + words.EDGE,
        right * width - 2 * words.EDGE,
        top * height - words.EDGE,
    )
    beside = 70  # what ticks and the other name take, about
    words.fit(axes.xaxis.label, max(wanted.width - beside, beside))
    words.fit(axes.yaxis.label, max(wanted.height - beside, beside))
    for _ in range(2):  # the first time may change the ticks
        place = axes.get_window_extent()
        taken = axes.get_tightbbox(picture.canvas.get_renderer())
        place = Bbox(place.get_points() + wanted.get_points() - taken.get_points())
        axes.set_position(place.transformed(picture.transFigure.inverted()))


def _draw_scatter(axes: Any, trace: Any, color: str) -> None:
    y = np.arange(len(trace.x)) if trace.y is None else read.placed(axes.yaxis, trace.y)
    x = np.arange(len(y)) if trace.x is None else read.placed(axes.xaxis, trace.x)
    own = read.one(trace.line.color, read.one(trace.marker.color, color))
    mode = trace.mode or "lines"
    if "lines" in mode:
        dash = {"dash": "--", "dot": ":", "dashdot": "-."}.get(trace.line.dash or "", "-")
        axes.plot(
            x,
            y,
            dash,
            color=read.rgba(own, trace.opacity),
            linewidth=0.75 * (trace.line.width or 2),
        )
    if "markers" in mode:
        marker = trace.marker
        axes.scatter(
            x,
            y,
            s=(0.75 * np.asarray(marker.size or 6, dtype=float)) ** 2,
            color=read.fills(marker, own, trace.opacity),
            linewidths=0.75 * (marker.line.width or 0),
            edgecolors=read.rgba(read.one(marker.line.color, "white")),
            zorder=3,
        )
    if trace.fill == "toself":
        area = read.rgba(trace.fillcolor) if trace.fillcolor else read.rgba(own, 0.3)
        axes.fill(x, y, color=area, linewidth=0)
    if trace.fill in ("tozeroy", "tonexty"):
        axes.fill_between(x, y, color=read.rgba(trace.fillcolor or own, 0.3), linewidth=0)


def _draw_image(axes: Any, trace: Any, color: str) -> None:
    values, low, high = read.shades(trace)
    x, y = (
        np.arange(size, dtype=float) if own is None else read.placed(axis, own)
        for own, axis, size in (
            (trace.x, axes.xaxis, values.shape[1]),
            (trace.y, axes.yaxis, values.shape[0]),
        )
    )
    colors = read.color_map(trace.colorscale)
    if trace.type == "heatmap":
        axes.pcolormesh(
            _edges(x), _edges(y), values, cmap=colors, vmin=low, vmax=high, shading="flat"
        )
        if trace.texttemplate == "%{text}" and trace.text is not None:
            _write(axes, x, y, trace.text, colors((values - low) / (high - low)))
        return
    if min(values.shape) < 2:
        return  # plotly has no contours there, either
    lines = trace.contours
    size = lines.size or (high - low) / 15
    first = low if lines.start is None else lines.start
    last = high if lines.end is None else lines.end
    levels = np.arange(first, last + size / 2, size)
    bands = np.concatenate([[min(low, first)], levels[1:-1], [max(high, last)]])
    axes.contourf(x, y, values, levels=np.unique(bands), cmap=colors, vmin=low, vmax=high)
    if lines.showlines is not False:
        line = read.rgba(trace.line.color or "rgba(255,255,255,0.5)")
        axes.contour(
            x, y, values, levels=levels, colors=[line], linewidths=0.5, linestyles="solid"
        )


def _write(axes: Any, x: Array, y: Array, texts: Any, grounds: Array) -> None:
    """Write a text into each cell, dark on light and light on dark; grounds (row, column, 4)."""
    for row, column in np.ndindex(grounds.shape[:2]):
        ground = grounds[row, column]
        axes.text(
            x[column],
            y[row],
            str(texts[row][column]),
            color=(DARK if is_dark(ground[:3]) else LIGHT).text if ground[3] else None,
            ha="center",
            va="center",
            clip_on=True,
        )


def _edges(middles: Array) -> Array:
    """Return where cells around some places end: half-way between, as plotly has it."""
    if len(middles) < 2:
        return np.array([middles[0] - 0.5, middles[0] + 0.5])
    between = (middles[1:] + middles[:-1]) / 2
    return np.concatenate(
        [[2 * middles[0] - between[0]], between, [2 * middles[-1] - between[-1]]]
    )


_DRAW: dict[str, Callable[[Any, Any, str], None]] = {
    "scatter": _draw_scatter,
    "scattergl": _draw_scatter,
    "contour": _draw_image,
    "heatmap": _draw_image,
}
