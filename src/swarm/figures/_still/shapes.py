"""Draws lines, rectangles and ellipses that a layout puts on its axes."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.patches import Ellipse, PathPatch, Rectangle
from matplotlib.path import Path
from matplotlib.transforms import blended_transform_factory

from swarm.figures._still import read
from swarm.figures._still.dashes import dash_of
from swarm.figures._still.panel import PIXEL, Panel
from swarm.figures._still.where import Key, is_drawn, panel_of, spot

_ORDER = {"below": 0.5, "between": 1.5, "above": 5}


def draw_shapes(panels: Mapping[Key, Panel], shapes: Any) -> None:
    """Draw shapes; those placed by data stretch the axes that have no range."""
    for shape in shapes:
        refs = {"x": shape.xref, "y": shape.yref}
        if shape.visible in (None, True) and all(is_drawn(panels, r) for r in refs.values()):
            _draw(panels, shape, refs)


def _draw(panels: Mapping[Key, Panel], shape: Any, refs: dict[str, str | None]) -> None:
    panel = panel_of(panels, refs, shape.x0, shape.y0)
    axes = panel.axes
    x = [spot(panel, "x", shape.xref, value, logarithm=False) for value in (shape.x0, shape.x1)]
    y = [spot(panel, "y", shape.yref, value, logarithm=False) for value in (shape.y0, shape.y1)]
    (x0, x1), (y0, y1) = ([place.at for place in pair] for pair in (x, y))
    clear = 1.0 if shape.opacity is None else shape.opacity
    look = {
        "facecolor": read.rgba(shape.fillcolor, clear) if shape.fillcolor else "none",
        "edgecolor": read.rgba(shape.line.color or "#444", clear),
        "linewidth": PIXEL * (2 if shape.line.width is None else shape.line.width),
        "linestyle": dash_of(shape.line.dash),
        "transform": blended_transform_factory(x[0].transform, y[0].transform),
        "zorder": _ORDER[shape.layer or "above"],
        "clip_on": "paper" not in refs.values(),
    }
    patch: Any
    if shape.type == "line":
        patch = PathPatch(Path([(x0, y0), (x1, y1)]), **look)
    elif shape.type == "circle":
        patch = Ellipse(((x0 + x1) / 2, (y0 + y1) / 2), abs(x1 - x0), abs(y1 - y0), **look)
    else:
        patch = Rectangle((min(x0, x1), min(y0, y1)), abs(x1 - x0), abs(y1 - y0), **look)
    axes.add_artist(patch)
    corners = np.array([(x0, y0), (x1, y1)])
    axes.update_datalim(corners, updatex=x[0].in_data, updatey=y[0].in_data)
