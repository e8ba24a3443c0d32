"""Reads what a plotly trace holds: arrays, colours and texts in any of the forms plotly takes."""

import base64
import re
from typing import Any

import matplotlib as mpl
import matplotlib.colors
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Room = tuple[float, float, float, float]
"""Left, bottom, right and top of a part of a figure, 0-1."""

Colors = dict[int, str]
"""Colours of traces that name none, by the ``id`` of the trace."""


def colorway(figure: Any) -> list[str]:
    """Return the colours of traces that name none, in turn: as plotly.js has them."""
    layout = figure.layout
    found = layout.colorway or layout.template.layout.colorway or mpl.color_sequences["tab10"]
    return [color if isinstance(color, str) else mpl.colors.to_hex(color) for color in found]


def array(values: Any) -> Array:
    """Return what a trace holds, also where it is plotly's base64 form."""
    if isinstance(values, dict) or hasattr(values, "bdata"):
        flat = np.frombuffer(base64.b64decode(values["bdata"]), dtype=values["dtype"])
        shape = dict(values).get("shape")
        return flat.reshape([int(n) for n in str(shape).split(",")]) if shape else flat
    return np.asarray(values)


def finite(values: Any) -> Array:
    """Return numbers as float64, with NaN for what is infinite: plotly draws neither."""
    numbers = array(values).astype(float)
    return np.where(np.isfinite(numbers), numbers, np.nan)


def coordinates(trace: Any, letter: str) -> Array:
    """Return a trace's coordinates along an axis; as in plotly, those left out count up."""
    if trace[letter] is not None:
        return finite(trace[letter])
    return np.arange(array(trace.z).shape[{"x": -1, "y": 0}[letter]], dtype=float)


def ends(values: Array) -> tuple[float, float]:
    """Return the least and the greatest finite value, half a unit around a lone one."""
    known = values[np.isfinite(values)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    return (low, high) if low < high else (low - 0.5, high + 0.5)


def placed(axis: Any, values: Any) -> Array:
    """Return where values stand on a matplotlib axis, which learns their names or dates."""
    found = array(values)
    if found.dtype.kind in "biuf":
        return finite(found)
    texts = [str(value) for value in found]
    if all(re.match(r"\d{4}-\d\d(-\d\d|$)", text) for text in texts):
        units: Any = np.array(texts, dtype="datetime64[us]")
    else:
        units = texts
    axis.update_units(units)
    return np.asarray(axis.convert_units(units), dtype=float)


def rgba(color: Any, opacity: float | None = 1.0) -> tuple[float, float, float, float]:
    """Read a CSS colour."""
    text = str(color).strip()
    if match := re.fullmatch(r"rgba?\(([^)]*)\)", text):
        parts = [float(part.strip().rstrip("%")) for part in match[1].split(",")]
        rgb, alpha = [part / 255 for part in parts[:3]], parts[3] if len(parts) > 3 else 1.0
        return rgb[0], rgb[1], rgb[2], alpha * (1.0 if opacity is None else opacity)
    r, g, b, a = mpl.colors.to_rgba(text)
    return r, g, b, a * (1.0 if opacity is None else opacity)


def color_map(scale: Any) -> mpl.colors.Colormap:
    """Return a colour scale of (place, colour) as a colour map."""
    if not scale:
        return mpl.colormaps["viridis"]
    stops = [(float(at), rgba(color)) for at, color in scale]
    return mpl.colors.LinearSegmentedColormap.from_list("scale", stops)


def plain(html: str | None) -> str:
    """Turn the little HTML that plotly's texts may hold into plain text."""
    text = re.sub(r"<br\s*/?>", "\n", html or "")
    text = re.sub(r"<[^>]+>", "", text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").replace("$", r"\$")


def shades(trace: Any) -> tuple[Array, float, float]:
    """Return what a trace's colours stand for, and the ends of its colour scale."""
    source = trace.surfacecolor if trace.type == "surface" else None
    values = finite(trace.z if source is None else source)
    low, high = ("cmin", "cmax") if trace.type == "surface" else ("zmin", "zmax")
    least, most = ends(values)
    return (
        values,
        least if trace[low] is None else float(trace[low]),
        most if trace[high] is None else float(trace[high]),
    )


def one(color: Any, default: str) -> str:
    """Return a colour, or `default` where there is none or one for each point."""
    return color if isinstance(color, str) else default


def fills(marker: Any, default: str, opacity: float | None) -> Array:
    """Return the colour of all markers, (4,), or of each, (marker, 4)."""
    if marker.color is None or isinstance(marker.color, str):
        return np.array(rgba(one(marker.color, default), opacity))
    values = array(marker.color)
    if values.dtype.kind not in "iuf":
        return np.array([rgba(color, opacity) for color in values])
    low = np.nanmin(values) if marker.cmin is None else marker.cmin
    high = np.nanmax(values) if marker.cmax is None else marker.cmax
    colors = color_map(marker.colorscale)((values - low) / ((high - low) or 1))
    colors[:, 3] = 1.0 if opacity is None else opacity
    return np.asarray(colors)


def within(room: Room, x: Any, y: Any) -> Room:
    """Place a subplot's domain within the room that titles and colour bars leave."""
    left, bottom, right, top = room
    (x0, x1), (y0, y1) = x or (0, 1), y or (0, 1)
    width, height = right - left, top - bottom
    return left + x0 * width, bottom + y0 * height, left + x1 * width, bottom + y1 * height
