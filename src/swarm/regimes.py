"""Ready-made bees."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from swarm import networks

__all__ = ["default_train", "make_bee"]

Regime = Callable[..., Iterator[Any]]


def default_train(
    x: Tensor,
    y: Tensor,
    hidden: int = 2,
    width: int = 2,
    activation: str | Callable[[], nn.Module] = nn.ReLU,
    num_epochs: int = 200,
    lr: float = 0.001,
    momentum: float = 0.9,
) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    """Train a `swarm.networks.flat_net` on a curve: a ready bee.

    Each epoch is one step of SGD with momentum on the mean squared error over
    all points.

    Parameters
    ----------
    x, y : torch.Tensor of shape (N,)
        The curve to fit.
    hidden, width, activation
        The network: hidden layers, neurons in each, activation.
    num_epochs : int, default 200
        Number of steps.
    lr, momentum : float, default 0.001 and 0.9
        Settings of `torch.optim.SGD`.

    Yields
    ------
    ypred : array of shape (N,)
        Predictions before the epoch's step.
    loss : array of shape ()
        Mean squared error of these predictions.

    Raises
    ------
    RuntimeError
        If the loss becomes NaN.
    """
    net = networks.flat_net(hidden, width, activation=activation)
    optimiser = torch.optim.SGD(net.parameters(), lr=lr, momentum=momentum)
    loss_func = nn.MSELoss()
    for epoch in range(num_epochs):
        optimiser.zero_grad()
        ypred = net(x)
        loss = loss_func(ypred, y)
        if torch.isnan(loss):
            raise RuntimeError(
                f"the loss is NaN in epoch {epoch}: the training diverged; lower lr={lr}"
            )
        loss.backward()
        optimiser.step()
        yield ypred.detach().numpy().copy(), loss.detach().numpy().copy()


def make_bee(
    regime: Regime, x: Tensor, y: Tensor, *args: Any, **kwargs: Any
) -> Callable[..., Iterator[Any]]:
    """Bind data and settings to a regime, giving a bee without required arguments.

    Parameters
    ----------
    regime : callable
        A bee that takes ``x, y`` first, such as `default_train`.
    x, y : torch.Tensor of shape (N,)
        The curve to fit.
    *args, **kwargs
        Further arguments of `regime`. Those given by keyword can still be
        overridden by ``bee_params``.

    Returns
    -------
    callable
        For `swarm.core.swarm_train`.
    """
    return partial(regime, x, y, *args, **kwargs)
