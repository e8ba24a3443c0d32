"""One loss on many planes: a band along lines, and small multiples."""

import math

import numpy as np
import plotly.graph_objects as go

from swarm._drawing import is_log
from swarm.figures._look import (
    axis_look,
    color_bar,
    color_scale,
    compact,
    empty_figure,
    log_ticks,
)
from swarm.figures._scene import ends
from swarm.style import DARK, LIGHT, mixed
from swarm.surface import Surfaces

__all__ = ["band_figure", "planes_figure"]

_LINE = mixed(LIGHT.bee, DARK.bee)
_BAND = f"rgba({','.join(str(int(_LINE[i : i + 2], 16)) for i in (1, 3, 5))},0.22)"


def band_figure(
    surfaces: Surfaces,
    *,
    title: str | None = None,
    caption: str | None = None,
    log: bool | None = None,
    name: str = "distance along a direction",
) -> go.Figure:
    """Draw the loss along one line on each of many planes, as a band.

    Parameters
    ----------
    surfaces : swarm.surface.Surfaces
    title : str, optional
    caption : str, optional
        Put into ``layout.meta``; by default a sentence on what is seen.
    log : bool, optional
        Whether the loss has a logarithmic axis; by default if it is positive
        and its largest is more than thirty times its smallest.
    name : str
        What the steps along the lines are.

    Returns
    -------
    plotly.graph_objects.Figure
        Bands that hold half and nine tenths of the lines, their median, and up
        to eight of the lines themselves.

    Raises
    ------
    ValueError
        If no loss is finite, or `log` is asked for and one is not positive.
    """
    lines = surfaces.lines()
    low, high = ends(lines)
    logged = is_log(low, high, log, name=surfaces.name, asked="log=True")
    figure = empty_figure(title or f"The {surfaces.name} along {len(surfaces)} random directions")
    x = surfaces.xs
    edges = surfaces.band()  # (5, X)
    for lower, upper, words in ((0, 4, "nine tenths of the planes"), (1, 3, "half of the planes")):
        figure.add_scatter(
            x=compact(np.append(x, x[::-1])),
            y=compact(np.append(edges[lower], edges[upper][::-1])),
            mode="none",
            line={"color": _LINE},
            fill="toself",
            fillcolor=_BAND,
            name=words,
            hoverinfo="skip",
        )
    for i in np.unique(np.linspace(0, len(lines) - 1, min(8, len(lines))).astype(int)):
        figure.add_scatter(
            x=compact(x),
            y=compact(lines[i]),
            mode="lines",
            line={"width": 1, "color": _LINE},
            opacity=0.55,
            showlegend=False,
            name=f"plane {i}",
            hovertemplate=f"plane {i}: {surfaces.name} = %{{y:.4~g}}<extra></extra>",
        )
    figure.add_scatter(
        x=compact(x),
        y=compact(edges[2]),
        mode="lines",
        line={"width": 3, "color": _LINE},
        name="median",
        hovertemplate=f"median {surfaces.name} = %{{y:.4~g}}<extra></extra>",
    )
    alt = (
        f"The {surfaces.name} along {len(surfaces)} lines through one point. At the far ends half "
        f"of them lie between {edges[1, 0]:.3g} and {edges[3, 0]:.3g} on the left, and between "
        f"{edges[1, -1]:.3g} and {edges[3, -1]:.3g} on the right."
    )
    figure.update_layout(
        xaxis=axis_look(name, float(x.min()), float(x.max())),
        yaxis=axis_look(surfaces.name) | _scale(low, high, logged),
        meta={"caption": caption or alt, "alt": alt},
        height=460,
    )
    return figure


def planes_figure(
    surfaces: Surfaces,
    *,
    columns: int = 3,
    title: str | None = None,
    caption: str | None = None,
    log: bool | None = None,
) -> go.Figure:
    """Draw the loss on each of many planes beside one another, in the same colours.

    Parameters
    ----------
    surfaces : swarm.surface.Surfaces
        Twelve planes or so can be told apart.
    columns : int, default 3
    title, caption, log
        As for `band_figure`; `log` is about colours.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    if columns < 1:
        raise ValueError(f"columns must be at least 1, got {columns}")
    low, high = ends(surfaces.values)
    logged = is_log(low, high, log, name=surfaces.name, asked="log=True")
    shade = np.log10 if logged else np.asarray
    rows = math.ceil(len(surfaces) / columns)
    figure = empty_figure(title or f"The {surfaces.name} on {len(surfaces)} planes")
    ticks = None
    if logged:
        at, texts = log_ticks(low, high)
        ticks = np.log10(at), texts
    bottom, top = float(shade(low)), float(shade(high))
    layout = {}
    for i in range(len(surfaces)):
        own = "" if i == 0 else str(i + 1)
        row, column = divmod(i, columns)
        # A tenth of each place is the gap to the next.
        left, up = column / columns, 1 - row / rows
        across, along = [left, left + 0.92 / columns], [up - 0.92 / rows, up]
        layout[f"xaxis{own}"] = {"visible": False, "domain": across, "anchor": f"y{own}"}
        layout[f"yaxis{own}"] = {"visible": False, "domain": along, "anchor": f"x{own}"}
        figure.add_contour(
            x=compact(surfaces.xs),
            y=compact(surfaces.ys),
            z=compact(shade(surfaces.values[i])),
            xaxis=f"x{own}",
            yaxis=f"y{own}",
            name=f"plane {i}",
            zmin=bottom,
            zmax=top,
            colorscale=color_scale(),
            showscale=i == 0,
            colorbar=color_bar(ticks, surfaces.name),
            contours={"start": bottom, "end": top, "size": (top - bottom) / 14 or 1.0},
            line={"width": 0.5, "color": "rgba(255,255,255,0.5)"},
            hovertemplate=f"plane {i}, at (%{{x:.3~f}}, %{{y:.3~f}})<extra></extra>",
        )
    off = float(np.nanmedian(surfaces.spread()))
    alt = (
        f"The {surfaces.name} on {len(surfaces)} planes, from {low:.3g} to {high:.3g}. Over half "
        f"of the window, half of the planes lie within {off:.0%} of the median."
    )
    figure.update_layout(
        **layout,
        meta={"caption": caption or alt, "alt": alt},
        height=90 + 170 * rows,
    )
    return figure


def _scale(low: float, high: float, logged: bool) -> dict[str, str]:
    if not logged:
        return {}
    # 1, 2 and 5 of each decade, as long as there is room for them.
    return {"type": "log"} | ({"dtick": "D2"} if high < 1e4 * low else {})
