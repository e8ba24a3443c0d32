import numpy as np
import pytest
import torch
from torch import nn

from swarm import activations, networks, regimes


@pytest.mark.parametrize("depth", [1, 3])
def test_flat_net_computes_what_numpy_computes_from_its_parameters(depth):
    net = networks.flat_net(depth, 4, activation=nn.Tanh)
    x = torch.linspace(-2, 2, 7)
    value = x.numpy()[:, None]
    parameters = [p.detach().numpy() for p in net.parameters()]
    pairs = list(zip(parameters[::2], parameters[1::2], strict=True))
    assert len(pairs) == depth + 1
    for layer, (weight, bias) in enumerate(pairs):
        value = value @ weight.T + bias
        if layer < depth:
            value = np.tanh(value)
    np.testing.assert_allclose(net(x).detach().numpy(), value[:, 0], atol=1e-6)


def test_flat_net_has_the_usual_parameters_in_order():
    shapes = [tuple(p.shape) for p in networks.flat_net(1, 20).parameters()]
    assert shapes == [(20, 1), (20,), (1, 20), (1,)]


@pytest.mark.parametrize("name", ["ReLU", "Tanh", "xTanH", "GELU"])
def test_flat_net_takes_an_activation_by_name(name):
    expected = getattr(activations, name, None) or getattr(nn, name)
    assert isinstance(networks.flat_net(1, 2, name)[1], expected)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 2), "hidden_depth must be at least 1, got 0"),
        ((1, 0), "width must be at least 1, got 0"),
        ((1, 2, "Relu6x"), "unknown activation 'Relu6x'"),
        ((1, 2, "Parameter"), "unknown activation 'Parameter'"),
    ],
)
def test_flat_net_names_a_bad_argument(arguments, message):
    with pytest.raises(ValueError, match=message):
        networks.flat_net(*arguments)


def test_flat_net_names_the_shape_of_a_bad_input():
    with pytest.raises(ValueError, match=r"\(5, 1\).*flatten"):
        networks.flat_net(1, 2)(torch.zeros(5, 1))


def test_xtanh_is_x_minus_tanh_with_derivative_tanh_squared():
    x = torch.linspace(-3, 3, 9, dtype=torch.float64, requires_grad=True)
    y = activations.xTanH()(x)
    (slope,) = torch.autograd.grad(y.sum(), x)
    points = x.detach().numpy()
    np.testing.assert_allclose(y.detach().numpy(), points - np.tanh(points), atol=1e-12)
    np.testing.assert_allclose(slope.numpy(), np.tanh(points) ** 2, atol=1e-12)


def test_default_train_yields_predictions_and_loss_before_each_step():
    x = torch.linspace(-1, 1, 11)
    y = torch.sin(x)
    torch.manual_seed(4)
    epochs = list(regimes.default_train(x, y, num_epochs=5, lr=0.1))

    torch.manual_seed(4)
    net = networks.flat_net(2, 2)
    weights = list(net.parameters())
    velocity = [torch.zeros_like(w) for w in weights]
    for ypred, loss in epochs:
        expected = net(x)
        squares = ((expected - y) ** 2).mean()
        np.testing.assert_allclose(ypred, expected.detach().numpy(), atol=1e-6)
        np.testing.assert_allclose(loss, squares.item(), rtol=1e-5)
        gradients = torch.autograd.grad(squares, weights)
        with torch.no_grad():  # SGD with momentum 0.9, by its definition
            for w, v, g in zip(weights, velocity, gradients, strict=True):
                v.mul_(0.9).add_(g)
                w.sub_(0.1 * v)
    assert len(epochs) == 5


def test_default_train_stops_at_a_nan_loss_and_names_the_learning_rate():
    x = torch.linspace(-1, 1, 11)
    with pytest.raises(RuntimeError, match=r"epoch 0.*lr=0.5"):
        list(regimes.default_train(x, x * torch.nan, lr=0.5))


def test_make_bee_binds_the_data_and_lets_keywords_be_overridden():
    x = torch.linspace(-1, 1, 11)
    bee = regimes.make_bee(regimes.default_train, x, x, num_epochs=3)
    assert len(list(bee())) == 3
    assert len(list(bee(num_epochs=2))) == 2
