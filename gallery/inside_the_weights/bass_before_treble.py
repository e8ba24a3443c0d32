r"""
Bass before treble
==================

Let a network listen to a chord of eight tones and play it back. All tones are equally loud, and
yet it learns them one after another, from the bass up: a tone of twice the frequency takes about
*four* times as long. Turn the knob, and networks are deaf to every other tone, or learn the
treble as fast as the bass.

.. lead-picture::

The bias towards low frequencies was seen by Rahaman and others, *On the Spectral Bias of Neural
Networks* (2018, arXiv:1806.08734). How long each frequency takes was worked out by Basri,
Jacobs, Kasten and Kritchman, *The Convergence Rate of Neural Networks for Learned Functions of
Different Frequencies* (2019, arXiv:1906.00425).
"""

# sphinx_gallery_tags = ["spectral bias", "regression"]
import numpy as np
import torch
from matplotlib.figure import Figure

from swarm import core, env, metrics, player

SEED = 3
NUM_BEES, WIDTH = (40, 4096) if env.FULL else (16, 1024)
NUM_STEPS, NUM_RECORDS, LR = 450, 90, 2.0
LOUDNESS = 0.01
TONES = np.arange(1, 9)

# %%
# The chord
# ---------
# One period of it, as 48 points of a circle. Tone :math:`k` swings :math:`k` times on the way
# round, each from a point of its own. It is played softly: the theory is one of networks whose
# weights hardly move.

rng = np.random.default_rng(SEED)
angle = 2 * np.pi * np.arange(48) / 48
chord = np.cos(TONES[:, None] * angle + rng.uniform(0, 2 * np.pi, (8, 1))).sum(axis=0)
circle = np.stack([np.cos(angle), np.sin(angle), np.ones(48)], axis=1)  # (point, 3)

# %%
# Three kinds of neuron
# ---------------------
# As in the second paper: one wide hidden layer, of which only the first weights learn; the
# second ones are :math:`\pm 1`. The third input is always one, so its weight is a neuron's
# *bias*. It begins at zero, but for neurons that swing instead of bending: they begin anywhere.

OMEGA = 16  # how fast they swing
KINDS = {
    "sine": (lambda z: 2**0.5 * torch.sin(OMEGA * z) / OMEGA, circle / 2**0.5, 1.0),
    "ReLU": (torch.relu, circle / 2**0.5, 0.0),
    "ReLU without bias": (torch.relu, circle * [1, 1, 0], 0.0),
}
records = {0, *np.geomspace(1, NUM_STEPS, NUM_RECORDS).round().astype(int).tolist()}
steps = np.array(sorted(records))


def bee_trainer(kind, target):
    """Learn the chord by gradient descent; yield what is played so far."""
    activation, points, bias = KINDS[kind]
    points = torch.tensor(points, dtype=torch.float32)
    weights = torch.randn(3, WIDTH) * torch.tensor([[1.0], [1.0], [bias]])
    weights.requires_grad_()
    signs = torch.randn(WIDTH).sign() / WIDTH**0.5
    optimiser = torch.optim.SGD([weights], lr=LR)
    before = (activation(points @ weights) @ signs).detach()  # taken off, to begin with silence
    for step in range(NUM_STEPS + 1):
        played = activation(points @ weights) @ signs - before
        if step in records:
            yield played.detach() / LOUDNESS
        optimiser.zero_grad()
        (0.5 * (played - target).square().mean()).backward()
        optimiser.step()


static = {"target": torch.tensor(LOUDNESS * chord, dtype=torch.float32)}
hive = core.hive_trainer(
    bee_trainer, core.make_sweep_paramsets(static, kind=KINDS), NUM_BEES, SEED, "played"
)
player.hive(
    hive,
    {"kind": "kind of neuron"},
    x=angle / (2 * np.pi),
    data="played",
    truth=chord,
    epochs=steps.tolist(),
    xlabel="way round the circle",
    ylabel="sound",
    title="Networks that learn a chord of eight tones",
    caption="Dots are the chord. The later, the more steps from one picture to the next.",
)

# %%
# How long each tone takes
# ------------------------
# While weights hardly move, learning is linear, and on a circle it is most simple: every tone
# fades by itself, by a factor of :math:`1 - \eta\lambda_k` a step, where :math:`\lambda_k` is how
# much of tone :math:`k` there is in the *kernel*. That is the mean, over first weights, of the
# product of a network's slopes at two points, an angle :math:`\varphi` apart:


