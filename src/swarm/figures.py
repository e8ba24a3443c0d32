"""Surfaces and swarms as plotly figures, which can be turned and hovered over.

Every figure carries its data as float32, has a transparent background and
colours that read on light and dark pages, and says in ``layout.meta`` what it
shows: ``caption`` for the page, ``alt`` for those who cannot see it.
`still` draws the same picture with matplotlib, for print and for readers
without JavaScript.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from swarm.still import still
from swarm.surface import Paths, Surface

__all__ = ["contour_figure", "still", "surface_figure"]

Array = NDArray[Any]

NEUTRAL = "#7b8491"
"""Grey that reads on white as on black: for text and axes until a page recolours them."""
GRID = "rgba(128,136,150,0.28)"
BEE = "#2f7de1"
PATHS = ("#e8590c", "#d6336c", "#1c7ed6", "#0ca678", "#f08c00")
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


def surface_figure(
    surface: Surface,
    paths: Paths | Sequence[Paths] | Mapping[str, Paths] | None = None,
    *,
    title: str | None = None,
    caption: str | None = None,
    log: bool | None = None,
) -> go.Figure:
    """Draw a loss surface in three dimensions, with paths on it.

    Parameters
    ----------
    surface : Surface
    paths : Paths, or sequence or mapping of them, optional
        Drawn at their true losses. The keys of a mapping name them in a legend.
    title : str, optional
        By default "Loss surface", with the surface's name in place of "loss".
    caption : str, optional
        Put into ``layout.meta``; by default a sentence on what is seen.
    log : bool, optional
        Whether the colours follow the logarithm of the values; by default
        where all are positive and the largest is more than 30 times the
        smallest.

    Returns
    -------
    plotly.graph_objects.Figure

    Raises
    ------
    ValueError
        If a path lies on another plane, or `log` is asked of values that are
        not positive.
    """
    named = _named(paths, surface)
    low, high = float(np.nanmin(surface.values)), float(np.nanmax(surface.values))
    x_name, y_name = surface.plane.labels
    colours = _colours(surface, log)
    figure = _figure(title or f"{_capital(surface.name)} surface", _fidelity(surface, named))
    figure.add_surface(
        x=_small(surface.xs),
        y=_small(surface.ys),
        z=_small(surface.values),
        name=surface.name,
        contours={
            "x": {"highlight": False},
            "y": {"highlight": False},
            "z": {
                "show": True,
                "start": low,
                "end": high,
                "size": (high - low) / 16 or 1,
                "color": "rgba(255,255,255,0.4)",
                "width": 1,
                "highlight": False,
            },
        },
        lighting={"ambient": 0.75, "diffuse": 0.5, "specular": 0.06, "roughness": 0.8},
        hovertemplate=(
            f"{x_name} = %{{x:.3~f}}<br>{y_name} = %{{y:.3~f}}<br>"
            f"{surface.name} = %{{z:.4~g}}<extra></extra>"
        ),
        **colours,
    )
    for (name, path), colour in zip(named.items(), _cycle(PATHS), strict=False):
        _add_path(figure, path, name, colour, surface, legend=len(named) > 1)
    figure.update_layout(
        scene={
            "xaxis": _axis_3d(x_name, *_span(surface.xs, named, 0)),
            "yaxis": _axis_3d(y_name, *_span(surface.ys, named, 1)),
            "zaxis": _axis_3d(surface.name),
            "aspectmode": "manual",
            "aspectratio": {"x": 1, "y": 1, "z": 0.6},
            "camera": _camera(surface, list(named.values())),
        },
        meta=_meta(surface, named, caption),
    )
    return figure


def contour_figure(
    surface: Surface,
    paths: Paths | Sequence[Paths] | Mapping[str, Paths] | None = None,
    *,
    title: str | None = None,
    caption: str | None = None,
    log: bool | None = None,
) -> go.Figure:
    """Draw a loss surface from above, as contour lines, with paths on it.

    Parameters
    ----------
    surface, paths, title, caption, log
        As for `surface_figure`.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    named = _named(paths, surface)
    x_name, y_name = surface.plane.labels
    values, levels, ticks = _levels(surface, log)
    figure = _figure(title or f"{_capital(surface.name)} from above", _fidelity(surface, named))
    figure.add_contour(
        x=_small(surface.xs),
        y=_small(surface.ys),
        z=_small(values),
        name=surface.name,
        colorscale=_scale(),
        contours={"start": levels[0], "end": levels[-1], "size": levels[1] - levels[0]},
        line={"width": 0.6, "color": "rgba(255,255,255,0.55)"},
        colorbar=_colorbar(surface.name, ticks),
        hovertemplate=(
            f"{x_name} = %{{x:.3~f}}<br>{y_name} = %{{y:.3~f}}<br>"
            f"{surface.name} = %{{z:.4~g}}<extra></extra>"
        ),
    )
    for (name, path), colour in zip(named.items(), _cycle(PATHS), strict=False):
        x, y, z, epochs = _strung(path)
        figure.add_scatter(
            x=x,
            y=y,
            customdata=np.stack([epochs, z], axis=1),
            mode="lines+markers",
            name=name,
            line={"color": colour, "width": 2.5},
            marker={"color": colour, "size": 5, "line": {"color": "white", "width": 1}},
            showlegend=len(named) > 1,
            hovertemplate=(
                f"{name}: epoch %{{customdata[0]:d}}<br>{x_name} = %{{x:.3~f}}<br>"
                f"{y_name} = %{{y:.3~f}}<br>{surface.name} = %{{customdata[1]:.4~g}}"
                "<extra></extra>"
            ),
        )
    figure.update_layout(
        xaxis=_axis_2d(x_name, *_span(surface.xs, named, 0)),
        yaxis=_axis_2d(y_name, *_span(surface.ys, named, 1)),
        meta=_meta(surface, named, caption),
    )
    return figure


