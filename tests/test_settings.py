"""Settings say how a swarm is trained, never what comes out: against the plain loop."""

import random

import numpy as np
import pytest
import torch
from torch import nn

from swarm import core
from swarm.lift import CannotLift

X = torch.linspace(-2, 2, 20, dtype=torch.float64)[:, None]
Y = torch.sin(3 * X)


def steady(lr=0.05, width=5, epochs=9, p=0.0):
    layers = nn.Linear(1, width), nn.Tanh(), nn.Dropout(p), nn.Linear(width, 1)
    net = nn.Sequential(*layers).double()
    optimizer = torch.optim.SGD(net.parameters(), lr=lr, momentum=0.5)
    for _ in range(int(epochs)):
        loss = (net(X) - Y).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield loss, net(X).detach()[:3, 0]


def failing(**settings):
    for epoch, (loss, curve) in enumerate(steady(**settings)):
        if epoch == 4 and loss.item() > 0.45:
            raise RuntimeError("a bad bee")
        yield loss, curve


def leaving(**settings):
    for loss, curve in steady(**settings):
        yield loss, curve
        if loss.item() < 0.45:
            return


EACH = {
    "lr": lambda i: 0.02 + 0.01 * i,
    "p": lambda i: 0.05 * (i % 4),
    "width": lambda i: 3 + i % 3,
    "epochs": lambda i: 5 + i % 4,
}


def drawn(rng):
    """What to train, and two ways to train it."""
    trainer, bees = rng.choice([steady, steady, failing, leaving]), rng.choice([1, 2, 3, 7, 23])
    own = rng.sample(list(EACH), rng.choice([0, 0, 1, 2]))
    what = {"num_bees": bees, "seed": rng.randrange(5), "fields": "loss,curve", "progress": False}
    what["each"] = {name: [EACH[name](i) for i in range(bees)] for name in own} or None
    what["on_error"] = "nan" if trainer is failing else "raise"
    what["uneven"] = "pad" if trainer is leaving or "epochs" in own else "raise"
    what["first_bee"] = rng.choice([0, 0, 3])
    if rng.random() < 0.4:
        what["until"] = rng.choice([lambda loss: loss < 0.48, core.patience("loss", 2)])
    fixed = rng.choice([{}, {"lr": 0.1}, {"p": 0.2}, {"epochs": 1}])
    what["bee_params"] = {name: value for name, value in fixed.items() if name not in own}
    how = {
        "engine": rng.choice(["auto", "lift", "loop"]),
        "chunk": rng.choice([None, 1, 2, 5]),
        "verify": rng.choice([True, True, False]),
        "n_jobs": rng.choice([None] * 9 + [2]),
    }
    return trainer, what, how


@pytest.mark.filterwarnings("ignore")  # of what cannot be lifted, and of bees that fail
@pytest.mark.parametrize("seed", range(6))
def test_how_a_swarm_is_trained_does_not_change_it(seed, tmp_path):
    rng = random.Random(seed)
    for number in range(25):
        trainer, what, how = drawn(rng)
        folder = tmp_path / f"{number}" if rng.random() < 0.5 else None
        try:
            truth = core.swarm_train(trainer, engine="loop", **what)
        except core.BeeError:  # none is left
            continue
        try:
            swarm = core.swarm_train(trainer, out=folder, **how, **what)
        except CannotLift:
            assert how["engine"] == "lift"
            continue
        assert list(swarm) == list(truth), (trainer, what, how)
        for name, values in truth.items():
            np.testing.assert_allclose(
                swarm[name], values, rtol=1e-9, atol=1e-12, err_msg=f"{trainer} {what} {how}"
            )
        if folder is not None:
            opened = core.load(folder)
            assert all(np.array_equal(opened[k], swarm[k], equal_nan=True) for k in swarm)


@pytest.mark.filterwarnings("ignore")  # of bees that fail
def test_bees_that_go_on_longer_than_those_lifted_lie_in_a_folder_too(tmp_path):
    settings = {
        "num_bees": 7, "seed": 2, "fields": "loss,curve", "on_error": "nan",
        "until": lambda loss: loss < 0.48,
    }  # fmt: skip
    truth = core.swarm_train(failing, engine="loop", **settings)
    swarm = core.swarm_train(
        failing, engine="lift", verify=False, out=tmp_path / "run", **settings
    )
    for name, values in truth.items():
        np.testing.assert_allclose(swarm[name], values, rtol=1e-9, atol=1e-12)
