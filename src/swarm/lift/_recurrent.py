r"""Recurrent layers of all bees, step by step: torch has no rule to run these under vmap.

Axes are (bee, time, batch, feature) throughout, whatever a bee's own order is.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

from swarm.lift._values import Bees, as_bees

if TYPE_CHECKING:
    from swarm.lift._mode import Lift

__all__ = ["RECURRENT", "recurrent"]

Tensor = torch.Tensor
Step = Callable[[Tensor, Tensor, tuple[Tensor, ...]], tuple[Tensor, ...]]


def _lstm(of_input: Tensor, of_hidden: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    i, f, g, o = (of_input + of_hidden).chunk(4, -1)
    cell = f.sigmoid() * state[1] + i.sigmoid() * g.tanh()
    return o.sigmoid() * cell.tanh(), cell


def _gru(of_input: Tensor, of_hidden: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    to_reset, to_update, to_new = of_input.chunk(3, -1)
    reset, update, new = of_hidden.chunk(3, -1)
    update = (to_update + update).sigmoid()
    new = (to_new + (to_reset + reset).sigmoid() * new).tanh()
    return (new + update * (state[0] - new),)


def _tanh(of_input: Tensor, of_hidden: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return ((of_input + of_hidden).tanh(),)


def _relu(of_input: Tensor, of_hidden: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return ((of_input + of_hidden).relu(),)


RECURRENT: dict[Any, Step] = {
    torch.lstm: _lstm,
    torch.gru: _gru,
    torch.rnn_tanh: _tanh,
    torch.rnn_relu: _relu,
}


def recurrent(lift: "Lift", func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run a recurrent layer for all bees; NotImplemented for sequences that are packed."""
    if kwargs or len(args) != 9 or not isinstance(args[3], bool) or torch.is_autocast_enabled():
        return NotImplemented
    x, hx, weights, biased, layers, dropout, training, both, batch_first = args
    start = [_for_bees(lift, h) for h in (hx if func is torch.lstm else (hx,))]
    weights = [_for_bees(lift, weight) for weight in weights]
    ways, count = (2 if both else 1), (4 if biased else 2)
    if len(weights) != count * layers * ways:  # projections
        return NotImplemented
    x = _for_bees(lift, x)
    x = x.transpose(1, 2) if batch_first else x
    ends: list[tuple[Tensor, ...]] = []
    for layer in range(layers):
        outs = []
        for way in range(ways):
            k = layer * ways + way
            given = weights[k * count : (k + 1) * count]
            state = tuple(h[:, k] for h in start)
            out, end = _layer(RECURRENT[func], x, state, given, backward=way == 1)
            outs.append(out)
            ends.append(end)
        x = torch.cat(outs, -1) if both else outs[0]
        if dropout and training and layer < layers - 1:
            x = lift.draw(functional.dropout, (as_bees(x.contiguous()), dropout), {})
    x = x.transpose(1, 2) if batch_first else x
    return tuple(as_bees(t) for t in (x, *(torch.stack(h, 1) for h in zip(*ends, strict=True))))


def _layer(
    step: Step, x: Tensor, state: tuple[Tensor, ...], weights: Sequence[Tensor], backward: bool
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Run one layer in one direction; return its outputs (bee, time, batch, feature) and end."""
    of_input, of_hidden = weights[0].mT, weights[1].mT  # (bee, in, gates), (bee, hidden, gates)
    shifts = [bias.unsqueeze(1) for bias in weights[2:]]  # (bee, 1, gates)
    bees, time, batch, _ = x.shape
    inputs = torch.bmm(x.flatten(1, 2), of_input)
    inputs = (inputs + shifts[0] if shifts else inputs).reshape(bees, time, batch, -1)
    outs: list[Tensor] = []
    steps = inputs.unbind(1)
    for given in reversed(steps) if backward else steps:
        hidden = (
            torch.baddbmm(shifts[1], state[0], of_hidden)
            if shifts
            else torch.bmm(state[0], of_hidden)
        )
        state = step(given, hidden, state)
        outs.append(state[0])
    return torch.stack(outs[::-1] if backward else outs, 1), state


def _for_bees(lift: "Lift", value: Tensor) -> Tensor:
    return value if type(value) is Bees else value.expand(lift.bees, *value.shape)
