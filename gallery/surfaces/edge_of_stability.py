r"""
Training rides the edge of stability
====================================

On a parabola of curvature :math:`\lambda`, gradient descent with learning rate
:math:`\eta` converges if :math:`\lambda < 2/\eta`; beyond that each step overshoots by
more than it gains. A network's loss is no parabola, and something odd happens: training
*itself* makes the surface sharper until the greatest curvature reaches :math:`2/\eta`,
then stays there, on the edge, and the loss does not blow up.

Cohen et al. found this in large networks (2021, arXiv:2103.00065). It shows in one small
enough to take its curvature exactly.
"""

# sphinx_gallery_tags = ["learning rate", "curvature"]
import numpy as np
import torch
from matplotlib.figure import Figure
from torch import nn

from swarm import core, env, surface

SEED = 0
LEARNING_RATES = [0.05, 0.1, 0.2]
NUM_BEES, NUM_RECORDS, STEPS_PER_RECORD = (12, 40, 50) if env.FULL else (3, 12, 125)

# %%
# The problem
# -----------
# A sine, two hidden layers of sixteen tanh neurons, and *full-batch* gradient descent: no
# noise from mini-batches, no momentum.

x = torch.linspace(-3, 3, 41)[:, None]  # (sample, 1)
y = torch.sin(2 * x)


def make_net():
    """Build the network, with random initial weights."""
    layers = [nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 1)]
    return nn.Sequential(*layers)


def bee_trainer(x, y, lr):
    """Descend; yield weights and loss every few steps."""
    net = make_net()
    optimiser = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(NUM_RECORDS):
        for _ in range(STEPS_PER_RECORD):
            optimiser.zero_grad()
            loss = nn.functional.mse_loss(net(x), y)
            loss.backward()
            optimiser.step()
        yield nn.utils.parameters_to_vector(net.parameters()).detach(), loss


# %%
# The hive
# --------
# The same starts, three learning rates. On the edge training is chaotic: a difference in
# the last digit soon decides the path. So we do not ask that a lifted bee
# agrees with the same bee trained alone (``verify``); what holds for all of them is what
# counts here.

hive = core.hive_trainer(
    bee_trainer,
    core.make_sweep_paramsets({"x": x, "y": y}, lr=LEARNING_RATES),
    num_bees=NUM_BEES,
    fields="weights,loss",
    seed=SEED,
    verify=False,
)

# %%
# The curvature
# -------------
# The greatest eigenvalue of the Hessian at each recorded point, for each bee:
# :func:`swarm.surface.hessian_eigenvalues`.

net = make_net()


def sharpness(weights):
    """Greatest curvature of the loss at some weights."""
    return surface.hessian_eigenvalues(net, nn.functional.mse_loss, x, y, k=1, weights=weights)[0]


for swarm in hive:  # (bee, epoch, weight) -> (bee, epoch)
    swarm["sharpness"] = np.apply_along_axis(sharpness, -1, swarm["weights"])

# %%
# The picture
# -----------
# Each line is a bee; the dashed line is :math:`2/\eta`. Below, the loss of the same bees.

steps = STEPS_PER_RECORD * np.arange(1, NUM_RECORDS + 1)
figure = Figure(figsize=(10, 6), layout="constrained")
above, below = figure.subplots(2, 3, sharex=True, sharey="row")
for swarm, top, bottom in zip(hive, above, below, strict=True):
    top.plot(steps, swarm["sharpness"].T, color="#2f7de1", alpha=0.6, linewidth=1)
    top.axhline(
        2 / swarm["lr"], color="#e8590c", linestyle="--", label=f"2/η = {2 / swarm['lr']:.0f}"
    )
    top.set(title=f"η = {swarm['lr']}")
    top.legend(loc="upper left")
    bottom.semilogy(steps, swarm["loss"].T, color="#2f7de1", alpha=0.6, linewidth=1)
    bottom.set(xlabel="step")
above[0].set(ylabel="greatest curvature")
below[0].set(ylabel="loss")
figure.savefig("edge_of_stability.png")
figure

# %%
# Reading it
# ----------
# With the two larger learning rates the curvature climbs to :math:`2/\eta` and stays
# within a few per cent of it. By the textbook the loss should then blow up. It does not:
# it goes down or hovers, though no longer falling at every step.

for swarm in hive:
    edge = np.median(swarm["sharpness"][:, NUM_RECORDS // 2 :]) * swarm["lr"] / 2
    second, last = (
        np.median(swarm["loss"][:, quarter * NUM_RECORDS // 4 :][:, : NUM_RECORDS // 4])
        for quarter in (1, 3)
    )
    print(
        f"lr {swarm['lr']}: curvature {edge:.2f} of 2/lr in the second half; "
        f"loss {second:.4f} in the second quarter, {last:.4f} in the last"
    )
    if swarm["lr"] >= 0.1:
        assert abs(edge - 1) < 0.1
        assert last < 10 * second

# %%
# The smallest learning rate has not reached its edge yet; give it more steps. Nothing in
# the network decides how sharp its minimum will be. The step size does.
#
# See also :ref:`sphx_glr_auto_gallery_surfaces_hundred_descents.py`, where the sharp and
# the flat ground lie side by side.
