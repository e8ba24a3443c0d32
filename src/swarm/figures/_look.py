"""What all plotly figures share: an empty template, axes, colours, and a slider over frames.

Backgrounds are transparent and greys are of middle tone, so that a figure reads
on a light page and on a dark one before the page recolors it.
"""

import textwrap
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import matplotlib.colors
import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from swarm._drawing import evenly
from swarm.style import DARK, LIGHT, mixed

Array = NDArray[Any]

TEXT = mixed(LIGHT.muted, DARK.muted)
_MIDDLE = mixed(LIGHT.truth, DARK.truth)
GRID = f"rgba({','.join(str(int(_MIDDLE[i : i + 2], 16)) for i in (1, 3, 5))},0.35)"
SOLID_GRID = mixed(_MIDDLE, DARK.text, 0.2)
BELOW = {"orientation": "h", "x": 0.02, "yref": "container", "y": 0.01, "yanchor": "bottom"}
"""A legend at the bottom of a figure, which makes room for as many rows as it takes."""
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


def empty_figure(title: str, subtitle: str = "") -> go.Figure:
    """Return an empty figure; plotly's own template would add 7 kB to each."""
    title = wrapped(title, 40)
    return go.Figure(
        layout={
            "template": go.layout.Template(),
            "title": {
                "text": title,
                "subtitle": {"text": subtitle, "font": {"size": 12}},
                "font": {"size": 16, "weight": 600},
                "x": 0.02,
                "y": 0.97,
                "xanchor": "left",
                "yanchor": "top",
            },
            "font": {"family": FONT, "size": 13, "color": TEXT},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "margin": {
                "l": 8,
                "r": 16,
                "t": 30
                + 22 * len(title.split("<br>"))
                + (18 * len(subtitle.split("<br>")) if subtitle else 0),
                "b": 8,
            },
            "height": 560,
            "legend": BELOW | {"bgcolor": "rgba(0,0,0,0)"},
        }
    )


def wrapped(words: str, most: int) -> str:
    """Break words into lines of at most `most` letters; plotly cuts off what does not fit."""
    lines = [textwrap.fill(line, most, break_long_words=False) for line in words.split("<br>")]
    return "<br>".join(lines).replace("\n", "<br>")


def compact(values: Any) -> Array:
    """Return values as float32, which plotly writes as base64 of four bytes each.

    As float64 where they differ by too little for that, such as seconds since 1970.
    """
    values = np.ascontiguousarray(values)
    with np.errstate(over="ignore", invalid="ignore"):
        small = values.astype(np.float32)
        off = np.abs(small - values)
    finite = np.isfinite(values)
    if not finite.any():
        return small
    span = np.ptp(values[finite].astype(float))
    return small if np.max(off[finite]) <= 1e-4 * span or span == 0 else values.astype(float)


def packed(values: Array, low: float, high: float) -> tuple[Array, tuple[float, float]]:
    """Return values in 65 536 steps from `low` to `high`, and the ends in these units.

    A step is far less than a pixel, and takes 2 bytes. Where a value is not
    finite, all stay as they are, as float32.
    """
    if not np.isfinite(values).all():
        return compact(values), (low, high)
    steps = np.rint((values.astype(float) - low) * (65535 / (high - low))) - 32768
    return steps.astype(np.int16), (-32768, 32767)


def axis_look(name: str, *span: float, solid: bool = False) -> dict[str, Any]:
    """Return an axis with a name and, optionally, its two ends."""
    words = {"text": wrapped(name, 20 if solid else 40), "font": {"size": 12 if solid else 13}}
    look: dict[str, Any] = {"title": words, "zeroline": False}
    if solid:
        # WebGL axes know no transparent grid.
        look |= {"gridcolor": SOLID_GRID, "linecolor": SOLID_GRID, "nticks": 6, "tickangle": 0}
        look |= {"showbackground": False, "showspikes": False, "tickfont": {"size": 11}}
    else:
        look |= {"gridcolor": GRID, "linecolor": GRID, "tickcolor": GRID}
        look |= {"automargin": True, "ticks": "outside", "ticklen": 4}
    if span:
        look["range"] = [float(end) for end in span]
    return look


def color_scale() -> list[list[Any]]:
    """Return viridis without its darkest and lightest ends, which vanish on dark and light."""
    colors = mpl.colormaps["viridis"](np.linspace(0.07, 0.97, 16))
    return [[round(i / 15, 4), mpl.colors.to_hex(color)] for i, color in enumerate(colors)]


