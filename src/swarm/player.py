"""Recorded swarms that the reader of a page scrubs, singles out and zooms.

A `Player` is made from plain arrays by `curves` or `descent`. It holds a small
binary recording, thinned to a budget, and still pictures for readers without a
script. A notebook shows it as it stands; on a site its files are written beside
the page by `Player.write`, and ``player.js`` and ``player.css`` of
``swarm/static`` bring it to life.
"""

import base64
import contextlib
import hashlib
import json
import math
import os
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from swarm import _player_poster as poster
from swarm._player_pack import Packed, evenly, fit, pack, robust_range

if TYPE_CHECKING:
    from swarm.movie import Movie

__all__ = ["Player", "curves", "descent"]

Scale = Literal["linear", "log"]
Array = NDArray[np.floating]

_SAMPLE = 40  # bees from which the size of all is estimated
_WRAPPING = 80  # bytes of script around a recording
_BINS = 64
_BANDS = 14  # contour bands of a loss map
_FEWEST = {"epochs": 48, "bees": 60, "points": 48}  # what thinning leaves of each, at least
_MOST_VALUES = 12_000_000  # what a phone may unpack: 24 MB
_LARGEST_GRID = 201  # rows or columns of a loss map
_STEPS = {"ypred": 2048, "values": 1024, "positions": 4096, "surface": 4096}  # in what is shown


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
    thinned : str
        What was left out to meet the budget, as a sentence; empty if nothing was.
    scene : mapping
        What the script in the page gets, but for the arrays.
    arrays : mapping of str to Packed
        The recorded arrays, ``(epoch, bee, point)``, after thinning.
    movie : Movie, optional
        A film of the same swarm for readers without a script, and to download.
    """

    title: str
    caption: str
    alt: str
    thinned: str
    scene: Mapping[str, Any] = field(repr=False)
    arrays: Mapping[str, Packed] = field(repr=False)
    movie: "Movie | None" = None

    @cached_property
    def name(self) -> str:
        """Name made from the content: ``swarm-`` and twelve hexadecimal digits."""
        return f"swarm-{_digest(self._recording.encode())}"

    @cached_property
    def script(self) -> str:
        """The recording as JavaScript, so that it loads from ``file://`` too."""
        key = f'["{self.name}"]'
        return f"((window.swarmscape||={{}}).swarms||={{}}){key}={self._recording};\n"

    @cached_property
    def _recording(self) -> str:
        return _to_json(self.scene, self.arrays)

    @cached_property
    def _posters(self) -> dict[tuple[str, bool], bytes]:
        """WebP pictures by size and darkness."""
        arrays = {name: packed.values() for name, packed in self.arrays.items()}
        return {
            (size, dark): poster.draw(self.scene, arrays, dark=dark, size=size)
            for size in poster.SIZES
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
                suffix = ("-dark" if dark else "") + Path(path).suffix
                films[dark] = (f"swarm-{_digest(content)}{suffix}", content)
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
        return f"swarm-{_digest(self._posters[size, dark])}-{size}-{theme}.webp"

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
        mark = f".{uuid.uuid4().hex}.part"
        contents = self._files()
        try:
            for name, content in contents.items():
                (folder / (name + mark)).write_bytes(content)
            for name in contents:
                os.replace(folder / (name + mark), folder / name)
        finally:
            for name in contents:
                with contextlib.suppress(OSError):
                    (folder / (name + mark)).unlink(missing_ok=True)
        return [folder / name for name in contents]

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
        shape = self.arrays["ypred" if self.scene["kind"] == "curves" else "positions"].shape
        size = f"{len(self.script) / 1000:,.0f} kB"
        hint = f"{shape[1]} bees, {shape[0]} epochs; {size}"
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
            f"<figcaption><strong>{escape(self.title)}</strong> "
            f"{caption}{links}</figcaption></figure>"
        )

    def _picture(self, urls: Mapping[str, str], dark: bool) -> str:
        width, height = poster.SIZES["wide"]
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
        static = files("swarm") / "static"
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
    curve = _array("ypred", ypred, ("bee", "epoch", "N"))
    across = _array("x", x, ("N",))
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
        truth = _array("y", y, ("N",))
        if truth.shape != across.shape:
            raise ValueError(f"y must have the shape of x, {across.shape}, got {truth.shape}")
        truth = truth[order]
        if loss is None:
            loss = np.mean((curve[:, -1] - truth) ** 2, axis=-1)  # (bee,)
    shown = robust_range(curve, truth) if ylim is None else _limits("ylim", ylim)
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
        quantity = _array("values", quantity, ("bee", "epoch", "M"))
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
    return _player(
        scene, recorded, loss, loss_scale=loss_scale, loss_label=loss_label, epochs=epochs,
        title=title, caption=caption, alt=alt, described=described, movie=movie,
        max_bytes=max_bytes,
    )  # fmt: skip


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
    xs, ys = _axis("surface_xs", surface_xs), _axis("surface_ys", surface_ys)
    grid = _array("surface_values", surface_values, ("Y", "X"))
    if grid.shape != (len(ys), len(xs)):
        hint = "; it is transposed: rows must be y" if grid.T.shape == (len(ys), len(xs)) else ""
        raise ValueError(
            f"surface_values must have shape (Y, X) = {(len(ys), len(xs))}, got {grid.shape}{hint}"
        )
    paths = _array("positions", positions, ("bee", "epoch", "2"))
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
    rows = evenly(len(ys), min(len(ys), _LARGEST_GRID))
    columns = evenly(len(xs), min(len(xs), _LARGEST_GRID))
    if max(len(xs), len(ys)) > _LARGEST_GRID:  # unevenly spaced rows would bend the map
        rows, columns = _every(len(ys)), _every(len(xs))
        xs, ys, grid = xs[columns], ys[rows], grid[np.ix_(rows, columns)]
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
    return _player(
        scene, {"positions": (paths, span)}, loss, loss_scale=loss_scale,
        loss_label=loss_label, epochs=epochs, title=title,
        caption=f"{caption} {ground}".strip(), alt=alt, described=described, movie=movie,
        max_bytes=max_bytes,
        fixed={"surface": _packed("surface", heights[None], (float(low), float(high)))},
    )  # fmt: skip


