r"""
Do the bends of a network settle where the curve turns?
=======================================================

Networks that learn a sine gather their bends at its inner turning points, and leave the
outer ones alone.

.. lead-picture::

The simplest network that can bend has one input :math:`x`, one output :math:`y` and a
hidden layer of neurons with an activation :math:`f`:

.. math:: y = c + \sum_k v_k \, f(w_k x + b_k).

Write the argument of :math:`f` as :math:`w_k \left(x - \left(-b_k / w_k\right)\right)`:
neuron :math:`k` is centred at :math:`-b_k / w_k`. With ReLU that is exactly where it
bends the line. So a swarm of networks fitted to a sine tells where training *wants* to
bend: watch the histogram of :math:`-b/w` while hundreds of networks learn.
"""

# sphinx_gallery_tags = ["initialisation", "regression"]
import numpy as np
import torch
from torch import nn

from swarm import animator, core, env, figures, metrics, networks, player

SEED = 20
NUM_BEES, NUM_EPOCHS = (500, 400) if env.FULL else (150, 400)
EVERY = 1 if env.FULL else 4
WIDTH = 20

# %%
# The bee
# -------
# A bee is one network and its training: a generator that yields, once an epoch, what to
# record. One hidden layer keeps the reading simple, each neuron has one bend.


def bee_trainer(xt, yt, width=2, num_epochs=200):
    """Fit one network; yield its predictions, first weights and first biases."""
    net = networks.flat_net(1, width, activation=nn.ReLU)
    optimiser = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
    loss_func = nn.MSELoss()
    for _ in range(num_epochs):
        optimiser.zero_grad()
        ypred = net(xt)
        loss = loss_func(ypred, yt)
        if torch.isnan(loss):
            raise RuntimeError("NaN loss, poorly configured experiment")
        loss.backward()
        optimiser.step()
        weight, bias, *_ = net.parameters()
        yield ypred, weight.detach().flatten().numpy().copy(), bias.detach().numpy().copy()


# %%
# The swarm
# ---------
# The curve to learn is three periods of a sine, whose turning points are known.
# Every bee sees the same 101 points; only the initial weights differ.

xt = torch.linspace(-3 * np.pi, 3 * np.pi, 101)
yt = torch.sin(xt)
bee_params = {"xt": xt, "yt": yt, "width": WIDTH, "num_epochs": NUM_EPOCHS}

swarm = core.swarm_train(
    bee_trainer, bee_params, num_bees=NUM_BEES, fields="ypred,weights,biases", seed=SEED
)
bends = -swarm["biases"] / swarm["weights"]  # (bee, epoch, neuron)
print({field: array.shape for field, array in swarm.items()})

# %%
# The movie
# ---------
# Above, the curves of 50 of the bees over the sine (dots); below, where the neurons of
# *all* bees bend. Bends outside the window are counted in its outermost bars.

curves = animator.LineSwarm.standard(
    xt.numpy(),
    yt.numpy(),
    swarm["ypred"][:: max(1, NUM_BEES // 50)],
    set_title=f"50 of {NUM_BEES} networks learning a sine",
    set_xlim=(-10, 10),
)
histogram = animator.HistogramSwarm.from_swarm(
    bends.clip(-10, 10),
    100,
    set_title="Where their neurons bend: −b/w",
    set_ylabel="Count",
    set_xlim=(-10, 10),
)
with animator.figuresize(12, 12) if env.FULL else animator.figuresize(8, 8):
    movie = animator.swarm_animate([curves, histogram], "weight_distr.mp4", every=EVERY)
movie

# %%
# The same swarm to play with: scrub through the epochs, point at a curve to single out a
# network and its bends. Colour says how small its loss got.

recording = player.curves(
    xt.numpy(),
    swarm["ypred"],
    truth=yt.numpy(),
    values=bends.clip(-10, 10),
    values_label="where neurons bend, −b/w",
    title=f"{NUM_BEES} networks learning a sine",
    movie=movie,
)
figures.save(recording, "weight_distr.html")

# %%
# Reading it
# ----------
# The bends start in one heap around zero, because initial biases and weights are of the
# same size. They then gather into four columns, over the four turning points nearest to
# the start. How tightly? Count the bends within 0.5 of a turning point, among those
# inside the data's range, and compare with bends strewn evenly over it.

turning_points = np.pi * (np.arange(-3, 3) + 0.5)


def share_near(points, epoch, within=0.5):
    """Share of each bee's bends inside the data's range that lie near one of some points."""
    inside = np.abs(bends[:, epoch]) < 3 * np.pi  # (bee, neuron)
    away = np.abs(bends[:, epoch, :, None] - np.atleast_1d(points)).min(axis=-1)
    return np.mean(inside & (away < within), axis=1) / np.mean(inside, axis=1)


def with_error(values):
    """Mean over the bees, and its standard error."""
    return f"{values.mean():.1%} ± {values.std() / np.sqrt(len(values)):.1%}"


even = len(turning_points) * 2 * 0.5 / (6 * np.pi)
start, end = (share_near(turning_points, epoch) for epoch in (0, -1))

# %%
# But not all turning points get their share. The two outermost, at :math:`\pm 5\pi/2`,
# lie far from where the bends begin, and few bends ever reach them:

for point, share in [(point, share_near(point, -1).mean()) for point in turning_points]:
    print(f"{point / np.pi:+.1f} π  {share:6.1%}  {'█' * round(100 * share)}")
outermost = share_near(turning_points[[0, -1]], -1)

# %%
# So the networks miss the ends of the sine because no neuron bends there, not because
# they lack neurons: with 20 bends each, six would do. The error says the same, point by
# point.

error = (swarm["ypred"][:, -1] - yt.numpy()) ** 2  # (bee, point)
middle = np.abs(xt.numpy()) < 2 * np.pi
ratio = error[:, ~middle].mean(axis=1) / error[:, middle].mean(axis=1)
metrics.findings(
    (
        "bends within 0.5 of a turning point, before training",
        f"strewn evenly: {even:.1%}",
        with_error(start),
        start.mean() < even,
    ),
    ("the same, after training", "more", with_error(end), end.mean() > 1.5 * even),
    (
        "of these, near the two outermost turning points",
        f"if all were alike: {1 / 3:.0%}",
        with_error(outermost / end.mean()),
        outermost.mean() < 0.1 * end.mean(),
    ),
    (
        "error at the ends of the sine over that in the middle",
        "",
        f"{np.median(ratio):.1f}; above 1 for {np.mean(ratio > 1):.0%} of the networks",
        np.median(ratio) > 1.5,
    ),
)

# %%
# See also
# --------
# The experiment is Varun Nayyar's *Distribution of Weights in a Network* (2020), with its
# settings. To try: start the biases wider (``nn.init.uniform_(bias, -10, 10)``), and see
# whether the ends are found.
#
# Next: :ref:`sphx_glr_auto_gallery_first_flights_deeper_or_wider.py`, where more layers fold the
# bends that one layer has to place one by one.
