"""The tensors and numbers that differ between bees."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from swarm.lift._refuse import ADVICE, agreed, branch, refuse

__all__ = ["Bees", "Values", "as_bees"]


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
            raise refuse(f"numpy.{ufunc.__name__}", ADVICE["numpy()"])
        strong = [
            v.dtype
            for v in inputs
            if (isinstance(v, Values) and not v.weak) or isinstance(v, np.ndarray | np.generic)
        ]
        rank = max(v.ndim if isinstance(v, Values) else np.ndim(v) for v in inputs)
        if not strong:
            inputs = _as_python(ufunc, inputs)
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
        weak = not strong
        with np.errstate(all="ignore"):
            results = _by_python(ufunc, arrays) if weak else ufunc(*arrays)
        mine = [v.setting for v in inputs if type(v) is Values]
        setting = " and ".join(dict.fromkeys(mine)) if weak and all(mine) else ""
        if isinstance(out, Values) and not out.weak:  # an array changed in place
            np.copyto(out.array, results, casting="same_kind")
            return out
        if isinstance(results, tuple):
            return tuple(Values(result, weak, setting) for result in results)
        return Values(results, weak, setting)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        raise refuse(f"numpy.{func.__name__}", ADVICE["numpy()"])

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
        raise refuse("conversion to a NumPy array", ADVICE["numpy()"])

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    def __hash__(self) -> int:
        if self.weak and self.setting:
            return hash(agreed(self.array, "hash()", self.setting))
        raise refuse("hash()", "do not keep values in a set or as keys")

    def __round__(self, ndigits: int | None = None) -> Any:
        rounded = np.round(self.array, ndigits or 0)
        whole = self.weak and ndigits is None
        return Values(rounded.astype(int) if whole else rounded, self.weak, self.setting)

    def __deepcopy__(self, memo: Any) -> "Values":
        return Values(self.array.copy(), self.weak, self.setting)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise refuse(f".{name} of values that differ between bees", ADVICE["numpy()"])


_COMPARISONS = ("lt", "le", "gt", "ge", "eq", "ne")


def _gives_way(name: str) -> Callable[[Values, Any], Any]:
    """Let a tensor on the right decide what an operator does."""
    alone = getattr(np.lib.mixins.NDArrayOperatorsMixin, name)

    def operate(self: Values, other: Any) -> Any:
        return NotImplemented if isinstance(other, torch.Tensor) else alone(self, other)

    return operate


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", *_COMPARISONS):
    setattr(Values, f"__{_name}__", _gives_way(f"__{_name}__"))


# -- as Python computes ------------------------------------------------------------------

_OF_BOOLS = {  # what True and False may be given to; all else takes them as 1 and 0
    np.bitwise_and,
    np.bitwise_or,
    np.bitwise_xor,
    np.equal,
    np.not_equal,
    np.less,
    np.less_equal,
    np.greater,
    np.greater_equal,
    np.logical_and,
    np.logical_or,
    np.logical_not,
}
_GROWS: dict[Any, Callable[..., Any]] = {
    np.add: np.add,
    np.subtract: np.subtract,
    np.multiply: np.multiply,
    np.power: np.power,
    np.left_shift: lambda a, b: a * 2.0**b,
}
_EXACT = 2.0**62  # above which integers of 64 bits may not hold what Python's do


def _as_python(ufunc: np.ufunc, inputs: Sequence[Any]) -> tuple[Any, ...]:
    """Take True and False as 1 and 0 in arithmetic."""
    if ufunc in _OF_BOOLS:
        return tuple(inputs)
    return tuple(
        Values(value.array.astype(int), True, value.setting)
        if type(value) is Values and value.array.dtype.kind == "b"
        else int(value)
        if isinstance(value, bool)
        else value
        for value in inputs
    )


def _by_python(ufunc: np.ufunc, arrays: Sequence[Any]) -> Any:
    """Compute with what stand for Python numbers, and refuse where those would not do the same."""
    whole = all(np.asarray(array).dtype.kind in "iu" for array in arrays)
    try:
        with np.errstate(divide="raise"), np.errstate(**_strict(ufunc)):
            if whole and ufunc in _GROWS:
                size = _GROWS[ufunc](*(np.asarray(array, dtype=float) for array in arrays))
                if np.abs(size).max() > _EXACT:
                    raise refuse("arithmetic of integers beyond 64 bits", "compute with tensors")
            return ufunc(*arrays)
    except FloatingPointError as error:
        advice = "compute with tensors, or before .item()"
        raise refuse(f"numpy.{ufunc.__name__} of numbers ({error})", advice) from None


def _strict(ufunc: np.ufunc) -> Any:
    """Return where Python raises, or gives a complex number, and NumPy warns."""
    if ufunc is np.power:
        return {"over": "raise", "invalid": "raise"}
    if ufunc in (np.floor_divide, np.remainder, np.divmod, np.fmod):
        return {"invalid": "raise"}
    return {"over": "ignore", "invalid": "ignore"}
