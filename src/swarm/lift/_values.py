"""The tensors and numbers that differ between bees, and the ways to say that one will not do."""

import sys
import sysconfig
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any, NoReturn

import numpy as np
import torch
from numpy.typing import NDArray

__all__ = ["Bees", "CannotLift", "Split", "Stop", "Values", "branch", "refuse"]

_STANDARD = sysconfig.get_path("stdlib")

_ADVICE = {
    "float()": "record loss.item(), which keeps a value for each bee",
    "int()": "keep the tensor, or .item(), and compute with it element by element",
    "formatting": "yield the value instead of printing it",
    "numpy()": "call .detach().numpy() on the tensor, and leave the rest until after training",
}


class CannotLift(RuntimeError):
    """A bee does something that cannot be done for all bees at once.

    Attributes
    ----------
    operation : str
        What it was.
    where : str
        File and line of the bee.
    """

    def __init__(self, operation: str, where: str, advice: str = "") -> None:
        super().__init__(operation, where, advice)
        self.operation, self.where, self.advice = operation, where, advice

    def __str__(self) -> str:
        advice = self.advice or "change this line"
        return (
            f"cannot lift: {self.operation} at {self.where}. To lift this bee, {advice}; "
            "or train it with engine='loop'"
        )


class Stop(BaseException):
    """Ends a lifted run; no ``except Exception`` of a bee catches it."""

    def __init__(self, reason: CannotLift) -> None:
        super().__init__(str(reason))
        self.reason = reason


class Split(BaseException):
    """Ends a lifted run where the bees part.

    Attributes
    ----------
    ways : ndarray of shape (bee,)
        Equal for bees that stay together.
    where : str
        File and line of the bee.
    reason : CannotLift or None
        For bees that part by the settings that each was given: why.
    """

    def __init__(self, ways: NDArray[Any], where: str, reason: CannotLift | None = None) -> None:
        super().__init__(f"bees part ways at {where}")
        self.ways, self.where, self.reason = ways, where, reason


# The stop or split of the run in progress, in case a bee swallows it with a bare except.
pending: list[Stop | Split] = []


