"""What lifting promises: never wrong in silence, splits, chunks, errors, memory, progress."""

import random
import subprocess
import sys
import warnings
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from swarm import core, lift, networks
from swarm.core import _lifted, _lone
from swarm.lift import _clock, _fly

X = torch.linspace(-2, 2, 16).unsqueeze(1)
Y = torch.sin(X)


def net_and_optimiser(lr=0.05):
    net = nn.Sequential(nn.Linear(1, 4), nn.Tanh(), nn.Linear(4, 1))
    return net, torch.optim.SGD(net.parameters(), lr=lr)


def step(net, optimiser, y=Y):
    optimiser.zero_grad()
    loss = functional.mse_loss(net(X), y)
    loss.backward()
    optimiser.step()
    return loss


def plain(epochs=6):
    net, optimiser = net_and_optimiser()
    for _ in range(epochs):
        yield step(net, optimiser).item(), net[0].bias


@pytest.fixture(autouse=True)
def _however_brief(monkeypatch):
    """Have small swarms lifted too."""
    monkeypatch.setattr(_lifted, "BRIEF", 0)


def fly(bee, engine="lift", num_bees=4, seed=3, **settings):
    return core.swarm_train(
        bee, num_bees=num_bees, seed=seed, engine=engine, progress=False, **settings
    )


def assert_close(one, other, tolerance=1e-5):
    assert one.keys() == other.keys()
    for name in one:
        assert one[name].dtype == other[name].dtype
        np.testing.assert_allclose(one[name], other[name], atol=tolerance, rtol=0)


# Falling back


def uses_float():
    for loss, _ in plain():
        yield float(loss)


def test_a_bee_that_cannot_be_lifted_is_trained_alone_with_one_warning_that_names_the_line():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        swarm = fly(uses_float, "auto", num_bees=7, chunk=3)
    assert [str(w.category.__name__) for w in caught] == ["RuntimeWarning"]
    line = uses_float.__code__.co_firstlineno + 2
    assert f"float() of a number that differs between bees at {__file__}:{line}" in str(
        caught[0].message
    )
    assert_close(swarm, fly(uses_float, "loop", num_bees=7), 0)


def test_one_warning_comes_from_all_processes_together():
    local_float = make_local_float()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        swarm = fly(local_float, "auto", num_bees=8, n_jobs=2)
    assert len(caught) == 1
    assert_close(swarm, fly(local_float, "loop", num_bees=8), 0)


def make_local_float():
    def bee():
        for _ in range(3):
            yield float(torch.rand(1000, 1000).mean())

    return bee


def test_lift_raises_what_to_change_instead_of_falling_back():
    with pytest.raises(
        lift.CannotLift, match=r"float\(\).*test_lift.py:\d+.*\.item\(\)"
    ) as caught:
        fly(uses_float)
    assert caught.value.operation == "float() of a number that differs between bees"
    assert caught.value.where.startswith(__file__)


def test_a_bee_that_falls_back_is_found_out_in_its_first_epochs():
    reached = []

    def bee():
        for epoch in range(1000):
            reached.append(epoch)
            yield float(torch.rand(()))

    with pytest.raises(lift.CannotLift):
        fly(bee)
    assert len(reached) < 10


# Never wrong in silence: each adversary lifts right, or is refused


def numpy_noise():
    net, optimiser = net_and_optimiser()
    for _ in range(5):
        yield step(net, optimiser, Y + np.random.randn()).item()


def late_numpy_noise():
    net, optimiser = net_and_optimiser()
    for epoch in range(8):
        yield step(net, optimiser, Y + (np.random.randn() if epoch > 5 else 0)).item()


def python_noise():
    net, optimiser = net_and_optimiser()
    for _ in range(5):
        yield step(net, optimiser, Y + random.random()).item()


def own_seed():
    torch.manual_seed(7)
    yield from plain()


def forked_seed():
    for loss, _ in plain():
        with torch.random.fork_rng():
            torch.manual_seed(1)
            yield loss + torch.rand(()).item()


