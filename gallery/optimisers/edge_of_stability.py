r"""
Training rides the edge of stability
====================================

While gradient descent trains these networks, the ground under them gets sharper and
sharper, until a step should overshoot by more than it gains. There the loss ought to blow
up. Instead the sharpness stops at that very edge and stays there, and training goes on.

.. lead-picture::

On a parabola of curvature :math:`\lambda`, gradient descent with learning rate
:math:`\eta` converges if :math:`\lambda < 2/\eta`; beyond that each step overshoots. A
network's loss is no parabola. Cohen et al. found in large networks that training *itself*
sharpens the surface up to :math:`2/\eta` (*Gradient descent on neural networks typically
occurs at the edge of stability*, 2021, arXiv:2103.00065). It shows in one small enough to
take its curvature exactly.
"""

# sphinx_gallery_tags = ["learning rate", "curvature"]
import numpy as np
import torch
from matplotlib.figure import Figure
from torch import nn

from swarm import core, env, metrics, surface

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
    bee_trainer, core.make_sweep_paramsets({"x": x, "y": y}, lr=LEARNING_RATES), num_bees=NUM_BEES,
    fields="weights,loss", seed=SEED, verify=False,
)  # fmt: skip

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
# Each line is a bee, and each colour a learning rate. Above, the greatest curvature as a
# share of :math:`2/\eta`: the edge is at 1. Below, the loss of the same bees.

steps = STEPS_PER_RECORD * np.arange(1, NUM_RECORDS + 1)
figure = Figure(figsize=(7.2, 6.4), layout="constrained")
above, below = figure.subplots(2, 1, sharex=True)
above.axhline(1, color="#7b8491", linestyle="--", linewidth=1)
for swarm, color in zip(hive, ("#2f7de1", "#0ca678", "#e8590c"), strict=True):
    shares = swarm["sharpness"] * swarm["lr"] / 2
    look = {"color": color, "alpha": 0.6, "linewidth": 1}
    above.plot(steps, shares.T, **look)
    below.semilogy(steps, swarm["loss"].T, **look)
    above.plot([], [], color=color, label=f"η = {swarm['lr']}")
above.set(ylabel="curvature / (2/η)", title="Curvature climbs to the edge, and stays there")
below.set(ylabel="loss", xlabel="step")
above.legend(loc="lower right", ncols=3)
figure.savefig("edge_of_stability.png")
figure

# %%
# Reading it
# ----------
# With the two larger learning rates the curvature climbs to :math:`2/\eta` and stays near it;
# the table says how near. By the textbook the loss should then blow up. It does not: it goes
# down or hovers.


def on_the_edge(swarm):
    """Curvature in the second half as a share of 2/lr: median and middle half of the bees."""
    shares = np.median(swarm["sharpness"][:, NUM_RECORDS // 2 :], axis=1) * swarm["lr"] / 2
    return np.median(shares), *np.quantile(shares, (0.25, 0.75))


def growth(swarm):
    """Loss in the last quarter as a multiple of that in the second quarter."""
    quarter = NUM_RECORDS // 4
    second, last = (np.median(swarm["loss"][:, k * quarter :][:, :quarter]) for k in (1, 3))
    return last / second


rows = []
for swarm in hive:
    middle, low, high = on_the_edge(swarm)
    is_there = abs(middle - 1) < 0.1 if swarm["lr"] >= 0.1 else middle < 1
    ours = f"{middle:.2f} ({low:.2f} to {high:.2f})"
    rows.append((f"curvature / (2/η), η = {swarm['lr']}", "about 1, when reached", ours, is_there))
fastest = growth(hive[-1])
rows.append(
    (f"loss, last to second quarter, η = {LEARNING_RATES[-1]}", "", f"{fastest:.2f}", fastest < 10)
)
metrics.findings(*rows)

# %%
# The smallest learning rate has not reached its edge within these steps, and nothing here
# says that it must. What these few bees of one network show is that where the edge *is*
# reached, it is the step size that decides how sharp the ground becomes.
#
# See also :ref:`sphx_glr_auto_gallery_surfaces_hundred_descents.py`, where the sharp and
# the flat ground lie side by side.
