"""Raw frames to a movie file: an ffmpeg process, fed from a thread."""

import os
import queue
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = [
    "WAITING",
    "Encoder",
    "EncoderError",
    "Quality",
    "encoding",
    "ffmpeg_exe",
    "file_url",
]

Pixels = memoryview | NDArray[np.uint8]
Quality = Literal["small", "standard", "high"]

# Constant rate factors of the two video formats. x264's faster presets make line drawings
# no larger than its default does, in half the time.
QUALITIES: dict[str, dict[Quality, int]] = {
    ".mp4": {"small": 28, "standard": 23, "high": 17},
    ".webm": {"small": 40, "standard": 33, "high": 24},
}
WAITING = 3  # frames on their way: enough to even out fast and slow ones
SUFFIXES = (".mp4", ".webm", ".gif")


class EncoderError(RuntimeError):
    """The encoder failed; the message ends with its last words."""


class Encoder:
    """An ffmpeg process that is fed from a thread, so that drawing goes on meanwhile.

    Made by `encoding`.

    Attributes
    ----------
    path : pathlib.Path
        The file.
    """

    def __init__(self, path: Path, command: Sequence[str]) -> None:
        self.path = path
        self._words = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        # A group of its own: Ctrl-C is for us to handle, or ffmpeg would finish half a movie.
        alone: dict[str, Any] = (
            {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}  # type: ignore[attr-defined,unused-ignore]
            if os.name == "nt"
            else {"start_new_session": True}
        )
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL}
        try:
            self._process = subprocess.Popen(command, stderr=self._words, **pipes, **alone)
        except OSError:
            self._words.close()
            raise
        assert self._process.stdin is not None
        self._pipe = self._process.stdin
        with suppress(ImportError, AttributeError, OSError):
            import fcntl  # Linux: fewer, larger portions

            fcntl.fcntl(self._pipe, fcntl.F_SETPIPE_SZ, 2**20)
        self._written = 0
        self._failed = False
        self._free = threading.Semaphore(WAITING)
        self._full: queue.SimpleQueue[Pixels | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._feed, daemon=True)
        self._thread.start()

    def _feed(self) -> None:
        while (picture := self._full.get()) is not None:
            if not self._failed:
                try:
                    self._pipe.write(picture)
                    self._written += 1
                except OSError:
                    self._failed = True
            self._free.release()

    def write(self, picture: Pixels) -> None:
        """Take a frame of shape (height, width, 4), to be left alone for `WAITING` more.

        Raises
        ------
        EncoderError
            If the encoder has failed meanwhile.
        """
        self._free.acquire()
        if self._failed:
            self.finish()
        self._full.put(picture)

    def finish(self) -> None:
        """Wait for the end of the file.

        Raises
        ------
        EncoderError
            If anything went wrong.
        """
        self._full.put(None)
        self._thread.join()
        try:
            self._pipe.close()
        except OSError:
            self._failed = True
        status = self._process.wait()
        if status or self._failed or not self.path.exists() or not self.path.stat().st_size:
            raise EncoderError(
                f"ffmpeg failed after {self._written} frames, with exit status {status}. "
                f"Its last words: {self._last_words()}"
            )

    def close(self) -> None:
        """Leave no process and no temporary file, however it went."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._full.put(None)
        self._thread.join()
        with suppress(OSError):
            self._pipe.close()
        self._words.close()

    def _last_words(self) -> str:
        self._words.seek(0)
        words = self._words.read().decode(errors="replace").strip()
        return words[-1000:] or "none"


@contextmanager
def encoding(
    path: Path,
    width: int,
    height: int,
    *,
    fps: float,
    quality: Quality = "standard",
    palette: Image.Image | None = None,
) -> Iterator[Encoder]:
    """Start an encoder, wait for it when the block ends well, and leave no process behind.

    Parameters
    ----------
    path : pathlib.Path
        The file, which is not whole before the end of the block.
    width, height : int
        Size of a frame in pixels, even.
    fps : float
        Frames per second.
    quality : {"small", "standard", "high"}, default "standard"
        Constant quality of the encoder.
    palette : PIL.Image.Image, optional
        A GIF's 256 colours, 16 by 16 pixels.

    Yields
    ------
    Encoder
        Ready for frames.

    Raises
    ------
    EncoderError
        If there is no ffmpeg, or it fails.
    """
    suffix = path.suffix.lower()
    with tempfile.TemporaryDirectory() as folder:
        command = [ffmpeg_exe(), "-y", "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgba"]
        command += ["-s", f"{width}x{height}", "-r", str(fps), "-i", "pipe:0"]
        if palette is None:
            command += _video_options(suffix, quality)
        else:
            # Its colours are known beforehand: otherwise ffmpeg would keep all frames.
            palette.save(Path(folder) / "palette.png")
            command += ["-i", str(Path(folder) / "palette.png")]
            command += ["-lavfi", "paletteuse=dither=none"]
        command += ["-fflags", "+bitexact", "-flags:v", "+bitexact", file_url(path)]
        try:
            encoder = Encoder(path, command)
        except OSError as error:
            raise EncoderError(f"cannot start ffmpeg: {error}") from error
        try:
            yield encoder
            encoder.finish()
        finally:
            encoder.close()


def file_url(path: Path) -> str:
    """Name a file to ffmpeg, which takes what stands before a colon for a protocol."""
    return f"file:{path}"


def _video_options(suffix: str, quality: Quality) -> list[str]:
    # Colours are converted by, and labelled with, BT.709: players guess otherwise.
    color = ["-vf", "scale=out_color_matrix=bt709:out_range=tv", "-pix_fmt", "yuv420p"]
    color += ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"]
    crf = ["-crf", str(QUALITIES[suffix][quality])]
    if suffix == ".webm":
        speed = ["-deadline", "good", "-cpu-used", "5", "-row-mt", "1"]
        return [*color, "-c:v", "libvpx-vp9", "-b:v", "0", *speed, *crf]
    return [*color, "-c:v", "libx264", "-preset", "veryfast", *crf, "-movflags", "+faststart"]


def ffmpeg_exe() -> str:
    """Find ffmpeg: the one that imageio-ffmpeg brings, or ``$IMAGEIO_FFMPEG_EXE``."""
    try:
        return imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError as error:
        raise EncoderError(
            "there is no ffmpeg: reinstall imageio-ffmpeg from a wheel for this system, "
            "or set IMAGEIO_FFMPEG_EXE to the path of an ffmpeg"
        ) from error
