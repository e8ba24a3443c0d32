r"""
One more neuron and the traps vanish
====================================

A student network of ten neurons is to find the ten neurons of a teacher just like it. It
could copy the teacher exactly, yet one student in three stops in a trap: a valley with no
way down, well above zero.

.. guess:: Give each student *one* neuron more than it needs. How many are caught now?
   :right: 3

   - About one in three, as before.
   - More: there is more to get wrong.
   - Hardly any.

   One neuron to spare opens a way down from nearly every trap.

.. lead-picture::
"""

# sphinx_gallery_tags = ["local minima", "width", "curvature"]
import math

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from scipy.stats import binomtest
from torch import nn

from swarm import core, env, figures, metrics, player, surface

SEED = 0
NUM_BEES, NUM_RECORDS, STEPS_PER_RECORD = (500, 50, 16) if env.FULL else (100, 28, 15)
TEACHERS = [6, 8, 10] if env.FULL else [6, 10]
GRID = 61 if env.FULL else 31
STUCK = 0.01  # a loss above this, at the end, is a trap

# %%
# Teacher and student
# -------------------
# The teacher adds up :math:`k` ReLU neurons whose weights :math:`v_j` are orthonormal, the
# student :math:`n` of them, on inputs from a standard normal distribution. There is no need
# to draw any: the mean of the product of two neurons at an angle :math:`\theta` is known,
#
# .. math::
#
#    \langle w, v\rangle_\text{ReLU} = \frac{|w||v|}{2\pi}
#    (\sin\theta + (\pi - \theta)\cos\theta),
#
# and so the loss over *all* inputs is exact. This is the problem of I. Safran and O. Shamir,
# *Spurious local minima are common in two-layer ReLU neural networks* (2017,
# arXiv:1712.08968). They prove with a computer's help that there are traps for
# :math:`6 \le n = k \le 20`; in their experiments the share of runs that are caught grows
# with the size, and drops drastically with a few neurons more.


def overlap(a, b):
    """Mean product of each pair of ReLU neurons: (n, k), (m, k) -> (n, m)."""
    lengths = a.norm(dim=1)[:, None] * b.norm(dim=1)
    cosine = (a @ b.T / lengths).clamp(-1 + 1e-7, 1 - 1e-7)
    angle = torch.arccos(cosine)
    return lengths * (torch.sin(angle) + (math.pi - angle) * cosine) / (2 * math.pi)


def exact_loss(student, teacher):
    """Half of the mean squared difference, over all inputs."""
    others = 1 - torch.eye(len(student))  # a neuron's overlap with itself is |w|²/2
    own = (overlap(student, student) * others).sum() + student.square().sum() / 2
    return own / 2 - overlap(student, teacher).sum() + overlap(teacher, teacher).sum() / 2


def bee_trainer(k, extra):
    """Follow the teacher; yield the loss and the weights every few steps."""
    student = nn.Linear(k, k + extra, bias=False)
    nn.init.normal_(student.weight, std=k**-0.5)
    teacher = torch.eye(k)
    optimiser = torch.optim.SGD(student.parameters(), lr=0.2, momentum=0.9, nesterov=True)
    for _ in range(NUM_RECORDS):
        for _ in range(STEPS_PER_RECORD):
            optimiser.zero_grad()
            loss = exact_loss(student.weight, teacher)
            loss.backward()
            optimiser.step()
        yield loss, student.weight.detach().clone()


hive = core.hive_trainer(
    bee_trainer, core.make_sweep_paramsets(k=TEACHERS, extra=[0, 1]), num_bees=NUM_BEES,
    fields="loss,weights", seed=SEED,
)  # fmt: skip

# %%
# Who is caught
# -------------
# Each line is a student's loss so far, as a power of ten. Turn the knobs: without a spare
# neuron, some lines stay level for ever; with one, hardly any. What is below 10⁻⁵ is drawn there.

