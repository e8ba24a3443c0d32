"""Compiled loops that lay lines onto pixels. Importing it takes as long as numba does."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["blend_lines"]

FAR = 1e9  # pixels: as steep as makes no difference, and small enough for exact arithmetic


def _compiled(function: Callable[..., Any]) -> Any:
    # All of fast arithmetic but what would forget about NaN.
    fast = {"reassoc", "nsz", "arcp", "contract"}
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": fast}
    try:
        return njit(cache=True, **options)(function)
    except RuntimeError:  # there is nowhere to keep it: compiled anew by each process
        return njit(**options)(function)


def blend_lines(
    canvas: NDArray[np.uint8],
    lines: NDArray[np.float64],
    colors: NDArray[np.float64],
    widths: NDArray[np.float64],
    box: tuple[int, int, int, int],
) -> None:
    """Draw lines, each over those before it, with round joins and ends.

    A line covers of a pixel what it would if it were level there: all that lies within half
    its width, fading over one pixel. Where it crosses itself it is no darker.

    Parameters
    ----------
    canvas : numpy.ndarray of uint8, shape (rows, columns, 4)
        Red, green, blue and alpha, not premultiplied; changed in place.
    lines : numpy.ndarray of shape (line, point, 2)
        In pixels from the left and the top. Points that are not finite make a gap.
    colors : numpy.ndarray of shape (line, 4)
        Red, green, blue and alpha, 0-1.
    widths : numpy.ndarray of shape (line,)
        In pixels.
    box : (int, int, int, int)
        Left, top, right and bottom edge of what may be drawn on, within the canvas.
    """
    left, top, right, bottom = box
    _blend(canvas[top:bottom], lines, colors, widths, left, right, top)


@_compiled
def _blend(canvas, lines, colors, widths, left, right, top):  # type: ignore[no-untyped-def]
    rows, row = canvas.shape[:2]
    pixels = canvas.reshape(-1, 4)
    cover = np.zeros(len(pixels), np.uint8)  # by the present line
    covered = np.empty(len(pixels), np.uint32)  # the pixels where it is not 0
    line = np.empty(lines.shape[1:])
    for k in range(len(lines)):
        # From here on pixels are counted from their centres, and rows from the top of the box.
        for point in range(len(line)):
            x, y = lines[k, point, 0], lines[k, point, 1]
            seen = math.isfinite(x) and math.isfinite(y)
            line[point, 0] = min(max(x, -FAR), FAR) - 0.5 if seen else math.nan
            line[point, 1] = min(max(y, -FAR), FAR) - 0.5 - top if seen else math.nan
        count = _cover(cover, covered, row, line, widths[k], left, right, rows)
        _paint(pixels, cover, covered[:count], colors[k])


@_compiled
def _cover(cover, covered, row, line, width, left, right, rows):  # type: ignore[no-untyped-def]
    """Note what a line covers of each pixel, segment by segment; return how many it touches.

    A segment that is more level than steep walks along p = x, across is q = y; a steep
    one has them swapped, so that the slope is never above 1::

        q                            along (dp, dq) / length, shrink = |dp| = cos of the slope
        |        . - ^ - . high      spread = reach / shrink, up and down from the middle
        |    .       |      _ /
        |  ( middle  *  _ /    )     * the line at p; off = |q - middle| · shrink is the
        |    .    _/ |      . '        distance from it at right angles
        |      /     v  . '
        |     p0    low       p1     Beyond its ends, by reach, distances are from the end:
        +------------|----------> p  so they are round.
                     p
    """
    count = 0
    reach = width / 2 + 0.5
    whole = min(width, 1.0)  # a hairline covers no more of any pixel
    for point in range(len(line) - 1):
        x, y = line[point, 0], line[point, 1]
        dx, dy = line[point + 1, 0] - x, line[point + 1, 1] - y
        length = math.sqrt(dx * dx + dy * dy)
        if not length > 0:  # NaN as well
            continue
        # Walk along the axis that the line follows most, p, ...
        if abs(dx) >= abs(dy):
            p0, q0, dp, dq = x, y, dx / length, dy / length
            p_from, p_to, q_from, q_to = left, right, 0, rows
            along, across = 1, row
        else:
            p0, q0, dp, dq = y, x, dy / length, dx / length
            p_from, p_to, q_from, q_to = 0, rows, left, right
            along, across = row, 1
        # ... to where its round ends end; a joint is rounded by the segment that follows.
        joined = point + 2 < len(line) and not math.isnan(line[point + 2].sum())
        ahead = reach * abs(dq) if joined else reach
        p1 = p0 + dp * length
        first, last = (p0 - reach, p1 + ahead) if dp > 0 else (p1 - ahead, p0 + reach)
        slope, shrink = dq / dp, abs(dp)
        spread = reach / shrink
        for p in range(math.ceil(max(first, p_from)), math.floor(min(last, p_to - 1)) + 1):
            middle = q0 + slope * (p - p0)
            passed = (p - p0) / dp
            between = spread * abs(dq) < passed < length - spread * abs(dq)
            low = math.ceil(max(middle - spread, q_from))
            high = math.floor(min(middle + spread, q_to - 1))
            for q in range(low, high + 1):  # and across it
                off = abs(q - middle) * shrink
                if not between:
                    on = passed + (q - middle) * dq
                    beyond = max(-on, on - length)
                    if beyond > 0:
                        off = math.sqrt(off * off + beyond * beyond)
                now = np.uint8(255 * max(min(reach - off, whole), 0.0) + 0.5)
                pixel = np.uint32(p * along + q * across)
                before = cover[pixel]
                if now > before:
                    if not before:
                        covered[count] = pixel
                        count += 1
                    cover[pixel] = now
    return count


@_compiled
def _paint(pixels, cover, covered, color):  # type: ignore[no-untyped-def]
    red, green, blue = 255 * color[0], 255 * color[1], 255 * color[2]
    alpha = color[3] / 255  # of a cover of 1, which means 1/255
    for pixel in covered:
        share = cover[pixel] * alpha
        cover[pixel] = 0
        r, g, b, a = pixels[pixel]
        if a < 255 and share > 0:  # on a clear background colours count as far as they are seen
            total = share + a / 255 * (1 - share)
            pixels[pixel, 3] = np.uint8(255 * total + 0.5)
            share /= total
        pixels[pixel, 0] = np.uint8(r + (red - r) * share + 0.5)
        pixels[pixel, 1] = np.uint8(g + (green - g) * share + 0.5)
        pixels[pixel, 2] = np.uint8(b + (blue - b) * share + 0.5)
