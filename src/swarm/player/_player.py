"""Recorded swarms that the reader of a page scrubs, singles out and zooms.

A `Player` is made from plain arrays by `curves` or `descent`. It holds a small
binary recording, thinned to a budget, and still pictures for readers without a
script. A notebook shows it as it stands; on a site its files are written beside
the page by `Player.write`, and ``player.js`` and ``player.css`` of
``swarm/player`` bring it to life.
"""

import base64
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import RegularGridInterpolator

from swarm._files import content_name, written_whole
from swarm.player import _poster as still
from swarm.player._pack import robust_range
from swarm.player._record import Recording, Scale, as_array, as_axis, as_limits, record

if TYPE_CHECKING:
    from swarm.movie import Movie

__all__ = ["Player", "curves", "descent"]

_BINS = 64
_BANDS = 14  # contour bands of a loss map
_LARGEST_GRID = 201  # rows or columns of a loss map


@dataclass(frozen=True, eq=False)
class Player:
    """An interactive view of a recorded swarm; make one with `curves` or `descent`.

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
        """Draw the last epoch.

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
        arrays = {name: packed.values() for name, packed in self.recording.arrays.items()}
        size = "narrow" if narrow else "wide"
        return still.draw(self.recording.scene, arrays, dark=dark, size=size)

    @cached_property
    def _posters(self) -> dict[tuple[str, bool], bytes]:
        """WebP pictures by size and darkness."""
        return {
            (size, dark): still.webp(self.poster(dark, narrow=size == "narrow"))
            for size in still.SIZES
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
        hint = f"{bees} bees, {epochs} epochs; {size}"
        caption = " ".join(escape(part) for part in (self.caption, self.thinned) if part)
        links = self._links(urls)
        film = " swarm-player--film" if self._films else ""
        return (
            f'<figure class="swarm-player{film}" role="group" aria-label="{escape(self.title)}" '
            f'data-swarm="{self.name}" data-src="{escape(urls[f"{self.name}.js"])}">'
            f'<div class="swarm-player__stage">{pictures}</div>{self._fallback(urls)}'
            '<div class="swarm-player__bar">'
            '<button type="button" class="swarm-player__start" hidden>Play with the swarm</button>'
            f'<p class="swarm-player__hint" hidden>{hint}</p></div>'
            f"<figcaption><strong>{escape(_sentence(self.title))}</strong> "
            f"{caption}{links}</figcaption></figure>"
        )

    def _picture(self, urls: Mapping[str, str], dark: bool) -> str:
        width, height = still.SIZES["wide"]
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


def curves(
    x: ArrayLike,
    ypred: ArrayLike,
    y: ArrayLike | None = None,
    loss: ArrayLike | None = None,
    values: ArrayLike | None = None,
    *,
    values_label: str = "value",
    title: str = "A swarm learning a curve",
    caption: str = "",
    alt: str = "",
    xlabel: str = "x",
    ylabel: str = "y",
    ylim: tuple[float, float] | None = None,
    epochs: Sequence[int] | None = None,
    loss_scale: Scale = "linear",
    loss_label: str = "final loss",
    movie: "Movie | None" = None,
    max_bytes: int = 1_000_000,
) -> Player:
    """Make a player that shows each bee's curve, epoch by epoch.

    Parameters
    ----------
    x : array_like of shape (N,)
        Where the curves were evaluated, in any order.
    ypred : array_like of shape (bee, epoch, N)
        The curves. What is not finite is left out of the drawing.
    y : array_like of shape (N,), optional
        The true curve, drawn as dots.
    loss : array_like of shape (bee,) or (bee, epoch), optional
        Final loss of each bee (of the last epoch, if it has epochs), which
        colours its curve. By default the mean squared error of the last epoch
        if there is a true curve; otherwise all bees have one colour.
    values : array_like of shape (bee, epoch, M) or (bee, epoch), optional
        Any quantities of each bee, for example its weights, shown as a
        histogram below the curves with the same bins at all epochs.
    values_label : str, default "value"
        What `values` are.
    title, caption, alt : str, optional
        Title, further sentences and text alternative; the last has a default
        made from the data.
    xlabel, ylabel : str, default "x", "y"
        Labels of the axes.
    ylim : (float, float), optional
        Range of the y axis. By default it holds 99.8 % of all points and the
        true curve.
    epochs : sequence of int, optional
        Number of each recorded epoch; by default 0, 1, 2, …
    loss_scale : {"linear", "log"}, default "linear"
        Scale of the colours.
    loss_label : str, default "final loss"
        What `loss` is.
    movie : Movie, optional
        A film of the same swarm, for readers without a script and to download.
    max_bytes : int, default 1_000_000
        Most bytes of the recording, as they are sent. To fit, first epochs are
        left out, then bees, then points; the first and the last epoch and bee stay.

    Returns
    -------
    Player

    Raises
    ------
    ValueError
        If shapes do not fit each other, an array is empty or without one finite
        number, or `max_bytes` is too little.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.linspace(-1, 1, 50)
    >>> slopes = np.linspace(0, 2, 20)[:, None, None]  # (bee, 1, 1)
    >>> progress = np.linspace(0, 1, 30)[:, None]  # (epoch, 1)
    >>> player = curves(x, slopes * progress * x, y=x)
    >>> player.thinned
    ''
    """
    curve = as_array("ypred", ypred, ("bee", "epoch", "N"))
    across = as_array("x", x, ("N",))
    if len(across) != curve.shape[2] or not np.isfinite(across).all():
        raise ValueError(
            f"x must have one finite number for each of the {curve.shape[2]} points of ypred, "
            f"got shape {across.shape}"
            + ("" if np.isfinite(across).all() else " with NaN or infinity")
        )
    if len(across) < 2 or across.min() == across.max():
        raise ValueError("x must have at least two different points to draw a curve over")
    order = np.argsort(across, kind="stable")
    across, curve = across[order], curve[:, :, order]
    truth = None
    if y is not None:
        truth = as_array("y", y, ("N",))
        if truth.shape != across.shape:
            raise ValueError(f"y must have the shape of x, {across.shape}, got {truth.shape}")
        truth = truth[order]
        if loss is None:
            loss = np.mean((curve[:, -1] - truth) ** 2, axis=-1)  # (bee,)
    shown = robust_range(curve, truth) if ylim is None else as_limits("ylim", ylim)
    recorded = {"ypred": (curve, shown)}
    scene: dict[str, Any] = {
        "kind": "curves",
        "xlabel": xlabel,
        "ylabel": ylabel,
        "view": {"x": [float(across[0]), float(across[-1])], "y": list(shown)},
        "x": across,
        "truth": truth,
        "values": None,
    }
    if values is not None:
        quantity = np.asarray(values, float)
        quantity = quantity[..., None] if quantity.ndim == 2 else quantity
        quantity = as_array("values", quantity, ("bee", "epoch", "M"))
        if quantity.shape[:2] != curve.shape[:2]:
            raise ValueError(
                f"values must have the bees and epochs of ypred, {curve.shape[:2]}, "
                f"got {quantity.shape[:2]}"
            )
        extent = robust_range(quantity)
        recorded["values"] = (quantity, extent)
        scene["values"] = {"label": values_label, "range": list(extent), "bins": _BINS}
    described = f"{curve.shape[0]} curves of {ylabel} over {xlabel}"
    if truth is not None:
        described += ", with the true curve as dots"
    if values is not None:
        described += f", and below them a histogram of {values_label}"
    recording = record(
        scene, recorded, loss, loss_scale=loss_scale, loss_label=loss_label, epochs=epochs,
        max_bytes=max_bytes,
    )  # fmt: skip
    return Player(title, caption, alt or _alt(described, recording), recording, movie)


def descent(
    surface_xs: ArrayLike,
    surface_ys: ArrayLike,
    surface_values: ArrayLike,
    positions: ArrayLike,
    loss: ArrayLike | None = None,
    *,
    title: str = "A swarm descending a loss surface",
    caption: str = "",
    alt: str = "",
    xlabel: str = "first weight",
    ylabel: str = "second weight",
    epochs: Sequence[int] | None = None,
    surface_scale: Literal["auto", "linear", "log"] = "auto",
    loss_scale: Scale = "linear",
    loss_label: str = "final loss",
    movie: "Movie | None" = None,
    max_bytes: int = 1_000_000,
) -> Player:
    """Make a player that shows bees moving over a loss map, with their trails.

    Parameters
    ----------
    surface_xs : array_like of shape (X,)
        Evenly spaced, ascending coordinates of the map's columns.
    surface_ys : array_like of shape (Y,)
        Those of its rows.
    surface_values : array_like of shape (Y, X)
        The loss; rows are y. What is not finite is left blank.
    positions : array_like of shape (bee, epoch, 2)
        Where each bee is, ``(x, y)``. What is not finite is not drawn.
    loss : array_like of shape (bee,) or (bee, epoch), optional
        Final loss of each bee (of the last epoch, if it has epochs), which
        colours it; by default all bees have one colour.
    title, caption, alt : str, optional
        Title, further sentences and text alternative; the last has a default
        made from the data.
    xlabel, ylabel : str
        Labels of the axes.
    epochs : sequence of int, optional
        Number of each recorded epoch; by default 0, 1, 2, …
    surface_scale : {"auto", "linear", "log"}, default "auto"
        Scale of the map's shades and contours; by default log where all losses
        are positive.
    loss_scale : {"linear", "log"}, default "linear"
        Scale of the bees' colours.
    loss_label : str, default "final loss"
        What `loss` is.
    movie : Movie, optional
        A film of the same swarm, for readers without a script and to download.
    max_bytes : int, default 1_000_000
        Most bytes of the recording, as they are sent. To fit, first epochs are
        left out, then bees; the first and the last of each stay.

    Returns
    -------
    Player

    Raises
    ------
    ValueError
        If shapes do not fit each other, an array is empty or without one finite
        number, a coordinate is not evenly spaced, or `max_bytes` is too little.
    """
    xs, ys = as_axis("surface_xs", surface_xs), as_axis("surface_ys", surface_ys)
    grid = as_array("surface_values", surface_values, ("Y", "X"))
    if grid.shape != (len(ys), len(xs)):
        hint = "; it is transposed: rows must be y" if grid.T.shape == (len(ys), len(xs)) else ""
        raise ValueError(
            f"surface_values must have shape (Y, X) = {(len(ys), len(xs))}, got {grid.shape}{hint}"
        )
    paths = as_array("positions", positions, ("bee", "epoch", "2"))
    if paths.shape[2] != 2:
        raise ValueError(f"positions must have shape (bee, epoch, 2), got {paths.shape}")
    finite = grid[np.isfinite(grid)]
    if surface_scale not in ("auto", "linear", "log"):
        raise ValueError(f"surface_scale must be 'auto', 'linear' or 'log', got {surface_scale!r}")
    if surface_scale == "log" and finite.min() <= 0:
        raise ValueError(
            f"surface_scale='log' needs positive losses, but the least is {finite.min():g}; "
            "use 'linear'"
        )
    log = surface_scale == "log" or (surface_scale == "auto" and bool(finite.min() > 0))
    if max(grid.shape) > _LARGEST_GRID:
        between = RegularGridInterpolator((ys, xs), grid)
        xs = np.linspace(xs[0], xs[-1], min(len(xs), _LARGEST_GRID))
        ys = np.linspace(ys[0], ys[-1], min(len(ys), _LARGEST_GRID))
        grid = between(tuple(np.meshgrid(ys, xs, indexing="ij")))
    heights = np.log10(grid) if log else grid
    low, high = np.nanmin(heights), np.nanmax(heights)
    low, high = (low, high) if low < high else (low - 0.5, high + 0.5)
    scene: dict[str, Any] = {
        "kind": "descent",
        "xlabel": xlabel,
        "ylabel": ylabel,
        "view": {"x": [float(xs[0]), float(xs[-1])], "y": [float(ys[0]), float(ys[-1])]},
        "surface": {
            "xs": [float(xs[0]), float(xs[-1])],
            "ys": [float(ys[0]), float(ys[-1])],
            "range": [float(low), float(high)],
            "scale": "log" if log else "linear",
            "bands": _BANDS,
        },
    }
    span = (float(min(xs[0], ys[0])), float(max(xs[-1], ys[-1])))
    described = (
        f"A map of the loss over {xlabel} and {ylabel}, and on it the positions and trails of "
        f"{paths.shape[0]} bees"
    )
    shades = "Darker ground is lower loss; contours are even steps of "
    ground = shades + ("its logarithm." if log else "the loss.")
    recording = record(
        scene, {"positions": (paths, span)}, loss, loss_scale=loss_scale, loss_label=loss_label,
        epochs=epochs, max_bytes=max_bytes, ground=(heights, (float(low), float(high))),
    )  # fmt: skip
    caption = f"{caption} {ground}".strip()
    return Player(title, caption, alt or _alt(described, recording), recording, movie)


def _alt(described: str, recording: Recording) -> str:
    scene = recording.scene
    alt = f"{described}, after epoch {scene['epochs'][-1]}."
    if scene["loss"] is not None:
        known = [loss for loss in scene["loss"] if loss is not None]
        alt += f" The {scene['lossLabel']} goes from {min(known):.3g} to {max(known):.3g}."
    return alt


def _sentence(title: str) -> str:
    return title if title.endswith((".", "!", "?", "…")) else f"{title}."


def _data_url(content: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