def kernel(kind, phi):
    """Closed form, derived as the paper does; those with ReLU are its own."""
    share = (np.pi - np.arccos(np.cos(phi).clip(-1, 1))) / (2 * np.pi)  # both ReLUs are on
    return {
        "ReLU": (np.cos(phi) + 1) / 2 * share,
        "ReLU without bias": np.cos(phi) * share,
        "sine": (np.cos(phi) + 1) / 2 * np.exp(-(OMEGA**2) * (1 - np.cos(phi)) / 2),
    }[kind]


for swarm in hive:
    rate = LR * np.fft.rfft(kernel(swarm["kind"], angle)).real[TONES] / len(angle)
    with np.errstate(divide="ignore"):
        swarm["foretold"] = np.log(2) / -np.log1p(-rate.clip(1e-12))  # steps to half a tone
    missing = np.abs(np.fft.rfft(chord - swarm["played"], axis=-1)[..., TONES])
    swarm["left"] = missing / missing[:, :1]  # (bee, record, tone)
    lowest = np.minimum.accumulate(swarm["left"], axis=1)
    swarm["half"] = np.array(
        [
            [np.interp(np.log(2), -np.log(tone), steps, right=np.inf) for tone in bee.T]
            for bee in lowest
        ]
    )  # (bee, tone)

figure = Figure(figsize=(8, 4.2), layout="constrained")
axes = figure.subplots()
for swarm, color in zip(hive, ["#2b9a66", "#2f7de1", "#e8590c"], strict=True):
    learnt = np.isfinite(swarm["half"]).all(axis=0)
    half = swarm["half"][:, learnt]
    axes.errorbar(
        TONES[learnt], half.mean(0), half.std(0), fmt="o", color=color, label=swarm["kind"]
    )
    axes.plot(TONES[learnt], swarm["foretold"][learnt], ":", color=color)
axes.set(
    xscale="log", yscale="log", xlabel="tone", ylabel="steps until half of it is learnt",
    xticks=TONES, xticklabels=TONES,
)  # fmt: skip
axes.minorticks_off()
axes.legend(title="dotted: foretold")
figure.savefig("bass_before_treble.png")
figure

# %%
# The paper finds :math:`1/(\pi k)^2` for odd tones from 3 on, and hardly anything else for even
# ones. So the time grows as the square. Without biases there is no odd tone in the kernel but the
# lowest: these networks *cannot* play the others. And neurons that swing have a kernel with
# a sharp peak, in which all tones are about equally strong.

sine, relu, deaf = hive
odd = TONES[2::2]  # 3, 5, 7
power = np.polyfit(np.log(odd), np.log(relu["half"][:, odd - 1]).T, 1)[0]  # one a bee
error = power.std(ddof=1) / np.sqrt(NUM_BEES)
here = np.polyfit(np.log(odd), np.log(relu["foretold"][odd - 1]), 1)[0]
rows = [
    (
        "power of the frequency, time to learn tones 3, 5, 7",
        f"2, on 48 points {here:.2f}; its runs: 1.93",
        f"{power.mean():.2f} ± {error:.3f}",
        abs(power.mean() - here) < 0.03 + 3 * error,
    )
]
for tone in (1, 2, 4, 8):
    half, foretold = relu["half"][:, tone - 1], relu["foretold"][tone - 1]
    rows.append(
        (
            f"steps until half of tone {tone} is learnt",
            f"closed form: {foretold:.1f}",
            f"{half.mean():.1f} ± {half.std():.1f}",
            abs(half.mean() / foretold - 1) < 0.1,
        )
    )
unheard = deaf["left"][:, -1, odd - 1]
ratio = sine["half"][:, -1] / sine["half"][:, 0]
rows += [
    (
        "not learnt of tones 3, 5, 7 without bias",
        "all of it",
        f"{unheard.mean():.1%} ± {unheard.std():.1%}",
        abs(unheard.mean() - 1) < 0.01,
    ),
    (
        "time for tone 8 over that for tone 1, sine",
        f"closed form: {sine['foretold'][-1] / sine['foretold'][0]:.1f}",
        f"{ratio.mean():.1f} ± {ratio.std():.1f}",
        ratio.mean() < 2,
    ),
]
metrics.findings(*rows)

# %%
# The power comes with its standard error, all else with the standard deviation over networks. The
# last two rows are where bass before treble fails; it is a matter of the neuron, not of learning.
# To try: ``LOUDNESS = 1``. Then weights move far, and the treble takes longer still.
#
# See also :ref:`sphx_glr_auto_gallery_inside_the_weights_wide_enough_linear.py`, which asks how
# good the linear theory is, and
# :ref:`sphx_glr_auto_gallery_inside_the_weights_learning_in_steps.py`, where order is in the data.