def late_forked_seed():
    for epoch in range(8):
        if epoch == 6:
            with torch.random.fork_rng():
                torch.rand(3)
        yield torch.rand(2)


def outside_generator():
    generator = torch.Generator()

    def bee():
        for loss, bias in plain():
            yield loss, bias, torch.rand((), generator=generator)

    return bee


def late_outside_generator():
    generator = np.random.default_rng(0)

    def bee():
        for epoch, (loss, bias) in enumerate(plain()):
            yield loss, bias, generator.random() if epoch == 5 else 0.0

    return bee


def counter_in_a_closure():
    count = 0

    def bee():
        nonlocal count
        count += 1
        for loss, bias in plain():
            yield loss * count, bias

    return bee


def list_in_a_closure():
    losses = []

    def bee():
        for loss, bias in plain():
            losses.append(loss)
            yield loss, bias, len(losses)

    return bee


def late_list_in_a_default():
    def bee(cache=[]):  # noqa: B006
        for epoch, (loss, bias) in enumerate(plain()):
            if epoch == 5:
                cache.append(loss)
            yield loss, bias, len(cache)

    return bee


def attribute_of_an_object():
    class Memory:
        seen = 0

    memory = Memory()

    def bee():
        for loss, bias in plain():
            memory.seen += 1
            yield loss, bias, memory.seen

    return bee


def outside_net():
    net = nn.Linear(1, 1)

    def bee():
        optimiser = torch.optim.SGD(net.parameters(), lr=0.01)
        for _ in range(5):
            yield step(net, optimiser, Y + torch.randn(())).item()

    return bee


def outside_tensor_changed():
    total = torch.zeros(())

    def bee():
        for loss, bias in plain():
            total.add_(1)
            yield loss, bias, total

    return bee


def outside_array_changed():
    total = np.zeros(3)

    def bee():
        for loss, bias in plain():
            total[0] += 1
            yield loss, bias, total.copy()

    return bee


def view_of_a_shared_tensor():
    base = torch.zeros(4)
    view = base[:2]
    for _ in range(4):
        view += torch.randn(2)
        yield base


def alias_of_a_parameter():
    base = torch.zeros(1, 1)
    net = nn.Linear(1, 1)
    net.weight = nn.Parameter(base)
    optimiser = torch.optim.SGD(net.parameters(), lr=0.1)
    for _ in range(4):
        step(net, optimiser, Y + torch.randn(()))
        yield base


def numpy_view_of_a_tensor():
    base = torch.zeros(3)
    view = base.numpy()
    for _ in range(4):
        base += torch.randn(3)
        yield view.copy()


def numpy_view_changed():
    weight = torch.randn(3)
    view = weight.numpy()
    for _ in range(4):
        view += 1
        yield weight


def custom_function():
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return 2 * x

        @staticmethod
        def backward(ctx, grad):
            return 2 * grad / grad.norm()

    net, optimiser = net_and_optimiser()
    for _ in range(5):
        optimiser.zero_grad()
        loss = functional.mse_loss(Double.apply(net(X)), Y)
        loss.backward()
        optimiser.step()
        yield loss.item()


def gradient_hook():
    net, optimiser = net_and_optimiser()
    net[0].weight.register_hook(lambda grad: grad / grad.norm())
    for _ in range(5):
        yield step(net, optimiser).item()


def module_hook():
    net, optimiser = net_and_optimiser()
    net[2].register_full_backward_hook(lambda m, gin, gout: None)
    for _ in range(5):
        yield step(net, optimiser).item()


def checkpointed():
    from torch.utils.checkpoint import checkpoint

    net, optimiser = net_and_optimiser()
    for _ in range(5):
        optimiser.zero_grad()
        loss = functional.mse_loss(checkpoint(net, X, use_reentrant=False), Y)
        loss.backward()
        optimiser.step()
        yield loss.item()


def functional_gradient():
    net = nn.Linear(1, 1)
    params = {k: v.detach() for k, v in net.named_parameters()}

    def loss_of(params):
        return functional.mse_loss(torch.func.functional_call(net, params, (X,)), Y)

    for _ in range(5):
        grads = torch.func.grad(loss_of)(params)
        params = {k: params[k] - 0.1 * grads[k] for k in params}
        yield loss_of(params)


