"""Quite different bees, lifted, each against the same bee trained alone in plain PyTorch."""

import copy
import warnings

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

from swarm import core, networks, regimes

EPOCHS, BEES, SEED = 20, 4, 11
X = torch.linspace(-3, 3, 24)
Y = torch.sin(X)
LABELS = (X > 0).long() + (X > 1.5).long()

BEES_TO_LIFT = {}
BEES_TO_LOOP = {}


def lifts(bee):
    BEES_TO_LIFT[bee.__name__] = bee
    return bee


def falls_back(bee):
    BEES_TO_LOOP[bee.__name__] = bee
    return bee


def mlp(width=6):
    return nn.Sequential(nn.Linear(1, width), nn.Tanh(), nn.Linear(width, 1))


def column():
    return X.to(torch.get_default_dtype()).unsqueeze(1)


def target():
    return Y.to(torch.get_default_dtype()).unsqueeze(1)


def descend(net, optimiser, x=None, y=None, between=lambda net: None):
    """Yield the loss and the last bias of plain training."""
    x, y = column() if x is None else x, target() if y is None else y
    for _ in range(EPOCHS):
        optimiser.zero_grad()
        loss = functional.mse_loss(net(x), y)
        loss.backward()
        between(net)
        optimiser.step()
        yield loss.item(), list(net.parameters())[-1]


@lifts
def the_seed():
    net = networks.flat_net(1, 20)
    x = X.to(torch.get_default_dtype())
    optimiser = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
    loss_func = torch.nn.MSELoss()
    for _ in range(EPOCHS):
        optimiser.zero_grad()
        ypred = net(x)
        loss = loss_func(ypred, torch.sin(x))
        if torch.isnan(loss):
            raise RuntimeError("NaN loss, poorly configured experiment")
        loss.backward()
        optimiser.step()
        weight, bias, *_ = net.parameters()
        yield ypred, weight.detach().flatten().numpy().copy(), bias.detach().numpy().copy()


@lifts
def default_train():
    x = X.to(torch.get_default_dtype())
    yield from regimes.default_train(x, torch.sin(x), num_epochs=EPOCHS, width=5)


@lifts
def items_and_arithmetic_of_them():
    net = mlp()
    best = None
    for loss, bias in descend(net, torch.optim.SGD(net.parameters(), lr=0.1)):
        best = loss if best is None else 0.5 * best + loss
        norm = bias.detach().numpy() ** 2
        yield best, np.sqrt(norm) * 2 + 1, norm[0], bias.tolist()


def with_optimiser(name, **settings):
    def bee():
        net = mlp()
        yield from descend(net, getattr(torch.optim, name)(net.parameters(), **settings))

    bee.__name__ = f"{name}_{'_'.join(settings)}"
    return lifts(bee)


with_optimiser("SGD", lr=0.05, momentum=0.9)
with_optimiser("SGD", lr=0.05, momentum=0.9, nesterov=True)
with_optimiser("SGD", lr=0.05, weight_decay=0.1)
with_optimiser("Adam", lr=0.01)
with_optimiser("Adam", lr=0.01, amsgrad=True)
with_optimiser("AdamW", lr=0.01)
with_optimiser("RMSprop", lr=0.01)
with_optimiser("Adagrad", lr=0.01)
with_optimiser("Adadelta", lr=0.1)
with_optimiser("NAdam", lr=0.01)
with_optimiser("RAdam", lr=0.01)
with_optimiser("Adamax", lr=0.01)
with_optimiser("ASGD", lr=0.01)
with_optimiser("Rprop", lr=0.01)


@lifts
def learning_rate_schedule():
    net = mlp()
    optimiser = torch.optim.SGD(net.parameters(), lr=0.1)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, EPOCHS)
    for loss, bias in descend(net, optimiser):
        scheduler.step()
        yield loss, bias, optimiser.param_groups[0]["lr"]


@lifts
def clipping_by_norm():
    net = mlp()
    norms = []

    def clip(net):
        norms.append(nn.utils.clip_grad_norm_(net.parameters(), 0.1))

    for loss, bias in descend(net, torch.optim.SGD(net.parameters(), lr=0.5), between=clip):
        yield loss, bias, norms[-1]


