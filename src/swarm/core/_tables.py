"""Swarms and hives as tables of pandas and data sets of xarray."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas
    import xarray

__all__ = ["to_frame", "to_xarray"]

Swarm = Mapping[str, Any]


def to_frame(
    swarm: Swarm | Sequence[Swarm], fields: Sequence[str] | None = None
) -> "pandas.DataFrame":
    """Turn a swarm or a hive into a tidy table: a row for each bee and epoch.

    Needs pandas (``pip install swarmscape[pandas]``).

    Parameters
    ----------
    swarm : mapping, or sequence of mapping
        What `swarm_train` or `hive_trainer` returned.
    fields : sequence of str, optional
        The fields to show, by default those that are a number. Fields that
        are arrays must be of one shape; their axes get columns ``dim_0``,
        ``dim_1``, … of indices.

    Returns
    -------
    pandas.DataFrame
        The columns ``bee`` and ``epoch``, the plain parameters of a hive, and
        the fields. Epochs that a bee has not run are left out.

    Raises
    ------
    ImportError
        If pandas is missing.
    ValueError
        If a field is unknown, has the name of an axis, or their shapes differ.
    """
    pandas = _needed("pandas")
    if isinstance(swarm, Mapping):
        return pandas.DataFrame(_columns(swarm, fields))
    tables = [pandas.DataFrame({**_columns(one, fields)}).assign(**_plain(one)) for one in swarm]
    table = pandas.concat(tables, ignore_index=True)
    names = list(dict.fromkeys(name for one in swarm for name in _plain(one)))
    rest = [name for name in table.columns if name not in names]
    return table[[*names, *rest]]


def to_xarray(swarm: Swarm | Sequence[Swarm]) -> "xarray.Dataset":
    """Turn a swarm or a hive into a data set with named axes.

    Needs xarray (``pip install swarmscape[xarray]``).

    Parameters
    ----------
    swarm : mapping, or sequence of mapping
        What `swarm_train` or `hive_trainer` returned.

    Returns
    -------
    xarray.Dataset
        The fields, with dimensions ``bee``, ``epoch`` and
        ``FIELD_dim_0``, …. In a hive, each parameter that is swept is a
        dimension with its values; where the sets are no full product of the
        sweeps, they share the dimension ``swarm``, of which the parameters
        are coordinates. Other plain parameters are attributes. Epochs that
        are missing are NaN.

    Raises
    ------
    ImportError
        If xarray is missing.
    ValueError
        If a field has the name of an axis.
    """
    xarray = _needed("xarray")
    if isinstance(swarm, Mapping):
        return _dataset(xarray, swarm).assign_attrs(_plain(swarm))
    plain = [_plain(one) for one in swarm]
    names = list(dict.fromkeys(name for given in plain for name in given))
    swept = [n for n in names if len({repr(given.get(n)) for given in plain}) > 1]
    data = xarray.concat(
        [_dataset(xarray, one) for one in swarm], dim="swarm", join="outer", combine_attrs="drop"
    )
    data = data.assign_attrs({n: plain[0][n] for n in names if n not in swept})
    coordinates = {n: ("swarm", [given.get(n) for given in plain]) for n in swept}
    data = data.assign_coords(coordinates)
    sizes = [len({repr(value) for value in values}) for _, values in coordinates.values()]
    rows = {
        tuple(map(repr, row)) for row in zip(*(v for _, v in coordinates.values()), strict=True)
    }
    if swept and len(rows) == len(plain) == int(np.prod(sizes)):
        data = data.set_index(swarm=swept)
        data = data.unstack("swarm") if len(swept) > 1 else data.rename(swarm=swept[0])
    return data


def _needed(name: str) -> Any:
    """Import a library that is needed for this alone."""
    try:
        return __import__(name)
    except ImportError as error:
        raise ImportError(f"{name} is missing: pip install swarmscape[{name}]") from error


def _fields(swarm: Swarm) -> dict[str, NDArray[Any]]:
    """Return the fields, which follow the parameters of a hive: (bee, epoch, *dims) each."""
    found: dict[str, NDArray[Any]] = {}
    for name, value in reversed(list(swarm.items())):
        if name == "epochs_run":
            continue
        lead = next(iter(found.values())).shape[:2] if found else None
        if (
            not isinstance(value, np.ndarray)
            or value.ndim < 2
            or value.shape[:2] != (lead or value.shape[:2])
        ):
            break
        found[name] = value
    if not found:
        raise ValueError(f"there is no field (bee, epoch, …) among {[*swarm]}")
    if clash := found.keys() & {"bee", "epoch"}:
        raise ValueError(f"the field {min(clash)!r} has the name of an axis; rename it")
    return dict(reversed(list(found.items())))


def _plain(swarm: Swarm) -> dict[str, Any]:
    """Return the parameters that are a number or a text."""
    return {
        name: value.item() if isinstance(value, np.generic) else value
        for name, value in swarm.items()
        if isinstance(value, bool | int | float | str | np.generic)
    }


def _columns(swarm: Swarm, fields: Sequence[str] | None) -> dict[str, NDArray[Any]]:
    """Return the columns of one swarm's table."""
    found = _fields(swarm)
    names = [name for name in found if found[name].ndim == 2] if fields is None else list(fields)
    if unknown := [name for name in names if name not in found]:
        raise ValueError(f"fields must be of {[*found]}, got {unknown}")
    if len(shapes := {found[name].shape for name in names}) != 1:
        raise ValueError(
            f"fields must be of one shape, got {sorted(shapes)}; name those that are, of "
            f"{ ({name: array.shape for name, array in found.items()}) }"
        )
    (shape,) = shapes
    axes = ["bee", "epoch", *(f"dim_{i}" for i in range(len(shape) - 2))]
    index: dict[str, NDArray[Any]] = dict(zip(axes, np.indices(shape), strict=True))
    ran = np.broadcast_to(shape[1], shape[:1])
    if "epochs_run" in swarm:
        ran = np.asarray(swarm["epochs_run"])
    kept = index["epoch"] < ran.reshape(-1, *(1,) * (len(shape) - 1))
    return {name: array[kept] for name, array in {**index, **{n: found[n] for n in names}}.items()}


def _dataset(xarray: Any, swarm: Swarm) -> Any:
    """Return one swarm's fields as a data set."""
    fields = _fields(swarm)
    bees, epochs = next(iter(fields.values())).shape[:2]
    variables: dict[str, Any] = {
        name: (["bee", "epoch", *(f"{name}_dim_{i}" for i in range(array.ndim - 2))], array)
        for name, array in fields.items()
    }
    if "epochs_run" in swarm:
        variables["epochs_run"] = (["bee"], swarm["epochs_run"])
    return xarray.Dataset(variables, {"bee": np.arange(bees), "epoch": np.arange(epochs)})
