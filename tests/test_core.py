"""Swarms and hives, trained one bee after another."""

import random
import warnings

import joblib
import numpy as np
import pytest
import torch
from torch import nn

from swarm import core, networks, regimes

# joblib's worker processes are managed by threads, which may trip over each other at their end.
processes = pytest.mark.filterwarnings("default::pytest.PytestUnhandledThreadExceptionWarning")

X = torch.linspace(-3, 3, 11)
Y = torch.sin(X)


def make_bee():
    """Return a bee as a closure, which only cloudpickle can send to other processes."""

    def bee(epochs=4, width=3):
        net = networks.flat_net(1, width)
        optimiser = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
        for epoch in range(epochs):
            optimiser.zero_grad()
            ypred = net(X)
            loss = nn.functional.mse_loss(ypred, Y)
            loss.backward()
            optimiser.step()
            yield ypred, loss.item(), epoch

    return bee


def by_hand(bee, seed, **params):
    """Train one bee as a user would, without this package."""
    torch.manual_seed(seed)
    np.random.seed(seed)
    rows = [
        [v.detach().numpy().copy() if torch.is_tensor(v) else np.asarray(v) for v in row]
        for row in bee(**params)
    ]
    return [np.stack(column) for column in zip(*rows, strict=True)]


def failing(at, which=lambda: True):
    def bee():
        bad = which()
        for epoch in range(5):
            if bad and epoch == at:
                raise ZeroDivisionError("no such luck")
            yield torch.rand(2), epoch

    return bee


def loop(*args, backend="threading", **settings):
    """Train one by one; what does not need other processes is tested with threads."""
    with joblib.parallel_config(backend=backend):
        return core.swarm_train(*args, **{"engine": "loop", "n_jobs": 1, **settings})


# Seeds


def test_bee_zero_has_the_seed_of_the_swarm_and_the_others_are_drawn():
    assert core.bee_seed(0, 0) == 0
    assert core.bee_seed(7, 3) == np.random.SeedSequence((7, 3)).generate_state(1)[0]
    assert len({core.bee_seed(7, i) for i in range(1000)}) == 1000


@pytest.mark.parametrize(("seed", "bee"), [(-1, 0), (2**32, 0), (0, -1)])
def test_a_seed_out_of_range_is_refused(seed, bee):
    with pytest.raises(ValueError, match="must be"):
        core.bee_seed(seed, bee)


@pytest.mark.parametrize("seed", [0, 20])
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_every_bee_is_what_its_own_seed_gives_by_hand(seed, n_jobs):
    bee = make_bee()
    swarm = loop(
        bee, num_bees=5, seed=seed, n_jobs=n_jobs, fields="ypred, loss,epoch", backend="loky"
    )
    assert list(swarm) == ["ypred", "loss", "epoch"]
    for i in range(5):
        for array, alone in zip(swarm.values(), by_hand(bee, core.bee_seed(seed, i)), strict=True):
            assert array.dtype == alone.dtype
            np.testing.assert_array_equal(array[i], alone)


def test_more_bees_do_not_change_the_earlier_ones():
    few, many = (loop(make_bee(), num_bees=n, seed=3)["V1"] for n in (2, 5))
    np.testing.assert_array_equal(few, many[:2])


def test_a_drawn_seed_is_reported_and_repeats_the_swarm(capsys):
    first = loop(make_bee(), num_bees=2)["V1"]
    seed = int(capsys.readouterr().err.split("seed=")[1].split(";")[0])
    np.testing.assert_array_equal(first, loop(make_bee(), num_bees=2, seed=seed)["V1"])


def test_the_states_of_all_generators_are_left_as_they_were():
    before = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
    loop(make_bee(), num_bees=2, seed=1)
    with pytest.raises(core.BeeError):
        loop(failing(1), num_bees=2, seed=1)
    assert torch.equal(before[0], torch.get_rng_state())
    np.testing.assert_array_equal(before[1], np.random.get_state()[1])
    assert before[2] == random.getstate()


def test_draws_of_numpy_and_python_are_repeatable_too():
    def bee():
        yield np.random.rand(), random.random()

    first, second = (loop(bee, num_bees=3, seed=5) for _ in range(2))
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])
        assert len(np.unique(first[name])) == 3