def closure_step():
    net = nn.Linear(1, 1)
    optimiser = torch.optim.LBFGS(net.parameters(), max_iter=3)

    def closure():
        optimiser.zero_grad()
        loss = functional.mse_loss(net(X), Y)
        loss.backward()
        return loss

    for _ in range(4):
        yield optimiser.step(closure).item()


def shape_that_depends_on_values():
    for _ in range(4):
        x = torch.randn(10)
        yield x[x > 0].sum()


def swallowed():
    for loss, bias in plain():
        try:
            value = float(loss)
        except BaseException:
            value = 0.0
        yield value, bias


def formatted():
    for loss, bias in plain():
        yield len(f"{loss:.3f}"), bias


def optimiser_state():
    net = nn.Linear(1, 1)
    optimiser = torch.optim.Adam(net.parameters(), lr=0.1)
    for _ in range(5):
        step(net, optimiser)
        state = optimiser.state[net.weight]
        yield state["exp_avg"].sum(), state["exp_avg_sq"], state["step"]


def standard_deviation_of_values():
    for loss, bias in plain():
        values = bias.detach().numpy()
        yield values.mean(), np.abs(values) + loss, values.reshape(2, 2).sum(axis=0)


def numpy_function_of_values():
    for loss, bias in plain():
        yield loss, np.linalg.norm(bias.detach().numpy())


def number_into_a_tensor():
    for loss, bias in plain():
        yield bias * loss + torch.ones(4)


def mixed_dtypes():
    scale = torch.rand((), dtype=torch.float64)
    for _, bias in plain():
        yield bias * scale, bias.double() * scale, (bias > 0) & True, torch.arange(4) * bias


def scripted():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        net = torch.jit.script(nn.Linear(1, 1))
    optimiser = torch.optim.SGD(net.parameters(), lr=0.1)
    for _ in range(5):
        yield step(net, optimiser).item()


def compiled():
    net, optimiser = net_and_optimiser()
    net = torch.compile(net, backend="eager")
    for _ in range(5):
        yield step(net, optimiser).item()


def unseeded_generator():
    rng = np.random.default_rng()
    for loss, bias in plain():
        yield loss, bias, rng.random()


REFUSED = [
    numpy_noise, late_numpy_noise, python_noise, own_seed, forked_seed, late_forked_seed,
    view_of_a_shared_tensor,
    alias_of_a_parameter, numpy_view_of_a_tensor, custom_function, gradient_hook, module_hook,
    functional_gradient, closure_step, shape_that_depends_on_values, swallowed, formatted,
    numpy_function_of_values, scripted, checkpointed,
]  # fmt: skip
RIGHT = [
    compiled, optimiser_state, standard_deviation_of_values, mixed_dtypes, numpy_view_changed,
]  # fmt: skip
STATEFUL = [
    outside_generator, late_outside_generator, counter_in_a_closure, list_in_a_closure,
    late_list_in_a_default, attribute_of_an_object, outside_net, outside_tensor_changed,
    outside_array_changed,
]  # fmt: skip


@pytest.mark.parametrize("bee", REFUSED, ids=lambda bee: bee.__name__)
def test_what_would_be_wrong_is_refused_and_trained_one_by_one(bee):
    with pytest.raises(lift.CannotLift, match="cannot lift"):
        fly(bee)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # which is not given where looping is quicker anyhow
        swarm = fly(bee, "auto")
    assert_close(swarm, fly(bee, "loop"), 0)


@pytest.mark.parametrize("bee", RIGHT, ids=lambda bee: bee.__name__)
def test_what_is_unusual_is_right_when_lifted(bee):
    assert_close(fly(bee), fly(bee, "loop"))


@pytest.mark.parametrize("make", STATEFUL, ids=lambda make: make.__name__)
def test_state_kept_between_bees_is_refused(make):
    with pytest.raises(lift.CannotLift):
        fly(make())


def test_hidden_randomness_is_seen_by_comparing_with_the_bee_alone():
    with pytest.raises(lift.CannotLift, match="field 3 in epoch 0, which differs"):
        fly(unseeded_generator)