def _player(
    scene: dict[str, Any],
    recorded: Mapping[str, tuple[Array, tuple[float, float]]],
    loss: ArrayLike | None,
    *,
    loss_scale: Scale,
    loss_label: str,
    epochs: Sequence[int] | None,
    title: str,
    caption: str,
    alt: str,
    described: str,
    movie: "Movie | None",
    max_bytes: int,
    fixed: Mapping[str, Packed] = MappingProxyType({}),
) -> Player:
    """Thin arrays ``(bee, epoch, point)`` to the budget and pack them."""
    main = next(iter(recorded.values()))[0]
    bees, count, points = main.shape
    numbers = np.arange(count) if epochs is None else np.asarray(epochs)
    if numbers.shape != (count,):
        raise ValueError(f"epochs must have {count} numbers, one an epoch, got {numbers.shape}")
    final = None if loss is None else _final_loss(loss, bees, count)
    colours = _colour_range(final, loss_scale, loss_label)

    def thin(counts: Sequence[int], most_bees: int = bees) -> dict[str, Packed]:
        of_epoch, of_bee, of_point = map(evenly, (count, bees, points), counts)
        of_bee = of_bee[evenly(len(of_bee), min(len(of_bee), most_bees))]
        arrays = {}
        for name, (values, shown) in recorded.items():
            length = values.shape[2]
            keep = (
                of_point if length == points else evenly(length, -(-length * counts[2] // points))
            )
            chosen = values[np.ix_(of_bee, of_epoch, keep)].transpose(1, 0, 2)
            arrays[name] = _packed(name, chosen, shown)
        return arrays

    def describe(counts: Sequence[int]) -> dict[str, Any]:
        of_epoch, of_bee, of_point = map(evenly, (count, bees, points), counts)
        described = scene | {
            "title": title,
            "epochs": numbers[of_epoch],
            "bees": of_bee,
            "loss": None if final is None else final[of_bee],
            "lossLabel": loss_label,
            "lossScale": loss_scale,
            "lossRange": colours,
        }
        if "x" in scene:
            truth = scene["truth"]
            described["x"] = scene["x"][of_point]
            described["truth"] = None if truth is None else truth[of_point]
        return {key: _plain(value) for key, value in described.items()}

    def estimate(counts: Sequence[int]) -> int:
        arrays = thin(counts, _SAMPLE)
        sampled = sum(len(packed.data) for packed in arrays.values()) / min(counts[1], _SAMPLE)
        return math.ceil(sampled * counts[1] * 4 / 3) + len(_to_json(describe(counts), fixed))

    thick = sum(values.shape[2] for values, _ in recorded.values()) * bees
    start = [min(count, max(2, _MOST_VALUES // thick)), bees, points]
    floors = [min(start[0], _FEWEST["epochs"]), min(bees, _FEWEST["bees"])]
    floors.append(min(points, _FEWEST["points"]) if "x" in scene else points)
    target = max_bytes
    while True:  # an estimate may be a few parts in a hundred off
        kept = fit(estimate, start, floors, target)
        thinned_scene, arrays = describe(kept), {**fixed, **thin(kept)}
        needed = len(_to_json(thinned_scene, arrays)) + _WRAPPING
        if needed <= max_bytes:
            break
        target -= needed - max_bytes + 1
    parts = [
        f"{now:,} of {before:,} {what}"
        for now, before, what in zip(
            kept, (count, bees, points), ("epochs", "bees", "points a curve"), strict=True
        )
        if now < before
    ]
    thinned = f"The player shows {_listed(parts)}, evenly spaced." if parts else ""
    if not alt:
        alt = f"{described}, after epoch {numbers[-1]}."
        if final is not None:
            finite = final[np.isfinite(final)]
            alt += f" The {loss_label} goes from {finite.min():.3g} to {finite.max():.3g}."
    return Player(title, caption, alt, thinned, thinned_scene, arrays, movie)


def _packed(name: str, values: Array, shown: tuple[float, float]) -> Packed:
    smooth = name in ("ypred", "surface")  # neighbouring points resemble each other
    return pack(values, shown, steps=_STEPS[name], smooth=smooth)


def _array(name: str, values: ArrayLike, axes: tuple[str, ...]) -> Array:
    """Return float64 of as many axes, not empty, with a finite number; infinities are NaN."""
    array = np.asarray(values, dtype=float)
    wanted = f"({', '.join(axes)}{',' if len(axes) == 1 else ''})"
    if array.ndim != len(axes) or not array.size:
        raise ValueError(f"{name} must have shape {wanted}, none of them 0, got {array.shape}")
    array = np.where(np.isfinite(array), array, np.nan)
    if np.isnan(array).all():
        raise ValueError(f"{name} has not one finite number; nothing can be drawn")
    return array


def _axis(name: str, values: ArrayLike) -> Array:
    axis = _array(name, values, ("X",))
    steps = np.diff(axis)
    if len(axis) < 2 or np.isnan(steps).any() or steps.min() <= 0:
        raise ValueError(f"{name} must be two or more ascending numbers, got {axis}")
    if not np.allclose(steps, steps.mean(), rtol=1e-3):
        raise ValueError(
            f"{name} must be evenly spaced, as numpy.linspace makes it; "
            f"its steps go from {steps.min():g} to {steps.max():g}"
        )
    return axis


def _every(count: int) -> NDArray[np.intp]:
    """Return indices in equal steps, few enough for a loss map; they may miss the last."""
    return np.arange(0, count, -(-(count - 1) // (_LARGEST_GRID - 1)))


def _limits(name: str, limits: tuple[float, float]) -> tuple[float, float]:
    low, high = map(float, limits)
    if not low < high:
        raise ValueError(f"{name} must be (low, high) with low < high, got {limits}")
    return low, high


def _final_loss(loss: ArrayLike, bees: int, count: int) -> Array | None:
    """Return one number a bee, NaN where it is unknown; None if all are."""
    losses = np.asarray(loss, dtype=float)
    if losses.shape == (bees, count):
        losses = losses[:, -1]
    if losses.shape != (bees,):
        raise ValueError(
            f"loss must have shape (bee,) = {(bees,)} or (bee, epoch) = {(bees, count)}, "
            f"got {losses.shape}"
        )
    return np.where(np.isfinite(losses), losses, np.nan) if np.isfinite(losses).any() else None


def _colour_range(final: Array | None, scale: Scale, label: str) -> list[float] | None:
    """Return the losses at both ends of the colours; the worst two in a hundred share one."""
    if scale not in ("linear", "log"):
        raise ValueError(f"loss_scale must be 'linear' or 'log', got {scale!r}")
    if final is None:
        return None
    finite = final[np.isfinite(final)]
    if scale == "log" and finite.min() <= 0:
        raise ValueError(
            f"loss_scale='log' needs a positive {label}, but the least is {finite.min():g}; "
            "use 'linear'"
        )
    low, high = float(finite.min()), float(np.quantile(finite, 0.98, method="higher"))
    return [low, high] if low < high else [low, low + (abs(low) or 1.0)]


def _plain(value: Any) -> Any:
    """Arrays as lists of numbers with seven digits; NaN as None."""
    if not isinstance(value, np.ndarray):
        return value
    if value.dtype.kind in "iu":
        return value.tolist()
    return [None if np.isnan(number) else float(f"{number:.7g}") for number in value]


def _to_json(scene: Mapping[str, Any], arrays: Mapping[str, Packed]) -> str:
    whole = {**scene, "arrays": {name: packed.to_json() for name, packed in arrays.items()}}
    text = json.dumps(whole, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")  # it may stand inside <script>


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]


def _data_url(content: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
