"""Lets Python code of torch that branches on what it draws do so for each bee."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import init
from torch.utils.data import RandomSampler

from swarm.lift._values import Bees, as_bees, refuse

if TYPE_CHECKING:
    from swarm.lift._mode import Lift

__all__ = ["each_rejects", "each_shuffles", "states_refused"]


@contextmanager
def states_refused() -> Iterator[None]:
    """Refuse to read the state of the global generator, from which no bee draws."""
    alone = torch.get_rng_state

    def refused() -> Any:
        raise refuse(
            "reading the state of torch's generator (as fork_rng does)",
            "draw from a torch.Generator of its own",
        )

    torch.get_rng_state = torch.random.get_rng_state = refused
    try:
        yield
    finally:
        torch.get_rng_state = torch.random.get_rng_state = alone


@contextmanager
def each_rejects(lift: "Lift") -> Iterator[None]:
    """Let ``trunc_normal_``, which may sample by rejection, do so bee by bee."""
    alone = init._no_grad_trunc_normal_

    def together(*args: Any, **kwargs: Any) -> Any:
        with torch._C.DisableTorchFunction():
            return lift.draw(alone, args, kwargs)

    init._no_grad_trunc_normal_ = together
    try:
        yield
    finally:
        init._no_grad_trunc_normal_ = alone


@contextmanager
def each_shuffles() -> Iterator[None]:
    """Let a RandomSampler give each bee its own order, for the length of a block.

    The sampler draws a seed with ``int(….item())``, of which there is one for
    each bee. Here it yields an index tensor of all bees instead of a number.
    """
    alone = RandomSampler.__iter__

    def together(self: RandomSampler) -> Iterator[Any]:
        if self.generator is not None:
            yield from alone(self)
            return
        seeds = torch.empty((), dtype=torch.int64).random_()
        if type(seeds) is not Bees:
            yield from alone(self)
            return
        with torch._C.DisableTorchFunction():
            orders = []
            for seed in seeds.tolist():
                generator = torch.Generator().manual_seed(seed)
                sampler = RandomSampler(
                    self.data_source, self.replacement, self._num_samples, generator
                )
                orders.append(list(alone(sampler)))
            columns = [as_bees(column) for column in torch.tensor(orders).unbind(1)]
        yield from columns

    RandomSampler.__iter__ = together  # type: ignore[method-assign]
    try:
        yield
    finally:
        RandomSampler.__iter__ = alone  # type: ignore[method-assign]
