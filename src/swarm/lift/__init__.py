r"""Runs one bee's code once for a whole swarm.

The bee is an ordinary generator. Under a `torch.overrides.TorchFunctionMode`
every tensor that differs between bees is held as (bee, \\*shape), while the
bee's code sees the shape of its own. Tensors that are the same for all bees
are shared; random numbers are drawn bee by bee from each bee's own generator,
so that each gets exactly what it would get alone; trainable tensors become
each bee's own; all else goes through `torch.vmap`, with autograd outside it.
What cannot be done so is recognised and refused with `CannotLift`.
"""

from swarm._face import hand_on
from swarm.lift._refuse import CannotLift

__all__ = [
    "CannotLift",
]

hand_on(__name__)
