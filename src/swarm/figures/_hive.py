"""How the swarms of a hive do, as a plotly heat map with an epoch slider."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from swarm._hive import (
    HiveData,
    Score,
    Scores,
    color_limits,
    has_log_colors,
    number_text,
    scores_of,
)
from swarm.figures._look import (
    GRID,
    add_slider,
    axis_look,
    color_bar,
    color_scale,
    compact,
    empty_figure,
    epoch_labels,
    frames_of,
    log_ticks,
)

__all__ = ["hive_figure"]


def hive_figure(
    hive_data: HiveData,
    facx: str,
    facy: str,
    score: Score = "loss",
    *,
    log: bool | None = None,
    label: str | None = None,
    epochs: Sequence[int] | None = None,
    title: str | None = None,
    caption: str | None = None,
    max_frames: int = 40,
) -> go.Figure:
    """Draw a score of each swarm of a hive over two parameters, with an epoch slider.

    Parameters
    ----------
    hive_data, facx, facy, score, log, label
        As for `swarm.animator.HeatmapSwarm`.
    epochs : sequence of int, optional
        What to call the recorded epochs on the slider; by default 0, 1, 2, …
    title, caption : str, optional
        By default what is seen, in words.
    max_frames : int, default 40
        The most steps of the slider; longer runs are thinned evenly.

    Returns
    -------
    plotly.graph_objects.Figure
        It opens at the last epoch.

    Raises
    ------
    ValueError
        If an entry lacks something, two share a place, swarms differ in length, or scores
        have another shape.
    """
    scores = scores_of(hive_data, facx, facy, score)
    label = scores.label if label is None else label
    log = has_log_colors(scores.values) if log is None else log
    labels = epoch_labels(epochs, len(scores.values))
    frames = frames_of(len(scores.values), max_frames)
    low, high = color_limits(scores.values, log)
    values = np.where(scores.values > 0, scores.values, np.nan) if log else scores.values
    values = np.log10(values) if log else values
    texts = [
        [[number_text(value) for value in row] for row in table] for table in scores.values[frames]
    ]
    ticks = log_ticks(low, high, 6) if log else None
    figure = empty_figure(f"{label} by {facx} and {facy}" if title is None else title)
    figure.add_heatmap(
        z=compact(values[-1]),
        x=scores.columns,
        y=scores.rows,
        text=texts[-1],
        texttemplate="%{text}",
        hovertemplate=f"{facx} = %{{x}}<br>{facy} = %{{y}}<br>{label} = %{{text}}<extra></extra>",
        hoverongaps=False,
        xgap=2,
        ygap=2,
        zmin=float(np.log10(low) if log else low),
        zmax=float(np.log10(high) if log else high),
        colorscale=color_scale(),
        colorbar=color_bar((np.log10(ticks[0]), ticks[1]) if ticks else None, label),
    )
    add_slider(
        figure,
        [
            [go.Heatmap(z=compact(values[epoch]), text=text)]
            for epoch, text in zip(frames, texts, strict=True)
        ],
        [0],
        [labels[epoch] for epoch in frames],
        below=44,
    )
    figure.layout.sliders[0].active = len(frames) - 1
    alt = _words(scores, (facx, facy), label, labels[-1])
    figure.update_layout(
        xaxis=_names_axis(facx, scores.columns),
        yaxis=_names_axis(facy, scores.rows),
        meta={"caption": caption or alt, "alt": alt, "still": labels[-1]},
    )
    return figure


def _names_axis(name: str, values: Sequence[str]) -> dict[str, object]:
    """Return an axis with a place for each value; plotly would take "0.1" for a number."""
    own = {"type": "category", "categoryorder": "array", "categoryarray": list(values)}
    return axis_look(name) | own | {"showgrid": False, "tickcolor": GRID}


def _words(scores: Scores, factors: tuple[str, str], label: str, epoch: str) -> str:
    """Say what is seen, and where the score is lowest and highest at the end."""
    last = scores.values[-1]
    alt = f"Heat map of {label} over {factors[0]} and {factors[1]}, epoch by epoch"
    if np.isfinite(last).any():
        ends = []
        for place in (np.nanargmin(last), np.nanargmax(last)):
            row, column = np.unravel_index(place, last.shape)
            ends.append(
                f"{number_text(last[row, column])} at {factors[0]} = {scores.columns[column]}, "
                f"{factors[1]} = {scores.rows[row]}"
            )
        alt += f"; at epoch {epoch} from {ends[0]} to {ends[1]}"
    return f"{alt}."
