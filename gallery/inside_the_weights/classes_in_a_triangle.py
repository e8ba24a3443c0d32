r"""
Classes stand in a triangle
===========================

A classifier that is trained on after its last mistake goes on tidying up. In its last layer the
classes spread as far from each other as they can: the means of three of them to the corners of a
triangle with equal sides. It is a part of what is called *neural collapse*. Turn the knobs:
in so few steps it takes a little weight decay, and as many samples of each class.

.. lead-picture::

Papyan, Han and Donoho found it in large networks (*Prevalence of neural collapse during the
terminal phase of deep learning training*, 2020, arXiv:2008.08186). It shows in a plane.
"""

# sphinx_gallery_tags = ["neural collapse", "classification"]
import numpy as np
import torch
from torch import nn

from swarm import core, env, metrics, player

SEED = 3
NUM_BEES, NUM_RECORDS, STEPS_PER_RECORD = (20, 40, 50) if env.FULL else (6, 24, 40)
RARE = [40, 20, 8, 4] if env.FULL else [40, 4]
DECAYS = [0.0, 0.001, 0.005] if env.FULL else [0.0, 0.005]
PER_CLASS, CLASSES = 40, 3

# %%
# The problem
# -----------
# Three arms of a spiral, forty samples each. Of the third arm the network sees only some.

rng = np.random.default_rng(SEED)
radius = np.tile(np.linspace(0.5, 1.5, PER_CLASS), CLASSES)
label = np.repeat(np.arange(CLASSES), PER_CLASS)
turn = 2 * np.pi * label / CLASSES + 1.6 * radius
arms = np.stack([radius * np.cos(turn), radius * np.sin(turn)], axis=1)
x = torch.tensor(arms + rng.normal(0, 0.05, arms.shape), dtype=torch.float32)
label = torch.tensor(label)


def seen(rare):
    """Pick the samples to learn from: all of two classes, evenly spread ones of the third."""
    third = np.linspace(0, PER_CLASS - 1, rare).astype(int) + 2 * PER_CLASS
    return np.concatenate([np.arange(2 * PER_CLASS), third])


# %%
# The hive
# --------
# The last hidden layer has two neurons, so that it can be drawn: its values are a sample's
# *features*.


def bee_trainer(rare, decay):
    """Learn; yield the features of all samples, and how many of those seen are right."""
    layers = [nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 2)]
    body, head = nn.Sequential(*layers), nn.Linear(2, CLASSES)
    parameters = [*body.parameters(), *head.parameters()]
    optimiser = torch.optim.SGD(parameters, lr=0.1, momentum=0.9, weight_decay=decay)
    some = torch.tensor(seen(rare))
    for _ in range(NUM_RECORDS):
        with torch.no_grad():
            features = body(x)
            right = head(features[some]).argmax(dim=1) == label[some]
            yield features, right.float().mean()
        for _ in range(STEPS_PER_RECORD):
            optimiser.zero_grad()
            nn.functional.cross_entropy(head(body(x[some])), label[some]).backward()
            optimiser.step()


settings = [
    *core.make_sweep_paramsets({"decay": DECAYS[-1]}, rare=RARE),
    *core.make_sweep_paramsets({"rare": PER_CLASS}, decay=DECAYS[:-1]),
]
hive = core.hive_trainer(
    bee_trainer, settings, num_bees=NUM_BEES, fields="features,right", seed=SEED
)

# %%
# The picture
# -----------
# Features around the middle of the classes, in units of their distance from it (root mean
# square), turned so that the first class ends on top, the second on the right.


def means(entry):
    """Return the middle of each class, seen from that of all (bee, epoch, class, 2), and that."""
    some = seen(entry["rare"])
    of = np.split(entry["features"][:, :, some], [PER_CLASS, 2 * PER_CLASS], axis=2)
    middles = np.stack([part.mean(axis=2) for part in of], axis=2)
    return middles - middles.mean(axis=2, keepdims=True), middles.mean(axis=2, keepdims=True)


def aligned(entry):
    """Return the features, centred, scaled, turned and mirrored."""
    middles, centre = means(entry)
    z = (entry["features"] - centre) @ [1, 1j]
    z = z / np.sqrt((np.abs(z) ** 2).mean(axis=-1, keepdims=True))
    turn = 1j * np.exp(-1j * np.angle(middles[:, -1:, :1] @ [1, 1j]))
    z = z * turn
    right = np.where((middles[:, -1:, 1:2] @ [1, 1j] * turn).real < 0, -1, 1)
    return np.stack([right * z.real, z.imag], axis=-1)


player.hive(
    hive, {"rare": "samples of the third class", "decay": "weight decay"}, kind="scatter",
    points=aligned, labels=np.array(["first", "second", "third"])[label.numpy()], bee=0,
    limits=(-2.6, 2.6), xlabel="first feature", ylabel="second feature",
    epochs=[STEPS_PER_RECORD * k for k in range(NUM_RECORDS)],
    title="Three classes in the last layer of a network",
    caption="Each dot is a sample, as the last layer sees it.",
)  # fmt: skip

# %%
# Reading it
# ----------
# Equal sides mean that the three classes, seen from their middle, have cosines of
# :math:`-1/(C-1)`, here :math:`-1/2`.


def cosines(entry, epoch=-1):
    """Cosines of classes 1 and 2, 2 and 3, 3 and 1, (bee, pair)."""
    unit = means(entry)[0][:, epoch]
    unit = unit / np.linalg.norm(unit, axis=-1, keepdims=True)
    return (unit * np.roll(unit, -1, axis=1)).sum(axis=-1)


of = {(entry["rare"], entry["decay"]): entry for entry in hive}
for (rare, decay), entry in of.items():
    c = cosines(entry)
    print(
        f"{rare:2} of the third, decay {decay:5}: {entry['right'][:, -1].mean():4.0%} right, "
        f"cosines {c.mean(axis=0).round(2)} ± {c.std(axis=0).mean():.2f}"
    )

full, free, few = of[PER_CLASS, DECAYS[-1]], of[PER_CLASS, 0.0], of[RARE[-1], DECAYS[-1]]
start, end, without = cosines(full, 0), cosines(full), cosines(free)
crowded = cosines(few)[:, 0]  # of the two classes that are not rare
found = metrics.findings(
    ("cosines before training", "", f"{start.mean():.2f} ± {start.std():.2f}", start.std() > 0.3),
    ("cosines after training", "−1/(C−1) = −0.5", f"{end.mean():.3f} ± {end.std():.3f}",
     bool(np.abs(end + 0.5).max() < 0.12)),
    ("without weight decay, as many steps", "", f"{without.mean():.2f} ± {without.std():.2f}",
     without.std() > 3 * end.std()),
    (f"two classes, {RARE[-1]} samples of the third", "",
     f"{crowded.mean():.2f} ± {crowded.std():.2f}", crowded.mean() < -0.6),
)  # fmt: skip
found

# %%
# (The three cosines of three directions around their middle tend to lie near one half on average;
# it is their *spread* that tells equal sides.)
#
# Where the claim fails
# ---------------------
# Without weight decay the triangle has not come into shape in as many steps. And where the third
# class is rare, the two others take the room: they stand almost back to back. Fang et al. (2021,
# arXiv:2101.12699) study such data, and find that several rare classes may even fall into one
# direction (*minority collapse*), which a single one cannot show.
#
# See also :ref:`sphx_glr_auto_gallery_inside_the_weights_superposition.py`: there it is five
# features that share a plane, and :ref:`sphx_glr_auto_gallery_surfaces_slices_of_a_classifier.py`
# for the surface under such a training.