@pytest.mark.parametrize("seed", [4, 5])
def test_rounding_that_has_grown_for_many_steps_before_a_bee_yields_is_not_taken_for_more(seed):
    x = torch.linspace(-3, 3, 40)

    def bee():
        net = networks.flat_net(2, 12, activation=nn.Tanh)
        optimiser = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
        for _ in range(2):
            for _ in range(150):
                optimiser.zero_grad()
                loss = (net(x) - torch.sin(3 * x)).square().mean()
                loss.backward()
                optimiser.step()
            yield loss, net(x)

    fly(bee, num_bees=3, seed=seed)


def test_time_that_other_programs_take_is_not_counted(monkeypatch):
    begin = _clock.now()
    monkeypatch.setattr(_clock.time, "perf_counter", lambda: begin[0] + 60)
    assert _clock.since(begin) < 30


def test_verification_can_be_left_out():
    assert fly(unseeded_generator, verify=False)["V3"].shape == (4, 6)


def test_numbers_of_bees_join_tensors_again():
    assert_close(fly(number_into_a_tensor), fly(number_into_a_tensor, "loop"))


# Branches


def parting():
    heads = bool(torch.rand(()) < 0.5)
    net, optimiser = net_and_optimiser(0.1 if heads else 0.01)
    for _ in range(5):
        yield step(net, optimiser).item(), heads


def test_bees_that_disagree_on_a_branch_are_split_and_each_group_lifted():
    swarm = fly(parting, num_bees=20)
    assert 0 < swarm["V2"][:, 0].sum() < 20
    assert_close(swarm, fly(parting, "loop", num_bees=20))


@pytest.fixture
def groups(monkeypatch):
    """The groups that are flown, by the number of their bees."""
    flown, fly_group = [], _fly._fly_group

    def noted(flight, group, judge):
        flown.append(len(group))
        return fly_group(flight, group, judge)

    monkeypatch.setattr(_fly, "_fly_group", noted)
    return flown


def test_the_fewer_leave_at_a_branch_and_the_others_fly_on(groups):
    def bee():
        loss = kind = torch.rand(())
        for epoch in range(12):
            if epoch == 7 and kind < 0.1:
                loss = loss + 5
            loss = loss + torch.rand(())
            yield loss, epoch

    swarm = fly(bee, num_bees=40)
    assert 0 < (swarm["V1"][:, 7] - swarm["V1"][:, 6] > 4).sum() < 10
    assert groups[0] == 40
    assert sum(groups) < 50  # none but those that left begins anew
    assert_close(swarm, fly(bee, "loop", num_bees=40))


def test_bees_go_on_though_what_others_that_left_would_do_raises(groups):
    table = torch.arange(8.0)

    def bee():
        place = 10 * torch.rand(())
        for epoch in range(6):
            if epoch == 3 and place >= 8:
                place = place - 8
            yield table[place.long()] if epoch >= 3 else place

    swarm = fly(bee, num_bees=40)
    assert (swarm["V1"][:, 0] >= 8).any()
    assert groups[:2] == [40, int((swarm["V1"][:, 0] < 8).sum())]
    assert_close(swarm, fly(bee, "loop", num_bees=40))


def test_only_bees_that_are_there_are_asked_and_compared():
    def bee():
        kind, total = torch.rand(()), torch.zeros(())
        apart = False
        for epoch in range(9):
            if epoch == 2 and kind < 0.2:
                apart = True
            total = total + torch.rand(())
            if epoch > 4:
                yield total, apart, int((kind > 0.2).item())
            else:
                yield total, apart, 1

    # The last bee, which would be compared with itself alone, is one of those that leave.
    def kind(seed):
        torch.manual_seed(core.bee_seed(seed, 11))
        return float(torch.rand(()))

    seed = next(s for s in range(1000) if kind(s) < 0.2)
    swarm = fly(bee, num_bees=12, seed=seed)
    assert swarm["V2"][-1, -1]
    assert_close(swarm, fly(bee, "loop", num_bees=12, seed=seed))


