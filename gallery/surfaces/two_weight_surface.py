r"""
The loss surface of two weights
===============================

A network with two weights is useless and very instructive: its loss is a function of two
numbers, so the whole landscape that training walks on can be drawn, with nothing left
out. Here is that landscape for

.. math:: \hat y = w_2 \tanh(w_1 x),

and the paths that stochastic gradient descent takes over it from :math:`(-1, -1)`. Lower ground
is in sight from there, and neither of two learning rates gets to it.

.. lead-picture::
"""

# sphinx_gallery_tags = ["SGD", "learning rate"]
import numpy as np
import torch
from matplotlib.figure import Figure
from torch import nn

from swarm import core, env, figures, metrics, surface

SEED = 42
NUM_SAMPLES = 10_000
NUM_EPOCHS = 25
NUM_BEES = 50 if env.FULL else 10
STEP = 0.05 if env.FULL else 0.1

# %%
# The data
# --------
# Ten thousand noisy samples of a curve in three pieces: a line, a sine, a cubic. No
# network of two weights can follow it; we ask how it fails.

rng = np.random.default_rng(SEED)
x = rng.normal(1, 4.5, NUM_SAMPLES)
pieces = [lambda x: 2 * x + 5, lambda x: 7.3 * np.sin(x), lambda x: -0.03 * x**3 + 2]
y = np.piecewise(x, [x < -2, (x >= -2) & (x < 2), x >= 2], pieces)
y += rng.normal(0, 1, NUM_SAMPLES)

figure = Figure(figsize=(8, 4), layout="constrained")
axes = figure.subplots()
axes.plot(x, y, ".", markersize=2, alpha=0.3)
axes.set(xlabel="x", ylabel="y", title=f"{NUM_SAMPLES} samples")
figure.savefig("two_weight_samples.png")
figure

# %%
# The network
# -----------
# One hidden neuron and no biases: two weights in all, :math:`w_1` before the tanh and
# :math:`w_2` after it.


def make_net():
    """Build the network of two weights, both −1."""
    net = nn.Sequential()
    net.add_module("Layer_1", nn.Linear(1, 1, bias=False))
    net.add_module("Tanh", nn.Tanh())
    net.add_module("Layer_2", nn.Linear(1, 1, bias=False))
    for weight in net.parameters():
        nn.init.constant_(weight, -1.0)
    return net


inputs = torch.tensor(x, dtype=torch.float32)[:, None]  # (sample, 1)
targets = torch.tensor(y, dtype=torch.float32)[:, None]

# %%
# The surface
# -----------
# The loss on *all* samples, at every point of a grid over both weights from −2 to 2. The
# plane is spanned by the two weights themselves, so this is the loss and not a slice of it.

net = make_net()
mse = nn.functional.mse_loss
plane = surface.weight_plane(net, "Layer_1.weight", "Layer_2.weight")
grid = np.linspace(-2, 2, round(4 / STEP) + 1)
landscape = surface.loss_surface(net, mse, inputs, targets, plane, grid, grid)
figure = figures.surface_figure(landscape, title="The loss of a network of two weights")
figures.save(figure, "two_weight_surface.html")

# %%
# Drag it. Two things hold all over it. First, :math:`\tanh` is odd, so changing the sign
# of *both* weights changes nothing: every valley has a twin.

assert np.allclose(landscape.values, landscape.values[::-1, ::-1])

# %%
# Second, where either weight is zero the network answers zero to everything, so its loss
# is the mean of :math:`y^2`. The two lines cross in a saddle, and along
# :math:`w_2 = 0` the gradient of :math:`w_1` vanishes: far out, that is a plateau.

plateau = float(np.mean(y**2))
centre = len(grid) // 2
assert np.allclose(landscape.values[centre, :], plateau, rtol=1e-4)
assert np.allclose(landscape.values[:, centre], plateau, rtol=1e-4)
w1, w2, lowest = landscape.minimum()
print(f"plateau {plateau:.2f}, lowest on this grid {lowest:.2f} at w1 = {w1:.2f}, w2 = {w2:.2f}")

# %%
# The descent
# -----------
# A bee that walks: SGD on mini-batches of 64, recording its two weights before training
# and after each epoch. Two learning rates; bees differ in the order of their batches.


def bee_trainer(inputs, targets, lr, num_epochs, batch_size=64):
    """Train the network of two weights; yield them before and after each epoch."""
    net = make_net()
    optimiser = torch.optim.SGD(net.parameters(), lr=lr)
    yield nn.utils.parameters_to_vector(net.parameters()).detach().clone()
    for _ in range(num_epochs):
        for batch in torch.randperm(len(inputs)).split(batch_size):
            optimiser.zero_grad()
            mse(net(inputs[batch]), targets[batch]).backward()
            optimiser.step()
        yield nn.utils.parameters_to_vector(net.parameters()).detach().clone()


static = {"inputs": inputs, "targets": targets, "num_epochs": NUM_EPOCHS}
hive = core.hive_trainer(
    bee_trainer,
    core.make_sweep_paramsets(static, lr=[1e-2, 1e-1]),
    num_bees=NUM_BEES,
    fields="weights",
    seed=SEED,
)
for walk in hive:
    walk["path"] = surface.loss_paths(net, mse, inputs, targets, plane, walk["weights"])
    assert walk["path"].gap < 1e-6 * plateau  # the paths lie on the surface
