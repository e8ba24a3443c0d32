r"""
A loss with no bottom
=====================

When a straight line can part two classes, the logistic loss has no lowest point: longer
weights are always better. Training never ends, the weights grow without bound, and still
their *direction* comes to rest. Gradient descent goes from anywhere to one and the same, that
of the line with the **widest margin** to both classes. Adam goes elsewhere: turn the knob.

.. lead-picture::

The result is that of Soudry, Hoffer, Nacson, Gunasekar and Srebro, *The Implicit Bias of
Gradient Descent on Separable Data* (2018, arXiv:1710.10345). They also say how slow it is:
the weights grow like the *logarithm* of the number of steps.
"""

# sphinx_gallery_tags = ["implicit bias", "classification"]
import numpy as np
import torch
from matplotlib.figure import Figure
from scipy.optimize import linprog, minimize
from torch import nn

from swarm import core, env, metrics, player

SEED = 11
NUM_BEES, NUM_STEPS = (60, 20_000) if env.FULL else (20, 3_000)
NUM_RECORDS, LR = 60, 1.0

# %%
# The problem
# -----------
# Two clouds on either side of the origin. Turn the second one over, and one question is
# left: which weights :math:`w` have :math:`w \cdot z > 0` for all points :math:`z`? The
# nearest points are given by hand, so that what is left of the start fades fast enough to be
# seen; with nearer ones it may take millions of steps. All others lie at least half as far again.

rng = np.random.default_rng(SEED)
nearest = np.array([[-0.2, 2.2], [1.1, 0.1]])
others = rng.normal([1.9, 1.6], [0.7, 0.9], (40, 2))
others = others[(others @ [0.9, 0.5] > 1.5) & (others.sum(axis=1) > 1.8)][:8]
z = np.concatenate([nearest, others])

# %%
# The widest margin is that of the shortest :math:`w` with :math:`w \cdot z \ge 1`: a support
# vector machine, which SciPy solves. So it does where length means the larger of
# :math:`|w_1|, |w_2|`; that is where Adam is said to go (Zhang, Zou and Cao,
# *The implicit bias of Adam on separable data*, 2024, arXiv:2406.10650).

svm = minimize(
    lambda w: w @ w, [1.0, 1.0], constraints={"type": "ineq", "fun": lambda w: z @ w - 1}
).x
corner = linprog(
    [0, 0, 1],  # the least bound on both weights, of (w1, w2, bound)
    A_ub=np.vstack(
        [np.c_[-z, np.zeros(len(z))], [[1, 0, -1], [0, 1, -1], [-1, 0, -1], [0, -1, -1]]]
    ),
    b_ub=[-1] * len(z) + [0] * 4,
    bounds=[(None, None)] * 3,
).x[:2]


def angle(w):
    """Direction of some weights, in degrees."""
    return np.degrees(np.arctan2(w[..., 1], w[..., 0]))


print(f"widest margin at {angle(svm):.1f}°, for the larger weight at {angle(corner):.1f}°")

# %%
# The hive
# --------
# Each bee starts somewhere else. Steps are recorded evenly in their logarithm. Adam's steps do
# not shrink with the gradient, so it gets a schedule, :math:`1/\sqrt t`, as the theory asks.

records = set(np.geomspace(1, NUM_STEPS, NUM_RECORDS).round().astype(int).tolist())
OPTIMISERS = {
    "gradient descent": lambda w: torch.optim.SGD(w, lr=LR),
    "with momentum": lambda w: torch.optim.SGD(w, lr=LR / 10, momentum=0.9),
    "Adam": lambda w: torch.optim.Adam(w, lr=0.2, betas=(0.9, 0.99), eps=1e-60),
}


def bee_trainer(z, optimiser):
    """Descend the logistic loss; yield the weights."""
    w = torch.randn(2, dtype=z.dtype, requires_grad=True)
    steps = OPTIMISERS[optimiser]([w])
    decay = 0.5 if optimiser == "Adam" else 0.0
    schedule = torch.optim.lr_scheduler.LambdaLR(steps, lambda t: (t + 1) ** -decay)
    yield w.detach().clone()
    for step in range(1, NUM_STEPS + 1):
        steps.zero_grad()
        nn.functional.softplus(-z @ w).mean().backward()
        steps.step()
        schedule.step()
        if step in records:
            yield w.detach().clone()


