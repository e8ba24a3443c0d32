"""What a cell shows, turned once into files in a store and a small description of them.

`publish` is the one way in, for a gallery script in Sphinx's own process and
for a notebook in its kernel alike. Files are named by their content, so that
a page never shows an old one and two pages share one. What is known of a picture
stands beside them as JSON; `swarm.sphinxext._markup` turns it into a page's HTML.
"""

import base64
import dataclasses
import importlib.util
import io
import logging
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from swarm._drawing import webp
from swarm._files import content_name, written_whole
from swarm.style import DARK, LIGHT

from ._images import film_of, image_kind, still_pixels, svg_size
from ._markup import MEDIA
from ._pictures import WIDTHS, card_pixels, figure_pixels
from ._plotlyjs import bundle_for, figure_json, trace_types
from ._shown import Figure, Movie, Pair, Picture, Player, Poster, Still, write_picture

__all__ = ["CLASSES", "kind_of", "publish", "publish_figure", "publish_file", "publish_movie"]

_log = logging.getLogger(__name__)
_KINDS = {
    ("swarm.movie", "Movie"): "movie",
    ("IPython.core.display", "Video"): "video",
    ("IPython.lib.display", "Video"): "video",
    ("plotly.basedatatypes", "BaseFigure"): "plotly",
    ("matplotlib.figure", "Figure"): "still",
    ("swarm.player", "Player"): "player",
}

CLASSES = tuple(_KINDS)
"""``(module, name)`` of every class that a page can show."""


def kind_of(thing: object) -> str | None:
    """Say which kind of picture something is, without importing any plotting library.

    Returns
    -------
    {"movie", "video", "plotly", "still", "player", "pair"} or None
        A list or tuple of two or more pictures is a ``"pair"``.
    """
    if isinstance(thing, list | tuple):
        many = 1 < len(thing) < 7 and all(kind_of(item) not in {None, "pair"} for item in thing)
        return "pair" if many else None
    for cls in type(thing).__mro__:
        if kind := _KINDS.get((cls.__module__, cls.__qualname__)):
            return kind
    return None


def publish(thing: Any, store: Path) -> Picture:
    """Write what is needed to show `thing` into `store` and describe it.

    Parameters
    ----------
    thing : Movie, IPython.display.Video, plotly or matplotlib Figure, Player, or a list of these
    store : Path
        A folder; made if missing.

    Returns
    -------
    Picture
        What is known of it, also in ``store/<key>.json``; ``picture.key`` names it.

    Raises
    ------
    TypeError
        If it is none of these.
    ValueError
        If a movie is empty or damaged.
    """
    store.mkdir(parents=True, exist_ok=True)
    match kind_of(thing):
        case "movie":
            return publish_file(
                thing.path, store, dark=thing.dark, title=thing.title, frame=thing.poster_frame,
                panel=thing.panel,
            )  # fmt: skip
        case "video":
            with _video_path(thing) as path:
                return publish_movie(path, store, title=getattr(thing, "title", "") or "")
        case "plotly":
            return publish_figure(thing, store)
        case "still":
            return _publish_still(thing, store)
        case "player":
            return _publish_player(thing, store)
        case "pair":
            return write_picture(Pair(items=tuple(publish(t, store) for t in thing)), store)
    raise TypeError(
        f"a {type(thing).__name__} is not something a page can show; expected a Movie, "
        "an IPython.display.Video, a plotly or matplotlib figure, or a Player"
    )


# --- movies and images


def publish_file(
    path: Path,
    store: Path,
    *,
    dark: Path | None = None,
    title: str = "",
    frame: int | None = None,
    panel: tuple[float, float, float, float] | None = None,
) -> Picture:
    """Publish a movie or image file: one that moves as a movie, whatever its kind.

    Parameters
    ----------
    path, dark : Path
        The file, and the same for a dark page.
    title : str
        Its text label; by default made from the file's name.
    frame : int, optional
        The poster of what moves.
    panel : (float, float, float, float), optional
        See `publish_movie`.
    """
    kind = image_kind(path)
    if dark is not None and image_kind(dark) != kind:
        raise ValueError(f"{dark} is of another kind than {path}; make both alike")
    if not kind:
        return publish_movie(path, store, dark=dark, title=title, frame=frame, panel=panel)
    if kind != "film":
        return _publish_image(path, store, kind, dark, title or _label(path))
    with ExitStack() as films:
        try:
            made = films.enter_context(film_of(path))
            other = films.enter_context(film_of(dark, dark=True)) if dark else None
        except RuntimeError as error:  # of ffmpeg
            raise ValueError(f"cannot show the image {path}: {error}") from error
        return publish_movie(made, store, dark=other, title=title, frame=frame)


