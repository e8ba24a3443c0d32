"""What a surface hides from a viewer."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RegularGridInterpolator

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
    # Beyond the grid there is nothing to hide behind: NaN.
    between = RegularGridInterpolator((ys, xs), heights, bounds_error=False)
    ground = between(np.stack([way_y, way_x], axis=-1))
    length = np.hypot(*towards)
    return ~(ground > z + steps * length * slope + 0.01).any(axis=0)
