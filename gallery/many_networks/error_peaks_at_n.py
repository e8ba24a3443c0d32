r"""
The error peaks at n
====================

Forty samples, and a model that may use more and more features, each worth as much as the
next. What it gets wrong on new samples grows, and with exactly as many features as samples it
is dreadful. That is where textbooks stop, and call it overfitting.

.. guess:: Go on, to features by the hundred. What does the error do?
   :right: 3

   - It grows and grows.
   - It stays as bad as it is.
   - It comes down, below all that was before.

   With features to spare there are many exact answers, and training takes the smallest of
   them. Watch the peak rise while the models train, and the other side stay low.

.. lead-picture::
"""

# sphinx_gallery_tags = ["double descent", "regression", "early stopping"]
import numpy as np
import torch
from scipy.stats import t as student

from swarm import animator, core, env, metrics, player

SEED = 0
NUM_BEES, NUM_FRAMES = (300, 30) if env.FULL else (100, 16)
SAMPLES, FEATURES = 40, 100
NOISES = [0.2, 0.5, 1.0]
LEVEL = 0.001  # how often a right formula may fail the test below, by chance
COUNTS = np.r_[2:36:3, 36:45, 46:101:3]  # of features that the model may use

# %%
# The problem
# -----------
# The truth is a sum of 100 independent features, all with the same weight, and noise. A model
# sees the first :math:`p` of them and descends the squared error from weights of 0, with
# steps so small that its way has a closed form: along each singular vector of the samples,
# with singular value :math:`s`, the fit is complete but for :math:`e^{-s^2 t}`. In the end it
# is the least squares, and where many fit, the smallest.


def bee_trainer(noise):
    """Draw samples; yield, as time goes on, the error to expect for each number of features."""
    weight = FEATURES**-0.5
    x = torch.randn(SAMPLES, FEATURES, dtype=torch.float64)
    y = weight * x.sum(dim=1) + noise * torch.randn(SAMPLES, dtype=torch.float64)
    parts = [torch.linalg.svd(x[:, :count], full_matrices=False) for count in COUNTS.tolist()]
    for time in TIMES.tolist():
        errors = []
        for left, s, right in parts:
            found = right.T @ (-torch.expm1(-s.square() * time) / s * (left.T @ y))
            unused = weight**2 * (FEATURES - len(found))
            errors.append((found - weight).square().sum() + unused + noise**2)
        yield torch.stack(errors)


TIMES = np.r_[np.geomspace(1e-3, 1e3, NUM_FRAMES), np.inf]
hive = core.hive_trainer(
    bee_trainer, core.make_sweep_paramsets(noise=NOISES), NUM_BEES, SEED, "error"
)

# %%
# The expected value
# ------------------
# With features from a normal distribution, the error in the end is known on average: what the
# model doesn't see acts as noise, and the inverse of a Wishart matrix has a mean. It is the
# first model of M. Belkin, D. Hsu and J. Xu, *Two models of double descent for weak features*
# (2019, arXiv:1903.07571); for :math:`n - 1 \le p \le n + 1` it is infinite.


def expected(noise, p, n=SAMPLES):
    """Mean error in the end: by the mean of the inverse of a Wishart matrix."""
    used = p / FEATURES
    unknown = 1 - used + noise**2
    if p <= n - 2:
        return unknown * (1 + p / (n - p - 1))
    if p >= n + 2:
        return used * (1 - n / p) + unknown * (1 + n / (p - n - 1))
    return np.inf


# %%
# Each line is a bee, which has drawn its own samples and fits them with each number of
# features. Dots are the expected values.

noisy = hive[0]
curves = animator.LineSwarm.standard(
    COUNTS, [min(expected(noisy["noise"], p), 50) for p in COUNTS], noisy["error"][:100],
    color_by=noisy["error"][:100, -1].max(axis=1), set_yscale="log", set_ylim=(0.4, 50),
    set_title=f"Error of {min(100, NUM_BEES)} models of {SAMPLES} samples",
    set_xlabel="features that the model may use", set_ylabel="error on new samples",
)  # fmt: skip
animator.swarm_animate([curves], "error_peaks_at_n.mp4", fps=10, size=(900, 600))

# %%
# Turn the noise.

player.hive(
    hive, {"noise": "noise of the samples"}, x=COUNTS, data="error",
    loss=lambda swarm: np.median(swarm["error"], axis=2), loss_label="median error",
    ylim=(0, 8), xlabel="features that the model may use", ylabel="error on new samples",
    title="The error peaks at n",
)  # fmt: skip

# %%
# Reading it
# ----------
# Means over the bees with their standard errors. Of three means the furthest from its closed
# form may be as far as it is once in a thousand times if all is right (Student's t, shared
# out by Bonferroni). Near the peak a mean says little, for the error has no finite variance
# there; the median tells where it is.

allowed = student.ppf(1 - LEVEL / 3 / 2, NUM_BEES - 1)  # in standard errors
rows = []
for p in (20, 61, 100):
    last = noisy["error"][:, -1, COUNTS.tolist().index(p)]
    mean, error = last.mean(), last.std(ddof=1) / np.sqrt(NUM_BEES)
    closed = expected(noisy["noise"], p)
    rows.append((f"mean error with {p} features", f"closed form: {closed:.3f}",
                 f"{mean:.3f} ± {error:.3f}", abs(mean - closed) < allowed * error))  # fmt: skip
medians = np.median(noisy["error"], axis=0)  # (time, count)
peak, lowest = COUNTS[medians[-1].argmax()], COUNTS[medians[-1].argmin()]
stop = medians.max(axis=1).argmin()  # the time whose worst model is best
rows += [
    ("features at the highest median", f"n = {SAMPLES}",
     f"{peak}, error {medians[-1].max():.0f}", abs(peak - SAMPLES) <= 1),
    ("lowest median, and where", "beyond the peak",
     f"{medians[-1].min():.2f} at {lowest}", lowest == COUNTS[-1]),
    (f"highest median when stopped at t = {TIMES[stop]:.2g}", "",
     f"{medians[stop].max():.2f}", medians[stop].max() < 0.2 * medians[-1].max()),
]  # fmt: skip
metrics.findings(*rows)

# %%
# The last row is where the claim ends: the peak is made by the last, slowest steps of
# training. Whoever stops in time (*early stopping*) never sees it. That the time was chosen by
# the error itself flatters it a little.
#
# See also :ref:`sphx_glr_auto_gallery_many_networks_ten_thousand_bees.py`, where fits that
# agree on the samples part elsewhere.
