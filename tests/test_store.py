"""Swarms and hives on disk: kept while they are made, resumed, opened again; and as tables."""

import json
import os
import signal
import subprocess
import sys
import textwrap
from contextlib import contextmanager

import numpy as np
import pandas
import pytest
import torch

from swarm import core

try:
    import resource
except ImportError:  # on Windows
    resource = None

ENGINES = pytest.mark.parametrize("engine", ["lift", "loop"])


def bee(lr=0.5, epochs=4):
    x = torch.randn(3)
    for epoch in range(epochs):
        x = x * lr
        yield x, x.sum().item(), epoch


def train(trainer=bee, num_bees=7, seed=3, **settings):
    settings = {"fields": "x,total,count", "progress": False, "chunk": 3, **settings}
    return core.swarm_train(trainer, num_bees=num_bees, seed=seed, **settings)


def assert_same(one, other):
    assert one.keys() == other.keys()
    for name, value in other.items():
        np.testing.assert_array_equal(one[name], value)
        assert getattr(one[name], "dtype", None) == getattr(value, "dtype", None)


@ENGINES
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_arrays_lie_in_a_folder_and_are_opened_again(tmp_path, engine, n_jobs):
    folder = tmp_path / "run"
    swarm = train(out=folder, engine=engine, n_jobs=n_jobs)
    assert all(isinstance(array, np.memmap) for array in swarm.values())
    assert_same(swarm, train(engine=engine))
    assert_same(core.load(folder), swarm)
    assert np.load(folder / "x.npy").shape == (7, 4, 3)


def test_what_is_changed_in_a_loaded_swarm_stays_out_of_its_files(tmp_path):
    core.save(train(), tmp_path / "swarm")
    core.load(tmp_path / "swarm")["total"][:] = 0
    assert core.load(tmp_path / "swarm")["total"].any()


KILLED = """
    import os, signal, sys, torch
    from swarm import core

    def bee():
        with open(sys.argv[2], "a") as log:
            log.write("*")
        if os.path.getsize(sys.argv[2]) == 6 and len(sys.argv) > 3:
            os.kill(os.getpid(), signal.SIGKILL)
        for epoch in range(4):
            yield torch.randn(3), epoch

    core._store.OFTEN = 0
    core.swarm_train(bee, num_bees=8, seed=1, out=sys.argv[1], engine="loop", progress=False)
"""


@pytest.mark.skipif(os.name != "posix", reason="kills by a signal")
def test_a_run_that_was_killed_goes_on_with_the_bees_that_are_missing(tmp_path):
    script, log, out = tmp_path / "run.py", tmp_path / "log", tmp_path / "out"
    script.write_text(textwrap.dedent(KILLED))
    killed = subprocess.run([sys.executable, script, out, log, "kill"], check=False)
    assert killed.returncode == -signal.SIGKILL
    with pytest.raises(ValueError, match=r"5 bees have ended.*same out="):
        core.load(out)
    subprocess.run([sys.executable, script, out, log], check=True)
    assert len(log.read_text()) == 6 + 3  # five had ended, the sixth and two more are trained
    swarm = core.load(out)
    for i in range(8):
        torch.manual_seed(core.bee_seed(1, i))
        np.testing.assert_array_equal(swarm["V1"][i], [torch.randn(3).numpy() for _ in range(4)])


def test_a_swarm_that_is_complete_is_not_trained_again(tmp_path):
    def never():
        raise AssertionError

    first = train(out=tmp_path / "run")
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert manifest["ended"] == [[0, 7]]
    second = train(out=tmp_path / "run", seed=None)
    assert_same(second, first)
    with pytest.raises(ValueError, match="trainer is"):
        train(never, out=tmp_path / "run")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"seed": 4}, "seed is 3 there and 4 here"),
        ({"num_bees": 8}, "num_bees is 7 there and 8 here"),
        ({"bee_params": {"lr": 0.25}}, "'lr': 0.25"),
        ({"fields": "x,sum,count"}, "fields is"),
        ({"first_bee": 2}, "first_bee is 0 there"),
        ({"each": {"lr": np.linspace(0.1, 0.7, 7)}}, "each is"),
    ],
)
def test_a_folder_of_another_run_is_refused_by_what_differs(tmp_path, change, named):
    first = train(out=tmp_path / "run")
    with pytest.raises(ValueError, match="holds another run") as caught:
        train(out=tmp_path / "run", **change)
    assert named in str(caught.value)
    assert_same(core.load(tmp_path / "run"), first)


