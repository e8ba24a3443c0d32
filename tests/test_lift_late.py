"""Bees that do something new after many epochs: lifted right, or refused."""

import queue
import random
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.optim.optimizer import register_optimizer_step_post_hook

from swarm import core, lift

EPOCHS, LATE, BEES = 12, 8, 4
X = torch.linspace(-2, 2, 16).unsqueeze(1)
Y = torch.sin(X)


@pytest.fixture(autouse=True)
def in_float64():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def plain(between=lambda epoch, net, loss: loss):
    """Train; `between` may change the loss of an epoch."""
    net = nn.Sequential(nn.Linear(1, 4), nn.Tanh(), nn.Linear(4, 1))
    optimiser = torch.optim.SGD(net.parameters(), lr=0.05)
    x, y = X.to(torch.get_default_dtype()), Y.to(torch.get_default_dtype())
    for epoch in range(EPOCHS):
        optimiser.zero_grad()
        loss = between(epoch, net, functional.mse_loss(net(x), y))
        loss.backward()
        optimiser.step()
        yield epoch, net, loss


def trained(bee, engine):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return core.swarm_train(bee, num_bees=BEES, seed=5, engine=engine, progress=False)


BEES_OF_LATE = []


def late(bee):
    BEES_OF_LATE.append(bee)
    return bee


@late
def statistics_of_instance_norm_in_eval_mode():
    norm = nn.InstanceNorm1d(2, track_running_stats=True)
    x = torch.randn(3, 2, 5)
    for epoch in range(EPOCHS):
        norm.train(epoch < LATE)
        yield norm(x + epoch), norm.running_mean, norm.running_var


@late
def places_by_where():
    for epoch in range(EPOCHS):
        x = torch.randn(3)
        yield torch.where(x == x.max())[0].sum() if epoch > LATE else torch.zeros((), dtype=int)


@late
def places_by_where_of_differing_number():
    for epoch in range(EPOCHS):
        x = torch.randn(30)
        yield torch.where(x > 0)[0].sum() if epoch > LATE else torch.zeros((), dtype=int)


@late
def shared_type_as_own():
    shared = torch.arange(3)
    for epoch in range(EPOCHS):
        own = torch.randn(3)
        yield own * (shared.type_as(own) if epoch > LATE else 1.0), shared.to(own).sum()


@late
def own_type_as_shared():
    shared = torch.arange(2, dtype=torch.float32)
    for epoch in range(EPOCHS):
        own = torch.randn(3)
        yield own.type_as(shared).double() if epoch > LATE else own


@late
def dropout_in_place_on_a_shared_tensor():
    for epoch in range(EPOCHS):
        x = torch.ones(8)
        if epoch > LATE:
            functional.dropout(x, 0.5, inplace=True)
        yield x, torch.rand(())


@late
def dropout_module_in_place():
    drop = nn.Dropout(0.3, inplace=True)
    for epoch in range(EPOCHS):
        h = torch.tanh(torch.randn(8)) * 2
        out = drop(h) if epoch > LATE else h
        yield out, h


@late
def initial_seed_of_a_numpy_generator():
    for epoch in range(EPOCHS):
        noise = np.random.default_rng(torch.initial_seed()).random() if epoch > LATE else 0.0
        yield torch.rand(()), noise


@late
def initial_seed_of_the_default_generator():
    for epoch in range(EPOCHS):
        noise = torch.default_generator.initial_seed() % 1000 if epoch > LATE else 0
        yield torch.rand(()), noise


