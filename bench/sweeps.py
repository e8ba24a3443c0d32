"""How fast are settings of each bee? Ratios of times measured side by side in this run.

    python bench/sweeps.py [--rounds 2] [--scale 1.0]

Thirty learning rates of twenty bees in one flight against swarm after swarm; 16 384
networks with two learning rates each against the same stacked by hand; and the memory
that a run with out= takes above that of a small one, by the number of bees.
"""

import argparse
import subprocess
import sys
import time

import numpy as np
import torch
from torch import nn

from swarm import core

X = torch.linspace(-1, 1, 16).unsqueeze(1)
Y = torch.sin(3 * X)


def bee(lr=0.05, epochs=100):
    net = nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 1))
    optimiser = torch.optim.SGD(net.parameters(), lr=lr, momentum=0.9)
    for _ in range(epochs):
        optimiser.zero_grad()
        loss = nn.functional.mse_loss(net(X), Y)
        loss.backward()
        optimiser.step()
        yield loss.item()


def two_rates(first, second, epochs):
    net = nn.Sequential(nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 1))
    groups = [{"params": net[0].parameters(), "lr": first}, {"params": net[2].parameters()}]
    optimiser = torch.optim.SGD(groups, lr=second)
    data = torch.eye(16)
    for _ in range(epochs):
        optimiser.zero_grad()
        loss = nn.functional.mse_loss(net(data), Y)
        loss.backward()
        optimiser.step()
        yield loss.item()


def two_rates_by_hand(first, second, epochs):
    """Train the same stacked, with the gradients by autograd and the steps written out."""
    nets = []
    for i in range(len(first)):
        torch.manual_seed(core.bee_seed(0, i))
        nets.append(nn.Sequential(nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 1)))
    w1, b1, w2, b2 = (
        torch.stack([list(net.parameters())[i].detach() for net in nets]).requires_grad_()
        for i in range(4)
    )
    data = torch.eye(16)
    rates = [torch.tensor(first, dtype=torch.float32), torch.tensor(second, dtype=torch.float32)]
    for _ in range(epochs):
        hidden = torch.tanh(torch.baddbmm(b1[:, None], data.expand(len(w1), 16, 16), w1.mT))
        loss = (torch.baddbmm(b2[:, None], hidden, w2.mT) - Y).square().mean((1, 2))
        grads = torch.autograd.grad(loss.sum(), (w1, b1, w2, b2))
        with torch.no_grad():
            for i, (param, grad) in enumerate(zip((w1, b1, w2, b2), grads, strict=True)):
                param -= rates[i // 2].reshape(-1, *(1,) * (grad.ndim - 1)) * grad
    return loss.detach().numpy()


MEMORY = """
import resource, sys, tempfile, torch
from swarm import core
def bee():
    x = torch.randn(50)
    for _ in range(40):
        x = x * 0.9
        yield x
with tempfile.TemporaryDirectory() as folder:
    core.swarm_train(bee, num_bees=int(sys.argv[1]), seed=0, out=folder + "/run", engine="lift",
                     progress=False, verify=False, chunk=1000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def best_of(rounds, **contestants):
    """Return the least time of each contestant, which take turns."""
    best = dict.fromkeys(contestants, float("inf"))
    for _ in range(rounds):
        for name, run in contestants.items():
            begin = time.perf_counter()
            run()
            best[name] = min(best[name], time.perf_counter() - begin)
    return best


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--scale", type=float, default=1.0, help="of the number of bees")
    args = parser.parse_args()

    params = list(core.make_sweep_paramsets(lr=np.geomspace(1e-3, 0.3, 30).tolist()))
    settings = {"num_bees": 20, "seed": 0, "engine": "lift", "progress": False}
    core.hive_trainer(bee, params[:2], **settings)
    best = best_of(
        args.rounds,
        hive=lambda: core.hive_trainer(bee, params, **settings),
        swarms=lambda: [core.swarm_train(bee, one, **settings) for one in params],
    )
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, best of {args.rounds}")
    ratio = best["swarms"] / best["hive"]
    print(f"30 learning rates x 20 bees x 100 epochs in one flight: {ratio:.1f}")
    print("  times as fast as swarm after swarm (target 8 or more)")

    bees, epochs = int(16_384 * args.scale), 300
    rng = np.random.default_rng(0)
    first, second = 10 ** rng.uniform(-3, 0, (2, bees))
    each = {"first": first, "second": second}
    results = {}
    best = best_of(
        max(1, args.rounds - 1),
        lifted=lambda: results.update(
            lifted=core.swarm_train(
                two_rates, {"epochs": epochs}, each=each, seed=0, engine="lift", progress=False
            )["V1"][:, -1]
        ),
        by_hand=lambda: results.update(by_hand=two_rates_by_hand(first, second, epochs)),
    )
    ratio = best["lifted"] / best["by_hand"]
    print(f"{bees} bees with two rates of their own, {epochs} steps: {ratio:.2f}")
    print("  of the time of the same stacked by hand (target 1.5 or less)")
    difference = np.nanmax(np.abs(results["lifted"] - results["by_hand"]))
    print(f"  greatest difference of a final loss: {difference:.0e}")

    peaks = {
        n: float(subprocess.check_output([sys.executable, "-c", MEMORY, str(n)]))
        for n in (1000, int(10_000 * args.scale), int(100_000 * args.scale))
    }
    print("peak memory with out=, in MiB (target: the same for all):")
    for n, peak in peaks.items():
        print(f"  {n:7} bees, results of {n * 40 * 50 * 4 / 2**20:6.0f} MiB: {peak:.0f}")


if __name__ == "__main__":
    main()
