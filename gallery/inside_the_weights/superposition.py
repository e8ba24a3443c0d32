r"""
Five features in two dimensions
===============================

A layer of two neurons has room for two directions at right angles, so it should hold two
things.

.. guess:: Five things come, each so *rare* that two seldom meet. How many find room?
   :right: 3

   - Two, the most important.
   - Four, in two opposite pairs.
   - All five.

   They stand in a pentagon, and get in each other's way so seldom that it pays. Turn the knob
   and watch the third, fourth and fifth move in.

.. lead-picture::

The network is the toy model of *superposition* (Elhage et al., *Toy Models of
Superposition*, 2022, arXiv:2209.10652): one reason why a single neuron of a large network
seldom means a single thing.
"""

# sphinx_gallery_tags = ["superposition", "sparsity"]
import numpy as np
import torch

from swarm import core, env, metrics, player

SEED = 2
NUM_BEES, NUM_RECORDS, STEPS_PER_RECORD = (50, 60, 50) if env.FULL else (10, 20, 40)
SPARSITIES = [0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95] if env.FULL else [0.0, 0.7, 0.9]
BATCH = 512
FEATURES = 5

# %%
# The bee
# -------
# Five numbers :math:`x` between 0 and 1, each zero with a certain probability, the
# *sparsity*; the first matters most, each other one nine tenths of the one before it. They
# pass through two neurons and back,
#
# .. math:: \hat x = \mathrm{ReLU}(W^\top W x + b),
#
# and column :math:`i` of :math:`W` is where feature :math:`i` stands in the plane.

importance = 0.9 ** torch.arange(FEATURES)


def bee_trainer(sparsity, output):
    """Learn to give back sparse features; yield the columns of W every few steps."""
    weight = (torch.randn(2, FEATURES) * 0.3).requires_grad_()
    bias = torch.zeros(FEATURES, requires_grad=True)
    optimiser = torch.optim.Adam([weight, bias], lr=0.02)
    for _ in range(NUM_RECORDS):
        yield weight.detach().T.clone()
        for _ in range(STEPS_PER_RECORD):
            draws = torch.rand(2, BATCH, FEATURES)
            x = draws[0] * (draws[1] >= sparsity)
            answer = x @ weight.T @ weight + bias
            if output == "ReLU":
                answer = torch.relu(answer)
            optimiser.zero_grad()
            (importance * (answer - x) ** 2).mean().backward()
            optimiser.step()
    yield weight.detach().T.clone()


# %%
# The hive
# --------
# One swarm for each sparsity, and, as a control, one of sparse features without the ReLU.

hive = core.hive_trainer(
    bee_trainer,
    [*core.make_sweep_paramsets({"output": "ReLU"}, sparsity=SPARSITIES),
     {"output": "linear", "sparsity": 0.9}],
    num_bees=NUM_BEES, fields="columns", seed=SEED,
)  # fmt: skip

# %%
# The picture
# -----------
# Nothing changes when all columns turn together, or are mirrored. So we turn each bee until
# its first feature ends pointing right, and mirror it so that the second ends above.


def aligned(entry):
    """Turn and mirror each bee's columns (bee, epoch, feature, 2)."""
    z = entry["columns"][..., 0] + 1j * entry["columns"][..., 1]
    z = z * np.exp(-1j * np.angle(z[:, -1:, :1]))
    above = np.where(z[:, -1:, 1:2].imag < 0, -1, 1)
    return np.stack([z.real, above * z.imag], axis=-1)


player.hive(
    hive, {"sparsity": "sparsity", "output": "output"}, kind="scatter", points=aligned,
    labels=np.array([f"feature {i + 1}" for i in range(FEATURES)]), rays=True, bee=0,
    limits=(-1.4, 1.4), xlabel="first neuron", ylabel="second neuron",
    epochs=[STEPS_PER_RECORD * k for k in range(NUM_RECORDS + 1)],
    title="Where five features stand in two neurons",
    caption="Rare features share the plane; frequent ones do not.",
)  # fmt: skip

# %%
# Reading it
# ----------
# A feature is *represented* if its column is longer than one half. How much of a dimension
# each gets to itself, the paper measures by
# :math:`D_i = |w_i|^2 / \sum_j (\hat w_i \cdot w_j)^2`: one for a direction of its own, a half
# in a pair that stands back to back, two fifths in a pentagon.


def represented(entry):
    """How many features each bee represents."""
    return (np.linalg.norm(entry["columns"][:, -1], axis=-1) > 0.5).sum(axis=1)


def dimensionality(entry):
    """Share of a dimension that each feature gets, (bee, feature)."""
    w = entry["columns"][:, -1]
    square = (w**2).sum(axis=-1)
    return square**2 / np.maximum((np.einsum("bid,bjd->bij", w, w) ** 2).sum(axis=-1), 1e-12)


for entry in hive:
    counts = np.bincount(represented(entry), minlength=FEATURES + 1)[2:]
    print(f"{entry['output']:6} sparsity {entry['sparsity']:.2f}: {counts} bees with 2, 3, 4, 5")

of = {(entry["output"], entry["sparsity"]): entry for entry in hive}
dense, sparse, linear = of["ReLU", 0.0], of["ReLU", 0.9], of["linear", 0.9]
two, five = (represented(dense) == 2).mean(), (represented(sparse) == 5).mean()
share = dimensionality(sparse)[represented(sparse) == 5]
z = aligned(sparse)[represented(sparse) == 5, -1]
angles = np.sort(np.degrees(np.arctan2(z[..., 1], z[..., 0])) % 360, axis=1)
steps = np.diff(angles, axis=1, append=angles[:, :1] + 360)  # from each feature to the next
found = metrics.findings(
    ("bees with two features, dense", "two features", f"{two:.0%}", two > 0.8),
    ("bees with five, sparsity 0.9", "five features", f"{five:.0%}", five > 0.5),
    ("angle from one to the next", "pentagon: 72°", f"{steps.mean():.0f}° ± {steps.std():.0f}°",
     steps.std() < 8),
    ("dimensions a feature", "pentagon: 2/5", f"{share.mean():.3f} ± {share.std():.3f}",
     abs(share.mean() - 0.4) < 0.02),
    ("features without the ReLU", "principal components: 2", f"{represented(linear).mean():.1f}",
     bool((represented(linear) == 2).all())),
)  # fmt: skip
found

# %%
# In between, at a sparsity of 0.7 or so, four features stand in two pairs, back to back. The turn
# is not gradual: a feature that is rare enough moves in, and the others rearrange.
#
# Where the claim fails
# ---------------------
# Without the ReLU the network is linear, and the best that two linear neurons can do is to keep
# the two directions of greatest weight, however sparse the features. It is the ReLU that lets
# one feature ignore the small negative traces of the others. And not every bee finds the
# pentagon at 0.9: some stay with four, a reminder that one training run tells little.
#
# See also :ref:`sphx_glr_auto_gallery_inside_the_weights_classes_in_a_triangle.py`, where classes
# share a plane.
