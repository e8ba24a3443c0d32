"""Surfaces against closed forms, NumPy, SciPy and a plain PyTorch loop."""

import copy
import warnings

import joblib
import numpy as np
import pytest
import torch
from torch import nn
from torch.utils._pytree import tree_map
from torch.utils.data import DataLoader, TensorDataset

from swarm import networks, surface
from swarm.surface import Plane, Surface, _curvature, _evaluate

mse = nn.functional.mse_loss


def two_weights():
    net = nn.Sequential()
    net.add_module("Layer_1", nn.Linear(1, 1, bias=False))
    net.add_module("Tanh", nn.Tanh())
    net.add_module("Layer_2", nn.Linear(1, 1, bias=False))
    return net


def flat(net):
    return nn.utils.parameters_to_vector(net.parameters()).detach().numpy().astype(np.float64)


def plain_loop(net, loss, inputs, targets, plane, xs, ys):
    """Load the weights of each grid point and evaluate: the oracle."""
    net = copy.deepcopy(net)
    args = inputs if isinstance(inputs, tuple) else (inputs,)
    values = np.empty((len(ys), len(xs)))
    with torch.no_grad():
        for j, y in enumerate(ys):
            for i, x in enumerate(xs):
                weights = plane.origin + x * plane.u + y * plane.v
                vector = torch.tensor(weights, dtype=next(net.parameters()).dtype)
                nn.utils.vector_to_parameters(vector, net.parameters())
                values[j, i] = loss(net(*args), targets)
    return values


@pytest.fixture
def curve():
    rng = np.random.default_rng(42)
    x = rng.normal(1, 4.5, 1000)
    y = np.where(x < 0, 2 * x + 5, 7 * np.sin(x)) + rng.normal(0, 1, x.shape)
    return torch.tensor(x[:, None]).float(), torch.tensor(y[:, None]).float()


class Block(nn.Module):
    """A residual block: two inputs' worth of convolution, BatchNorm and a shortcut."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.second = nn.Conv2d(4, 4, 3, padding=1)
        self.head = nn.Linear(4, 3)

    def forward(self, images):
        hidden = torch.relu(self.norm(self.first(images)))
        hidden = hidden + self.second(hidden)
        return self.head(hidden.mean(dim=(2, 3)))


class Pair(nn.Module):
    """A network of two inputs, one of them words."""

    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(7, 4)
        self.mix = nn.Bilinear(4, 2, 3)

    def forward(self, tokens, features):
        return self.mix(self.words(tokens).mean(dim=1), features)


class Recurrent(nn.Module):
    """An LSTM, which keeps its weights in a second place as well."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(2, 3, batch_first=True)

    def forward(self, series):
        return self.lstm(series)[0][:, -1]


def stubborn_loss(outputs, targets):
    """A loss that cannot be vectorised: it leaves torch."""
    return float(np.square(outputs.numpy() - targets.numpy()).mean())


def every_kind():
    torch.manual_seed(0)
    images, labels = torch.randn(6, 1, 8, 8), torch.arange(6) % 3
    block = Block()
    block(images)  # gives BatchNorm running statistics of its own
    classify = nn.functional.cross_entropy
    tokens, features = torch.randint(0, 7, (5, 3)), torch.randn(5, 2)
    mlp = nn.Sequential(nn.Linear(2, 5), nn.GELU(), nn.LayerNorm(5), nn.Linear(5, 3))
    return {
        "convolutions and BatchNorm": (block.eval(), classify, images, labels),
        "embedding and two inputs": (Pair(), classify, (tokens, features), labels[:5]),
        "layer norm": (mlp, classify, features, labels[:5]),
        "LSTM": (Recurrent(), mse, torch.randn(4, 5, 2), torch.randn(4, 3)),
        "loss outside torch": (nn.Linear(2, 1), stubborn_loss, features, torch.randn(5, 1)),
        "double precision": (nn.Linear(2, 1).double(), mse, features.double(), features[:, :1]),
    }


@pytest.mark.parametrize("which", every_kind())
@pytest.mark.parametrize("chunk", [None, 1, 4])
def test_any_network_has_the_surface_that_a_plain_loop_finds(which, chunk):
    net, loss, inputs, targets = every_kind()[which]
    plane = surface.random_plane(net, seed=3, ignore_bias=False)
    xs, ys = np.linspace(-1, 1, 5), np.linspace(-0.5, 1, 4)
    found = surface.loss_surface(net, loss, inputs, targets, plane, xs, ys, chunk=chunk)
    expected = plain_loop(net, loss, inputs, targets, plane, xs, ys)
    np.testing.assert_allclose(found.values, expected, rtol=2e-5, atol=1e-7)
    assert np.ptp(expected) > 1e-3


@pytest.mark.parametrize("chunk", [None, 1, 7])
def test_two_weights_of_different_layers_give_the_plain_loops_surface(curve, chunk):
    torch.manual_seed(1)
    net = nn.Sequential(nn.Linear(1, 4), nn.Tanh(), nn.Linear(4, 1))
    plane = surface.weight_plane(net, ("0.weight", (3, 0)), ("2.weight", (0, 1)))
    xs, ys = np.linspace(-2, 2, 9), np.linspace(-1, 3, 6)
    found = surface.loss_surface(net, mse, *curve, plane, xs, ys, chunk=chunk)
    np.testing.assert_allclose(
        found.values, plain_loop(net, mse, *curve, plane, xs, ys), rtol=1e-5
    )


def tied():
    layer = nn.Linear(4, 4)
    return nn.Sequential(nn.Linear(2, 4), nn.Tanh(), layer, nn.ReLU(), layer)


def hooked():
    net = nn.Sequential(nn.Linear(2, 4), nn.Sigmoid(), nn.Linear(4, 3))
    net[1].register_forward_hook(lambda module, inputs, outputs: 2 * outputs)
    return net


@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.Sequential(nn.Linear(2, 9), nn.ReLU(), nn.Linear(9, 5), nn.Tanh()),
        lambda: nn.Sequential(nn.Linear(2, 5, bias=False), nn.Sigmoid(), nn.Linear(5, 7)),
        lambda: nn.Sequential(nn.ReLU(), nn.Linear(2, 3)),
        lambda: nn.Sequential(nn.Linear(2, 4), nn.GELU(), nn.Linear(4, 3)).double(),
        tied,
        hooked,
    ],
)
def test_layers_in_a_row_have_the_surface_that_a_plain_loop_finds(make):
    torch.manual_seed(0)
    net = make()
    inputs = torch.randn(11, 2, dtype=next(net.parameters()).dtype)
    before, targets = inputs.clone(), torch.arange(11) % 3
    plane = surface.random_plane(net, ignore_bias=False)
    xs, ys = np.linspace(-1, 1, 5), np.linspace(-2, 1, 7)
    for chunk in (None, 4):  # one tile, and several that differ in size
        cross = nn.functional.cross_entropy
        found = surface.loss_surface(net, cross, inputs, targets, plane, xs, ys, chunk=chunk)
        expected = plain_loop(net, cross, inputs, targets, plane, xs, ys)
        np.testing.assert_allclose(found.values, expected, rtol=1e-5)
    assert torch.equal(inputs, before)


