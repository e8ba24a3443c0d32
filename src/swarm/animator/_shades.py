"""A moving picture: a small array of shades, scaled and coloured in a few milliseconds."""

from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from numpy.typing import NDArray
from PIL import Image

__all__ = ["Picture"]


class Picture(Artist):
    """An array of shades that fills a rectangle of linear axes.

    Matplotlib's own image scales numbers or colours of full depth; here 256 shades are
    scaled and then coloured, at a fraction of the cost.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw; the picture is clipped to them.
    extent : (float, float, float, float)
        Left, right, bottom and top edge in data coordinates, of the first and the last
        column and row: either pair may fall.
    colors : numpy.ndarray of uint8, shape (256, 4)
        Red, green, blue and alpha of each shade.
    smooth : bool
        Whether to interpolate between shades linearly, or show each as a rectangle.
    zorder : float
        See matplotlib.
    """

    def __init__(
        self,
        ax: Axes,
        extent: tuple[float, float, float, float],
        colors: NDArray[np.uint8],
        *,
        smooth: bool,
        zorder: float,
    ) -> None:
        super().__init__()
        self.extent = extent
        self.shades: NDArray[np.uint8] = np.zeros((1, 1), np.uint8)
        self._colors = np.ascontiguousarray(colors, np.uint8).view(np.uint32)[:, 0]
        self._filter = Image.Resampling.BILINEAR if smooth else Image.Resampling.NEAREST
        self.set_zorder(zorder)
        ax.add_artist(self)

    def set_data(self, shades: NDArray[np.uint8]) -> None:
        """Set the shades, an array of uint8 with its first row at the bottom."""
        self.shades = shades
        self.stale = True

    def check_axes(self, name: str) -> None:
        """Raise ValueError unless the axes are linear, as a picture's pixels are."""
        scales = (self.axes.get_xscale(), self.axes.get_yscale()) if self.axes else ()
        if any(scale != "linear" for scale in scales):
            raise ValueError(
                f"{name} needs linear axes, and a hook or setter made them {' and '.join(scales)}"
            )

    def draw(self, renderer: Any) -> None:
        """Draw the part that lies within the axes."""
        if not self.get_visible() or self.axes is None:
            return
        (left, right), (bottom, top) = sorted(self.extent[:2]), sorted(self.extent[2:])
        shades = self.shades[
            :: 1 if self.extent[2] < self.extent[3] else -1,
            :: 1 if self.extent[0] < self.extent[1] else -1,
        ]
        rows, columns = shades.shape
        # The visible part, in data coordinates ...
        x0, x1 = np.clip(sorted(self.axes.get_xlim()), left, right)
        y0, y1 = np.clip(sorted(self.axes.get_ylim()), bottom, top)
        # ... in pixels ...
        corners = self.axes.transData.transform([(x0, y0), (x1, y1)])
        (px, py), (qx, qy) = np.rint(corners).astype(int)
        width, height = abs(qx - px), abs(qy - py)
        if not (width and height):
            return
        # ... and in shades, whose rows go up.
        across, up = columns / (right - left), rows / (top - bottom)
        box = (x0 - left) * across, (y0 - bottom) * up, (x1 - left) * across, (y1 - bottom) * up
        picture = Image.fromarray(np.ascontiguousarray(shades)).resize(
            (width, height), self._filter, box
        )
        scaled = np.asarray(picture)
        scaled = scaled[:: -1 if qy < py else 1, :: -1 if qx < px else 1]  # axes may be inverted
        gc = renderer.new_gc()
        gc.set_clip_rectangle(self.axes.bbox)
        # draw_image, too, takes rows from the bottom.
        colored = self._colors[scaled].view(np.uint8).reshape(height, width, 4)
        renderer.draw_image(gc, min(px, qx), min(py, qy), colored)
        gc.restore()
        self.stale = False
