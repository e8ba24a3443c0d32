"""Draws boxes, violins and the points beside them, each at the place of its name."""

from typing import Any

import numpy as np
from matplotlib.colors import to_rgba

from swarm.figures._still import read
from swarm.figures._still.panel import PIXEL, Panel

Array = read.Array
SPREADS = ("box", "violin")


def draw_spreads(panel: Panel, traces: list[Any]) -> None:
    """Draw boxes and violins, side by side where the layout asks for it."""
    layout = panel.layout
    mode = layout.boxmode if traces[0].type == "box" else layout.violinmode
    names = [trace.offsetgroup or f" {i}" for i, trace in enumerate(traces)]
    order = list(dict.fromkeys(names)) if mode == "group" else [""]
    for trace, name in zip(traces, names, strict=True):
        turned = trace.orientation == "h" or (trace.orientation is None and trace.y is None)
        slot = order.index(name) if mode == "group" else 0
        along, up = (panel.y, panel.x) if turned else (panel.x, panel.y)
        values = trace.x if turned else trace.y
        numbers = up.place(values)
        stand = trace.y if turned else trace.x
        if stand is None:
            start = trace.y0 if turned else trace.x0
            stand = [trace.name if start is None else start] * len(numbers)
        places = along.place(stand)
        width = 0.7 / len(order)
        known = np.isfinite(numbers) & np.isfinite(places)
        for place in np.unique(places[known]):
            part = numbers[known & (places == place)]
            at = place + width * (slot - (len(order) - 1) / 2)
            _spread(panel, trace, part, at, 0.85 * width, turned)


def _spread(panel: Panel, trace: Any, part: Array, at: float, width: float, turned: bool) -> None:
    """Draw one box or one violin, and its points."""
    own = read.one(trace.line.color, read.one(trace.marker.color, panel.colors[id(trace)]))
    clear = 1.0 if trace.opacity is None else trace.opacity
    line = read.rgba(own, clear)
    fill = read.rgba(trace.fillcolor, clear) if trace.fillcolor else read.rgba(own, 0.5 * clear)
    look: dict[str, Any] = {"positions": [at], "widths": width, "orientation": _turn(turned)}
    points = trace.boxpoints if trace.type == "box" else trace.points
    points = "outliers" if points is None else points
    if points == "all":
        _draw_points(panel, trace, part, (at, width), turned)
    if trace.type == "violin":
        if np.ptp(part) > 0:
            _violin(panel, trace, part, look, (line, fill))
        if not trace.box.visible:
            if points in ("outliers", "suspectedoutliers"):
                _draw_points(panel, trace, _statistics(part)["fliers"], (at, 0), turned)
            return
        look["widths"] = width / 4
    wide = 2 if trace.line.width is None else trace.line.width
    pen = {"color": line, "linewidth": 0.7 * wide}
    caps = 0.5 if trace.type != "box" or trace.whiskerwidth is None else trace.whiskerwidth
    panel.axes.bxp(
        [_statistics(part, fenced=points is not False)],
        patch_artist=True,
        manage_ticks=False,
        capwidths=[caps * look["widths"]],
        boxprops={"facecolor": fill, "edgecolor": line, "linewidth": 0.7 * wide},
        medianprops=pen,
        whiskerprops=pen,
        capprops=pen,
        flierprops={"marker": "o", "markersize": 3.5, "markerfacecolor": to_rgba(line),
                    "markeredgewidth": 0},
        showfliers=points in ("outliers", "suspectedoutliers"),
        **look,
    )  # fmt: skip


def _statistics(part: Array, *, fenced: bool = True) -> dict[str, Any]:
    """Return a box: quartiles as plotly has them, and whiskers to the last value within fences."""
    low, middle, high = np.percentile(part, [25, 50, 75], method="hazen")
    reach = 1.5 * (high - low) if fenced else np.inf
    least = min(low, part[part >= low - reach].min())
    most = max(high, part[part <= high + reach].max())
    return {
        "q1": low, "med": middle, "q3": high, "whislo": least, "whishi": most,
        "fliers": part[(part < least) | (part > most)],
    }  # fmt: skip


def _violin(panel: Panel, trace: Any, part: Array, look: Any, colors: Any) -> None:
    """Draw a density by plotly's rule: Silverman's bandwidth, two of them beyond the values."""
    box = _statistics(part)
    spread = min(float(np.std(part, ddof=1)), (box["q3"] - box["q1"]) / 1.349)
    band = 1.059 * spread * len(part) ** -0.2 or np.ptp(part) / 100
    beyond = 0 if trace.spanmode == "hard" else 2 * band
    at = np.linspace(part.min() - beyond, part.max() + beyond, 101)
    density = np.exp(-0.5 * ((at[:, None] - part) / band) ** 2).sum(axis=1)
    half = look["widths"] / 2 * density / density.max()
    across = panel.axes.fill_betweenx if look["orientation"] == "vertical" else (
        panel.axes.fill_between
    )  # fmt: skip
    middle = look["positions"][0]
    across(at, middle - half, middle + half, facecolor=colors[1], edgecolor=colors[0])


def _draw_points(
    panel: Panel, trace: Any, part: Array, place: tuple[float, float], turned: bool
) -> None:
    """Draw points beside or on a box, scattered by the trace's jitter."""
    if not len(part):
        return
    at, width = place
    beside = -1.5 if width else 0.0
    jitter = 0.3 if trace.jitter is None else trace.jitter
    aside = beside if trace.pointpos is None else trace.pointpos
    # The same picture each time: points spread evenly, neighbours far apart.
    golden = (0.5 + 0.6180339887498949 * np.arange(len(part))) % 1 - 0.5
    stand = at + width / 2 * (aside + 2 * jitter * golden * (0.5 if aside else 1))
    size = 6 if trace.marker.size is None else trace.marker.size
    own = read.one(trace.line.color, panel.colors[id(trace)])
    x, y = (part, stand) if turned else (stand, part)
    panel.axes.scatter(
        x, y, s=(PIXEL * size) ** 2, linewidths=0, zorder=3,
        facecolors=[read.fills(trace.marker, own, trace.opacity)],
    )  # fmt: skip


def _turn(turned: bool) -> str:
    return "horizontal" if turned else "vertical"