# Fields


def test_unnamed_fields_are_numbered():
    assert list(loop(make_bee(), num_bees=1, seed=0)) == ["V1", "V2", "V3"]


def test_fields_may_be_a_sequence():
    assert list(loop(make_bee(), num_bees=1, seed=0, fields=["a", "b", "c"])) == ["a", "b", "c"]


def test_dtypes_and_shapes_are_kept():
    def bee():
        for _ in range(2):
            yield (
                torch.zeros(2, 3, dtype=torch.float64),
                np.float16(1),
                True,
                3,
                [1.0, 2.0],
                torch.ones(1, dtype=torch.bfloat16),
                1j,
            )

    arrays = list(loop(bee, num_bees=2, seed=0).values())
    shapes = [(2, 3), (), (), (), (2,), (1,), ()]
    dtypes = ["float64", "float16", "bool", "int64", "float64", "float32", "complex128"]
    assert [a.shape for a in arrays] == [(2, 2, *shape) for shape in shapes]
    assert [str(a.dtype) for a in arrays] == dtypes


def test_a_single_value_needs_no_tuple():
    def bee():
        yield from range(3)

    np.testing.assert_array_equal(loop(bee, num_bees=2, seed=0)["V1"], [[0, 1, 2]] * 2)


def test_a_tensor_that_the_bee_goes_on_changing_is_kept_as_it_was():
    def bee():
        x = torch.zeros(2)
        for _ in range(3):
            yield x
            x += 1

    assert loop(bee, num_bees=1, seed=0)["V1"][0, :, 0].tolist() == [0, 1, 2]


@pytest.mark.parametrize("fields", ["", "a,,b", "a,a", []])
def test_unusable_field_names_are_refused(fields):
    with pytest.raises(ValueError, match="distinct names"):
        loop(make_bee(), num_bees=1, seed=0, fields=fields)


@pytest.mark.parametrize("fields", ["a", "a,b,c,d"])
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_fields_that_do_not_match_what_is_yielded_are_an_error(fields, n_jobs):
    with pytest.raises(ValueError, match="bee 0 yields 3 values"):
        loop(make_bee(), num_bees=1, seed=0, fields=fields, n_jobs=n_jobs)


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ([torch.zeros(2), torch.zeros(3)], ValueError, r"'V1' of bee 0 in epoch 1 has shape \(3,"),
        ([0, 0.5], ValueError, "dtype float64, but int64"),
        (["text"], TypeError, "not numeric"),
        ([{"loss": 1}], TypeError, "not numeric"),
    ],
)
def test_values_that_do_not_fit_an_array_are_named(values, error, message):
    def bee():
        yield from ([v] for v in values)

    with pytest.raises(error, match=message):
        loop(bee, num_bees=1, seed=0)


def test_a_shape_that_differs_between_bees_is_named():
    def bee():
        yield torch.zeros(torch.randint(1, 1000, ()).item())

    for n_jobs in (1, 2):
        with pytest.raises(ValueError, match=r"'V1' of bee \d in epoch 0 has shape"):
            loop(bee, num_bees=2, seed=0, n_jobs=n_jobs)


# Bad trainers


def test_bees_that_yield_unequally_often_are_an_error():
    def bee():
        yield from range(torch.randint(1, 1000, ()).item())

    for n_jobs in (1, 2):
        with pytest.raises(ValueError, match=r"bee \d yields (more|fewer) than the"):
            loop(bee, num_bees=3, seed=0, n_jobs=n_jobs)


def test_a_bee_that_yields_nothing_is_an_error():
    with pytest.raises(ValueError, match="yields nothing"):
        loop(lambda: iter(()), num_bees=2, seed=0)


def test_a_function_without_yield_is_an_error():
    with pytest.raises(TypeError, match="has it a yield"):
        loop(lambda: 3, num_bees=2, seed=0)


def test_a_running_generator_is_an_error():
    with pytest.raises(TypeError, match="uncalled"):
        loop(make_bee()(), num_bees=2, seed=0)


def test_parameters_that_do_not_fit_are_named():
    with pytest.raises(TypeError, match="depth"):
        loop(make_bee(), {"depth": 3}, num_bees=2, seed=0)


