r"""
Wide enough, it is linear
=========================

Freeze a network's slopes where its training starts, and you get its *twin*: a model that is
linear in its weights and can be understood to the last digit. The wider the network, the less
the two can be told apart as they learn: with four times as many neurons, at most half the gap
is left. Turn the knobs: the second layer decides how fast the gap closes, and one way to scale
it leaves it open for ever.

.. lead-picture::

J. Lee and others, *Wide Neural Networks of Any Depth Evolve as Linear Models Under Gradient
Descent* (2019, arXiv:1902.06720), prove that the two stay within :math:`O(1/\sqrt n)` of each
other all through training, for :math:`n` neurons and steps that are small enough.
"""

# sphinx_gallery_tags = ["width", "neural tangent kernel", "regression"]
import numpy as np
import torch
from matplotlib.figure import Figure
from torch.nn.functional import softplus

from swarm import core, env, metrics, player

SEED = 1
NUM_BEES, WIDEST = (60, 4096) if env.FULL else (16, 1024)
WIDTHS = [2**k for k in range(5, 14) if 2**k <= WIDEST]
NUM_STEPS, LR = 120, 0.3

# %%
# Network and twin
# ----------------
# One hidden layer, :math:`f(x) = s \sum_i a_i\, \phi(w_i x + b_i)`, with a smooth bend
# :math:`\phi`. All three kinds of weights learn. The twin learns the same from the same start,
# :math:`f_\text{twin} = \nabla f \cdot v`, where :math:`v` says how far the weights have gone
# and :math:`\nabla f`, the slopes, stay what they were. From both we take what the network says
# before training, so that they begin at zero.

SECOND_LAYERS = {  # second weights, and the scale s, of n neurons
    "1/√n, of either sign": (lambda a: a, 0.5),
    "1/√n, all positive": (torch.abs, 0.5),
    "1/n, of either sign": (lambda a: a, 1.0),
}


def bee_trainer(width, second, xt, yt, grid):
    """Train a network and its twin; yield both answers on the grid."""
    form, power = SECOND_LAYERS[second]
    scale = width**-power
    a, w, b = torch.randn(3, width, dtype=xt.dtype)
    a, w, b = (weights.clone().requires_grad_() for weights in (form(a), w, b))

    def net(x):
        return scale * (softplus(x[:, None] * w + b) @ a)

    def slopes(x):
        z = x[:, None] * w + b
        by_bias = a * torch.sigmoid(z)
        return scale * torch.cat([softplus(z), by_bias * x[:, None], by_bias], dim=1).detach()

    v = torch.zeros(3 * width, dtype=xt.dtype, requires_grad=True)
    on_data, on_grid = slopes(xt), slopes(grid)  # (point, weight)
    start, start_on_grid = net(xt).detach(), net(grid).detach()
    optimiser = torch.optim.SGD([a, w, b, v], lr=LR * width ** (2 * power - 1))
    for step in range(NUM_STEPS + 1):
        if step % 5 == 0:
            with torch.no_grad():
                yield net(grid) - start_on_grid, on_grid @ v
        optimiser.zero_grad()
        errors = net(xt) - start - yt, on_data @ v - yt
        sum(0.5 * error.square().mean() for error in errors).backward()
        optimiser.step()


xt = torch.linspace(-2, 2, 6, dtype=torch.float64)
grid = torch.linspace(-3, 3, 41, dtype=torch.float64)
static = {"xt": xt, "yt": 0.5 * torch.sin(1.5 * xt), "grid": grid}
paramsets = core.make_sweep_paramsets(static, width=WIDTHS, second=SECOND_LAYERS)
hive = core.hive_trainer(bee_trainer, paramsets, NUM_BEES, SEED, "net,twin")
for swarm in hive:
    swarm["apart"] = 1000 * (swarm["net"] - swarm["twin"])  # (bee, record, point)
    gap = np.sqrt(np.square(swarm["net"] - swarm["twin"]).mean(axis=-1))
    swarm["gap"] = gap.max(axis=1)  # over all of training: (bee,)

