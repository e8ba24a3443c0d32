"""Losses and networks that read the weights of the very network."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from swarm import surface

mse = nn.functional.mse_loss
XS, YS = np.linspace(-1.5, 2, 7), np.linspace(-1, 1.5, 6)


def network():
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(5, 6), nn.Tanh(), nn.BatchNorm1d(6), nn.Linear(6, 2)).double()


def data():
    torch.manual_seed(0)
    return torch.randn(23, 5).double(), torch.randn(23, 2).double()


def penalty():
    net = network()
    return net, lambda y, t: mse(y, t) + 0.1 * sum(p.square().sum() for p in net.parameters())


def penalty_on_one_layer():
    net = network()
    return net, lambda y, t: mse(y, t) + 0.1 * net[0].weight.abs().sum()


def penalty_on_a_kept_parameter():
    net = network()
    weight = net[0].weight
    return net, lambda y, t: mse(y, t) + 0.1 * weight.square().sum()


def hook_that_reads_another_layer():
    net = network()
    net[0].register_forward_hook(lambda module, inputs, y: y + net[3].weight.sum())
    return net, mse


def forward_of_its_own():
    net = network()
    net.forward = lambda x: 2 * nn.Sequential.forward(net, x)
    return net, mse


CASES = [
    penalty, penalty_on_one_layer, penalty_on_a_kept_parameter, hook_that_reads_another_layer,
    forward_of_its_own,
]  # fmt: skip


def value(net, loss, inputs, targets, weights):
    """The loss with these weights in the network itself, which gets its own back: the oracle."""
    own, buffers = parameters_to_vector(net.parameters()).detach(), list(net.buffers())
    kept = [buffer.clone() for buffer in buffers]
    with torch.no_grad():
        vector_to_parameters(torch.as_tensor(weights), net.parameters())
        found = float(loss(net(inputs), targets))
        vector_to_parameters(own, net.parameters())
        for buffer, before in zip(buffers, kept, strict=True):
            buffer.copy_(before)
    return found


@pytest.mark.parametrize("settings", [{}, {"chunk": 1}, {"n_jobs": 2}], ids=str)
@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_a_surface_knows_what_the_loss_reads_of_the_network(case, training, settings):
    net, loss = case()
    x, y = data()
    net.train(training)
    plane = surface.random_plane(net, seed=1)
    before = [(p, p.data_ptr(), p.detach().clone()) for p in (*net.parameters(), *net.buffers())]
    found = surface.loss_surface(net, loss, x, y, plane, XS, YS, **settings).values
    for tensor, place, values in before:
        assert tensor.data_ptr() == place
        assert torch.equal(tensor, values)
    expected = [[value(net, loss, x, y, plane.point(a, b)) for a in XS] for b in YS]
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_light_penalty_counts(dtype):
    net, x, y = network().to(dtype), *(part.to(dtype) for part in data())
    weight = net[0].weight

    def loss(outputs, targets):
        return mse(outputs, targets) + 1e-5 * weight.square().sum()

    with pytest.raises(ValueError, match="from elsewhere"):
        surface.hessian_eigenvalues(net, loss, x, y, k=2)
    plane = surface.weight_plane(net, ("0.weight", (0, 0)), ("0.weight", (0, 1)))
    found = surface.loss_surface(net, loss, x, y, plane, XS, YS).values
    bare = surface.loss_surface(net, mse, x, y, plane, XS, YS).values
    still = (
        weight.detach().double().square().sum() - weight[0, :2].detach().double().square().sum()
    )
    squares = np.add.outer(YS**2, XS**2) + float(still)
    np.testing.assert_allclose(
        found - bare, 1e-5 * squares, rtol=1e-6 if dtype == torch.float64 else 0.02
    )


def test_a_failing_loss_leaves_the_network_as_it_was():
    net, _ = penalty()
    x, y = data()
    own = parameters_to_vector(net.parameters()).detach().clone()
    calls = []

    def loss(outputs, targets):
        calls.append(1)
        if len(calls) > 20:
            raise RuntimeError("no more")
        return mse(outputs, targets) + sum(p.square().sum() for p in net.parameters())

    plane = surface.random_plane(net, seed=1)
    with pytest.raises(RuntimeError, match="no more"):
        surface.loss_surface(net, loss, x, y, plane, XS, YS, chunk=1)
    assert torch.equal(parameters_to_vector(net.parameters()), own)


@pytest.mark.parametrize("elsewhere", [False, True])
@pytest.mark.parametrize("case", [penalty, penalty_on_one_layer, hook_that_reads_another_layer])
def test_curvature_counts_a_penalty(case, elsewhere):
    net, loss = case()
    x, y = data()
    net.eval()
    own = parameters_to_vector(net.parameters()).detach()
    weights = own + 0.3 if elsewhere else own

    def of(flat):
        parts = flat.split([p.numel() for p in net.parameters()])
        named = zip(net.named_parameters(), parts, strict=True)
        swapped = {name: part.view_as(p) for (name, p), part in named}
        kept = {(m, k): p for m in net.modules() for k, p in m._parameters.items()}
        names = {id(p): name for name, p in net.named_parameters()}
        for (module, key), parameter in kept.items():
            module._parameters[key] = swapped[names[id(parameter)]]
        try:
            return loss(net(x), y)
        finally:
            for (module, key), parameter in kept.items():
                module._parameters[key] = parameter

    dense = torch.autograd.functional.hessian(of, weights).numpy()
    place = weights.numpy() if elsewhere else None
    found = surface.hessian_eigenvalues(net, loss, x, y, k=4, weights=place)
    np.testing.assert_allclose(found, np.linalg.eigvalsh(dense)[::-1][:4], rtol=1e-8)
    assert torch.equal(parameters_to_vector(net.parameters()), own)


def test_what_cannot_be_differentiated_is_refused():
    net, loss = penalty_on_a_kept_parameter()
    x, y = data()
    own = parameters_to_vector(net.parameters()).detach().numpy()
    with pytest.raises(ValueError, match="reads weights of Sequential from elsewhere"):
        surface.hessian_eigenvalues(net, loss, x, y, k=2)
    with pytest.raises(ValueError, match="reads weights of Sequential from elsewhere"):
        surface.trained_curve(net, loss, x, y, own, own + 1, steps=2)


def test_a_trained_curve_feels_a_penalty():
    net, _ = penalty()
    x, y = data()
    net.eval()
    own = parameters_to_vector(net.parameters()).detach().numpy()

    def loss(outputs, targets):
        return mse(outputs, targets) + 100 * sum(p.square().sum() for p in net.parameters())

    curve = surface.trained_curve(net, loss, x, y, own, own, steps=200, lr=0.05)
    # Almost nothing but the penalty counts: the bend that makes ∫ |w(t)|² least for a loop from
    # w to w, where w(t) = (1 - 2t(1 - t)) w + 2t(1 - t) b, is b = -(3/2) w.
    np.testing.assert_allclose(curve.bend, -1.5 * own, atol=0.25)
