"""Parameter sets for hives: products of sweeps, and parameters that move together."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from swarm import util

__all__ = ["make_combo_paramsets", "make_sweep_paramsets"]


def make_sweep_paramsets(
    static: Mapping[str, Any] | None = None, **sweeps: Iterable[Any]
) -> Iterator[dict[str, Any]]:
    """Yield a parameter set for each combination of the swept values.

    Parameters
    ----------
    static : mapping, optional
        Parameters that all sets share.
    **sweeps : iterable
        The values of each swept parameter. The last one varies fastest.

    Yields
    ------
    dict
        The static parameters and one value of each sweep.

    Raises
    ------
    ValueError
        At once, if a key is both static and swept.

    Examples
    --------
    >>> list(make_sweep_paramsets({"lr": 0.1}, width=[2, 4]))
    [{'lr': 0.1, 'width': 2}, {'lr': 0.1, 'width': 4}]
    """
    return make_combo_paramsets(static, **sweeps)


def make_combo_paramsets(
    static: Mapping[str, Any] | None = None,
    *combos: Mapping[str, Sequence[Any]],
    **sweeps: Iterable[Any],
) -> Iterator[dict[str, Any]]:
    """Yield parameter sets in which some parameters move together.

    Parameters
    ----------
    static : mapping, optional
        Parameters that all sets share.
    *combos : mapping of str to sequence
        Equally long sequences that move together, row by row. An empty one
        changes nothing.
    **sweeps : iterable
        The values of parameters that move by themselves.

    Yields
    ------
    dict
        One for each combination of a row of every combo with a value of every
        sweep. The last varies fastest.

    Raises
    ------
    ValueError
        At once, if a key is given twice, or the sequences of a combo differ in
        length.

    Examples
    --------
    >>> list(make_combo_paramsets({}, {"width": [2, 4], "lr": [0.1, 0.01]}))
    [{'width': 2, 'lr': 0.1}, {'width': 4, 'lr': 0.01}]
    """
    fixed = dict(static or {})
    util.merge_dicts(fixed, *combos, sweeps)  # whose error names the keys given twice
    factors: list[list[dict[str, Any]]] = [
        list(util.dict_slicer(combo)) for combo in combos if combo
    ]
    factors += [[{name: value} for value in values] for name, values in sweeps.items()]
    return (util.merge_dicts(fixed, *rows) for rows in itertools.product(*factors))