def test_a_linear_models_surface_is_the_exact_bowl():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(50, 2)), rng.normal(size=(50, 1))
    net = nn.Linear(2, 1, bias=False).double()
    plane = surface.weight_plane(net, ("weight", (0, 0)), ("weight", (0, 1)))
    xs, ys = np.linspace(-3, 3, 13), np.linspace(-2, 2, 9)
    found = surface.loss_surface(net, mse, torch.tensor(x), torch.tensor(y), plane, xs, ys)
    a, b = np.meshgrid(xs, ys)
    w = np.stack([a, b], axis=-1)
    moment, cross = x.T @ x / 50, (x * y).mean(axis=0)
    bowl = np.einsum("jia,ab,jib->ji", w, moment, w) - 2 * w @ cross + np.square(y).mean()
    np.testing.assert_allclose(found.values, bowl, rtol=1e-12)
    eigenvalues = surface.hessian_eigenvalues(net, mse, torch.tensor(x), torch.tensor(y), k=2)
    np.testing.assert_allclose(eigenvalues, np.linalg.eigvalsh(2 * moment)[::-1], rtol=1e-10)


def test_the_first_axis_is_the_first_weight(curve):
    net = two_weights()
    plane = surface.weight_plane(net, "Layer_1.weight", "Layer_2.weight")
    found = surface.loss_surface(net, mse, *curve, plane, [0.5, 1.5], [-1.0, 0.0, 2.0])
    assert found.values.shape == (3, 2)
    x, y = (t.numpy().astype(np.float64) for t in curve)
    expected = np.square(2.0 * np.tanh(1.5 * x) - y).mean()
    assert found.values[2, 1] == pytest.approx(expected, rel=1e-6)
    assert plane.labels == ("Layer_1.weight", "Layer_2.weight")


def test_the_two_weight_surface_is_symmetric_and_its_paths_lie_on_it(curve):
    net = two_weights()
    plane = surface.weight_plane(net, "Layer_1.weight", "Layer_2.weight")
    grid = np.linspace(-2, 2, 41)
    found = surface.loss_surface(net, mse, *curve, plane, grid, grid)
    np.testing.assert_allclose(found.values, found.values[::-1, ::-1], rtol=1e-6)
    assert (found.xs[0], found.xs[-1]) == (-2, 2)
    weights = np.stack([grid[5:15], grid[20:30]], axis=1).astype(np.float32)
    paths = surface.loss_paths(net, mse, *curve, plane, weights)
    np.testing.assert_allclose(paths.coordinates[0], weights, rtol=0, atol=0)
    on_grid = found.values[np.arange(20, 30), np.arange(5, 15)]
    np.testing.assert_allclose(paths.losses[0], on_grid, rtol=1e-6)
    assert paths.gap <= 1e-6 * paths.losses.max()
    assert paths.explained == pytest.approx(1)
    assert not paths.residuals.any()


def test_the_centre_of_a_plane_is_the_model(curve):
    torch.manual_seed(2)
    net = nn.Sequential(nn.Linear(1, 20), nn.ReLU(), nn.Linear(20, 1))
    plane = surface.random_plane(net)
    found = surface.loss_surface(net, mse, *curve, plane, [-1, 0, 1], [-1, 0, 1])
    with torch.no_grad():
        assert found.values[1, 1] == pytest.approx(mse(net(curve[0]), curve[1]).item(), rel=1e-6)


@pytest.mark.parametrize("which", ["convolutions and BatchNorm", "LSTM"])
@pytest.mark.parametrize("training", [False, True])
def test_the_callers_model_is_unchanged_bit_for_bit(which, training):
    net, loss, inputs, targets = every_kind()[which]
    net.train(training)
    before = copy.deepcopy(net.state_dict())
    plane = surface.random_plane(net)
    surface.loss_surface(net, loss, inputs, targets, plane, [-1, 0, 1], [0, 1])
    weights = np.stack([plane.point(t, -t) for t in (0, 0.5, 1)])
    surface.loss_paths(net, loss, inputs, targets, plane, weights)
    surface.hessian_eigenvalues(net, loss, inputs, targets)
    assert net.training is training
    assert all(p.requires_grad and p.grad is None for p in net.parameters())
    for name, value in net.state_dict().items():
        assert torch.equal(value, before[name]), name


@pytest.mark.parametrize("batch_size", [1000, 300, 64, 999])
def test_a_loader_gives_the_mean_over_samples_whatever_its_last_batch(curve, batch_size):
    net = two_weights()
    plane = surface.weight_plane(net, "Layer_1.weight", "Layer_2.weight")
    xs, ys = [-1.0, 0.5, 2.0], [0.5, 1.0]
    whole = surface.loss_surface(net, mse, *curve, plane, xs, ys)
    loader = DataLoader(TensorDataset(*curve), batch_size=batch_size)
    batched = surface.loss_surface(net, mse, loader, None, plane, xs, ys)
    np.testing.assert_allclose(batched.values, whole.values, rtol=1e-6)
    curvature = [
        surface.hessian_eigenvalues(net, mse, *data, k=2) for data in (curve, (loader, None))
    ]
    np.testing.assert_allclose(*curvature, rtol=1e-4)


def test_a_loader_of_two_inputs_is_called_with_both():
    net, loss, (tokens, features), targets = every_kind()["embedding and two inputs"]
    plane = surface.random_plane(net)
    loader = DataLoader(TensorDataset(tokens, features, targets), batch_size=2)
    whole = surface.loss_surface(net, loss, (tokens, features), targets, plane, [0, 1], [0, 1])
    batched = surface.loss_surface(net, loss, loader, None, plane, [0, 1], [0, 1])
    np.testing.assert_allclose(batched.values, whole.values, rtol=1e-5)