def test_a_branch_on_which_all_agree_is_taken():
    def bee():
        for loss, bias in plain():
            if loss > 1e6:
                raise AssertionError
            yield loss, int((bias < 1e6).sum()), 1.0 if bias.abs().max() < 1e6 else 2.0

    assert_close(fly(bee), fly(bee, "loop"))


def test_too_many_branches_end_the_lift():
    def bee():
        total = 0.0
        for _ in range(40):
            total += 1.0 if torch.rand(()) < 0.5 else 0.0
            yield total

    with pytest.warns(RuntimeWarning, match=r"branches on which bees disagree at .*test_lift\.py"):
        swarm = fly(bee, "auto", num_bees=64)
    assert_close(swarm, fly(bee, "loop", num_bees=64), 0)


def test_bees_that_stop_early_after_different_epochs_are_an_error_as_one_by_one():
    def bee():
        for _ in range(10):
            yield torch.zeros(())
            if torch.rand(()) < 0.3:
                break

    for engine in ("lift", "loop"):
        with pytest.raises(ValueError, match=r"the .* epochs of other bees"):
            fly(bee, engine, num_bees=12)


# Failures


def sometimes_raises():
    for epoch in range(5):
        x = torch.rand(3)
        if epoch == 3 and x[0] < 0.3:
            raise ZeroDivisionError("no such luck")
        yield x


def test_a_bee_that_raises_is_named_as_one_by_one():
    errors = []
    for engine in ("lift", "loop"):
        with pytest.raises(core.BeeError, match="no such luck") as caught:
            fly(sometimes_raises, engine, num_bees=20)
        errors.append((caught.value.bee, caught.value.seed, caught.value.epoch))
        assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert errors[0] == errors[1]


def test_failed_bees_are_nan_and_the_others_lifted():
    swarms = []
    for engine in ("lift", "loop"):
        with pytest.warns(RuntimeWarning, match="of 20 bees failed"):
            swarms.append(fly(sometimes_raises, engine, num_bees=20, on_error="nan"))
    np.testing.assert_allclose(swarms[0]["V1"], swarms[1]["V1"])
    assert np.isnan(swarms[0]["V1"]).any()


def test_an_error_of_all_bees_is_raised_alike():
    def bee():
        yield torch.rand(2) @ torch.rand(3)

    with pytest.raises(core.BeeError, match=r"bee 0 .*epoch 0") as caught:
        fly(bee)
    assert isinstance(caught.value.__cause__, RuntimeError)


@pytest.mark.parametrize("fields", ["a", "a,b,c"])
def test_fields_that_do_not_match_are_an_error(fields):
    with pytest.raises(ValueError, match="yields 2 values"):
        fly(plain, fields=fields)


# Chunks, processes, hives


@pytest.mark.parametrize("settings", [{"chunk": 1}, {"chunk": 3}, {"chunk": 4, "n_jobs": 2}])
def test_chunks_and_processes_do_not_change_the_result(settings):
    bee = make_local_bee()
    assert_close(fly(bee, num_bees=10, **settings), fly(bee, "loop", num_bees=10))


def make_local_bee():
    def bee(width=3):
        net = nn.Linear(1, width)
        optimiser = torch.optim.Adam(net.parameters(), lr=0.05)
        x = torch.linspace(-1, 1, 5).unsqueeze(1)
        for _ in range(5):
            optimiser.zero_grad()
            loss = (nn.functional.dropout(net(x), 0.2) - x).square().mean()
            loss.backward()
            optimiser.step()
            yield loss.item(), net.weight

    return bee


def test_a_hive_lifts_each_swarm():
    n_jobs = 2
    bee = make_local_bee()
    params = [{"width": 2}, {"width": 4}]
    hives = [
        core.hive_trainer(
            bee, params, num_bees=5, seed=1, fields="a,b", engine=engine, n_jobs=jobs
        )
        for engine, jobs in (("lift", n_jobs), ("loop", 1))
    ]
    for one, other in zip(*hives, strict=True):
        for name in ("a", "b"):
            np.testing.assert_allclose(one[name], other[name], atol=1e-5)


