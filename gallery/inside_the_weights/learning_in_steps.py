r"""
Linear networks learn in steps
==============================

A network without activations can learn nothing but a table of numbers, which looks too
simple for a picture. But let it learn which of 15 properties each of 8 creatures has, from
small weights, and it goes from the coarse to the fine: first what all have in common, then
animal or plant, then the kinds, then each creature. Long plateaus, sudden steps, and how long each
plateau lasts can be told from the first weights alone.

.. lead-picture::
"""

# sphinx_gallery_tags = ["linear networks", "initialisation"]
import numpy as np
import torch
from torch import nn

from swarm import animator, core, env, metrics, player

SEED = 0
NUM_BEES = 100 if env.FULL else 30
NUM_RECORDS, STEPS_PER_RECORD, LR = 131, 10, 0.005
SIZES = [0.001, 0.01, 0.1, 0.3]  # of the first weights
SMALL, LARGE = 1, 3  # places in SIZES

# %%
# Eight creatures
# ---------------
# They are the leaves of a tree. Each of its nodes is a property that all leaves below it
# have: 1 is alive, 2 are animals or plants, 4 are kinds, 8 are of one creature.

truth = np.concatenate([np.kron(np.eye(n), np.ones(8 // n)) for n in (1, 2, 4, 8)])
target = torch.tensor(truth, dtype=torch.float32)  # (property, creature)
LEVELS = {"alive": [0], "animal or plant": [1], "kind": [2, 3], "creature": [4, 5, 6, 7]}

# %%
# The singular values of this table say how much each level of the tree counts in it:

left, singular, right = np.linalg.svd(truth, full_matrices=False)
print({name: singular[modes].round(3).tolist() for name, modes in LEVELS.items()})

# %%
# The network
# -----------
# Two layers without biases, all creatures shown at every step, plain gradient descent.


def bee_trainer(size, hidden=64):
    """Learn the table; yield what is learnt so far, and both layers."""
    first, second = nn.Linear(8, hidden, bias=False), nn.Linear(hidden, 15, bias=False)
    layers = [first.weight, second.weight]
    for weight in layers:
        nn.init.normal_(weight, std=size)
    optimiser = torch.optim.SGD(layers, lr=LR)
    for _ in range(NUM_RECORDS):
        yield (second.weight @ first.weight).detach(), *(w.detach().clone() for w in layers)
        for _ in range(STEPS_PER_RECORD):
            optimiser.zero_grad()
            (0.5 * (second.weight @ first.weight - target).square().sum()).backward()
            optimiser.step()


hive = core.hive_trainer(
    bee_trainer, core.make_sweep_paramsets(size=SIZES), NUM_BEES, SEED, "table,first,second"
)
steps = STEPS_PER_RECORD * np.arange(NUM_RECORDS)


def learnt(table):
    """Share of each level that is learnt: (..., property, creature) -> (..., level)."""
    modes = np.einsum("pm,...pc,mc->...m", left, table, right) / singular
    return np.stack([modes[..., level].mean(-1) for level in LEVELS.values()], axis=-1)


for swarm in hive:
    swarm["share"] = learnt(swarm["table"])  # (bee, epoch, level)

# %%
# One bee learns
# --------------
# Above, the table that one bee has learnt: a row for each creature, a column for each
# property. Below, how much of each level all the bees know.

small = hive[SMALL]


def until_now(share):
    """Each curve as far as it has come: (bee, epoch) -> (bee, epoch, epoch)."""
    return np.where(np.tri(NUM_RECORDS, dtype=bool), share[:, None], np.nan)


shares = np.moveaxis(small["share"], -1, 0).reshape(-1, NUM_RECORDS)  # (level and bee, epoch)


def key(axes):
    """Name each level where it is half learnt."""
    for level, name in enumerate(LEVELS):
        half = steps[np.argmax(small["share"][..., level].mean(0) > 0.5)]
        axes.text(half, 1.1 + 0.13 * level, f"↓ {name}")


table = animator.ImageSwarm(
    np.swapaxes(small["table"][0], -1, -2), limits=(0, 1), set_title="Learnt by one network",
    set_xlabel="property", set_ylabel="creature",
)  # fmt: skip
curves = animator.LineSwarm(
    steps, until_now(shares), key, color_by=np.repeat(np.arange(len(LEVELS)), NUM_BEES),
    set_ylim=(-0.1, 1.65), set_xlabel="step", set_ylabel="share learnt",
    set_title=f"{NUM_BEES} networks",
)  # fmt: skip
animator.swarm_animate([table, curves], "learning_in_steps.mp4", size=(900, 900))

# %%
# Turn the size of the first weights: the smaller they are, the longer the plateaus. From
# large ones the network learns all levels at once.

player.hive(
    hive, {"size": "size of the first weights"}, "image",
    images=lambda swarm: np.swapaxes(swarm["table"], -1, -2), limits=(0, 1), bee=0,
    xlabel="property", ylabel="creature", title="A table of creatures, as it is learnt",
)  # fmt: skip

# %%
# When
# ----
# Along one singular vector, with singular value :math:`s`, the strength :math:`u` that is
# learnt grows by :math:`\dot u = 2\eta\,u\,(s-u)`: what is known already helps to learn the
# rest. The solution is a sigmoid. It starts from the part of both layers that agree,
# :math:`c = \tfrac12(W_2^{\mathsf T} u + W_1 v)`, and reaches one half at
#
# .. math:: t_{1/2} = \frac{1}{2\eta s} \ln\left(\frac{s}{|c|^2} - 1\right).
#
# A. M. Saxe, J. L. McClelland and S. Ganguli, *Exact solutions to the nonlinear dynamics of
# learning in deep linear neural networks* (2013, arXiv:1312.6120), solve it so for two layers
# that start aligned. Ours start anywhere, and nothing is fitted. Where several directions
# have the same :math:`s`, the eigenvalues of :math:`c^{\mathsf T}c` take turns.


def foretold(swarm):
    """Share of each level by the formula: (bee, epoch, level)."""
    first, second = swarm["first"][:, 0], swarm["second"][:, 0]
    agree = (np.einsum("bph,pm->bhm", second, left) + np.einsum("bhc,mc->bhm", first, right)) / 2
    shares = []
    for level in LEVELS.values():
        c, s = agree[..., level], singular[level[0]]
        start = np.linalg.eigvalsh(c.swapaxes(1, 2) @ c)[:, None]  # (bee, 1, mode)
        growth = np.exp(-2 * LR * s * steps)[:, None]
        shares.append((1 / (1 + (s / start - 1) * growth)).mean(-1))
    return np.stack(shares, axis=-1)


def half_time(share):
    """Step at which each bee knows half of each level: (bee, epoch, level) -> (bee, level)."""
    after = np.argmax(share > 0.5, axis=1)[:, None]
    high, low = (np.take_along_axis(share, k, 1)[:, 0] for k in (after, after - 1))
    return STEPS_PER_RECORD * (after[:, 0] - (high - 0.5) / (high - low))


seen, formula = half_time(small["share"]), half_time(foretold(small))
rows = []
for k, name in enumerate(LEVELS):
    error = np.abs(seen[:, k] / formula[:, k] - 1)
    rows.append(
        (
            f"steps until half of “{name}” is known",
            f"closed form: {formula[:, k].mean():.0f} ± {formula[:, k].std():.0f}",
            f"{seen[:, k].mean():.0f} ± {seen[:, k].std():.0f}",
            np.median(error) < 0.05,
        )
    )
large = np.abs(hive[LARGE]["share"] - foretold(hive[LARGE])).max(axis=(1, 2))
tight = np.abs(small["share"] - foretold(small)).max(axis=(1, 2))
rows.append(
    (
        "furthest that the sigmoid is off, small first weights",
        "0 when aligned",
        f"{tight.mean():.2f} ± {tight.std():.2f}",
        np.median(tight) < 0.15,
    )
)
rows.append(
    (
        f"the same, first weights of size {SIZES[LARGE]:g}",
        "meant for small ones",
        f"{large.mean():.2f} ± {large.std():.2f}",
        np.median(large) > 0.2,
    )
)
metrics.findings(*rows)

# %%
# Values are means over the bees, ± one standard deviation. The last row is where the formula
# ends: from larger weights the levels disturb each other, and the steps blur.
#
# See also :ref:`sphx_glr_auto_gallery_first_flights_deeper_or_wider.py`, where depth is more
# than a detour.