def _publish_image(path: Path, store: Path, kind: str, dark: Path | None, title: str) -> Picture:
    files = {"light": path, **({"dark": dark} if dark else {})}
    posters, social = {}, ""
    for mode, file in files.items():
        if kind == "svg":
            width, height = svg_size(file)
            posters[mode] = Poster(width, height, {width: _keep(file.read_bytes(), ".svg", store)})
        else:
            pixels = still_pixels(file, dark=mode == "dark")
            posters[mode] = _poster(pixels, store)
            social = social or _social(pixels, store)
    size = posters["light"]
    if len({(poster.width, poster.height) for poster in posters.values()}) > 1:
        raise ValueError(f"{dark} has another size than {path}; make both alike")
    shown = Still(
        title=title, alt=title, posters=posters, social=social,
        width=size.width, height=size.height,
    )  # fmt: skip
    return write_picture(shown, store)


def _label(path: Path) -> str:
    return path.stem.replace("_", " ").replace("-", " ").capitalize()


def publish_movie(
    path: str | os.PathLike[str],
    store: Path,
    *,
    dark: str | os.PathLike[str] | None = None,
    title: str = "",
    frame: int | None = None,
    caption: str = "",
    panel: tuple[float, float, float, float] | None = None,
) -> Picture:
    """Publish a movie file, with a poster in the widths a page needs.

    Parameters
    ----------
    path, dark : path
        The movie, and the same movie for a dark page.
    title : str
        Its text label; by default made from the file's name.
    frame : int, optional
        The poster; by default three quarters in, where most has happened.
    caption : str
    panel : (float, float, float, float), optional
        Left, top, width and height of what a card shows of it, as shares: a plot
        without its words. By default all.
    """
    try:
        movie = _opened(path, dark, title)
    except (OSError, RuntimeError, ValueError) as error:
        raise ValueError(f"cannot show the movie {path}: {error}") from error
    frame = int(0.75 * movie.frames) if frame is None else frame % movie.frames
    label = _label(movie.path) if movie.title == movie.path.stem else movie.title
    posters, stills, sources = {}, {}, {}
    for mode, file in (("light", movie.path), ("dark", movie.dark)):
        if file is not None:
            sources[mode] = _keep(file.read_bytes(), file.suffix, store)
            pixels = movie.poster(frame, dark=mode == "dark")
            posters[mode] = _poster(pixels, store)
            if panel is not None:
                stills[mode] = _poster(_cut(pixels, panel), store)
    shown = Movie(
        title=label, caption=caption, alt=f"{label}: a movie of {movie.duration:.0f} seconds",
        shows=("movie",), posters=posters, stills=stills, panel=panel or (),
        social=_social(movie.poster(frame), store),
        width=movie.width, height=movie.height, fps=movie.fps, frames=movie.frames,
        bytes=movie.path.stat().st_size, sources=sources,
    )  # fmt: skip
    return write_picture(shown, store)


def _cut(pixels: Any, panel: tuple[float, float, float, float]) -> Any:
    """Cut a part out of a picture, given by left, top, width and height as shares."""
    left, top, across, down = panel
    height, width = pixels.shape[:2]
    rows = slice(round(top * height), round((top + down) * height))
    return pixels[rows, round(left * width) : round((left + across) * width)]


def _opened(path: Any, dark: Any, title: str) -> Any:
    """Read what the files say of themselves, whoever wrote them."""
    from swarm import movie as movies

    movie = movies.Movie.open(path, title)
    if not movie.frames or not movie.fps:
        raise ValueError("it has no frames; write it again")
    if dark is None:
        return movie
    other = movies.Movie.open(dark)
    if (other.width, other.height, other.frames) != (movie.width, movie.height, movie.frames):
        raise ValueError(f"{dark} has another size or number of frames; make both in one go")
    return dataclasses.replace(movie, dark=other.path)