def test_a_swarm_of_one_can_be_lifted():
    assert_close(fly(plain, num_bees=1), fly(plain, "loop", num_bees=1))


def test_generators_and_torch_functions_are_left_as_they_were():
    before = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
    functions = torch.utils.data.RandomSampler.__iter__, nn.init._no_grad_trunc_normal_
    fly(plain)
    with pytest.raises(lift.CannotLift):
        fly(uses_float)
    assert torch.equal(before[0], torch.get_rng_state())
    np.testing.assert_array_equal(before[1], np.random.get_state()[1])
    assert before[2] == random.getstate()
    assert functions == (
        torch.utils.data.RandomSampler.__iter__,
        nn.init._no_grad_trunc_normal_,
    )
    assert (torch.ones(2) + 1).tolist() == [2, 2]


def test_the_callers_tensors_are_left_as_they_were():
    x = X.clone()

    def bee(x):
        net = nn.Linear(1, 1)
        for _ in range(3):
            yield net(x).sum().item()

    core.swarm_train(bee, {"x": x}, num_bees=3, seed=0, engine="lift")
    assert type(x) is torch.Tensor
    assert torch.equal(x, X)


def test_modules_imported_in_the_function_around_a_bee_may_change():
    import torch.nn.functional as functional

    def bee():
        weight = torch.randn(3, requires_grad=True)
        for _ in range(3):
            functional.changed_meanwhile = object()
            yield functional.softplus(weight).sum().item()

    try:
        core.swarm_train(bee, num_bees=3, seed=0, engine="lift")
    finally:
        del functional.changed_meanwhile


