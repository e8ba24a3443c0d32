"""A surface and the paths on it: what all figures of both have in common."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from swarm._drawing import is_log, same_plane
from swarm.figures._look import axis_look, bee_colors, color_bar, color_scale, compact, log_ticks
from swarm.figures._sight import in_sight
from swarm.style import LIGHT, PATHS, mixed
from swarm.surface import Paths, Surface

Array = NDArray[Any]
PathsLike = Paths | Sequence[Paths] | Mapping[str, Paths]

RATIO = 0.6
"""How high the box around a surface is, for a ground of 1 by 1."""


@dataclass(frozen=True)
class Strand:
    """Bees of one swarm that are drawn alike; `bees` are their numbers in the path."""

    name: str
    path: Paths
    bees: Array
    color: str


class Scene:
    """A surface and the paths on it: what figures of both have in common."""

    def __init__(
        self, surface: Surface, paths: PathsLike | None, color_by: ArrayLike | str | None = None
    ) -> None:
        surface = self.surface = drawable(surface)
        if paths is None:
            self.paths: dict[str, Paths] = {}
        elif isinstance(paths, Paths):
            self.paths = {"path" if len(paths.losses) == 1 else "swarm": paths}
        elif isinstance(paths, Mapping):
            self.paths = dict(paths)
        else:
            self.paths = {f"path {i + 1}": path for i, path in enumerate(paths)}
        for name, path in self.paths.items():
            if not same_plane(path.plane, surface.plane):
                raise ValueError(
                    f"{name!r} was projected onto another plane than the surface's; "
                    "pass the same plane to loss_surface and loss_paths"
                )
        low, high = ends(surface.values)
        grids = surface.xs, surface.ys, np.array([low, high])
        self.spans = [self._span(grid, i) for i, grid in enumerate(grids)]
        swarms = [path for path in self.paths.values() if len(path.losses) > 1]
        self.swarm = swarms[0] if len(self.paths) == len(swarms) == 1 else None
        self.legend = ""
        self.strands = self._strands(color_by)

    def _strands(self, color_by: ArrayLike | str | None) -> list[Strand]:
        """Choose what is drawn alike; the lowest come last and so in front."""
        by_loss = isinstance(color_by, str)
        if by_loss and color_by != "loss":
            raise ValueError(
                f"color_by must be 'loss', None, or a value for each bee, got {color_by!r}"
            )
        if self.swarm is None or color_by is None:
            if not (color_by is None or by_loss):
                raise ValueError(
                    "color_by takes values for the bees of a single swarm, but the paths are "
                    f"{list(self.paths)}; leave it out, and each has a colour of its own"
                )
            return [
                Strand(name, path, np.arange(len(path.losses)), color)
                for (name, path), color in zip(
                    self.paths.items(), itertools.cycle(PATHS), strict=False
                )
            ]
        values = self.swarm.losses[:, -1] if by_loss else np.asarray(color_by, dtype=float)
        if values.shape != (len(self.swarm.losses),):
            raise ValueError(
                f"color_by must have one value for each of {len(self.swarm.losses)} bees, "
                f"got shape {values.shape}"
            )
        self.legend = f"final {self.surface.name}" if by_loss else ""
        groups = fifths(values)
        colors = bee_colors(len(groups))
        return [
            Strand(_range(values[bees]), self.swarm, bees, color)
            for bees, color in zip(groups[::-1], colors[::-1], strict=True)
        ]

    def bee_words(self, strand: Strand) -> str:
        """Say in words which bee and epoch a point is, as customdata from `joined` knows."""
        if len(strand.path.losses) == 1:
            return "epoch %{customdata[0]:d}"
        return (
            "bee %{customdata[1]:d}, epoch %{customdata[0]:d}<br>"
            f"final {self.surface.name} = %{{customdata[2]:.4~g}}"
        )

    def hover(self, strand: Strand, words: str, loss: str = "z") -> str:
        """Add to words where a point is and how high; `loss` is where plotly finds that."""
        name = "" if self.swarm else f"{strand.name}, "
        return f"{name}{words}<br>{hover_words(self.surface, loss)}"

    def key(self) -> dict[str, Any]:
        """Return what a legend of a swarm's colours needs: a title, and the lowest first."""
        if self.swarm is None:
            return {}
        return {
            "title": {"text": self.legend, "font": {"size": 13}, "side": "top"},
            "traceorder": "reversed",
        }

    def _points(self, path: Paths) -> Array:
        return np.concatenate([path.coordinates, path.losses[..., None]], axis=-1)

    def _span(self, grid: Array, i: int) -> tuple[float, float]:
        """Return the ends of an axis: the grid, and paths up to half its width beyond."""
        low, high = float(grid.min()), float(grid.max())
        room = (high - low) / 2
        values = np.concatenate(
            [grid, *(self._points(p)[..., i].ravel() for p in self.paths.values())]
        )
        values = values[(values >= low - room) & (values <= high + room)]
        low, high = float(values.min()), float(values.max())
        half = 0.5 * (abs(low) or 1.0) if low == high else 0.0
        return low - half, high + half

    def points(self, path: Paths) -> Array:
        """Return x, y and loss, (bee, epoch, 3), NaN outside the axes."""
        points = self._points(path)
        low, high = np.array(self.spans).T
        outside = ~((points >= low) & (points <= high)).all(axis=-1)
        return np.where(outside[..., None], np.nan, points)

    def joined(self, strand: Strand, frames: Any = None) -> tuple[Array, Array, Array, Array]:
        """Join bees to one line, broken by NaN between them: x, y, loss, and customdata.

        The last has the columns epoch and, in a swarm, bee and final loss.
        """
        points = self.points(strand.path)[strand.bees]
        bees, epochs, _ = points.shape
        columns = [points, np.broadcast_to(np.arange(epochs)[:, None], (bees, epochs, 1))]
        if len(strand.path.losses) > 1:
            bee = np.stack([strand.bees, strand.path.losses[strand.bees, -1]], axis=1)
            columns.append(np.broadcast_to(bee[:, None], (bees, epochs, 2)))
        line = np.concatenate(columns, axis=-1)
        line = line if frames is None else line[:, frames]
        gap = np.full((bees, 1, line.shape[-1]), np.nan)
        line = np.concatenate([line, gap], axis=1).reshape(-1, line.shape[-1])[:-1]
        x, y, loss = (compact(column) for column in line[:, :3].T)
        return x, y, loss, compact(line[:, 3:])

    def plane_words(self) -> str:
        """Say how far the plane can be trusted; a net of two weights needs no such words."""
        if len(self.surface.plane) <= 2:
            return ""
        parts = []
        if any(path.losses.size > 1 for path in self.paths.values()):
            share = min(path.explained for path in self.paths.values())
            gap = max(path.gap for path in self.paths.values())
            parts = [
                f"The plane explains {share:.1%} of the variance of the path",
                f"Greatest gap between true loss and surface along it: {gap:.3g}",
            ]
        elif self.surface.plane.explained:
            parts = [f"The plane explains {sum(self.surface.plane.explained):.1%} of the variance"]
        return "<br>".join(parts)

    def meta(self, caption: str | None) -> dict[str, str]:
        surface = self.surface
        x, y, low = surface.minimum()
        x_name, y_name = surface.plane.labels
        sentences = [
            f"The {surface.name} over {x_name}, from {surface.xs.min():.3g} to "
            f"{surface.xs.max():.3g}, and {y_name}, from {surface.ys.min():.3g} to "
            f"{surface.ys.max():.3g}. It runs from {low:.4g}, at ({x:.3g}, {y:.3g}), to "
            f"{np.nanmax(surface.values):.4g}."
        ]
        if self.legend:
            sentences.append(f"Bees are coloured by their {self.legend}, in fifths.")
        away = 0
        for name, path in self.paths.items():
            bees, epochs = path.losses.shape
            away += int(np.isnan(self.points(path)).any(axis=(1, 2)).sum())
            if bees > 1:
                sentences.append(
                    f"{name}: {bees} bees, from a mean {surface.name} of "
                    f"{np.nanmean(path.losses[:, 0]):.4g} to "
                    f"{np.nanmean(path.losses[:, -1]):.4g} in {epochs - 1} steps."
                )
                continue
            ends = [
                f"({a:.3g}, {b:.3g}), {surface.name} {loss:.4g}"
                for (a, b), loss in zip(path.coordinates[0], path.losses[0], strict=True)
            ]
            sentences.append(f"{name}: from {ends[0]}, to {ends[-1]}, in {epochs - 1} steps.")
        if away:
            sentences.append(
                f"{away} of {sum(len(p.losses) for p in self.paths.values())} paths leave "
                "the window and are cut there."
            )
        short = f"The {surface.name} over {x_name} and {y_name}."
        trust = self.plane_words().split("<br>")
        about = [f"{part}." for part in trust if part]
        notes = [short, *about, sentences[-1] if away else "", *surface.advice]
        return {"caption": caption or " ".join(filter(None, notes)), "alt": " ".join(sentences)}

    def layout(self) -> dict[str, Any]:
        x_name, y_name = self.surface.plane.labels
        return {
            "xaxis": axis_look(x_name, *self.spans[0], solid=True),
            "yaxis": axis_look(y_name, *self.spans[1], solid=True),
            "zaxis": axis_look(self.surface.name, *self.spans[2], solid=True),
            "aspectmode": "manual",
            "aspectratio": {"x": 1, "y": 1, "z": RATIO},
            "camera": self.camera(),
        }

    def camera(self) -> dict[str, Any]:
        """Choose the side from which most of the paths, or of the valley, is in sight."""
        spans = np.array(self.spans)
        low, width = spans[:, 0], np.where(np.ptp(spans, axis=1), np.ptp(spans, axis=1), 1)
        if self.paths:
            marks = np.concatenate([self.points(p).reshape(-1, 3) for p in self.paths.values()])
        else:
            rows, cols = np.nonzero(
                self.surface.values <= np.nanquantile(self.surface.values, 0.1)
            )
            heights = self.surface.values[rows, cols]
            marks = np.stack([self.surface.xs[cols], self.surface.ys[rows], heights], axis=1)
        marks = ((marks - low) / width)[np.isfinite(marks).all(axis=1)]
        marks = marks[:: -(-len(marks) // 400) or 1]
        xs, ys = (self.surface.xs - low[0]) / width[0], (self.surface.ys - low[1]) / width[1]
        heights = (self.surface.values - low[2]) / width[2]
        away, up = 1.7, 1.05
        best, eye = -np.inf, np.array([1.0, 1.0])
        ground = np.nan_to_num(heights - np.nanmean(heights))
        # Along an axis a box looks flat, so only from its corners.
        for degrees in (45, 30, 60, -45, -30, -60, 135, 120, 150, -135, -120, -150):
            side = np.radians(degrees)
            towards = np.array([np.cos(side), np.sin(side)])
            seen = in_sight(xs, ys, heights, marks, towards, up / away / RATIO)
            # Between equally good sides, the one where the ground is low, then plotly's own.
            rise = np.mean(ground * (towards[0] * (xs - 0.5) + towards[1] * (ys[:, None] - 0.5)))
            score = (seen.mean() if len(seen) else 0) - 0.5 * rise
            score += 0.01 * np.cos(side - np.pi / 4)
            if score > best:
                best, eye = score, away * towards
        return {
            "eye": {"x": round(float(eye[0]), 3), "y": round(float(eye[1]), 3), "z": up},
            "center": {"x": 0, "y": 0, "z": -0.15},
        }


def hover_words(surface: Surface, loss: str = "z") -> str:
    """Say for hover text where a point is and how high; `loss` is where plotly finds that."""
    x, y = surface.plane.labels
    return (
        f"{x} = %{{x:.3~f}}<br>{y} = %{{y:.3~f}}<br>"
        f"{surface.name} = %{{{loss}:.4~g}}<extra></extra>"
    )


def add_surface(figure: go.Figure, surface: Surface, log: bool | None) -> None:
    low, high = ends(surface.values)
    colors: dict[str, Any] = {}
    ticks = None
    if has_log_colors(surface, log):
        # A colour scale has 256 shades, so one byte for each grid point holds them.
        def shade(values: Array) -> Array:
            return 255 * np.log(values / low) / np.log(high / low)

        shades = np.nan_to_num(shade(np.clip(surface.values, low, high)))
        colors = {"surfacecolor": shades.round().astype(np.uint8), "cmin": 0, "cmax": 255}
        at, texts = log_ticks(low, high)
        ticks = shade(at), texts
    figure.add_surface(
        x=compact(surface.xs),
        y=compact(surface.ys),
        z=compact(surface.values),
        name=surface.name,
        colorscale=color_scale(),
        colorbar=color_bar(ticks),
        contours={
            "x": {"highlight": False},
            "y": {"highlight": False},
            "z": {
                "show": True,
                "start": low,
                "end": high,
                "size": (high - low) / 16 or 1.0,
                "color": mixed(LIGHT.background, LIGHT.other, 0.25),
                "width": 1,
                "highlight": False,
            },
        },
        lighting={"ambient": 0.8, "diffuse": 0.4, "specular": 0.05, "roughness": 0.9},
        hovertemplate=hover_words(surface),
        **colors,
    )


def ends(values: Any) -> tuple[float, float]:
    values = np.asarray(values)
    finite = values[np.isfinite(values)]
    if not finite.size:
        raise ValueError("there is no finite value to draw")
    return float(finite.min()), float(finite.max())


def drawable(surface: Surface) -> Surface:
    """Return a surface with gaps where it is infinite, and a lone row or column as a strip."""
    values = np.where(np.isfinite(surface.values), surface.values, np.nan)
    xs, ys = surface.xs, surface.ys
    if len(ys) == 1:
        ys, values = ys[0] + np.array([-0.5, 0.5]), np.repeat(values, 2, axis=0)
    if len(xs) == 1:
        xs, values = xs[0] + np.array([-0.5, 0.5]), np.repeat(values, 2, axis=1)
    return replace(surface, xs=xs, ys=ys, values=values)


def has_log_colors(surface: Surface, log: bool | None) -> bool:
    """Decide whether a surface's colours follow the logarithm of its values."""
    return is_log(*ends(surface.values), log, name=surface.name, asked="log=True")


def fifths(values: Array) -> list[Array]:
    """Part bees (their numbers) into fifths by value, from low to high.

    Equal values stay together, so there may be fewer parts; values that are
    not finite are a part of their own, the last.
    """
    finite = np.isfinite(values)
    part = np.full(len(values), 5)
    if finite.any():
        steps = np.quantile(values[finite], [0.2, 0.4, 0.6, 0.8], method="lower")
        part[finite] = np.searchsorted(steps, values[finite])
    return [np.flatnonzero(part == i) for i in np.unique(part)]


def _range(values: Array) -> str:
    if not np.isfinite(values).all():
        return "not finite"
    low, high = f"{values.min():.4g}", f"{values.max():.4g}"
    return low if low == high else f"{low} to {high}"