def test_several_metrics_are_evaluated_in_one_pass():
    net, loss, inputs, targets = every_kind()["layer norm"]
    plane = surface.random_plane(net)
    calls = []
    net.register_forward_hook(lambda *_: calls.append(1))

    def hits(outputs, targets):
        return outputs.argmax(dim=1) == targets  # one value for each sample

    xs = ys = np.linspace(-2, 2, 6)
    found = surface.loss_surface(
        net, {"loss": loss, "accuracy": hits}, inputs, targets, plane, xs, ys, chunk=1
    )
    assert list(found) == ["loss", "accuracy"]
    assert found["accuracy"].name == "accuracy"
    expected = plain_loop(
        net, lambda o, t: hits(o, t).float().mean(), inputs, targets, plane, xs, ys
    )
    np.testing.assert_allclose(found["accuracy"].values, expected, atol=1e-6)
    np.testing.assert_allclose(
        found["loss"].values, plain_loop(net, loss, inputs, targets, plane, xs, ys), rtol=1e-5
    )


def test_workers_give_the_same_surface(curve):
    net = two_weights()
    plane = surface.weight_plane(net, "Layer_1.weight", "Layer_2.weight")
    grid = np.linspace(-1, 1, 7)
    alone = surface.loss_surface(net, mse, *curve, plane, grid, grid, chunk=9).values
    with joblib.parallel_config(backend="threading", n_jobs=2):
        together = surface.loss_surface(net, mse, *curve, plane, grid, grid, chunk=9).values
    np.testing.assert_allclose(together, alone, rtol=1e-6)


def test_a_line_runs_between_two_models(curve):
    torch.manual_seed(0)
    net, other = two_weights(), two_weights()
    line = surface.loss_line(net, mse, *curve, flat(net), flat(other), [0, 0.5, 1])
    with torch.no_grad():
        ends = [mse(n(curve[0]), curve[1]).item() for n in (net, other)]
    np.testing.assert_allclose(line[[0, 2]], ends, rtol=1e-6)
    middle = surface.loss_at(net, mse, *curve, (flat(net) + flat(other)) / 2)
    assert line[1] == pytest.approx(float(middle), rel=1e-6)


# -- networks that are easily got wrong -----------------------------------------------------------


def shared_activation():
    act = nn.Tanh()
    return nn.Sequential(nn.Linear(2, 8), act, nn.Linear(8, 8), act, nn.Linear(8, 3))


class Temperature(nn.Module):
    """A learnt temperature, a parameter of no dimension."""

    def __init__(self):
        super().__init__()
        self.hidden, self.out = nn.Linear(2, 6), nn.Linear(6, 3)
        self.heat = nn.Parameter(torch.tensor(1.5))

    def forward(self, x):
        return self.out(torch.tanh(self.hidden(x))) / self.heat


class Residual(nn.Module):
    """Uses what it computes twice."""

    def __init__(self):
        super().__init__()
        self.first, self.body, self.out = nn.Linear(2, 8), nn.Linear(8, 8), nn.Linear(8, 3)

    def forward(self, x):
        hidden = self.first(x)
        hidden = hidden + torch.relu(self.body(torch.relu(hidden)))
        hidden = hidden - torch.tanh(hidden)
        return self.out(nn.functional.gelu(hidden) * hidden)


class Written(nn.Module):
    """An activation in place changes what is added afterwards."""

    def __init__(self):
        super().__init__()
        self.first, self.out = nn.Linear(2, 8), nn.Linear(8, 3)

    def forward(self, x):
        hidden = self.first(x)
        bent = nn.functional.relu(hidden, inplace=True)
        return self.out(hidden + bent)


class Cast(nn.Module):
    """A cast that changes nothing gives the tensor itself."""

    def __init__(self):
        super().__init__()
        self.first, self.out = nn.Linear(2, 8), nn.Linear(8, 3)

    def forward(self, x):
        hidden = self.first(x)
        same = hidden.float() if hidden.dtype == torch.float32 else hidden.double()
        bent = torch.tanh(same)
        return self.out(bent * hidden * hidden)


class Told(nn.Module):
    """Takes named inputs and answers with a mapping."""

    def __init__(self):
        super().__init__()
        self.left, self.right = nn.Linear(2, 3), nn.Linear(1, 3)

    def forward(self, a, b):
        return {"logits": self.left(a) + self.right(b), "size": self.left.weight.square().mean()}


class Attentive(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0, batch_first=True)
        self.out = nn.Linear(4, 3)

    def forward(self, x):
        return self.out(self.layer(x).mean(dim=1))


def normed(norm, training):
    net = nn.Sequential(nn.Linear(2, 6), norm(6), nn.ReLU(), nn.Linear(6, 6), norm(6), nn.Tanh())
    with torch.no_grad():
        for layer in net:
            if isinstance(layer, norm):
                layer.weight.uniform_(0.5, 1.5)
                layer.bias.uniform_(-0.5, 0.5)
        net(torch.randn(40, 2))
    return nn.Sequential(*net, nn.Linear(6, 3)).train(training)


def penalised(outputs, targets):
    return cross(outputs["logits"], targets) + 0.1 * outputs["size"]


cross = nn.functional.cross_entropy

LAYERS = [
    *(nn.ReLU(), nn.Tanh(), nn.Sigmoid(), nn.GELU(), nn.GELU("tanh"), nn.SiLU(), nn.Mish()),
    *(nn.ELU(0.7), nn.SELU(), nn.CELU(0.7), nn.LeakyReLU(0.2), nn.Hardtanh(-0.5, 0.7), nn.ReLU6()),
    *(nn.Hardswish(), nn.Hardsigmoid(), nn.Softplus(2), nn.Softsign(), nn.LogSigmoid()),
    *(nn.Tanhshrink(), nn.Softshrink(0.1), nn.Hardshrink(0.1), nn.Threshold(0.1, 0.2)),
    *(nn.PReLU(), nn.PReLU(8), nn.Softmax(dim=1), nn.Dropout(0.5).eval(), nn.Identity()),
    *(nn.LayerNorm(8), nn.RMSNorm(8), nn.GroupNorm(2, 8), nn.BatchNorm1d(8).eval()),
    nn.BatchNorm1d(8, track_running_stats=False).eval(),
]


