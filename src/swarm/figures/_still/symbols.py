"""The shapes of plotly's markers."""

from typing import Any

from matplotlib.markers import MarkerStyle
from matplotlib.transforms import Affine2D

_SHAPES: dict[str, Any] = {
    "circle": "o", "square": "s", "diamond": "D", "cross": "P", "x": "X", "triangle-up": "^",
    "triangle-down": "v", "triangle-left": "<", "triangle-right": ">", "pentagon": "p",
    "hexagon": "h", "hexagon2": "H", "octagon": "8", "star": "*",
    "diamond-tall": "d", "diamond-wide": "d",
}  # fmt: skip
_STROKES = {
    "cross-thin": "+",
    "x-thin": "x",
    "line-ew": "_",
    "line-ns": "|",
    "asterisk": (6, 2, 0),
}
_NUMBERS = ("circle", "square", "diamond", "cross", "x", "triangle-up", "triangle-down",
            "triangle-left", "triangle-right")  # fmt: skip


def marker_path(symbol: str) -> tuple[Any, bool]:
    """Return matplotlib's marker for a symbol of plotly's, and whether it is open.

    Raises
    ------
    ValueError
        If it has no like.
    """
    name, is_open = symbol, False
    if symbol.isdigit():
        number, base = int(symbol), int(symbol) % 100
        if base < len(_NUMBERS) and number < 200:
            name, is_open = _NUMBERS[base], number >= 100
    elif symbol.endswith("-open"):
        name, is_open = symbol.removesuffix("-open"), True
    if name in _STROKES:
        return _STROKES[name], True
    if name not in _SHAPES:
        raise ValueError(
            f"still cannot draw marker.symbol={symbol!r}; take one of "
            f"{', '.join([*_SHAPES][:14])}, or show the figure itself instead of its still"
        )
    if name == "diamond-wide":
        return MarkerStyle("d", transform=Affine2D().rotate_deg(90)), is_open
    return _SHAPES[name], is_open
