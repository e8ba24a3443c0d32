"""Asks a question about each bee: once for all of them, where the question allows it."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from swarm.lift._refuse import Split, Stop, noting
from swarm.lift._values import Values

__all__ = ["ask"]


def ask(
    question: Callable[..., Any], about: Mapping[str, Any], bees: int, together: bool = True
) -> tuple[NDArray[np.bool_], bool]:
    r"""Ask a yes-or-no question about each bee.

    Parameters
    ----------
    question : callable
        Gets the values of a bee by keyword.
    about : mapping
        By keyword, arrays (bee, \\*dims), or mappings of such arrays.
    bees : int
        How many there are.
    together : bool, default True
        Whether to try to ask once for all.

    Returns
    -------
    answers : numpy.ndarray of bool, of shape (bee,)
    together : bool
        Whether it went for all at once; if not, the next time need not try.
    """
    if together:
        try:
            with noting():
                answer = question(**{name: _view(value) for name, value in about.items()})
            if type(answer) is not Values:
                return np.full(bees, bool(answer)), True
            if answer.array.size == bees:
                return answer.array.reshape(bees).astype(bool), True
        except (Split, Stop):
            pass
        except Exception:  # raised again where it is asked bee by bee, if it stands
            pass
    return np.array(
        [
            bool(question(**{name: _pick(value, bee) for name, value in about.items()}))
            for bee in range(bees)
        ]
    ), False


def _view(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: Values(array) for name, array in value.items()}
    return Values(value)


def _pick(value: Any, bee: int) -> Any:
    if isinstance(value, Mapping):
        return {name: array[bee] for name, array in value.items()}
    return value[bee]
