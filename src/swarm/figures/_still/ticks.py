"""Ticks of a flat axis, at the numbers, dates or names that it holds."""

from typing import Any

import matplotlib as mpl
import matplotlib.dates
import matplotlib.ticker
import numpy as np

from swarm.figures._still import read
from swarm.figures._still.numbers import number_format, short
from swarm.figures._still.side import Side


def set_ticks(shown: Any, side: Side, pixels: float) -> None:
    """Give one of matplotlib's axes, `pixels` long, the ticks of plotly's."""
    axis = side.axis
    if axis.tickmode == "array" or (axis.tickmode is None and axis.tickvals is not None):
        _set_named(shown, side)
    elif side.kind == "category":
        _set_names(shown, side, pixels)
    elif side.kind == "date":
        _set_dates(shown, axis, pixels)
    elif side.kind == "linear":
        most = int(np.clip(pixels / 80, 2, 7))
        locator: Any = mpl.ticker.MaxNLocator(most, steps=[1, 2, 5, 10])
        if isinstance(axis.dtick, (int, float)) and axis.tickmode in (None, "linear"):
            locator = mpl.ticker.MultipleLocator(axis.dtick, float(axis.tick0 or 0))
        shown.set_major_locator(locator)
    if side.kind in ("linear", "log") and axis.tickvals is None:
        _set_format(shown, axis)
    if axis.showticklabels is False:
        shown.set_tick_params(label1On=False, label2On=False)
    if axis.tickangle not in (None, "auto"):
        shown.set_tick_params(labelrotation=-axis.tickangle)


def _set_named(shown: Any, side: Side) -> None:
    at = side.place([] if side.axis.tickvals is None else side.axis.tickvals)
    if side.kind == "category":
        at = np.array([side.spot(value) for value in read.array(side.axis.tickvals).tolist()])
    texts = side.axis.ticktext
    if texts is None:
        values = [] if side.axis.tickvals is None else read.array(side.axis.tickvals).tolist()
        texts = [short(value) for value in values]
    known = [(place, text) for place, text in zip(at, texts, strict=False) if np.isfinite(place)]
    shown.set_major_locator(mpl.ticker.FixedLocator([place for place, _ in known]))
    shown.set_major_formatter(
        mpl.ticker.FixedFormatter([read.plain(str(text)) for _, text in known])
    )
    shown.set_minor_locator(mpl.ticker.NullLocator())


def _set_names(shown: Any, side: Side, pixels: float) -> None:
    """Name the categories, as many as have room; turn them where they are too long."""
    count = max(len(side.names), 1)
    step = -(-count // max(int(pixels / 14), 1))
    at = list(range(0, count, step))
    names = [read.plain(side.names[i]) for i in at] if side.names else []
    shown.set_major_locator(mpl.ticker.FixedLocator(at))
    shown.set_major_formatter(mpl.ticker.FixedFormatter(names))
    longest = max(map(len, names), default=0)
    if shown.axis_name == "x" and longest * 6.5 > pixels * step / count and len(names) > 1:
        shown.set_tick_params(labelrotation=90)


def _set_dates(shown: Any, axis: Any, pixels: float) -> None:
    most = int(np.clip(pixels / 80, 2, 8))
    locator = mpl.dates.AutoDateLocator(minticks=2, maxticks=most)
    shown.set_major_locator(locator)
    if axis.tickformat:
        shown.set_major_formatter(mpl.dates.DateFormatter(axis.tickformat))
    else:
        shown.set_major_formatter(mpl.dates.ConciseDateFormatter(locator))


def _set_format(shown: Any, axis: Any) -> None:
    before, after = read.plain(axis.tickprefix), read.plain(axis.ticksuffix)
    if not (axis.tickformat or before or after):
        return
    write = number_format(axis.tickformat, "tickformat") if axis.tickformat else short
    shown.set_major_formatter(lambda value, _: f"{before}{write(value)}{after}")
