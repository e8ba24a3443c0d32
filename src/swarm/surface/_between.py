"""Ways between two solutions: straight, matched unit by unit, or bent to be low."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment
from torch import nn

from swarm.surface._batches import Loss, as_batches, mean, refuse_randomness
from swarm.surface._own import loss_with, refuse_reading
from swarm.surface._planes import vectors
from swarm.surface._points import Layout

__all__ = ["Curve", "barrier", "match_units", "trained_curve"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Curve:
    """A way from one set of weights to another: straight, or bent towards a third.

    The way is (1 − t)²·start + 2t(1 − t)·bend + t²·end, a Bézier curve.

    Parameters
    ----------
    start, end : array_like of float, shape (P,)
        The weights at t = 0 and at t = 1.
    bend : array_like of float, shape (P,), optional
        What the way is drawn towards; by default the middle, which leaves it
        straight.

    Examples
    --------
    >>> Curve([0, 0], [2, 0]).point([0, 0.5, 1])
    array([[0., 0.],
           [1., 0.],
           [2., 0.]])
    >>> float(Curve([0, 0], [2, 0], bend=[1, 4]).point(0.5)[1])
    2.0
    """

    start: Array
    end: Array
    bend: Array | None = None

    def __post_init__(self) -> None:
        for name in ("start", "end", "bend"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, vectors(getattr(self, name), name))
        middle = (self.start + self.end) / 2 if self.bend is None else self.bend
        object.__setattr__(self, "bend", middle)
        if not self.start.shape == self.end.shape == middle.shape or self.start.ndim != 1:
            raise ValueError(
                "start, end and bend must be flat and equally long, got shapes "
                f"{self.start.shape}, {self.end.shape} and {middle.shape}"
            )

    def point(self, ts: ArrayLike) -> Array:
        """Return the weights (…, P) at `ts` (…), which `loss_at` takes."""
        t = np.asarray(ts, dtype=np.float64)[..., None]
        bend = np.asarray(self.bend)
        return np.asarray((1 - t) ** 2 * self.start + 2 * t * (1 - t) * bend + t**2 * self.end)


def barrier(losses: ArrayLike, ts: ArrayLike | None = None) -> float:
    """Say how high the loss rises along a way, above the straight line between its ends.

    Parameters
    ----------
    losses : array_like of float, shape (T,)
        The loss along the way, from one end to the other.
    ts : array_like of float, shape (T,), optional
        How far along, by default evenly spaced.

    Returns
    -------
    float
        At least 0; infinite or NaN where a loss is.

    Notes
    -----
    The definition is that of Entezari et al., "The role of permutation
    invariance in linear mode connectivity of neural networks", ICLR 2022,
    arXiv:2110.06296.

    Examples
    --------
    >>> barrier([1, 3, 2])
    1.5
    """
    height = np.asarray(losses, dtype=np.float64)
    t = np.linspace(0, 1, height.size) if ts is None else np.asarray(ts, dtype=np.float64)
    if height.ndim != 1 or t.shape != height.shape or height.size < 2:
        raise ValueError(
            "losses and ts must be 1-D, equally long, and of two or more, got shapes "
            f"{height.shape} and {t.shape}"
        )
    share = (t - t[0]) / (t[-1] - t[0])
    return float(np.max(height - (1 - share) * height[0] - share * height[-1]))


def trained_curve(
    net: nn.Module,
    loss: Loss,
    inputs: Any,
    targets: Any,
    start: ArrayLike,
    end: ArrayLike,
    *,
    steps: int = 300,
    lr: float = 0.02,
    seed: int = 0,
) -> Curve:
    """Bend the way between two solutions until the loss along it is low.

    Parameters
    ----------
    net, loss, inputs, targets
        As for `loss_surface`; the loss must be differentiable. Batches are
        gone through again and again, one each step.
    start, end : array_like of float, shape (P,)
    steps : int, default 300
        Steps of Adam on the bend, each at four points, one from each quarter
        of the way.
    lr : float, default 0.02
        The learning rate at the beginning; it falls to zero as a cosine.
    seed : int, default 0
        Where those points are.

    Returns
    -------
    Curve
        ``loss_at(net, …, curve.point(ts))`` is the loss along it.

    Notes
    -----
    T. Garipov et al., "Loss surfaces, mode connectivity, and fast ensembling
    of DNNs", NeurIPS 2018, arXiv:1802.10026: the expected loss at a uniformly
    drawn t is minimised.
    """
    refuse_randomness(net)
    if steps < 1:
        raise ValueError(f"steps must be at least 1, got {steps}")
    layout = Layout(net)
    straight = Curve(vectors(start, "start"), vectors(end, "end"))
    if len(straight.start) != layout.size:
        raise ValueError(
            f"{type(net).__name__} has {layout.size} weights, got {len(straight.start)}"
        )
    first, last = layout.tensor(straight.start), layout.tensor(straight.end)
    bend = ((first + last) / 2).requires_grad_(True)
    batches = list(as_batches(inputs, targets, layout.device, net))
    refuse_reading(net, loss, batches[0], layout.split(bend.detach()))
    optimizer = torch.optim.Adam([bend], lr=lr)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    rng = np.random.default_rng(seed)
    with torch.enable_grad():
        for step in range(steps):
            optimizer.zero_grad()
            for t in (np.arange(4) + rng.random(4)) / 4:
                point = (1 - t) ** 2 * first + 2 * t * (1 - t) * bend + t**2 * last
                value = mean(
                    loss_with(net, loss, batches[step % len(batches)], layout.split(point))
                )
                (value / 4).backward()
            optimizer.step()
            schedule.step()
    return Curve(straight.start, straight.end, bend.detach().cpu().double().numpy())


def match_units(net: nn.Sequential, reference: ArrayLike, weights: ArrayLike) -> Array:
    """Renumber the hidden units of one solution so that they match those of another.

    Swapping two units of a layer, with all that goes in and comes out, changes
    nothing in what a network computes, but moves it far away among weights. Of
    all such twins of a solution this finds one near the reference.

    Parameters
    ----------
    net : torch.nn.Sequential
        What both are weights of: linear layers with activations without
        parameters, and layer normalisation, between them.
    reference, weights : array_like of float, shape (P,)

    Returns
    -------
    numpy.ndarray of float, shape (P,)
        `weights` with their units renumbered: the same function.

    Raises
    ------
    ValueError
        If the network is anything else, or weights do not fit.

    Notes
    -----
    Weight matching of S. Ainsworth, J. Hayase, S. Srinivasa, "Git Re-Basin",
    ICLR 2023, arXiv:2209.04836: layer by layer, in turns, the assignment under
    which both have the greatest inner product, until none changes. The order
    found is a local best.
    """
    layout = Layout(net)
    groups = _unit_groups(net)
    fixed, moved = (vectors(w, n) for w, n in ((reference, "reference"), (weights, "weights")))
    if not fixed.shape == moved.shape == (layout.size,):
        raise ValueError(
            f"{type(net).__name__} has {layout.size} weights, got shapes {fixed.shape} and "
            f"{moved.shape}"
        )
    target, ours = (
        {name: part.numpy() for name, part in _double(layout, flat).items()}
        for flat in (fixed, moved)
    )
    for _ in range(100):
        changed = False
        for places in groups:
            # How alike unit i of the one and unit j of the other are, over all their weights.
            alike = np.sum(
                [_rows(target[name], axis) @ _rows(ours[name], axis).T for name, axis in places],
                axis=0,
            )
            order = linear_sum_assignment(alike, maximize=True)[1]
            better = alike[np.arange(len(order)), order].sum() - np.trace(alike)
            if better > 1e-9 * np.abs(alike).sum():
                changed = True
                for name, axis in places:
                    ours[name] = np.take(ours[name], order, axis=axis)
        if not changed:
            break
    return np.concatenate([part.ravel() for part in ours.values()])


def _double(layout: Layout, flat: Array) -> dict[str, torch.Tensor]:
    parts = torch.from_numpy(flat).split(layout.sizes)
    named = zip(layout.shapes.items(), parts, strict=True)
    return {name: part.reshape(shape) for (name, shape), part in named}


def _rows(weight: Array, axis: int) -> Array:
    """Return one row for each unit."""
    return np.moveaxis(weight, axis, 0).reshape(weight.shape[axis], -1)


def _unit_groups(net: nn.Module) -> list[list[tuple[str, int]]]:
    """Return for each hidden layer the parameters, and their axis, that its units number."""
    groups: list[list[tuple[str, int]]] = []
    known = set(dict(net.named_parameters()))
    for name, layer in _layers(net):
        owned = {f"{name}.{part}" for part, _ in layer.named_parameters()}
        if isinstance(layer, nn.Linear):
            if groups:
                groups[-1].append((f"{name}.weight", 1))
            groups.append([(f"{name}.weight", 0)])
            groups[-1] += [(f"{name}.bias", 0)] if layer.bias is not None else []
        elif isinstance(layer, nn.LayerNorm) and groups and len(layer.normalized_shape) == 1:
            groups[-1] += [(part, 0) for part in sorted(owned)]
        elif owned or list(layer.buffers()):
            raise ValueError(
                f"units can be matched between linear layers, not through {layer} ({name!r})"
            )
        if not owned <= known:
            raise ValueError(f"{name!r} shares its weights with another layer: units cannot move")
    if not groups:
        raise ValueError(f"{type(net).__name__} has no linear layers, so it has no units")
    return groups[:-1]  # the last are the outputs


def _layers(net: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    if not isinstance(net, nn.Sequential):
        raise ValueError(
            f"units can be matched in a torch.nn.Sequential, got {type(net).__name__}, whose "
            "order of layers cannot be told"
        )
    for name, layer in net._modules.items():
        assert layer is not None
        inner = _layers(layer) if isinstance(layer, nn.Sequential) else [("", layer)]
        for part, module in inner:
            yield f"{name}.{part}".rstrip("."), module