slow, fast = (
    surface.loss_paths(net, mse, inputs, targets, plane, walk["weights"][:1]) for walk in hive
)

# %%
# Both walks leave the window of the first picture, so here is the same surface further
# out along :math:`w_1`, with the two walks side by side.

wide = np.linspace(-6, 6, round(12 / STEP) + 1)
panorama = surface.loss_surface(net, mse, inputs, targets, plane, wide, grid)
left = figures.surface_figure(panorama, {"lr 0.01": slow}, title="Learning rate 0.01")
right = figures.surface_figure(panorama, {"lr 0.1": fast}, title="Learning rate 0.1")
figures.save(left, "two_weight_slow.html"), figures.save(right, "two_weight_fast.html")

# %%
# Where it ends, and why
# ----------------------
# Both drop off the slope at once, and both then stay on the plateau: 25 epochs later
# their loss has hardly moved, although lower ground is in sight.

for name, path in [("0.01", slow), ("0.1 ", fast)]:
    (w1, w2), loss = path.coordinates[0, -1], path.losses[0]
    print(f"lr {name}: from {loss[0]:.2f} to {loss[-1]:.2f}, ends at ({w1:+.2f}, {w2:+.2f})")

# %%
# The reason is a watershed. For each :math:`w_1` the best :math:`w_2` has a closed form
# (it is a regression), and the loss along that valley floor has a *top*, where the best
# :math:`w_2` is zero.


def valley_floor(w1):
    """Lowest loss over w2, given w1."""
    hidden = np.tanh(w1 * x)
    return plateau - np.mean(hidden * y) ** 2 / np.mean(hidden**2)


candidates = np.linspace(-2, -0.05, 400)
watershed = candidates[np.argmax([valley_floor(w1) for w1 in candidates])]
print(f"the valley floor is highest at w1 = {watershed:.3f}: the start, −1, is just beyond it")
assert -1 < watershed < -0.9

# %%
# From −1 the way down leads outwards, to ever larger :math:`|w_1|`, where the tanh is a
# step and the best that the network can do is a constant on either side of zero. Inwards
# lies the better valley: there the tanh is nearly a line, and the network fits
# :math:`w_1 w_2 x`, the better the smaller :math:`w_1` and the larger :math:`|w_2|`, down to
# the loss of the best straight line through the origin.
#
# Out on the plateau a batch pulls :math:`w_2` towards its own mean, :math:`2\eta` of the way. With
# batches of 64 the pulls add up to a variance of :math:`\eta/(1-\eta)` times that of a batch's
# mean, which is the loss over 64; an epoch's last batch, of what is left, pulls once more. By so
# much the loss is higher than at the best place.

step = plateau - np.mean(np.sign(x) * y) ** 2
line = plateau - np.mean(x * y) ** 2 / np.mean(x**2)
rest = NUM_SAMPLES % 64
rows = []
for walk in hive:
    lr, last = walk["lr"], walk["path"].losses[:, -5:].mean(axis=1)  # of the last five epochs
    variance = lr / (1 - lr) * step / 64
    shaken = step + (1 - 2 * lr) ** 2 * variance + (2 * lr) ** 2 * step / rest
    error = last.std(ddof=1) / np.sqrt(NUM_BEES)
    rows.append(
        (
            f"loss at the end, learning rate {lr:g}",
            f"outwards, closed form: {step:.2f}; shaken, {shaken:.2f}",
            f"{last.mean():.2f} ± {error:.2f}",
            abs(last.mean() - shaken) < 0.1 + 3 * error,  # the tanh is not quite a step
        )
    )
metrics.findings(
    (
        "loss where a weight is zero",
        f"closed form: {plateau:.2f}",
        f"{landscape.values[centre].mean():.2f}",
        np.allclose(landscape.values[centre], plateau, rtol=1e-4),
    ),
    (
        "lowest on the first picture",
        f"closed form: {line:.2f} to {step:.2f}",
        f"{lowest:.2f}",
        line < lowest < step,
    ),
    *rows,
)

# %%
# The larger learning rate is no way out. It shakes more: the bowl across the plateau has
# curvature :math:`2 \langle \tanh^2 \rangle`, nearly 2, so that each mini-batch moves
# :math:`w_2` a fifth of the way to its own best value.

shaking = [float(np.std(walk["weights"][:, 5:, 1], axis=1).mean()) for walk in hive]
print(f"w2 wanders by ±{shaking[0]:.2f} at lr 0.01, by ±{shaking[1]:.2f} at lr 0.1")
assert shaking[1] > 2 * shaking[0]

# %%
# See also
# --------
# The problem and its settings are Aleksei Rozanov's, *What's Inside a Neural Network?
# Plotting Surface of Error in 3D using PyTorch* (2024).
# :ref:`sphx_glr_auto_gallery_surfaces_hundred_descents.py` starts on both sides of the
# watershed.
