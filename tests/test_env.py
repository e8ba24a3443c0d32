import importlib

import pytest

from swarm import env


@pytest.fixture
def read(monkeypatch):
    """Read the settings anew under another environment, and the true ones afterwards."""

    def read_with(**settings):
        for name in ("SWARM_FULL", "SWARM_DARK"):
            monkeypatch.delenv(name, raising=False)
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        return importlib.reload(env)

    yield read_with
    monkeypatch.undo()
    importlib.reload(env)


def test_a_downloaded_script_runs_full_and_draws_light_movies_only(read):
    settings = read()
    assert settings.FULL is True
    assert settings.DARK is False


@pytest.mark.parametrize(("text", "value"), [("0", False), ("1", True), ("no", False), ("", True)])
def test_full_follows_the_environment(read, text, value):
    assert read(SWARM_FULL=text).FULL is value


def test_a_word_that_is_neither_yes_nor_no_is_refused(read):
    with pytest.raises(ValueError, match=r"SWARM_FULL='maybe'.*SWARM_FULL=1"):
        read(SWARM_FULL="maybe")
