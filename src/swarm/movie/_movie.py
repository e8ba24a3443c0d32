"""Artists to a movie file, about as fast as the encoder can take frames.

A `Stage` draws what stands still once and, for each frame, only what moves.
`record` hands its frames to ffmpeg while the next ones are drawn. Nothing here
knows about swarms: `swarm.animator` sets the stage.
"""

import base64
import html
import itertools
import os
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from swarm.movie._encoder import (
    QUALITIES,
    WAITING,
    EncoderError,
    Quality,
    check_target,
    encoding,
    ffmpeg_exe,
)

__all__ = ["EncoderError", "Movie", "Quality", "Stage", "record"]

Progress = bool | Callable[[int, int], object] | None

KEPT_FRAMES = WAITING + 1  # drawn into one while the others wait for the encoder
EMBED_LIMIT = 32 * 2**20  # bytes: a notebook that holds more becomes hard to open


@dataclass(frozen=True)
class Movie:
    """A movie file, which shows itself in a notebook.

    Attributes
    ----------
    path : pathlib.Path
        The file.
    width, height : int
        Its size in pixels.
    frames : int
        Number of frames.
    fps : float
        Frames per second.
    dark : pathlib.Path or None
        The same movie on a dark background, if there is one.
    title : str
        What the movie shows, for those who cannot see it.
    poster_frame : int
        The frame that says most about the movie; by default the last.
    every : int
        How many epochs lie between two frames.
    """

    path: Path
    width: int
    height: int
    frames: int
    fps: float
    dark: Path | None = None
    title: str = ""
    poster_frame: int = field(default=-1)
    every: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "poster_frame", self._frame(self.poster_frame))

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.frames / self.fps

    @classmethod
    def open(cls, path: str | Path, title: str = "") -> "Movie":
        """Read the facts of an existing movie file.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it isn't a movie.
        """
        path = Path(path)
        if not path.is_file():
            raise FileNotFoundError(f"there is no movie {path}")
        command = [ffmpeg_exe(), "-nostdin", "-i", str(path), "-map", "0:v:0", "-f", "null", "-"]
        done = subprocess.run(command, capture_output=True, check=False)
        words = done.stderr.decode(errors="replace")
        facts = re.search(r"Video: .*?, (\d+)x(\d+).*?, ([\d.]+) fps", words)
        frames = re.findall(r"frame= *(\d+)", words)
        if done.returncode or not facts or not frames:
            raise ValueError(f"{path} is not a movie that ffmpeg can read")
        width, height, fps = int(facts[1]), int(facts[2]), float(facts[3])
        return cls(path, width, height, int(frames[-1]), fps, title=title or path.stem)

    def poster(self, frame: int | None = None, dark: bool = False) -> NDArray[np.uint8]:
        """Decode one frame from the file.

        Parameters
        ----------
        frame : int, optional
            Its number, negative from the end; by default `poster_frame`.
        dark : bool, default False
            Whether to read the dark version.

        Returns
        -------
        numpy.ndarray of shape (height, width, 3)
            Red, green and blue, 0-255.

        Raises
        ------
        IndexError
            If there is no such frame.
        ValueError
            If there is no dark version.
        EncoderError
            If the file cannot be decoded.
        """
        number = self.poster_frame if frame is None else self._frame(frame)
        path = self.dark if dark else self.path
        if path is None:
            raise ValueError(f"{self.path} has no dark version; pass dark=True to swarm_animate")
        # Half a frame early, so that rounding never picks the next one.
        start = max(0.0, (number - 0.5) / self.fps)
        command = [ffmpeg_exe(), "-v", "error", "-nostdin", "-ss", f"{start:.6f}", "-i", str(path)]
        command += ["-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"]
        done = subprocess.run(command, capture_output=True, check=False)
        if len(done.stdout) != self.width * self.height * 3:
            words = done.stderr.decode(errors="replace").strip()
            raise EncoderError(f"cannot decode frame {number} of {path}: {words or 'no picture'}")
        return np.frombuffer(done.stdout, np.uint8).reshape(self.height, self.width, 3)

    def _frame(self, number: int) -> int:
        if not -self.frames <= number < self.frames:
            raise IndexError(f"frame {number} is not one of the {self.frames} of {self.path}")
        return number % self.frames

    def _repr_html_(self) -> str:
        if not self.path.is_file():
            return f"<p>{html.escape(str(self.path))} is no longer there.</p>"
        kind = "image/gif" if self.path.suffix == ".gif" else f"video/{self.path.suffix[1:]}"
        source = html.escape(self.path.as_posix())
        if self.path.stat().st_size <= EMBED_LIMIT:
            source = f"data:{kind};base64,{base64.b64encode(self.path.read_bytes()).decode()}"
        label = html.escape(self.title or self.path.stem)
        facts = f'width="{self.width}" height="{self.height}" style="max-width:100%;height:auto"'
        if kind == "image/gif":
            return f'<img src="{source}" alt="{label}" {facts}>'
        return (
            f'<video controls loop muted playsinline aria-label="{label}" {facts}>'
            f'<source src="{source}" type="{kind}">{label}</video>'
        )


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
    that its axes do not overlap and that plots change nothing but their artists.

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
            self.canvas.draw()  # places titles and axes, and leaves out what is animated
            self.figure.set_layout_engine("none")  # from now on everything stays where it is
            self._background = self.canvas.copy_from_bbox(self.figure.bbox)
        renderer = next(self._renderers)
        renderer.restore_region(self._background)
        for artist in self._order:
            artist.draw(renderer)
        return renderer.buffer_rgba()


