r"""
The step that should explode
============================

Take steps that are too long for the ground you stand on, and gradient descent should throw
you out.

.. guess:: The step is too long for where the bee stands, and the loss shoots up. And then?
   :right: 2

   - It goes on up, for ever.
   - It may come down, elsewhere.
   - It swings about where it was.

   Sometimes the bee is gone for good. But on the simplest surface that a network has, a wide
   ring of starts is thrown *inwards*: the bee lands where the ground is flatter, and there the
   same step is short enough.

.. lead-picture::

Turn the learning rate and press play. Bees between the two thresholds jump and settle near
the middle; bees beyond the second are gone for good.
"""

# sphinx_gallery_tags = ["learning rate", "curvature", "optimiser"]
import numpy as np
import torch
from torch import nn

from swarm import core, env, figures, metrics, player, surface

SEED = 0
NUM_BEES, NUM_EPOCHS = (400, 300) if env.FULL else (150, 150)
RATES = [0.03, 0.05, 0.08, 0.12, 0.2]

# %%
# The network
# -----------
# Two linear neurons in a row without biases, one sample: the output is :math:`f = uv`, the
# target 0, the loss :math:`f^2/2`. Where the loss is 0, its greatest curvature is
# :math:`\lambda = u^2 + v^2`: the flat ground is in the middle. This is the model of
# A. Lewkowycz, Y. Bahri, E. Dyer, J. Sohl-Dickstein and G. Gur-Ari, *The large learning rate
# phase of deep learning: the catapult mechanism* (2020, arXiv:2003.02218), at width one.


def half_square(output, target):
    """Half of the mean squared error."""
    return 0.5 * nn.functional.mse_loss(output, target)


def make_net():
    """Two weights in a row."""
    return nn.Sequential(nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)).double()


x, y = torch.ones(1, 1, dtype=torch.float64), torch.zeros(1, 1, dtype=torch.float64)


def bee_trainer(lr):
    """Descend from anywhere; yield the two weights and the loss, before each step."""
    net = make_net()
    for weight in net.parameters():
        nn.init.normal_(weight, std=4)
    optimiser = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(NUM_EPOCHS):
        optimiser.zero_grad()
        loss = half_square(net(x), y)
        yield nn.utils.parameters_to_vector(net.parameters()).detach(), loss
        loss.backward()
        optimiser.step()


# %%
# The hive
# --------
# The same starts, five learning rates. What explodes is no accident here, so it is kept as
# it comes, and weights beyond a billion count as gone.

hive = core.hive_trainer(
    bee_trainer, core.make_sweep_paramsets(lr=RATES), NUM_BEES, SEED, "weights,loss"
)
for swarm in hive:
    gone = ~(np.abs(swarm["weights"]).max(axis=-1) < 1e9)
    swarm["weights"][gone] = np.nan
    swarm["start"] = np.square(swarm["weights"][:, 0]).sum(axis=-1)  # λ of each bee

player.hive(
    hive, {"lr": "learning rate"}, "scatter", points="weights", loss="start",
    loss_label="curvature λ at the start", limits=(-8, 8), xlabel="u", ylabel="v",
    title="A swarm on the surface of uv",
    caption="Each point is a bee. The valley of zero loss is the cross of both axes.",
    alt="Points that gather on a cross; the longer the step, the nearer to its middle.",
)  # fmt: skip

# %%
# Why inwards
# -----------
# One step changes output and curvature by
#
# .. math::
#
#    f \to f\,(1 - \eta\lambda + \eta^2 f^2), \qquad
#    \lambda \to \lambda + \eta f^2\,(\eta\lambda - 4).
#
# Below :math:`\eta\lambda = 2` the output shrinks. Above, it grows, but as long as
# :math:`\eta\lambda < 4` each jump *lowers* :math:`\lambda`, the more the greater
# :math:`f`; once it is low enough, the output shrinks. Above 4 both grow without end. We
# check every step of every bee against these two lines.

largest = 0.0
for swarm in hive:
    u, v = np.moveaxis(swarm["weights"], -1, 0)  # each (bee, epoch)
    f, curvature, lr = u * v, u**2 + v**2, swarm["lr"]
    for now, then in (
        (f * (1 - lr * curvature + lr**2 * f**2), f),
        (curvature + lr * f**2 * (lr * curvature - 4), curvature),
    ):
        error = np.abs(now[:, :-1] - then[:, 1:]) / (1 + np.abs(then[:, 1:]))
        largest = max(largest, np.nanmax(error))
print(f"largest relative error of the two lines: {largest:.0e}")
assert largest < 1e-6

# %%
# Three fates
# -----------
# All learning rates together, by :math:`\eta\lambda` at the start:

reach = np.concatenate([swarm["lr"] * swarm["start"] for swarm in hive])
stays = np.concatenate([np.isfinite(swarm["loss"][:, -1]) & ~np.isnan(swarm["weights"][:, -1, 0])
                        for swarm in hive])  # fmt: skip
ends = np.concatenate([swarm["lr"] * np.square(swarm["weights"][:, -1]).sum(-1) for swarm in hive])
jumps = np.concatenate([swarm["loss"].max(axis=1) > 1.01 * swarm["loss"][:, 0] for swarm in hive])
small, middle, large = reach < 2, (reach > 2) & (reach < 4), reach > 4


def share(fate, bees):
    """How many of some bees, as a share with its standard error."""
    p, n = fate[bees].mean(), bees.sum()
    return f"{p:.1%} ± {np.sqrt(p * (1 - p) / n):.1%} of {n}"


metrics.findings(
    ("trained, ηλ < 2 at the start", "all", share(stays, small), stays[small].all()),
    ("trained, 2 < ηλ < 4", "all, by a catapult", share(stays, middle), stays[middle].all()),
    ("trained, ηλ > 4", "none", share(stays, large), not stays[large].any()),
    ("largest ηλ at the end, after 2 < ηλ < 4", "below 2", f"{ends[middle].max():.2f}",
     ends[middle].max() < 2.02),
)  # fmt: skip

# %%
# Not every bee of the ring is flung. Where it starts with a large output, the last term of
# the first line makes up for the one before it, and the output shrinks at once. The share
# whose loss rises by more than one per cent:

print("2 < ηλ < 4:", share(jumps, middle), "| ηλ < 2:", share(jumps, small))

# %%
# On the surface
# --------------
# Twelve bees of the middle learning rate, those that start in its ring, seen from above the
# ground that they jump over.

swarm = hive[2]
chosen = np.flatnonzero((swarm["lr"] * swarm["start"] > 2) & (swarm["lr"] * swarm["start"] < 4))[
    :12
]
plane = surface.weight_plane(make_net(), "0.weight", "1.weight")
edge = np.linspace(-8, 8, 81)
ground = surface.loss_surface(make_net(), half_square, x, y, plane, edge, edge)
paths = surface.loss_paths(
    make_net(), half_square, x, y, plane, swarm["weights"][chosen, :20].astype(np.float64)
)
figures.descent_figure(ground, paths, title="Thrown inwards")

# %%
# See also :ref:`sphx_glr_auto_gallery_optimisers_edge_of_stability.py`, where a whole network
# lives at :math:`\eta\lambda = 2`, and
# :ref:`sphx_glr_auto_gallery_surfaces_hundred_descents.py`.
