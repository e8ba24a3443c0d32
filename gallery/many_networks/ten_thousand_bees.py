r"""
Where the data stop, the swarm disagrees
========================================

One network gives one answer everywhere, also where it has seen nothing, and looks
equally sure of it. Ten thousand networks trained on the same data agree where there are
data and part where there are none. Their spread is the oldest honest error bar of deep
learning: a *deep ensemble* (Lakshminarayanan et al. 2017, arXiv:1612.01474).

.. lead-picture::
"""

# sphinx_gallery_tags = ["ensembles", "uncertainty"]
import numpy as np
import torch
from torch import nn

from swarm import animator, core, env, metrics, networks

SEED = 11
NUM_BEES = 10_000 if env.FULL else 1_000
NUM_RECORDS, STEPS_PER_RECORD = 60, 10

# %%
# The problem
# -----------
# Forty noisy samples of a sine, with a gap in the middle and nothing beyond the ends.

rng = np.random.default_rng(SEED)
seen = np.concatenate([np.linspace(-3, -1, 20), np.linspace(1, 3, 20)])
xt = torch.tensor(seen, dtype=torch.float32)
yt = torch.tensor(np.sin(2 * seen) + rng.normal(0, 0.05, seen.size), dtype=torch.float32)
grid = torch.linspace(-5, 5, 101)


def bee_trainer(xt, yt, grid):
    """Fit the samples; yield the answer on the whole grid every few steps, and the loss."""
    net = networks.flat_net(1, 30, nn.Tanh)
    optimiser = torch.optim.Adam(net.parameters(), lr=0.02)
    for _ in range(NUM_RECORDS):
        for _ in range(STEPS_PER_RECORD):
            optimiser.zero_grad()
            loss = nn.functional.mse_loss(net(xt), yt)
            loss.backward()
            optimiser.step()
        with torch.no_grad():
            yield net(grid), loss


swarm = core.swarm_train(
    bee_trainer,
    {"xt": xt, "yt": yt, "grid": grid},
    num_bees=NUM_BEES,
    fields="ypred,loss",
    seed=SEED,
)

# %%
# The movie
# ---------
# So many lines would be a blot. :class:`swarm.animator.DensitySwarm` counts them instead:
# the darker a place, the more networks pass through it.

density = animator.DensitySwarm(
    grid.numpy(),
    swarm["ypred"],
    hook=lambda axes: axes.plot(seen, yt, "o", color="#e8590c", markersize=5, zorder=5),
    set_title=f"{NUM_BEES} networks, 40 samples (dots)",
    set_ylim=(-2, 2),
)
losses = animator.LossSwarm(swarm["loss"], set_title="Loss")
animator.swarm_animate([density, losses], "ten_thousand_bees.mp4", fps=15, size=(900, 900))

# %%
# Reading it
# ----------
# Compare the spread of the swarm, the standard deviation over bees, on the data, in the
# gap and beyond the ends.

answers = swarm["ypred"][:, -1]  # (bee, grid)
spread = answers.std(axis=0)
distance = np.abs(grid.numpy()[:, None] - seen).min(axis=1)
on_data = spread[distance < 0.1].mean()
in_gap = spread[np.abs(grid.numpy()) < 0.5].mean()
beyond = spread[np.abs(grid.numpy()) > 4].mean()
print(f"spread on the data {on_data:.3f}, in the gap {in_gap:.3f}, beyond the ends {beyond:.3f}")

# %%
# How many networks does it take? The standard error of a standard deviation from
# :math:`n` bees is about :math:`1/\sqrt{2n}` of it. Split the swarm into smaller ones and
# see how far their spreads at :math:`x = 0` lie apart:

groups = answers.reshape(-1, 50, len(grid)).std(axis=1)  # (group of 50, grid)
ratios = groups / groups[:, distance < 0.1].mean(axis=1, keepdims=True)
truth, middle = np.sin(2 * grid.numpy()), answers.mean(axis=0)
held = np.abs(middle - truth) < 2 * spread
rows = []
for name, where, is_held in [
    ("in the gap", np.abs(grid.numpy()) < 0.5, True),
    ("beyond the ends", np.abs(grid.numpy()) > 4, False),
]:
    ratio = ratios[:, where].mean(axis=1)
    rows.append(
        (
            f"spread {name} over that on the data",
            "more",
            f"{ratio.mean():.0f} ± {ratio.std():.0f}",
            ratio.min() > 3,
        )
    )
    rows.append(
        (
            f"places {name} where the sine is within two spreads",
            "honest error bars: 95%",
            f"{held[where].mean():.0%}",
            (held[where].mean() > 0.9) == is_held,
        )
    )
for count in (10, 30, 100):
    groups = answers[: NUM_BEES // count * count].reshape(-1, count, len(grid))
    of_each = groups.std(axis=1, ddof=1)[:, 50]  # at x = 0, in the middle of the gap
    scatter = of_each.std() / of_each.mean()
    error = scatter / np.sqrt(2 * len(of_each))
    rows.append(
        (
            f"scatter of that spread among swarms of {count}",
            f"about {1 / np.sqrt(2 * count):.1%}",
            f"{scatter:.1%} ± {error:.1%}",
            abs(scatter * np.sqrt(2 * count) - 1) < 0.25 + 3 * error * np.sqrt(2 * count),
        )
    )
metrics.findings(*rows)

# %%
# The first row comes with its standard deviation over swarms of fifty. The claim fails beyond
# the ends: the swarm disagrees there, but not nearly enough. All its networks go on smoothly, none
# expects another period of the sine, and a spread can only tell what some network thought of.
#
# Next: :ref:`sphx_glr_auto_gallery_many_networks_dropout_and_the_gap.py`, a cheaper way to doubt
# that cannot see the gap.
