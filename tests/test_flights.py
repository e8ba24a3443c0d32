"""Hives in one flight, and bees that end at different times."""

import numpy as np
import pytest
import torch
from torch import nn

from swarm import core, networks
from swarm.core import _lifted

X = torch.linspace(-2, 2, 9)
Y = X.sin()


def bee(lr=0.05, momentum=0.0, width=3, epochs=6):
    net = networks.flat_net(1, width, nn.Tanh)
    optimiser = torch.optim.SGD(net.parameters(), lr, momentum=momentum)
    for _ in range(epochs):
        optimiser.zero_grad()
        ypred = net(X)
        loss = nn.functional.mse_loss(ypred, Y)
        loss.backward()
        optimiser.step()
        yield ypred, loss.item()


@pytest.fixture
def flown(monkeypatch):
    """Numbers of bees that were lifted at once."""
    sizes = []
    flying = _lifted.fly

    def spy(flight):
        sizes.append(len(flight.seeds))
        return flying(flight)

    monkeypatch.setattr(_lifted, "fly", spy)
    return sizes


def assert_same(hive, other):
    assert len(hive) == len(other)
    for one, two in zip(hive, other, strict=True):
        assert one.keys() == two.keys()
        for name in one:
            np.testing.assert_allclose(one[name], two[name], atol=1e-5)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_parameter_sets_that_differ_in_numbers_fly_together(flown, n_jobs):
    params = list(
        core.make_sweep_paramsets({"epochs": 5}, lr=[0.1, 0.02, 0.05], momentum=[0.3, 0.9])
    )
    settings = {"num_bees": 4, "seed": 2, "fields": "ypred,loss", "progress": False}
    hive = core.hive_trainer(bee, params, engine="lift", n_jobs=n_jobs, **settings)
    assert_same(hive, core.hive_trainer(bee, params, engine="loop", **settings))
    assert [h["lr"] for h in hive] == [0.1, 0.1, 0.02, 0.02, 0.05, 0.05]
    if n_jobs == 1:
        assert flown == [24]


def test_widths_fly_apart_and_each_flight_is_as_large_as_it_may_be(flown):
    params = list(core.make_sweep_paramsets(width=[2, 4], lr=[0.1, 0.02], epochs=[3, 6]))
    settings = {"num_bees": 3, "seed": 2, "fields": "ypred,loss", "progress": False}
    hive = core.hive_trainer(bee, params, engine="lift", **settings)
    assert flown == [6, 6, 6, 6]
    assert [h["loss"].shape for h in hive] == [(3, 3), (3, 6)] * 4
    assert_same(hive, core.hive_trainer(bee, params, engine="loop", **settings))


def test_lists_and_data_fly_apart(flown):
    def given(shape, data, lr):
        for _ in range(3):
            yield torch.randn(*shape).sum() * lr + data.sum()

    params = [
        {"shape": [2, 3], "data": X, "lr": 0.1},
        {"shape": [4], "data": X, "lr": np.float64(0.2)},
        {"shape": [4], "data": Y, "lr": 0.2},
    ]
    hive = core.hive_trainer(given, params, num_bees=3, seed=1, engine="lift", progress=False)
    assert flown == [3, 3, 3]
    assert_same(
        [{"V1": h["V1"]} for h in hive],
        [core.swarm_train(given, p, num_bees=3, seed=1, engine="loop") for p in params],
    )


def test_a_rate_at_which_every_bee_diverges_is_an_error_of_that_swarm():
    def diverging(lr):
        for loss in bee(lr):
            if lr > 1:
                raise RuntimeError("diverged")
            yield loss

    with pytest.raises(core.BeeError, match="diverged"):
        core.hive_trainer(
            diverging, [{"lr": 0.1}, {"lr": 2.0}], num_bees=3, seed=1, on_error="nan"
        )


# Bees that end at different times


def falling():
    loss = torch.rand(()) + 0.5
    for epoch in range(30):
        loss = loss * (0.6 + 0.3 * torch.rand(()))
        yield loss, epoch


def by_hand(stop, num_bees=8, seed=4):
    """Train each bee until `stop` says so of its losses so far."""
    rows = []
    for i in range(num_bees):
        torch.manual_seed(core.bee_seed(seed, i))
        losses = []
        for loss, _ in falling():
            losses.append(loss.item())
            if stop(np.array(losses)):
                break
        rows.append(losses)
    return rows