def tricky():
    torch.manual_seed(0)
    x, labels = torch.randn(30, 2), torch.arange(30) % 3
    series = torch.randn(6, 5, 4)
    inputs = {"a": x, "b": torch.randn(30, 1)}
    cases = {
        "an activation used twice": (shared_activation(), cross, x, labels),
        "a parameter of no dimension": (Temperature(), cross, x, labels),
        "what is computed is used twice": (Residual(), cross, x, labels),
        "written in place": (Written(), cross, x, labels),
        "a cast that changes nothing": (Cast(), cross, x, labels),
        "a mapping in and out": (Told(), penalised, inputs, labels),
        "attention": (Attentive(), cross, series, labels[:6]),
        "time first": (nn.GRU(4, 3), lambda o, t: mse(o[0], t), series, torch.randn(6, 5, 3)),
        "not contiguous": (shared_activation(), cross, torch.randn(2, 30).T, labels),
        "no features' axis": (networks.flat_net(2, 6, "xTanH"), mse, x[:, 0], x[:, 1]),
        "probabilities as targets": (shared_activation(), cross, x, torch.rand(30, 3)),
    }
    losses = {
        "weighted classes": nn.CrossEntropyLoss(torch.tensor([0.1, 1.0, 5.0])),
        "classes left out": nn.CrossEntropyLoss(ignore_index=1),
        "smoothed labels": nn.CrossEntropyLoss(label_smoothing=0.1),
        "a sum": nn.CrossEntropyLoss(reduction="sum"),
    }
    for name, loss in losses.items():
        cases[name] = shared_activation(), loss, x, labels
    for training in (False, True):
        for norm in (nn.BatchNorm1d, nn.LayerNorm):
            name = f"{norm.__name__}, training {training}"
            cases[name] = normed(norm, training), cross, x, labels
    for layer in LAYERS:
        net = nn.Sequential(nn.Linear(2, 8), layer, nn.Linear(8, 3))
        cases[repr(layer)] = net, cross, x, labels
    return cases


def in_double(net, loss, inputs, targets):
    def double(thing):
        floating = isinstance(thing, torch.Tensor) and thing.is_floating_point()
        return thing.double() if floating else thing

    inputs, targets = tree_map(double, (inputs, targets))
    loss = copy.deepcopy(loss).double() if isinstance(loss, nn.Module) else loss
    return copy.deepcopy(net).double(), loss, inputs, targets


def oracle(net, loss, inputs, targets, plane, xs, ys):
    """A plain loop in double precision, whatever the inputs are."""
    net, loss, inputs, targets = in_double(net, loss, inputs, targets)
    if isinstance(inputs, dict):
        inputs = tuple(inputs.values())
    return plain_loop(net, loss, inputs, targets, plane, xs, ys)


@pytest.mark.parametrize("which", tricky())
def test_networks_easily_got_wrong_have_the_surface_of_a_plain_loop_in_double_precision(which):
    case = tricky()[which]
    plane = surface.random_plane(case[0], seed=3, ignore_bias=False, normalize="layer")
    xs, ys = np.linspace(-1, 1.5, 9), np.linspace(-2, 1, 8)
    expected = oracle(*case, plane, xs, ys)
    assert np.ptp(expected) > 1e-3
    found = surface.loss_surface(*case, plane, xs, ys).values
    np.testing.assert_allclose(found, expected, rtol=3e-5, atol=1e-6)
    exact = surface.loss_surface(*in_double(*case), plane, xs, ys).values
    np.testing.assert_allclose(exact, expected, rtol=1e-11)


@pytest.mark.parametrize("which", ["an activation used twice", "what is computed is used twice"])
def test_two_weights_of_any_network_have_the_surface_of_a_plain_loop(which):
    case = tricky()[which]
    parameters = dict(case[0].named_parameters())
    names = list(parameters)
    for pair in ((names[0], names[-2]), (names[-2], names[0]), (names[1], names[2])):
        spots = [(name, (0,) * parameters[name].ndim) for name in pair]
        plane = surface.weight_plane(case[0], *spots)
        xs, ys = np.linspace(-1, 2, 9), np.linspace(-2, 1, 7)
        found = surface.loss_surface(*in_double(*case), plane, xs, ys).values
        np.testing.assert_allclose(found, oracle(*case, plane, xs, ys), rtol=1e-11)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_as_near_as_half_precision_can_be(dtype):
    net, loss, x, labels = tricky()["an activation used twice"]
    half = copy.deepcopy(net).to(dtype)
    plane = surface.random_plane(half, ignore_bias=False)
    grid = np.linspace(-1, 1, 9)
    found = surface.loss_surface(half, loss, x.to(dtype), labels, plane, grid, grid).values
    expected = oracle(half, loss, x.to(dtype), labels, plane, grid, grid)
    near = 8 * torch.finfo(dtype).eps
    np.testing.assert_allclose(found, expected, rtol=near, atol=near)


def counted(loss):
    calls = []

    def counting(outputs, targets):
        calls.append(1)
        return loss(outputs, targets)

    return counting, calls


FAST = ["an activation used twice", "LayerNorm, training False", "BatchNorm1d, training True"]


@pytest.mark.parametrize(
    "which",
    [
        *(*FAST, "what is computed is used twice", "a mapping in and out", "no features' axis"),
        *("a parameter of no dimension", "BatchNorm1d, training False", repr(nn.Mish())),
        *(repr(nn.GroupNorm(2, 8)), "weighted classes", "a cast that changes nothing"),
    ],
)
def test_small_networks_compute_with_many_weights_at_once(which, monkeypatch):
    net, loss, inputs, targets = tricky()[which]
    plane = surface.random_plane(net, ignore_bias=False)
    grid = np.linspace(-1, 1, 20)
    # However busy the machine is, timings decide nothing.
    monkeypatch.setattr(_evaluate, "SOONER", np.inf)
    counting, calls = counted(loss)
    surface.loss_surface(net, counting, inputs, targets, plane, grid, grid)
    assert len(calls) < 40  # for 400 points
    counting, calls = counted(loss)
    surface.loss_surface(net, counting, inputs, targets, plane, grid, grid, chunk=1)
    assert len(calls) >= 400


