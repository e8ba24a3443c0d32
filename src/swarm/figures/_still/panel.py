"""One pair of flat axes in the making, and what is drawn into it."""

from dataclasses import dataclass
from typing import Any

from swarm.figures._still import read
from swarm.figures._still.side import Side

PIXEL = 0.75
"""A pixel of plotly's in points, so that lines keep their weight in a picture that is scaled."""


@dataclass(frozen=True)
class Panel:
    """matplotlib's axes, plotly's two axes, the layout, and colours of traces that name none."""

    axes: Any
    x: Side
    y: Side
    layout: Any
    colors: read.Colors

    def color(self, trace: Any) -> str:
        """Return the colour of a trace's line, or of its markers."""
        line = read.one(getattr(trace, "line", None) and trace.line.color, "")
        return line or read.one(trace.marker.color, self.colors[id(trace)])