@contextmanager
def _video_path(video: Any) -> Iterator[Path]:
    """Find the file behind an `IPython.display.Video`, embedded or not."""
    if video.data is not None:
        data = base64.b64decode(video.data) if isinstance(video.data, str) else video.data
        kind = (video.mimetype or "video/mp4").split("/")[-1]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, Path(video.filename or f"movie.{kind}").name)
            path.write_bytes(data)
            yield path
        return
    name = video.filename or video.url
    if name is None or "://" in str(name):
        raise ValueError(f"Video({name!r}) is not a local file, so the site cannot carry it")
    yield Path(name)


# --- figures


def publish_figure(figure: Any, store: Path, *, caption: str = "", alt: str = "") -> Picture:
    """Publish a plotly figure: its data as a script file, and posters to show first.

    The caption and the text alternative come from ``layout.meta``'s
    ``"caption"`` and ``"alt"``, unless given here.
    """
    fields = figure.to_dict()
    layout = fields.get("layout", {})
    meta = layout.get("meta") if isinstance(layout.get("meta"), dict) else {}
    title = _plain_text((layout.get("title") or {}).get("text") or "")
    types = trace_types(fields)
    data = figure_json(fields)
    name = content_name(data.encode())
    width, height = int(layout.get("width") or 720), int(layout.get("height") or 520)
    drawn, reason = _Drawn(), ""
    try:
        drawn = _drawn_plotly(figure, (width, height), store)
    except ValueError as error:
        reason = str(error)
        drawn = _drawn_by_browser(figure, (width, height), store)
        reason = "" if drawn.posters else reason
    shown = Figure(
        title=title, caption=caption or meta.get("caption") or title,
        alt=alt or meta.get("alt") or title or f"A plotly figure of {', '.join(sorted(types))}",
        shows=("surface",) if types & {"surface", "contour"} else (),
        posters=drawn.posters, stills=drawn.stills, social=drawn.social,
        width=width, height=height,
        types=tuple(sorted(types)), figure=name, bundle=bundle_for(types),
        data=_keep(f'swarmFigure("{name}",{data});'.encode(), ".js", store),
        spatial=bool(types & {"surface", "scatter3d", "mesh3d", "volume", "isosurface"}),
        steps=_steps(fields), step=_step(fields), no_poster=reason,
    )  # fmt: skip
    return write_picture(shown, store)


def _publish_still(figure: Any, store: Path) -> Picture:
    width, height = figure.get_size_inches() * 100
    title = _figure_title(figure)
    drawn = _Drawn()
    for mode in ("light", "dark"):
        drawn.add(figure, mode, store, turn=mode == "dark", width=min(1440, round(2 * width)))
    shown = Still(
        title=title, alt=title, posters=drawn.posters, stills=drawn.stills, social=drawn.social,
        width=round(width), height=round(height),
    )  # fmt: skip
    return write_picture(shown, store)


def _steps(fields: dict[str, Any]) -> tuple[str, ...]:
    """Return what a figure's slider calls its frames; empty without a slider over all of them."""
    sliders = fields.get("layout", {}).get("sliders") or [{}]
    labels = tuple(str(step.get("label", "")) for step in sliders[0].get("steps", ()))
    return labels if len(sliders) == 1 and len(labels) == len(fields.get("frames") or ()) else ()


def _step(fields: dict[str, Any]) -> int:
    """Return the frame that the still shows, or else that the figure's own slider stands at."""
    layout = fields.get("layout", {})
    names = [frame.get("name") for frame in fields.get("frames") or ()]
    meta = layout.get("meta")
    still = meta.get("still") if isinstance(meta, dict) else None
    if still in names:
        return names.index(still)
    return int((layout.get("sliders") or [{}])[0].get("active", 0))


