r"""
Learning rate and momentum
==========================

Two numbers decide how a network walks downhill: how long its steps are, and how much of the
last step it keeps. Turn both, and watch the same networks crawl, glide, bounce or fly
apart. Which momentum is best can be worked out, for one valley at least.

.. lead-picture::
"""

# sphinx_gallery_tags = ["learning rate", "momentum", "optimiser"]
import numpy as np
import torch
from matplotlib.figure import Figure
from torch import nn

from swarm import animator, core, env, metrics, networks, player

SEED = 1
NUM_BEES, NUM_EPOCHS, RECORDS = (60, 300, 60) if env.FULL else (20, 120, 30)
RATES, MOMENTA = [0.003, 0.01, 0.03, 0.1], [0.0, 0.5, 0.9, 0.97]

# %%
# A hive to turn
# --------------
# One hidden layer learns a sine. Sixteen settings, the same starts for each, and one flight
# for them all: settings that are numbers may differ between the bees of a swarm.

x = torch.linspace(-2 * np.pi, 2 * np.pi, 61)
y = torch.sin(x)


def bee_trainer(lr, momentum):
    """Train one network; yield its curve and its loss every few steps."""
    net = networks.flat_net(1, 24, nn.Tanh)
    optimiser = torch.optim.SGD(net.parameters(), lr=lr, momentum=momentum)
    for _ in range(RECORDS):
        yield net(x), nn.functional.mse_loss(net(x), y)
        for _ in range(NUM_EPOCHS // RECORDS):
            optimiser.zero_grad()
            nn.functional.mse_loss(net(x), y).backward()
            optimiser.step()


hive = core.hive_trainer(
    bee_trainer, core.make_sweep_paramsets(lr=RATES, momentum=MOMENTA), num_bees=NUM_BEES,
    seed=SEED, fields="ypred,loss",
)  # fmt: skip
player.hive(
    hive, {"lr": "learning rate", "momentum": "momentum"}, x=x.numpy(), truth=y.numpy(),
    epochs=list(range(0, NUM_EPOCHS, NUM_EPOCHS // RECORDS)),
    title="Sixteen ways to walk downhill",
    caption="Each line is a network, dots are the sine. What leaves the plot has flown apart.",
    alt="Curves of a swarm that bend towards a sine, faster or slower by two sliders.",
)  # fmt: skip

# %%
# The loss of each setting at the end, in the median over its bees; where more than half have
# flown apart there is none:

animator.hive_heatmap(hive, "momentum", "lr", label="final loss")

# %%
# One bee's bounce
# ----------------
# To see why, take the simplest valley, a parabola of curvature :math:`\lambda = 1`, and one
# weight. A ball with little friction overshoots; with too much it creeps. Between them lies
# the momentum that comes to rest soonest without a swing,
#
# .. math:: \beta^* = (1 - \sqrt{\eta\lambda})^2
#
# (B. T. Polyak, *Some methods of speeding up the convergence of iteration methods*, 1964;
# G. Goh, *Why momentum really works*, Distill, 2017).

STEP = 0.01
betas = np.linspace(0.01, 0.99, 99)


def ball(momentum):
    """Roll down a parabola from 1; yield where it is."""
    weight = torch.ones((), dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.SGD([weight], lr=STEP, momentum=momentum)
    for _ in range(1500):
        yield weight.detach().clone()
        optimiser.zero_grad()
        (0.5 * weight**2).backward()
        optimiser.step()


roll = core.swarm_train(ball, {}, None, SEED, "weight", each={"momentum": betas})["weight"]
best = (1 - STEP**0.5) ** 2
swings = betas[roll.min(axis=1) < -1e-12]
rest = (np.abs(roll) > 0.01).sum(axis=1)  # steps outside of the last hundredth

figure = Figure(figsize=(7.2, 6.4), layout="constrained")
above, below = figure.subplots(2, 1)
for beta, color in ((0.01, "#7b8491"), (0.81, "#2f7de1"), (0.97, "#e8590c")):
    bee = np.abs(betas - beta).argmin()
    above.plot(roll[bee, :500], color=color, label=f"momentum {betas[bee]:.2f}")
above.axhline(0, color="#7b8491", linewidth=0.8, linestyle="--")
above.set(xlabel="step", ylabel="weight", title="Creep, glide, bounce")
above.legend()
below.semilogy(betas, rest, ".-", color="#2f7de1")
below.axvline(best, color="#7b8491", linewidth=0.8, linestyle="--", label="β*")
below.set(xlabel="momentum", ylabel="steps to rest", title="Too little, too much")
below.legend()
figure.savefig("learning_rate_and_momentum.png")
figure

# %%
# Reading it
# ----------
# A swing begins where the formula says. The quickest to rest within a hundredth swings a
# little. (In one valley a longer step would do as well as momentum; momentum is for steps
# that some steeper direction keeps short.)

fastest = betas[rest.argmin()]
metrics.findings(
    ("smallest momentum that swings", f"closed form: above {best:.2f}", f"{swings.min():.2f}",
     best < swings.min() < best + 0.02),
    ("quickest to rest within 1 %", f"closed form, without a swing: {best:.2f}",
     f"{fastest:.2f}, {rest[0] / rest.min():.0f} times as fast as {betas[0]:.2f}, same rate",
     best <= fastest < best + 0.1),
)  # fmt: skip

# %%
# A network has valleys of many curvatures at once, each with a momentum of its own: the best
# of the sixteen settings above has to be found by trying. See also
# :ref:`sphx_glr_auto_gallery_optimisers_edge_of_stability.py`.