def bee_colors(count: int) -> list[str]:
    """Return colours of bees from low to high, all apart from the surface's and both pages'."""
    return [mpl.colors.to_hex(c) for c in mpl.colormaps["plasma"](np.linspace(0.8, 0.4, count))]


def color_bar(ticks: tuple[Array, list[str]] | None, name: str = "") -> dict[str, Any]:
    """Return a slim colour bar; `ticks` are places and texts."""
    bar: dict[str, Any] = {
        "title": {"text": name},
        "thickness": 12,
        "len": 0.6,
        "outlinewidth": 0,
        "tickfont": {"size": 11},
    }
    if ticks:
        bar |= {"tickvals": [round(float(t), 4) for t in ticks[0]], "ticktext": ticks[1]}
    return bar


def log_ticks(low: float, high: float, most: int = 10) -> tuple[Array, list[str]]:
    """Return 1, 2, 5, 10, … between two positive numbers, thinned to `most`."""
    decades = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    for steps in ([1, 2, 5], [1, 3], [1]):
        ticks = np.outer(decades, steps).ravel()
        ticks = ticks[(ticks >= low) & (ticks <= high)]
        if len(ticks) <= most:
            break
    ticks = ticks[:: -(-len(ticks) // most)] if len(ticks) else ticks
    return ticks, [f"{tick:g}" for tick in ticks]


def frames_of(epochs: int, most: int) -> NDArray[np.intp]:
    """Return at most `most` epochs, evenly spread, with the first and the last."""
    if most < 2:
        raise ValueError(f"a slider needs at least 2 frames, got {most}")
    return evenly(epochs, most)


def add_slider(
    fig: go.Figure,
    frames: Sequence[list[Any]],
    traces: Sequence[int],
    labels: Sequence[str],
    *,
    below: int = 0,
) -> None:
    """Add frames, a slider over them, and buttons to play and to pause.

    Each frame holds new data for the `traces`; the slider keeps `below` pixels
    free for the axis over it. ``layout.meta["still"]`` tells
    `still` to draw the last frame.
    """
    fig.frames = [
        go.Frame(data=data, traces=list(traces), name=label)
        for data, label in zip(frames, labels, strict=True)
    ]
    at_once = {"mode": "immediate", "frame": {"duration": 0, "redraw": True}}
    rolling = {"fromcurrent": True, "frame": {"duration": 90, "redraw": True}}
    still = {"transition": {"duration": 0}}
    # The slider has a row of its own, which is wide enough on a telephone, too.
    fig.update_layout(
        margin={"b": 124 + below},
        updatemenus=[_buttons([None, rolling | still], [[None], at_once | still], 78 + below)],
        sliders=[
            {
                "active": 0,
                "x": 0.02,
                "len": 0.96,
                "y": 0,
                "yanchor": "top",
                "pad": {"t": 14 + below, "b": 6},
                "bordercolor": GRID,
                "bgcolor": GRID,
                "tickcolor": GRID,
                "ticklen": 0,
                "minorticklen": 0,
                "font": {"size": 1, "color": "rgba(0,0,0,0)"},
                "currentvalue": {"prefix": "epoch ", "font": {"size": 13, "color": TEXT}},
                "steps": [
                    {"label": label, "method": "animate", "args": [[label], at_once | still]}
                    for label in labels
                ],
            }
        ],
    )


def _buttons(play: list[Any], pause: list[Any], above: int) -> dict[str, Any]:
    """Return the two buttons, `above` pixels below the plot."""
    return {
        "type": "buttons",
        "direction": "left",
        "showactive": False,
        "x": 0.02,
        "xanchor": "left",
        "y": 0,
        "yanchor": "top",
        "pad": {"t": above},
        "font": {"size": 13},
        "bgcolor": "rgba(0,0,0,0)",
        "bordercolor": GRID,
        "buttons": [
            {"label": "▶ Play", "method": "animate", "args": play},
            {"label": "❚❚ Pause", "method": "animate", "args": pause},
        ],
    }


def epoch_labels(epochs: Sequence[int] | None, length: int) -> list[str]:
    """Return what to call the epochs on the slider."""
    if epochs is None:
        return [str(i) for i in range(length)]
    if len(epochs) != length:
        raise ValueError(f"{length} epochs were recorded, but epochs names {len(epochs)}")
    return [str(epoch) for epoch in epochs]
