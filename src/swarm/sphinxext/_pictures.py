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

__all__ = ["WIDTHS", "card_pixels", "darkened", "figure_pixels"]

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
    return _drawn(figure, dark, dpi=width / figure.get_figwidth())


def card_pixels(figure: Any, *, dark: bool = False, width: int = 720) -> NDArray[np.uint8]:
    """Draw a matplotlib figure for a card, where words would be specks: only its data.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Left as it was.
    dark : bool, default False
        Draw it for a dark page.
    width : int, default 720
        Pixels across, before the margins that words have left are cut off.

    Returns
    -------
    ndarray (H, W, 3), uint8
    """
    dpi = width / figure.get_figwidth()
    with _wordless(figure):
        return _drawn(figure, dark, dpi=dpi, bbox_inches="tight", pad_inches=0.05)


def _drawn(figure: Any, dark: bool, **settings: Any) -> NDArray[np.uint8]:
    buffer = io.BytesIO()
    if dark:
        figure.draw_without_rendering()  # ticks exist only once drawn
        with darkened(figure):
            figure.savefig(buffer, format="png", facecolor=DARK.background, **settings)
    else:
        figure.savefig(buffer, format="png", **settings)
    buffer.seek(0)
    return np.asarray(Image.open(buffer).convert("RGB"))


@contextmanager
def _wordless(figure: Any) -> Iterator[None]:
    """Hide the words, legends, axes and colour bars of a matplotlib figure for a while."""
    from matplotlib.legend import Legend
    from matplotlib.text import Text

    is_solid = {ax: hasattr(ax, "zaxis") for ax in figure.axes}
    bars = [ax for ax in figure.axes if ax.get_label() == "<colorbar>"]
    axes = [axis for ax in figure.axes if not is_solid[ax] for axis in (ax.xaxis, ax.yaxis)]
    words = figure.findobj(lambda artist: isinstance(artist, Text | Legend))
    hidden = [artist for artist in (*bars, *axes, *words) if artist.get_visible()]
    off = [ax for ax, solid in is_solid.items() if solid and ax.axison]
    try:
        for artist in hidden:
            artist.set_visible(False)
        for ax in off:
            ax.set_axis_off()
        yield
    finally:
        for artist in hidden:
            artist.set_visible(True)
        for ax in off:
            ax.set_axis_on()


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
