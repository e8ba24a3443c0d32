"""A figure of which some artists move: what stands still is drawn once."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox, BboxBase

from swarm.movie._encoder import WAITING

__all__ = ["Moving", "Stage"]

KEPT_FRAMES = WAITING + 1  # drawn into one while the others wait for the encoder


class Moving(Protocol):
    """What a stage needs of a plot."""

    @property
    def artists(self) -> Sequence[Artist]:
        """The artists that change from frame to frame."""

    def animate(self, frame: int) -> object:
        """Change them to those of a frame."""


class Stage:
    """A figure of which some artists move.

    Frames are pixel for pixel what a full redraw of the figure gives, provided
    that plots change nothing but their artists, and that of axes which overlap none
    move beyond their own.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        With everything in place.
    plots : sequence of plots
        Anything with ``animate(frame)`` and ``artists``; `swarm.animator.SwarmPlot` is more
        than enough.
    rc : mapping, optional
        Settings (`matplotlib.rcParams`) to draw with.
    """

    def __init__(
        self, figure: Figure, plots: Sequence[Moving], rc: Mapping[str, Any] | None = None
    ) -> None:
        self.figure = figure
        self.plots = list(plots)
        self.rc: Any = dict(rc or {})
        self.canvas = FigureCanvasAgg(figure)
        self.width, self.height = self.canvas.get_width_height(physical=True)
        self._moving: list[Artist] = []
        self._order: list[Artist] = []
        self._background: Any = None
        self._placed = False
        self._renderers: Iterator[Any] = itertools.cycle(
            [RendererAgg(self.width, self.height, figure.dpi) for _ in range(KEPT_FRAMES)]
        )

    def draw(self, frame: int) -> memoryview:
        """Draw a frame.

        Parameters
        ----------
        frame : int
            Passed on to each plot.

        Returns
        -------
        memoryview of shape (height, width, 4)
            Red, green, blue, alpha; valid until `KEPT_FRAMES` more are drawn.
        """
        if not self._placed:
            self.figure.draw_without_rendering()  # places titles and axes
            self.figure.set_layout_engine("none")  # from now on everything stays where it is
            self._placed = True
        for plot in self.plots:
            plot.animate(frame)
        moving = [artist for plot in self.plots for artist in plot.artists]
        if len(moving) != len(self._moving) or any(
            a is not b for a, b in zip(moving, self._moving, strict=True)
        ):
            for artist in self._order:
                artist.set_animated(False)
            self._moving, self._order = moving, _drawing_order(self.figure, moving)
            for artist in self._order:
                artist.set_animated(True)
            self._background = None
        if self._background is None:
            self.canvas.draw()  # leaves out what is animated
            self._background = self.canvas.copy_from_bbox(self.figure.bbox)
        renderer = next(self._renderers)
        renderer.restore_region(self._background)
        for artist in self._order:
            artist.draw(renderer)
        return renderer.buffer_rgba()


def _drawing_order(figure: Figure, moving: Sequence[Artist]) -> list[Artist]:
    """List what must be drawn anew in each frame, from back to front.

    These are the moving artists and whatever lies in front of one: in the same axes,
    for example a legend, or in the figure, for example twin axes.
    """
    movers = set(moving)
    for axes in figure.axes:
        # Insets are drawn by their parent, 3-D axes sort their own artists by depth: if
        # anything in them moves, they are drawn whole.
        for inner in [axes, *axes.child_axes]:
            if (inner is not axes or axes.name == "3d") and movers & set(inner.get_children()):
                movers -= set(inner.get_children())
                movers.add(inner)
    order: list[Artist] = []
    drawn: list[BboxBase] = []  # where frames differ, of what is in the order so far
    children = [child for child in figure.get_children() if child is not figure.patch]
    for artist in sorted(children, key=Artist.get_zorder):
        covers = _overlaps(artist, drawn)
        if not isinstance(artist, Axes) or artist in movers:
            if covers or artist in movers:
                order.append(artist)
                drawn.append(_extent(artist))
            continue
        inside = _axes_order(artist)
        first = next((k for k, item in enumerate(inside) if covers or item in movers), None)
        if first is None:
            continue
        if covers and artist.axison and artist.get_frame_on():
            order.append(artist.patch)
        # What moves and is clipped leaves alone the titles beside its axes.
        clipped = all(item.get_clip_on() and item.get_clip_box() for item in movers & set(inside))
        for item in inside[first:]:
            beside = clipped and not covers and isinstance(item, Text)
            if not beside or _overlaps(item, [artist.bbox]):
                order.append(item)
        drawn.append(artist.bbox)
    return order


def _overlaps(artist: Artist, places: Sequence[BboxBase]) -> bool:
    return bool(places) and artist.get_visible() and _extent(artist).count_overlaps(places) > 0


def _extent(artist: Artist) -> BboxBase:
    """Where an artist is, in pixels; everywhere, if it cannot tell."""
    box = artist.bbox if isinstance(artist, Axes) else artist.get_tightbbox()
    return Bbox([[-1e9, -1e9], [1e9, 1e9]]) if box is None else box


def _axes_order(axes: Axes) -> list[Artist]:
    hidden: set[Artist] = {axes.patch}
    if not axes.axison:
        hidden |= {axes.xaxis, axes.yaxis}
    if not (axes.axison and axes.get_frame_on()):
        hidden |= set(axes.spines.values())
    return sorted(
        (artist for artist in axes.get_children() if artist not in hidden), key=Artist.get_zorder
    )
