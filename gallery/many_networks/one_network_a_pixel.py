r"""
One network a pixel
===================

Every pixel of this picture is a network. All of them start from the same weights and learn
the same sixteen points; they differ in the learning rates of their two layers, one along
each axis. Coloured pixels have learnt, clear ones have blown up. Zoom into the border
between the two, and it does not become smooth.

.. lead-picture::
"""

# sphinx_gallery_tags = ["learning rate", "fractal", "engine"]
from itertools import pairwise

import numpy as np
import torch

from swarm import animator, core, env, metrics

SEED = 0
PIXELS, LEVELS, ZOOM = (128, 5, 4) if env.FULL else (48, 3, 4)
NUM_STEPS, NEURONS, SAMPLES = 100, 16, 16
FRAMES = 48 if env.FULL else 24  # of the movie, for each level

# %%
# The bee
# -------
# It is the network of J. Sohl-Dickstein, *The boundary of neural network trainability is
# fractal* (2024, arXiv:2402.06184): one hidden layer of ReLU neurons in mean-field scaling,
# full-batch gradient descent. Its two learning rates come from outside.

generator = torch.Generator().manual_seed(SEED)
shapes = {"first": (NEURONS, NEURONS), "second": (NEURONS, 1), "x": (SAMPLES, NEURONS)}
given = {
    name: torch.randn(shape, generator=generator, dtype=torch.float64)
    for name, shape in {**shapes, "y": (SAMPLES, 1)}.items()
}


def bee_trainer(lr_first, lr_second):
    """Train from the given start; yield the loss."""
    first, second = (given[name].clone().requires_grad_() for name in ("first", "second"))
    optimiser = torch.optim.SGD(
        [{"params": [first], "lr": lr_first}, {"params": [second], "lr": lr_second}]
    )
    for _ in range(NUM_STEPS):
        hidden = torch.relu(given["x"] @ first * (2 / NEURONS) ** 0.5)
        loss = (hidden @ second / NEURONS - given["y"]).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        yield loss


# %%
# The flight
# ----------
# One call trains all networks of a picture, each with two numbers of its own:
# ``each=``. The border is chaotic, so the last digits decide, and a lifted bee need not
# agree with the same bee alone to the last step (``verify=False``).


def picture(window):
    """Train a network for each pixel of a window (left, right, bottom, top) of exponents."""
    across, up = np.linspace(*window[:2], PIXELS), np.linspace(*window[2:], PIXELS)
    columns, rows = np.meshgrid(across, up)  # (row, column)
    rates = {"lr_first": 10 ** columns.ravel(), "lr_second": 10 ** rows.ravel()}
    losses = core.swarm_train(bee_trainer, {}, None, SEED, "loss", each=rates, verify=False)[
        "loss"
    ]
    losses = np.nan_to_num(losses, nan=np.inf).clip(max=1e12).reshape(PIXELS, PIXELS, NUM_STEPS)
    learnt = losses[..., -10:].mean(axis=-1) < losses[..., 0]
    depth = np.log10(np.clip(losses, 1e-3, 1e6)).mean(axis=-1)
    return np.where(learnt, depth, np.nan)


def border(shades):
    """Mark the pixels that have a neighbour of the other fate."""
    learnt, marks = np.isfinite(shades), np.zeros(shades.shape, dtype=bool)
    marks[:-1] |= learnt[:-1] != learnt[1:]
    marks[:, :-1] |= learnt[:, :-1] != learnt[:, 1:]
    return marks


# %%
# Zooming
# -------
# Each next window is a quarter as wide, around the part of the border that has most to it.


def part(window, shades):
    """Choose the next window."""
    size = PIXELS // ZOOM
    counts = np.lib.stride_tricks.sliding_window_view(border(shades), (size, size)).sum((-1, -2))
    row, column = np.unravel_index(counts.argmax(), counts.shape)
    wide, high = window[1] - window[0], window[3] - window[2]
    left, bottom = window[0] + wide * column / PIXELS, window[2] + high * row / PIXELS
    return (left, left + wide / ZOOM, bottom, bottom + high / ZOOM)


