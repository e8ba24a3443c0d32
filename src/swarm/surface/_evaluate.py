"""Evaluates one network at many weights: the engine under `swarm.surface`.

The caller's network stays as it is. A private copy is loaded with one set of weights
after another, or, where the network allows it, computes with a tile of weights at
once (`Many`). Which way is taken never changes the result beyond rounding: points
spread over the whole grid are evaluated both ways before the second is trusted, and
then the faster is kept. Where a penalty in the loss, or a hook, reads the weights of
the very network, that network is taken for the copy, and gets its weights back.
"""

import copy
import itertools
import math
import time
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import joblib
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd

from swarm.surface import _fast  # noqa: F401 - notes its functions in `FAST`
from swarm.surface._batches import Batch, Loss, mean, refuse_randomness
from swarm.surface._many import Many, constant, evaluate
from swarm.surface._own import called, identical, lent, place, same
from swarm.surface._points import Index, Layout, Source
from swarm.surface._total import Share, Total, refuse_noise, watched

__all__ = ["Evaluator"]

Array = NDArray[np.float64]
Tile = tuple[slice, slice]
Known = dict[tuple[int, int], Array]
"""Metrics (metric,) of one batch at points (row, column)."""

CPU_BYTES = 2**21
"""How large intermediates may be, as far as it goes: they should stay in the processor's cache."""

GPU_BYTES = 256 * 2**20
"""The same on a GPU, which needs more work at once to be busy."""

WEIGHTS_BYTES = 8 * 2**20
"""How much memory the weights of a tile may take."""

SOONER = 1.0
"""How much of the time one by one going together may take."""

TRIAL, TRIAL_SHARE = 32, 0.02
"""For how many points, and for what share of all, it is tried what going together takes."""

LONG = 5e-3
"""For how many seconds a trial is good enough, without a larger one."""

POINTS_BYTES = 2**18
"""How much memory the weights of points that go one by one may take: they stay in the cache."""

MOST = 1024
"""The most sets of weights in a tile."""


