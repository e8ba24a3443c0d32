"""Evaluates one network at many weights: the engine under `swarm.surface`.

The caller's network is never touched. Where it can, one call evaluates a whole
tile of weights, with `torch.func.functional_call` under `torch.vmap`; where the
network resists that, a private copy is loaded with one set of weights after
another. Which way is taken never changes the result: before a vectorised call
is trusted, one of its points is compared with the copy.
"""

import copy
import math
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import joblib
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.modules.conv import _ConvNd
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_map_only

from swarm.surface._batches import Batch, Loss, arguments, mean, refuse_randomness
from swarm.surface._points import Listed, Source
from swarm.surface._stack import Stack, is_stack

__all__ = ["Evaluator"]

CPU_BYTES = 8 * 2**20
"""How large a tile's largest intermediate may be: it should stay in the processor's cache."""

GPU_BYTES = 256 * 2**20
"""The same on a GPU, which needs more work at once to be busy."""


class _FeaturesFirst(TorchFunctionMode):
    """Gives linear layers the layout in which many of them at once are fast.

    Samples are many and features few, so a batched product is quickest with
    the samples along its rows: (out, in) · (in, sample). What comes out is
    seen as (sample, out) and keeps its layout through whatever works element
    by element, up to the next layer. A layer of one input has nothing to sum
    over and is multiplied element by element.
    """

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if func is not nn.functional.linear or kwargs:
            return func(*args, **(kwargs or {}))
        inputs, weight, *rest = args
        bias = rest[0] if rest else None
        if weight.shape[-1] == 1:
            product = inputs * weight[..., 0]  # (…, 1) · (out,) -> (…, out)
        elif inputs.ndim == 2:
            product = (weight @ inputs.mT).mT
        else:
            return func(*args)
        return product if bias is None else product + bias


