r"""
The learning rate chooses the valley
====================================

A hundred networks are let go all over a landscape that has two kinds of valley: deep, narrow
ones and shallow, wide ones. Which they end in is decided by where they start, and by how large
their steps are. Turn the knob, and watch the deep valley empty.

.. lead-picture:: 2
"""

# sphinx_gallery_tags = ["learning rate", "curvature"]
import numpy as np
import torch
from torch import nn

from swarm import core, env, figures, metrics, player, surface

SEED = 7
NUM_BEES = 100 if env.FULL else 60
NUM_SAMPLES = 1000
LRS = [0.002, 0.01, 0.02, 0.05]
NUM_RECORDS, STEPS_PER_RECORD = 60, 10

# %%
# The problem
# -----------
# That of :ref:`sphx_glr_auto_gallery_surfaces_two_weight_surface.py`: a noisy curve in
# three pieces, and a network of two weights, :math:`\hat y = w_2 \tanh(w_1 x)`. The deep valleys
# lie near :math:`w_1 = 0`, the wide ones further out. Here every step sees all samples, so the
# only randomness is in the start, anywhere from −2 to 2 in both weights.

rng = np.random.default_rng(42)
x = rng.normal(1, 4.5, NUM_SAMPLES)
pieces = [lambda x: 2 * x + 5, lambda x: 7.3 * np.sin(x), lambda x: -0.03 * x**3 + 2]
y = np.piecewise(x, [x < -2, (x >= -2) & (x < 2), x >= 2], pieces)
y += rng.normal(0, 1, NUM_SAMPLES)
inputs = torch.tensor(x, dtype=torch.float32)[:, None]  # (sample, 1)
targets = torch.tensor(y, dtype=torch.float32)[:, None]
mse = nn.functional.mse_loss


def make_net():
    """Build the network, somewhere on the surface."""
    net = nn.Sequential(nn.Linear(1, 1, bias=False), nn.Tanh(), nn.Linear(1, 1, bias=False))
    for weight in net.parameters():
        nn.init.uniform_(weight, -2, 2)
    return net


def bee_trainer(inputs, targets, lr):
    """Descend; yield weights and loss every few steps."""
    net = make_net()
    optimiser = torch.optim.SGD(net.parameters(), lr=lr)
    for step in range(NUM_RECORDS * STEPS_PER_RECORD):
        optimiser.zero_grad()
        loss = mse(net(inputs), targets)
        loss.backward()
        if step % STEPS_PER_RECORD == 0:
            yield nn.utils.parameters_to_vector(net.parameters()).detach().clone(), loss
        optimiser.step()


# %%
# Four swarms
# -----------
# The same starts, four learning rates.

hive = core.hive_trainer(
    bee_trainer,
    core.make_sweep_paramsets({"inputs": inputs, "targets": targets}, lr=LRS),
    num_bees=NUM_BEES,
    fields="weights,loss",
    seed=SEED,
)
small, *_, large = hive
assert np.array_equal(small["weights"][:, 0], large["weights"][:, 0])

net = make_net()
plane = surface.weight_plane(net, "0.weight", "2.weight", labels=("w1", "w2"))
num = 113 if env.FULL else 57
xs, ys = np.linspace(-2.8, 2.8, num), np.linspace(-3.6, 3.6, num)
landscape = surface.loss_surface(net, mse, inputs, targets, plane, xs, ys)

# %%
# Small steps
# -----------
# Press play, or drag the slider. The swarm parts: some fall into the narrow valleys and
# creep along them towards ever larger :math:`|w_2|`, the others settle on the plateau.
# Colours tell the loss that a bee ends with: look where each fifth comes from.

paths = surface.loss_paths(net, mse, inputs, targets, plane, small["weights"])
figure = figures.descent_figure(
    landscape, paths, title=f"{NUM_BEES} descents, learning rate 0.002"
)
figures.save(figure, "small_steps.html")

# %%
# Large steps
# -----------
# From the same starts with steps up to 25 times as large, seen from above. Turn the knob,
# scrub through the steps and point at a bee to follow it.

player.hive(
    hive,
    {"lr": "learning rate"},
    kind="descent",
    surface=landscape,
    paths=lambda swarm: plane.project(swarm["weights"]),
    title=f"{NUM_BEES} descents, from above",
    epochs=list(range(0, NUM_RECORDS * STEPS_PER_RECORD, STEPS_PER_RECORD)),
)

# %%
# Reading it
# ----------
# Call a bee *in the deep valley* if it ends lower than the plateau can be.

plateau = float(np.mean(y**2))
lowest_outside = plateau - float(np.mean(np.sign(x) * y) ** 2)
for swarm in hive:
    swarm["deep"] = swarm["loss"][:, -1] < lowest_outside - 0.5

# %%
# Why does nobody stay there with large steps? A valley holds gradient descent only if its
# curvature, the greatest eigenvalue of the Hessian, is below :math:`2/\eta`. Measure it
# where each small-step bee has come to rest:

deep = small["deep"]
curvature = np.array(
    [
        surface.hessian_eigenvalues(net, mse, inputs, targets, k=1, weights=weights)[0]
        for weights in small["weights"][:, -1]
    ]
)
limit = {swarm["lr"]: 2 / swarm["lr"] for swarm in hive}
rows = []
for name, where, holds in [
    ("in the deep valley", deep, lambda c: limit[LRS[-1]] < c < limit[LRS[0]]),
    ("on the plateau", ~deep, lambda c: c < limit[LRS[-1]]),
]:
    low, middle, high = np.percentile(curvature[where], [10, 50, 90])
    ours = f"{middle:.0f} ({low:.0f} to {high:.0f})"
    rows.append((f"curvature at rest {name}", "", ours, holds(middle)))
for swarm in hive:
    lr, share = swarm["lr"], swarm["deep"].mean()
    error = np.sqrt(share * (1 - share) / NUM_BEES)
    rows.append(
        (
            f"still in the deep valley, learning rate {lr:g}",
            f"at rest only if curvature is below {limit[lr]:.0f}",
            f"{share:.0%} ± {error:.0%}",
            {LRS[0]: share > 0.25, LRS[-1]: share < 0.05}.get(lr, True),
        )
    )
metrics.findings(*rows)

# %%
# Curvatures are medians with the middle four fifths of the bees, shares come with one standard
# error. The rule is one for bees at *rest*, and in between it fails: with 0.01 and 0.02
# some are still in the valley when we stop, too sharp for them, bouncing from wall to wall.
# The deep valley is far too sharp for a learning rate of 0.05: a bee that falls in bounces
# from wall to wall until it is thrown out. What large steps find is not the lowest ground
# but ground flat enough to stand on.
# :ref:`sphx_glr_auto_gallery_optimisers_edge_of_stability.py` shows the same in a network
# that can *choose* its curvature.
