"""Stages to movie files: frames are drawn while earlier ones are encoded."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from PIL import Image
from tqdm import tqdm

from swarm._files import written_whole
from swarm.movie._encoder import QUALITIES, SUFFIXES, Quality, encoding
from swarm.movie._stage import Stage

__all__ = ["Progress", "record"]

Progress = bool | Callable[[int, int], object] | None


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
        _check_target(path, fps)
    with ExitStack() as files:
        parts = {path: files.enter_context(written_whole(path)) for path in stages}
        # All are finished before the first takes its name.
        with ExitStack() as stack:
            encoders = {
                path: stack.enter_context(
                    encoding(
                        parts[path],
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
            if len(stages) == 1:  # no need to: setting all takes as long as drawing a histogram
                stack.enter_context(mpl.rc_context(next(iter(stages.values())).rc))
                switch = nullcontext
            for done, frame in enumerate(frames, 1):
                for path, stage in stages.items():
                    with switch(stage.rc):
                        picture = stage.draw(frame)
                    encoders[path].write(picture)
                report(done)


def _check_target(path: Path, fps: float) -> None:
    """Raise what is wrong with a movie's name, place or speed, before anything is drawn.

    Raises
    ------
    ValueError
        If the ending isn't a known one, or `fps` is out of range.
    FileNotFoundError, NotADirectoryError, IsADirectoryError
        If a file can't have this name.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise ValueError(
            f"cannot write {path.name!r}: a movie's name must end in {', '.join(SUFFIXES)}"
        )
    if not path.parent.exists():
        raise FileNotFoundError(f"cannot write {path}: there is no folder {path.parent}")
    if not path.parent.is_dir():
        raise NotADirectoryError(f"cannot write {path}: {path.parent} is not a folder")
    if path.is_dir():
        raise IsADirectoryError(f"cannot write {path}: it is a folder")
    most = 50 if path.suffix.lower() == ".gif" else 240
    if not 0 < fps <= most:
        raise ValueError(f"fps must be above 0 and at most {most} for {path.name!r}, got {fps}")


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