hive = core.hive_trainer(
    bee_trainer, core.make_sweep_paramsets({"z": torch.tensor(z)}, optimiser=OPTIMISERS),
    num_bees=NUM_BEES, fields="weights", seed=SEED,
)  # fmt: skip

# %%
# The picture
# -----------
# The loss over both weights falls for ever towards the upper right. Small losses need a
# logarithm to be seen.

w1, w2 = np.linspace(-5, 13, 91), np.linspace(-5, 13, 91)
grid = np.stack(np.meshgrid(w1, w2), axis=-1)  # rows are w2
landscape = np.logaddexp(0, -grid @ z.T).mean(axis=-1)
player.hive(
    hive, {"optimiser": "optimiser"}, kind="descent", surface=(w1, w2, landscape),
    paths="weights", xlabel="first weight", ylabel="second weight",
    epochs=[0, *sorted(records)], title="Down a loss that has no bottom",
    caption="Each dot is a network of two weights. The later, the fewer pixels a step.",
)  # fmt: skip

# %%
# Reading it
# ----------
# After many steps :math:`w(t) = \hat w \ln t + \tilde w`, where :math:`\hat w` is the support
# vector machine. The paper gives :math:`\tilde w` too: at the nearest points, with
# :math:`\hat w = \sum \alpha_n z_n`, it has :math:`\eta\, e^{-\tilde w \cdot z_n} / N = \alpha_n`.
# So even what is left of the angle can be told in advance.

alpha = np.linalg.solve(nearest.T, svm)
offset = np.linalg.solve(nearest, -np.log(alpha * len(z) / LR))
steps = np.array(sorted(records))
foretold = angle(svm * np.log(steps)[:, None] + offset) - angle(svm)

figure = Figure(figsize=(8, 4.2), layout="constrained")
axes = figure.subplots()
for entry, color in zip(hive, ["#2f7de1", "#2b9a66", "#e8590c"], strict=True):
    off = angle(entry["weights"][:, 1:]) - angle(svm)  # (bee, record)
    low, middle, high = np.percentile(off, [5, 50, 95], axis=0)
    axes.fill_between(steps, low, high, color=color, alpha=0.2, linewidth=0)
    axes.plot(steps, middle, color=color, label=entry["optimiser"])
late = steps >= 10
axes.plot(steps[late], foretold[late], "k:", label="foretold")
axes.axhline(0, color="#7b8491", linewidth=1)
axes.set(xscale="log", xlabel="step", ylabel="degrees from the widest margin", ylim=(-25, 25))
axes.legend()
figure.savefig("maximum_margin.png")
figure

# %%
off = {entry["optimiser"]: angle(entry["weights"][:, -1]) - angle(svm) for entry in hive}
gap = angle(corner) - angle(svm)
early = int(np.argmin(np.abs(steps - NUM_STEPS / 10)))
grown = hive[0]["weights"][:, -1] - hive[0]["weights"][:, early + 1]  # the start is recorded too
pace = np.linalg.norm(grown, axis=1) / np.log10(steps[-1] / steps[early])
descent, momentum, adam = off.values()
metrics.findings(
    (f"gradient descent, off the widest margin after {NUM_STEPS} steps",
     f"foretold: {foretold[-1]:.2f}°", f"{descent.mean():.2f}° ± {descent.std():.2f}°",
     abs(descent.mean() - foretold[-1]) < 0.5),
    ("growth of the weights, ten times as many steps",
     f"|ŵ| ln 10 = {np.linalg.norm(svm) * np.log(10):.2f}",
     f"{pace.mean():.2f} ± {pace.std():.2f}",
     abs(pace.mean() / np.linalg.norm(svm) / np.log(10) - 1) < 0.15),
    ("with momentum", "the same", f"{momentum.mean():.2f}° ± {momentum.std():.2f}°",
     abs(momentum.mean() - foretold[-1]) < 1),
    ("Adam", f"largest weight: {gap:.1f}°", f"{adam.mean():.1f}° ± {adam.std():.1f}°",
     abs(adam.mean() - gap) < abs(adam.mean())),
)  # fmt: skip

# %%
# The starts differ, the ends do not. But patience is needed: what is left of the angle falls
# like :math:`1 / \ln t`. And the claim fails for Adam, whose steps are of nearly one size in
# both weights: it goes towards the diagonal, where the margin is smaller. The loss does not
# tell them apart: it goes to zero for all of them.
#
# See also :ref:`sphx_glr_auto_gallery_surfaces_hundred_descents.py`, where the step size
# chooses, and not the optimiser.
