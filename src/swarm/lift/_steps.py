"""Optimisers' steps in one pass over memory, where torch has them."""

from typing import Any

import torch
from torch import optim

from swarm.lift._values import Bees

__all__ = ["fuse"]

Tensor = torch.Tensor

# What an optimiser keeps for each parameter once it has made a step.
_STATES = {
    optim.SGD: {"momentum_buffer"},
    optim.Adam: {"step", "exp_avg", "exp_avg_sq"},
    optim.AdamW: {"step", "exp_avg", "exp_avg_sq"},
}


def fuse(optimiser: Any) -> list[dict[str, Any]]:
    """Have an optimiser make its next step in one pass over memory, where it can.

    The first step is left as it is: it makes what the optimiser keeps, as it would alone.

    Returns
    -------
    list of dict
        The groups of parameters whose setting ``fused`` was None, and now is True.
    """
    states = _STATES.get(type(optimiser))
    if states is None:
        return []
    groups = [group for group in optimiser.param_groups if _can_fuse(group)]
    for group in groups:
        for param in group["params"]:
            if param.grad is not None and not _fits(param, optimiser.state.get(param), states):
                return []
    if len(groups) < len(optimiser.param_groups):
        return []
    for group in groups:
        group["fused"] = True
    return groups


def _can_fuse(group: dict[str, Any]) -> bool:
    return (
        group.get("fused", 0) is None
        and group["foreach"] is None
        and not group["differentiable"]
        and not group.get("capturable")
        and not group.get("amsgrad")
        and group.get("momentum", 1) != 0
        and type(group["lr"]) is float
    )


def _fits(param: Tensor, state: Any, kept: set[str]) -> bool:
    """Whether a parameter, its gradient and what is kept lie in memory as one pass needs them."""
    if not state or not kept <= state.keys():
        return False
    dtype = param.dtype
    if dtype not in (torch.float32, torch.float64) or not param.is_cpu:
        return False
    for name in kept - {"step"}:
        value = state[name]
        if not isinstance(value, Tensor) or value.dtype is not dtype or not _alike(value, param):
            return False
    if "step" in kept and state["step"].dtype not in (torch.float32, torch.float64):
        return False
    grad = param.grad
    return (
        type(param) is Bees
        and grad is not None
        and grad.layout is torch.strided
        and grad.dtype is dtype
        and _alike(grad, param)
    )


def _alike(one: Tensor, param: Tensor) -> bool:
    return one.shape == param.shape and one.is_contiguous() and param.is_contiguous()