# %%
# What is left between them
# -------------------------
# Network minus twin, in thousandths, for inputs from −3 to 3; the six data lie between −2 and 2.
# Make the networks wider and the lines sink to zero, but not those of the last kind.

player.hive(
    hive,
    {"width": "neurons", "second": "second layer"},
    x=grid.numpy(),
    data="apart",
    loss="gap",
    loss_label="gap",
    loss_scale="log",
    ylim=(-20, 20),
    epochs=list(range(0, NUM_STEPS + 1, 5)),
    xlabel="input",
    ylabel="network minus twin, thousandths",
    title="How far networks part from their linear twins",
)

# %%
# How fast the gap closes
# -----------------------
# The gap is the root of the mean square over the grid, at the worst moment of training. What
# power of the width is it? For the network to learn something of size one, each of :math:`n`
# weights has to move by about :math:`1/\sqrt n`. What the twin leaves out is the bend of the
# network, a sum over the neurons of :math:`s\, a_i \cdot O(1/n)`:
#
# * second weights all positive: the sum is :math:`s\,n/n = 1/\sqrt n`, the paper's bound;
# * of either sign, as in the paper: they cancel, so the sum is :math:`\sqrt n` times smaller;
# * scaled by :math:`1/n`: to learn as much, weights have to move by as much as they are
#   large, however many there are, and the gap stays.

figure = Figure(figsize=(8, 4.2), layout="constrained")
axes = figure.subplots()
EXPECTED = {"1/√n, of either sign": -1.0, "1/√n, all positive": -0.5, "1/n, of either sign": 0.0}
wide = np.array([width for width in WIDTHS if width >= 128])
rows = []
for (second, power), color in zip(
    EXPECTED.items(), ["#2f7de1", "#2b9a66", "#e8590c"], strict=True
):
    gaps = np.stack([swarm["gap"] for swarm in hive if swarm["second"] == second])  # (width, bee)
    low, middle, high = np.percentile(gaps, [10, 50, 90], axis=1)
    axes.fill_between(WIDTHS, low, high, color=color, alpha=0.2, linewidth=0)
    axes.plot(WIDTHS, middle, "o-", color=color, label=second)
    axes.plot(wide, middle[-1] * (wide / wide[-1]) ** power, "k:", linewidth=1)
    powers = np.polyfit(np.log(wide), np.log(gaps[-len(wide) :]), 1)[0]  # one a bee
    ours, error = powers.mean(), powers.std(ddof=1) / np.sqrt(NUM_BEES)
    paper = "at most −0.5; " if power == -1 else ""
    rows.append(
        (
            f"power of the width, second layer {second}",
            f"{paper}derived above: {power:g}".replace("-", "−"),
            f"{ours:.2f} ± {error:.2f}".replace("-", "−"),
            abs(ours - power) < 0.1 + 3 * error,
        )
    )
axes.set(xscale="log", yscale="log", xlabel="neurons", ylabel="gap")
axes.legend(title="second layer")
figure.savefig("wide_enough_linear.png")
figure

# %%
metrics.findings(*rows)

# %%
# Powers are fitted from 128 neurons on, one for each network; their means come with their standard
# errors. The last row is where the title fails: the second layer is scaled as if for
# infinitely many neurons that all *learn* something, and no width makes that linear (Chizat,
# Oyallon and Bach, *On Lazy Training in Differentiable Programming*, 2018, arXiv:1812.07956). A
# gap that closes is no praise either: such a network learns nothing but what its slopes were
# from the start.
#
# See also :ref:`sphx_glr_auto_gallery_inside_the_weights_bass_before_treble.py`, which foretells
# learning by the linear theory, and where steps are too large for it,
# :ref:`sphx_glr_auto_gallery_surfaces_step_that_should_explode.py`.
