"""A recorded swarm as a figure of a page: its files, and the HTML that asks for them."""

import base64
import os
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from swarm._drawing import webp
from swarm._files import content_name, written_whole
from swarm.player import _poster
from swarm.player._poster import SIZES
from swarm.player._record import Recording

if TYPE_CHECKING:
    from swarm.movie import Movie

__all__ = ["Player"]


@dataclass(frozen=True, eq=False)
class Player:
    """An interactive view of a recorded swarm; made by the functions of this module.

    Parameters
    ----------
    title : str
        What is seen, in a few words; the figure's accessible name.
    caption : str
        A sentence or two below the figure.
    alt : str
        Text alternative of the picture.
    recording : Recording
        What the script in the page gets, after thinning.
    movie : Movie, optional
        A film of the same swarm for readers without a script, and to download.
    """

    title: str
    caption: str
    alt: str
    recording: Recording = field(repr=False)
    movie: "Movie | None" = None

    @property
    def thinned(self) -> str:
        """What was left out to meet the budget, as a sentence; empty if nothing was."""
        return self.recording.thinned

    @cached_property
    def name(self) -> str:
        """Name made from the content: ``swarm-`` and sixteen hexadecimal digits."""
        return f"swarm-{content_name(self.recording.json.encode())}"

    @cached_property
    def script(self) -> str:
        """The recording as JavaScript, so that it loads from ``file://`` too."""
        key = f'["{self.name}"]'
        return f"((window.swarmscape||={{}}).swarms||={{}}){key}={self.recording.json};\n"

    def poster(self, dark: bool = False, *, narrow: bool = False) -> NDArray[np.uint8]:
        """Draw the last epoch, of the middle setting if there are several.

        Parameters
        ----------
        dark : bool, default False
            For a dark page.
        narrow : bool, default False
            For a phone: almost square, at twice its size of 358 × 400 CSS pixels.
            Otherwise for 736 × 552, at one and a half times that.

        Returns
        -------
        numpy.ndarray of shape (H, W, 3)
            uint8 pixels.
        """
        scene, arrays = self.recording.setting(self.recording.middle)
        return _poster.draw(scene, arrays, dark=dark, size="narrow" if narrow else "wide")

    @cached_property
    def _posters(self) -> dict[tuple[str, bool], bytes]:
        """WebP pictures by size and darkness."""
        return {
            (size, dark): webp(self.poster(dark, narrow=size == "narrow"))
            for size in SIZES
            for dark in (False, True)
        }

    @cached_property
    def _films(self) -> dict[bool, tuple[str, bytes]]:
        """File name and content of the movie by darkness; empty without a movie."""
        if self.movie is None:
            return {}
        films = {}
        for dark, path in ((False, self.movie.path), (True, self.movie.dark)):
            if path is not None:
                content = Path(path).read_bytes()
                # As the site names movies, so that one that it shows by itself too is one file.
                films[dark] = (content_name(content) + Path(path).suffix, content)
        return films

    def _files(self) -> dict[str, bytes]:
        """Name and content of every file that `html` refers to."""
        written = {f"{self.name}.js": self.script.encode()}
        for (size, dark), content in self._posters.items():
            written[self._poster_name(size, dark)] = content
        written.update(dict(self._films.values()))
        return written

    def _poster_name(self, size: str, dark: bool) -> str:
        theme = "dark" if dark else "light"
        return f"swarm-{content_name(self._posters[size, dark])}-{size}-{theme}.webp"

    def write(self, folder: str | os.PathLike[str]) -> list[Path]:
        """Write the recording, its still pictures and its movie, if it has one.

        Parameters
        ----------
        folder : path
            Made if it does not exist. Files of the same name are replaced; their
            names are made from their content, so they hold the same.

        Returns
        -------
        list of Path
            The files, the recording first.

        Raises
        ------
        OSError
            If the folder cannot be written to; then no file is new or changed.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        written = {folder / name: content for name, content in self._files().items()}
        with ExitStack() as all_or_none:
            for path, content in written.items():
                all_or_none.enter_context(written_whole(path)).write_bytes(content)
        return list(written)

    def html(self, url_prefix: str = "") -> str:
        """Return the figure as HTML: a still picture, a button, a caption and links.

        Parameters
        ----------
        url_prefix : str, default ""
            Where the page finds the folder given to `write`, for example
            ``"../_swarms"``.

        Returns
        -------
        str
            A ``<figure>``. The page also needs ``player.css`` and, deferred,
            ``player.js``; without them it shows the picture and the links.
        """
        prefix = url_prefix if not url_prefix or url_prefix.endswith("/") else url_prefix + "/"
        return self._figure({name: prefix + name for name in self._files()})

    def _figure(self, urls: Mapping[str, str]) -> str:
        """Build the figure around the address of each file."""
        pictures = "".join(self._picture(urls, dark) for dark in (False, True))
        epochs, bees = self.recording.shape
        size = f"{len(self.script) / 1000:,.0f} kB"
        of_settings = (
            f"{len(self.recording.settings)} settings of " if self.recording.knobs else ""
        )
        hint = f"{of_settings}{bees} bees, {epochs} epochs; {size}"
        turn = f"Turn the knob{'s' * (len(self.recording.knobs) > 1)}"
        start = turn if self.recording.knobs else "Play with the swarm"
        said = (self.caption, self.recording.scene.get("cut"), self.thinned)
        caption = " ".join(escape(part) for part in said if part)
        links = self._links(urls)
        film = " swarm-player--film" if self._films else ""
        return (
            f'<figure class="swarm-player{film}" role="group" aria-label="{escape(self.title)}" '
            f'data-swarm="{self.name}" data-src="{escape(urls[f"{self.name}.js"])}">'
            f'<div class="swarm-player__stage">{pictures}</div>{self._fallback(urls)}'
            '<div class="swarm-player__bar">'
            '<button type="button" class="swarm-player__start" hidden>'
            f"{start}</button>"
            f'<p class="swarm-player__hint" hidden>{hint}</p></div>'
            f"<figcaption><strong>{escape(_sentence(self.title))}</strong> "
            f"{caption}{links}</figcaption></figure>"
        )

    def _picture(self, urls: Mapping[str, str], dark: bool) -> str:
        width, height = SIZES["wide"]
        theme = "dark" if dark else "light"
        return (
            f'<picture class="swarm-player__poster swarm-player__poster--{theme}">'
            '<source media="(max-width: 600px)" '
            f'srcset="{escape(urls[self._poster_name("narrow", dark)])}">'
            f'<img src="{escape(urls[self._poster_name("wide", dark)])}" alt="{escape(self.alt)}" '
            f'width="{width}" height="{height}" loading="lazy" decoding="async"></picture>'
        )

    def _fallback(self, urls: Mapping[str, str]) -> str:
        """Return the film for readers without a script."""
        if self.movie is None:
            return ""
        return (
            f'<noscript><video controls muted loop playsinline preload="none" '
            f'width="{self.movie.width}" height="{self.movie.height}" '
            f'poster="{escape(urls[self._poster_name("wide", False)])}" '
            f'aria-label="{escape(self.title)}" src="{escape(urls[self._films[False][0]])}">'
            "</video></noscript>"
        )

    def _links(self, urls: Mapping[str, str]) -> str:
        if not self._films:
            return ""
        name, content = self._films[False]
        return (
            f' <a class="swarm-player__download" href="{escape(urls[name])}" download>'
            f"Download the movie ({len(content) / 1e6:.1f} MB)</a>"
        )

    def _repr_html_(self) -> str:
        """Return the figure with everything it needs inside, for a notebook."""
        kinds = {".webp": "image/webp", ".mp4": "video/mp4"}
        urls = {
            name: "" if name.endswith(".js") else _data_url(content, kinds[Path(name).suffix])
            for name, content in self._files().items()
        }
        static = files("swarm") / "player"
        style = (static / "player.css").read_text("utf-8")
        code = (static / "player.js").read_text("utf-8")
        return (
            f"<style>{style}</style>{self._figure(urls)}"
            f"<script>{self.script}</script><script>{code}</script>"
        )


def _sentence(title: str) -> str:
    return title if title.endswith((".", "!", "?", "…")) else f"{title}."


def _data_url(content: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
