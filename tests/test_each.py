"""Settings that differ between bees: lifted, each is what it would be alone."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from swarm import core, lift
from swarm.core import _lifted

BEES = 6
LRS = [0.01, 0.05, 0.1, 0.02, 0.03, 0.2]
SMALL = [0.001, 0.002, 0.005, 0.01, 0.003, 0.004]


def net_and_data():
    torch.set_default_dtype(torch.float64)
    net = nn.Sequential(nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 1))
    x = torch.linspace(-1, 1, 14).reshape(7, 2)
    return net, x, x.sum(1, keepdim=True).sin()


@pytest.fixture(autouse=True)
def _however_brief(monkeypatch):
    """Have small swarms lifted too."""
    monkeypatch.setattr(_lifted, "BRIEF", 0)


@pytest.fixture(autouse=True)
def double():
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def descend(make, schedule=lambda optimiser: None, epochs=20, clip=lambda net: None):
    net, x, y = net_and_data()
    optimiser = make(net)
    scheduler = schedule(optimiser)
    for _ in range(epochs):
        optimiser.zero_grad()
        loss = functional.mse_loss(net(x), y)
        loss.backward()
        clip(net)
        optimiser.step()
        if scheduler is not None:
            scheduler.step()
        yield loss.item(), net[0].weight


def alone(bee, each, seed=5):
    """Train each bee by a plain loop, with plain Python numbers."""
    swarm = []
    for i in range(BEES):
        torch.manual_seed(core.bee_seed(seed, i))
        own = {name: values[i] for name, values in each.items()}
        assert all(type(value) in (int, float, bool) for value in own.values())
        rows = [
            [v.detach().numpy().copy() if torch.is_tensor(v) else np.asarray(v) for v in row]
            for row in bee(**own)
        ]
        swarm.append([np.stack(column) for column in zip(*rows, strict=True)])
    return [np.stack(column) for column in zip(*swarm, strict=True)]


def assert_as_alone(bee, **each):
    swarm = core.swarm_train(bee, each=each, seed=5, engine="lift", progress=False)
    for lifted, looped in zip(swarm.values(), alone(bee, each), strict=True):
        assert np.isfinite(looped).all()
        assert np.ptp(looped, axis=0).any()
        np.testing.assert_allclose(lifted, looped, rtol=0, atol=1e-12 * np.abs(looped).max())


OPTIMISERS = {
    "SGD": (lambda p, lr, a, b: torch.optim.SGD(p, lr, momentum=a, weight_decay=b)),
    "nesterov": (
        lambda p, lr, a, b: torch.optim.SGD(p, lr, momentum=a, weight_decay=b, nesterov=True)
    ),
    "dampening": (lambda p, lr, a, b: torch.optim.SGD(p, lr, momentum=a, dampening=b)),
    "Adam": (lambda p, lr, a, b: torch.optim.Adam(p, lr, betas=(a, 1 - b), weight_decay=b, eps=b)),
    "amsgrad": (lambda p, lr, a, b: torch.optim.Adam(p, lr, betas=(a, 1 - b), amsgrad=True)),
    "AdamW": (lambda p, lr, a, b: torch.optim.AdamW(p, lr, betas=(a, 0.99), weight_decay=b)),
    "RMSprop": (
        lambda p, lr, a, b: torch.optim.RMSprop(p, lr / 9, alpha=a, momentum=a / 3, eps=b)
    ),
    "centered": (lambda p, lr, a, b: torch.optim.RMSprop(p, lr / 99, alpha=a, centered=True)),
    "Adagrad": (lambda p, lr, a, b: torch.optim.Adagrad(p, lr, lr_decay=b, weight_decay=b)),
    "start": (lambda p, lr, a, b: torch.optim.Adagrad(p, lr, initial_accumulator_value=b)),
    "Adadelta": (lambda p, lr, a, b: torch.optim.Adadelta(p, lr * 9, rho=a, eps=b)),
    "NAdam": (lambda p, lr, a, b: torch.optim.NAdam(p, lr, betas=(a, 0.99), momentum_decay=b)),
    "RAdam": (lambda p, lr, a, b: torch.optim.RAdam(p, lr, betas=(a, 0.99), weight_decay=b)),
    "Adamax": (lambda p, lr, a, b: torch.optim.Adamax(p, lr, betas=(a, 0.99), eps=b)),
    "ASGD": (lambda p, lr, a, b: torch.optim.ASGD(p, lr, lambd=b, alpha=a, t0=3, weight_decay=b)),
    "Rprop": (lambda p, lr, a, b: torch.optim.Rprop(p, lr / 9, etas=(a, 1 + a))),
}


@pytest.mark.parametrize("name", OPTIMISERS)
def test_the_settings_of_an_optimiser(name):
    def bee(lr, a, b):
        return descend(lambda net: OPTIMISERS[name](net.parameters(), lr, a, b))

    assert_as_alone(bee, lr=LRS, a=[0.9, 0.8, 0.5, 0.6, 0.7, 0.3], b=SMALL)


def test_the_settings_of_each_parameter_group():
    def bee(first, second, momentum):
        def make(net):
            groups = [
                {"params": net[0].parameters(), "lr": first},
                {"params": net[2].parameters(), "momentum": momentum},
            ]
            return torch.optim.SGD(groups, lr=second)

        return descend(make)

    assert_as_alone(bee, first=LRS, second=LRS[::-1], momentum=[0.5, 0.1, 0.2, 0.3, 0.4, 0.6])


def test_a_setting_that_is_zero_for_some_bees():
    def bee(momentum, decay):
        return descend(
            lambda net: torch.optim.SGD(
                net.parameters(), 0.1, momentum=momentum, weight_decay=decay
            )
        )

    # Whether there is momentum at all is a branch in torch; three bees go together.
    assert_as_alone(bee, momentum=[0, 0.9, 0, 0.5, 0, 0.7], decay=[0.1, 0.1, 0.1, 0.2, 0.1, 0.3])


SCHEDULES = {
    "StepLR": (lambda o, g: torch.optim.lr_scheduler.StepLR(o, 3, gamma=g)),
    "ExponentialLR": (lambda o, g: torch.optim.lr_scheduler.ExponentialLR(o, g)),
    "LambdaLR": (lambda o, g: torch.optim.lr_scheduler.LambdaLR(o, lambda epoch: g**epoch)),
    "MultiplicativeLR": (lambda o, g: torch.optim.lr_scheduler.MultiplicativeLR(o, lambda _: g)),
    "CosineAnnealingLR": (lambda o, g: torch.optim.lr_scheduler.CosineAnnealingLR(o, 9, g / 99)),
    "WarmRestarts": (lambda o, g: torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(o, 7)),
    "LinearLR": (lambda o, g: torch.optim.lr_scheduler.LinearLR(o, g / 2, total_iters=9)),
    "ConstantLR": (lambda o, g: torch.optim.lr_scheduler.ConstantLR(o, g, total_iters=9)),
    "PolynomialLR": (lambda o, g: torch.optim.lr_scheduler.PolynomialLR(o, 25, power=g)),
    "OneCycleLR": (lambda o, g: torch.optim.lr_scheduler.OneCycleLR(o, g / 5, total_steps=30)),
    "CyclicLR": (lambda o, g: torch.optim.lr_scheduler.CyclicLR(o, g / 99, g / 9, 4)),
    "MultiStepLR": (lambda o, g: torch.optim.lr_scheduler.MultiStepLR(o, [3, 9], gamma=g)),
    "SequentialLR": (
        lambda o, g: torch.optim.lr_scheduler.SequentialLR(
            o,
            [
                torch.optim.lr_scheduler.LinearLR(o, 0.5, total_iters=5),
                torch.optim.lr_scheduler.ExponentialLR(o, g),
            ],
            [5],
        )
    ),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_under_a_scheduler(name):
    def bee(lr, gamma):
        return descend(
            lambda net: torch.optim.SGD(net.parameters(), lr, momentum=0.5),
            lambda optimiser: SCHEDULES[name](optimiser, gamma),
        )

    assert_as_alone(bee, lr=LRS, gamma=[0.9, 0.8, 0.95, 0.7, 0.85, 0.99])


def test_arithmetic_with_tensors_and_numbers():
    def bee(a, n):
        x = torch.rand(3)
        for epoch in range(5):
            x = x * a + a / (1 + x) - a**x + x ** (2 * a) + (1 - a) * x / n + x % a + (-a)
            x = torch.where(x > a, x, a * x) + torch.lerp(x, x * 2, a) + 2**n - n // 2
            x = x.clamp(-3 * a, 3) + torch.full((3,), a) + torch.tensor([a, 1.0, 2 * a])
            x[0] = a
            x += a
            yield x, a * epoch, torch.ones(3, dtype=torch.int64) * a, (x.float() * a).double()

    assert_as_alone(bee, a=LRS, n=[1, 2, 3, 4, 5, 6])


def test_a_number_takes_on_the_dtype_that_a_plain_one_would():
    def bee(a, n):
        single, whole = torch.ones(2, dtype=torch.float32), torch.arange(2)
        yield single * a, a * single.sum(), whole * n, whole * a, whole + n, single.sum() ** n

    own = {"a": LRS, "n": [1, 2, 3, 4, 5, 6]}
    swarm = core.swarm_train(bee, each=own, seed=5, engine="lift")
    for lifted, looped in zip(swarm.values(), alone(bee, own), strict=True):
        assert lifted.dtype == looped.dtype
        np.testing.assert_allclose(lifted, looped, rtol=1e-6)


def test_how_often_dropout_drops():
    def bee(p):
        net, x, y = net_and_data()
        net = nn.Sequential(net[0], nn.Dropout(p), net[2])
        optimiser = torch.optim.SGD(net.parameters(), 0.1)
        for _ in range(20):
            optimiser.zero_grad()
            loss = functional.mse_loss(functional.dropout(net(x), p / 2), y)
            loss.backward()
            optimiser.step()
            yield loss.item(), net[0].weight

    assert_as_alone(bee, p=[0.5, 0.1, 0.2, 0.3, 0.4, 0.6])


INITIALISERS = {
    "normal": lambda w, a: nn.init.normal_(w, 0, a),
    "uniform": lambda w, a: nn.init.uniform_(w, -a, 2 * a),
    "trunc_normal": lambda w, a: nn.init.trunc_normal_(w, 0, a, -a, 2 * a),
    "xavier": lambda w, a: nn.init.xavier_normal_(w, a),
    "kaiming": lambda w, a: nn.init.kaiming_uniform_(w, a),
    "orthogonal": lambda w, a: nn.init.orthogonal_(w, a),
    "constant": lambda w, a: nn.init.constant_(w, a),
    "method": lambda w, a: w.data.normal_(0, a),
    "uniform method": lambda w, a: w.data.uniform_(-a, a),
    "scaled": lambda w, a: w.data.mul_(a),
    "drawn": lambda w, a: w.data.copy_(torch.normal(0, a, w.shape)),
}


@pytest.mark.parametrize("name", INITIALISERS)
def test_the_spread_of_initialisers(name):
    def bee(a):
        def make(net):
            INITIALISERS[name](net[0].weight, a)
            return torch.optim.SGD(net.parameters(), 0.1)

        return descend(make)

    assert_as_alone(bee, a=LRS)


CLIPS = {
    "norm": lambda net, a: nn.utils.clip_grad_norm_(net.parameters(), a),
    "value": lambda net, a: nn.utils.clip_grad_value_(net.parameters(), a),
    "clamp": lambda net, a: [p.grad.clamp_(-a, a) for p in net.parameters()],
    "weights": lambda net, a: [p.data.clamp_(min=-9 * a) for p in net.parameters()],
}


@pytest.mark.parametrize("name", CLIPS)
def test_bounds_of_clipping(name):
    def bee(a):
        return descend(
            lambda net: torch.optim.SGD(net.parameters(), 0.1),
            clip=lambda net: CLIPS[name](net, a),
        )

    assert_as_alone(bee, a=LRS)


LOSSES = {
    "coefficient": lambda out, y, w, a: functional.mse_loss(out, y) + a * w.square().sum(),
    "huber": lambda out, y, w, a: functional.huber_loss(out, y, delta=a),
    "smooth": lambda out, y, w, a: functional.smooth_l1_loss(out, y, beta=a),
    "leaky": lambda out, y, w, a: functional.leaky_relu(out - y, a).square().mean(),
    "softplus": lambda out, y, w, a: functional.softplus(out - y, beta=9 * a).mean(),
    "elu": lambda out, y, w, a: functional.elu(out - y, a).square().mean(),
    "hardtanh": lambda out, y, w, a: functional.hardtanh(out - y, -a, a).square().mean(),
    "power": lambda out, y, w, a: (out - y).abs().pow(1 + a).mean(),
    "clamp": lambda out, y, w, a: (out - y).clamp(-a, 2 * a).square().mean(),
    "lasso": lambda out, y, w, a: torch.add((out - y).square().mean(), w.abs().sum(), alpha=a),
    "noise": lambda out, y, w, a: (out - y + a * torch.randn_like(y)).square().mean(),
    "temperature": lambda out, y, w, a: (torch.softmax(out / a, 0) - y).square().mean(),
}


@pytest.mark.parametrize("name", LOSSES)
def test_coefficients_of_a_loss(name):
    def bee(a):
        net, x, y = net_and_data()
        optimiser = torch.optim.SGD(net.parameters(), 0.1)
        for _ in range(20):
            optimiser.zero_grad()
            loss = LOSSES[name](net(x), y, net[0].weight, a)
            loss.backward()
            optimiser.step()
            yield loss.item(), net[0].weight

    assert_as_alone(bee, a=LRS)


DISTRIBUTIONS = {
    "Normal": lambda a: torch.distributions.Normal(0, a),
    "Normal beside a tensor": lambda a: torch.distributions.Normal(torch.zeros(3), a),
    "Uniform": lambda a: torch.distributions.Uniform(-a, a),
    "Laplace": lambda a: torch.distributions.Laplace(a, a),
    "Exponential": lambda a: torch.distributions.Exponential(a),
    "Bernoulli": lambda a: torch.distributions.Bernoulli(a),
    "Gamma": lambda a: torch.distributions.Gamma(a, 1.0),
    "Beta": lambda a: torch.distributions.Beta(a, 1 - a),
}


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_arguments_of_a_distribution(name):
    def bee(a):
        for _ in range(5):
            drawn = DISTRIBUTIONS[name](a).sample((4,))
            yield drawn, DISTRIBUTIONS[name](a).log_prob(drawn.abs().clamp(0.01, 0.2).round())[0]

    if name in ("Beta", "Uniform", "Gamma", "Exponential"):

        def bee(a):
            for _ in range(5):
                drawn = DISTRIBUTIONS[name](a).sample((4,))
                yield drawn, DISTRIBUTIONS[name](a).log_prob(drawn)

    assert_as_alone(bee, a=LRS)


def test_a_number_is_what_isinstance_says_of_it_alone():
    def bee(lr, n):
        yield isinstance(lr, float), isinstance(n, int), isinstance(lr, int), lr

    swarm = core.swarm_train(bee, each={"lr": LRS, "n": range(6)}, seed=0, engine="lift")
    assert [swarm[f"V{i}"].all() for i in (1, 2)] == [True, True]
    assert not swarm["V3"].any()


def test_bees_with_equal_widths_go_together():
    def bee(width, lr):
        net = nn.Sequential(nn.Linear(2, width), nn.Tanh(), nn.Linear(width, 1))
        _, x, y = net_and_data()
        optimiser = torch.optim.SGD(net.parameters(), lr)
        for _ in range(20):
            optimiser.zero_grad()
            loss = functional.mse_loss(net(x), y)
            loss.backward()
            optimiser.step()
            yield loss.item(), math.sqrt(width)

    assert_as_alone(bee, width=[3, 4, 3, 4, 4, 3], lr=LRS)


def widths(width):
    net = nn.Linear(width, 1)
    for _ in range(3):
        yield net.weight.sum(), width


def test_a_width_of_every_bee_cannot_be_lifted_and_is_named():
    each = {"width": [1, 2, 3, 4, 5, 6]}
    with pytest.raises(lift.CannotLift, match=r"setting 'width'.*test_each\.py"):
        core.swarm_train(widths, each=each, seed=5, engine="lift")
    with pytest.warns(RuntimeWarning, match="setting 'width'"):
        swarm = core.swarm_train(widths, each=each, seed=5, progress=False)
    for got, looped in zip(swarm.values(), alone(widths, each), strict=True):
        np.testing.assert_array_equal(got, looped)


def test_the_few_bees_that_are_left_over_fall_back_with_the_reason():
    each = {"width": [3, 3, 3, 3, 5, 6]}
    with pytest.raises(lift.CannotLift, match="setting 'width'"):
        core.swarm_train(widths, each=each, seed=5, engine="lift")
    with pytest.warns(RuntimeWarning, match="some bees one after another.*'width'"):
        swarm = core.swarm_train(widths, each=each, seed=5, progress=False)
    for got, looped in zip(swarm.values(), alone(widths, each), strict=True):
        np.testing.assert_allclose(got, looped, rtol=1e-12)


def test_a_division_by_zero_is_an_error_as_alone():
    def bee(a):
        yield torch.rand(2) * (1 / a)

    with pytest.raises(core.BeeError, match="ZeroDivisionError"):
        core.swarm_train(bee, each={"a": [1, 2, 0, 3]}, seed=0)


@pytest.mark.parametrize("engine", ["lift", "loop"])
def test_the_number_of_bees_follows_from_what_each_is_given(engine):
    swarm = core.swarm_train(
        widths, each={"width": np.full(4, 3)}, seed=0, engine=engine, progress=False
    )
    assert swarm["V1"].shape == (4, 3)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"each": {"width": [1, 2]}, "num_bees": 3}, ValueError, r"'width'.*must hold 3 numbers"),
        ({"each": {"width": [[1], [2]]}}, ValueError, "'width'"),
        ({"each": {"width": ["a", "b"]}}, TypeError, "'width'.*must hold a number"),
        ({"each": {"width": "ab"}}, TypeError, "'width'.*must hold a number"),
        ({"each": {"width": [None, 1]}}, TypeError, "'width'"),
        ({"each": {"depth": [1, 2]}}, TypeError, "depth"),
        ({"each": {"width": [1, 2]}, "bee_params": {"width": 2}}, ValueError, "'width' stands in"),
    ],
)
def test_unusable_settings_are_named(settings, error, message):
    with pytest.raises(error, match=message):
        core.swarm_train(widths, seed=0, **settings)
