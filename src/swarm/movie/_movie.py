"""A movie file: its facts, its stills, and how a notebook shows it."""

import base64
import html
import re
import subprocess
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from swarm.movie._encoder import EncoderError, ffmpeg_exe, file_url

__all__ = ["Movie"]

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
    panel : (float, float, float, float) or None
        Left, top, width and height of the first plot, without its axes and words, as
        shares of the picture; for a small still that has no room for words.
    """

    path: Path
    _: KW_ONLY
    width: int
    height: int
    frames: int
    fps: float
    dark: Path | None = None
    title: str = ""
    poster_frame: int = -1
    every: int = 1
    panel: tuple[float, float, float, float] | None = field(default=None, compare=False)

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
        command = [
            ffmpeg_exe(),
            "-nostdin",
            "-i",
            file_url(path),
            "-map",
            "0:v:0",
            "-f",
            "null",
            "-",
        ]
        done = subprocess.run(command, capture_output=True, check=False)
        words = done.stderr.decode(errors="replace")
        facts = re.search(r"Video: .*?, (\d+)x(\d+).*?, ([\d.]+) fps", words)
        frames = re.findall(r"frame= *(\d+)", words)
        if done.returncode or not facts or not frames:
            raise ValueError(f"{path} is not a movie that ffmpeg can read")
        width, height, fps = int(facts[1]), int(facts[2]), float(facts[3])
        return cls(
            path,
            width=width,
            height=height,
            frames=int(frames[-1]),
            fps=fps,
            title=title or path.stem,
        )

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
        command = [
            ffmpeg_exe(),
            "-v",
            "error",
            "-nostdin",
            "-ss",
            f"{start:.6f}",
            "-i",
            file_url(path),
        ]
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
