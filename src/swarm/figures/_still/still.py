"""Draws the picture that a plotly figure shows with matplotlib, from the figure's data alone."""

from typing import Any

import matplotlib as mpl
import plotly.graph_objects as go
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from swarm.figures._still import read, words
from swarm.figures._still.annotations import stretch, write_annotations
from swarm.figures._still.colorbars import draw_bars
from swarm.figures._still.flat import (
    FLAT,
    Key,
    draw_flat,
    fit_flat,
    long_name,
    set_ranges,
    sides_of,
)
from swarm.figures._still.heed import heed_layout, heed_trace
from swarm.figures._still.images import counted
from swarm.figures._still.panel import Panel
from swarm.figures._still.resolve import resolved
from swarm.figures._still.round import POLAR, ROUND, draw_polar, draw_round, fit_polar
from swarm.figures._still.shapes import draw_shapes
from swarm.figures._still.side import Side
from swarm.figures._still.solid import SOLID, draw_solid
from swarm.style import DARK, LIGHT

__all__ = ["still"]

KINDS = (*FLAT, *SOLID, *POLAR, *ROUND)


def still(
    figure: go.Figure, *, dark: bool = False, width: int | None = None, height: int | None = None
) -> Figure:
    """Draw a static picture of a plotly figure with matplotlib, without a browser.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
        Made of surface, scatter3d, scatter, contour, heatmap, image, bar, histogram,
        histogram2d, box, violin, pie, sankey and polar traces. A figure with frames is drawn as
        it first appears, or at the frame that its ``layout.meta["still"]`` names.
    dark : bool, default False
        Whether to draw for a dark page, in the colours of `swarm.style.DARK`.
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
        If a trace is of a type that cannot be drawn, or the figure sets an attribute that
        changes the picture and cannot be drawn. It is named.
    TypeError
        If `figure` is no plotly figure.
    """
    if not isinstance(figure, go.Figure):
        raise TypeError(f"still draws a plotly Figure, got {type(figure).__name__}")
    for trace in figure.data:
        if trace.type not in KINDS:
            raise ValueError(
                f"still cannot draw a trace of type {trace.type!r}; it draws {', '.join(KINDS)}"
            )
    figure = resolved(figure)
    width, height = width or figure.layout.width or 800, height or figure.layout.height or 560
    look = DARK if dark else LIGHT
    theme = {
        "back": look.background, "text": look.text, "quiet": look.muted, "grid": look.grid,
    }  # fmt: skip
    with mpl.rc_context(_style(theme, 9.5 * min(1, max(0.8, min(width, height) / 500)))):
        picture = Figure(figsize=(width / 100, height / 100), dpi=100)
        picture.set_layout_engine("none")  # axes are placed by hand, whatever the rcParams say
        FigureCanvasAgg(picture)
        _draw(picture, figure, theme, width)
    return picture


def _draw(picture: Figure, figure: go.Figure, theme: dict[str, str], width: float) -> None:
    """Draw a figure whose template is resolved."""
    layout = figure.layout
    way = read.colorway(figure)
    colors = {id(trace): way[i % len(way)] for i, trace in enumerate(figure.data)}
    panels = _panels(figure)
    sides = sides_of(panels, layout)
    _count(panels, sides, colors)
    top = words.titles(picture, figure, theme)
    traces = [trace for held in panels.values() for trace in held]
    right = draw_bars(picture, traces, theme, top, width)
    room = 0.0, 0.0, right, top
    drawn: dict[Key, Any] = {}
    named: dict[Key, list[Any]] = {}
    # Axes that overlay others come after these, and share their legend.
    for key in sorted(panels, key=lambda key: _host(figure, key) != key):
        host = _host(figure, key)
        look_of = (panels[key], room, theme, colors)
        if len(key) == 2:
            axes = drawn[host].axes if host in drawn else None
            pair = sides[key[0]], sides[key[1]]
            drawn[key] = draw_flat(picture, pair, *look_of, layout, axes)
        elif panels[key][0].type in ROUND:
            drawn[key] = draw_round(picture, panels[key][0], room, theme, way)
        else:
            draw = draw_polar if panels[key][0].type in POLAR else draw_solid
            drawn[key] = draw(picture, layout[key[0]], *look_of)
        named.setdefault(host if host in drawn else key, []).extend(panels[key])
    for trace in figure.data:
        if trace.visible == "legendonly" and named:
            host = _host(figure, _panel(trace))
            named[host if host in named else next(iter(named))].append(trace)
    flat: dict[Key, Panel] = {key: panel for key, panel in drawn.items() if len(key) == 2}
    draw_shapes(flat, layout.shapes)
    stretch(flat, layout.annotations)
    set_ranges(flat, layout)
    write_annotations(picture, flat, layout.annotations)
    _fit(figure, drawn, named, theme, colors, (right, top))


def _fit(
    figure: go.Figure,
    drawn: dict[Key, Any],
    named: dict[Key, list[Any]],
    theme: dict[str, str],
    colors: read.Colors,
    room: tuple[float, float],
) -> None:
    """Name the traces, and make all axes as large as words leave room for."""
    right, top = room
    for key, traces in named.items():
        axes = drawn[key].axes if len(key) == 2 else drawn[key]
        top = words.legend(axes, figure, traces, theme, colors, top)
    for key in named:
        if len(key) == 2:
            fit_flat(drawn[key], (0.0, 0.0, right, top))
        elif drawn[key].name == "polar":
            fit_polar(drawn[key], figure.layout[key[0]], (0.0, 0.0, right, top))


def _panels(figure: go.Figure) -> dict[Key, list[Any]]:
    """Return the traces of each part of a figure, having checked that all can be drawn."""
    panels: dict[Key, list[Any]] = {}
    for number, trace in enumerate(figure.data):
        if trace.visible in (None, True):
            heed_trace(trace, number)
            panels.setdefault(_panel(trace), []).append(trace)
    parts = {long_name(name) if len(key) == 2 else name for key in panels for name in key}
    heed_layout(figure.layout, parts)
    return panels


def _count(panels: dict[Key, list[Any]], sides: dict[str, Side], colors: read.Colors) -> None:
    """Put heat maps of their counts in the place of two-dimensional histograms."""
    for key, traces in panels.items():
        for i, trace in enumerate(traces):
            if trace.type == "histogram2d":
                traces[i] = counted(trace, sides[key[0]], sides[key[1]])
                colors[id(traces[i])] = colors[id(trace)]


def _style(theme: dict[str, str], size: float) -> dict[Any, Any]:
    """Return the settings of matplotlib to draw with."""
    return {
        "font.family": "DejaVu Sans",
        "font.size": size,
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


def _panel(trace: Any) -> Key:
    """Return what names the part of the figure in which a trace is drawn."""
    if trace.type in FLAT:
        return trace.xaxis or "x", trace.yaxis or "y"
    if trace.type in SOLID:
        return (trace.scene or "scene",)
    return (trace.subplot or "polar",) if trace.type in POLAR else (f"of its own {id(trace)}",)


def _host(figure: go.Figure, key: Key) -> Key:
    """Return the axes that a pair of flat axes overlays, or itself."""
    if len(key) == 1:
        return key
    across, up = (figure.layout[long_name(name)] for name in key)
    if across.overlaying and up.overlaying:
        raise ValueError(
            f"still cannot draw axes {key} of which both are overlaying others; let one of them "
            "be shared, or show the figure itself instead of its still"
        )
    return across.overlaying or key[0], up.overlaying or key[1]
