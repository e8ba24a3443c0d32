r"""
A slice is not the landscape
============================

Two spirals, a classifier with a few thousand weights, and two pictures of its loss: one
over the plane that its own training ran through most (principal components), one over
two random directions. Both are true. They look nothing alike.
"""

import numpy as np
import torch
from torch import nn

from swarm import animator, core, env, figures, surface

SEED = 5
NUM_RECORDS, STEPS_PER_RECORD = 60, 10
NUM_GRID = 51 if env.FULL else 31

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
    num_bees=1,
    fields="weights,loss,probability",
    seed=SEED,
)

# %%
# What it learns
# --------------
# The probability of the second class, over the plane that the points live in.
