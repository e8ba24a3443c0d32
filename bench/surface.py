"""How fast surfaces are, as ratios measured side by side in one run.

Run ``python bench/surface.py``. Each pair is timed in turns and the fastest of
several rounds counts, so that other work on the machine disturbs both alike.
"""

import argparse
import copy
import itertools
import resource
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from swarm import surface
from swarm.surface import _inplace


def fastest(*calls, rounds, clock=time.perf_counter):
    """Return the shortest time of each call, taken in turns."""
    best = [np.inf] * len(calls)
    for call in calls:
        call()
    for _ in range(rounds):
        for i, call in enumerate(calls):
            start = clock()
            call()
            best[i] = min(best[i], clock() - start)
    return best


@torch.no_grad()
def loop(net, loss, batches, plane, points):
    """Load the weights of each point and evaluate batch by batch."""
    net, values = copy.deepcopy(net), []
    origin, u, v = (torch.tensor(w, dtype=torch.float32) for w in (plane.origin, plane.u, plane.v))
    for x, y in points:
        nn.utils.vector_to_parameters(origin + x * u + y * v, net.parameters())
        values.append(mean_loss(net, loss, batches))
    return np.array(values)


@torch.no_grad()
def stepped(net, loss, batches, plane, points):
    """Step every parameter by itself before evaluating, as the libraries in use do."""
    net, values = copy.deepcopy(net), []
    start = [p.clone() for p in net.parameters()]
    sizes = [p.numel() for p in start]
    u, v = (torch.tensor(w, dtype=torch.float32).split(sizes) for w in (plane.u, plane.v))
    for x, y in points:
        for p, w, du, dv in zip(net.parameters(), start, u, v, strict=True):
            p.copy_(w + x * du.view_as(w) + y * dv.view_as(w))
        values.append(mean_loss(net, loss, batches))
    return np.array(values)


def mean_loss(net, loss, batches):
    total = samples = 0
    for inputs, targets in batches:
        total += loss(net(inputs), targets).item() * len(targets)
        samples += len(targets)
    return total / samples


def sample(xs, ys, count):
    rng = np.random.default_rng(0)
    cols, rows = rng.integers(len(xs), size=count), rng.integers(len(ys), size=count)
    return rows, cols, np.stack([xs[cols], ys[rows]], axis=1)