def _drawing_order(figure: Figure, moving: Sequence[Artist]) -> list[Artist]:
    """List what must be drawn anew in each frame, from back to front.

    These are the moving artists and, in the same axes, whatever lies in front of
    one: for example a legend.
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
    for artist in sorted(figure.get_children(), key=Artist.get_zorder):
        if artist in movers:
            order.append(artist)
        elif isinstance(artist, Axes):
            inside = _axes_order(artist)
            first = next((k for k, item in enumerate(inside) if item in movers), len(inside))
            order += inside[first:]
    return order


def _axes_order(axes: Axes) -> list[Artist]:
    hidden: set[Artist] = {axes.patch}
    if not axes.axison:
        hidden |= {axes.xaxis, axes.yaxis}
    if not (axes.axison and axes.get_frame_on()):
        hidden |= set(axes.spines.values())
    return sorted(
        (artist for artist in axes.get_children() if artist not in hidden), key=Artist.get_zorder
    )


def record(
    stages: Mapping[Path, Stage],
    frames: Sequence[int],
    *,
    fps: float = 30,
    quality: Quality = "standard",
    progress: Progress = None,
) -> None:
    """Write movies of the same frames, each whole or not at all.

    Drawing and encoding overlap; memory does not grow with the number of frames.
    The files appear under their names, in place of older ones, when all are finished.

    Parameters
    ----------
    stages : mapping of pathlib.Path to Stage
        What to draw into which file: ``.mp4`` (H.264), ``.webm`` (VP9) or ``.gif``.
    frames : sequence of int
        The frames to draw, in this order.
    fps : float, default 30
        Frames per second.
    quality : {"small", "standard", "high"}, default "standard"
        Constant quality of the encoder. Does not concern GIFs.
    progress : bool or callable, optional
        True shows a bar, False none; by default there is one on a terminal. A
        callable is called as ``progress(done, total)`` after each frame.

    Raises
    ------
    ValueError
        If a name has another ending, or a setting is out of range.
    OSError
        If a file can't be written where its name says.
    EncoderError
        If ffmpeg is missing or fails.
    """
    if not frames:
        raise ValueError("a movie needs at least one frame, got none")
    if quality not in QUALITIES[".mp4"]:
        raise ValueError(f"quality must be one of {', '.join(QUALITIES['.mp4'])}, got {quality!r}")
    for path in stages:
        check_target(path, fps)
    with ExitStack() as stack:
        encoders = {
            path: stack.enter_context(
                encoding(
                    path,
                    stage.width,
                    stage.height,
                    fps=fps,
                    quality=quality,
                    palette=_palette(stage, frames) if path.suffix.lower() == ".gif" else None,
                )
            )
            for path, stage in stages.items()
        }
        report = stack.enter_context(_reporter(progress, len(frames)))
        switch: Any = mpl.rc_context
        if len(stages) == 1:  # no need to: and setting all takes as long as drawing a histogram
            stack.enter_context(mpl.rc_context(next(iter(stages.values())).rc))
            switch = nullcontext
        for done, frame in enumerate(frames, 1):
            for path, stage in stages.items():
                with switch(stage.rc):
                    picture = stage.draw(frame)
                encoders[path].write(picture)
            report(done)
        for encoder in encoders.values():
            encoder.finish()
        for path, encoder in encoders.items():
            os.replace(encoder.path, path)


def _palette(stage: Stage, frames: Sequence[int]) -> Image.Image:
    """Choose 256 colours for all frames from a few of them, seen beforehand."""
    picks = sorted({frames[k * (len(frames) - 1) // 7] for k in range(8)})
    tiles = []
    for frame in picks:
        with mpl.rc_context(stage.rc):
            tiles.append(np.array(stage.draw(frame))[::2, ::2, :3])
    few = Image.fromarray(np.concatenate(tiles)).quantize(256, Image.Quantize.MEDIANCUT)
    colors = np.resize(np.array(few.getpalette(), np.uint8).reshape(-1, 3), (256, 3))
    return Image.fromarray(colors.reshape(16, 16, 3))


@contextmanager
def _reporter(progress: Progress, total: int) -> Iterator[Callable[[int], object]]:
    if callable(progress):
        yield lambda done: progress(done, total)
        return
    hide = None if progress is None else not progress  # None: hidden unless on a terminal
    with tqdm(total=total, desc="movie", unit="frame", disable=hide, leave=False) as bar:
        yield lambda done: bar.update(done - bar.n)
