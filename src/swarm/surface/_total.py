"""How a metric's values on batches make its value on all samples."""

import inspect
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from swarm.surface._batches import Batch, Loss, mean

__all__ = ["Share", "Total", "refuse_noise", "watched"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Share:
    """What a metric is on one batch: the mean over things of some weight, or a sum of them.

    `weight` is None where nobody can tell, and samples are counted instead.
    """

    value: Tensor
    kind: str
    weight: float | None


def watched(metric: Loss, outputs: Any, targets: Any) -> Share:
    """Evaluate a metric, and see what it is a mean over: the last function that it called."""
    with _Watch() as watch:
        value = metric(outputs, targets)
    if isinstance(value, Tensor) and value.ndim:
        return Share(mean(value), "mean", float(value.numel()))
    kind, weight = watch.reductions.get(id(value), ("mean", None))
    return Share(mean(value), kind, weight)


def refuse_noise(shares: Sequence[Share], again: Sequence[Share]) -> None:
    """Refuse metrics that at the same weights are not what they were before.

    Raises
    ------
    ValueError
    """
    before, after = ([float(share.value.detach()) for share in each] for each in (shares, again))
    if not np.allclose(before, after, rtol=1e-6, atol=0, equal_nan=True):
        raise ValueError(
            "the network or the loss draws random numbers, or remembers earlier calls: at the "
            f"same weights it gave {before} and then {after}, so the loss would be noise; call "
            "net.eval(), or fix what is drawn before"
        )


class _Watch(TorchFunctionMode):
    """Notes for each single number how it was reduced."""

    def __init__(self) -> None:
        super().__init__()
        self.reductions: dict[int, tuple[str, float | None]] = {}
        self.kept: list[Tensor] = []  # so that no id is given away again

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if isinstance(result, Tensor) and result.ndim == 0:
            with torch.no_grad():
                self.reductions[id(result)] = _reduction(func, args, kwargs or {})
            self.kept.append(result)
        return result


# Their mean is that of what they give unreduced.
_MEANS = {
    *(F.mse_loss, F.l1_loss, F.smooth_l1_loss, F.huber_loss, F.binary_cross_entropy),
    *(F.binary_cross_entropy_with_logits, F.soft_margin_loss, F.hinge_embedding_loss, F.kl_div),
    *(F.poisson_nll_loss, F.gaussian_nll_loss, F.margin_ranking_loss, F.multi_margin_loss),
    *(F.multilabel_margin_loss, F.multilabel_soft_margin_loss, F.cosine_embedding_loss),
    *(F.triplet_margin_loss,),
}


def _reduction(func: Any, args: tuple[Any, ...], kwargs: Any) -> tuple[str, float | None]:
    """Tell whether a function that gave a number took a mean or a sum, and over what weight."""
    if func in (torch.mean, Tensor.mean):
        return "mean", float(args[0].numel()) if args else None
    if func in (torch.sum, Tensor.sum):
        return "sum", 1.0
    if func not in _MEANS and func not in (F.cross_entropy, F.nll_loss):
        return "mean", None
    given = inspect.signature(func).bind(*args, **kwargs)
    given.apply_defaults()
    asked = given.arguments
    if asked.get("size_average") is not None or asked.get("reduce") is not None:
        return "mean", None
    if asked["reduction"] == "sum":
        return "sum", 1.0
    if asked["reduction"] != "mean":
        return "mean", float(len(args[0]))
    if func in _MEANS:
        if func in (F.mse_loss, F.l1_loss, F.huber_loss) and asked.get("weight") is not None:
            return "mean", float(asked["weight"].sum())
        asked["reduction"] = "none"
        return "mean", float(func(*given.args, **given.kwargs).numel())
    logits, target = asked["input"], asked["target"]
    if target.is_floating_point():  # probabilities of classes
        return "mean", float(logits.numel() / logits.shape[min(1, logits.ndim - 1)])
    valid = target[target != asked["ignore_index"]]
    weight = asked.get("weight")
    return "mean", float(valid.numel() if weight is None else weight[valid].double().sum())


class Total:
    """Metrics on all samples, out of those on each batch.

    Parameters
    ----------
    names : sequence of str
        What the metrics are called.
    shape : tuple of int
        Of the values of one of them.
    """

    def __init__(self, names: Sequence[str], shape: tuple[int, ...]) -> None:
        self.names = tuple(names)
        self.sums = np.zeros((len(self.names), *shape))
        self.weights = np.zeros(len(self.names))
        self.kinds: list[str] = []
        self.ends: list[tuple[Batch, list[Share], Array]] = []

    def note(self, batch: Batch, shares: list[Share]) -> None:
        """Learn how the metrics of the next batch count, from their values at one point."""
        kinds = [share.kind for share in shares]
        if self.kinds and kinds != self.kinds:
            raise ValueError(
                "the loss is a mean over some batches and a sum over others; make it one of them"
            )
        self.kinds = kinds
        self.counts = np.array(
            [batch.samples if share.weight is None else share.weight for share in shares]
        )
        self.ends = [*self.ends[:1], (batch, shares, self.counts)]

    def add(self, values: Array) -> None:
        """Add the values (metric, …) of the batch that was noted last."""
        for i, count in enumerate(self.counts):
            if count:  # what is a mean over nothing is no number, and counts for nothing
                self.sums[i] += count * values[i]
        self.weights += self.counts

    def values(self) -> Array:
        """Return the metrics on all samples, (metric, …)."""
        return np.stack(
            [_over(*parts) for parts in zip(self.sums, self.kinds, self.weights, strict=True)]
        )

    def compare(self, evaluate: Callable[[Batch], list[Share]]) -> None:
        """Warn where two batches together have another value than is made out of both.

        `evaluate` gives the metrics of a batch at the point of those noted.
        """
        if len(self.ends) < 2:
            return
        (first, one, counts), (last, two, others) = self.ends
        batch = first.joined(last)
        try:
            together = evaluate(batch) if batch else []
        except (RuntimeError, ValueError, IndexError):  # what lies otherwise cannot be compared
            return
        rows = zip(self.names, together, one, two, counts, others, strict=True)
        for name, share, a, b, n, m in rows:
            total = sum(w * float(s.value.detach()) for s, w in ((a, n), (b, m)) if w)
            made = _over(total, share.kind, n + m)
            whole = float(share.value.detach())
            rounding = 1e-9 if share.value.dtype == torch.float64 else 2e-5
            if abs(made - whole) > rounding * max(abs(whole), abs(made)):  # not where one is NaN
                warnings.warn(
                    f"{name!r} depends on how the samples are parted into batches: for the first "
                    f"and the last together it is {whole:.6g}, but {made:.6g} as made of both. "
                    "Pass all samples at once, or a loss that is a mean over samples; and if "
                    "BatchNorm is in train mode, call net.eval()",
                    RuntimeWarning,
                    stacklevel=4,
                )


def _over(total: Any, kind: str, weight: float) -> Any:
    if kind == "sum":
        return total
    return total / weight if weight else total * np.nan