def patient(losses):
    return len(losses) > 3 and losses[-3:].min() >= losses[:-3].min() - 0.05


UNTIL = {
    "now": (lambda loss: loss < 0.1, lambda losses: losses[-1] < 0.1),
    "python": (lambda loss: float(loss) < 0.1 and True, lambda losses: losses[-1] < 0.1),
    "two fields": (
        lambda loss, epoch: (loss < 0.1) & (epoch > 4),
        lambda losses: losses[-1] < 0.1 and len(losses) > 5,
    ),
    "patience": (core.patience("loss", 3, 0.05), patient),
    "history": (
        lambda history: np.sum(history["loss"] < 0.2) > 2,
        lambda losses: (losses < 0.2).sum() > 2,
    ),
}


@pytest.mark.parametrize("engine", ["lift", "loop"])
@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("name", UNTIL)
def test_each_bee_ends_by_itself(name, engine, n_jobs):
    until, stop = UNTIL[name]
    settings = {"engine": engine, "n_jobs": n_jobs, "chunk": 5, "progress": False}
    swarm = core.swarm_train(falling, None, 8, 4, "loss,epoch", until=until, **settings)
    expected = by_hand(stop)
    lengths = [len(row) for row in expected]
    assert len(set(lengths)) > 2
    assert swarm["epochs_run"].tolist() == lengths
    assert swarm["loss"].shape == (8, max(lengths))
    for losses, epochs, row in zip(swarm["loss"], swarm["epoch"], expected, strict=True):
        np.testing.assert_allclose(losses[: len(row)], row, rtol=1e-5)
        assert epochs[: len(row)].tolist() == list(range(len(row)))
        assert np.isnan(losses[len(row) :]).all()
        assert np.isnan(epochs[len(row) :]).all()


def test_a_lifted_swarm_stops_when_all_of_its_bees_have_ended():
    asked = []

    def until(epoch):
        asked.append(epoch)
        return epoch > 8

    swarm = core.swarm_train(falling, None, 4, 0, "loss,epoch", until=until, engine="lift")
    assert len(asked) == 10
    assert swarm["loss"].shape == (4, 10)


@pytest.mark.parametrize("until", [lambda: True, lambda lose: lose < 1, core.patience("lose", 3)])
def test_an_until_that_asks_for_what_there_is_not_is_named(until):
    with pytest.raises(ValueError, match="loss"):
        core.swarm_train(falling, num_bees=4, seed=0, fields="loss,epoch", until=until)


def returning():
    for epoch in range(10):
        x = torch.rand(3)
        yield x, epoch
        if x[0] < 0.2:
            return


@pytest.mark.parametrize("engine", ["auto", "loop"])
@pytest.mark.filterwarnings("ignore:trained some bees one after another")
@pytest.mark.filterwarnings("ignore:trained one bee after another")
def test_bees_that_return_early_can_be_padded(engine):
    swarm = core.swarm_train(
        returning, num_bees=12, seed=0, uneven="pad", engine=engine, progress=False, chunk=7
    )
    for i in range(12):
        torch.manual_seed(core.bee_seed(0, i))
        rows = [x.numpy() for x, _ in returning()]
        assert swarm["epochs_run"][i] == len(rows)
        np.testing.assert_allclose(swarm["V1"][i, : len(rows)], rows)
        assert np.isnan(swarm["V1"][i, len(rows) :]).all()


def test_bees_that_return_early_are_an_error_at_the_first_mismatch():
    ran = []

    def bee():
        ran.append(0)
        yield from returning()

    with pytest.raises(ValueError, match=r"until=.*uneven='pad'"):
        core.swarm_train(bee, num_bees=500, seed=0, engine="loop")
    assert len(ran) < 20


def test_a_flag_that_splits_a_swarm_into_single_bees_is_told():
    def flagged():
        stopped = False
        for _ in range(20):
            x = torch.rand(())
            if not stopped and x < 0.2:
                stopped = True
            yield x

    with pytest.warns(RuntimeWarning, match="branches on which bees disagree"):
        core.swarm_train(flagged, num_bees=12, seed=0, verify=False, progress=False)