def where_in_bee() -> str:
    """Return file:line of the innermost frame that is neither ours, nor torch's or numpy's."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        name, file = frame.f_globals.get("__name__", ""), frame.f_code.co_filename
        standard = file.startswith(_STANDARD) and "site-packages" not in file
        ours = name.startswith("swarm.lift")
        if not (ours or standard or name.split(".")[0] in ("torch", "numpy")):
            return f"{file}:{frame.f_lineno}"
        frame = frame.f_back
    return "an unknown line"


def refuse(operation: str, advice: str = "") -> Stop:
    """Make (and note) the exception that says what cannot be lifted."""
    stop = Stop(CannotLift(operation, where_in_bee(), advice or _ADVICE.get(operation, "")))
    pending.append(stop)
    return stop


def branch(takes: NDArray[np.bool_], setting: str = "") -> bool:
    """Decide a branch by one truth value for each bee; raise `Split` if they differ."""
    return bool(takes[0]) if (takes == takes[0]).all() else part(takes, "a branch", setting)


def part(ways: NDArray[Any], operation: str, setting: str = "") -> NoReturn:
    """Part the bees: those with an equal value go on together."""
    reason = None
    if setting:
        reason = CannotLift(
            f"{operation}, decided by the setting {setting} of each bee,",
            where_in_bee(),
            "leave it the same for three bees or more",
        )
    split = Split(ways, where_in_bee(), reason)
    pending.append(split)
    raise split


class Bees(torch.Tensor):
    r"""One tensor for each bee, held as (bee, \\*shape).

    Outside of a lifted run it is an ordinary tensor of that shape; under one
    each operation sees what a single bee would. It is never constructed:
    ``as_bees`` marks a tensor.
    """

    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]


def as_bees(storage: torch.Tensor) -> torch.Tensor:
    r"""Mark a tensor (bee, \\*shape) as one for each bee."""
    storage.__class__ = Bees
    return storage


def agreed(array: NDArray[Any], operation: str, setting: str = "") -> Any:
    """Return the number on which all bees agree, or refuse the operation."""
    if array.size and (array == array[0]).all():
        return array.reshape(len(array), -1)[0, 0].item()
    if setting:
        part(array, operation, setting)
    raise refuse(f"{operation} of a number that differs between bees", _ADVICE[operation])


def _reduction(name: str) -> Callable[..., "Values"]:
    def reduce(self: "Values", axis: int | None = None) -> "Values":
        flat = self.array.reshape(len(self.array), -1) if axis is None else self.array
        along = 1 if axis is None else axis + 1 if axis >= 0 else axis
        return Values(getattr(flat, name)(axis=along))

    return reduce


class Values(np.lib.mixins.NDArrayOperatorsMixin):
    r"""A number or array for each bee, (bee, \*shape), as ``.item()`` or ``.numpy()`` give.

    It allows element-wise arithmetic, indexing and the methods below, with
    the axes that one bee sees. Everything else is refused: a plain ndarray
    with one more axis would be wrong in silence.

    Parameters
    ----------
    array : ndarray of shape (bee, \\*shape)
        The values.
    weak : bool, default False
        Whether each stands for a Python number, which takes on the dtype of
        the array that it meets.
    setting : str, default ""
        The name of the setting that it is, or was computed from alone: there
        bees with equal values may go together.
    """

    def __init__(self, array: NDArray[Any], weak: bool = False, setting: str = "") -> None:
        self.array = array
        self.weak = weak
        self.setting = setting

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        """What `isinstance` goes by: for a number, the type that a bee has alone."""
        kinds = {"b": bool, "i": int, "u": int, "c": complex}
        return kinds.get(self.array.dtype.kind, float) if self.weak else Values

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Have the lifted run asked first; what comes here it has not seen."""
        raise refuse(f"a number that differs between bees in {getattr(func, '__name__', func)}")

    dtype = property(lambda self: self.array.dtype)
    shape = property(lambda self: self.array.shape[1:])
    ndim = property(lambda self: self.array.ndim - 1)
    size = property(lambda self: self.array[0].size)
    T = property(lambda self: Values(self.array.transpose(0, *range(self.array.ndim - 1, 0, -1))))

    def copy(self) -> "Values":
        return Values(self.array.copy())

    def astype(self, dtype: Any) -> "Values":
        return Values(self.array.astype(dtype))

    def flatten(self) -> "Values":
        return Values(self.array.reshape(len(self.array), -1).copy())

    def ravel(self) -> "Values":
        return Values(self.array.reshape(len(self.array), -1))

    def reshape(self, *shape: Any) -> "Values":
        to = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple | list) else shape
        return Values(self.array.reshape(len(self.array), *to))

    def squeeze(self) -> "Values":
        return self.reshape([n for n in self.shape if n != 1])

    def item(self) -> "Values":
        flat = self.array.reshape(len(self.array))
        kind = {"b": bool, "i": int, "u": int, "c": complex}.get(flat.dtype.kind, float)
        return Values(flat.astype(kind), weak=True)

    sum, mean, std = _reduction("sum"), _reduction("mean"), _reduction("std")
    min, max = _reduction("min"), _reduction("max")
    any, all = _reduction("any"), _reduction("all")

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of unsized object")
        return int(self.shape[0])

    def __getitem__(self, index: Any) -> "Values":
        parts = index if isinstance(index, tuple) else (index,)
        if not all(isinstance(p, int | slice | type(...) | None) for p in parts):
            raise refuse("indexing an array by an array", "index the tensor before .numpy()")
        return Values(self.array[(slice(None), *parts)])

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        (out,) = kwargs.pop("out", (None,))
        if method != "__call__" or kwargs or ufunc.signature is not None:
            raise refuse(f"numpy.{ufunc.__name__}", _ADVICE["numpy()"])
        strong = [
            v.dtype
            for v in inputs
            if (isinstance(v, Values) and not v.weak) or isinstance(v, np.ndarray | np.generic)
        ]
        rank = max(v.ndim if isinstance(v, Values) else np.ndim(v) for v in inputs)
        arrays = []
        for value in inputs:
            if not isinstance(value, Values):
                arrays.append(value)
                continue
            array = value.array
            if value.weak and strong:  # as a Python number would
                array = array.astype(np.result_type(*strong, array.dtype.type(0).item()))
            fill = (1,) * (rank - value.ndim)
            arrays.append(array.reshape(len(array), *fill, *array.shape[1:]))
        with np.errstate(all="ignore"):
            results = ufunc(*arrays)
        weak = not strong
        if weak:
            _check_finite(ufunc, results, arrays)
        mine = [v.setting for v in inputs if type(v) is Values]
        setting = " and ".join(dict.fromkeys(mine)) if weak and all(mine) else ""
        if isinstance(out, Values) and not out.weak:  # an array changed in place
            np.copyto(out.array, results, casting="same_kind")
            return out
        if isinstance(results, tuple):
            return tuple(Values(result, weak, setting) for result in results)
        return Values(results, weak, setting)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        raise refuse(f"numpy.{func.__name__}", _ADVICE["numpy()"])

    def __bool__(self) -> bool:
        if self.array[0].size != 1:
            raise ValueError("The truth value of an array with more than one element is ambiguous")
        return branch(self.array.reshape(len(self.array)).astype(bool), self.setting)

    def __float__(self) -> float:
        return float(agreed(self.array, "float()", self.setting))

    def __int__(self) -> int:
        return int(agreed(self.array, "int()", self.setting))

    def __index__(self) -> int:
        if self.array.dtype.kind not in "iub":
            raise TypeError("only integers can be an index")
        return int(agreed(self.array, "int()", self.setting))

    def __str__(self) -> str:
        return str(agreed(self.array, "formatting", self.setting))

    __repr__ = __str__

    def __format__(self, spec: str) -> str:
        return format(agreed(self.array, "formatting", self.setting), spec)

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise refuse("conversion to a NumPy array", _ADVICE["numpy()"])

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    def __hash__(self) -> int:
        if self.weak and self.setting:
            return hash(agreed(self.array, "hash()", self.setting))
        raise refuse("hash()", "do not keep values in a set or as keys")

    def __round__(self, ndigits: int | None = None) -> Any:
        return Values(np.round(self.array, ndigits or 0), self.weak, self.setting)

    def __deepcopy__(self, memo: Any) -> "Values":
        return Values(self.array.copy(), self.weak, self.setting)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise refuse(f".{name} of values that differ between bees", _ADVICE["numpy()"])


def _check_finite(ufunc: np.ufunc, results: Any, inputs: Sequence[Any]) -> None:
    """Refuse what raises for a Python number, such as a division by zero."""
    if all(np.isfinite(value).all() for value in inputs) and not all(
        np.isfinite(result).all() for result in (results if type(results) is tuple else (results,))
    ):
        raise refuse(
            f"numpy.{ufunc.__name__} of numbers that differ between bees, which has no finite "
            "result for some of them",
            "compute with tensors",
        )


_COMPARISONS = ("lt", "le", "gt", "ge", "eq", "ne")


def _gives_way(name: str) -> Callable[[Values, Any], Any]:
    """Let a tensor on the right decide what an operator does."""
    alone = getattr(np.lib.mixins.NDArrayOperatorsMixin, name)

    def operate(self: Values, other: Any) -> Any:
        return NotImplemented if isinstance(other, torch.Tensor) else alone(self, other)

    return operate


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", *_COMPARISONS):
    setattr(Values, f"__{_name}__", _gives_way(f"__{_name}__"))
