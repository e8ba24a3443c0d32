r"""
How fast is a swarm?
====================

A network of a few hundred weights leaves a computer idle: calling an operation takes longer
than the operation itself. A swarm shares each call among all its bees. Here the same
training runs in three ways, one bee after another, stacked by hand, and lifted, timed side
by side on the machine that built this page.

.. lead-picture::

Times depend on the machine and the moment, so only their ratios are shown. See also
:doc:`/guide/comparison`.
"""

# sphinx_gallery_tags = ["speed", "engine"]
import time

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import nn

from swarm import core, env, metrics

SEED = 0
NUM_EPOCHS, ROUNDS = (100, 3) if env.FULL else (30, 2)
NUMBERS = [1, 2, 5, 10, 30, 100, 300, 1000] if env.FULL else [1, 3, 10, 30, 100, 500]
WIDTHS = [8, 32, 128, 512] if env.FULL else [8, 64, 384]
BEES = 20  # for the second comparison

# %%
# One bee
# -------
# An ordinary training run: a sine, gradient descent with momentum, one hidden layer or more.

x = torch.linspace(-3, 3, 101)[:, None]  # (sample, 1)
y = torch.sin(x)


def bee_trainer(width, hidden):
    """Train one network; yield its loss once an epoch."""
    layers = [nn.Linear(1, width), nn.ReLU()]
    for _ in range(hidden - 1):
        layers += [nn.Linear(width, width), nn.ReLU()]
    net = nn.Sequential(*layers, nn.Linear(width, 1))
    optimiser = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
    for _ in range(NUM_EPOCHS):
        optimiser.zero_grad()
        loss = nn.functional.mse_loss(net(x), y)
        loss.backward()
        optimiser.step()
        yield loss


# %%
# The same, by hand
# -----------------
# Weights get a first axis for the bees, layers become batched products, and the losses are
# added before the backward pass. It is quick, and it is another program: each change to the
# bee has to be made here again.


def stacked(num_bees, width, hidden):
    """Train `num_bees` networks in stacked tensors."""
    sizes = [(1, width), *[(width, width)] * (hidden - 1), (width, 1)]
    weights = [torch.empty(num_bees, *s).uniform_(-1, 1).div_(s[0] ** 0.5) for s in sizes]
    biases = [torch.zeros(num_bees, 1, out) for _, out in sizes]
    parameters = [p.requires_grad_() for p in (*weights, *biases)]
    optimiser = torch.optim.SGD(parameters, lr=0.01, momentum=0.9)
    losses = []
    for _ in range(NUM_EPOCHS):
        optimiser.zero_grad()
        h = x.expand(num_bees, -1, -1)  # (bee, sample, 1)
        for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
            h = torch.relu(torch.baddbmm(bias, h, weight))
        loss = (torch.baddbmm(biases[-1], h, weights[-1]) - y).square().mean(dim=(1, 2))  # (bee,)
        loss.sum().backward()
        optimiser.step()
        losses.append(loss.detach().numpy().copy())
    return np.stack(losses, axis=1)


def swarm(num_bees, engine, **kind):
    """Train a swarm in one of the package's ways."""
    return core.swarm_train(bee_trainer, kind, num_bees, SEED, "loss", engine=engine, n_jobs=1)


# %%
# The clock
# ---------
# Rounds go through all ways in turn, and the least time of each counts: whatever else the
# machine does then disturbs all of them alike. Looping takes as long for each bee, so a few
# are timed for all.


def seconds_per_bee(num_bees, **kind):
    """Least time of each way, in seconds a bee."""
    ways = {
        "looped": lambda: swarm(min(num_bees, 3), "loop", **kind),
        "stacked by hand": lambda: stacked(num_bees, **kind),
        "lifted": lambda: swarm(num_bees, "lift", **kind),
    }
    best = dict.fromkeys(ways, np.inf)
    for _ in range(ROUNDS):
        for name, train in ways.items():
            begin = time.perf_counter()
            train()
            bees = min(num_bees, 3) if name == "looped" else num_bees
            best[name] = min(best[name], (time.perf_counter() - begin) / bees)
    return best


swarm(2, "lift", width=20, hidden=1)  # what is done once in a process is not counted
by_number = [seconds_per_bee(number, width=20, hidden=1) for number in NUMBERS]
by_width = [seconds_per_bee(BEES, width=width, hidden=2) for width in WIDTHS]

# %%
# The picture
# -----------
# Above, more and more bees. Below, twenty bees whose layers grow: where one layer of one
# network keeps the processor busy, there is nothing left to share.


def gain(times, way):
    """How many times as fast as the loop."""
    return np.array([t["looped"] / t[way] for t in times])


figure = Figure(figsize=(7.2, 7), layout="constrained")
above, below = figure.subplots(2, 1)
for axes, across, times in ((above, NUMBERS, by_number), (below, WIDTHS, by_width)):
    axes.axhline(1, color="#7b8491", linestyle="--", linewidth=1, label="looped")
    axes.loglog(across, gain(times, "stacked by hand"), "o-", color="#e8590c", label="by hand")
    axes.loglog(across, gain(times, "lifted"), "o-", color="#2f7de1", label="lifted")
    axes.set(ylabel="times as fast as the loop")
above.set(xlabel="bees", title="One layer of 20 neurons")
below.set(xlabel="neurons a layer", title=f"{BEES} bees, two layers")
above.legend()
figure.savefig("how_fast_is_a_swarm.png")
figure

# %%
# Reading it
# ----------

lifted = gain(by_number, "lifted")
wide = gain(by_width, "lifted")
pays = next(n for n, g in zip(NUMBERS, lifted, strict=True) if g > 1)
found = metrics.findings(
    (f"lifting {NUMBERS[-1]} bees against looping them", "", f"{lifted[-1]:.0f} times as fast",
     lifted[-1] > 5),
    ("lifting pays from", "", f"{pays} bees", pays <= 10),
    (f"{BEES} bees of {WIDTHS[-1]} neurons a layer, lifted", "", f"{wide[-1]:.1f} times as fast",
     wide[-1] < wide[0] / 2),
)  # fmt: skip
found

# %%
# One bee alone is *slower* lifted than looped, for each operation passes through Python once
# more, and its first epochs are trained twice, to check them. And wide layers gain little:
# a product of large matrices is what a processor is fast at already. Between these two lies
# what this site is about, many small networks.
#
# Next: :ref:`sphx_glr_auto_gallery_many_networks_one_network_a_pixel.py`, a picture that needs
# thousands of networks at once.