def test_a_folder_of_a_stranger_is_refused_and_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("all of it")
    for attempt in (lambda: train(out=tmp_path), lambda: core.save(train(), tmp_path)):
        with pytest.raises(FileExistsError):
            attempt()
    with pytest.raises(FileNotFoundError, match=r"manifest\.json"):
        core.load(tmp_path)
    with pytest.raises(FileExistsError):
        train(out=tmp_path / "thesis.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
    assert (tmp_path / "thesis.txt").read_text() == "all of it"


def test_a_full_disk_is_an_error_that_names_the_field(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full, raising=False)
    with pytest.raises(OSError, match=r"no room for the .* bytes of field 'x'"):
        train(out=tmp_path / "run")
    assert not [*tmp_path.rglob("*.npy")]


@contextmanager
def files_limited_to(size):
    """Have no file grow beyond a size, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.skipif(resource is None, reason="needs limits of a Unix system")
def test_a_run_goes_on_once_there_is_room(tmp_path):
    def padded(stop):
        for epoch in range(40):
            x = torch.rand(200)
            yield x
            if epoch == stop:
                return

    settings = {"each": {"stop": [3, 3, 3, 3, 30, 30, 30, 30]}, "chunk": 4, "uneven": "pad"}
    given = {"num_bees": 8, "seed": 1, "fields": "x", "progress": False, **settings}
    # The first chunk has room, what the second makes of it has not.
    with files_limited_to(100_000), pytest.raises(OSError, match="free some and call again"):
        core.swarm_train(padded, out=tmp_path / "run", **given)
    kept = np.load(tmp_path / "run" / "x.npy")
    again = core.swarm_train(padded, out=tmp_path / "run", **given)
    np.testing.assert_array_equal(kept[:4], again["x"][:4, :4])
    assert_same(again, core.swarm_train(padded, **given))


def uneven(lr=0.5):
    for epoch in range(9):
        x = torch.rand(2)
        yield x, x[0].item(), epoch
        if x[1] < 0.2:
            return


@pytest.mark.filterwarnings("ignore:trained")
@pytest.mark.parametrize("engine", ["auto", "loop"])
def test_bees_that_end_at_different_times_lie_in_a_folder_too(tmp_path, engine):
    settings = {"num_bees": 12, "uneven": "pad", "engine": engine}
    swarm = train(uneven, out=tmp_path / "run", **settings)
    assert len(set(swarm["epochs_run"].tolist())) > 2
    assert_same(swarm, train(uneven, **settings))
    assert_same(core.load(tmp_path / "run"), swarm)


@pytest.mark.parametrize("engine", ["lift", "loop"])
def test_a_hive_lies_in_a_folder_and_is_resumed(tmp_path, engine):
    params = list(core.make_sweep_paramsets({"epochs": 3}, lr=[0.5, 0.25]))
    settings = {"num_bees": 4, "fields": "x,total,count", "engine": engine, "progress": False}
    hive = core.hive_trainer(bee, params, out=tmp_path / "hive", seed=1, **settings)
    kept = core.load(tmp_path / "hive")
    plain = core.hive_trainer(bee, params, seed=1, **settings)
    for one, two, three in zip(hive, kept, plain, strict=True):
        assert_same(one, three)
        assert_same(two, three)
    again = core.hive_trainer(bee, params, out=tmp_path / "hive", **settings)
    assert_same(again[1], hive[1])
    with pytest.raises(ValueError, match="hive of 2, and no hive of 1"):
        core.hive_trainer(bee, params[:1], out=tmp_path / "hive", seed=1, **settings)


def test_a_hive_with_data_is_saved_and_loaded(tmp_path):
    x = torch.linspace(0, 1, 5)
    hive = [{"data": x, "name": "a", "shape": [2, 3], "lr": np.float64(0.1), **train()}] * 2
    core.save(hive, tmp_path / "hive")
    kept = core.load(tmp_path / "hive")
    assert [list(one) for one in kept] == [list(one) for one in hive]
    np.testing.assert_array_equal(kept[1]["data"], x.numpy())
    assert kept[0]["shape"] == [2, 3]
    with pytest.raises(FileExistsError, match="exists"):
        core.save(hive, tmp_path / "hive")


def test_what_cannot_be_saved_is_named_and_nothing_is_left(tmp_path):
    with pytest.raises(TypeError, match="'net' of type Linear"):
        core.save({"net": torch.nn.Linear(1, 1)}, tmp_path / "swarm")
    assert not [*tmp_path.iterdir()]


# Tables


def test_a_swarm_is_a_tidy_table():
    swarm = train()
    table = core.to_frame(swarm)
    assert [*table.columns] == ["bee", "epoch", "total", "count"]
    one = table[(table.bee == 2) & (table.epoch == 3)]
    assert one.total.item() == swarm["total"][2, 3]
    wide = core.to_frame({"x": swarm["x"]}, ["x"])
    assert [*wide.columns] == ["bee", "epoch", "dim_0", "x"]
    assert wide.x.iloc[-1] == swarm["x"][6, 3, 2]
    with pytest.raises(ValueError, match="name of an axis"):
        core.to_frame({"epoch": swarm["count"]})
    with pytest.raises(ValueError, match=r"\['lose'\]"):
        core.to_frame(swarm, ["lose"])
    with pytest.raises(ValueError, match="of one shape"):
        core.to_frame(swarm, ["x", "total"])


def hive_of(**sweeps):
    params = list(core.make_sweep_paramsets({"epochs": 3}, **sweeps))
    return core.hive_trainer(bee, params, 4, 1, "x,total,count", engine="loop", progress=False)


def test_a_hive_is_a_tidy_table_with_its_parameters():
    hive = hive_of(lr=[0.5, 0.25])
    table = core.to_frame(hive)
    assert [*table.columns] == ["epochs", "lr", "bee", "epoch", "total", "count"]
    last = table[table.epoch == 2].groupby("lr").total.mean()
    assert isinstance(last, pandas.Series)
    np.testing.assert_allclose(last[0.25], hive[1]["total"][:, 2].mean(), rtol=1e-6)


def test_epochs_that_a_bee_has_not_run_are_no_rows():
    swarm = train(uneven, num_bees=6, uneven="pad", engine="loop", fields="x,y,count")
    assert len(core.to_frame(swarm)) == swarm["epochs_run"].sum()


def test_a_hive_is_a_data_set_with_a_dimension_for_each_sweep():
    hive = hive_of(lr=[0.5, 0.25, 0.125])
    data = core.to_xarray(hive)
    assert dict(data.sizes) == {"lr": 3, "bee": 4, "epoch": 3, "x_dim_0": 3}
    np.testing.assert_array_equal(data.x.sel(lr=0.25).transpose("bee", "epoch", ...), hive[1]["x"])
    assert data.attrs == {"epochs": 3}

    pairs = [{"lr": 0.5, "epochs": 3}, {"lr": 0.25, "epochs": 2}]
    swarms = core.hive_trainer(bee, pairs, 4, 1, "x,total,count", engine="loop", progress=False)
    data = core.to_xarray(swarms)
    assert data.total.dims == ("swarm", "bee", "epoch")
    assert data.lr.values.tolist() == [0.5, 0.25]
    assert np.isnan(data.total.values[1, :, 2]).all()


def test_a_grid_of_two_sweeps_has_both_as_dimensions():
    params = list(core.make_sweep_paramsets({}, lr=[0.5, 0.25], epochs=[2, 3]))
    swarms = core.hive_trainer(bee, params, 4, 1, "x,total,count", engine="loop", progress=False)
    data = core.to_xarray(swarms)
    assert set(data.total.dims) == {"lr", "epochs", "bee", "epoch"}
    chosen = data.total.sel(lr=0.25, epochs=3).transpose("bee", "epoch")
    np.testing.assert_array_equal(chosen, swarms[3]["total"])


def test_a_swarm_is_a_data_set():
    data = core.to_xarray(train())
    assert data.x.dims == ("bee", "epoch", "x_dim_0")


@pytest.mark.parametrize("name", ["pandas", "xarray"])
def test_a_library_that_is_missing_is_named(monkeypatch, name):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=rf"pip install swarmscape\[{name}\]"):
        (core.to_frame if name == "pandas" else core.to_xarray)(train())
