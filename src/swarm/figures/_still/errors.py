"""Error bars."""

from typing import Any

import numpy as np

from swarm.figures._still import read
from swarm.figures._still.panel import PIXEL, Panel

Array = read.Array
_MILLISECONDS = 86_400_000


def draw_errors(panel: Panel, trace: Any, x: Array, y: Array, color: str) -> None:
    """Draw the error bars of points, or of the ends of bars."""
    style = trace.error_y
    for name, values, side in (("x", x, panel.x), ("y", y, panel.y)):
        bars = trace[f"error_{name}"]
        if not is_shown(bars):
            continue
        below, above = spread(bars, values)
        if side.kind == "date":
            below, above = below / _MILLISECONDS, above / _MILLISECONDS
        look = style if name == "x" and bars.copy_ystyle is not False and is_shown(style) else bars
        wide = 4 if look.width is None else look.width
        thick = 2 if look.thickness is None else look.thickness
        panel.axes.errorbar(
            x,
            y,
            fmt="none",
            ecolor=read.rgba(look.color or color, trace.opacity),
            elinewidth=PIXEL * thick,
            capthick=PIXEL * thick,
            capsize=PIXEL * wide,
            zorder=2.5,
            **{f"{name}err": np.stack([below, above])},
        )


def is_shown(bars: Any) -> bool:
    """Tell whether error bars are asked for: by their values or their kind, as in plotly."""
    asked = any(bars[name] is not None for name in ("type", "array", "value"))
    return bool(asked if bars.visible is None else bars.visible)


def spread(bars: Any, values: Array) -> tuple[Array, Array]:
    """Return how far error bars reach below and above values; 0 where that is unknown."""
    kind = bars.type or ("data" if bars.array is not None else "percent")
    uneven = bars.arrayminus is not None or bars.valueminus is not None
    even = not uneven if bars.symmetric is None else bars.symmetric
    if kind == "data":
        above = _as_long(bars.array, len(values))
        below = above if even else _as_long(bars.arrayminus, len(values))
    elif kind == "sqrt":
        above = below = np.sqrt(np.abs(values))
    else:
        unit = np.abs(values) / 100 if kind == "percent" else np.ones(len(values))
        up = 10.0 if bars.value is None else float(bars.value)
        down = 10.0 if bars.valueminus is None else float(bars.valueminus)
        above = up * unit
        below = above if even else down * unit
    return np.nan_to_num(np.maximum(below, 0)), np.nan_to_num(np.maximum(above, 0))


def _as_long(values: Any, length: int) -> Array:
    found = np.zeros(length)
    if values is not None:
        own = read.finite(values)[:length]
        found[: len(own)] = own
    return found
