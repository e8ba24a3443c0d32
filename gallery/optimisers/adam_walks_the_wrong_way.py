r"""
Adam walks the wrong way
========================

One weight between −1 and 1, and a loss that says *left* loudly once in a while and *right*
softly most of the time. Added up, left wins. Yet every bee that Adam trains, wherever it
starts, walks to the right end, the worst place there is. A small change of its rule, called
AMSGrad, turns the whole swarm round.

.. lead-picture::
"""

# sphinx_gallery_tags = ["optimiser", "Adam"]
import numpy as np
import torch

from swarm import animator, core, env, metrics

SEED = 0
NUM_BEES, NUM_EPOCHS = (100, 400) if env.FULL else (60, 200)
STEPS = 6  # steps between two records
C = 4.0  # how loud the rare voice is
LR = 0.2

# %%
# The problem
# -----------
# The loss of step :math:`t` is :math:`Cx` if :math:`t` leaves the remainder 1 when divided
# by 3, and :math:`-x` otherwise. Three steps in a row add up to :math:`(C-2)x`: for
# :math:`C>2` the best :math:`x` is −1. It is Theorem 1 of S. J. Reddi, S. Kale and S. Kumar,
# *On the convergence of Adam and beyond* (2018, arXiv:1904.09237), with :math:`\beta_1 = 0`,
# :math:`\beta_2 = 1/(1+C^2)` and steps that shrink as :math:`1/\sqrt t`.
#
# Adam divides a gradient by the root of a running mean of its squares. Right after the loud
# gradient that mean is large, so it counts little; when the soft ones come, the mean has
# forgotten it already, and they count in full. AMSGrad keeps the largest mean so far.


def bee_trainer(make):
    """Walk on the line; yield the weight and the mean regret so far."""
    x = torch.empty(1, dtype=torch.float64).uniform_(-1, 1).requires_grad_()
    optimiser = make([x])
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda t: (t + 1) ** -0.5)
    regret, t = torch.zeros(1, dtype=torch.float64), 0
    for _ in range(NUM_EPOCHS):
        for _ in range(STEPS):
            t += 1
            slope = C if t % 3 == 1 else -1.0
            regret = regret + slope * (x.detach() + 1)  # against the best, −1
            optimiser.zero_grad()
            (slope * x).sum().backward()
            optimiser.step()
            with torch.no_grad():
                x.clamp_(-1, 1)
            schedule.step()
        yield x.detach()[0], regret[0] / t


FORGETFUL = {"lr": LR, "betas": (0.0, 1 / (1 + C**2))}
OPTIMISERS = {
    "Adam": lambda weights: torch.optim.Adam(weights, **FORGETFUL),
    "AMSGrad": lambda weights: torch.optim.Adam(weights, amsgrad=True, **FORGETFUL),
    "SGD": lambda weights: torch.optim.SGD(weights, lr=LR),
    "Adam, usual memory": lambda weights: torch.optim.Adam(weights, lr=LR, betas=(0.0, 0.999)),
}
swarms = {
    name: core.swarm_train(bee_trainer, {"make": make}, NUM_BEES, SEED, "x,regret")
    for name, make in OPTIMISERS.items()
}

# %%
# The walk
# --------
# Each line of the movie is a bee: its way so far, time to the right.


def ways(x):
    """Where each bee was until each epoch: (bee, epoch) -> (bee, epoch, epoch)."""
    return np.where(np.tri(NUM_EPOCHS, dtype=bool), x[:, None], np.nan)


steps = STEPS * np.arange(1, NUM_EPOCHS + 1)
look = {"set_ylim": (-1.1, 1.1), "set_ylabel": "weight"}
plots = [
    animator.LineSwarm(steps, ways(swarms[name]["x"]), set_title=name, color=color, **look)
    for name, color in (("Adam", "#e8590c"), ("AMSGrad", "#2f7de1"))
]
animator.swarm_animate(plots, "adam_walks_the_wrong_way.mp4", every=2)

# %%
# Where they end
# --------------
# The *regret* is what a step costs more than the best weight would, on average over the
# walk; a method that works brings it down to 0. At the worst end, 1, it is
# :math:`2(C-2)/3`.


def shown(name):
    """Words for the mean end of a swarm, how far its bees lie apart, and its regret."""
    regret = swarms[name]["regret"][:, -1].mean()
    return f"{ends[name].mean():+.3f} ± {np.ptp(ends[name]) / 2:.3f}, regret {regret:.2f}"


ends = {name: swarm["x"][:, -1] for name, swarm in swarms.items()}
usual = "Adam, usual memory"
metrics.findings(
    (
        "Adam ends at",
        f"+1, regret {2 * (C - 2) / 3:.2f}",
        shown("Adam"),
        (ends["Adam"] > 0.95).all(),
    ),
    ("AMSGrad ends at", "−1", shown("AMSGrad"), (ends["AMSGrad"] < -0.9).all()),
    ("SGD ends at", "−1", shown("SGD"), (ends["SGD"] < -0.9).all()),
    ("Adam with β₂ = 0.999 ends at", "", shown(usual), (ends[usual] < -0.9).all()),
)

# %%
# The last row is where the claim ends: the usual memory of a thousand steps spans many
# rounds of three, and Adam walks the right way. The paper shows that for each memory there
# is a problem that outlasts it: a voice that is rarer still.
#
# Next: :ref:`sphx_glr_auto_gallery_optimisers_the_race.py`, which Adam wins.