@pytest.mark.parametrize("which", [*FAST, repr(nn.Mish()), repr(nn.GELU())])
def test_layers_of_a_small_network_need_no_vmap(which, monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("vmap")

    monkeypatch.setattr(torch, "vmap", refuse)
    test_small_networks_compute_with_many_weights_at_once(which, monkeypatch)


def test_parameters_that_are_no_real_numbers_are_refused(curve):
    for dtype in (torch.complex64, torch.int64):
        net = nn.Linear(1, 1)
        net.turn = nn.Parameter(torch.ones(2, dtype=dtype), requires_grad=False)
        with pytest.raises(ValueError, match=rf"'turn' of Linear is of {dtype}"):
            surface.random_plane(net)
        with pytest.raises(ValueError, match=rf"'turn' of Linear is of {dtype}"):
            surface.loss_at(net, mse, *curve, np.zeros(4))
        with pytest.raises(ValueError, match=rf"'turn' of Linear is of {dtype}"):
            surface.hessian_eigenvalues(net, mse, *curve)


def test_nearly_parallel_directions_keep_their_digits():
    rng = np.random.default_rng(0)
    origin, u, w = rng.normal(size=(3, 50))
    plane = Plane(origin, u, u + 1e-6 * w)
    coordinates = rng.normal(size=(20, 2))
    found = plane.project(plane.point(*coordinates.T))
    np.testing.assert_allclose(found, coordinates, atol=1e-8)
    narrow = surface.three_point_plane(origin, origin + u, origin + 2 * u + 1e-6 * w)
    assert abs(narrow.u @ narrow.v) < 1e-12


# -- batches --------------------------------------------------------------------------------------


def weighted(outputs, targets):
    return cross(outputs, targets, weight=torch.tensor([0.1, 1.0, 5.0], dtype=outputs.dtype))


BATCH_LOSSES = {
    "weighted": weighted,
    "weighted module": nn.CrossEntropyLoss(torch.tensor([0.1, 1.0, 5.0])).double(),
    "ignored": nn.CrossEntropyLoss(ignore_index=0),
    "sum": nn.CrossEntropyLoss(reduction="sum"),
    "nll": lambda o, t: nn.functional.nll_loss(o.log_softmax(1), t),
    "mean of squares": lambda o, t: (o[:, 0] - t).square().mean(),
    "sum of squares": lambda o, t: (o[:, 0] - t).square().sum(),
    "unreduced": lambda o, t: cross(o, t, reduction="none"),
    "unknown": lambda o, t: 2 * mse(o[:, 0], t.double()),
}


@pytest.mark.parametrize("which", BATCH_LOSSES)
def test_batches_of_any_size_have_the_loss_of_the_whole(which):
    torch.manual_seed(0)
    net, loss = shared_activation().double(), BATCH_LOSSES[which]
    x, y = torch.randn(23, 2).double(), torch.randint(0, 3, (23,))
    y[:6] = 0  # a batch in which all is ignored
    plane = surface.random_plane(net, ignore_bias=False)
    xs, ys = np.linspace(-1, 1, 7), [0.0, 0.5, 1.0, 2.0]
    whole = surface.loss_surface(net, loss, x, y, plane, xs, ys).values
    np.testing.assert_allclose(
        whole,
        plain_loop(net, lambda o, t: loss(o, t).mean(), x, y, plane, xs, ys),
        rtol=1e-11,
    )
    loader = DataLoader(TensorDataset(x, y), batch_size=6)
    batched = surface.loss_surface(net, loss, loader, None, plane, xs, ys).values
    np.testing.assert_allclose(batched, whole, rtol=1e-11)
    curvature = [
        surface.hessian_eigenvalues(net, loss, *data, k=3) for data in ((x, y), (loader, None))
    ]
    np.testing.assert_allclose(*curvature, rtol=1e-9)


@pytest.mark.parametrize("batch_size", [10, 16])  # equal parts, and a smaller last one
def test_a_loss_that_is_no_mean_over_samples_is_told_from_its_batches(batch_size):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
    x, y = torch.randn(40, 2), torch.randn(40, 1) * torch.linspace(0.1, 3, 40)[:, None]
    loader = DataLoader(TensorDataset(x, y), batch_size=batch_size)
    plane = surface.random_plane(net)

    def root(outputs, targets):
        return mse(outputs, targets).sqrt()

    with pytest.warns(RuntimeWarning, match="'loss' depends on how the samples are parted"):
        surface.loss_surface(net, root, loader, None, plane, [0, 1], [0, 1])
    with pytest.warns(RuntimeWarning, match="depends on how the samples are parted"):
        surface.hessian_eigenvalues(net, root, loader, None)
    normed = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 1)).train()
    plane = surface.random_plane(normed)
    with pytest.warns(RuntimeWarning, match=r"net\.eval\(\)"):
        surface.loss_surface(normed, mse, loader, None, plane, [0, 1], [0, 1])


def test_sequences_with_time_first_are_counted_by_their_own_axis():
    torch.manual_seed(0)
    net = nn.LSTM(2, 3).double()
    x, y = torch.randn(5, 7, 2).double(), torch.randn(7, 3).double()
    parts = [(x[:, :4], y[:4]), (x[:, 4:], y[4:])]

    def last(outputs, targets):
        return 2 * mse(outputs[0][-1], targets)  # that it is a mean cannot be seen

    plane = surface.random_plane(net)
    whole = surface.loss_surface(net, last, x, y, plane, [0, 1], [0, 1]).values
    batched = surface.loss_surface(net, last, parts, None, plane, [0, 1], [0, 1]).values
    np.testing.assert_allclose(batched, whole, rtol=1e-12)


@pytest.mark.parametrize("chunk", [None, 1])
@pytest.mark.parametrize("source", ["torch", "numpy", "memory"])
def test_a_loss_that_is_noise_is_refused_also_point_by_point(curve, chunk, source):
    net = nn.Sequential(nn.Linear(1, 2), nn.Linear(2, 1))
    calls = []

    def noisy(outputs, targets):
        calls.append(1)
        noise = {
            "torch": lambda: torch.rand(()),
            "numpy": lambda: float(np.random.rand()),
            "memory": lambda: 0.1 * len(calls),
        }[source]()
        return mse(outputs, targets) + noise

    plane = surface.random_plane(net)
    with pytest.raises(ValueError, match="draws random numbers, or remembers"):
        surface.loss_surface(net, noisy, *curve, plane, [0, 1], [0, 1], chunk=chunk)
    with pytest.raises(ValueError, match="draws random numbers, or remembers"):
        surface.hessian_eigenvalues(net, noisy, *curve)


# -- planes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("normalize", ["filter", "layer", "model", None])
@pytest.mark.parametrize("ignore_bias", [True, False])
def test_random_directions_have_the_norms_of_their_definition(normalize, ignore_bias):
    net = every_kind()["convolutions and BatchNorm"][0]
    plane = surface.random_plane(net, normalize=normalize, ignore_bias=ignore_bias, seed=1)
    np.testing.assert_array_equal(plane.origin, flat(net))
    for direction in (plane.u, plane.v):
        assert np.linalg.norm(direction) > 0
        if normalize == "model":
            assert np.linalg.norm(direction) == pytest.approx(np.linalg.norm(flat(net)))
        start = 0
        for parameter in net.parameters():
            size, weights = parameter.numel(), parameter.detach().double()
            part = torch.tensor(direction[start : start + size]).view_as(weights)
            start += size
            if ignore_bias and parameter.ndim < 2:
                assert not part.any()
            elif normalize == "filter":
                for d, w in zip(part, weights, strict=True):
                    assert d.norm().item() == pytest.approx(w.norm().item())
            elif normalize == "layer":
                assert part.norm().item() == pytest.approx(weights.norm().item())


