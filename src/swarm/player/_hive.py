"""A player with knobs: a recorded hive, of which the reader chooses the setting."""

import difflib
import inspect
import numbers
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from swarm.player import _make
from swarm.player._make import finished
from swarm.player._player import Player
from swarm.player._scenes import KINDS

if TYPE_CHECKING:
    from swarm.movie import Movie

__all__ = ["hive"]

_USUAL = {"x": "x", "data": "ypred", "truth": "y", "loss": "loss"}
"""Fields of a hive that are shown without being named, as `swarm.animator.hive_plot` does."""

_WHOLE = ("title", "caption", "alt", "movie", "max_bytes")


def hive(
    hive: Sequence[Mapping[str, Any]],
    knobs: str | Sequence[str] | Mapping[str, str],
    kind: str = "curves",
    *,
    title: str = "A hive to turn the knobs of",
    caption: str = "",
    alt: str = "",
    movie: "Movie | None" = None,
    max_bytes: int = 1_000_000,
    **shown: Any,
) -> Player:
    """Make a player of a recorded hive, whose sliders choose the parameters.

    Turning a knob shows another swarm of the hive at the same epoch and, if one is
    singled out, the same bee; all settings have the same axes and colours.

    Parameters
    ----------
    hive : sequence of mappings
        As `swarm.core.hive_trainer` returns it: the parameters and arrays of each swarm,
        all of as many bees and epochs.
    knobs : str, sequence of str, or mapping of str to str
        Parameters that get a slider each; a mapping also says what to call them. They
        must tell all swarms apart. Numbers are put in ascending order, anything else
        in the order in which it comes. Not every combination need be there: a slider
        goes to the nearest that is.
    kind : {"curves", "descent", "scatter", "image"}, default "curves"
        What is shown, by the function of this module that shows one swarm so.
    title, caption, alt : str, optional
        Title, further sentences and text alternative; the last has a default made from
        the data.
    movie : Movie, optional
        A film of one setting, for readers without a script and to download.
    max_bytes : int, default 1_000_000
        Most bytes of the recording, as they are sent. To fit, first epochs are left
        out, then bees of every setting, then points.
    **shown
        Arguments of that function. For one that is an array, the name of a field of
        the hive, a function of an entry that gives it, or an array that all settings
        share. By default ``x``, ``data``, ``truth`` and ``loss`` are the fields
        ``"x"``, ``"ypred"``, ``"y"`` and ``"loss"``, where the hive has them.

    Returns
    -------
    Player
        Its poster shows the middle setting.

    Raises
    ------
    ValueError
        If the hive has no such parameter or field, swarms have the same setting, or
        as for the function of that kind.
    TypeError
        If the function has no such argument.

    Examples
    --------
    >>> import numpy as np
    >>> x, progress = np.linspace(-1, 1, 30), np.linspace(0, 1, 10)[:, None]  # (epoch, 1)
    >>> swarms = [
    ...     {"lr": lr, "x": x, "ypred": lr * progress * np.stack([x, 2 * x])[:, None]}
    ...     for lr in (0.1, 0.3, 1.0)
    ... ]
    >>> from swarm import player
    >>> player.hive(swarms, "lr", truth=x).title
    'A hive to turn the knobs of'
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(map(repr, KINDS))}, got {kind!r}")
    entries = list(hive)
    if not entries:
        raise ValueError("hive has no swarm")
    content_of, fields = KINDS[kind]
    options = {name: value for name, value in shown.items() if name not in fields}
    _check_options(kind, options)
    turned = _settings(entries, knobs)
    swarms = [{name: _field(entry, name, shown) for name in fields} for entry in entries]
    content, told = content_of(swarms, **options)
    content = replace(content, scene={**content.scene, **turned})
    return finished(content, told, title, caption, alt, movie, max_bytes)


def _check_options(kind: str, options: Mapping[str, Any]) -> None:
    known = set(inspect.signature(getattr(_make, kind)).parameters) - set(_WHOLE)
    for name in options:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise TypeError(f"player.{kind} has no argument {name!r}{hint}")


def _field(entry: Mapping[str, Any], name: str, shown: Mapping[str, Any]) -> Any:
    """Return one array of one swarm, by name, by function, or as it is."""
    if name not in shown:
        return entry.get(_USUAL.get(name, name))
    value: str | Callable[[Mapping[str, Any]], Any] | Any = shown[name]
    if callable(value):
        return value(entry)
    if not isinstance(value, str):
        return value
    if value not in entry:
        raise ValueError(
            f"{name}={value!r} is no field of the hive, which has {', '.join(map(str, entry))}"
        )
    return entry[value]


def _settings(
    entries: Sequence[Mapping[str, Any]], knobs: str | Sequence[str] | Mapping[str, str]
) -> dict[str, Any]:
    """Return the knobs with their values, and which of these each swarm has."""
    names = [knobs] if isinstance(knobs, str) else list(knobs)
    if not names:
        raise ValueError("knobs must name at least one parameter")
    turned, columns = [], []
    for name in names:
        if any(name not in entry for entry in entries):
            found = [key for key, value in entries[0].items() if _scalar(value)]
            raise ValueError(
                f"{name!r} is no parameter of every swarm; the hive has {', '.join(found)}"
            )
        values = list(dict.fromkeys(entry[name] for entry in entries))
        if all(isinstance(value, numbers.Real) for value in values):
            values.sort()
        label = knobs[name] if isinstance(knobs, Mapping) else name
        turned.append({"label": label, "values": [_word(value) for value in values]})
        columns.append([values.index(entry[name]) for entry in entries])
    settings = list(map(list, zip(*columns, strict=True)))
    for place, setting in enumerate(settings):
        if setting in settings[:place]:
            words = ", ".join(f"{name}={entries[place][name]!r}" for name in names)
            raise ValueError(
                f"two swarms have {words}; make a knob of what else differs between them"
            )
    return {"knobs": turned, "settings": settings}


def _scalar(value: Any) -> bool:
    return isinstance(value, str | numbers.Number) or callable(value)


def _word(value: Any) -> str:
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        return f"{float(value):.6g}".replace("-", "−")
    return str(getattr(value, "__name__", value))