def _figure(title: str, subtitle: str = "") -> go.Figure:
    # An empty template: plotly's own would add 7 kB to every figure.
    return go.Figure(
        layout={
            "template": go.layout.Template(),
            "title": {
                "text": title,
                "subtitle": {"text": subtitle},
                "x": 0.02,
                "xanchor": "left",
            },
            "font": {"family": FONT, "size": 13, "color": NEUTRAL},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "margin": {"l": 8, "r": 8, "t": 64, "b": 8},
            "height": 560,
            "legend": {"x": 0.02, "y": 0.98, "bgcolor": "rgba(0,0,0,0)"},
            "hoverlabel": {"font": {"family": FONT}},
        }
    )


def _small(values: Array) -> NDArray[np.float32]:
    return np.ascontiguousarray(values, dtype=np.float32)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _span(grid: Array, named: Mapping[str, Paths], axis: int) -> tuple[float, float]:
    """Return the ends of an axis that shows the whole grid and all paths."""
    values = np.concatenate([grid, *(p.coordinates[..., axis].ravel() for p in named.values())])
    return float(np.nanmin(values)), float(np.nanmax(values))


def _axis_3d(name: str, *span: float) -> dict[str, Any]:
    axis: dict[str, Any] = {
        "title": {"text": name},
        "gridcolor": GRID,
        "linecolor": GRID,
        "zeroline": False,
        "showbackground": False,
        "showspikes": False,
        "nticks": 6,
    }
    if span:
        axis["range"] = list(span)
    return axis


def _axis_2d(name: str, *span: float) -> dict[str, Any]:
    axis: dict[str, Any] = {
        "title": {"text": name},
        "gridcolor": GRID,
        "linecolor": GRID,
        "zeroline": False,
        "automargin": True,
        "ticks": "outside",
        "tickcolor": GRID,
    }
    if span:
        axis["range"] = list(span)
    return axis


def _scale() -> list[list[Any]]:
    """Return viridis without its darkest and lightest ends, which vanish on dark and light."""
    colours = mpl.colormaps["viridis"](np.linspace(0.07, 0.97, 16))
    return [[i / 15, mpl.colors.to_hex(c)] for i, c in enumerate(colours)]


def _is_log(surface: Surface, log: bool | None) -> bool:
    finite = surface.values[np.isfinite(surface.values)]
    if not finite.size:
        raise ValueError(f"the surface {surface.name!r} holds no finite value to draw")
    low, high = finite.min(), finite.max()
    if log and low <= 0:
        raise ValueError(
            f"log colours need positive values, but the lowest {surface.name} is {low:.3g}; "
            "leave out log=True"
        )
    return bool(low > 0 and high > 30 * low) if log is None else log


def _ticks(low: float, high: float) -> tuple[Array, list[str]]:
    """Return 1, 2, 5, 10, … between two positive numbers, thinned to ten at most."""
    decades = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    for steps in ([1, 2, 5], [1, 3], [1]):
        ticks = np.outer(decades, steps).ravel()
        ticks = ticks[(ticks >= low) & (ticks <= high)]
        if len(ticks) <= 10:
            break
    return ticks, [f"{tick:g}" for tick in ticks]


