"""Lifting beside what else there is, as one table of ratios measured in this run.

    python bench/table.py [sizes] [work] [digits] [auto] [chunks] [--rounds 2] [--long]

Without names, all parts. Swarms of 50 000 bees are trained for fewer epochs, unless
--long is given: 100 epochs of them are 3 GB of results for each contestant.
"""

import argparse
import sys
import warnings
from functools import partial
from pathlib import Path

import lift
import torch
from sweeps import best_of
from torch import nn

from swarm import core
from swarm.core import _lifted, _lone

SIZES = {50: 100, 500: 100, 5000: 100, 50_000: 15}  # bees, epochs
STACKED = {50: 1, 500: 0.85, 5000: 0.5, 50_000: 0.25}
JAX = {50: 0.35, 500: 0.55, 5000: 0.9, 50_000: 0.9}


def tell(what, ratio, wanted):
    print(f"{what:<66} {ratio:>7} {wanted:>9}", flush=True)


def sizes(args):
    for bees, epochs in SIZES.items():
        epochs = 100 if args.long else epochs
        rounds = args.rounds if bees < 5000 else 1
        best = best_of(
            rounds,
            lifted=lambda n=bees, e=epochs: lift.swarm(n, e, "lift"),
            stacked=lambda n=bees, e=epochs: lift.stacked(n, e),
            jax=lambda n=bees, e=epochs: lift.with_jax(n, e),
        )
        name = f"lifted against {{}}, {bees} bees x {epochs} epochs"
        ratio = best["lifted"] / best["stacked"]
        tell(name.format("stacked by hand"), f"{ratio:.2f}", f"<= {STACKED[bees]}")
        ratio = best["lifted"] / best["jax"]
        tell(name.format("JAX and its compilation"), f"{ratio:.2f}", f"<= {JAX[bees]}")


def work(args):
    few, bees, epochs = 4, 500, 400
    best = best_of(
        args.rounds,
        lifted=lambda: lift.swarm(bees, epochs, "lift"),
        loop=lambda: lift.swarm(few, epochs, "loop"),
    )
    ratio = best["loop"] * bees / few / best["lifted"]
    tell("the seed's work against the loop", f"{ratio:.1f}", ">= 45")


def digits(args):
    for kind, wanted in (("DataLoader", 4), ("randperm", 5)):
        best = best_of(
            args.rounds,
            lifted=lambda kind=kind: lift.digits(kind, 50, "lift"),
            loop=lambda kind=kind: lift.digits(kind, 5, "loop"),
        )
        ratio = best["loop"] * 10 / best["lifted"]
        tell(
            f"50 classifiers of digits by {kind} against the loop", f"{ratio:.1f}", f">= {wanted}"
        )


def auto(args):
    """Every bee of the tests, twenty of it, as long as a test trains them."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    import test_lift_bees as tests

    def train(bee, engine):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            core.swarm_train(bee, num_bees=20, seed=1, engine=engine, progress=False)

    ratios = {}
    for name, bee in {**tests.BEES_TO_LIFT, **tests.BEES_TO_LOOP}.items():
        train(bee, "auto")
        best = best_of(
            args.rounds + 1,
            auto=lambda bee=bee: train(bee, "auto"),
            loop=lambda bee=bee: train(bee, "loop"),
        )
        ratios[best["loop"] / best["auto"]] = name
    for ratio in sorted(ratios)[:4]:
        tell(
            f"engine='auto' against the loop, 20 bees: {ratios[ratio]}", f"{ratio:.2f}", ">= 0.95"
        )
    middle = sorted(ratios)[len(ratios) // 2]
    tell(f"  the median of {len(ratios)} bees", f"{middle:.2f}", "")


def _nets():
    """Kinds of nets, each with the shape of what it is given."""
    return {
        "the seed's (1-20-1)": (lambda: _mlp(1, 20), (101, 1)),
        "wide (8-128-128-1)": (lambda: _mlp(8, 128, 128), (64, 8)),
        "small (2-4-1)": (lambda: _mlp(2, 4), (32, 2)),
        "normalised": (
            lambda: nn.Sequential(
                nn.Linear(8, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 1)
            ),
            (64, 8),
        ),
        "convolutional": (
            lambda: nn.Sequential(
                nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 1)
            ),
            (16, 1, 8, 8),
        ),
        "recurrent": (lambda: _Recurrent(), (16, 12, 2)),
    }


class _Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.cells, self.out = nn.GRU(2, 8, batch_first=True), nn.Linear(8, 1)

    def forward(self, x):
        return self.out(self.cells(x)[0][:, -1])


def _mlp(first, *widths):
    layers = []
    for width in widths:
        layers += [nn.Linear(first, width), nn.Tanh()]
        first = width
    return nn.Sequential(*layers, nn.Linear(first, 1))


def learner(kind, epochs):
    make, shape = _nets()[kind]
    net = make()
    x = torch.linspace(-1, 1, torch.Size(shape).numel()).reshape(shape)
    y = torch.sin(3 * x.flatten(1).sum(1, keepdim=True))
    optimiser = torch.optim.Adam(net.parameters(), lr=0.01)
    for _ in range(epochs):
        optimiser.zero_grad()
        loss = nn.functional.mse_loss(net(x), y)
        loss.backward()
        optimiser.step()
        yield loss.item()


def chunks(args):
    epochs = 12
    for kind in _nets():
        lone = _lone.Lone(partial(learner, kind, epochs), 0)
        nbytes = lone.measure()
        lone.close()
        size = min(_lifted.TENSOR // lone.largest, _lifted.MEMORY // nbytes)
        n = min(2 * size, args.most)  # one piece, if these are too few for two chunks

        def train(chunk, kind=kind, n=n):
            core.swarm_train(
                learner,
                {"kind": kind, "epochs": epochs},
                num_bees=n,
                seed=0,
                engine="lift",
                chunk=chunk,
                progress=False,
                verify=False,
            )

        train(8)
        best = best_of(args.rounds, ours=lambda: train(None), whole=lambda n=n: train(n))
        ratio = best["ours"] / best["whole"]
        tell(f"chunks against one piece, {n} bees: {kind}", f"{ratio:.2f}", "<= 1")


PARTS = {"work": work, "sizes": sizes, "digits": digits, "auto": auto, "chunks": chunks}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(PARTS))
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--most", type=int, default=20_000, help="bees of the part on chunks")
    args = parser.parse_args()
    if unknown := set(args.parts) - PARTS.keys():
        parser.error(f"no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    lift.swarm(3, 3, "lift")  # what is imported at first use is no one's cost
    lift.stacked(3, 3)
    print(
        f"torch {torch.__version__}, {torch.get_num_threads()} threads, "
        f"tensors of a chunk up to {_lifted.TENSOR >> 20} MiB, best of {args.rounds}"
    )
    for part in args.parts or PARTS:
        PARTS[part](args)


if __name__ == "__main__":
    main()