class Evaluator:
    """Metrics of one network as a function of its flat weights.

    Parameters
    ----------
    net : torch.nn.Module
        Copied at once; the original stays as it is.
    metrics : sequence of callables
        Functions of (outputs, targets) that give the mean over samples, or one
        value for each sample.
    chunk : int or None
        The most sets of weights to evaluate at once; None chooses by memory.
    """

    def __init__(self, net: nn.Module, metrics: Sequence[Loss], chunk: int | None) -> None:
        if chunk is not None and chunk < 1:
            raise ValueError(f"chunk must be at least 1, got {chunk}")
        refuse_randomness(net)
        self.metrics = tuple(metrics)
        self.chunk = chunk
        self.net = copy.deepcopy(net).requires_grad_(False)
        self.shapes = {name: p.shape for name, p in self.net.named_parameters()}
        first = next(self.net.parameters(), None)
        if first is None:
            raise ValueError(f"{type(net).__name__} has no parameters, so it has no loss surface")
        self.device, self.dtype = first.device, first.dtype
        self.size = sum(shape.numel() for shape in self.shapes.values())
        self.stack = Stack(self.net) if is_stack(self.net, self.shapes) else None
        self.vectorised = chunk != 1
        self.checked = False

    def tensor(self, vector: NDArray[Any]) -> Tensor:
        """Return weights or coordinates where the network lives and in its precision."""
        return torch.tensor(vector, device=self.device, dtype=self.dtype)

    @torch.no_grad()
    def run(
        self, source: Source, batches: Iterable[Batch], n_jobs: int | None = None
    ) -> NDArray[np.float64]:
        """Return each metric's mean over all samples, (metric, row, column)."""
        total = np.zeros((len(self.metrics), *source.shape))
        samples = 0
        tiles: list[tuple[slice, slice]] = []
        for inputs, targets, count in batches:
            # The first batch decides the size of the tiles; later ones are no larger, as a rule.
            tiles = tiles or self._tiles(source, inputs, targets)
            self._check(source, tiles[0], inputs, targets)
            jobs = min(joblib.effective_n_jobs(n_jobs), len(tiles))
            if jobs == 1:
                total += count * self._group(source, tiles, inputs, targets)
            else:
                # Each worker has a copy of its own: weights are swapped within the network.
                total += count * sum(
                    joblib.Parallel(n_jobs=n_jobs)(
                        joblib.delayed(copy.deepcopy(self)._group)(source, group, inputs, targets)
                        for group in (tiles[i::jobs] for i in range(jobs))
                    )
                )
            samples += count
        return total / samples

    @torch.no_grad()
    def _group(
        self, source: Source, tiles: list[tuple[slice, slice]], inputs: Any, targets: Any
    ) -> NDArray[np.float64]:
        """Return the metrics (metric, row, column), zero outside `tiles`."""
        evaluate = self._at_once if self.vectorised else self._one_by_one
        # Written at once: small results kept between large tensors would splinter the heap.
        values = np.zeros((len(self.metrics), *source.shape))
        for rows, cols in tiles:
            values[:, rows, cols] = evaluate(source, rows, cols, inputs, targets)
        return values

    # -- the size of a tile -------------------------------------------------------------------

    def _tiles(self, source: Source, inputs: Any, targets: Any) -> list[tuple[slice, slice]]:
        height, width = source.shape
        most = self.chunk or self._affordable(source, inputs, targets)
        # As square as it goes, so that a grid's shared work is shared by as many as possible.
        step_y = min(height, max(1, math.isqrt(most)))
        step_x = min(width, max(1, most // step_y))
        step_y = min(height, max(1, most // step_x))
        # Equal tiles rather than a thin one at the end.
        step_y, step_x = (
            math.ceil(n / math.ceil(n / step)) for n, step in ((height, step_y), (width, step_x))
        )
        return [
            (slice(y, min(y + step_y, height)), slice(x, min(x + step_x, width)))
            for y in range(0, height, step_y)
            for x in range(0, width, step_x)
        ]

    def _affordable(self, source: Source, inputs: Any, targets: Any) -> int:
        """Return how many sets of weights fit the budget, from the outputs of every module."""
        # Convolutions of many weights at once become grouped ones, slow on a CPU.
        on_cpu = self.device.type == "cpu"
        if on_cpu and any(isinstance(module, _ConvNd) for module in self.net.modules()):
            return 1
        largest = self.size * self.dtype.itemsize

        def measure(module: nn.Module, args: Any, outputs: Any) -> None:
            nonlocal largest

            def note(tensor: Tensor) -> None:
                nonlocal largest
                largest = max(largest, tensor.numel() * tensor.element_size())

            tree_map_only(Tensor, note, outputs)

        hooks = [module.register_forward_hook(measure) for module in self.net.modules()]
        try:
            self._one(source.weights(0, 0), inputs, targets)
        finally:
            for hook in hooks:
                hook.remove()
        most = max(1, (CPU_BYTES if on_cpu else GPU_BYTES) // largest)
        # A handful of large networks gains nothing from going together.
        return 1 if on_cpu and most < 4 else most

    # -- one by one ---------------------------------------------------------------------------

    def _one(self, weights: Tensor, inputs: Any, targets: Any) -> NDArray[np.float64]:
        """Return the metrics (metric,) at `weights` (P,), loaded into the private copy."""
        nn.utils.vector_to_parameters(weights, self.net.parameters())
        args, kwargs = arguments(inputs)
        outputs = self.net(*args, **kwargs)
        return np.array([float(mean(m(outputs, targets))) for m in self.metrics])

    def _one_by_one(
        self, source: Source, rows: slice, cols: slice, inputs: Any, targets: Any
    ) -> NDArray[np.float64]:
        values = [
            [
                self._one(source.weights(y, x), inputs, targets)
                for x in range(cols.start, cols.stop)
            ]
            for y in range(rows.start, rows.stop)
        ]
        return np.moveaxis(np.array(values), -1, 0)

    # -- a whole tile at once -----------------------------------------------------------------

    def _at_once(
        self, source: Source, rows: slice, cols: slice, inputs: Any, targets: Any
    ) -> NDArray[np.float64]:
        """Return the metrics (metric, row, column) of a tile."""
        args, kwargs = arguments(inputs)
        params, on_rows, on_cols = source.tile(rows, cols)
        plain = isinstance(inputs, Tensor) and inputs.ndim == 2 and inputs.dtype == self.dtype

        def forward(params: dict[str, Tensor]) -> Any:
            return functional_call(self.net, params, args, kwargs)

        with warnings.catch_warnings(), _FeaturesFirst():
            # vmap is correct, only not fast, where an operation has no batching rule.
            warnings.filterwarnings("ignore", message="There is a performance drop")
            each = torch.vmap(forward, in_dims=(on_cols,))
            if self.stack and plain and isinstance(source, Listed):
                outputs: Any = self.stack(params, inputs)
            elif any(dim is not None for dim in on_rows.values()):
                each = torch.vmap(each, in_dims=(on_rows,))
                outputs = tree_map_only(Tensor, lambda t: t.flatten(0, 1), each(params))
            else:
                outputs = each(params)
            # The metrics see one flat axis: not all of torch's losses are right under two vmaps.
            values = [
                torch.vmap(lambda o, m=metric: mean(m(o, targets)))(outputs)
                for metric in self.metrics
            ]
        shape = rows.stop - rows.start, cols.stop - cols.start
        return torch.stack([v.double() for v in values]).view(-1, *shape).cpu().numpy()

    def _check(self, source: Source, tile: tuple[slice, slice], inputs: Any, targets: Any) -> None:
        """Try the first tile at once, and go one by one if that fails or differs."""
        if self.checked or not self.vectorised:
            return
        self.checked = True
        rows, cols = tile
        if (rows.stop - rows.start) * (cols.stop - cols.start) == 1:
            self.vectorised = False
            return
        # What fails to be replaced (an LSTM keeps its weights in a second place) shows as NaN.
        nothing = torch.full((self.size,), math.nan, device=self.device, dtype=self.dtype)
        nn.utils.vector_to_parameters(nothing, self.net.parameters())
        try:
            values = self._at_once(source, rows, cols, inputs, targets)
        except Exception as error:
            if "random operation" in str(error):
                raise ValueError(
                    "the network or the loss draws random numbers, so the loss would be noise; "
                    "call net.eval(), or fix what is drawn before"
                ) from error
            self.vectorised = False
            return
        finite = np.argwhere(np.isfinite(values).all(axis=0))
        y, x = finite[0] if len(finite) else (0, 0)
        alone = self._one(source.weights(rows.start + y, cols.start + x), inputs, targets)
        self.vectorised = bool(np.allclose(values[:, y, x], alone, rtol=1e-3, atol=1e-5))
