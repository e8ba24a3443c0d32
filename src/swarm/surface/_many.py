"""A tensor at many weights at once: `Many`, which a network's own code computes with.

To the network it is the tensor that it would be at one set of weights: it has
that shape, and every function gives what it would give. Behind it stands no
value but a note of how to come by it, so that when all is noted, down to the
loss, `evaluate` can go through all of it with a few sets of weights at a time:
what they need then stays in the processor's cache, and what nobody needs any
longer is written over.

Values have two axes more, in front, one for each direction of a plane. One
that depends on one direction alone is computed once along the other.

Functions with a faster way of their own are in `_fast`; any other goes through
`torch.vmap`.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_flatten, tree_map_only, tree_unflatten

__all__ = ["FAST", "CannotVectorise", "Many", "Plan", "constant", "evaluate"]

Compute = Callable[[list[Any], list[bool]], Any]
"""Takes the values of the sources, each (A or 1, B or 1, …), and which of them may be written."""

Plan = tuple[list["Many"], Compute]

FAST: dict[Any, Callable[..., Any]] = {}
"""For functions of torch with a way of their own, what plans it; NotImplemented: through vmap."""

_KNOWN = {
    *("shape", "ndim", "dtype", "device", "requires_grad", "is_cuda", "layout", "is_sparse"),
    *("is_nested", "is_quantized", "is_meta", "is_mkldnn", "names", "itemsize", "nbytes"),
    *("size", "dim", "numel", "nelement", "is_floating_point", "is_complex", "__len__"),
    *("element_size", "is_contiguous", "ndimension"),
}
"""What is known of a tensor without its values."""


class CannotVectorise(Exception):
    """A function that does something else than to compute values out of others."""


class Many(Tensor):
    """A tensor (…) that differs between weights.

    `axes` are how many values it has along the two axes in front, `sources`
    what it is computed from, by `compute`. It is `fresh` if nobody else holds
    the memory of what `compute` gives.
    """

    axes: tuple[int, int]
    sources: list["Many"]
    compute: Compute
    fresh: bool

    @staticmethod
    def __new__(cls, like: Tensor, plan: Plan, axes: tuple[int, int], fresh: bool) -> "Many":
        """Note how to come by what has the shape and the type of `like`."""
        self: Many = Tensor._make_wrapper_subclass(
            cls, like.shape, dtype=like.dtype, device=like.device
        )
        (self.sources, self.compute), self.axes, self.fresh = plan, axes, fresh
        return self

    @classmethod
    def __torch_function__(
        cls, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Note what `func` does at every set of weights."""
        kwargs = kwargs or {}
        name = func.__self__.__name__ if func.__name__ == "__get__" else func.__name__
        if name in _KNOWN:
            with torch._C.DisableTorchFunctionSubclass():
                return func(*args, **kwargs)
        writes = name.endswith("_") and not name.endswith("__")
        writes |= name in ("__setitem__", "__set__") or name.startswith("__i")
        if writes or "out" in kwargs:
            raise CannotVectorise(f"{name} writes into a tensor")
        # At one set of weights, to see of what shape and type it is.
        like = func(*tree_map_only(Many, _blank, args), **tree_map_only(Many, _blank, kwargs))
        fast = FAST.get(func)
        plan = NotImplemented if fast is None else fast(*args, **kwargs)
        if plan is not NotImplemented:
            return Many(like, plan, _axes(plan[0]), fresh=True)
        return _vectorised(func, args, kwargs, like)

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Refuse what did not come by way of `__torch_function__`."""
        raise CannotVectorise(f"{func} asks for the values of a tensor that differs")


def constant(many: Tensor) -> Many:
    """Wrap values (A or 1, B or 1, …)."""
    return Many(many[0, 0], ([], lambda values, own: many), (many.shape[0], many.shape[1]), False)


def _blank(many: Many) -> Tensor:
    return torch.zeros(many.shape, dtype=many.dtype, device=many.device)


def _axes(sources: Sequence[Many]) -> tuple[int, int]:
    return max(s.axes[0] for s in sources), max(s.axes[1] for s in sources)


def _vectorised(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], like: Any) -> Any:
    leaves, structure = tree_flatten((args, kwargs))
    at = [i for i, leaf in enumerate(leaves) if isinstance(leaf, Many)]
    results, result_structure = tree_flatten(like)
    if not all(result is None or isinstance(result, Tensor) for result in results):
        raise CannotVectorise(f"{func} gives something else than tensors")

    def one(*values: Tensor) -> Any:
        filled = list(leaves)
        for i, value in zip(at, values, strict=True):
            filled[i] = value
        args, kwargs = tree_unflatten(filled, structure)
        return tuple(r for r in tree_flatten(func(*args, **kwargs))[0] if r is not None)

    def compute(values: list[Tensor], own: list[bool]) -> tuple[Tensor, ...]:
        a, b = max(v.shape[0] for v in values), max(v.shape[1] for v in values)
        flat = (v.expand(a, b, *v.shape[2:]).flatten(0, 1) for v in values)
        return tuple(result.unflatten(0, (a, b)) for result in torch.vmap(one)(*flat))

    sources = [leaves[i] for i in at]
    axes = _axes(sources)
    whole = Many(torch.empty(0), (sources, compute), axes, fresh=False)
    made: list[Any] = []
    for result in results:
        if result is not None:
            pick = _Pick(sum(m is not None for m in made))
            result = Many(result, ([whole], pick), axes, fresh=False)
        made.append(result)
    return tree_unflatten(made, result_structure)


@dataclass(frozen=True)
class _Pick:
    """Takes one of several results."""

    index: int

    def __call__(self, values: list[Any], own: list[bool]) -> Tensor:
        result: Tensor = values[0][self.index]
        return result


def evaluate(roots: Sequence[Many], budget: int) -> list[Tensor]:
    """Compute what was noted, (A or 1, B or 1, …), with intermediates of up to `budget` bytes."""
    order = _in_order(roots)
    uses = Counter(id(source) for node in order for source in node.sources)
    uses.update(id(root) for root in roots)
    a, b = _axes(order)
    at_once = max(1, budget // max(node.numel() * node.element_size() for node in order))
    across = min(b, at_once)
    along = max(1, at_once // across)
    steps = [slice(i, i + along) for i in range(0, a, along)]
    sides = [slice(i, i + across) for i in range(0, b, across)]
    blocks = [[_block(order, uses, roots, step, side) for side in sides] for step in steps]
    results = []
    for i, root in enumerate(roots):
        rows = blocks if root.axes[0] > 1 else blocks[:1]
        width = len(sides) if root.axes[1] > 1 else 1
        results.append(torch.cat([torch.cat([p[i] for p in row[:width]], dim=1) for row in rows]))
    return results


def _block(
    order: Sequence[Many], uses: Counter[int], roots: Sequence[Many], step: slice, side: slice
) -> list[Tensor]:
    """Compute a part of what was noted: `step` along the first axis, `side` along the second."""
    left = uses.copy()
    values: dict[int, Any] = {}
    for node in order:
        given, own = [], []
        for source in node.sources:
            key = id(source)
            left[key] -= 1
            given.append(values[key] if left[key] else values.pop(key))
            once = sum(other is source for other in node.sources) == 1
            own.append(source.fresh and once and not left[key])
        value = node.compute(given, own)
        if not node.sources:
            value = value[step] if node.axes[0] > 1 else value
            value = value[:, side] if node.axes[1] > 1 else value
        values[id(node)] = value
        del value, given
    return [values[id(root)] for root in roots]


def _in_order(roots: Sequence[Many]) -> list[Many]:
    """Return all that the roots are computed from, sources first."""
    order: dict[int, Many] = {}
    waiting = [(root, False) for root in reversed(roots)]
    while waiting:
        node, ready = waiting.pop()
        if id(node) in order:
            continue
        if ready:
            order[id(node)] = node
        else:
            waiting.append((node, True))
            waiting.extend((source, False) for source in reversed(node.sources))
    return list(order.values())
