"""Titles, names of axes and legends that stay within a matplotlib figure."""

import textwrap
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import matplotlib.lines
import plotly.graph_objects as go
from matplotlib.figure import Figure
from matplotlib.text import Text

from swarm.figures._still import read
from swarm.figures._still.dashes import dash_of

BOXES = ("bar", "histogram", "box", "violin", "barpolar")

NAMELESS = ("surface", "contour", "heatmap", "image", "pie", "sankey")

EDGE = 10
"""How far words stay from the figure's edge, in pixels."""


def fit(text: Text, most: float) -> Text:
    """Break a text's lines where they would be longer than `most` pixels."""
    lines = text.get_text().splitlines()
    for columns in range(max(map(len, lines), default=0), 7, -1):
        text.set_text("\n".join(textwrap.fill(line, columns) for line in lines))
        extent = text.get_window_extent()
        if max(extent.width, extent.height if text.get_rotation() else 0) <= most:
            break
    return text


def titles(picture: Figure, figure: go.Figure, theme: dict[str, str]) -> float:
    """Write title and subtitle, and return where the room below them begins."""
    width, height = picture.bbox.size
    at = height - 14.0
    looks: Sequence[dict[str, Any]] = (
        {"fontsize": 13, "fontweight": "bold"},
        {"fontsize": 9.5, "color": theme["quiet"]},
    )
    title = figure.layout.title
    for words, look in zip((title.text, title.subtitle.text), looks, strict=True):
        if words:
            text = picture.text(0.02, at / height, read.plain(words), va="top", **look)
            at = fit(text, 0.98 * width - EDGE).get_window_extent().y0 - 8
    return at / height if at < height - 14 else 1.0


def above_bar(axes: Any, name: str) -> None:
    """Name a colour bar at the right of a figure; a long name begins to the left of the bar."""
    title = axes.set_title(name, fontsize=mpl.rcParams["font.size"], loc="left", pad=8)
    if title.get_window_extent().x1 > axes.figure.bbox.x1 - EDGE:
        title.set(text="")
        right = (axes.figure.bbox.x1 - EDGE - axes.bbox.x0) / axes.bbox.width
        title = axes.annotate(
            name,
            (right, 1),
            (0, 8),
            textcoords="offset points",
            xycoords="axes fraction",
            ha="right",
        )
        fit(title, 0.5 * axes.figure.bbox.width)


def legend(
    axes: Any,
    figure: go.Figure,
    traces: list[Any],
    theme: dict[str, str],
    colors: read.Colors,
    top: float,
) -> float:
    """Name the traces where plotly would: several of them, or where asked for.

    At the upper left, below `top`; returns where the room below it begins, if it is one of
    rows above flat axes.
    """
    named = [t for t in traces if t.name and t.type not in NAMELESS]
    shown = figure.layout.showlegend
    several = len(named) > 1 if shown is None else shown
    asked = [t for t in named if t.showlegend or (t.showlegend is None and several)]
    if not asked or shown is False:
        return top
    if "reversed" in (figure.layout.legend.traceorder or ""):
        asked = asked[::-1]
    handles = []
    for trace in asked:
        marked = trace.type in BOXES or trace.mode == "markers"
        color = read.one(trace.marker.color, colors[id(trace)])
        if not marked:
            color = read.one(trace.line.color, color)
        line: Any = "none" if marked else dash_of(trace.line.dash)
        handles.append(
            mpl.lines.Line2D(
                [],
                [],
                color=read.rgba(color, 0.4 if trace.visible == "legendonly" else 1),
                linestyle=line,
                marker="o" if marked else "none",
                markersize=5,
                linewidth=2.5,
                label=read.plain(trace.name),
            )
        )
    look = {"frameon": False, "fontsize": 9, "loc": "upper left", "labelcolor": theme["text"]}
    if title := figure.layout.legend.title.text:
        look |= {"title": read.plain(title), "title_fontsize": 9, "alignment": "left"}
    in_rows = axes.name != "3d"  # plotly has it beside or below the axes, never on them
    look |= {"bbox_to_anchor": (0.01, top), "bbox_transform": axes.figure.transFigure}
    for columns in range(len(handles) if in_rows else 1, 0, -1):
        box = axes.legend(handles=handles, ncols=columns, **look)
        box.set_in_layout(False)
        if box.get_window_extent().x1 <= axes.figure.bbox.x1 - EDGE:
            break
    return box.get_window_extent().y0 / axes.figure.bbox.height if in_rows else top