def peak():
    """Return the most memory that this process has held, in MiB."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (2**20 if sys.platform == "darwin" else 2**10)


def two_weights(rounds):
    rng = np.random.default_rng(42)
    x = torch.tensor(rng.normal(1, 4.5, (10_000, 1))).float()
    y = torch.sin(x) + 2 * x
    net = nn.Sequential(nn.Linear(1, 1, bias=False), nn.Tanh(), nn.Linear(1, 1, bias=False))
    net.eval()
    plane = surface.weight_plane(net, "0.weight", "2.weight")
    grid = np.linspace(-2, 2, 81)
    mse = nn.functional.mse_loss
    loader = DataLoader(TensorDataset(x, y), batch_size=64)
    rows, cols, points = sample(grid, grid, 4)
    block = torch.randn(25_000)  # what stays in the cache
    out = torch.empty_like(block)

    def ours():
        return surface.loss_surface(net, mse, x, y, plane, grid, grid).values

    def article():
        return loop(net, mse, loader, plane, points)

    def tanh():
        for _ in range(100):
            torch.tanh(block, out=out)

    np.testing.assert_allclose(ours()[rows, cols], article(), rtol=1e-5)
    fast, slow, bare = fastest(ours, article, tanh, rounds=rounds)
    per_point = (slow / len(points)) / (fast / grid.size**2)
    print(f"two weights, 81×81, 10 000 samples: {fast * 1e3:.0f} ms, peak {peak():.0f} MiB")
    print(f"  against the article's loop, a grid point   {per_point:8.0f} × faster (wanted 1500)")
    limit = bare / (100 * len(block)) * grid.size**2 * len(x)
    print("  against a bare tanh that stays in cache, over as many elements, ", end="")
    print(f"{limit / fast:.2f} × as fast: it is taken once for each column")


def classifier(rounds):
    torch.manual_seed(0)
    layers = [nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 3)]
    net = nn.Sequential(*layers).eval()
    x, y = torch.randn(1000, 2), torch.randint(0, 3, (1000,))
    cross = nn.functional.cross_entropy
    grid = np.linspace(-1, 1, 51)
    loader = DataLoader(TensorDataset(x, y), batch_size=128)
    square = torch.randn(1024, 1024)
    product = torch.empty_like(square)
    # Multiplications and additions of all layers, for all samples at all grid points.
    work = 2 * sum(w.numel() for w in net.parameters() if w.ndim == 2) * len(x) * grid.size**2
    planes = {
        "random directions": surface.random_plane(net),
        "two weights": surface.weight_plane(net, ("0.weight", (0, 0)), ("4.weight", (0, 0))),
    }
    for name, plane in planes.items():
        rows, cols, points = sample(grid, grid, 20)
        # The origin of a plane of single weights has these at zero, and not where the net is.
        nn.utils.vector_to_parameters(torch.tensor(plane.origin).float(), net.parameters())
        calls = {
            "": lambda plane=plane: surface.loss_surface(net, cross, x, y, plane, grid, grid),
            "the libraries' way: stepping parameters, a DataLoader of batches of 128": (
                lambda plane=plane, points=points: stepped(net, cross, loader, plane, points)
            ),
            "loading flat weights, a DataLoader of batches of 128": (
                lambda plane=plane, points=points: loop(net, cross, loader, plane, points)
            ),
            "loading flat weights, all samples in one tensor": (
                lambda plane=plane, points=points: loop(net, cross, [(x, y)], plane, points)
            ),
        }
        ours, *others = calls.values()
        for other in others:
            np.testing.assert_allclose(ours().values[rows, cols], other(), rtol=1e-5)
        fast, *slow, roof = fastest(
            *calls.values(), lambda: torch.mm(square, square, out=product), rounds=rounds
        )
        print(f"2-64-64-3 classifier, 51×51, {name}: {fast * 1e3:.0f} ms, peak {peak():.0f} MiB")
        for how, seconds in zip(list(calls)[1:], slow, strict=True):
            print(f"  {seconds / len(points) * grid.size**2 / fast:6.1f} × faster than {how}")
        bound = work / (2 * 1024**3 / roof)
        print(f"  the matrix products alone take {bound / fast:.0%} of that time at the speed of")
        print(f"  one large product, {2 * 1024**3 / roof / 1e9:.0f} GFLOP/s")


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
        )

    def forward(self, x):
        return torch.relu(x + self.body(x))


def residual(rounds):
    torch.manual_seed(0)
    stem = [nn.Conv2d(3, 36, 3, padding=1, stride=2), nn.BatchNorm2d(36), nn.ReLU()]
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(36, 10)]
    net = nn.Sequential(*stem, *(Block(36) for _ in range(4)), *head)
    x, y = torch.randn(256, 3, 16, 16), torch.randint(0, 10, (256,))
    with torch.no_grad():
        net.train()(x)  # gives BatchNorm its running statistics
    net.eval()
    cross = nn.functional.cross_entropy
    plane = surface.random_plane(net)
    xs, ys = np.linspace(-1, 1, 21), np.linspace(-1, 1, 5)  # as a loop, 21 of the points
    points = np.stack([xs, 0 * xs], axis=1)
    before = peak()

    def ours():
        return surface.loss_surface(net, cross, x, y, plane, xs, ys).values

    def straight():
        return loop(net, cross, [(x, y)], plane, points)

    np.testing.assert_allclose(ours()[2], straight(), rtol=1e-4)
    fast, slow = fastest(ours, straight, rounds=rounds, clock=time.process_time)
    fast /= len(ys)
    weights = sum(p.numel() for p in net.parameters())
    print(f"residual net of {weights} weights, BatchNorm, 256 images, 21 points of 21×5:")
    print(f"  {fast:.2f} s, {slow / fast:.2f} × as fast as the loop (wanted 1); ", end="")
    print(f"peak memory grew by {peak() - before:.0f} MiB")


def mlp(*widths, activation=nn.Tanh, norm=None):
    layers = []
    for ins, outs in itertools.pairwise(widths[:-1]):
        layers += [nn.Linear(ins, outs), *([norm(outs)] if norm else []), activation()]
    return nn.Sequential(*layers, nn.Linear(*widths[-2:]))


class Recurrent(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.body, self.head = kind(4, 24, batch_first=True), nn.Linear(24, 3)

    def forward(self, x):
        return self.head(self.body(x)[0][:, -1])


class Attentive(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.head = nn.Linear(4, 32), nn.Linear(32, 3)
        self.body = nn.TransformerEncoderLayer(32, 4, 64, batch_first=True, dropout=0.0)

    def forward(self, x):
        return self.head(self.body(self.embed(x)).mean(dim=1))


def kinds():
    """Yield networks of every kind by name, with inputs and labels."""
    torch.manual_seed(0)
    points, labels = torch.randn(1000, 2), torch.randint(0, 3, (1000,))
    activations = nn.Tanh, nn.ReLU, nn.GELU, nn.SiLU, nn.ELU, nn.Mish, nn.Softplus
    for width in (10, 16, 64):
        for act in activations:
            net = mlp(2, width, width, 3, activation=act)
            yield f"2-{width}-{width}-3 {act.__name__}", net.eval(), points, labels
        for norm, training in (
            (nn.BatchNorm1d, False),
            (nn.BatchNorm1d, True),
            (nn.LayerNorm, False),
        ):
            net = settled(mlp(2, width, width, 3, activation=nn.ReLU, norm=norm), points)
            mode = " in train mode" if training else ""
            name = f"2-{width}-{width}-3 ReLU, {norm.__name__}{mode}"
            yield name, net.train(training), points, labels
    images, labels = torch.randn(256, 1, 12, 12), torch.randint(0, 3, (256,))
    body = [nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2)]
    head = [nn.Conv2d(8, 16, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    yield (
        "convolutions",
        settled(nn.Sequential(*body, *head, nn.Linear(16, 3)), images),
        images,
        labels,
    )
    series, labels = torch.randn(64, 12, 4), torch.randint(0, 3, (64,))
    for kind in (nn.LSTM, nn.GRU):
        yield kind.__name__, Recurrent(kind).eval(), series, labels
    yield "transformer", Attentive().eval(), series, labels


@torch.no_grad()
def settled(net, inputs):
    """Give normalisation layers weights and statistics other than they begin with."""
    for layer in net:
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d | nn.LayerNorm):
            layer.weight.uniform_(0.5, 1.5)
            layer.bias.uniform_(-0.3, 0.3)
    net.train()(inputs)
    return net.eval()


BARE = {
    nn.Tanh: _inplace.tanh_,
    nn.ReLU: torch.relu_,
    nn.GELU: torch.ops.aten.gelu_,
    nn.SiLU: torch.ops.aten.silu_,
    nn.ELU: _inplace.elu_,
    nn.Mish: _inplace.mish_,
    nn.Softplus: _inplace.softplus_,
}


@torch.no_grad()
def bare(net, samples, rounds, together=8):
    """Return what layers and activations alone take a point, in seconds, out of the cache.

    Products of a few weights at once, and activations in place, without biases, norms or loss.
    """
    calls = []
    for layer in net:
        if isinstance(layer, nn.Linear):
            w = layer.weight.expand(together, *layer.weight.shape).contiguous()
            h = torch.randn(together, layer.in_features, samples)
            out = torch.empty(together, layer.out_features, samples)
            calls.append(lambda w=w, h=h, out=out: torch.bmm(w, h, out=out))
        elif type(layer) in BARE:
            write, block = BARE[type(layer)], torch.randn(together, out.shape[1], samples)
            calls.append(lambda write=write, block=block: write(block))
    return sum(fastest(*calls, rounds=20 * rounds, clock=time.process_time)) / together


def table(rounds):
    """Print how much faster each kind is than loading weights and evaluating all samples.

    On one thread, and by the processor's time, which others on the machine hardly disturb.
    Beside it stands how much faster it could be at most: the products and the activations alone.
    """
    cross = nn.functional.cross_entropy
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    print("a grid point, against a loop that loads weights and takes all samples at once:")
    for name, net, x, y in kinds():
        plane = surface.random_plane(net, ignore_bias=False)
        grid = np.linspace(-1, 1, 51 if name[0] == "2" else 21)
        rows, cols, points = sample(grid, grid, 40)

        def ours(net=net, x=x, y=y, plane=plane, grid=grid):
            return surface.loss_surface(net, cross, x, y, plane, grid, grid).values

        def straight(net=net, x=x, y=y, plane=plane, points=points):
            return loop(net, cross, [(x, y)], plane, points)

        np.testing.assert_allclose(ours()[rows, cols], straight(), rtol=1e-4)
        fast, slow = fastest(ours, straight, rounds=rounds, clock=time.process_time)
        fast, slow = fast / grid.size**2, slow / len(points)
        limit = slow / bare(net, len(x), rounds) if name[0] == "2" else np.nan
        most = "" if np.isnan(limit) else f", at most {limit:.1f}"
        print(f"  {name:42} {fast * 1e6:7.1f} µs  {slow / fast:5.2f} × as fast{most}", flush=True)
    torch.set_num_threads(threads)


def memory():
    """Show that a grid of sixteen times the points needs no more memory."""
    net = nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 3)).eval()
    x, y = torch.randn(1000, 2), torch.randint(0, 3, (1000,))
    plane = surface.random_plane(net)
    peaks = []
    for size in (20, 80):
        grid = np.linspace(-1, 1, size)
        surface.loss_surface(net, nn.functional.cross_entropy, x, y, plane, grid, grid)
        peaks.append(peak())
    print(f"peak memory after a grid of 20×20: {peaks[0]:.0f} MiB, of 80×80: {peaks[1]:.0f} MiB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how often each is timed")
    rounds = parser.parse_args().rounds
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads")
    memory()
    table(rounds)
    two_weights(rounds)
    classifier(rounds)
    residual(rounds)
