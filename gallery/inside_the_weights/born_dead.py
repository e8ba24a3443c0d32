r"""
Born dead
=========

A deep, narrow network of ReLU neurons can be dead before its first step: some layer is
silent for every input, the output is a constant, no gradient comes through, and all that
training can do is to shift the constant. How many are born so? A coin toss for each neuron
decides, and thousands of networks agree with it.

.. lead-picture:: 2

Each line is a network that learns :math:`|x|`. The dead ones stay flat for ever.
"""

# sphinx_gallery_tags = ["initialisation", "ReLU"]
import numpy as np
import torch
from matplotlib.figure import Figure
from scipy.stats import binomtest
from torch import nn

from swarm import animator, core, env, metrics

SEED = 0
NUM_BEES = 10_000 if env.FULL else 1_000
NUM_LEARNERS, NUM_EPOCHS = (100, 400) if env.FULL else (40, 120)
DEPTHS, WIDTHS = [1, 2, 5, 10, 20], [2, 3, 4]
LEVEL = 0.001  # how often a right formula may fail the test below, by chance

# %%
# A coin for each neuron
# ----------------------
# Weights are drawn symmetrically around 0 and biases are 0. Then the input of a neuron is
# as likely to be negative as positive, whatever the layer before it says, and a layer of
# :math:`w` neurons is silent with probability :math:`2^{-w}`. A network of :math:`d` layers
# is alive with probability
#
# .. math:: P = (1 - 2^{-w})^d
#
# for one input that is not 0 (L. Lu, Y. Shin, Y. Su and G. E. Karniadakis, *Dying ReLU and
# initialization*, 2019, arXiv:1903.06733; D. Rister and D. Rubin, *Probabilistic bounds on
# neuron death in deep rectifier networks*, 2020, arXiv:2007.06192).


def make_net(depth, width, activation=nn.ReLU):
    """Stack layers without biases, started by He's rule."""
    layers = []
    for k in range(depth):
        layers += [nn.Linear(1 if k == 0 else width, width, bias=False), activation()]
    net = nn.Sequential(*layers, nn.Linear(width, 1))
    for layer in net:
        if isinstance(layer, nn.Linear):
            nn.init.kaiming_normal_(layer.weight)
    return net


def newborn(depth, width, activation=nn.ReLU):
    """Be born; yield whether any neuron of the last layer answers to the input 1."""
    net = make_net(depth, width, activation)
    with torch.no_grad():
        yield (net[:-1](torch.ones(1, 1)) != 0).any()


kinds = core.make_sweep_paramsets(depth=DEPTHS, width=WIDTHS)
hive = core.hive_trainer(newborn, kinds, NUM_BEES, SEED, "alive")
for swarm in hive:
    swarm["expected"] = (1 - 2.0 ** -swarm["width"]) ** swarm["depth"]
    swarm["share"] = swarm["alive"].mean()
    swarm["error"] = np.sqrt(swarm["expected"] * (1 - swarm["expected"]) / NUM_BEES)

# %%
# Points are swarms, with three standard errors; lines are the formula.

figure = Figure(figsize=(8, 4.5), layout="constrained")
axes = figure.subplots()
depths = np.arange(1, DEPTHS[-1] + 1)
for width, color in zip(WIDTHS, ("#e8590c", "#0ca678", "#2f7de1"), strict=True):
    axes.plot(depths, (1 - 2.0**-width) ** depths, color=color)
    swarms = [swarm for swarm in hive if swarm["width"] == width]
    shares, errors = (np.array([swarm[name] for swarm in swarms]) for name in ("share", "error"))
    axes.errorbar(DEPTHS, shares, 3 * errors, fmt="o", color=color, label=f"width {width}")
axes.set(xlabel="hidden layers", ylabel="share alive", ylim=(0, 1), title="Who is born alive")
axes.legend()
figure.savefig("born_dead.png")
figure

# %%
# What becomes of them
# --------------------
# A swarm of six layers of three neurons learns :math:`|x|`. A network may be dead for
# positive inputs, for negative ones, or for both; those dead for both slide to the mean of
# the truth, and stay flat.

x = torch.linspace(-1, 1, 41)[:, None]  # (sample, 1)


def bee_trainer():
    """Train one network on |x|; yield its curve and its loss."""
    net = make_net(6, 3)
    optimiser = torch.optim.Adam(net.parameters(), lr=0.01)
    for _ in range(NUM_EPOCHS):
        optimiser.zero_grad()
        ypred = net(x)
        loss = nn.functional.mse_loss(ypred, x.abs())
        loss.backward()
        optimiser.step()
        yield ypred[:, 0], loss


swarm = core.swarm_train(bee_trainer, {}, NUM_LEARNERS, SEED, "ypred,loss")
curves = animator.LineSwarm.standard(
    x[:, 0], x[:, 0].abs(), swarm["ypred"], color_by=swarm["loss"][:, -1], label="final loss",
    set_title="Six layers of three ReLU neurons learn |x|", set_ylim=(-0.6, 1.6),
)  # fmt: skip
animator.swarm_animate([curves], "born_dead.mp4", every=1 if env.FULL else 2)

# %%
# A network that is dead for both signs has the same output everywhere, at the start and at
# the end. Of the formula, each kind is an exact binomial test; the least of so many
# p-values must not fall below a thousandth, divided by their number (Bonferroni).

spread = np.ptp(swarm["ypred"], axis=2)  # (bee, epoch)
dead = spread[:, 0] < 1e-6
revived = dead & (spread[:, -1] > 1e-6)
least = min(binomtest(int(s["alive"].sum()), NUM_BEES, s["expected"]).pvalue for s in hive)
allowed = LEVEL / len(hive)
worst = next(s for s in hive if (s["depth"], s["width"]) == (20, 2))
leaky = core.swarm_train(newborn, {"depth": 20, "width": 2, "activation": nn.LeakyReLU}, 200, SEED)
metrics.findings(
    ("alive, 20 layers of 2", f"closed form: {worst['expected']:.2%} ± {worst['error']:.2%}",
     f"{worst['share']:.2%}", worst["share"] < 0.02),
    (f"least p-value of the formula, {len(hive)} kinds", f"by chance, seldom below {allowed:.0e}",
     f"{least:.2g}", least > allowed),
    ("dead for all inputs that training revives", "none", f"{revived.sum()} of {dead.sum()}",
     dead.any() and not revived.any()),
    ("alive, 20 layers of 2 leaky ReLU", "all", f"{leaky['V1'].mean():.0%}", leaky["V1"].all()),
)  # fmt: skip

# %%
# The last row is where the rule ends: a *leaky* ReLU lets something of a negative input
# through, and nobody is born dead. Biases that are not 0 break the symmetry too.
#
# Next: :ref:`sphx_glr_auto_gallery_surfaces_one_more_neuron.py`, where neurons to spare save a
# network from another early end.