@pytest.mark.parametrize("num_bees", [0, -1])
def test_a_swarm_needs_a_bee(num_bees):
    with pytest.raises(ValueError, match="num_bees must be at least 1"):
        loop(make_bee(), num_bees=num_bees, seed=0)


def test_a_number_of_bees_is_an_integer():
    with pytest.raises(TypeError, match="integer"):
        loop(make_bee(), num_bees=2.5, seed=0)


@pytest.mark.parametrize(
    "setting", [{"engine": "fast"}, {"on_error": "skip"}, {"chunk": 0}, {"seed": -1}]
)
def test_a_setting_out_of_range_is_named(setting):
    with pytest.raises(ValueError, match="must be"):
        core.swarm_train(make_bee(), num_bees=1, **{"seed": 0, **setting})


# Failures


def some(of):
    """Whether this bee's first draw is among the `of` smallest of ten."""
    return lambda: torch.randint(10, ()).item() < of


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_bee_that_raises_is_named_with_its_seed_epoch_and_error(n_jobs):
    with pytest.raises(core.BeeError, match="no such luck") as caught:
        loop(failing(3), num_bees=2, seed=9, n_jobs=n_jobs)
    error = caught.value
    assert error.epoch == 3
    assert error.seed == core.bee_seed(9, error.bee)
    assert isinstance(error.__cause__, ZeroDivisionError)


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("seed", range(3))
def test_bees_that_fail_can_be_nan_from_then_on(n_jobs, seed):
    bad = []
    for i in range(6):
        torch.manual_seed(core.bee_seed(seed, i))
        bad.append(some(5)())
    assert 0 < sum(bad) < 6
    bee = failing(3, some(5))
    with pytest.warns(RuntimeWarning, match=f"{sum(bad)} of 6 bees failed.*no such luck"):
        swarm = loop(bee, num_bees=6, seed=seed, n_jobs=n_jobs, on_error="nan")
    for values, epochs, failed in zip(swarm["V1"], swarm["V2"], bad, strict=True):
        assert np.isfinite(values[:3]).all()
        assert np.isnan(values[3:]).all() == failed
        np.testing.assert_array_equal(epochs, [0, 1, 2, *([np.nan] * 2 if failed else [3, 4])])


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_swarm_in_which_every_bee_fails_raises_all_the_same(n_jobs):
    with pytest.raises(core.BeeError, match="bee 0"):
        loop(failing(3), num_bees=3, seed=0, n_jobs=n_jobs, on_error="nan")


@processes
def test_a_failure_in_another_process_is_told_alike():
    with pytest.raises(core.BeeError, match="epoch 3: ZeroDivisionError: no such luck") as caught:
        loop(failing(3), num_bees=2, seed=9, n_jobs=2, backend="loky")
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


@processes
def test_an_error_that_cannot_be_pickled_still_arrives():
    class Stubborn(Exception):
        def __reduce__(self):
            raise TypeError("no")

    def bee():
        yield 1
        raise Stubborn("why")

    with pytest.raises(core.BeeError, match="Stubborn: why"):
        loop(bee, num_bees=2, seed=0, n_jobs=2, backend="loky")


# Processes


def test_the_backend_of_joblib_is_respected_and_threads_do_not_mix_their_draws():
    alone = loop(make_bee(), num_bees=6, seed=4)
    with joblib.parallel_config(backend="threading", n_jobs=3):
        threads = core.swarm_train(make_bee(), num_bees=6, seed=4, engine="loop")
    for name in alone:
        np.testing.assert_array_equal(alone[name], threads[name])


