"""Image files on a page: still ones as pictures, those that move as movies with controls."""

import io
import math
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageSequence

from swarm.style import DARK

__all__ = ["film_of", "image_kind", "still_pixels", "svg_size"]

SUFFIXES = {".gif", ".png", ".apng", ".webp", ".jpg", ".jpeg", ".svg"}
_PIXELS = {"": 1, "px": 1, "pt": 4 / 3, "pc": 16, "in": 96, "cm": 96 / 2.54, "mm": 96 / 25.4}
_SHORTEST = 20  # milliseconds a frame stays: browsers show none faster


def image_kind(path: Path) -> str:
    """Say what a file is by its ending, and whether it moves.

    Returns
    -------
    {"", "svg", "still", "film"}
        Empty if it is no image file.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES or not path.is_file():
        return ""
    if suffix == ".svg":
        return "svg"
    with _opened(path) as image:
        return "film" if getattr(image, "n_frames", 1) > 1 else "still"


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    try:
        with Image.open(path) as image:
            yield image
    except (OSError, SyntaxError, EOFError) as error:
        raise ValueError(f"cannot show the image {path}: {error}") from error


def still_pixels(path: Path, *, dark: bool = False) -> NDArray[np.uint8]:
    """Return an image file's pixels (H, W, 3) on the page's ground."""
    with _opened(path) as image:
        return _on_ground(image, dark)


def _on_ground(image: Image.Image, dark: bool) -> NDArray[np.uint8]:
    ground = Image.new("RGBA", image.size, DARK.background if dark else "white")
    return np.asarray(Image.alpha_composite(ground, image.convert("RGBA")).convert("RGB"))


def svg_size(path: Path) -> tuple[int, int]:
    """Return the size of an SVG file in CSS pixels.

    Raises
    ------
    ValueError
        If it is no SVG file, or has neither a size nor a view box.
    """
    try:
        _, root = next(ElementTree.iterparse(io.BytesIO(path.read_bytes()), ("start",)))
    except (ElementTree.ParseError, StopIteration) as error:
        raise ValueError(f"cannot show the image {path}: it is no SVG file: {error}") from error
    sides = [_pixels(root.get(side, "")) for side in ("width", "height")]
    box = [float(number) for number in re.findall(r"[-+.\deE]+", root.get("viewBox", ""))]
    if not all(sides) and len(box) == 4:
        known = next((side / full for side, full in zip(sides, box[2:], strict=True) if side), 1.0)
        sides = [full * known for full in box[2:]]
    width, height = map(round, sides)
    if not root.tag.endswith("svg") or width < 1 or height < 1:
        raise ValueError(
            f"cannot show the image {path}: its <svg> has neither a width and height nor a "
            "viewBox; add one"
        )
    return width, height


def _pixels(length: str) -> float:
    found = re.fullmatch(r"\s*([-+.\deE]+?)\s*([a-z]*)\s*", length)
    return float(found[1]) * _PIXELS.get(found[2], 0) if found else 0.0


@contextmanager
def film_of(path: Path, *, dark: bool = False) -> Iterator[Path]:
    """Write an image that moves as a movie file for a while, which a reader can stop.

    Frames that stay for different times are repeated as often as it takes.
    """
    from swarm.movie._encoder import encoding

    with _opened(path) as image, tempfile.TemporaryDirectory() as folder:
        stays = []
        for frame in ImageSequence.Iterator(image):
            stays.append(max(_SHORTEST, round(frame.info.get("duration") or 100, -1)))
        step = max(_SHORTEST, math.gcd(*stays))
        width, height = (side + side % 2 for side in image.size)  # as the encoder wants it
        film = Path(folder, path.stem + ".mp4")
        with encoding(film, width, height, fps=1000 / step) as encoder:
            for frame, stay in zip(ImageSequence.Iterator(image), stays, strict=True):
                pixels = Image.fromarray(_on_ground(frame, dark)).convert("RGBA")
                if pixels.size != (width, height):
                    pixels = pixels.resize((width, height))
                for _ in range(max(1, round(stay / step))):
                    encoder.write(np.asarray(pixels))
        yield film