# VmHWM and not getrusage's ru_maxrss, which a process inherits from the one that started it.
MEMORY = """
import torch
from pathlib import Path
from swarm import core
from torch import nn

def bee():
    net = nn.Sequential(nn.Linear(1, 50), nn.ReLU(), nn.Linear(50, 1))
    x = torch.linspace(-1, 1, 5000).unsqueeze(1)
    optimiser = torch.optim.SGD(net.parameters(), lr=0.01)
    for _ in range(3):
        optimiser.zero_grad()
        loss = (net(x) - x).square().mean()
        loss.backward()
        optimiser.step()
        yield loss.item()

def peak(num_bees, chunk):
    core.swarm_train(bee, num_bees=num_bees, seed=0, engine="lift", chunk=chunk)
    return Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]

peak(8, 8)
print(peak(8, 8), peak(64, 8), peak(64, 64))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak memory as Linux tells it")
def test_memory_is_bounded_by_the_chunk_and_not_by_the_swarm():
    done = subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, text=True)
    few, chunked, whole = (int(kib) / 1024 for kib in done.stdout.split())
    activations = 8 * 5000 * 50 * 4 / 2**20  # of one chunk, in MiB
    assert whole - few > 6 * activations  # so that the measure sees what it should
    assert chunked - few < (whole - few) / 3  # the allocator alone varies by a tenth of it


def test_the_chunk_follows_from_the_memory_budget(monkeypatch):
    sizes = []
    flying = _fly.fly

    def spy(flight):
        sizes.append(len(flight.seeds))
        return flying(flight)

    monkeypatch.setattr("swarm.core._lifted.fly", spy)
    monkeypatch.setattr("swarm.core._lifted.MEMORY", 20_000)
    swarm = fly(plain, num_bees=30)
    assert sum(sizes) == 30
    assert 1 < len(sizes) < 30
    assert_close(swarm, fly(plain, "loop", num_bees=30))


# Progress


def test_one_bar_counts_epochs_while_lifting(capsys):
    core.swarm_train(plain, num_bees=4, seed=0, engine="lift", progress=True)
    shown = capsys.readouterr().err
    assert "lifted" in shown
    assert "6epoch" in shown.replace("6/6", "6epoch")
    assert "bee/s" not in shown.splitlines()[-1].split("\r")[-1]


def test_the_bar_counts_bees_after_falling_back(capsys):
    with pytest.warns(RuntimeWarning, match="cannot lift"):
        core.swarm_train(uses_float, num_bees=4, seed=0, progress=True)
    assert "4/4" in capsys.readouterr().err


@pytest.mark.parametrize(("engine", "said"), [("auto", "one after another"), ("lift", "lifted")])
def test_what_is_quicker_one_by_one_is_looped_unless_told_otherwise(
    capsys, monkeypatch, engine, said
):
    monkeypatch.setattr(_lone.Lone, "took", lambda lone, epoch: 1e-9)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        swarm = core.swarm_train(plain, num_bees=4, seed=3, engine=engine, progress=True)
    assert said in capsys.readouterr().err.split("\r")[-1]
    assert_close(swarm, fly(plain, "loop"))


def test_what_is_done_at_once_one_by_one_is_not_lifted_nor_trained_twice(capsys, monkeypatch):
    monkeypatch.setattr(_lifted, "BRIEF", 60)
    drawn = []
    rand = torch.rand
    monkeypatch.setattr(torch, "rand", lambda *size: drawn.append(0) or rand(*size))

    def bee():
        for _ in range(3):
            yield float(torch.rand(2)[0])

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        swarm = core.swarm_train(bee, num_bees=6, seed=3, progress=True)
    assert len(drawn) == 18
    assert "6/6" in capsys.readouterr().err
    assert_close(swarm, fly(bee, "loop", num_bees=6), 0)


def test_no_bar_is_shown_off_a_terminal(capsys):
    fly(plain)
    core.swarm_train(plain, num_bees=4, seed=0, engine="lift")
    assert capsys.readouterr().err == ""


# CUDA


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("name", ["SGD", "Adam"])
def test_a_bee_that_moves_its_net_to_the_gpu_is_lifted_there(name, dropout):
    def bee():
        net = nn.Sequential(nn.Linear(1, 8), nn.ReLU(), nn.Dropout(dropout), nn.Linear(8, 1))
        net.to("cuda")
        x, y = X.to("cuda"), Y.to("cuda")
        optimiser = getattr(torch.optim, name)(net.parameters(), lr=0.01)
        for _ in range(20):
            optimiser.zero_grad()
            loss = functional.mse_loss(net(x), y + 0.1 * torch.randn_like(y))
            loss.backward()
            optimiser.step()
            yield loss.item(), net(x), torch.rand(2, device="cuda")

    assert_close(fly(bee, num_bees=5), fly(bee, "loop", num_bees=5), 1e-4)


def test_a_bee_that_fails_before_its_first_value_counts_once_though_a_later_chunk_is_not_lifted():
    def bee():
        kind = torch.rand(())
        if kind < 0.2:
            raise ZeroDivisionError("no such luck")
        for _ in range(4):
            yield torch.rand(())
            if kind > 0.5:
                float(torch.rand(()))

    def kinds(seed):
        for i in range(8):
            torch.manual_seed(core.bee_seed(seed, i))
            kind = float(torch.rand(()))
            yield -1 if kind < 0.2 else int(kind > 0.5)

    # One of the first four fails at once; the second four cannot be lifted, and do not fail.
    seed = next(s for s in range(10_000) if [*kinds(s)] == [0, -1, 0, 0, 1, 1, 1, 1])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        swarm = fly(bee, "auto", num_bees=8, seed=seed, chunk=4, on_error="nan", verify=False)
    assert any("1 of 8 bees failed" in str(w.message) for w in caught)
    assert any("cannot lift" in str(w.message) for w in caught)
    assert np.isnan(swarm["V1"][1]).all()
    assert np.isfinite(np.delete(swarm["V1"], 1, axis=0)).all()


def test_a_distribution_of_tensors_draws_by_size_and_not_by_data():
    def bee():
        exponential = torch.distributions.Exponential(torch.rand(()))
        for _ in range(3):
            yield exponential.sample((4,))

    assert_close(fly(bee), fly(bee, "loop"))


def fit_within(block, epochs):
    """A bee that yields inside of `block`."""

    def bee():
        net = nn.Linear(1, 1).double()
        x = torch.linspace(-1, 1, 9, dtype=torch.float64)[:, None]
        optimiser = torch.optim.SGD(net.parameters(), lr=0.1)
        for epoch in range(epochs):
            optimiser.zero_grad()
            loss = (net(x) - x).square().mean()
            if epoch == 4:
                loss = loss.clamp(max=9.0)  # something new: the bee alone catches up
            loss.backward()
            optimiser.step()
            with block():
                yield loss.detach(), (net(x) - x).abs().mean().detach()

    return bee


@pytest.mark.parametrize("settings", [{}, {"chunk": 7}, {"until": lambda V1: V1 < 0.3}])
@pytest.mark.parametrize("epochs", [1, 8])
def test_a_bee_that_yields_without_gradients_leaves_them_to_others(epochs, settings):
    quiet = fit_within(torch.no_grad, epochs)
    swarms = []
    for engine in ("lift", "loop"):
        swarms.append(core.swarm_train(quiet, num_bees=20, seed=0, engine=engine, **settings))
        assert torch.is_grad_enabled()
    for name, array in swarms[0].items():
        np.testing.assert_allclose(array, swarms[1][name], rtol=1e-12)


@contextmanager
def double_by_default():
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


LEFT_ON = {
    "no_grad": torch.no_grad,
    "default dtype": double_by_default,
    "autocast": lambda: torch.autocast("cpu", torch.bfloat16),
}


@pytest.mark.parametrize("epochs", [1, 8])
@pytest.mark.parametrize("block", LEFT_ON.values(), ids=LEFT_ON)
def test_what_is_on_where_a_bee_yields_is_on_for_it_alone(block, epochs):
    bee = fit_within(block, epochs)

    def settings():
        return (
            torch.is_grad_enabled(),
            torch.get_default_dtype(),
            torch.is_autocast_enabled("cpu"),
        )

    before = settings()
    lifted, looped = (
        core.swarm_train(bee, num_bees=20, seed=0, engine=engine)["V1"]
        for engine in ("lift", "loop")
    )
    assert settings() == before
    np.testing.assert_allclose(lifted, looped, rtol=1e-12)


# Optimisers


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    ("name", "settings", "one_pass"),
    [
        ("SGD", {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}, True),
        ("Adam", {"betas": (0.8, 0.9)}, True),
        ("AdamW", {"weight_decay": 0.1, "maximize": True}, True),
        ("Adam", {"foreach": False}, False),
        ("Adam", {"amsgrad": True}, False),
        ("SGD", {}, False),
    ],
)
def test_a_step_in_one_pass_is_that_of_the_bee_alone(monkeypatch, dtype, name, settings, one_pass):
    fused = []
    step = getattr(torch, f"_fused_{name.lower()}_")
    noted = lambda *args, **kwargs: fused.append(0) or step(*args, **kwargs)  # noqa: E731
    monkeypatch.setattr(torch, f"_fused_{name.lower()}_", noted)

    def bee():
        net = nn.Sequential(nn.Linear(1, 4), nn.Tanh(), nn.Linear(4, 1)).to(dtype)
        late = nn.Parameter(torch.ones((), dtype=dtype))
        optimiser = getattr(torch.optim, name)([*net.parameters(), late], lr=0.01, **settings)
        for epoch in range(10):
            optimiser.zero_grad()
            out = net(X.to(dtype)) * (late if epoch > 4 else 1)
            loss = functional.mse_loss(out, Y.to(dtype))
            loss.backward()
            optimiser.step()
            yield loss, late.item(), net[0].weight, optimiser.param_groups[0].get("fused") is None

    assert_close(
        fly(bee, verify=False), fly(bee, "loop"), 1e-6 if dtype is torch.float32 else 1e-12
    )
    assert bool(fused) is one_pass


def test_the_memory_of_an_epoch_is_that_of_its_largest_step():
    def measured(batches):
        def bee():
            net, optimiser = net_and_optimiser()
            for _ in range(2):
                for _ in range(batches):
                    step(net, optimiser)
                yield net[0].bias

        lone = _lone.Lone(bee, 0)
        return lone.measure()

    assert measured(50) < 1.5 * measured(1)