@lifts
def clipping_by_value():
    net = mlp()
    yield from descend(
        net,
        torch.optim.SGD(net.parameters(), lr=0.5),
        between=lambda net: nn.utils.clip_grad_value_(net.parameters(), 0.05),
    )


@lifts
def dropout():
    net = nn.Sequential(nn.Linear(1, 8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 1))
    for loss, bias in descend(net, torch.optim.SGD(net.parameters(), lr=0.05)):
        net.eval()
        yield loss, bias, net(column())
        net.train()


@lifts
def noisy_targets():
    net = mlp()
    y = target() + 0.1 * torch.randn_like(target())
    for loss, bias in descend(net, torch.optim.SGD(net.parameters(), lr=0.05), y=y):
        yield loss, bias, torch.normal(0.0, torch.ones(3)), torch.rand(2), y


@lifts
def minibatches_by_randperm():
    net = mlp()
    optimiser = torch.optim.SGD(net.parameters(), lr=0.05)
    x, y = column(), target()
    for _ in range(EPOCHS):
        total = 0.0
        for batch in torch.randperm(len(x)).split(8):
            optimiser.zero_grad()
            loss = functional.mse_loss(net(x[batch]), y[batch])
            loss.backward()
            optimiser.step()
            total += loss.item() * len(batch)
        yield total / len(x)


