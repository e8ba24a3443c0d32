"""What a surface hides from a viewer."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def in_sight(
    xs: Array,
    ys: Array,
    heights: Array,
    points: Array,
    towards: Array,
    slope: float,
) -> NDArray[np.bool_]:
    """Say which `points` (…, 3) a surface does not hide from a viewer far away.

    `heights` (Y, X) is over `xs` and `ys`; `towards` is the viewer's direction
    on the ground, and a line of sight rises by `slope` for each step along it.
    """
    x, y, z = np.moveaxis(points, -1, 0)
    reach = 1.5 * max(np.ptp(xs), np.ptp(ys))
    steps = np.linspace(0, reach, 160)[1:, None]
    way_x, way_y = x + steps * towards[0], y + steps * towards[1]
    inside = (way_x >= xs[0]) & (way_x <= xs[-1]) & (way_y >= ys[0]) & (way_y <= ys[-1])
    col = np.clip(np.searchsorted(xs, way_x), 1, len(xs) - 1)
    row = np.clip(np.searchsorted(ys, way_y), 1, len(ys) - 1)
    p = np.clip((way_x - xs[col - 1]) / (xs[col] - xs[col - 1]), 0, 1)
    q = np.clip((way_y - ys[row - 1]) / (ys[row] - ys[row - 1]), 0, 1)
    ground = (1 - q) * ((1 - p) * heights[row - 1, col - 1] + p * heights[row - 1, col])
    ground = ground + q * ((1 - p) * heights[row, col - 1] + p * heights[row, col])
    length = np.hypot(*towards)
    return ~((ground > z + steps * length * slope + 0.01) & inside).any(axis=0)
