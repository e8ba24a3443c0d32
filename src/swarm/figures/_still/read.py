"""Reads what a plotly trace holds: arrays, colours and texts in any of the forms plotly takes."""

import base64
import re
from typing import Any

import matplotlib as mpl
import matplotlib.colors
import numpy as np
from numpy.typing import NDArray
from plotly.colors import PLOTLY_SCALES

Array = NDArray[Any]
Room = tuple[float, float, float, float]
"""Left, bottom, right and top of a part of a figure, 0-1."""

Colors = dict[int, str]
"""Colours of traces that name none, by the ``id`` of the trace."""


LEVELS = ("min", "max", "mid", "auto")
"""What tells the ends of a colour scale, behind the letter z or c."""

SCALES: dict[str, Any] = {
    "sequential": PLOTLY_SCALES["Reds"],
    "sequentialminus": PLOTLY_SCALES["Blues"],
    "diverging": PLOTLY_SCALES["RdBu"],
}
"""Colour scales of plotly.js, for figures and templates that name none."""


def colorway(figure: Any) -> list[str]:
    """Return the colours of traces that name none, in turn: as plotly.js has them."""
    found = figure.layout.colorway or mpl.color_sequences["tab10"]
    return [color if isinstance(color, str) else mpl.colors.to_hex(color) for color in found]


def array(values: Any) -> Array:
    """Return what a trace holds, also where it is plotly's base64 form."""
    if isinstance(values, dict) or hasattr(values, "bdata"):
        flat = np.frombuffer(base64.b64decode(values["bdata"]), dtype=values["dtype"])
        shape = dict(values).get("shape")
        return flat.reshape([int(n) for n in str(shape).split(",")]) if shape else flat
    return np.asarray(values)


def finite(values: Any) -> Array:
    """Return numbers as float64, with NaN for what is no finite number: plotly draws neither."""
    found = array(values)
    if found.dtype.kind not in "biuf":
        found = np.array([_number(value) for value in found.ravel()]).reshape(found.shape)
    numbers = found.astype(float)
    return np.where(np.isfinite(numbers), numbers, np.nan)


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return np.nan


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


def rgba(color: Any, opacity: float | None = 1.0) -> tuple[float, float, float, float]:
    """Read a CSS colour."""
    text = str(color).strip()
    if match := re.fullmatch(r"rgba?\(([^)]*)\)", text):
        parts = [float(part.strip().rstrip("%")) for part in match[1].split(",")]
        rgb, alpha = [part / 255 for part in parts[:3]], parts[3] if len(parts) > 3 else 1.0
        return rgb[0], rgb[1], rgb[2], alpha * (1.0 if opacity is None else opacity)
    r, g, b, a = mpl.colors.to_rgba(text)
    return r, g, b, a * (1.0 if opacity is None else opacity)


def color_map(scale: Any, *, reverse: bool | None = False) -> mpl.colors.Colormap:
    """Return a colour scale of (place, colour) as a colour map."""
    stops = [(float(at), rgba(color)) for at, color in scale or SCALES["diverging"]]
    found = mpl.colors.LinearSegmentedColormap.from_list("scale", stops)
    return found.reversed() if reverse else found


def plain(html: str | None) -> str:
    """Turn the little HTML that plotly's texts may hold into plain text."""
    text = re.sub(r"<br\s*/?>", "\n", html or "")
    text = re.sub(r"<[^>]+>", "", text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").replace("$", r"\$")


def levels(holder: Any, low: float, high: float, letter: str = "c") -> tuple[float, float]:
    """Return the ends of a colour scale for values from `low` to `high`."""
    least, most, middle = (holder[f"{letter}{name}"] for name in LEVELS[:3])
    if least is None and most is None and middle is not None:
        half = max(abs(high - middle), abs(middle - low))
        return middle - half, middle + half
    return float(low if least is None else least), float(high if most is None else most)


def shades(trace: Any) -> tuple[Array, float, float]:
    """Return what a trace's colours stand for, and the ends of its colour scale."""
    source = trace.surfacecolor if trace.type == "surface" else None
    values = finite(trace.z if source is None else source)
    letter = "c" if trace.type == "surface" else "z"
    return values, *levels(trace, *ends(values), letter)


def one(color: Any, default: str) -> str:
    """Return a colour, or `default` where there is none or one for each point."""
    return color if isinstance(color, str) else default


def is_scaled(color: Any) -> bool:
    """Tell whether a marker's colours stand for numbers."""
    if color is None or isinstance(color, str):
        return False
    found = array(color)
    return found.ndim > 0 and found.dtype.kind in "biuf"


def fills(marker: Any, default: str, opacity: float | None) -> Array:
    """Return the colour of all markers, (4,), or of each, (marker, 4)."""
    if marker.color is None or isinstance(marker.color, str):
        colors = np.array(rgba(one(marker.color, default)))
    elif is_scaled(marker.color):
        values = finite(marker.color)
        low, high = levels(marker, *ends(values))
        scale = color_map(marker.colorscale, reverse=marker.reversescale)
        colors = np.asarray(scale((values - low) / ((high - low) or 1)))
    else:
        colors = np.array([rgba(color) for color in array(marker.color)])
    own = getattr(marker, "opacity", None)
    clear: Array = np.ones(1) if own is None else np.atleast_1d(finite(own))
    clear = clear * (1.0 if opacity is None else opacity)
    if len(clear) > 1 and colors.ndim == 1:
        colors = np.tile(colors, (len(clear), 1))
    colors[..., 3] *= clear if len(clear) > 1 else clear[0]
    return colors


def diameters(marker: Any, default: float = 6.0) -> Array:
    """Return the diameter of all markers, (), or of each, (marker,), in pixels."""
    if marker.size is None or np.ndim(array(marker.size)) == 0:
        return np.asarray(default if marker.size is None else marker.size, dtype=float)
    size, unit = finite(marker.size), marker.sizeref or 1
    area = marker.sizemode == "area"
    with np.errstate(invalid="ignore"):
        wide = 2 * np.sqrt(size / 2 / unit) if area else size / unit
    return np.where(wide > 0, np.maximum(wide, 2 * (marker.sizemin or 0)), 0.0)


def within(room: Room, x: Any, y: Any) -> Room:
    """Place a subplot's domain within the room that titles and colour bars leave."""
    left, bottom, right, top = room
    (x0, x1), (y0, y1) = x or (0, 1), y or (0, 1)
    width, height = right - left, top - bottom
    return left + x0 * width, bottom + y0 * height, left + x1 * width, bottom + y1 * height
