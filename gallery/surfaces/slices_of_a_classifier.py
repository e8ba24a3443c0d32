r"""
A slice is not the landscape
============================

Two spirals, a classifier with a few thousand weights, and two pictures of its loss: one
over the plane that its own training ran through most (principal components), one over
two random directions. Both are true. They look nothing alike.

.. lead-picture::
"""

# sphinx_gallery_tags = ["classification", "curvature"]
import numpy as np
import torch
from torch import nn

from swarm import animator, core, env, figures, metrics, surface

SEED = 5
NUM_RECORDS, STEPS_PER_RECORD = 60, 10
NUM_BEES, NUM_GRID = (20, 51) if env.FULL else (6, 31)

# %%
# The problem
# -----------
# Two spirals, 200 points each. No straight line helps.

turn = torch.linspace(0.5, 3.5, 200) * np.pi
arm = torch.stack([turn * turn.cos(), turn * turn.sin()], dim=1) / 8
generator = torch.Generator().manual_seed(SEED)
inputs = torch.cat([arm, -arm]) + 0.03 * torch.randn(400, 2, generator=generator)
targets = torch.cat([torch.zeros(200), torch.ones(200)]).long()
side = torch.linspace(-1.6, 1.6, 81)
field = torch.cartesian_prod(side, side).flip(1)  # rows run over y, x varies fastest


def make_net():
    """Build the classifier."""
    layers = [nn.Linear(2, 48), nn.Tanh(), nn.Linear(48, 48), nn.Tanh(), nn.Linear(48, 2)]
    return nn.Sequential(*layers)


def bee_trainer(inputs, targets, field):
    """Train; yield weights, loss, and the probability of the second class over a field."""
    net = make_net()
    optimiser = torch.optim.Adam(net.parameters(), lr=0.01)
    for _ in range(NUM_RECORDS):
        weights = nn.utils.parameters_to_vector(net.parameters()).detach().clone()
        with torch.no_grad():
            loss = nn.functional.cross_entropy(net(inputs), targets)
            yield weights, loss, net(field).softmax(dim=1)[:, 1]
        for _ in range(STEPS_PER_RECORD):
            optimiser.zero_grad()
            nn.functional.cross_entropy(net(inputs), targets).backward()
            optimiser.step()


swarm = core.swarm_train(
    bee_trainer,
    {"inputs": inputs, "targets": targets, "field": field},
    num_bees=NUM_BEES,
    fields="weights,loss,probability",
    seed=SEED,
)

# %%
# What it learns
# --------------
# The probability of the second class, over the plane that the points live in, and the
# points themselves.

colours = np.where(targets.numpy() == 1, "#e8590c", "#2f7de1")
picture = animator.ImageSwarm(
    swarm["probability"][0].reshape(-1, 81, 81),  # (epoch, y, x)
    hook=lambda axes: axes.scatter(*inputs.T, c=colours, s=8, linewidths=0.4, edgecolors="white"),
    extent=(-1.6, 1.6, -1.6, 1.6),
    limits=(0, 1),
    cmap="coolwarm",
    label="probability of the second class",
    set_title="A classifier learns two spirals",
)
animator.swarm_animate(picture, "spirals.mp4", fps=15, size=(800, 700))

# %%
# The plane of its own path
# -------------------------
# Principal components of the recorded weights span the plane nearest to the path. We let
# it pass through the last weights, so that the loss where training ended is exact.

net = make_net()
nn.utils.vector_to_parameters(torch.from_numpy(swarm["weights"][0, -1]), net.parameters())
cross_entropy = nn.functional.cross_entropy

walks = [weights[None] for weights in swarm["weights"]]  # each (1, record, weight)
own_planes = [surface.pca_plane(walk, through="last") for walk in walks]
own_paths = [
    surface.loss_paths(net, cross_entropy, inputs, targets, plane, walk)
    for plane, walk in zip(own_planes, walks, strict=True)
]
own_plane, own_path = own_planes[0], own_paths[0]
xs, ys = own_plane.window(walks[0], num=NUM_GRID)
own = surface.loss_surface(net, cross_entropy, inputs, targets, own_plane, xs, ys)
figure = figures.surface_figure(own, own_path, title="Along the path of training")
figures.save(figure, "own_path.html")

# %%
# Read the line under the title before the picture. Even a plane that holds nearly all of
# the path's variance leaves a gap between the true loss of a point of the path and the
# surface below it, and against the loss at the end the gap is not small.

print(f"the plane holds {own_path.explained:.0%} of the path's variance")
print(f"greatest gap {own_path.gap:.3f}, loss at the end {own_path.losses[0, -1]:.4f}")

# %%
# Two random directions
# ---------------------
# Around the same end point, two random directions, each filter scaled to the length that
# it has in the network (Li et al. 2018, arXiv:1712.09913).

random_plane = surface.random_plane(net, normalize="filter", seed=SEED)
side = np.linspace(-1, 1, NUM_GRID)
random = surface.loss_surface(net, cross_entropy, inputs, targets, random_plane, side, side)
figure = figures.surface_figure(random, title="Along two random directions")
figures.save(figure, "random_directions.html")

# %%
# Reading it
# ----------
# The two planes share one point, the end of training, and agree there. All else differs:
# random directions know nothing of where training went.

end_of_path = own_path.losses[0, -1]
centre = random.values[NUM_GRID // 2, NUM_GRID // 2]
explained = np.array([path.explained for path in own_paths])
gaps = np.array([path.gap / path.losses[0, -1] for path in own_paths])
seen = np.array([random_plane.explained_variance(walk) for walk in walks])
chance = 2 / swarm["weights"].shape[-1]
metrics.findings(
    (
        "loss where both planes meet, the end of training",
        f"{end_of_path:.5f}",
        f"{centre:.5f}",
        np.isclose(end_of_path, centre, rtol=1e-3),
    ),
    (
        "share of a path's variance in its own plane",
        "",
        f"{explained.mean():.1%} ± {explained.std():.1%}",
        np.all((explained > 0.8) & (explained < 0.999)),
    ),
    (
        "share of it in two random directions",
        f"two of all: {chance:.2%}",
        f"{seen.mean():.2%} ± {seen.std():.2%}",
        np.all(seen < 0.05),
    ),
    (
        "furthest that a path is off its own surface, in losses at its end",
        "0 if a slice were the landscape",
        f"{np.median(gaps):.0f} ({gaps.min():.0f} to {gaps.max():.0f})",
        np.median(gaps) > 5,
    ),
)

# %%
# So a bowl over random directions does not say that training ran down a bowl. What such a
# picture can be asked is local: how fast the loss rises around *this* solution. For that,
# the eigenvalues of the Hessian are the sharper tool: most directions are flat.

eigenvalues = surface.hessian_eigenvalues(net, cross_entropy, inputs, targets, k=5)
weights = sum(p.numel() for p in net.parameters())
print(f"the five greatest of {weights} curvatures:", np.round(eigenvalues, 2))

# %%
# Next: :ref:`sphx_glr_auto_gallery_surfaces_one_more_neuron.py`, where the plane through a trap
# and the best place shows whether there is a way out.
