"""Jobs that a second process shares."""

import os
import time

import pytest

pytest.importorskip("sphinx", reason="needs the docs group")

from swarm.sphinxext._beside import Beside

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


def jobs(folder, count, slow=0.05, fails=()):
    def job(index):
        with (folder / f"{index}").open("a") as file:
            file.write(f"{os.getpid()} ")
        time.sleep(slow)
        if index in fails and os.getpid() != here:
            raise ValueError(index)
        return index

    here = os.getpid()
    return [lambda index=index: job(index) for index in range(count)]


def test_each_job_is_done_once_by_one_of_two_processes(tmp_path):
    beside = Beside(jobs(tmp_path, 12))
    results = [beside.result(index) for index in range(12)]
    beside.close()
    done = [(tmp_path / f"{index}").read_text().split() for index in range(12)]
    assert all(len(pids) == 1 for pids in done)
    mine = {index for index, (pid,) in enumerate(done) if int(pid) == os.getpid()}
    assert 0 < len(mine) < 12
    assert results == [index if index in mine else None for index in range(12)]


def test_a_job_that_fails_there_does_not_keep_the_others(tmp_path):
    beside = Beside(jobs(tmp_path, 6, fails={5}))
    results = [beside.result(index) for index in range(6)]
    beside.close()
    assert results[5] is None
    assert None in results[:5]  # it went on


def test_jobs_of_a_process_that_was_killed_are_done_here(tmp_path):
    beside = Beside(jobs(tmp_path, 4, slow=0.5))
    while not (tmp_path / "3").exists():
        time.sleep(0.01)
    os.kill(beside._helper, 9)
    assert [beside.result(index) for index in range(4)] == [0, 1, 2, 3]
    beside.close()
