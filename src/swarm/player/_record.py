"""Checks of what a player is given, and the recording that fits its budget."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from swarm.player._pack import Packed, evenly, fit, pack

__all__ = ["Array", "Recording", "Scale", "as_array", "as_axis", "as_limits", "record"]

Scale = Literal["linear", "log"]
Array = NDArray[np.floating]
Range = tuple[float, float]

_SAMPLE = 40  # bees from which the size of all is estimated
_WRAPPING = 80  # bytes of script around a recording
_FEWEST = {"epochs": 48, "bees": 60, "points": 48}  # what thinning leaves of each, at least
_MOST_VALUES = 12_000_000  # what a phone may unpack: 24 MB
_STEPS = {"ypred": 2048, "values": 512, "positions": 4096, "surface": 4096}  # in what is shown


@dataclass(frozen=True, eq=False)
class Recording:
    """What the script in the page gets.

    Parameters
    ----------
    scene : mapping
        Labels, ranges, losses and numbers of the epochs and bees, ready for JSON.
    arrays : mapping of str to Packed
        Arrays ``(epoch, bee, point)`` by name.
    thinned : str
        What was left out to meet the budget, as a sentence; empty if nothing was.
    """

    scene: Mapping[str, Any]
    arrays: Mapping[str, Packed]
    thinned: str = ""

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of epochs and of bees."""
        return len(self.scene["epochs"]), len(self.scene["bees"])

    @cached_property
    def json(self) -> str:
        """All of it as JSON that may stand inside a ``<script>``."""
        arrays = {name: packed.to_json() for name, packed in self.arrays.items()}
        text = json.dumps({**self.scene, "arrays": arrays}, separators=(",", ":"), allow_nan=False)
        return text.replace("<", "\\u003c")


def record(
    scene: Mapping[str, Any],
    swarm: Mapping[str, tuple[Array, Range]],
    loss: ArrayLike | None,
    *,
    loss_scale: Scale,
    loss_label: str,
    epochs: Sequence[int] | None,
    max_bytes: int,
    ground: tuple[Array, Range] | None = None,
) -> Recording:
    """Thin a swarm to a budget, and pack it.

    Parameters
    ----------
    scene : mapping
        What is already known of the scene. Its ``"x"`` and ``"truth"``, if there
        are any, have one number a point and are thinned like the points.
    swarm : mapping of str to (ndarray, range)
        Arrays of shape ``(bee, epoch, point)``, the main one first, and the
        range that is shown of each.
    loss, loss_scale, loss_label, epochs, max_bytes
        See `swarm.player.curves`.
    ground : (ndarray of shape (Y, X), range), optional
        A loss map, which is not thinned.

    Raises
    ------
    ValueError
        If `loss` or `epochs` do not fit the main array, or the budget is too little.
    """
    bees, count, points = next(iter(swarm.values()))[0].shape
    numbers = np.arange(count) if epochs is None else np.asarray(epochs)
    if numbers.shape != (count,):
        raise ValueError(f"epochs must have {count} numbers, one an epoch, got {numbers.shape}")
    final = None if loss is None else _final_loss(loss, bees, count)
    colours = _colour_range(final, loss_scale, loss_label)
    fixed = {} if ground is None else {"surface": _packed("surface", ground[0][None], ground[1])}

    def thin(counts: Sequence[int], most_bees: int = bees) -> dict[str, Packed]:
        of_epoch, of_bee = evenly(count, counts[0]), evenly(bees, min(counts[1], most_bees))
        arrays = {}
        for name, (values, shown) in swarm.items():
            length = values.shape[2]
            of_point = evenly(length, math.ceil(length * counts[2] / points))
            chosen = values[np.ix_(of_bee, of_epoch, of_point)]
            arrays[name] = _packed(name, chosen.transpose(1, 0, 2), shown)
        return arrays

    def describe(counts: Sequence[int]) -> dict[str, Any]:
        of_epoch, of_bee, of_point = map(evenly, (count, bees, points), counts)
        described = {
            **scene,
            "epochs": numbers[of_epoch],
            "bees": of_bee,
            "loss": None if final is None else final[of_bee],
            "lossLabel": loss_label,
            "lossScale": loss_scale,
            "lossRange": colours,
        }
        for name in ("x", "truth"):
            if scene.get(name) is not None:
                described[name] = scene[name][of_point]
        return {name: _plain(value) for name, value in described.items()}

    def estimate(counts: Sequence[int]) -> int:
        sample = sum(len(packed.data) for packed in thin(counts, _SAMPLE).values())
        whole = sample * counts[1] / min(counts[1], _SAMPLE) * 4 / 3  # base64
        return math.ceil(whole) + len(Recording(describe(counts), fixed).json)

    thick = bees * sum(values.shape[2] for values, _ in swarm.values())
    start = [min(count, max(2, _MOST_VALUES // thick)), bees, points]
    fewest = [_FEWEST["epochs"], _FEWEST["bees"], _FEWEST["points"] if "x" in scene else points]
    floors = [min(pair) for pair in zip(start, fewest, strict=True)]
    target = max_bytes
    while True:  # an estimate may be a few parts in a hundred off
        kept = fit(estimate, start, floors, target)
        recording = Recording(describe(kept), {**fixed, **thin(kept)})
        needed = len(recording.json) + _WRAPPING
        if needed <= max_bytes:
            break
        if kept == floors:
            raise ValueError(
                f"max_bytes={max_bytes} is too little: {needed} bytes are needed even for "
                f"{kept[0]} epochs of {kept[1]} bees; raise max_bytes or pass less data"
            )
        target -= needed - max_bytes + 1
    whole = {"epochs": count, "bees": bees, "points a curve": points}
    parts = [
        f"{now:,} of {before:,} {what}"
        for now, (what, before) in zip(kept, whole.items(), strict=True)
        if now < before
    ]
    thinned = f"The player shows {_listed(parts)}, evenly spaced." if parts else ""
    if kept[0] < count:
        thinned += " As it plays, it glides from one of these epochs to the next."
    return replace(recording, thinned=thinned)


def _packed(name: str, values: Array, shown: Range) -> Packed:
    smooth = name in ("ypred", "surface")  # neighbouring points resemble each other
    return pack(values, shown, steps=_STEPS[name], smooth=smooth)


def as_array(name: str, values: ArrayLike, axes: tuple[str, ...]) -> Array:
    """Return float64 of as many axes, not empty, with a finite number; infinities are NaN."""
    array = np.asarray(values, dtype=float)
    wanted = f"({', '.join(axes)}{',' if len(axes) == 1 else ''})"
    if array.ndim != len(axes) or not array.size:
        raise ValueError(f"{name} must have shape {wanted}, none of them 0, got {array.shape}")
    array = np.where(np.isfinite(array), array, np.nan)
    if np.isnan(array).all():
        raise ValueError(f"{name} has not one finite number; nothing can be drawn")
    return array


def as_axis(name: str, values: ArrayLike) -> Array:
    """Return evenly spaced, ascending coordinates."""
    axis = as_array(name, values, ("X",))
    steps = np.diff(axis)
    if len(axis) < 2 or np.isnan(steps).any() or steps.min() <= 0:
        raise ValueError(f"{name} must be two or more ascending numbers, got {axis}")
    if not np.allclose(steps, steps.mean(), rtol=1e-3):
        raise ValueError(
            f"{name} must be evenly spaced, as numpy.linspace makes it; "
            f"its steps go from {steps.min():g} to {steps.max():g}"
        )
    return axis


def as_limits(name: str, limits: Range) -> Range:
    """Return a pair of numbers of which the first is the lesser."""
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


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