steps = STEPS_PER_RECORD * np.arange(1, NUM_RECORDS + 1)
for swarm in hive:  # each line as far as it has come: (bee, epoch, epoch)
    so_far = np.tri(NUM_RECORDS, dtype=bool)
    height = np.log10(swarm["loss"].clip(1e-5))
    swarm["line"] = np.where(so_far, height[:, None], np.nan)

player.hive(
    hive, {"extra": "neurons to spare", "k": "neurons of the teacher"}, x=steps, data="line",
    loss=lambda swarm: swarm["loss"][:, -1].clip(1e-5), loss_scale="log", ylim=(-5.2, -0.7),
    xlabel="step", ylabel="log₁₀ of the loss over all inputs",
    title="Students that follow a teacher",
)  # fmt: skip

# %%
# A trap beside the teacher
# -------------------------
# The loss of a student without a spare neuron, on the plane through the trap that caught
# it, the teacher, with its neurons in the order that comes nearest, and the place where the
# student began. The two pits are the two: one is at zero, the other never gets there.

caught = next(s for s in hive if (s["k"], s["extra"]) == (TEACHERS[-1], 0))
k = caught["k"]
bee = np.argmax(caught["loss"][:, -1] > STUCK)
trap, start = caught["weights"][bee, -1], caught["weights"][bee, 0]  # (neuron, input)
copy = np.eye(k)[linear_sum_assignment(-trap)[1]]
corners = [weights.ravel() for weights in (trap, copy, start)]
plane = surface.three_point_plane(*corners, names=("trap", "teacher", "start"))
places = plane.project(np.stack(corners))  # (corner, 2)
xs, ys = (np.linspace(p.min() - 0.5, p.max() + 0.5, GRID) for p in places.T)


def matrix_loss(outputs, teacher):
    """The exact loss; fed with unit vectors, a linear layer gives its own weights."""
    return exact_loss(outputs.T, teacher)


net = nn.Linear(k, k, bias=False)
unit = torch.eye(k)
valley = surface.loss_surface(net, matrix_loss, unit, unit, plane, xs, ys)
figures.surface_figure(valley, title="A trap beside the teacher", log=True)

# %%
# Is it a trap?
# -------------
# It is if no direction leads down: the least eigenvalue of the Hessian is not negative.

least = surface.hessian_eigenvalues(
    net, matrix_loss, unit, unit, 1, weights=corners[0], which="smallest"
)[0]
for swarm in hive:
    caught_bees = swarm["loss"][:, -1] > STUCK
    swarm["share"] = caught_bees.mean()
    between = binomtest(int(caught_bees.sum()), NUM_BEES).proportion_ci(method="wilson")
    swarm["range"] = f"{swarm['share']:.1%} ({between.low:.1%} to {between.high:.1%})"
rows = [
    (f"caught, {without['k']} neurons follow {without['k']}; one to spare", "drops drastically",
     f"{without['range']}; {spare['range']}",
     spare["share"] <= 0.2 * without["share"] or without["share"] < 0.03)
    for without, spare in zip(hive[::2], hive[1::2], strict=True)
]  # fmt: skip
shares = [swarm["share"] for swarm in hive[::2]]
rows += [
    ("caught, from the smallest to the largest teacher", "grows with the size",
     " < ".join(f"{share:.1%}" for share in shares), shares == sorted(set(shares))),
    ("least curvature in the trap", "a minimum: not negative", f"{least:.3f}", least > -1e-3),
]  # fmt: skip
metrics.findings(*rows)

# %%
# Brackets hold Wilson's intervals of 95 %: none of a hundred does not mean never. A few
# students with one neuron to spare are still on their way when we stop, or are caught all the
# same: traps get rare, they are not abolished. And a spare neuron is dear in this comparison,
# the student now has more weights than the thing to be learnt.
#
# See also :ref:`sphx_glr_auto_gallery_surfaces_slices_of_a_classifier.py`, which tells how
# far a plane can be trusted.
