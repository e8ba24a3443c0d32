"""Moving lines: many at once, in a third of the time that matplotlib takes to draw them."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from matplotlib.artist import allow_rasterization
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.collections import LineCollection
from matplotlib.path import Path

__all__ = ["Strokes"]


@cache
def compiled_lines() -> Callable[..., None] | None:
    """Give `swarm.animator._rasterise.blend_lines`, or None where there is no numba."""
    try:
        from swarm.animator._rasterise import blend_lines  # not before: it takes half a second
    except ImportError:
        return None
    return blend_lines


class Strokes(LineCollection):
    """Lines of equally many points.

    To pixels they are drawn by compiled loops of our own, a few shades from what matplotlib
    draws, if numba is there to compile them. What these have no means for is left to
    matplotlib: dashes, effects, other formats.

    Parameters
    ----------
    segments : array_like of shape (line, point, 2)
        In data coordinates. Points that are not finite make a gap.
    **kwargs
        Colours, widths and so on, as for `matplotlib.collections.LineCollection`.
    """

    def __init__(self, segments: Any, **kwargs: Any) -> None:
        super().__init__(segments, **kwargs)  # which is typed to take no array

    def set_segments(self, segments: Any) -> None:
        """Move the lines to an array of shape (line, point, 2), which is not copied."""
        self._points = np.asarray(segments, float)
        self._paths: Any = None  # made when someone asks for them
        self.stale = True

    def get_segments(self) -> Any:
        """Return the lines without their gaps, each of shape (point, 2)."""
        self.get_paths()
        return super().get_segments()

    def get_paths(self) -> Any:
        """Return the lines as matplotlib's paths."""
        if self._paths is None:
            self._paths = [Path(line) for line in self._points]
        return self._paths

    @allow_rasterization
    def draw(self, renderer: Any) -> None:
        """Draw the lines, from the first to the last."""
        if not self.get_visible():
            return
        blend_lines = compiled_lines()
        if blend_lines is None or not (isinstance(renderer, RendererAgg) and self._is_plain()):
            super().draw(renderer)
            return
        self.update_scalarmappable()
        canvas = np.asarray(renderer.buffer_rgba())
        height, width = canvas.shape[:2]
        flat = np.array(self.get_transform().transform(self._points.reshape(-1, 2)))
        flat[:, 1] = height - flat[:, 1]  # rows go down
        lines = flat.reshape(self._points.shape)
        box = np.array([0, 0, width, height])
        clip = self.get_clip_box()
        if self.get_clip_on() and clip is not None:
            left, bottom, right, top = clip.extents
            edges = np.floor(np.array([left, height - top, right, height - bottom]) + 0.5)
            box = np.clip(edges, 0, [width, height, width, height]).astype(int)
        colors = np.resize(self.get_edgecolor(), (len(lines), 4))
        widths = np.resize(renderer.points_to_pixels(np.array(self.get_linewidth())), len(lines))
        blend_lines(canvas, lines, colors, widths, tuple(box))
        self.stale = False

    def _is_plain(self) -> bool:
        looks: Any = self  # typed by matplotlib as if there were one line
        return (
            all(dashes is None for _, dashes in looks.get_linestyle())
            and all(looks.get_antialiased())
            and not len(looks.get_facecolor())
            and self.get_clip_path() is None
            and not self.get_path_effects()
            and self.get_sketch_params() is None
        )
