r"""
Deeper or wider?
================

Nine kinds of network learn the same three periods of a sine: one to three hidden layers,
four to sixteen neurons in each. A *hive* trains a swarm of each kind, so that what we
compare is the kind and not the luck of one initialisation.
"""

# sphinx_gallery_tags = ["architecture", "regression"]
import numpy as np
import torch

from swarm import animator, core, env, networks, regimes

SEED = 3
NUM_BEES, NUM_EPOCHS = (100, 600) if env.FULL else (20, 400)
EVERY = 2 if env.FULL else 8
DEPTHS, WIDTHS = [1, 2, 3], [4, 8, 16]

# %%
# The hive
# --------
# :func:`swarm.core.make_sweep_paramsets` makes a set of parameters for each combination,
# and :func:`swarm.core.hive_trainer` trains a swarm for each set.

x = torch.linspace(-3 * np.pi, 3 * np.pi, 101)
settings = {"x": x, "y": torch.sin(x), "num_epochs": NUM_EPOCHS, "lr": 0.01}

hive = core.hive_trainer(
    regimes.default_train,
    core.make_sweep_paramsets(settings, hidden=DEPTHS, width=WIDTHS),
    num_bees=NUM_BEES,
    fields="ypred,loss",
    seed=SEED,
)
print(len(hive), "swarms of", NUM_BEES, "bees")

# %%
# The movie
# ---------
# Width grows to the right, depth downwards. Each line is a network; dots are the sine.

animator.hive_animate(hive, "width", "hidden", "deeper_or_wider.mp4", every=EVERY)

# %%
# Reading it
# ----------
# The shallow and narrow kinds bend a few times near the middle and stop; more neurons help,
# and so does a second layer. The median of each swarm's final losses:

median = {(kind["hidden"], kind["width"]): np.median(kind["loss"][:, -1]) for kind in hive}
print("median loss   " + "".join(f"width {width:<6}" for width in WIDTHS))
for depth in DEPTHS:
    print(f"depth {depth}       " + "".join(f"{median[depth, width]:<12.3f}" for width in WIDTHS))
assert all(median[depth, 4] > median[depth, 16] for depth in DEPTHS)
assert median[1, 16] > median[2, 16] > median[3, 16]

# %%
# A fair fight
# ------------
# A deep network of the same width has many more weights, so the grid is not fair to the
# shallow ones. Give each depth as many weights as the deepest kind above has, as nearly as
# whole neurons allow. The wide layer also needs a smaller learning rate: at 0.01 it
# diverges. :func:`swarm.core.make_combo_paramsets` moves the three settings together.


def num_weights(hidden, width):
    """Count the weights and biases of a network."""
    return sum(p.numel() for p in networks.flat_net(hidden, width).parameters())


budget = num_weights(3, 16)
fair_widths = [min(range(1, 400), key=lambda w: abs(num_weights(d, w) - budget)) for d in DEPTHS]
del settings["lr"]
fair = core.hive_trainer(
    regimes.default_train,
    core.make_combo_paramsets(
        settings, {"hidden": DEPTHS, "width": fair_widths, "lr": [0.002, 0.01, 0.01]}
    ),
    num_bees=NUM_BEES,
    fields="ypred,loss",
    seed=SEED,
)
fair_median = []
for kind in fair:
    depth, width = kind["hidden"], kind["width"]
    fair_median.append(np.median(kind["loss"][:, -1]))
    weights = num_weights(depth, width)
    print(f"depth {depth}, width {width:3}, {weights} weights: loss {fair_median[-1]:.3f}")
assert fair_median[0] > fair_median[1] > fair_median[2]

# %%
# On this problem, then, depth wins at equal cost: a second and a third layer can fold the
# bends of the first, where one layer has to place each bend by itself (see
# :ref:`sphx_glr_auto_gallery_swarms_distribution_of_weights.py`).
