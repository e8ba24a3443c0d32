"""Writes numbers in the notation of D3, and texts by plotly's templates."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

_SPEC = re.compile(r"([+ (-]?)(\$?)(0?)(\d*)(,?)(\.\d+)?(~?)([bcdeEfFgGosxXpr%]?)")
_HOLE = re.compile(r"%\{([^}:|]+)(?::([^}]*))?\}")
_PREFIXES = {-5: "f", -4: "p", -3: "n", -2: "µ", -1: "m", 0: "", 1: "k", 2: "M", 3: "G", 4: "T"}


def number_format(spec: str, attribute: str) -> Callable[[float], str]:
    """Return what writes a number as a D3 format has it.

    Raises
    ------
    ValueError
        Naming the attribute, if the format is not among those that are known.
    """
    found = _SPEC.fullmatch(spec or "")
    if found is None or found[8] in ("c", "o", "x", "X", "b", "p", "r") or "(" in found[1]:
        raise ValueError(
            f"still cannot write numbers by {attribute}={spec!r}; use a format such as '.2f', "
            "',d', '.0%', '.3s' or '.3g'"
        )
    sign, dollar, zero, width, comma, digits, trim, kind = found.groups()

    def write(value: float) -> str:
        if not np.isfinite(value):
            return str(value)
        text = _body(abs(value), kind, comma, digits or "")
        if trim or not kind:
            text = re.sub(r"(\.\d*?)0+(?=$|\D)", r"\1", text)
            text = re.sub(r"\.(?=$|\D)", "", text)
        head = ("-" if value < 0 else sign.replace("-", "")) + dollar
        fill = "0" if zero else " "
        text = text.rjust(int(width or 0) - len(head), fill) if zero else text
        return (head + text).rjust(int(width or 0)).replace("-", "−")

    return write


def _body(value: float, kind: str, comma: str, digits: str) -> str:
    """Write a number that is not negative."""
    if kind == "d":
        return format(round(value), f"{comma}d")
    if kind == "s":
        power = 0 if value == 0 else int(np.clip(np.floor(np.log10(value) / 3), -5, 4))
        scaled = value / 1000.0**power
        before = 1 if scaled < 1 else int(np.floor(np.log10(scaled))) + 1
        places = max(int((digits or ".6")[1:]) - before, 0)
        return f"{scaled:.{places}f}{_PREFIXES[power]}"
    return format(value, f"{comma}{digits or ('' if kind else '.12')}{kind or 'g'}")


def short(value: Any) -> str:
    """Write a value where no format is asked for."""
    if isinstance(value, (float, int, np.number)) and not isinstance(value, bool):
        return f"{float(value):.7g}".replace("-", "−")
    return str(value)


def from_template(template: str, values: Mapping[str, Any], attribute: str) -> str:
    """Fill a template such as "%{y:.1f} m" with values by name.

    Raises
    ------
    ValueError
        Naming the attribute, if the template asks for what is not known here.
    """

    def fill(hole: re.Match[str]) -> str:
        name, spec = hole[1], hole[2]
        if name not in values:
            raise ValueError(
                f"still cannot fill in %{{{name}}} of {attribute}={template!r}; it knows "
                f"{', '.join(values)}"
            )
        value = values[name]
        if spec is None or isinstance(value, str):
            return short(value)
        return number_format(spec, attribute)(float(value))

    return _HOLE.sub(fill, template)
