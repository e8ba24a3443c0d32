r"""
Who wins the race downhill?
===========================

Five optimisers start from the same places on the same ground, the exact loss of a network of two
weights. It has a wide plateau, and a deep valley that is narrow and steep.

.. guess:: Each may choose its learning rate. Who leads the most bees into the deep valley?
   :right: 3

   - Plain gradient descent, with small steps.
   - Momentum, which keeps its speed.
   - Those that measure each weight's steps by its gradients: RMSprop and Adam.

   The valley's walls are so steep that a step in proportion to the slope throws bees out, and
   steps small enough to stay take for ever. RMSprop and Adam divide the slope away.

.. lead-picture::

Choose an optimiser and a learning rate, and press play. Dark ground is low: the valley is the two
dark stripes beside the middle.
"""

# sphinx_gallery_tags = ["optimiser", "learning rate", "momentum", "Adam"]
import numpy as np
import torch
from torch import nn

from swarm import core, env, metrics, player, surface

SEED = 7
NUM_BEES, NUM_SAMPLES = (200, 1000) if env.FULL else (50, 300)
NUM_RECORDS, STEPS_PER_RECORD = (60, 10) if env.FULL else (40, 10)
RATES = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3]

# %%
# The ground
# ----------
# It is that of :ref:`sphx_glr_auto_gallery_surfaces_two_weight_surface.py`. Every step sees all
# samples, so that chance is in the start alone.

rng = np.random.default_rng(42)
x = rng.normal(1, 4.5, NUM_SAMPLES)
pieces = [lambda x: 2 * x + 5, lambda x: 7.3 * np.sin(x), lambda x: -0.03 * x**3 + 2]
y = np.piecewise(x, [x < -2, (x >= -2) & (x < 2), x >= 2], pieces)
y += rng.normal(0, 1, NUM_SAMPLES)
inputs, targets = torch.tensor(x)[:, None], torch.tensor(y)[:, None]  # (sample, 1)
mse = nn.functional.mse_loss


def make_net():
    """Build the network, somewhere on the ground."""
    net = nn.Sequential(nn.Linear(1, 1, bias=False), nn.Tanh(), nn.Linear(1, 1, bias=False))
    for weight in net.parameters():
        nn.init.uniform_(weight, -2, 2)
    return net.double()


# %%
# The runners
# -----------
# All with PyTorch's own settings, but for the learning rate, which is swept for each.

OPTIMISERS = {
    "SGD": torch.optim.SGD,
    "momentum": lambda weights, lr: torch.optim.SGD(weights, lr, momentum=0.9),
    "Nesterov": lambda weights, lr: torch.optim.SGD(weights, lr, momentum=0.9, nesterov=True),
    "RMSprop": torch.optim.RMSprop,
    "Adam": torch.optim.Adam,
}


def bee_trainer(optimiser, lr):
    """Descend; yield weights and loss every few steps, and how far the first step went."""
    net = make_net()
    start = nn.utils.parameters_to_vector(net.parameters()).detach().clone()
    runner = OPTIMISERS[optimiser](net.parameters(), lr=lr)
    first = torch.zeros(2, dtype=torch.float64)
    for step in range(NUM_RECORDS * STEPS_PER_RECORD):
        weights = nn.utils.parameters_to_vector(net.parameters()).detach().clone()
        if step == 1:
            first = (weights - start).abs() / lr
        runner.zero_grad()
        loss = mse(net(inputs), targets)
        loss.backward()
        if step % STEPS_PER_RECORD == 0:
            yield weights, loss, first
        runner.step()


hive = core.hive_trainer(
    bee_trainer,
    core.make_sweep_paramsets(optimiser=list(OPTIMISERS), lr=RATES),
    num_bees=NUM_BEES,
    seed=SEED,
    fields="weights,loss,first",
)
assert all(np.array_equal(hive[0]["weights"][:, 0], swarm["weights"][:, 0]) for swarm in hive)

