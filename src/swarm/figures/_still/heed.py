"""Refuses what a still would leave out: every attribute that is set must be known."""

import reprlib
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

import numpy as np

from swarm.figures._still import axis_table, layout_table, trace_tables

Pattern = tuple[str, tuple[str, ...]]


def heed_trace(trace: Any, number: int) -> None:
    """Raise a ValueError that names the first attribute of a trace that cannot be drawn."""
    table = trace_tables.TRACES[trace.type]
    _heed(trace.to_plotly_json(), table, f"of trace {number} ({trace.type})")


def heed_layout(layout: Any, parts: set[str]) -> None:
    """Raise a ValueError that names the first attribute of a layout that cannot be drawn.

    `parts` are the axes, scenes and polar plots that hold a trace.
    """
    fields = layout.to_plotly_json()
    own = {name: fields[name] for name in fields if not layout_table.is_part(name)}
    _heed(own, layout_table.LAYOUT, "of the layout")
    for name in sorted(parts & fields.keys()):
        kind = name.rstrip("0123456789")
        table = axis_table.AXIS if kind in ("xaxis", "yaxis") else layout_table.PARTS[kind]
        _heed(fields[name], table, f"of layout.{name}")


def _heed(fields: Mapping[str, Any], table: str, where: str) -> None:
    patterns = _patterns(table)
    for path, value in _leaves(fields):
        allowed = [values for pattern, values in patterns if fnmatchcase(path, pattern)]
        if not any(not values or _is_one_of(value, values) for values in allowed):
            known = " or ".join(value for values in allowed for value in values)
            change = f"make it {known}" if known else "leave it out"
            raise ValueError(
                f"still cannot draw {path}={reprlib.repr(value)} {where}; {change}, or show the "
                "figure itself instead of its still"
            )


@cache
def _patterns(table: str) -> list[Pattern]:
    """Read a table: names of attributes, or name=value|value, apart by white space."""
    parts = [word.partition("=") for word in table.split()]
    return [(name, tuple(values.split("|")) if equals else ()) for name, equals, values in parts]


def _leaves(fields: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Yield path and value of all that is set; plotly takes an empty value for none."""
    for name, value in fields.items():
        path = before + name
        if isinstance(value, Mapping) and "bdata" not in value:
            yield from _leaves(value, f"{path}.")
        elif isinstance(value, (list, tuple)) and any(isinstance(v, Mapping) for v in value):
            for item in value:
                yield from _leaves(item if isinstance(item, Mapping) else {}, f"{path}[].")
        elif value is not None and not (isinstance(value, (str, list, tuple)) and not len(value)):
            yield path, value


def _is_one_of(value: Any, allowed: tuple[str, ...]) -> bool:
    """Tell whether a value, or each of an array, is one of those written in a table."""
    flat = np.asarray(value, dtype=object).ravel()
    return all(any(_same(one, other) for other in allowed) for one in flat)


def _same(value: Any, written: str) -> bool:
    if isinstance(value, (bool, np.bool_, str)) or value is None:
        return str(value).replace(" ", "-") == written
    try:
        return float(value) == float(written)
    except ValueError:
        return False
