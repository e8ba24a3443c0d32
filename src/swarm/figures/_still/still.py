"""Draws the picture that a plotly figure shows with matplotlib, from the figure's data alone."""

from typing import Any

import matplotlib as mpl
import matplotlib.colors
import plotly.graph_objects as go
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from swarm.figures._still import read, words
from swarm.figures._still.flat import FLAT, draw_flat, fit_flat
from swarm.figures._still.round import POLAR, ROUND, draw_polar, draw_round, fit_polar
from swarm.figures._still.solid import SOLID, draw_solid
from swarm.style import DARK, LIGHT

__all__ = ["still"]

Key = tuple[str, ...]
KINDS = (*FLAT, *SOLID, *POLAR, *ROUND)


def still(
    figure: go.Figure, *, dark: bool = False, width: int | None = None, height: int | None = None
) -> Figure:
    """Draw a static picture of a plotly figure with matplotlib, without a browser.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
        Made of surface, scatter3d, scatter, contour, heatmap, bar, histogram,
        box, violin, pie, sankey and polar traces. A figure with frames is drawn as
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
        If a trace is of a type that cannot be drawn.
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
    width, height = width or figure.layout.width or 800, height or figure.layout.height or 560
    look = DARK if dark else LIGHT
    theme = {
        "back": look.background, "text": look.text, "quiet": look.muted, "grid": look.grid,
    }  # fmt: skip
    with mpl.rc_context(_style(theme, 9.5 * min(1, max(0.8, min(width, height) / 500)))):
        picture = Figure(figsize=(width / 100, height / 100), dpi=100)
        picture.set_layout_engine("none")  # axes are placed by hand, whatever the rcParams say
        FigureCanvasAgg(picture)
        top = words.titles(picture, figure, theme)
        shown = _shown(figure)
        way = read.colorway(figure)
        colors = {id(trace): way[i % len(way)] for i, trace in enumerate(shown)}
        visible = [trace for trace in shown if trace.visible in (None, True)]
        right = min([1.0, *(_color_bar(picture, t, theme, top, width) for t in visible)])
        room = 0.0, 0.0, right, top
        panels: dict[Key, list[Any]] = {}
        for trace in visible:
            panels.setdefault(_panel(trace), []).append(trace)
        drawn: dict[Key, Any] = {}
        named: dict[Key, list[Any]] = {}
        # Axes that overlay others come after these, and share their legend.
        for key in sorted(panels, key=lambda key: _host(figure, key) != key):
            host = _host(figure, key)
            look_of = (panels[key], room, theme, colors)
            if len(key) == 2:
                sides = _sides(figure, key)
                axes = drawn.get(host)
                drawn[key] = draw_flat(picture, sides, *look_of, figure.layout, axes)
            elif panels[key][0].type in ROUND:
                drawn[key] = draw_round(picture, panels[key][0], room, theme, way)
            else:
                draw = draw_polar if panels[key][0].type in POLAR else draw_solid
                drawn[key] = draw(picture, figure.layout[key[0]], *look_of)
            named.setdefault(host if host in drawn else key, []).extend(panels[key])
        for key, traces in named.items():
            top = words.legend(drawn[key], figure, traces, theme, colors, top)
        for key in named:
            if len(key) == 2:
                fit_flat(drawn[key], *_sides(figure, key), (0.0, 0.0, right, top))
            elif drawn[key].name == "polar":
                fit_polar(drawn[key], figure.layout[key[0]], (0.0, 0.0, right, top))
    return picture


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


def _host(figure: go.Figure, key: Key) -> Key:
    """Return the axes that a pair of flat axes overlays, or itself."""
    if len(key) == 1:
        return key
    across, up = _sides(figure, key)
    return across.overlaying or key[0], up.overlaying or key[1]


def _sides(figure: go.Figure, key: Key) -> tuple[Any, Any]:
    """Return plotly's two axes by their short names, such as x and y2."""
    across, up = (figure.layout[f"{name[0]}axis{name[1:]}"] for name in key)
    return across, up


def _color_bar(
    picture: Figure, trace: Any, theme: dict[str, str], top: float, width: float
) -> float:
    """Draw a trace's colour bar, and return where the room to its left ends."""
    if trace.type not in ("surface", "contour", "heatmap") or trace.showscale is False:
        return 1.0
    _, low, high = read.shades(trace)
    axes = picture.add_axes((1 - 74 / width, 0.2 * top, 11 / width, 0.55 * top))
    mappable = mpl.cm.ScalarMappable(
        mpl.colors.Normalize(low, high), read.color_map(trace.colorscale)
    )
    bar = picture.colorbar(mappable, cax=axes)
    bar.outline.set_visible(False)
    if trace.colorbar.tickvals is not None:
        bar.set_ticks([float(t) for t in trace.colorbar.tickvals], labels=trace.colorbar.ticktext)
    axes.tick_params(length=0, labelsize=8.5)
    if trace.colorbar.title.text:
        words.above_bar(axes, read.plain(trace.colorbar.title.text))
    return 1 - 84 / width
