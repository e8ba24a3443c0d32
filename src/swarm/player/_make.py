"""Players made from plain arrays: curves, bees on a surface, points, pictures."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from swarm.player import _scenes
from swarm.player._player import Player
from swarm.player._record import Content, Recording, Scale, record
from swarm.surface import Paths, Surface

if TYPE_CHECKING:
    from swarm.movie import Movie

__all__ = ["curves", "descent", "finished", "image", "scatter"]


def curves(
    x: ArrayLike,
    data: ArrayLike,
    truth: Any = None,
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
    loss_scale: Scale = "auto",
    loss_label: str = "final loss",
    movie: "Movie | None" = None,
    max_bytes: int = 1_000_000,
) -> Player:
    """Make a player that shows each bee's curve, epoch by epoch.

    Parameters
    ----------
    x : array_like of shape (N,)
        Where the curves were evaluated, in any order.
    data : array_like of shape (bee, epoch, N)
        The curves. What is not finite is left out of the drawing.
    truth : array_like of shape (N,), or tuple of two of shape (M,), optional
        The true curve at `x`, or x and y of points of its own, drawn as dots.
    loss : array_like of shape (bee,) or (bee, epoch), optional
        Final loss of each bee (of the last epoch, if it has epochs), which
        colours its curve. By default the mean squared error of the last epoch
        if the truth is known at `x`; otherwise all bees have one colour.
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
        Range of the y axis. By default it holds the truth and the curves, but
        for what lies far outside the middle nine tenths of them; the caption
        says how many bees leave it.
    epochs : sequence of int, optional
        Number of each recorded epoch; by default 0, 1, 2, …
    loss_scale : {"auto", "linear", "log"}, default "auto"
        Scale of the colours; by default logarithmic where all losses are positive
        and the highest is more than 30 times the lowest.
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

    Notes
    -----
    The recording holds each curve to 1/4096 of the range shown (half of a step of
    1/2048), and each of `values` to 1/1024; what lies more than sixteen such ranges
    away is moved to about that distance.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.linspace(-1, 1, 50)
    >>> slopes = np.linspace(0, 2, 20)[:, None, None]  # (bee, 1, 1)
    >>> progress = np.linspace(0, 1, 30)[:, None]  # (epoch, 1)
    >>> player = curves(x, slopes * progress * x, truth=x)
    >>> player.thinned
    ''
    """
    swarm = {"x": x, "data": data, "truth": truth, "loss": loss, "values": values}
    content, told = _scenes.curves(
        [swarm], values_label=values_label, xlabel=xlabel, ylabel=ylabel, ylim=ylim,
        epochs=epochs, loss_scale=loss_scale, loss_label=loss_label,
    )  # fmt: skip
    return finished(content, told, title, caption, alt, movie, max_bytes)


def descent(
    surface: Surface | tuple[ArrayLike, ArrayLike, ArrayLike],
    paths: Paths | ArrayLike,
    loss: ArrayLike | None = None,
    *,
    title: str = "A swarm descending a loss surface",
    caption: str = "",
    alt: str = "",
    xlabel: str | None = None,
    ylabel: str | None = None,
    epochs: Sequence[int] | None = None,
    surface_scale: Scale = "auto",
    loss_scale: Scale = "auto",
    loss_label: str = "final loss",
    movie: "Movie | None" = None,
    max_bytes: int = 1_000_000,
) -> Player:
    """Make a player that shows bees moving over a loss map, with their trails.

    Parameters
    ----------
    surface : Surface, or tuple of array_like of shapes (X,), (Y,) and (Y, X)
        The map, or evenly spaced, ascending coordinates of its columns and its
        rows, and its losses; rows are y. What is not finite is left blank.
    paths : Paths, or array_like of shape (bee, epoch, 2)
        Where each bee is, ``(x, y)``. What is not finite is not drawn.
    loss : array_like of shape (bee,) or (bee, epoch), optional
        Final loss of each bee (of the last epoch, if it has epochs), which
        colours it; by default that of the paths, or one colour for all bees.
    title, caption, alt
        As for `curves`.
    xlabel, ylabel : str, optional
        Labels of the axes; by default those of the surface's plane, or "first
        weight" and "second weight".
    epochs, loss_scale, loss_label, movie
        As for `curves`.
    surface_scale : {"auto", "linear", "log"}, default "auto"
        Scale of the map's shades and contours; by default as for `loss_scale`.
    max_bytes : int, default 1_000_000
        As for `curves`. To fit, epochs are left out, then bees; the
        first and the last of each stay.

    Returns
    -------
    Player

    Raises
    ------
    ValueError
        As for `curves`; or if planes differ, or a coordinate is not evenly spaced.

    Notes
    -----
    The recording holds positions to 1/8192 of the wider axis and losses of the map to
    1/8192 of their range.
    """
    swarm = {"surface": surface, "paths": paths, "loss": loss}
    content, told = _scenes.descent(
        [swarm], xlabel=xlabel, ylabel=ylabel, surface_scale=surface_scale,
        epochs=epochs, loss_scale=loss_scale, loss_label=loss_label,
    )  # fmt: skip
    return finished(content, told, title, caption, alt, movie, max_bytes)


def scatter(
    points: ArrayLike,
    labels: ArrayLike | None = None,
    loss: ArrayLike | None = None,
    *,
    title: str = "Points that a swarm moves",
    caption: str = "",
    alt: str = "",
    xlabel: str = "x",
    ylabel: str = "y",
    limits: tuple[float, float] | None = None,
    rays: bool = False,
    bee: int | None = None,
    epochs: Sequence[int] | None = None,
    loss_scale: Scale = "auto",
    loss_label: str = "final loss",
    movie: "Movie | None" = None,
    max_bytes: int = 1_000_000,
) -> Player:
    """Make a player that shows points of each bee in the plane, such as an embedding.

    Parameters
    ----------
    points : array_like of shape (bee, epoch, M, 2) or (bee, epoch, 2)
        Where each bee puts its M points. What is not finite is not drawn.
    labels : array_like of shape (M,), optional
        What each point is, of at most ten kinds, which colour the points.
    loss : array_like of shape (bee,) or (bee, epoch), optional
        Final loss of each bee, which colours its points where they have no labels.
    title, caption, alt
        As for `curves`.
    xlabel, ylabel : str, default "x", "y"
        Labels of the axes, which have the same scale.
    limits : (float, float), optional
        Range of both axes. By default they hold the points, but for what lies far
        outside the middle nine tenths; the caption says how many bees leave it.
    rays : bool, default False
        Whether to join each point to the origin.
    bee : int, optional
        The bee that is singled out at first; by default none, which shows all.
    epochs, loss_scale, loss_label, movie
        As for `curves`.
    max_bytes : int, default 1_000_000
        As for `curves`. To fit, epochs are left out, then bees, then points; the
        first and the last of each stay.

    Returns
    -------
    Player

    Raises
    ------
    ValueError
        As for `curves`; or if there are more than ten kinds.

    Notes
    -----
    The recording holds coordinates to 1/4096 of the wider axis.
    """
    swarm = {"points": points, "labels": labels, "loss": loss}
    content, told = _scenes.scatter(
        [swarm], xlabel=xlabel, ylabel=ylabel, limits=limits, rays=rays, bee=bee,
        epochs=epochs, loss_scale=loss_scale, loss_label=loss_label,
    )  # fmt: skip
    return finished(content, told, title, caption, alt, movie, max_bytes)


def image(
    images: ArrayLike,
    points: ArrayLike | None = None,
    targets: ArrayLike | None = None,
    loss: ArrayLike | None = None,
    *,
    title: str = "What a swarm has learnt",
    caption: str = "",
    alt: str = "",
    xlabel: str = "x",
    ylabel: str = "y",
    label: str = "value",
    extent: tuple[float, float, float, float] | None = None,
    limits: tuple[float, float] | None = None,
    bee: int | None = None,
    epochs: Sequence[int] | None = None,
    loss_scale: Scale = "auto",
    loss_label: str = "final loss",
    movie: "Movie | None" = None,
    max_bytes: int = 1_000_000,
) -> Player:
    """Make a player that shows a picture of each bee, such as a classifier's answers.

    Parameters
    ----------
    images : array_like of shape (bee, epoch, row, column)
        The values; row 0 is at the bottom, as y grows upwards. They go from blue over
        the background's colour to orange. What is not finite stays clear.
    points : array_like of shape (M, 2), optional
        Points on the picture, for example the data: x and y.
    targets : array_like of shape (M,), optional
        What the pictures should be at the points, which gives them its colour.
    loss : array_like of shape (bee,) or (bee, epoch), optional
        Final loss of each bee.
    title, caption, alt
        As for `curves`.
    xlabel, ylabel : str, default "x", "y"
        Labels of the axes.
    label : str, default "value"
        What the values are.
    extent : (float, float, float, float), optional
        Left, right, bottom and top edge of the picture; by default pixels.
    limits : (float, float), optional
        Values at the ends of the colours; by default they hold all but what lies far
        outside the middle nine tenths.
    bee : int, optional
        The bee whose picture is shown at first; by default the mean of all.
    epochs, loss_scale, loss_label, movie
        As for `curves`.
    max_bytes : int, default 1_000_000
        As for `curves`. To fit, epochs are left out, then bees, then rows and columns; the
        first and the last of each stay.

    Returns
    -------
    Player

    Raises
    ------
    ValueError
        As for `curves`.

    Notes
    -----
    The recording holds values to 1/510 of the range shown.
    """
    swarm = {"images": images, "points": points, "targets": targets, "loss": loss}
    content, told = _scenes.image(
        [swarm], xlabel=xlabel, ylabel=ylabel, label=label, extent=extent, limits=limits, bee=bee,
        epochs=epochs, loss_scale=loss_scale, loss_label=loss_label,
    )  # fmt: skip
    return finished(content, told, title, caption, alt, movie, max_bytes)


def finished(
    content: Content, told: str, title: str, caption: str, alt: str, movie: Any, max_bytes: int
) -> Player:
    """Record what was put together, and say what it shows."""
    recording = record(content, max_bytes)
    if content.ground is not None:
        log = content.scene["surface"]["scale"] == "log"
        shades = "its logarithm" if log else "the loss"
        caption += f" Darker ground is lower loss; contours are even steps of {shades}."
    return Player(title, caption.strip(), alt or _alt(told, recording), recording, movie)


def _alt(told: str, recording: Recording) -> str:
    """Say what the poster shows: the last epoch of the middle setting."""
    scene, _ = recording.setting(recording.middle)
    at = recording.settings[recording.middle]
    turned = [
        f"{knob['label']} {knob['values'][i]}" for knob, i in zip(recording.knobs, at, strict=True)
    ]
    where = f" at {', '.join(turned)}" if turned else ""
    alt = f"{told}{where}, after epoch {scene['epochs'][-1]}."
    known = [loss for loss in scene["loss"] or () if loss is not None]
    if known:
        alt += f" The {scene['lossLabel']} goes from {min(known):.3g} to {np.max(known):.3g}."
    return alt
