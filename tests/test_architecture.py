"""Who may import whom, and that importing does nothing else."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import swarm

FOLDER = Path(swarm.__file__).parent
LEAVES = ["activations", "env", "metrics", "util"]
DRAWING = ["animator", "figures", "movie", "player"]
TRAINING = {"core", "lift", "regimes"}


def local_imports(name: str) -> set[str]:
    """Modules of the package that a module reaches by import statements, directly or not."""
    found: set[str] = set()
    todo = [name]
    while todo:
        source = (FOLDER / f"{todo.pop().replace('.', '/')}.py").read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ImportFrom) and node.module:
                named = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            elif isinstance(node, ast.Import):
                named = [alias.name for alias in node.names]
            else:
                continue
            inside = {full.removeprefix("swarm.") for full in named if full.startswith("swarm.")}
            new = {part for part in inside if is_module(part)} - found
            found |= new
            todo += new
    return found


def is_module(name: str) -> bool:
    return (FOLDER / f"{name.replace('.', '/')}.py").exists()


@pytest.mark.parametrize("name", LEAVES)
def test_leaves_import_nothing_local(name):
    assert local_imports(name) == set()


def test_networks_know_only_their_activations():
    assert local_imports("networks") == {"activations"}


def test_regimes_reach_the_networks_so_the_walk_finds_imports():
    assert local_imports("regimes") == {"networks", "activations"}


@pytest.mark.parametrize("name", DRAWING)
def test_drawing_never_imports_training(name):
    assert local_imports(name).isdisjoint(TRAINING)


def test_lifting_knows_neither_drawing_nor_the_core():
    reached = local_imports("lift")
    assert "_lift.values" in reached
    assert reached.isdisjoint({*DRAWING, "core"})


def test_importing_changes_no_global_setting():
    modules = [
        path.stem for path in FOLDER.glob("*.py") if path.stem not in ("__init__", "sphinxext")
    ]
    program = f"""
import matplotlib, numpy, torch
def settings():
    randomness = torch.get_rng_state().tolist(), numpy.random.get_state()[1].tolist()
    return dict(matplotlib.rcParams), torch.get_num_threads(), randomness
before = settings()
import importlib
for name in {modules}:
    importlib.import_module("swarm." + name)
assert settings() == before
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