def test_the_seed_decides_the_random_plane():
    net = nn.Linear(5, 5)
    one, same, other = (surface.random_plane(net, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one.u, same.u)
    assert not np.allclose(one.u, other.u)
    square = surface.random_plane(net, normalize=None, orthogonal=True)
    assert abs(square.u @ square.v) < 1e-10


def test_principal_components_are_numpys():
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(3, 20, 8)) * np.array([5, 3, 1, 1, 1, 1, 1, 1])
    plane = surface.pca_plane(weights)
    points = weights.reshape(-1, 8)
    values, vectors = np.linalg.eigh(np.cov(points.T))
    assert abs(plane.u @ vectors[:, -1]) == pytest.approx(1)
    assert abs(plane.v @ vectors[:, -2]) == pytest.approx(1)
    np.testing.assert_allclose(plane.explained, values[[-1, -2]] / values.sum())
    assert plane.explained_variance(weights) == pytest.approx(sum(plane.explained))
    np.testing.assert_allclose(plane.origin, points.mean(axis=0))
    np.testing.assert_array_equal(
        surface.pca_plane(weights, through="last").origin, weights[-1, -1]
    )


def test_three_points_lie_on_their_plane():
    rng = np.random.default_rng(0)
    points = rng.normal(size=(3, 10))
    plane = surface.three_point_plane(*points)
    assert plane.residual(points).max() < 1e-12
    coordinates = plane.project(points)
    for i, j in ((0, 1), (0, 2), (1, 2)):  # distances on the plane are true distances
        assert np.linalg.norm(coordinates[i] - coordinates[j]) == pytest.approx(
            np.linalg.norm(points[i] - points[j])
        )
    np.testing.assert_allclose(coordinates[1, 1], 0, atol=1e-12)


def test_projection_is_least_squares():
    rng = np.random.default_rng(0)
    plane = Plane(*rng.normal(size=(3, 6)))  # oblique directions
    weights = rng.normal(size=(4, 5, 6))
    found = plane.project(weights)
    directions = np.stack([plane.u, plane.v], axis=1)
    for index in np.ndindex(4, 5):
        expected, rest, *_ = np.linalg.lstsq(directions, weights[index] - plane.origin)
        np.testing.assert_allclose(found[index], expected)
        assert plane.residual(weights)[index] ** 2 == pytest.approx(rest[0])
    np.testing.assert_allclose(plane.project(plane.point(2.0, -3.0)), [2, -3])


def test_a_window_shows_every_point_and_hits_both_ends():
    plane = Plane([0, 0, 0], [1, 0, 0], [0, 2, 0])
    weights = np.array([[0.0, 0, 1], [4, 2, 1], [1, 6, 0]])
    xs, ys = plane.window(weights, num=11, margin=0.25)
    np.testing.assert_allclose((xs[0], xs[-1], ys[0], ys[-1]), (-1, 5, -0.75, 3.75))
    assert len(xs) == len(ys) == 11
    flat_xs, flat_ys = plane.window(weights * [1, 0, 1])  # moves along one axis only
    assert np.ptp(flat_xs) > 0
    assert np.ptp(flat_ys) > 0


# -- curvature ------------------------------------------------------------------------------------


# torch.func.hessian loads decompositions that torch itself still scripts.
@pytest.mark.filterwarnings("ignore:`torch.jit.script`:DeprecationWarning")
@pytest.mark.parametrize("width", [3, 30])  # exact, and by Lanczos
def test_eigenvalues_are_those_of_the_dense_hessian(width):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(2, width), nn.Tanh(), nn.Linear(width, 2)).double()
    x, y = torch.randn(20, 2).double(), torch.arange(20) % 2
    shapes = {name: p.shape for name, p in net.named_parameters()}

    def loss(vector):
        parts = vector.split([s.numel() for s in shapes.values()])
        named = {n: p.view(s) for (n, s), p in zip(shapes.items(), parts, strict=True)}
        return nn.functional.cross_entropy(torch.func.functional_call(net, named, (x,)), y)

    dense = np.linalg.eigvalsh(torch.func.hessian(loss)(torch.tensor(flat(net))).detach())
    cross = nn.functional.cross_entropy
    top = surface.hessian_eigenvalues(net, cross, x, y, k=4)
    np.testing.assert_allclose(top, dense[::-1][:4], rtol=1e-5, atol=1e-8)
    low = surface.hessian_eigenvalues(net, cross, x, y, k=2, which="smallest")
    np.testing.assert_allclose(low, dense[:2], rtol=1e-5, atol=1e-8)
    moved = surface.hessian_eigenvalues(net, cross, x, y, weights=np.zeros(len(flat(net))))
    assert moved[0] != pytest.approx(top[0], rel=1e-2)


def dense(net, loss, inputs, targets):
    """The Hessian out of gradients' differences, in double precision."""
    net = copy.deepcopy(net).double()
    parameters = list(net.parameters())
    start = nn.utils.parameters_to_vector(parameters).detach()
    columns = []
    for step in 1e-4 * torch.eye(len(start), dtype=torch.float64):
        sides = []
        for sign in (1, -1):
            nn.utils.vector_to_parameters(start + sign * step, parameters)
            parts = torch.autograd.grad(loss(net(inputs), targets), parameters)
            sides.append(nn.utils.parameters_to_vector(parts))
        columns.append((sides[0] - sides[1]) / 2e-4)
    return torch.stack(columns).numpy()


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("which", ["largest", "smallest"])
def test_repeated_eigenvalues_are_all_found(which, exact, monkeypatch):
    if not exact:
        monkeypatch.setattr(_curvature, "EXACT_BELOW", 0)
    for seed in range(12):
        torch.manual_seed(seed)
        # Neurons that are alike, and two outputs that are: eigenvalues come in pairs.
        net = nn.Sequential(nn.Linear(2, 12), nn.ReLU(), nn.Linear(12, 4, bias=False)).double()
        with torch.no_grad():
            net[2].weight[1:] = net[2].weight[0]
        x, y = torch.randn(9, 2).double(), torch.randn(9, 1).double().expand(9, 4)
        found = surface.hessian_eigenvalues(net, mse, x, y, k=5, which=which)
        expected = np.linalg.eigvalsh(dense(net, mse, x, y))
        expected = expected[::-1][:5] if which == "largest" else expected[:5]
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("width", [3, 200])
def test_a_hessian_of_zeros_has_eigenvalues_of_zero(width):
    net = nn.Sequential(nn.Linear(2, width), nn.ReLU(), nn.Linear(width, 1))
    for parameter in net.parameters():
        nn.init.zeros_(parameter)
    with torch.no_grad():
        net[0].bias.fill_(-1)  # all neurons are dead
    x = torch.randn(7, 2)
    for which in ("largest", "smallest"):
        found = surface.hessian_eigenvalues(
            net, lambda o, t: o.square().square().mean(), x, x, k=2, which=which
        )
        np.testing.assert_array_equal(found, 0)


