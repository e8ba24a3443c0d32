"""Words at points, in bars and in cells."""

from typing import Any

import numpy as np

from swarm.figures._still import read
from swarm.figures._still.numbers import from_template
from swarm.figures._still.panel import PIXEL, Panel
from swarm.style import DARK, LIGHT, is_dark

Array = read.Array
_UP = {"top": ("bottom", 1), "middle": ("center", 0), "bottom": ("top", -1)}
_ACROSS = {"left": ("right", -1), "center": ("center", 0), "right": ("left", 1)}


def texts_of(trace: Any, count: int, **values: Any) -> list[str]:
    """Return the words of each point: a trace's texts, or its template filled with `values`."""
    own = trace.text
    if own is None or isinstance(own, str):
        words = [own or ""] * count
    else:
        words = ["" if word is None else str(word) for word in read.array(own).ravel().tolist()]
        words += [""] * (count - len(words))
    template = trace.texttemplate
    if template is None:
        return [read.plain(word) for word in words[:count]]
    held = {name: read.array(value).ravel().tolist() for name, value in values.items()}
    found = []
    for i in range(count):
        ours = template if isinstance(template, str) else str(read.array(template)[i])
        known = {name: value[i] for name, value in held.items()} | {"text": words[i]}
        found.append(read.plain(from_template(ours, known, "texttemplate")))
    return found


def write_points(panel: Panel, trace: Any, x: Array, y: Array) -> None:
    """Write the words of points beside them."""
    known = {n: a if trace[n] is None else trace[n] for n, a in (("x", x), ("y", y))}
    words = texts_of(trace, len(x), **known)
    radius = np.broadcast_to(read.diameters(trace.marker) / 2, len(x))
    away = 3 if "markers" in (trace.mode or "") else 0
    position = trace.textposition or "middle center"
    positions = np.broadcast_to(np.atleast_1d(read.array(position)), len(x))
    for i, word in enumerate(words):
        if not (word and np.isfinite([x[i], y[i]]).all()):
            continue
        up, across = str(positions[i]).split()
        (va, dy), (ha, dx) = _UP[up], _ACROSS[across]
        gap = PIXEL * (away + radius[i] if away else 0)
        panel.axes.annotate(
            word, (x[i], y[i]), (dx * gap, dy * gap), textcoords="offset points", ha=ha, va=va,
            color=_color(trace.textfont.color, i), fontsize=_size(trace.textfont.size, i),
            annotation_clip=True, zorder=4, alpha=trace.opacity,
        )  # fmt: skip


def _color(color: Any, i: int) -> Any:
    if color is None:
        return None
    return read.rgba(color if isinstance(color, str) else read.array(color)[i])


def _size(size: Any, i: int) -> float | None:
    """Return a font's size in points, or None for that of the picture."""
    if size is None:
        return None
    return float(PIXEL * np.broadcast_to(read.finite(size), i + 1)[i])


def write_bars(panel: Panel, trace: Any, patches: Any, values: Any, *, turned: bool) -> None:
    """Write the words of bars into them, or beyond their ends where they don't fit."""
    position = trace.textposition or "auto"
    template = trace.texttemplate
    if position == "none" or (trace.text is None and template is None):
        return
    words = texts_of(trace, len(patches), **values)
    for i, (patch, word) in enumerate(zip(patches, words, strict=True)):
        where = position if isinstance(position, str) else str(read.array(position)[i])
        length = patch.get_width() if turned else patch.get_height()
        if not word or where == "none" or not np.isfinite(length):
            continue
        _write_bar(panel, trace, patch, word, where, turned, i)


def _write_bar(
    panel: Panel, trace: Any, patch: Any, word: str, where: str, turned: bool, i: int
) -> None:
    axes = panel.axes
    start, size = (patch.get_x(), patch.get_width()) if turned else (
        patch.get_y(), patch.get_height()
    )  # fmt: skip
    middle = patch.get_y() + patch.get_height() / 2 if turned else (
        patch.get_x() + patch.get_width() / 2
    )  # fmt: skip
    ahead = -1 if size < 0 else 1
    ground = patch.get_facecolor()
    own = trace.insidetextfont.color or trace.textfont.color
    inside = _color(own, i) or (DARK if is_dark(ground[:3]) else LIGHT).text
    outside = _color(trace.outsidetextfont.color or trace.textfont.color, i)
    end = start + size
    text = axes.annotate(
        word, (end, middle) if turned else (middle, end), (0, 0), textcoords="offset points",
        ha="center", va="center", fontsize=_size(trace.textfont.size, i), zorder=4,
        annotation_clip=False,
    )  # fmt: skip
    box, bar = text.get_window_extent(), patch.get_window_extent()
    fits = box.width <= bar.width and box.height <= bar.height
    within = where == "inside" or (where == "auto" and fits)
    anchor = trace.insidetextanchor or "end"
    gap = ahead * (-3 if within else 3)
    text.set_color(inside if within else outside)
    if within and anchor != "end":
        at = start + (0.5 * size if anchor == "middle" else 0)
        text.xy = (at, middle) if turned else (middle, at)
        gap = 0 if anchor == "middle" else ahead * 3
    text.set_position((gap, 0) if turned else (0, gap))
    if within and not fits:
        share = min(bar.width / box.width, bar.height / box.height, 1)
        text.set_fontsize(max(text.get_fontsize() * share, 3))
    side = "center" if gap == 0 else ("left" if gap > 0 else "right")
    if turned:
        text.set_ha(side)
    else:
        text.set_va({"left": "bottom", "right": "top"}.get(side, side))
    if not within:
        box = text.get_window_extent().transformed(axes.transData.inverted())
        axes.update_datalim(
            [(box.x0, box.y0), (box.x1, box.y1)], updatex=turned, updatey=not turned
        )


def write_cells(axes: Any, x: Array, y: Array, texts: Any, grounds: Array, font: Any) -> None:
    """Write a text into each cell, dark on light and light on dark; grounds (row, column, 4)."""
    for row, column in np.ndindex(grounds.shape[:2]):
        ground = grounds[row, column]
        own = read.rgba(font.color) if isinstance(font.color, str) else None
        axes.text(
            x[column],
            y[row],
            str(texts[row][column]),
            color=own or ((DARK if is_dark(ground[:3]) else LIGHT).text if ground[3] else None),
            ha="center",
            va="center",
            clip_on=True,
        )