def _colours(surface: Surface, log: bool | None) -> dict[str, Any]:
    ticks = None
    colours: dict[str, Any] = {"colorscale": _scale()}
    if _is_log(surface, log):
        finite = surface.values[np.isfinite(surface.values)]
        low, high = finite.min(), finite.max()

        # 256 shades are all that a colour scale has, so one byte holds them.
        def shade(values: Array) -> Array:
            return 255 * np.log(values / low) / np.log(high / low)

        shades = np.nan_to_num(shade(np.clip(surface.values, low, high)))
        colours |= {"surfacecolor": shades.round().astype(np.uint8), "cmin": 0, "cmax": 255}
        at, texts = _ticks(low, high)
        ticks = shade(at), texts
    return colours | {"colorbar": _colorbar(surface.name, ticks)}


def _levels(
    surface: Surface, log: bool | None
) -> tuple[Array, Array, tuple[Array, list[str]] | None]:
    """Return what to draw contours of, where, and the colour bar's ticks."""
    if _is_log(surface, log):
        values = np.log10(surface.values)
        at, texts = _ticks(10 ** np.nanmin(values), 10 ** np.nanmax(values))
        ticks = np.log10(at), texts
        return values, np.linspace(np.nanmin(values), np.nanmax(values), 22), ticks
    values = surface.values
    return values, np.linspace(np.nanmin(values), np.nanmax(values), 22), None


def _colorbar(name: str, ticks: tuple[Array, list[str]] | None) -> dict[str, Any]:
    bar: dict[str, Any] = {
        "title": {"text": name},
        "thickness": 12,
        "len": 0.6,
        "outlinewidth": 0,
        "tickfont": {"size": 11},
    }
    if ticks:
        bar |= {"tickvals": ticks[0].tolist(), "ticktext": ticks[1]}
    return bar


def _named(
    paths: Paths | Sequence[Paths] | Mapping[str, Paths] | None, surface: Surface
) -> dict[str, Paths]:
    if paths is None:
        named = {}
    elif isinstance(paths, Mapping):
        named = dict(paths)
    elif isinstance(paths, Paths):
        named = {"path": paths}
    else:
        named = {f"path {i + 1}": path for i, path in enumerate(paths)}
    for name, path in named.items():
        same = path.plane is surface.plane or (
            np.array_equal(path.plane.origin, surface.plane.origin)
            and np.array_equal(path.plane.u, surface.plane.u)
            and np.array_equal(path.plane.v, surface.plane.v)
        )
        if not same:
            raise ValueError(
                f"{name!r} was projected onto another plane than the surface's; "
                "pass the same plane to loss_surface and loss_paths"
            )
    return named


def _strung(path: Paths) -> tuple[Array, Array, Array, Array]:
    """Join all bees to one line, broken by NaN between them: x, y, loss and epoch."""
    bees, epochs = path.losses.shape
    columns = np.concatenate(
        [
            path.coordinates,
            path.losses[..., None],
            np.broadcast_to(np.arange(epochs)[:, None], (bees, epochs, 1)),
        ],
        axis=-1,
    )  # (bee, epoch, 4)
    gap = np.full((bees, 1, 4), np.nan)
    strung = np.concatenate([columns, gap], axis=1).reshape(-1, 4)[:-1]
    x, y, loss, epoch = _small(strung).T
    return x, y, loss, epoch


def _add_path(
    figure: go.Figure, path: Paths, name: str, colour: str, surface: Surface, *, legend: bool
) -> None:
    x, y, z, epoch = _strung(path)
    x_name, y_name = surface.plane.labels
    one = len(path.losses) == 1
    figure.add_scatter3d(
        x=x,
        y=y,
        z=z,
        customdata=epoch,
        mode="lines+markers" if one else "lines",
        name=name,
        line={"color": colour, "width": 6 if one else 2},
        marker={"color": colour, "size": 3},
        opacity=1 if one else 0.7,
        showlegend=legend,
        hovertemplate=(
            f"{name}: epoch %{{customdata:d}}<br>{x_name} = %{{x:.3~f}}<br>"
            f"{y_name} = %{{y:.3~f}}<br>{surface.name} = %{{z:.4~g}}<extra></extra>"
        ),
    )


def _cycle(colours: Sequence[str]) -> Iterator[str]:
    return itertools.cycle(colours)