def test_attention_bends_as_its_gradients_say():
    torch.manual_seed(0)
    net = Attentive()
    x, y = torch.randn(6, 5, 4), torch.arange(6) % 3
    matrix = dense(net, cross, x.double(), y)
    found = surface.hessian_eigenvalues(net.double(), cross, x.double(), y, k=3)
    np.testing.assert_allclose(found, np.linalg.eigvalsh(matrix)[::-1][:3], rtol=1e-5)


def test_a_loss_linear_in_the_weights_does_not_bend():
    x, y = torch.ones(3, 2), torch.zeros(3, 1)
    bend = surface.hessian_eigenvalues(nn.Linear(2, 1), lambda o, t: (o - t).mean(), x, y, k=3)
    np.testing.assert_array_equal(bend, 0)


# -- saving ---------------------------------------------------------------------------------------


def test_a_saved_surface_comes_back_whole(tmp_path):
    rng = np.random.default_rng(0)
    plane = surface.pca_plane(rng.normal(size=(9, 5)))
    before = Surface([0, 1], [2, 3, 4], rng.normal(size=(3, 2)), plane, "accuracy")
    path = before.save(tmp_path / "surface")
    assert path == tmp_path / "surface.npz"
    after = Surface.load(path)
    for part in ("xs", "ys", "values"):
        np.testing.assert_array_equal(getattr(after, part), getattr(before, part))
    for part in ("origin", "u", "v", "labels", "explained"):
        np.testing.assert_array_equal(getattr(after.plane, part), getattr(plane, part))
    assert after.name == "accuracy"


def test_saved_paths_come_back_whole_and_are_no_surface(tmp_path):
    rng = np.random.default_rng(0)
    plane = surface.pca_plane(rng.normal(size=(9, 5)))
    parts = {name: rng.normal(size=(3, 4)) for name in ("losses", "on_plane", "residuals")}
    before = surface.Paths(rng.normal(size=(3, 4, 2)), **parts, plane=plane, explained=0.75)
    path = before.save(tmp_path / "ways")
    assert path == tmp_path / "ways.npz"
    after = surface.Paths.load(path)
    for part in ("coordinates", *parts):
        np.testing.assert_array_equal(getattr(after, part), getattr(before, part))
    for part in ("origin", "u", "v", "labels", "explained"):
        np.testing.assert_array_equal(getattr(after.plane, part), getattr(plane, part))
    assert after.explained == 0.75
    with pytest.raises(ValueError, match="is no saved Surface"):
        Surface.load(path)
    other = Surface([0, 1], [0, 1], np.zeros((2, 2)), plane).save(tmp_path / "s")
    with pytest.raises(ValueError, match="is no saved Paths"):
        surface.Paths.load(other)


def test_a_failed_save_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    plane = Plane([0, 0], [1, 0], [0, 1])
    path = Surface([0, 1], [0, 1], np.zeros((2, 2)), plane).save(tmp_path / "s.npz")

    def fail(*args, **kwargs):
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez_compressed", fail)
    with pytest.raises(OSError, match="disk full"):
        Surface([0, 1], [0, 1], np.ones((2, 2)), plane).save(path)
    assert not Surface.load(path).values.any()
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("what", ["other arrays", "truncated", "empty", "text", "one array"])
def test_a_file_that_is_no_surface_is_refused_by_name(tmp_path, what):
    path = tmp_path / "odd.npz"
    if what == "other arrays":
        np.savez(path, xs=np.zeros(3))
    elif what == "truncated":
        plane = Plane([0, 0], [1, 0], [0, 1])
        Surface(np.arange(50), np.arange(50), np.random.rand(50, 50), plane).save(path)
        path.write_bytes(path.read_bytes()[:-700])
    elif what == "one array":
        with path.open("wb") as file:
            np.save(file, np.zeros(3))
    else:
        path.write_bytes(b"" if what == "empty" else b"not a surface")
    with pytest.raises(ValueError, match=r"odd\.npz is no saved Surface"):
        Surface.load(path)


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        Surface.load(tmp_path / "none.npz")


# -- bad input ------------------------------------------------------------------------------------


def test_an_unknown_parameter_is_answered_with_those_there_are():
    with pytest.raises(ValueError, match=r"'0\.wieght'.*Layer_1\.weight \(1, 1\), Layer_2"):
        surface.weight_plane(two_weights(), "0.wieght", "Layer_2.weight")


@pytest.mark.parametrize("index", [(3, 1), (4, 0), (0,), 2])
def test_an_index_out_of_range_is_named_with_the_shape(index):
    with pytest.raises(ValueError, match=r"out of range for '0\.weight'.*\(4, 1\)"):
        surface.weight_plane(nn.Sequential(nn.Linear(1, 4)), ("0.weight", index), ("0.bias", 0))


def test_a_name_of_many_weights_needs_an_index():
    with pytest.raises(ValueError, match=r"holds 4 weights.*\('0\.weight', \(0, 0\)\)"):
        surface.weight_plane(nn.Sequential(nn.Linear(1, 4)), "0.weight", ("0.bias", 0))


def test_the_same_weight_twice_is_no_plane():
    with pytest.raises(ValueError, match="same weight"):
        surface.weight_plane(two_weights(), "Layer_1.weight", ("Layer_1.weight", (0, 0)))


@pytest.mark.parametrize(
    ("u", "v", "message"),
    [
        ([1, 2, 3], [-2, -4, -6], "parallel"),
        ([0, 0, 0], [1, 0, 0], "direction u is zero"),
        ([1, 0], [0, 1], "equally long, got 3, 2 and 2"),
        ([1, 0, np.nan], [0, 1, 0], "not finite"),
        ([[1, 0, 0]], [0, 1, 0], "flat vector"),
    ],
)
def test_directions_that_span_no_plane_are_refused(u, v, message):
    with pytest.raises(ValueError, match=message):
        Plane([0, 0, 0], u, v)