windows = [(0.8, 2.8, -0.2, 1.8)]
pictures = [picture(windows[0])]
for _ in range(LEVELS - 1):
    windows.append(part(windows[-1], pictures[-1]))
    pictures.append(picture(windows[-1]))
networks = sum(shades.size for shades in pictures)
print(f"{networks} networks, {NUM_STEPS} steps each; the last window is {ZOOM ** (LEVELS - 1)} "
      "times smaller than the first")  # fmt: skip

# %%
# Between two pictures the movie shows the finer one where there is one.


def view(left, right, bottom, top):
    """Look at a window through the finest pictures there are."""
    across, up = np.meshgrid(np.linspace(left, right, PIXELS), np.linspace(bottom, top, PIXELS))
    seen = np.full(across.shape, np.nan)
    for (x0, x1, y0, y1), shades in zip(windows, pictures, strict=True):
        inside = (across >= x0) & (across <= x1) & (up >= y0) & (up <= y1)
        column = np.rint((across[inside] - x0) / (x1 - x0) * (PIXELS - 1)).astype(int)
        row = np.rint((up[inside] - y0) / (y1 - y0) * (PIXELS - 1)).astype(int)
        seen[inside] = shades[row, column]
    return seen


frames = []
for here, there in pairwise(windows):
    for step in np.linspace(0, 1, FRAMES, endpoint=False):
        share = (1 - ZOOM**-step) / (1 - 1 / ZOOM)  # so that the zoom has one speed
        frames.append(view(*(np.array(here) * (1 - share) + np.array(there) * share)))
frames += [view(*windows[-1])] * (FRAMES // 2)
film = animator.ImageSwarm(
    np.array(frames), set_title="Learning rates of two layers", set_xlabel="first layer →",
    set_ylabel="second layer →", set_xticks=[], set_yticks=[], label="mean of log₁₀ loss",
)  # fmt: skip
with animator.figuresize(7.2, 6):
    movie = animator.swarm_animate([film], "one_network_a_pixel.mp4", counter=None, fps=24)
movie

# %%
# How rough is it?
# ----------------
# Cover the border with boxes: if halving their size doubles their number, it is a smooth
# line, of dimension 1; if it makes them four times as many, it fills the plane.


def dimension(marks):
    """Box-counting dimension: slope of log count against log size."""
    sizes = [1, 2, 4, 8]
    counts = []
    for size in sizes:
        cut = len(marks) // size * size
        boxes = marks[:cut, :cut].reshape(cut // size, size, cut // size, size)
        counts.append(boxes.any(axis=(1, 3)).sum())
    return -np.polyfit(np.log(sizes), np.log(counts), 1)[0]


dimensions = np.array([dimension(border(shades)) for shades in pictures])
mean, error = dimensions.mean(), dimensions.std(ddof=1) / np.sqrt(len(dimensions))
side = np.linspace(-1.3, 1.3, PIXELS)
circle = np.where(side**2 + side[:, None] ** 2 < 1, 0.0, np.nan)
dust = np.where(np.random.default_rng(SEED).random((PIXELS, PIXELS)) < 0.5, 0.0, np.nan)
smooth, full = (dimension(border(shades)) for shades in (circle, dust))

metrics.findings(
    (
        f"dimension of the border, mean of {LEVELS} windows",
        "1.17 to 1.98 in six settings",
        f"{mean:.2f} ± {error:.2f}",
        smooth + 0.1 < mean < 1.98,
    ),
    ("windows rougher than a circle", "all", f"{(dimensions > smooth).sum()} of {LEVELS}",
     (dimensions > smooth).all()),
    ("the same ruler on a circle", "1", f"{smooth:.2f}", abs(smooth - 1) < 0.2),
    ("the same ruler on random dust", "2", f"{full:.2f}", abs(full - 2) < 0.2),
)  # fmt: skip

# %%
# The paper zooms on for ten decades of scale with far more pixels; ours is a small piece of
# that, one start and one set of data. What lies behind it is the kind of jump that
# :ref:`sphx_glr_auto_gallery_surfaces_step_that_should_explode.py` follows on a surface of
# two weights.