plane = surface.weight_plane(make_net(), "0.weight", "2.weight", labels=("w1", "w2"))
xs, ys = np.linspace(-3, 3, 81), np.linspace(-4.5, 4.5, 81)
player.hive(
    hive,
    {"optimiser": "optimiser", "lr": "learning rate"},
    "descent",
    surface=surface.loss_surface(make_net(), mse, inputs, targets, plane, xs, ys),
    paths=lambda swarm: plane.project(swarm["weights"]),
    epochs=list(range(0, NUM_RECORDS * STEPS_PER_RECORD, STEPS_PER_RECORD)),
    title="Five optimisers, six learning rates, the same starts",
    alt="Paths of a swarm over a loss map, which two sliders change.",
)

# %%
# The result
# ----------
# A bee is in the deep valley if it ends lower than any point of the plateau can be. Standard
# errors are those of a share of so many starts.

plateau = np.mean(y**2) - np.mean(np.sign(x) * y) ** 2
shares = {
    name: np.array(
        [np.mean(s["loss"][:, -1] < plateau - 0.5) for s in hive if s["optimiser"] == name]
    )
    for name in OPTIMISERS
}
print("bees in the deep valley   " + "".join(f"{rate:<8}" for rate in RATES))
for name, found in shares.items():
    print(f"{name:26}" + "".join(f"{share:<8.0%}" for share in found))


def said(share):
    """Put a share of the bees into words, with its standard error."""
    return f"{share:.0%} ± {np.sqrt(share * (1 - share) / NUM_BEES):.0%}"


best = {name: found.max() for name, found in shares.items()}
slowest = {name: found[0] for name, found in shares.items()}
firsts = {
    name: np.stack([swarm["first"][:, -1] for swarm in hive if swarm["optimiser"] == name])
    for name in OPTIMISERS
}
scaled = min(best["RMSprop"], best["Adam"])
metrics.findings(
    *[
        (
            f"in the deep valley: {name} at its best rate, {RATES[found.argmax()]}",
            "",
            said(best[name]),
            best[name] >= scaled or best[name] + 0.1 < scaled,
        )
        for name, found in shares.items()
    ],
    (
        f"all at rate {RATES[0]}: Adam is last",
        "",
        ", ".join(f"{share:.0%}" for share in slowest.values()),
        slowest["Adam"] == min(slowest.values()),
    ),
    (
        "first step of Adam in each weight, in learning rates",
        "closed form: 1",
        f"{firsts['Adam'].min():.3f} to {firsts['Adam'].max():.3f}",
        np.abs(firsts["Adam"] - 1).max() < 1e-3,
    ),
    (
        "first step of RMSprop",
        "closed form: 1/√(1 − 0.99) = 10",
        f"{firsts['RMSprop'].min():.2f} to {firsts['RMSprop'].max():.2f}",
        np.abs(firsts["RMSprop"] - 10).max() < 1e-2,
    ),
    (
        "first step of SGD",
        "closed form: the slope",
        f"{firsts['SGD'].min():.2g} to {firsts['SGD'].max():.0f}",
        firsts["SGD"].max() > 100 * firsts["SGD"].min(),
    ),
)

# %%
# Why
# ---
# A step of SGD is the slope times the learning rate, and slopes differ by a factor of hundreds
# between plateau and wall. Adam (D. P. Kingma, J. Ba, *Adam: a method for stochastic
# optimization*, 2014, arXiv:1412.6980) divides by a mean of the slopes that it has seen: its first
# step is one learning rate in each weight, wherever it stands. So it walks the plateau as fast as
# the walls, and no wall throws it further than a step.
#
# Where that fails: with the smallest rate Adam has not come far when the others have arrived, for
# all its steps are small; with the largest, RMSprop steps over the valley. On ground that is
# equally steep everywhere there would be nothing to divide away. What the best of them does is
# decided by the rate, which is why each had its own; see
# :ref:`sphx_glr_auto_gallery_optimisers_adam_walks_the_wrong_way.py` for a race that Adam loses at
# every rate.