def test_a_plane_of_another_network_is_refused(curve):
    plane = surface.random_plane(nn.Linear(3, 3))
    with pytest.raises(ValueError, match=r"among 12 weights, but Sequential has 2"):
        surface.loss_surface(two_weights(), mse, *curve, plane, [0, 1], [0, 1])
    with pytest.raises(ValueError, match=r"among 12 weights, got weights of shape \(5, 2\)"):
        plane.project(np.zeros((5, 2)))
    with pytest.raises(ValueError, match="has 2 weights"):
        surface.loss_at(two_weights(), mse, *curve, np.zeros(3))


@pytest.mark.parametrize("chunk", [None, 1])
def test_losses_that_are_nan_are_kept_and_counted(chunk):
    net = two_weights()
    plane = surface.weight_plane(net, "Layer_1.weight", "Layer_2.weight")

    def root(outputs, targets):
        return outputs.sum().sqrt()  # of a negative number where the weights differ in sign

    x = torch.ones(3, 1)
    with pytest.warns(RuntimeWarning, match=r"2 of 4 values of 'loss' are not finite \(2 NaN\)"):
        found = surface.loss_surface(net, root, x, x, plane, [-1, 1], [-1, 1], chunk=chunk)
    np.testing.assert_array_equal(np.isnan(found.values), [[False, True], [True, False]])


def test_a_path_that_diverged_is_told_from_the_plane():
    plane = Plane([0, 0], [1, 0], [0, 1])
    with pytest.raises(ValueError, match="diverged"):
        plane.project([[0, 1], [np.nan, 0]])


def test_empty_data_are_refused():
    net = two_weights()
    plane = surface.weight_plane(net, "Layer_1.weight", "Layer_2.weight")
    with pytest.raises(ValueError, match="empty"):
        surface.loss_surface(net, mse, [], None, plane, [0, 1], [0, 1])
    none = torch.zeros(0, 1)
    with pytest.raises(ValueError, match=r"no samples.*\(0, 1\)"):
        surface.loss_surface(net, mse, none, none, plane, [0, 1], [0, 1])
    with pytest.raises(TypeError, match="targets is missing"):
        surface.loss_surface(net, mse, torch.ones(3, 1), None, plane, [0, 1], [0, 1])


@pytest.mark.parametrize(
    "net",
    [
        nn.Sequential(nn.Linear(1, 4), nn.Dropout(0.3), nn.Linear(4, 1)),
        nn.LSTM(1, 2, num_layers=2, dropout=0.3),
    ],
)
def test_dropout_in_train_mode_is_refused(net, curve):
    plane = surface.random_plane(net)
    with pytest.raises(ValueError, match=r"train mode.*0\.3.*net\.eval\(\)"):
        surface.loss_surface(net, mse, *curve, plane, [0, 1], [0, 1])


def test_other_randomness_in_the_network_is_refused(curve):
    net = nn.Sequential(nn.Linear(1, 2), nn.Linear(2, 1))
    plane = surface.random_plane(net)

    def noisy(outputs, targets):
        return mse(outputs + torch.randn_like(outputs), targets)

    with pytest.raises(ValueError, match="draws random numbers"):
        surface.loss_surface(net, noisy, *curve, plane, [0, 1], [0, 1])


def test_the_error_of_a_wrong_loss_reaches_the_user(curve):
    net = two_weights()
    plane = surface.weight_plane(net, "Layer_1.weight", "Layer_2.weight")

    def wrong(outputs, targets):
        raise KeyError("my own mistake")

    with pytest.raises(KeyError, match="my own mistake"):
        surface.loss_surface(net, wrong, *curve, plane, [0, 1], [0, 1])
    with pytest.raises(TypeError, match="function of"):
        surface.loss_surface(net, "mse", *curve, plane, [0, 1], [0, 1])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda net, d: surface.random_plane(net, normalize="row"), "'row'"),
        (lambda net, d: surface.random_plane(nn.BatchNorm1d(3)), "ignore_bias=False"),
        (lambda net, d: surface.random_plane(nn.ReLU()), "no parameters"),
        (lambda net, d: surface.pca_plane(np.zeros((2, 5))), "three points"),
        (lambda net, d: surface.pca_plane(np.arange(4)[:, None] * np.ones(3)), "one line"),
        (lambda net, d: surface.pca_plane(np.eye(4), through="first"), "'first'"),
        (lambda net, d: surface.three_point_plane([0, 0], [1, 1], [1]), r"\(1,\)"),
        (lambda net, d: surface.three_point_plane([0, 0], [1, 1], [2, 2]), "parallel"),
        (lambda net, d: surface.hessian_eigenvalues(net, mse, *d, k=3), "from 1 to the 2"),
        (lambda net, d: surface.hessian_eigenvalues(net, mse, *d, which="top"), "'top'"),
        (lambda net, d: surface.hessian_eigenvalues(net, mse, *d, weights=[1]), r"\(2,\)"),
        (
            lambda net, d: surface.loss_surface(
                net, mse, *d, Plane([0, 0], [1, 0], [0, 1]), [np.inf, 0], [0]
            ),
            "xs must be",
        ),
        (
            lambda net, d: surface.loss_surface(
                net, mse, *d, Plane([0, 0], [1, 0], [0, 1]), [0], [0], chunk=0
            ),
            "chunk",
        ),
        (lambda net, d: surface.loss_line(net, mse, *d, [0, 0], [0, 0, 0], [0]), "equally long"),
        (lambda net, d: Surface([0], [0, 1], [[1, 2]], Plane([0, 0], [1, 0], [0, 1])), "shape"),
    ],
)
def test_bad_arguments_are_named(call, message, curve):
    with pytest.raises(ValueError, match=message):
        call(two_weights(), curve)


def test_nothing_is_printed_or_warned_about_a_good_surface(curve, capsys):
    net = two_weights()
    plane = surface.weight_plane(net, "Layer_1.weight", "Layer_2.weight")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        surface.loss_surface(net, mse, *curve, plane, [0, 1], [0, 1])
    assert capsys.readouterr() == ("", "")


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_a_gpu_gives_the_same_surface():
    net, loss, inputs, targets = every_kind()["convolutions and BatchNorm"]
    plane = surface.random_plane(net)
    grid = np.linspace(-1, 1, 5)
    here = surface.loss_surface(net, loss, inputs, targets, plane, grid, grid)
    there = surface.loss_surface(net.cuda(), loss, inputs, targets, plane, grid, grid)
    np.testing.assert_allclose(there.values, here.values, rtol=1e-3)
