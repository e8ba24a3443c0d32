"""Faster ways to the same surface: functions of single numbers, cross entropy, what is kept."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from swarm import surface
from swarm.surface import _evaluate, _inplace


def exact(name, x):
    """Return a function of x in double precision, by NumPy."""
    below, above = np.minimum(x, 0), np.maximum(x, 0)
    with np.errstate(all="ignore"):
        soft = np.where(x > 0, x + np.log1p(np.exp(-np.abs(x))), np.log1p(np.exp(below)))
        return {
            "tanh": lambda: np.tanh(x),
            "expm1": lambda: np.expm1(x),
            "elu": lambda: above + 0.7 * np.expm1(below),
            "celu": lambda: above + 0.7 * np.expm1(below / 0.7),
            "selu": lambda: _inplace.SELU[0] * (above + _inplace.SELU[1] * np.expm1(below)),
            "softplus": lambda: soft,
            "mish": lambda: x * np.tanh(soft),
        }[name]()


def in_double_precision(net, x, y, plane, xs, ys):
    """Return the cross entropy of each point by a plain loop."""
    net = copy.deepcopy(net).double()
    values = np.empty((len(ys), len(xs)))
    with torch.no_grad():
        for j, i in np.ndindex(values.shape):
            weights = torch.tensor(plane.origin + xs[i] * plane.u + ys[j] * plane.v)
            nn.utils.vector_to_parameters(weights, net.parameters())
            values[j, i] = F.cross_entropy(net(x.double()), y).item()
    return values


ARGUMENTS = {"elu": (0.7,), "celu": (0.7,)}
EXPONENTIAL = "softplus", "mish"
PLAIN = {"tanh": torch.tanh, "expm1": torch.expm1}


@pytest.fixture(params=["NumPy", "PyTorch"])
def library(request, monkeypatch):
    monkeypatch.setattr(_inplace, "_by_numpy", lambda name, x: request.param == "NumPy")


@pytest.mark.parametrize("name", ["tanh", "expm1", "elu", "celu", "selu", "softplus", "mish"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_functions_in_place_are_exact_to_rounding(name, dtype, library):
    torch.manual_seed(0)
    size = torch.logspace(-12, 1.9, 4001, dtype=torch.float64)
    x = torch.cat([size, -size]).to(dtype)
    x = x[x > -60].reshape(-1, 2)
    found = x.clone().mT  # not contiguous, as the samples of a layer are
    made = getattr(_inplace, f"{name}_")(found, *ARGUMENTS.get(name, ()))
    assert made.data_ptr() == found.data_ptr()
    given = x.double().numpy().T
    expected = exact(name, given)
    # As exact as half a unit in the last place of what is given.
    unit = 1e-7 if dtype == torch.float32 else 2e-16
    bound = (5 * unit + (1 + np.abs(given)) * unit * (name in EXPONENTIAL)) * np.abs(expected)
    if dtype == torch.float64 and name in EXPONENTIAL:
        bound += 3e-9 * (given > 20)  # what PyTorch leaves out of softplus there
    tiny = np.finfo(made.numpy().dtype).tiny
    assert (np.abs(made.numpy() - expected) <= np.maximum(bound, tiny)).all()


@pytest.mark.parametrize("name", ["tanh", "expm1", "elu", "celu", "selu", "softplus", "mish"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_functions_in_place_treat_zeros_and_infinities_as_pytorch_does(name, dtype, library):
    ends = torch.tensor([0.0, -0.0, np.inf, np.nan, 1e30, -1e30, 100.0, -100.0, 20.0], dtype=dtype)
    if name != "mish":  # where PyTorch has NaN
        ends = torch.cat([ends, torch.tensor([-np.inf], dtype=dtype)])
    arguments = ARGUMENTS.get(name, ())
    expected = PLAIN.get(name, getattr(F, name, None))(ends, *arguments)
    found = getattr(_inplace, f"{name}_")(ends.clone(), *arguments)
    torch.testing.assert_close(found, expected, equal_nan=True, rtol=2e-6, atol=1e-37)
    known = ~expected.isnan()
    assert torch.equal(found.signbit()[known], expected.signbit()[known])


@pytest.mark.parametrize("arguments", [(1.0, 20.0), (2.0, 20.0), (1.0, 5.0), (0.5, 18.0)])
def test_softplus_has_the_steepness_and_the_threshold_asked_for(arguments, library):
    x = torch.linspace(-30, 50, 1001)
    found = _inplace.softplus_(x.clone(), *arguments)
    torch.testing.assert_close(found, F.softplus(x, *arguments), rtol=5e-6, atol=0)


@pytest.mark.parametrize("scale", [1.0, 1e-3, 300.0])
@pytest.mark.parametrize("classes", [2, 3, 12])
def test_cross_entropy_of_many_weights_is_that_of_double_precision(scale, classes, monkeypatch):
    torch.manual_seed(1)
    net = nn.Sequential(nn.Linear(2, 6), nn.Softplus(), nn.Linear(6, classes))
    with torch.no_grad():
        net[2].weight.mul_(scale)
    x, y = torch.randn(200, 2), torch.randint(0, classes, (200,))
    plane = surface.random_plane(net, seed=2, ignore_bias=False)
    monkeypatch.setattr(_evaluate, "SOONER", np.inf)
    grid = np.linspace(-1, 1, 7)
    found = surface.loss_surface(net, F.cross_entropy, x, y, plane, grid, grid).values
    expected = in_double_precision(net, x, y, plane, grid, grid)
    np.testing.assert_allclose(found, expected, rtol=3e-6)


def test_cross_entropy_of_an_infinite_logit_is_that_of_pytorch():
    class Shut(nn.Module):
        """Gives a class that is never right no chance at all."""

        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(2, 3)
            self.register_buffer("mask", torch.tensor([0.0, 0.0, -np.inf]))

        def forward(self, x):
            return self.linear(x) + self.mask

    torch.manual_seed(0)
    net = Shut()
    x, y = torch.randn(50, 2), torch.randint(0, 2, (50,))
    plane = surface.random_plane(net, ignore_bias=False)
    grid = np.linspace(-1, 1, 9)
    together, alone = (
        surface.loss_surface(net, F.cross_entropy, x, y, plane, grid, grid, chunk=chunk).values
        for chunk in (None, 1)
    )
    assert np.isfinite(alone).all()
    np.testing.assert_allclose(together, alone, rtol=1e-6)


def test_points_that_go_one_by_one_are_evaluated_once_but_for_five():
    torch.manual_seed(0)
    net = nn.Linear(2, 1)
    plane = surface.random_plane(net)
    grid = np.linspace(-1, 1, 4)
    calls = []

    def loss(outputs, targets):
        calls.append(1)
        return F.mse_loss(outputs, targets)

    x, y = torch.randn(20, 2), torch.randn(20, 1)
    surface.loss_surface(net, loss, x, y, plane, grid, grid, chunk=1)
    # Three by the caller's own network, and twice the first, to see that both agree.
    assert len(calls) == 5 + grid.size**2


@pytest.mark.parametrize("sooner", [True, False])
def test_which_way_is_taken_does_not_change_the_surface(sooner, monkeypatch):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(2, 8), nn.ELU(), nn.Linear(8, 3)).eval()
    x, y = torch.randn(100, 2), torch.randint(0, 3, (100,))
    plane = surface.random_plane(net, seed=1)
    xs, ys = np.linspace(-1, 1, 9), np.linspace(-1, 2, 7)
    monkeypatch.setattr(_evaluate, "SOONER", np.inf if sooner else 1e-9)
    found = surface.loss_surface(net, F.cross_entropy, x, y, plane, xs, ys).values
    expected = in_double_precision(net, x, y, plane, xs, ys)
    np.testing.assert_allclose(found, expected, rtol=2e-6)