class Triple(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.view_as(x)

    @staticmethod
    def backward(ctx, grad):
        return 3 * grad / grad.norm()


triple = Triple.apply


@late
def custom_function_after_some_epochs():
    for _, net, loss in plain(lambda e, net, loss: Triple.apply(loss) if e > LATE else loss):
        yield loss, net[0].bias


@late
def custom_function_bound_before():
    def of_vectors(epoch, net, loss):
        return loss + (triple(net[0].bias).sum() if epoch > LATE else 0)

    for _, net, loss in plain(of_vectors):
        yield loss, net[0].bias


@late
def custom_function_after_many_batches():
    net = nn.Linear(1, 1)
    optimiser = torch.optim.SGD(net.parameters(), lr=0.01)
    for _ in range(3):
        for batch in range(40):
            optimiser.zero_grad()
            out = net(X.double())
            loss = (triple(out) if batch > 30 else out).square().mean()
            loss.backward()
            optimiser.step()
        yield loss, net.bias


@late
def step_hook():
    net = nn.Linear(1, 2)
    optimiser = torch.optim.SGD(net.parameters(), lr=0.1)
    for epoch in range(EPOCHS):
        if epoch == LATE:
            optimiser.register_step_post_hook(
                lambda *_: net.weight.data.div_(net.weight.data.norm())
            )
        net(X.double()).square().mean().backward()
        optimiser.step()
        yield net.weight


@late
def scripted_after_some_epochs():
    @torch.jit.script
    def total(x: torch.Tensor) -> torch.Tensor:
        return x.sum() + x.shape[0]

    for epoch in range(EPOCHS):
        x = torch.randn(3)
        yield total(x) if epoch > LATE else x.sum()


@late
def thread():
    results = []
    for epoch in range(EPOCHS):
        x = torch.randn(3)
        if epoch > LATE:
            worker = threading.Thread(target=lambda x=x: results.append(x.sum()))
            worker.start()
            worker.join()
        yield results[-1] if results else x.sum()


@late
def identity_of_a_truth_value():
    for epoch in range(EPOCHS):
        positive = (torch.randn(()) > 100).item()
        yield 1.0 if epoch > LATE and positive is False else 0.0


@late
def kind_of_a_number():
    for epoch in range(EPOCHS):
        loss = torch.rand(()).item()
        yield (loss if epoch > LATE and isinstance(loss, float) else 0.0), type(loss) is float


@late
def integers_that_outgrow_64_bits():
    value = 1
    for _ in range(EPOCHS):
        value = value * (torch.randint(1 << 20, 1 << 21, ()).item() | 1)
        yield value % 1000003


@late
def truth_values_that_are_added():
    for epoch in range(EPOCHS):
        first, second = (torch.rand(2) < 0.7).tolist()
        yield first + second if epoch > LATE else 0


@late
def division_by_zero_that_is_caught():
    for epoch in range(EPOCHS):
        x = torch.randn(()).item()
        try:
            yield x / (x - x if epoch > LATE else 1.0)
        except ZeroDivisionError:
            yield -1.0


@pytest.mark.parametrize("bee", BEES_OF_LATE, ids=lambda bee: bee.__name__)
def test_what_is_new_after_some_epochs_is_right_or_refused(bee):
    lifted, looped = trained(bee, "auto"), trained(bee, "loop")
    for name in looped:
        assert lifted[name].dtype == looped[name].dtype
        np.testing.assert_allclose(lifted[name], looped[name], rtol=1e-12, atol=1e-12)
    try:
        lifted = trained(bee, "lift")
    except lift.CannotLift:
        return
    for name in looped:
        np.testing.assert_allclose(lifted[name], looped[name], rtol=1e-12, atol=1e-12)


def test_randomness_in_a_module_first_called_late_is_refused(tmp_path, monkeypatch):
    (tmp_path / "lately.py").write_text(
        "import random\nimport numpy as np\nRNG = np.random.default_rng(1)\n"
        "def from_numpy(): return RNG.random()\n"
        "def from_python(): return random.random()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import lately

    def by_numpy():
        for epoch in range(EPOCHS):
            yield torch.rand(()), (lately.from_numpy() if epoch > LATE else 0.0)

    def by_python():
        for epoch in range(EPOCHS):
            yield torch.rand(()), (lately.from_python() if epoch > LATE else 0.0)

    for draws in (by_numpy, by_python):
        with pytest.raises(lift.CannotLift):
            trained(draws, "lift")
    random.seed(0)


@pytest.mark.parametrize("make", [queue.Queue, lambda: ThreadPoolExecutor(1)])
def test_a_way_to_other_threads_is_refused_at_the_start(make):
    way = make()

    def bee():
        yield torch.rand(()), bool(way)

    with pytest.raises(lift.CannotLift, match="hand work to where it cannot be seen"):
        trained(bee, "lift")


def test_hooks_on_all_optimisers_are_refused_at_the_start():
    hook = register_optimizer_step_post_hook(lambda *_: None)

    def bee():
        for _, _, loss in plain():
            yield loss

    try:
        with pytest.raises(lift.CannotLift, match="a hook on all optimisers, set before"):
            trained(bee, "lift")
    finally:
        hook.remove()


def test_a_difference_that_comes_late_is_found_in_its_epoch():
    def bee():
        rng = np.random.default_rng()  # unseeded
        for epoch, net, loss in plain():
            yield loss, net[0].bias.detach() * (rng.random() if epoch >= LATE else 1.0)

    with pytest.raises(lift.CannotLift, match=f"field 2 in epoch {LATE}, which differs"):
        trained(bee, "lift")


def test_rounding_may_grow_as_it_does_alone():
    def chaotic():
        x = torch.rand((), dtype=torch.float32)
        w = torch.zeros((), dtype=torch.float32, requires_grad=True)
        for epoch in range(60):
            x = 3.9 * x * (1 - x) + 0 * w
            yield x if epoch < 50 else x.reshape(()) * 1.0

    swarm = trained(chaotic, "lift")
    assert swarm["V1"].shape == (BEES, 60)
