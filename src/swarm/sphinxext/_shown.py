"""What a picture on a page is: what is known of it, and the files in the store that show it."""

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from swarm._files import content_name, written_whole

from ._plotlyjs import PARTIAL_BUNDLE, PARTIAL_TRACES

__all__ = [
    "Figure",
    "Movie",
    "Pair",
    "Picture",
    "Player",
    "Poster",
    "Still",
    "read_picture",
    "write_picture",
]


@dataclass(frozen=True)
class Poster:
    """A still picture of `width` by `height` pixels, as files by their width."""

    width: int
    height: int
    files: dict[int, str]

    def file(self, width: int) -> str:
        """Return the narrowest file that is as wide as this, or else the widest."""
        return self.files[min(self.files, key=lambda w: (w < width, abs(w - width)))]


@dataclass(frozen=True, kw_only=True)
class Picture:
    """What all kinds have; `posters` are by mode, ``"light"`` and ``"dark"``.

    Without a dark one, the light one stands for both.
    """

    kind: ClassVar[str]
    title: str = ""
    caption: str = ""
    alt: str = ""
    shows: tuple[str, ...] = ()
    """Of ``movie``, ``surface`` and ``player``: what its page can be looked up by."""
    posters: dict[str, Poster] = field(default_factory=dict)
    stills: dict[str, Poster] = field(default_factory=dict)
    """The same without words, for a card."""
    social: str = ""
    key: str = ""
    """Names it in the store."""

    @property
    def parts(self) -> tuple["Picture", ...]:
        """The pictures that it consists of: itself, but for a pair."""
        return (self,)

    @property
    def both(self) -> dict[str, Poster]:
        """A poster for light and dark each; empty where there is none."""
        return _for_both(self.posters)

    @property
    def thumbnail(self) -> dict[str, Poster]:
        """What stands for it on a card, for light and dark each; empty where there is none."""
        return _for_both(self.stills or self.posters)

    def files(self) -> set[str]:
        """Return the names of all files in the store that the site needs to show it."""
        every = (*self.posters.values(), *self.stills.values())
        posters = {name for poster in every for name in poster.files.values()}
        return (posters | self._own_files() | {self.social}) - {""}

    def _own_files(self) -> set[str]:
        return set()

    def notes(self) -> list[str]:
        """Say what costs readers more, or shows them less, than it need."""
        return []


def _for_both(posters: dict[str, Poster]) -> dict[str, Poster]:
    return {mode: posters.get(mode, posters["light"]) for mode in ("light", "dark") if posters}


@dataclass(frozen=True, kw_only=True)
class Movie(Picture):
    """A movie, as files by mode."""

    kind = "movie"
    width: int
    height: int
    fps: float
    frames: int
    bytes: int
    sources: dict[str, str]
    panel: tuple[float, ...] = ()
    """Left, top, width and height of what a card shows of it, as shares; empty for all."""

    def _own_files(self) -> set[str]:
        return set(self.sources.values())


@dataclass(frozen=True, kw_only=True)
class Figure(Picture):
    """A plotly figure: a script with its data, and the bundle that can draw them."""

    kind = "plotly"
    width: int
    height: int
    types: tuple[str, ...]
    figure: str
    data: str
    bundle: str
    spatial: bool
    steps: tuple[str, ...] = ()
    """What its slider calls its frames."""
    step: int = 0
    """The frame that its still shows, and with which it opens."""
    no_poster: str = ""
    """Why it could not be drawn without a browser."""

    def _own_files(self) -> set[str]:
        return {self.data}

    def notes(self) -> list[str]:
        """Say what costs readers more, or shows them less, than it need."""
        notes = []
        if self.bundle != PARTIAL_BUNDLE:
            others = ", ".join(sorted(set(self.types) - PARTIAL_TRACES))
            notes.append(f"has traces of type {others}: its page loads the whole of plotly.js")
        if self.no_poster:
            notes.append(f"has no still picture: {self.no_poster}")
        return notes


@dataclass(frozen=True, kw_only=True)
class Still(Picture):
    """A matplotlib figure, `width` by `height` CSS pixels."""

    kind = "still"
    width: int
    height: int


@dataclass(frozen=True, kw_only=True)
class Player(Picture):
    """A player, which writes its own HTML."""

    kind = "player"
    html: str
    own: tuple[str, ...]

    def _own_files(self) -> set[str]:
        return set(self.own)


@dataclass(frozen=True, kw_only=True)
class Pair(Picture):
    """Two or more pictures side by side."""

    kind = "pair"
    items: tuple[Picture, ...]

    @property
    def parts(self) -> tuple[Picture, ...]:
        """The pictures that it consists of."""
        return self.items

    @property
    def thumbnail(self) -> dict[str, Poster]:
        """That of the first of them that has one."""
        return next((item.thumbnail for item in self.items if item.thumbnail), {})

    def _own_files(self) -> set[str]:
        return set().union(*(item.files() for item in self.items))


_CLASSES: dict[str, type[Any]] = {cls.kind: cls for cls in (Movie, Figure, Still, Player, Pair)}


# --- in the store


def write_picture(picture: Picture, store: Path) -> Picture:
    """Write what is known of a picture to ``store/<key>.json``, and return it with its key."""
    key = content_name(_text(picture).encode())
    named = dataclasses.replace(picture, key=key)
    with written_whole(store / f"{key}.json") as part:
        part.write_text(_text(named), "utf-8")
    return named


def read_picture(key: str, store: Path) -> Picture:
    """Return the picture that `write_picture` wrote.

    Raises
    ------
    ValueError
        If it is missing or damaged.
    """
    path = store / f"{key}.json"
    try:
        picture = _made_of(json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        raise ValueError(
            f"{path} is missing: the store was emptied after the page was made; "
            "delete the build folder and build again"
        ) from None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{path} is damaged: {error}; delete it and build again") from error
    if content_name(_text(dataclasses.replace(picture, key="")).encode()) != key:
        raise ValueError(f"{path} is damaged; delete it and build again")
    return picture


def _text(picture: Picture) -> str:
    return json.dumps(_fields_of(picture), indent=1, sort_keys=True)


def _fields_of(picture: Picture) -> dict[str, Any]:
    fields = {"kind": picture.kind, **dataclasses.asdict(picture)}
    if isinstance(picture, Pair):
        fields["items"] = [_fields_of(item) for item in picture.items]
    return fields


def _made_of(fields: dict[str, Any]) -> Picture:
    posters, stills = _posters_of(fields.pop("posters")), _posters_of(fields.pop("stills"))
    cls = _CLASSES[fields.pop("kind")]
    if cls is Pair:
        fields["items"] = tuple(map(_made_of, fields["items"]))
    plain = {
        name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()
    }
    made: Picture = cls(posters=posters, stills=stills, **plain)
    return made


def _posters_of(fields: dict[str, Any]) -> dict[str, Poster]:
    return {
        mode: Poster(p["width"], p["height"], {int(w): name for w, name in p["files"].items()})
        for mode, p in fields.items()
    }
