"""Lines that stand on each other: plotly's stackgroup."""

from typing import Any

import numpy as np

from swarm.figures._still.panel import Panel
from swarm.figures._still.read import Array

Places = tuple[Array, Array]


def stacked(panel: Panel, traces: list[Any], places: list[Places]) -> list[Places]:
    """Return where the points of lines are, those of a stack on the ones before."""
    found = list(places)
    groups: dict[str, list[int]] = {}
    for number, trace in enumerate(traces):
        if trace.stackgroup:
            groups.setdefault(trace.stackgroup, []).append(number)
    for numbers in groups.values():
        first = next((traces[n] for n in numbers if traces[n].orientation), traces[numbers[0]])
        turned = first.orientation == "h"
        along, up = (1, 0) if turned else (0, 1)
        every = np.unique(np.concatenate([places[n][along] for n in numbers]))
        every = every[np.isfinite(every)]
        gaps = next((traces[n].stackgaps for n in numbers if traces[n].stackgaps), "infer zero")
        heights = np.stack(
            [_heights(every, places[n][along], places[n][up], gaps) for n in numbers]
        )
        norm = next((traces[n].groupnorm for n in numbers if traces[n].groupnorm), "")
        if norm:
            total = heights.sum(axis=0)
            heights = np.divide(heights, total, out=np.zeros_like(heights), where=total != 0)
            heights *= 100 if norm == "percent" else 1
        for n, top in zip(numbers, np.cumsum(heights, axis=0), strict=True):
            found[n] = (top, every) if turned else (every, top)
    return found


def _heights(every: Array, at: Array, heights: Array, gaps: str) -> Array:
    """Return a line's heights at all places of its stack, also where it has no point."""
    known = np.isfinite(at) & np.isfinite(heights)
    order = np.argsort(at[known], kind="stable")
    at, heights = at[known][order], heights[known][order]
    if gaps == "interpolate" and len(at):
        return np.interp(every, at, heights)
    found = np.zeros(len(every))
    found[np.searchsorted(every, at)] = heights
    return found
