"""Still pictures of matplotlib figures, on the page's light and dark ground."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from matplotlib.colors import to_rgb, to_rgba_array
from numpy.typing import NDArray
from PIL import Image

from swarm.style import DARK, LIGHT

__all__ = ["WIDTHS", "darkened", "figure_pixels"]

WIDTHS = (480, 960, 1440)
"""Widths in pixels at which a picture is written: a card, a page, a sharp screen."""

_DARKEST, _LIGHTEST = 0.078, 0.92  # where white and black go on a dark page
_NEUTRAL = 0.09  # channels closer than this are a grey
_PALETTE = [
    (np.array(to_rgb(getattr(LIGHT, name))), np.array(to_rgb(getattr(DARK, name))))
    for name in ("bee", "highlight", "other")
]


def figure_pixels(figure: Any, *, dark: bool = False, width: int = 1440) -> NDArray[np.uint8]:
    """Draw a matplotlib figure on the page's ground.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Left as it was.
    dark : bool, default False
        Draw it for a dark page: greys are turned over, colours stay.
    width : int, default 1440
        Pixels across; the figure keeps its shape.

    Returns
    -------
    ndarray (H, W, 3), uint8
    """
    buffer = io.BytesIO()
    dpi = width / figure.get_figwidth()
    if dark:
        figure.draw_without_rendering()  # ticks exist only once drawn
        with darkened(figure):
            figure.savefig(buffer, format="png", dpi=dpi, facecolor=DARK.background)
    else:
        figure.savefig(buffer, format="png", dpi=dpi)
    buffer.seek(0)
    return np.asarray(Image.open(buffer).convert("RGB"))


@contextmanager
def darkened(figure: Any) -> Iterator[None]:
    """Turn over the greys of a matplotlib figure, text and lines too, for a while.

    The colours of `swarm.style.LIGHT` become those of ``DARK``. Other colours,
    and whatever a colour map paints, carry data and stay, so that a legend
    still tells the truth.
    """
    undo: list[tuple[Callable[[Any], None], Any]] = []
    try:
        for artist in figure.findobj():
            for name in _color_names(artist):
                get, put = getattr(artist, "get_" + name), getattr(artist, "set_" + name)
                old = get()
                new = _turned(old)
                if new is not None:
                    undo.append((put, old))
                    put(new)
        yield
    finally:
        for put, old in reversed(undo):
            put(old)


def _color_names(artist: Any) -> tuple[str, ...]:
    from matplotlib.collections import Collection
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch
    from matplotlib.text import Text

    if isinstance(artist, Text):
        return ("color",)
    if isinstance(artist, Line2D):
        return ("color", "markerfacecolor", "markeredgecolor")
    if isinstance(artist, Patch) or (isinstance(artist, Collection) and _is_plain(artist)):
        return ("facecolor", "edgecolor")
    return ()


def _is_plain(collection: Any) -> bool:
    return bool(collection.get_array() is None and len(collection.get_facecolor()) < 10_000)


def _turned(color: Any) -> Any:
    """Return the colour or colours for a dark page, or None where nothing changes."""
    if color is None or (isinstance(color, str) and color in {"none", "auto", "inherit"}):
        return None
    try:
        rgba = to_rgba_array(color).copy()
    except (TypeError, ValueError):
        return None
    if not len(rgba):
        return None
    rgb = rgba[:, :3]
    for light, dark in _PALETTE:
        rgb[np.all(np.abs(rgb - light) < 1e-3, axis=1)] = dark
    grey = rgb.max(axis=1) - rgb.min(axis=1) < _NEUTRAL
    level = rgb[grey].mean(axis=1, keepdims=True)
    rgb[grey] = _LIGHTEST - level * (_LIGHTEST - _DARKEST)
    is_one = np.ndim(color) < 2
    return tuple(rgba[0]) if is_one else rgba
