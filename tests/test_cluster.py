"""Swarms on a dask cluster, through joblib."""

import os
import signal
import warnings

import joblib
import numpy as np
import pytest
import torch

from swarm import core

distributed = pytest.importorskip("distributed")

pytestmark = pytest.mark.filterwarnings("ignore")  # of dask, tornado and sockets closing


def make_bee(marker=None):
    """Return a bee; given a path, the first process that trains in it is killed there."""

    def bee(width=4):
        net = torch.nn.Sequential(
            torch.nn.Linear(1, width), torch.nn.Tanh(), torch.nn.Linear(width, 1)
        )
        optimiser = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
        x = torch.linspace(-2, 2, 16).unsqueeze(1)
        for epoch in range(10):
            if marker is not None and epoch == 5:
                try:
                    os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
                except FileExistsError:
                    pass
                else:
                    os.kill(os.getpid(), signal.SIGKILL)
            optimiser.zero_grad()
            loss = torch.nn.functional.mse_loss(net(x), torch.sin(x))
            loss.backward()
            optimiser.step()
            yield net(x), loss.item()

    return bee


@pytest.fixture(scope="module")
def cluster():
    with (
        warnings.catch_warnings(),
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
            silence_logs=50,
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        client.wait_for_workers(2)
        yield client


def on_cluster(bee, engine, **settings):
    with joblib.parallel_config(backend="dask"):
        return core.swarm_train(bee, num_bees=12, seed=5, engine=engine, **settings)


@pytest.mark.parametrize("engine", ["lift", "loop"])
def test_a_swarm_on_a_cluster_is_the_swarm_trained_here(cluster, engine):
    here = core.swarm_train(make_bee(), num_bees=12, seed=5, engine="loop")
    there = on_cluster(make_bee(), engine)
    for name in here:
        np.testing.assert_allclose(there[name], here[name], atol=1e-5)


def test_the_bees_are_trained_in_several_other_processes(cluster):
    def bee():
        yield os.getpid()

    pids = set(on_cluster(bee, "loop")["V1"].ravel().tolist())
    assert len(pids) == 2
    assert os.getpid() not in pids


def test_a_hive_on_a_cluster_is_the_hive_trained_here(cluster):
    params = [{"width": 2}, {"width": 5}]
    here = core.hive_trainer(make_bee(), params, num_bees=4, seed=5, engine="loop")
    with joblib.parallel_config(backend="dask"):
        there = core.hive_trainer(make_bee(), params, num_bees=4, seed=5)
    for one, other in zip(there, here, strict=True):
        assert one["width"] == other["width"]
        np.testing.assert_allclose(one["V1"], other["V1"], atol=1e-5)


@pytest.mark.skipif(os.name == "nt", reason="kills a process by a POSIX signal")
@pytest.mark.parametrize("engine", ["lift", pytest.param("loop", marks=pytest.mark.slow)])
def test_a_worker_killed_in_the_middle_costs_a_retry_and_not_the_run(cluster, engine, tmp_path):
    marker = str(tmp_path / f"killed-{engine}")
    here = core.swarm_train(make_bee(), num_bees=12, seed=5, engine="loop")
    cluster.wait_for_workers(2)
    there = on_cluster(make_bee(marker), engine)
    assert os.path.exists(marker)
    for name in here:
        np.testing.assert_allclose(there[name], here[name], atol=1e-5)


def test_a_bee_that_fails_on_a_cluster_is_named(cluster):
    def bee():
        yield torch.rand(2)
        raise ZeroDivisionError("no such luck")

    with pytest.raises(core.BeeError, match="no such luck") as caught:
        on_cluster(bee, "loop")
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert caught.value.epoch == 1