def from_loader(shuffle):
    def bee():
        net = mlp()
        optimiser = torch.optim.SGD(net.parameters(), lr=0.05)
        loader = DataLoader(TensorDataset(column(), target()), batch_size=10, shuffle=shuffle)
        for _ in range(EPOCHS // 4):
            for x, y in loader:
                optimiser.zero_grad()
                loss = functional.mse_loss(net(x), y)
                loss.backward()
                optimiser.step()
            yield loss.item(), torch.rand(())

    return bee


BEES_TO_LIFT["data_loader"] = from_loader(False)
BEES_TO_LIFT["data_loader_shuffled"] = from_loader(True)


def with_init(init):
    def bee():
        net = mlp()
        for p in net.parameters():
            if p.dim() > 1:
                init(p)
            else:
                nn.init.zeros_(p)
        yield from descend(net, torch.optim.SGD(net.parameters(), lr=0.05))

    bee.__name__ = f"init_{init.__name__}"
    return lifts(bee)


for _init in (nn.init.orthogonal_, nn.init.trunc_normal_, nn.init.xavier_normal_, nn.init.ones_):
    with_init(_init)


@lifts
def constant_start():
    net = mlp()
    with torch.no_grad():
        for p in net.parameters():
            p.fill_(0.1)
    yield from descend(net, torch.optim.SGD(net.parameters(), lr=0.05))


@lifts
def layer_norm():
    net = nn.Sequential(nn.Linear(1, 6), nn.LayerNorm(6), nn.GELU(), nn.Linear(6, 1))
    yield from descend(net, torch.optim.SGD(net.parameters(), lr=0.05))


@lifts
def batch_norm():
    net = nn.Sequential(nn.Linear(1, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 1))
    for loss, bias in descend(net, torch.optim.SGD(net.parameters(), lr=0.05)):
        net.eval()
        yield loss, bias, net[1].running_mean, net[1].running_var, net(column())
        net.train()


@lifts
def bare_parameters():
    class Bump(nn.Module):
        def __init__(self):
            super().__init__()
            self.centre = nn.Parameter(torch.randn(5))
            self.width = nn.Parameter(torch.ones(5))
            self.height = nn.Parameter(torch.zeros(5, 1))
            self.register_buffer("seen", torch.zeros(()))

        def forward(self, x):
            self.seen += x.mean()
            return torch.exp(-(((x - self.centre) / self.width) ** 2)) @ self.height

    net = Bump()
    for loss, height in descend(net, torch.optim.Adam(net.parameters(), lr=0.05)):
        yield loss, height, net.seen


@lifts
def tensors_updated_by_hand():
    w = torch.randn(3, requires_grad=True)
    c = torch.zeros(3, requires_grad=True)
    x, y = column(), target()
    for _ in range(EPOCHS):
        loss = ((x * w + c).sin().sum(1, keepdim=True) - y).square().mean()
        loss.backward()
        with torch.no_grad():
            w -= 0.05 * w.grad
            c.sub_(c.grad, alpha=0.05)
        w.grad.zero_()
        c.grad = None
        yield loss.item(), w, c.detach().clone()


@lifts
def gradients_by_autograd_grad():
    net = mlp()
    params = list(net.parameters())
    for _ in range(EPOCHS):
        loss = functional.mse_loss(net(column()), target())
        grads = torch.autograd.grad(loss, params)
        with torch.no_grad():
            for p, g in zip(params, grads, strict=True):
                p -= 0.1 * g
        yield loss.item(), params[0]


@lifts
def double_backward():
    net = mlp()
    optimiser = torch.optim.SGD(net.parameters(), lr=0.01)
    x = column().clone().requires_grad_()
    for _ in range(EPOCHS):
        optimiser.zero_grad()
        out = net(x)
        (slope,) = torch.autograd.grad(out.sum(), x, create_graph=True)
        loss = functional.mse_loss(out, target()) + 0.1 * slope.square().mean()
        loss.backward()
        optimiser.step()
        yield loss.item(), slope


@lifts
def convolution_1d():
    net = nn.Sequential(nn.Conv1d(1, 3, 3, padding=1), nn.ReLU(), nn.Conv1d(3, 1, 3, padding=1))
    x, y = column().T[None], target().T[None]
    yield from descend(net, torch.optim.SGD(net.parameters(), lr=0.05), x, y)


@lifts
def convolution_2d():
    net = nn.Sequential(
        nn.Conv2d(1, 3, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(12, 2)
    )
    x, y = torch.randn(5, 1, 6, 6), torch.randn(5, 2)
    yield from descend(net, torch.optim.SGD(net.parameters(), lr=0.05), x, y)


@lifts
def recurrent():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.gru = nn.GRU(1, 4, batch_first=True)
            self.out = nn.Linear(4, 1)

        def forward(self, x):
            return self.out(self.gru(x)[0])

    net = Net()
    x, y = column().reshape(3, 8, 1), target().reshape(3, 8, 1)
    yield from descend(net, torch.optim.Adam(net.parameters(), lr=0.01), x, y)


@lifts
def attention():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Linear(1, 4)
            self.attend = nn.MultiheadAttention(4, 2, batch_first=True)
            self.out = nn.Linear(4, 1)

        def forward(self, x):
            h = self.embed(x)
            return self.out(h + self.attend(h, h, h, need_weights=False)[0])

    net = Net()
    x, y = column().reshape(3, 8, 1), target().reshape(3, 8, 1)
    yield from descend(net, torch.optim.Adam(net.parameters(), lr=0.01), x, y)


@lifts
def moving_average_by_deepcopy():
    net = mlp()
    slow = copy.deepcopy(net)
    for loss, _ in descend(net, torch.optim.SGD(net.parameters(), lr=0.05)):
        with torch.no_grad():
            for s, p in zip(slow.parameters(), net.parameters(), strict=True):
                s.lerp_(p, 0.1)
        yield loss, slow(column())


@lifts
def weights_as_a_vector():
    net = mlp()
    for loss, _ in descend(net, torch.optim.SGD(net.parameters(), lr=0.05)):
        vector = nn.utils.parameters_to_vector(net.parameters())
        nn.utils.vector_to_parameters(0.99 * vector, net.parameters())
        yield loss, vector.detach().numpy().copy()


@lifts
def state_dict_of_the_best():
    net, kept = mlp(), mlp()
    for loss, bias in descend(net, torch.optim.SGD(net.parameters(), lr=0.05)):
        kept.load_state_dict(net.state_dict())
        yield loss, bias, kept[0].weight


@lifts
def classification_with_accuracy():
    net = nn.Sequential(nn.Linear(1, 8), nn.ReLU(), nn.Linear(8, 3))
    optimiser = torch.optim.SGD(net.parameters(), lr=0.3)
    for _ in range(EPOCHS):
        optimiser.zero_grad()
        logits = net(column())
        loss = functional.cross_entropy(logits, LABELS)
        loss.backward()
        optimiser.step()
        accuracy = (logits.argmax(dim=1) == LABELS).float().mean()
        yield loss.item(), accuracy.item(), functional.softmax(logits, -1).max(1).values


@lifts
def early_stopping():
    net = mlp()
    optimiser = torch.optim.SGD(net.parameters(), lr=0.1)
    done = False
    for _ in range(EPOCHS):
        if not done:
            optimiser.zero_grad()
            loss = functional.mse_loss(net(column()), target())
            loss.backward()
            optimiser.step()
            done = bool(loss < 0.45)
        yield loss.item(), done


@lifts
def best_so_far():
    net = mlp()
    best = float("inf")
    for loss, _ in descend(net, torch.optim.SGD(net.parameters(), lr=0.05)):
        best = min(best, loss)  # falls for all bees in each epoch
        yield best


@lifts
def views_and_indexing():
    net = mlp()
    track = torch.zeros(EPOCHS, 2)
    for epoch, (loss, bias) in enumerate(descend(net, torch.optim.SGD(net.parameters(), lr=0.05))):
        track[epoch, 0] = bias.detach()[0]
        track[epoch, 1] += loss if isinstance(loss, float) else 0
        first, *rest = net[0].weight
        stacked = torch.stack([first, *rest]).view(2, -1).transpose(0, 1)[..., 0]
        yield torch.cat([stacked, bias]), stacked.shape[0], len(rest), stacked.numel()


@lifts
def reductions():
    w = torch.randn(3, 4, 5)
    for k in range(EPOCHS):
        v = torch.sin(k * w)
        yield (
            v.sum(0),
            v.mean(dim=(0, 2)),
            v.max(),
            v.std(),
            v.norm(),
            v.sort(dim=-1).values,
            torch.linalg.svdvals(v[0]),
            v.argmin().item(),
            torch.einsum("ijk,ilk->jl", v, v),
            torch.where(v > 0, v, v[0, 0, 0]),
        )


def alone(bee, bees=range(BEES)):
    """Train bees by hand, one after another, without this package."""
    swarm = []
    for i in bees:
        torch.manual_seed(core.bee_seed(SEED, i))
        np.random.seed(core.bee_seed(SEED, i))
        rows = [
            [
                v.detach().numpy().copy() if torch.is_tensor(v) else np.array(v)
                for v in (row if isinstance(row, tuple | list) else (row,))
            ]
            for row in bee()
        ]
        swarm.append([np.stack(field) for field in zip(*rows, strict=True)])
    return [np.stack(field) for field in zip(*swarm, strict=True)]


def greatest_difference(swarm, truth):
    """Return the greatest difference, relative to a field's scale where that is above 1."""
    worst = 0.0
    for array, expected in zip(swarm.values(), truth, strict=True):
        assert array.shape == expected.shape
        assert array.dtype == expected.dtype
        array, expected = array.astype(float), expected.astype(float)
        worst = max(worst, float(np.abs(array - expected).max() / max(1, np.abs(expected).max())))
    return worst


@pytest.fixture(params=["float32", "float64"])
def tolerance(request):
    torch.set_default_dtype(getattr(torch, request.param))
    yield {"float32": 1e-4, "float64": 1e-9}[request.param]
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("bee", BEES_TO_LIFT.values(), ids=BEES_TO_LIFT)
def test_a_lifted_bee_is_the_bee_trained_alone(bee, tolerance):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        swarm = core.swarm_train(bee, num_bees=BEES, seed=SEED, engine="lift", progress=False)
    assert greatest_difference(swarm, alone(bee)) <= tolerance


def test_bees_that_stop_at_different_epochs_are_split_and_lifted():
    swarm = core.swarm_train(early_stopping, num_bees=16, seed=SEED, engine="lift")
    assert len(np.unique(swarm["V2"].sum(axis=1))) > 2
    assert greatest_difference(swarm, alone(early_stopping, range(16))) <= 1e-4