def test_workers_share_the_threads_of_torch():
    def bee():
        yield torch.get_num_threads()

    threads = loop(bee, num_bees=4, seed=0, n_jobs=2, backend="loky")["V1"]
    assert threads.max() <= max(1, torch.get_num_threads() // 2)


def test_a_chunk_is_what_a_worker_trains_at_a_time():
    for chunk in (1, 4, 100):
        swarm = loop(make_bee(), num_bees=5, seed=2, n_jobs=2, chunk=chunk)
        np.testing.assert_array_equal(swarm["V1"], loop(make_bee(), num_bees=5, seed=2)["V1"])


# Progress


def test_no_bar_is_shown_off_a_terminal(capsys):
    core.swarm_train(make_bee(), num_bees=2, seed=0, engine="loop")
    assert capsys.readouterr().err == ""


def test_a_bar_counts_the_bees_when_asked(capsys):
    core.swarm_train(make_bee(), num_bees=3, seed=0, engine="loop", progress=True)
    assert "3/3" in capsys.readouterr().err


# Hives and parameter sets


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_hive_is_a_swarm_for_each_parameter_set(n_jobs):
    params = list(core.make_sweep_paramsets({"epochs": 3}, width=[2, 4]))
    hive = core.hive_trainer(
        make_bee(), params, num_bees=3, seed=6, fields="y,loss,epoch", engine="loop", n_jobs=n_jobs
    )
    assert [h["width"] for h in hive] == [2, 4]
    for p, h in zip(params, hive, strict=True):
        alone = loop(make_bee(), p, num_bees=3, seed=6, fields="y,loss,epoch")
        for name, array in alone.items():
            np.testing.assert_array_equal(h[name], array)


def test_a_hive_of_nothing_is_empty():
    assert core.hive_trainer(make_bee(), [], num_bees=3, seed=0) == []


def test_a_field_with_the_name_of_a_parameter_is_an_error():
    with pytest.raises(ValueError, match="epochs"):
        core.hive_trainer(make_bee(), [{"epochs": 2}], num_bees=1, seed=0, fields="y,loss,epochs")


def test_sweeps_multiply_and_the_last_varies_fastest():
    got = [(p["a"], p["b"], p["c"]) for p in core.make_sweep_paramsets({"c": 0}, a=[1, 2], b="xy")]
    assert got == [(1, "x", 0), (1, "y", 0), (2, "x", 0), (2, "y", 0)]


def test_combos_move_together():
    sets = core.make_combo_paramsets({"s": 0}, {"a": [1, 2], "b": [3, 4]}, c=[5, 6])
    got = [tuple(p[k] for k in "sabc") for p in sets]
    assert got == [(0, 1, 3, 5), (0, 1, 3, 6), (0, 2, 4, 5), (0, 2, 4, 6)]


def test_an_empty_combo_changes_nothing():
    assert list(core.make_combo_paramsets({"s": 0}, {}, a=[1, 2])) == [
        {"s": 0, "a": 1},
        {"s": 0, "a": 2},
    ]


def test_overlapping_keys_are_an_error_at_once():
    with pytest.raises(ValueError, match="'a'"):
        core.make_combo_paramsets({"a": 1}, {"a": [1]})
    with pytest.raises(ValueError, match="'a'"):
        core.make_combo_paramsets({}, {"a": [1]}, {"a": [1]})
    with pytest.raises(ValueError, match="'a'"):
        core.make_sweep_paramsets({"a": 1}, a=[1])
    with pytest.raises(ValueError, match="differ in length"):
        core.make_combo_paramsets({}, {"a": [1], "b": [1, 2]})


def test_ready_made_bees_fly():
    bee = regimes.make_bee(regimes.default_train, X, Y, num_epochs=3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        swarm = loop(bee, {"width": 4}, num_bees=2, seed=0, fields="ypred,loss")
    assert swarm["ypred"].shape == (2, 3, 11)
    assert swarm["loss"].shape == (2, 3)


def test_later_bees_of_a_swarm_are_those_of_the_whole():
    whole = loop(make_bee(), num_bees=5, seed=3)
    for engine in ("loop", "lift"):
        later = core.swarm_train(make_bee(), num_bees=2, seed=3, first_bee=3, engine=engine)
        for name, array in later.items():
            np.testing.assert_allclose(array, whole[name][3:], atol=1e-6)
    with pytest.raises(core.BeeError, match=rf"bee 7 \(seed {core.bee_seed(3, 7)}\)"):
        loop(failing(1), num_bees=1, seed=3, first_bee=7)
    with pytest.raises(ValueError, match="first_bee must be at least 0"):
        loop(make_bee(), num_bees=1, seed=3, first_bee=-1)
