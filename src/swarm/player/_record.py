"""The recording that the script in the page gets, thinned so that it fits its budget."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np

from swarm._drawing import evenly, is_log
from swarm.player._checks import Array, Range
from swarm.player._colors import OPACITY
from swarm.player._pack import Packed, fit, pack
from swarm.style import opacity

__all__ = ["Content", "Recording", "Scale", "Track", "record"]

Scale = Literal["auto", "linear", "log"]
LOG: dict[str, bool | None] = {"auto": None, "linear": False, "log": True}

_SAMPLE = 40  # bees from which the size of all is estimated
_WRAPPING = 80  # bytes of script around a recording
_MOST_VALUES = 12_000_000  # what a phone may unpack: 24 MB


@dataclass(frozen=True, eq=False)
class Track:
    """An array ``(bee, epoch, *dims)`` to record, and the range of it that is shown.

    Parameters
    ----------
    values : ndarray of shape (bee, epoch, *dims)
    shown : (float, float)
    steps : int
        Steps in the range that is shown.
    smooth : bool
        Whether neighbouring points resemble each other, as on a curve.
    thins : int
        How many of `dims`, from the first, may be thinned.
    """

    values: Array
    shown: Range
    steps: int
    smooth: bool = False
    thins: int = 1

    def points(self, share: float) -> list[Array]:
        """Return the indices to keep along each axis that may be thinned."""
        return [evenly(n, math.ceil(n * share)) for n in self.values.shape[2 : 2 + self.thins]]

    def packed(self, bees: Array, epochs: Array, share: float) -> Packed:
        """Pack what is kept, as (epoch, bee, point)."""
        chosen = self.values[np.ix_(bees, epochs, *self.points(share))]
        chosen = chosen.reshape(*chosen.shape[:2], -1).transpose(1, 0, 2)
        return pack(chosen, self.shown, steps=self.steps, smooth=self.smooth)


@dataclass(frozen=True, eq=False)
class Content:
    """What is to be recorded, whole.

    Parameters
    ----------
    scene : mapping
        What the script must know and thinning does not change.
    tracks : mapping of str to Track
        The main one first. Their bees are those of all settings, one setting after
        the other.
    fewest : (int, int, int)
        Epochs, bees of a setting, and points that thinning leaves, at least.
    by_point : mapping of str to ndarray
        Parts of the scene that have one entry a point of the main track.
    thinned : str, default "points"
        What the points are called where some are left out.
    ground : Packed, optional
        A loss map, which is not thinned.
    settings : int, default 1
        How many there are.
    loss, loss_scale, loss_label, epochs
        See `swarm.player.curves`; a loss for each bee, or None.
    """

    scene: Mapping[str, Any]
    tracks: Mapping[str, Track]
    fewest: tuple[int, int, int]
    by_point: Mapping[str, Array] = field(default_factory=dict)
    thinned: str = "points"
    ground: Packed | None = None
    settings: int = 1
    loss: Array | None = None
    loss_scale: Scale = "auto"
    loss_label: str = "final loss"
    epochs: Sequence[int] | None = None

    @property
    def whole(self) -> list[int]:
        """Numbers of epochs, of bees of a setting and of points."""
        bees, epochs, *dims = next(iter(self.tracks.values())).values.shape
        return [epochs, bees // self.settings, dims[0]]

    @cached_property
    def fixed(self) -> dict[str, Any]:
        """What of the scene depends on the losses, and on the names of epochs."""
        count = self.whole[0]
        numbers = np.arange(count) if self.epochs is None else np.asarray(self.epochs)
        if numbers.shape != (count,):
            raise ValueError(
                f"epochs must have {count} numbers, one an epoch, got {numbers.shape}"
            )
        if self.loss_scale not in LOG:
            raise ValueError(f"loss_scale must be {_either(LOG)}, got {self.loss_scale!r}")
        known = self.loss is not None and bool(np.isfinite(self.loss).any())
        ends, log = None, False
        if known:
            assert self.loss is not None
            ends = _color_range(self.loss)
            log = is_log(
                *ends,
                LOG[self.loss_scale],
                name=self.loss_label,
                asked=f"loss_scale={self.loss_scale!r}",
            )
        return {
            **self.scene,
            "epochs": numbers,
            "loss": self.loss if known else None,
            "lossLabel": self.loss_label,
            "lossScale": "log" if log else "linear",
            "lossRange": ends,
        }

    def recorded(self, counts: Sequence[int], most_bees: int | None = None) -> "Recording":
        """Keep so many epochs, bees of a setting and points (of `most_bees` bees the arrays)."""
        epochs, bees, points = self.whole
        share = counts[2] / points
        of_epoch, of_bee = evenly(epochs, counts[0]), evenly(bees, counts[1])
        scene = {**self.fixed, "epochs": self.fixed["epochs"][of_epoch], "bees": of_bee}
        scene["opacity"] = opacity(len(of_bee), OPACITY)
        if scene["loss"] is not None:
            scene["loss"] = scene["loss"][self._everywhere(of_bee)]
        main = next(iter(self.tracks.values()))
        of_point = main.points(share)
        for name, values in self.by_point.items():
            scene[name] = values[of_point[0]]
        if main.thins == 2:
            scene["rows"], scene["columns"] = map(len, of_point)
        drawn = self._everywhere(of_bee if most_bees is None else evenly(bees, most_bees))
        arrays = {
            name: track.packed(drawn, of_epoch, share) for name, track in self.tracks.items()
        }
        if self.ground is not None:
            arrays["surface"] = self.ground
        return Recording({name: _plain(value) for name, value in scene.items()}, arrays)

    def _everywhere(self, bees: Array) -> Array:
        """Return the indices of these bees in each setting."""
        return np.add.outer(np.arange(self.settings) * self.whole[1], bees).ravel()

    def size(self, counts: Sequence[int]) -> int:
        """Estimate how many bytes a recording takes, from a sample of the bees."""
        sample = min(counts[1], max(2, _SAMPLE // self.settings))
        made = self.recorded(counts, sample)
        numbers = sum(
            len(packed.data) for name, packed in made.arrays.items() if name != "surface"
        )
        return math.ceil(len(made.json) + numbers * (counts[1] / sample - 1) * 4 / 3)  # base64


@dataclass(frozen=True, eq=False)
class Recording:
    """What the script in the page gets.

    Parameters
    ----------
    scene : mapping
        Labels, ranges, losses and numbers of the epochs and bees, ready for JSON.
    arrays : mapping of str to Packed
        Arrays ``(epoch, bee, point)`` by name; with settings, their bees follow each other.
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

    @property
    def knobs(self) -> list[dict[str, Any]]:
        """Names, labels and values of what the reader can turn; empty for a single swarm."""
        found: list[dict[str, Any]] = self.scene.get("knobs", [])
        return found

    @property
    def settings(self) -> list[list[int]]:
        """Which value each knob has in each setting."""
        found: list[list[int]] = self.scene.get("settings", [[]])
        return found

    @property
    def middle(self) -> int:
        """The setting that is shown first: where the knobs are nearest to their middles."""
        middles = [(len(knob["values"]) - 1) / 2 for knob in self.knobs]
        away = [sum(abs(a - m) for a, m in zip(at, middles, strict=True)) for at in self.settings]
        return away.index(min(away))

    @cached_property
    def json(self) -> str:
        """All of it as JSON that may stand inside a ``<script>``."""
        arrays = {name: packed.to_json() for name, packed in self.arrays.items()}
        text = json.dumps({**self.scene, "arrays": arrays}, separators=(",", ":"), allow_nan=False)
        return text.replace("<", "\\u003c")

    def setting(self, index: int) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return the scene and the values ``(epoch, bee, point)`` of one setting."""
        bees = len(self.scene["bees"])
        mine = slice(index * bees, (index + 1) * bees)
        scene = dict(self.scene)
        if scene["loss"] is not None:
            scene["loss"] = scene["loss"][mine]
        values = {
            name: packed.values() if name == "surface" else packed.values()[:, mine]
            for name, packed in self.arrays.items()
        }
        return scene, values


def record(content: Content, max_bytes: int) -> Recording:
    """Thin a swarm, or the swarms of several settings, to a budget, and pack it.

    Raises
    ------
    ValueError
        If losses or epochs do not fit the main array, or the budget is too little.
    """
    whole = content.whole
    thick = sum(track.values[:, 0].size for track in content.tracks.values())
    start = [min(whole[0], max(2, _MOST_VALUES // thick)), *whole[1:]]
    floors = [min(pair) for pair in zip(start, content.fewest, strict=True)]
    target = max_bytes
    kept = fit(content.size, start, floors, target)
    made = content.recorded(kept)
    while (needed := len(made.json) + _WRAPPING) > max_bytes:
        if kept == floors:
            raise ValueError(
                f"max_bytes={max_bytes} is too little: {needed} bytes are needed even for "
                f"{kept[0]} epochs of {kept[1]} bees; raise max_bytes or pass less data"
            )
        target -= needed - max_bytes + 1  # an estimate may be a few parts in a hundred off
        kept = fit(content.size, start, floors, target)
        made = content.recorded(kept)
    return replace(made, thinned=_said(whole, kept, content.thinned))


def _said(whole: Sequence[int], kept: Sequence[int], points: str) -> str:
    """Say what was left out."""
    names = ("epochs", "bees", points)
    parts = [
        f"{now:,} of {before:,} {name}"
        for now, before, name in zip(kept, whole, names, strict=True)
        if now < before
    ]
    if not parts:
        return ""
    listed = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    said = f"The player shows {listed}, evenly spaced."
    if kept[0] < whole[0]:
        said += " As it plays, it glides from one of these epochs to the next."
    return said


def _color_range(final: Array) -> Range:
    """Return the losses at both ends of the colours; the worst two in a hundred share one."""
    finite = final[np.isfinite(final)]
    low, high = float(finite.min()), float(np.quantile(finite, 0.98, method="higher"))
    return (low, high) if low < high else (low, low + (abs(low) or 1.0))


def _either(names: Mapping[str, Any]) -> str:
    *first, last = map(repr, names)
    return f"{', '.join(first)} or {last}"


def _plain(value: Any) -> Any:
    """Arrays as lists of numbers that tell ten million steps of their range apart; NaN as None."""
    if not isinstance(value, np.ndarray):
        return value
    if value.dtype.kind in "iu":
        return value.tolist()
    finite = value[np.isfinite(value)]
    span = np.ptp(finite) if finite.size else 0
    size = np.abs(finite).max(initial=0)
    digits = 7 + (math.ceil(math.log10(size / span)) if size > span > 0 else 0)
    return [
        None if np.isnan(number) else float(f"{number:.{min(digits, 16)}g}") for number in value
    ]
