"""Draws the colour bars of traces at the right of a picture."""

from typing import Any

import matplotlib as mpl
import matplotlib.colors
import matplotlib.ticker
from matplotlib.figure import Figure

from swarm.figures._still import read, words
from swarm.figures._still.numbers import number_format, short

_WIDE = 84
"""How many pixels a colour bar takes, with its numbers."""


def draw_bars(
    picture: Figure, traces: list[Any], theme: dict[str, str], top: float, width: float
) -> float:
    """Draw the traces' colour bars side by side, and return where the room to their left ends."""
    right = 1.0
    for trace in traces:
        held = _held(trace)
        if held is not None:
            _draw(picture, *held, right, top, width)
            right -= _WIDE / width
    return right


def _held(trace: Any) -> tuple[Any, float, float] | None:
    """Return what of a trace has a colour bar, and the ends of its colours; None without one."""
    if trace.type in ("surface", "contour", "heatmap"):
        if trace.showscale is False or (
            getattr(trace, "contours", None)
            and (trace.type == "contour" and trace.contours.coloring == "none")
        ):
            return None
        return (trace, *read.shades(trace)[1:])
    marker = getattr(trace, "marker", None)
    if marker is None or not getattr(marker, "showscale", None):
        return None
    if not read.is_scaled(marker.color):
        return None
    return (marker, *read.levels(marker, *read.ends(read.finite(marker.color))))


def _draw(
    picture: Figure, held: Any, low: float, high: float, right: float, top: float, width: float
) -> None:
    axes = picture.add_axes((right - 74 / width, 0.2 * top, 11 / width, 0.55 * top))
    scale = read.color_map(held.colorscale, reverse=held.reversescale)
    mappable = mpl.cm.ScalarMappable(mpl.colors.Normalize(low, high), scale)
    bar = picture.colorbar(mappable, cax=axes)
    bar.outline.set_visible(False)
    look = held.colorbar
    if look.tickvals is not None:
        at = [float(tick) for tick in look.tickvals]
        texts = look.ticktext if look.ticktext is not None else [short(tick) for tick in at]
        bar.set_ticks(at, labels=[read.plain(str(text)) for text in texts])
    elif look.tickformat or look.tickprefix or look.ticksuffix:
        write = number_format(look.tickformat, "colorbar.tickformat") if look.tickformat else short
        before, after = read.plain(look.tickprefix), read.plain(look.ticksuffix)
        axes.yaxis.set_major_formatter(
            mpl.ticker.FuncFormatter(lambda value, _: f"{before}{write(value)}{after}")
        )
    axes.tick_params(length=0, labelsize=8.5)
    if look.title.text:
        words.above_bar(axes, read.plain(look.title.text))