@dataclass
class _Drawn:
    """What was drawn of a matplotlib figure."""

    posters: dict[str, Poster] = field(default_factory=dict)
    stills: dict[str, Poster] = field(default_factory=dict)
    social: str = ""

    def add(self, figure: Any, mode: str, store: Path, *, turn: bool, width: int = 1440) -> None:
        """Draw a figure whole and for a card; turn its greys over if it is not dark yet."""
        pixels = figure_pixels(figure, dark=turn, width=width)
        self.posters[mode] = _poster(pixels, store)
        self.stills[mode] = _poster(card_pixels(figure, dark=turn), store)
        self.social = self.social or _social(pixels, store)


def _drawn_plotly(figure: Any, size: tuple[int, int], store: Path) -> _Drawn:
    from matplotlib import rc_context

    from swarm import figures

    drawn = _Drawn()
    # The site's own settings for plots must not reach into this drawing.
    with rc_context({"figure.constrained_layout.use": False}):
        for mode in ("light", "dark"):
            still = figures.still(figure, dark=mode == "dark", width=size[0], height=size[1])
            drawn.add(still, mode, store, turn=False)
    return drawn


def _drawn_by_browser(figure: Any, size: tuple[int, int], store: Path) -> _Drawn:
    """Let plotly itself draw what `swarm.figures.still` cannot, where kaleido is installed."""
    drawn = _Drawn()
    if importlib.util.find_spec("kaleido") is None:
        return drawn
    for mode, looks in (("light", LIGHT), ("dark", DARK)):
        copy = type(figure)(figure)
        copy.update_layout(paper_bgcolor=looks.background, plot_bgcolor=looks.background)
        copy.update_layout(font_color=looks.text)
        try:
            png = copy.to_image("png", width=size[0], height=size[1], scale=2)
        except (RuntimeError, ValueError, OSError) as error:  # it needs a browser of its own
            _log.warning("kaleido cannot draw a figure: %s", error)
            return _Drawn()
        with Image.open(io.BytesIO(png)) as image:
            pixels = np.asarray(image.convert("RGB"))
        drawn.posters[mode] = _poster(pixels, store)
        drawn.social = drawn.social or _social(pixels, store)
    return drawn


def _figure_title(figure: Any) -> str:
    """Say in words what a matplotlib figure shows, from its own titles and labels."""
    parts = [figure.get_suptitle()]
    for axes in figure.axes:
        y, x = axes.get_ylabel(), axes.get_xlabel()
        title = " ".join(filter(None, map(axes.get_title, ("left", "center", "right"))))
        parts.append(title or (f"{y} against {x}" if x and y else y or x))
    return "; ".join(" ".join(_plain_text(part).split()) for part in parts if part) or "A plot"


def _publish_player(player: Any, store: Path) -> Picture:
    names = [Path(path).name for path in player.write(store)]
    posters = {}
    for mode in ("light", "dark"):
        (name,) = [name for name in names if name.endswith(f"-wide-{mode}.webp")]
        with Image.open(store / name) as image:
            posters[mode] = Poster(*image.size, {image.width: name})
    shown = Player(
        title=player.title, caption=player.caption, alt=player.alt, shows=("player",),
        html=player.html(MEDIA), own=tuple(names), posters=posters,
    )  # fmt: skip
    return write_picture(shown, store)


# --- files


def _poster(pixels: NDArray[np.uint8], store: Path) -> Poster:
    """Write a picture in every width it fills."""
    height, width = pixels.shape[:2]
    widths = [w for w in WIDTHS if w < width * 0.95]
    files = {w: _keep(webp(pixels, w), ".webp", store) for w in (*widths, width)}
    return Poster(width, height, files)


def _social(pixels: NDArray[np.uint8], store: Path) -> str:
    """Write a picture in the shape that social media show, on white; return its name."""
    buffer = io.BytesIO()
    image = ImageOps.pad(Image.fromarray(pixels).convert("RGB"), (1200, 630), color="white")
    image.save(buffer, "JPEG", quality=85)
    return _keep(buffer.getvalue(), ".jpg", store)


def _keep(data: bytes, suffix: str, store: Path) -> str:
    """Write a file named by its content, if it is not there yet, and return its name."""
    name = content_name(data) + suffix
    path = store / name
    if not path.exists():
        with written_whole(path) as part:
            part.write_bytes(data)
    return name


def _plain_text(text: str) -> str:
    return re.sub(r"<[^>]+>|\$", "", text).strip()
