r"""
Deeper or wider?
================

Nine kinds of network learn the same three periods of a sine: one to three hidden layers,
four to sixteen neurons in each. A *hive* trains a swarm of each kind, so that what we
compare is the kind and not the luck of one initialisation.

.. guess:: With as many weights, each at its own best learning rate: which learns best?
   :right: 2

   - One hidden layer.
   - Three hidden layers.
   - It makes no difference.

   With its own best rate, more layers do better here; at one rate for all, the order is
   another. That is why a comparison has to give each side the rate that suits it.

.. lead-picture::
"""

# sphinx_gallery_tags = ["architecture", "regression", "learning rate"]
import numpy as np
import torch
from matplotlib.figure import Figure
from torch import nn

from swarm import animator, core, env, metrics, networks, regimes

SEED = 3
NUM_BEES, NUM_EPOCHS = (100, 600) if env.FULL else (12, 400)
EVERY = 2 if env.FULL else 8
DEPTHS, WIDTHS = [1, 2, 3], [4, 8, 16]
FULL_RATES = [0.001, 0.002, 0.003, 0.005, 0.007, 0.01, 0.014, 0.02, 0.03]
RATES = FULL_RATES if env.FULL else [0.001, 0.003, 0.01, 0.03]

# %%
# The hive
# --------
# :func:`swarm.core.make_sweep_paramsets` makes a set of parameters for each combination,
# and :func:`swarm.core.hive_trainer` trains a swarm for each set.

x = torch.linspace(-3 * np.pi, 3 * np.pi, 101)
y = torch.sin(x)

hive = core.hive_trainer(
    regimes.default_train,
    core.make_sweep_paramsets({"x": x, "y": y, "num_epochs": NUM_EPOCHS, "lr": 0.01},
                              hidden=DEPTHS, width=WIDTHS),
    num_bees=NUM_BEES, fields="ypred,loss", seed=SEED, engine="lift",
)  # fmt: skip
print(len(hive), "swarms of", NUM_BEES, "bees")

# %%
# The movie
# ---------
# Width grows to the right, depth downwards. Each line is a network; dots are the sine.

animator.hive_animate(hive, "width", "hidden", "deeper_or_wider.mp4", every=EVERY)

# %%
# Reading it
# ----------
# The shallow and narrow kinds bend a few times near the middle and stop. The median of each
# swarm's final losses:

median = {(kind["hidden"], kind["width"]): np.median(kind["loss"][:, -1]) for kind in hive}
print("median loss   " + "".join(f"width {width:<6}" for width in WIDTHS))
for depth in DEPTHS:
    print(f"depth {depth}       " + "".join(f"{median[depth, width]:<12.3f}" for width in WIDTHS))
assert all(median[depth, 4] > median[depth, 16] for depth in DEPTHS)

# %%
# More neurons help. More layers seem to help as well, but two things are not fair. A deep
# network of the same width has many more weights. And all nine kinds had the *same learning
# rate*, which may suit one and not another.
#
# A fair fight
# ------------
# Give each depth as many weights as the deepest kind above, as nearly as whole neurons
# allow, and every learning rate there is: a hive of depths and rates. A bee that diverges
# goes on with a loss of NaN.


def num_weights(hidden, width):
    """Count the weights and biases of a network."""
    return sum(p.numel() for p in networks.flat_net(hidden, width).parameters())


def bee_trainer(hidden, width, lr):
    """Train one network; yield its loss."""
    net = networks.flat_net(hidden, width)
    optimiser = torch.optim.SGD(net.parameters(), lr=lr, momentum=0.9)
    for _ in range(NUM_EPOCHS):
        optimiser.zero_grad()
        loss = nn.functional.mse_loss(net(x), y)
        loss.backward()
        optimiser.step()
        yield loss


budget = num_weights(3, 16)
widths = [min(range(1, 400), key=lambda w: abs(num_weights(d, w) - budget)) for d in DEPTHS]
fair = core.hive_trainer(
    bee_trainer, core.make_combo_paramsets({}, {"hidden": DEPTHS, "width": widths}, lr=RATES),
    num_bees=NUM_BEES, fields="loss", seed=SEED, engine="lift",
)  # fmt: skip
for swarm in fair:  # lowest, middle and highest quarter of the final losses
    final = np.nan_to_num(swarm["loss"][:, -1], nan=np.inf, posinf=np.inf)
    swarm["quartiles"] = np.quantile(final, (0.25, 0.5, 0.75), method="nearest")

# %%
# Lines are medians, bands the middle half of the bees; a line ends where more than half of
# the bees diverge.

figure = Figure(figsize=(10, 4.5), layout="constrained")
axes = figure.subplots()
curves = {}
for depth, width, color in zip(DEPTHS, widths, ("#e8590c", "#7b8491", "#2f7de1"), strict=True):
    swarms = [swarm for swarm in fair if swarm["hidden"] == depth]
    rates = np.array([swarm["lr"] for swarm in swarms])
    low, middle, high = np.array([swarm["quartiles"] for swarm in swarms]).T
    curves[depth] = dict(zip(rates, middle, strict=True))
    trained = np.isfinite(middle)
    label = f"depth {depth}, width {width}: {num_weights(depth, width)} weights"
    axes.loglog(rates[trained], middle[trained], "o-", color=color, label=label)
    axes.fill_between(rates[trained], low[trained], high[trained], color=color, alpha=0.2)
axes.set(xlabel="learning rate", ylabel="final loss")
axes.legend()
figure.savefig("a_fair_fight.png")
figure

# %%
# Who wins is decided by the learning rate that we happen to choose. At 0.003, one wide layer
# beats both deep networks; it cannot take a larger one. With each depth at its own best
# rate, the order turns round: deeper is better.

COMMON = 0.003
common = [curves[depth][COMMON] for depth in DEPTHS]
best = [min(curves[depth].values()) for depth in DEPTHS]
own = [min(curves[depth], key=curves[depth].get) for depth in DEPTHS]


def words(losses):
    """Put three losses into words."""
    return ", ".join(f"{loss:.3f}" for loss in losses)


metrics.findings(
    (f"loss at depth 1, 2, 3, all with rate {COMMON}", "", words(common),
     common[0] < min(common[1:])),
    ("loss at depth 1, 2, 3, each with its best rate", "", words(best),
     best[0] > best[1] > best[2]),
    ("that best rate", "", ", ".join(f"{rate:g}" for rate in own), own[0] < own[2]),
)  # fmt: skip

# %%
# On this problem, then, depth wins at equal cost, *if* each depth may choose its rate: a
# second and a third layer can fold the bends of the first, where one layer has to place
# each bend by itself (see
# :ref:`sphx_glr_auto_gallery_first_flights_distribution_of_weights.py`). It says nothing of
# other problems, nor of longer training: the best rates of the deep networks lie at the edge
# of those tried.
