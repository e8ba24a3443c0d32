"""What a run leaves on for its whole thread while it waits within a ``with`` block.

A bee may yield within `torch.no_grad`, within `torch.autocast`, or with another default
dtype. Each is the thread's: whatever goes on until the bee is resumed would have it too,
and two such bees in turn would leave it on for good.
"""

from typing import Any

import torch

__all__ = ["OwnSettings", "thread_settings"]

DEVICES = ("cpu", "cuda")  # for which autocast is on or off, each by itself


def thread_settings() -> tuple[Any, ...]:
    """Return whether gradients are recorded, the default dtype, and what autocast does."""
    autocast = [(torch.is_autocast_enabled(d), torch.get_autocast_dtype(d)) for d in DEVICES]
    return (torch.is_grad_enabled(), torch.get_default_dtype(), *autocast)


def _set(settings: tuple[Any, ...]) -> None:
    grad, dtype, *autocast = settings
    torch.set_grad_enabled(grad)
    torch.set_default_dtype(dtype)
    for device, (enabled, its_dtype) in zip(DEVICES, autocast, strict=True):
        torch.set_autocast_enabled(device, enabled)
        torch.set_autocast_dtype(device, its_dtype)


class OwnSettings:
    """The settings of one run: in force within its blocks, and put back at their ends."""

    def __init__(self) -> None:
        self._own = self._outer = thread_settings()

    def __enter__(self) -> None:
        self._outer = thread_settings()
        if self._own != self._outer:  # which is rare
            _set(self._own)

    def __exit__(self, *error: object) -> None:
        self._own = thread_settings()
        if self._own != self._outer:
            _set(self._outer)
