"""Ready-made small networks."""

from collections.abc import Callable

from torch import Tensor, nn

from swarm import activations

__all__ = ["flat_net"]


class _FlatNet(nn.Sequential):
    """A fully connected stack that takes (N,) and gives (N,)."""

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim != 1:
            raise ValueError(
                f"flat_net takes a 1-D tensor of N inputs, got shape {tuple(x.shape)}; "
                "flatten it first, e.g. with x.flatten()"
            )
        return super().forward(x.unsqueeze(-1)).squeeze(-1)  # (N,) -> (N, 1) -> (N,)


def _activation(activation: str | Callable[[], nn.Module]) -> Callable[[], nn.Module]:
    """Look an activation up by name, first here and then in `torch.nn`."""
    if not isinstance(activation, str):
        return activation
    found = getattr(activations, activation, None) or getattr(nn, activation, None)
    if not (isinstance(found, type) and issubclass(found, nn.Module)):
        raise ValueError(
            f"unknown activation {activation!r}; name one of swarm.activations "
            f"({', '.join(activations.__all__)}) or of torch.nn, or pass the class itself"
        )
    return found


def flat_net(
    hidden_depth: int,
    width: int,
    activation: str | Callable[[], nn.Module] = nn.ReLU,
) -> nn.Sequential:
    """Build a fully connected network with one input and one output.

    Parameters
    ----------
    hidden_depth : int
        Number of hidden layers, at least 1.
    width : int
        Number of neurons in each hidden layer, at least 1.
    activation : callable or str, default torch.nn.ReLU
        What makes the activation after each hidden layer: a module class, or
        the name of one in `swarm.activations` or `torch.nn`.

    Returns
    -------
    torch.nn.Sequential
        A network that takes a tensor of shape (N,) and gives one of shape
        (N,). Its parameters come in the order first weight (width, 1), first
        bias (width,), and so on to the last weight (1, width) and bias (1,).

    Raises
    ------
    ValueError
        If `hidden_depth` or `width` is below 1, or `activation` is the name of
        no activation.

    Examples
    --------
    >>> import torch
    >>> net = flat_net(1, 20)
    >>> net(torch.linspace(-1, 1, 101)).shape
    torch.Size([101])
    """
    if hidden_depth < 1:
        raise ValueError(f"hidden_depth must be at least 1, got {hidden_depth}")
    if width < 1:
        raise ValueError(f"width must be at least 1, got {width}")
    make = _activation(activation)
    layers: list[nn.Module] = [nn.Linear(1, width), make()]
    for _ in range(hidden_depth - 1):
        layers += [nn.Linear(width, width), make()]
    return _FlatNet(*layers, nn.Linear(width, 1))