class Evaluator:
    """Metrics of one network as a function of its flat weights.

    Parameters
    ----------
    net : torch.nn.Module
        Copied at once; the original stays as it is.
    metrics : mapping of str to callable
        Functions of (outputs, targets) that give the mean over samples, or one
        value for each sample.
    chunk : int or None
        The most sets of weights to evaluate at once; None chooses by memory.
    """

    def __init__(self, net: nn.Module, metrics: Mapping[str, Loss], chunk: int | None) -> None:
        if chunk is not None and chunk < 1:
            raise ValueError(f"chunk must be at least 1, got {chunk}")
        refuse_randomness(net)
        self.layout = Layout(net)
        self.metrics = dict(metrics)
        self.chunk = chunk
        self.original = net
        private = copy.deepcopy(net).requires_grad_(False)
        for module in private.modules():
            if isinstance(module, _BatchNorm) and module.training:
                # Kept up to date at every call, and never looked at in train mode.
                module.running_mean = module.running_var = module.num_batches_tracked = None
        self._use(private)
        weights = self.layout.size * self.layout.dtype.itemsize
        self.most = min(MOST, chunk or MOST, max(1, WEIGHTS_BYTES // weights))
        # Convolutions of many weights at once become grouped ones, slow on a CPU.
        slow = any(isinstance(module, _ConvNd) for module in self.net.modules())
        slow = slow and self.layout.device.type == "cpu"
        # A handful of large networks gains nothing from going together.
        self.at_once = chunk != 1 and not slow and 16 * weights <= WEIGHTS_BYTES
        self.trusted: set[Any] = set()

    def _use(self, net: nn.Module) -> None:
        """Evaluate with this network, whose weights are changed."""
        self.net = net
        self.parameters = list(net.parameters())
        names = {id(p): name for name, p in net.named_parameters()}
        self.places = [
            (module._parameters, key, names[id(p)])
            for module in net.modules()
            for key, p in module._parameters.items()
            if p is not None
        ]

    # -- all batches --------------------------------------------------------------------------

    @torch.no_grad()
    def run(self, source: Source, batches: Iterable[Batch], n_jobs: int | None = None) -> Array:
        """Return each metric over all samples, (metric, row, column)."""
        if self.layout.device.type == "cpu":
            # The C library gives memory back to the system that it will soon ask for again, page
            # by page, until it has seen a large piece go.
            torch.empty(31 * 2**20, dtype=torch.uint8)
            # What is touched for the first time is slow, and would blur the comparison of ways.
            _ = [torch.zeros(CPU_BYTES, dtype=torch.uint8) for _ in range(4 * self.at_once)]
        total = Total(list(self.metrics), source.shape)
        tiles: list[Tile] = []
        with lent(self.original):
            for batch in batches:
                known: Known = {}
                if not tiles:
                    n_jobs = self._choose_network(source, batch, known, n_jobs)
                shares = self._probe(source, batch)
                total.note(batch, shares)
                if not tiles:
                    refuse_noise(shares, self._probe(source, batch))
                    tiles = self._tiles(source, joblib.effective_n_jobs(n_jobs))
                known[0, 0] = np.array([float(share.value) for share in shares])
                if self.at_once and batch.shapes not in self.trusted:
                    self.trusted.add(batch.shapes)
                    self.at_once = self._is_better(source, batch, known)
                total.add(self._evaluate(source, tiles, batch, known, n_jobs))
            total.compare(lambda batch: self._probe(source, batch))
        return total.values()

    @torch.no_grad()
    def few(self, flat: Tensor, batch: Batch) -> Array:
        """Return the metrics (metric, point) of one batch at few weights (point, P)."""
        with lent(self.original):
            return np.stack(list(self._each([flat], batch)), axis=1)

    def _choose_network(
        self, source: Source, batch: Batch, known: Known, n_jobs: int | None
    ) -> int | None:
        """Take the caller's network where a copy is not the same, and return the workers for it.

        A penalty in the loss, or a hook, may read the weights of the very network. What was
        evaluated to see that is then `known`.
        """
        height, width = source.shape
        y, x = np.divmod(np.unique([0, height * width // 2, height * width - 1]), width)
        flat, private = source.flat(y, x), self.net
        copied = self.few(flat, batch)
        self._use(self.original)
        found = self.few(flat, batch)
        alike = identical(copied, found, self.layout.dtypes.values())
        values = copied if alike else found
        known.update(zip(zip(y.tolist(), x.tolist(), strict=True), values.T, strict=True))
        if not alike:
            return 1  # there is but one
        self._use(private)
        return n_jobs

    def _probe(self, source: Source, batch: Batch) -> list[Share]:
        """Evaluate the first point by itself."""
        corner = np.zeros(1, dtype=np.intp)
        self._load(source.flat(corner, corner)[0])
        outputs = called(self.net, batch)
        return [watched(m, outputs, batch.targets) for m in self.metrics.values()]

    def _evaluate(
        self,
        source: Source,
        tiles: list[Tile],
        batch: Batch,
        known: Known,
        n_jobs: int | None,
    ) -> Array:
        """Return the metrics (metric, row, column) of one batch."""
        jobs = min(joblib.effective_n_jobs(n_jobs), len(tiles))
        groups = [tiles[i::jobs] for i in range(jobs)]
        if jobs == 1:
            done = [self._group(source, tiles, batch, known)]
        else:
            # Each worker has a copy of its own: weights are swapped within the network.
            done = joblib.Parallel(n_jobs=n_jobs)(
                joblib.delayed(copy.deepcopy(self)._group)(source, group, batch, known)
                for group in groups
            )
        values = np.empty((len(self.metrics), *source.shape))
        for group, parts in zip(groups, done, strict=True):
            for (rows, cols), part in zip(group, parts, strict=True):
                values[:, rows, cols] = part
        return values

    @torch.no_grad()
    def _group(self, source: Source, tiles: list[Tile], batch: Batch, known: Known) -> list[Array]:
        indices = [[np.arange(side.start, side.stop) for side in tile] for tile in tiles]
        if self.at_once:
            return [self._together(source, rows, cols, batch) for rows, cols in indices]
        return [self._one_by_one(source, rows, cols, batch, known) for rows, cols in indices]

    # -- the size of a tile -------------------------------------------------------------------

    def _tiles(self, source: Source, jobs: int) -> list[Tile]:
        height, width = source.shape
        most = self.most
        if jobs > 1:  # enough for each, four times, but none that is hardly worth it
            most = min(most, max(64, height * width // (4 * jobs)))
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

    # -- one by one ---------------------------------------------------------------------------

    def _load(self, flat: Tensor) -> None:
        """Load weights (P,) into the network."""
        place(self.parameters, self.layout.split(flat).values())

    def _one(self, batch: Batch) -> Array:
        """Return the metrics (metric,) at the weights that the network has now."""
        outputs = called(self.net, batch)
        return np.array([float(mean(m(outputs, batch.targets))) for m in self.metrics.values()])

    def _each(self, parts: Iterable[Tensor], batch: Batch) -> Iterator[Array]:
        """Yield the metrics (metric,) at the weights in each of several (point, P), in turn."""
        point = torch.empty(self.layout.size, dtype=self.layout.dtype, device=self.layout.device)
        views = not point.is_cuda and {*self.layout.dtypes.values()} == {point.dtype}
        if views:  # what is written into one tensor is then in all parameters
            self._load(point)
        for weights in itertools.chain.from_iterable(parts):
            if views:
                point.copy_(weights)
            else:
                self._load(weights)
            yield self._one(batch)

    def _one_by_one(
        self, source: Source, rows: Index, cols: Index, batch: Batch, known: Known
    ) -> Array:
        """Return the metrics (metric, row, column) of a tile, but evaluate no point again."""
        points = [(int(y), int(x)) for y in rows for x in cols]
        new = [point for point in points if point not in known]
        step = max(1, POINTS_BYTES // (self.layout.size * self.layout.dtype.itemsize))
        flat = (source.flat(*np.transpose(new[i : i + step])) for i in range(0, len(new), step))
        found = known | dict(zip(new, self._each(flat, batch), strict=True))
        values = np.stack([found[point] for point in points], axis=1)
        return values.reshape(-1, len(rows), len(cols))

    # -- a whole tile at once -----------------------------------------------------------------

    def _together(self, source: Source, rows: Index, cols: Index, batch: Batch) -> Array:
        """Return the metrics (metric, row, column) of a tile."""
        return self._computed(self._noted(source, rows, cols, batch), source, rows, cols)

    def _noted(self, source: Source, rows: Index, cols: Index, batch: Batch) -> list[Many]:
        params = {name: constant(part) for name, part in source.params(rows, cols).items()}
        with self._swapped(params):
            outputs = called(self.net, batch)
            metrics = [mean(m(outputs, batch.targets)) for m in self.metrics.values()]
        # A metric may depend on no weights at all.
        return [m if isinstance(m, Many) else constant(m[None, None]) for m in metrics]

    def _computed(self, metrics: list[Many], source: Source, rows: Index, cols: Index) -> Array:
        with warnings.catch_warnings():
            # vmap is correct, only not fast, where an operation has no batching rule.
            warnings.filterwarnings("ignore", message="There is a performance drop")
            on_cpu = self.layout.device.type == "cpu"
            values = evaluate(metrics, CPU_BYTES if on_cpu else GPU_BYTES)
        axes = len(rows), len(cols)
        axes = axes[::-1] if source.columns_first else axes
        stacked = torch.stack([value.double().expand(axes) for value in values]).cpu().numpy()
        return stacked.swapaxes(1, 2) if source.columns_first else stacked

    @contextmanager
    def _swapped(self, params: dict[str, Many]) -> Iterator[None]:
        kept = [home[key] for home, key, _ in self.places]
        try:
            for home, key, name in self.places:
                home[key] = params[name]  # type: ignore[assignment]
            yield
        finally:
            for (home, key, _), parameter in zip(self.places, kept, strict=True):
                home[key] = parameter

    def _is_better(self, source: Source, batch: Batch, known: Known) -> bool:
        """Compare both ways at points spread over the grid, for every shape of batch.

        Weights go together where that gives the same, and sooner. What was evaluated one by one
        is then `known`.
        """
        height, width = source.shape
        across = 3 if height > 1 else 9
        rows, cols = (
            np.unique(np.linspace(0, n - 1, across).round().astype(np.intp)) for n in source.shape
        )
        # Away from the middle, where a plane's origin is and much is alike.
        cols = np.unique(np.minimum(cols + (cols == (width - 1) // 2), width - 1))
        if height * width <= 2 * len(rows) * len(cols):
            return False
        # What fails to be replaced (an LSTM keeps its weights in a second place) shows as NaN.
        nothing = self.layout.tensor(np.full(self.layout.size, np.nan))
        self._load(nothing)
        try:
            together, first = self._timed(source, rows, cols, batch)
        except Exception:
            return False
        y, x = (grid.ravel() for grid in np.meshgrid(rows, cols, indexing="ij"))
        start, alone, times = self._clock(), [], []
        for values in self._each([source.flat(y, x)], batch):
            alone.append(values)
            start, before = self._clock(), start
            times.append(start - before)
        known.update(zip(zip(y.tolist(), x.tolist(), strict=True), alone, strict=True))
        expected = np.stack(alone, axis=1).reshape(together.shape)
        if not same(together, expected, self.layout.dtypes.values()):
            return False
        if not np.isfinite(expected).any():
            return False
        # Going together is timed over many points, too, and a little above what it then takes.
        most = SOONER * float(np.median(times))
        if first < most * len(alone):
            return True
        # Where points take long, a larger tile would not turn that round.
        return most * len(alone) < LONG and self._is_sooner(source, batch, most)

    def _is_sooner(self, source: Source, batch: Batch, most: float) -> bool:
        """Time a larger tile, now that all is warm, where that is a small part of the work."""
        height, width = source.shape
        points = min(TRIAL, int(TRIAL_SHARE * height * width))
        if not points:
            return False
        rows = np.arange(min(height, math.isqrt(points)))
        cols = np.arange(min(width, points // len(rows)))
        points = len(rows) * len(cols)
        before = math.inf
        while True:
            seconds = self._timed(source, rows, cols, batch)[1]
            if seconds < most * points:
                return True
            if seconds > 0.9 * before:  # it no longer gets faster, as it does in a new process
                return False
            before = seconds

    def _timed(
        self, source: Source, rows: Index, cols: Index, batch: Batch
    ) -> tuple[Array, float]:
        """Return the metrics of a tile, and what it takes in seconds as a part of a large one."""
        start = self._clock()
        noted = self._noted(source, rows, cols, batch)
        middle = self._clock()
        values = self._computed(noted, source, rows, cols)
        # To note what is to be done costs a tile the same whatever its size.
        share = len(rows) * len(cols) / min(self.most, math.prod(source.shape))
        return values, self._clock() - middle + (middle - start) * share

    def _clock(self) -> float:
        """Return a time in seconds; where one thread works, that which others do not disturb."""
        alone = torch.get_num_threads() == 1 and self.layout.device.type == "cpu"
        return time.thread_time() if alone else time.perf_counter()