def _fidelity(surface: Surface, named: Mapping[str, Paths]) -> str:
    """Say how far the plane can be trusted; two weights need no such words."""
    if len(surface.plane) <= 2:
        return ""
    parts = []
    if surface.plane.explained:
        parts.append(f"the plane explains {sum(surface.plane.explained):.1%} of the variance")
    elif named:
        share = min(path.explained for path in named.values())
        parts.append(f"the plane explains {share:.1%} of the path's variance")
    if named:
        gap = max(path.gap for path in named.values())
        parts.append(f"true loss and surface differ by at most {gap:.3g} along the path")
    return _capital("; ".join(parts))


def _meta(surface: Surface, named: Mapping[str, Paths], caption: str | None) -> dict[str, str]:
    x, y, low = surface.minimum()
    high = float(np.nanmax(surface.values))
    x_name, y_name = surface.plane.labels
    told = [
        f"The {surface.name} over {x_name} (from {surface.xs.min():.3g} to "
        f"{surface.xs.max():.3g}) and {y_name} (from {surface.ys.min():.3g} to "
        f"{surface.ys.max():.3g}). It runs from {low:.3g}, at ({x:.3g}, {y:.3g}), to {high:.3g}."
    ]
    for name, path in named.items():
        if len(path.losses) == 1:
            a, b = path.coordinates[0, 0], path.coordinates[0, -1]
            told.append(
                f"The {name} leads from ({a[0]:.3g}, {a[1]:.3g}), {surface.name} "
                f"{path.losses[0, 0]:.3g}, to ({b[0]:.3g}, {b[1]:.3g}), {surface.name} "
                f"{path.losses[0, -1]:.3g}, in {path.losses.shape[1] - 1} steps."
            )
        else:
            told.append(f"{len(path.losses)} paths of {path.losses.shape[1] - 1} steps: {name}.")
    alt = " ".join(told)
    fidelity = _fidelity(surface, named)
    short = f"The {surface.name} over {x_name} and {y_name}."
    return {"caption": caption or " ".join(filter(None, [short, fidelity])), "alt": alt}


def _camera(surface: Surface, paths: Sequence[Paths]) -> dict[str, Any]:
    """Choose the side from which most of the path (or of the valley) is in sight."""
    xs, ys, values = surface.xs, surface.ys, surface.values
    low, high = np.nanmin(values), np.nanmax(values)
    height = np.nan_to_num((values - low) / ((high - low) or 1), nan=0.0)
    if paths:
        points = np.concatenate([path.coordinates.reshape(-1, 2) for path in paths])
        x = (points[:, 0] - xs[0]) / (xs[-1] - xs[0])
        y = (points[:, 1] - ys[0]) / (ys[-1] - ys[0])
        inside = (x >= 0) & (x <= 1) & (y >= 0) & (y <= 1)
        x, y = x[inside], y[inside]
    if not paths or not len(x):
        rows, cols = np.nonzero(height <= np.quantile(height, 0.1))
        x, y = cols / max(len(xs) - 1, 1), rows / max(len(ys) - 1, 1)
    best, eye = -np.inf, (1.4, 1.4)
    for degrees in range(-180, 180, 15):
        direction = np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))])
        seen = _visible(height, x, y, direction, slope=0.62 / 0.6)
        # Between equally good sides, plotly's own: x to the left, y to the right.
        score = seen.mean() + 0.02 * np.cos(np.radians(degrees - 45))
        if score > best:
            best, eye = score, tuple(1.55 * direction)
    return {
        "eye": {"x": round(float(eye[0]), 3), "y": round(float(eye[1]), 3), "z": 0.95},
        "center": {"x": 0, "y": 0, "z": -0.12},
    }


def _visible(
    height: Array, x: Array, y: Array, direction: Array, slope: float
) -> NDArray[np.bool_]:
    """Say which points of a height field on the unit square an eye far off can see.

    `direction` points to the eye along the ground; `slope` is how much higher
    the line of sight is for each step of 1 along it.
    """
    rows, cols = height.shape

    def at(x: Array, y: Array) -> Array:
        return height[
            np.clip(np.rint(y * (rows - 1)), 0, rows - 1).astype(int),
            np.clip(np.rint(x * (cols - 1)), 0, cols - 1).astype(int),
        ]

    steps = np.linspace(0, 1.5, 90)[1:, None]
    way_x, way_y = x + steps * direction[0], y + steps * direction[1]
    inside = (way_x >= 0) & (way_x <= 1) & (way_y >= 0) & (way_y <= 1)
    sight = at(x, y) + 0.02 + steps * slope
    return ~((at(way_x, way_y) > sight) & inside).any(axis=0)
