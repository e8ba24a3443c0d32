"""Who may import whom, where names live, and that importing does nothing else."""

import ast
import importlib
import pickle
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import swarm

FOLDER = Path(swarm.__file__).parent
REFERENCE = Path(__file__).parents[1] / "docs" / "api"
FACES = sorted(path.parent.name for path in FOLDER.glob("*/__init__.py"))
LEAVES = ["_drawing", "_limits", "activations", "env", "metrics", "style", "util"]
DRAWING = ["animator", "figures", "movie", "player"]
TRAINING = {"core", "lift", "regimes"}


def modules() -> dict[str, Path]:
    """File of each module, by its name below the package."""
    return {
        ".".join(path.relative_to(FOLDER).with_suffix("").parts).removesuffix(".__init__"): path
        for path in FOLDER.rglob("*.py")
        if path != FOLDER / "__init__.py"
    }


FILES = modules()


def imported(name: str) -> set[str]:
    """Modules of the package that stand in a module's import statements."""
    path = FILES[name]
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.removeprefix("swarm.") for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1]
            start = ".".join(above) if node.level else (node.module or "")
            base = f"{start}.{node.module}" if node.level and node.module else start
            base = base.removeprefix("swarm.").removeprefix("swarm")
            named = {f"{base}.{alias.name}".lstrip(".") for alias in node.names}
            # A module that is named itself, or the one that holds the name.
            found |= {full if full in FILES else base for full in named}
    return found & FILES.keys()


def reached(name: str) -> set[str]:
    """Modules of the package that a module reaches by imports, directly or not."""
    found: set[str] = set()
    todo = [name]
    while todo:
        new = imported(todo.pop()) - found
        found |= new
        todo += new
    return found


def rooms(names: set[str]) -> set[str]:
    """Names directly below the package."""
    return {name.partition(".")[0] for name in names}


def test_public_names_are_those_with_a_reference_page():
    pages = {path.stem for path in REFERENCE.glob("*.rst")}
    shown = {name for name in FILES if not any(part.startswith("_") for part in name.split("."))}
    assert shown == pages == set(swarm.__all__)
    assert len(pages) == 15


@pytest.mark.parametrize("face", FACES)
def test_the_face_of_a_package_only_hands_names_on(face):
    package = importlib.import_module(f"swarm.{face}")
    for node in ast.parse((FOLDER / face / "__init__.py").read_text("utf-8")).body:
        assert isinstance(node, ast.Expr | ast.ImportFrom | ast.Assign), ast.unparse(node)
        if isinstance(node, ast.Assign):
            assert ast.unparse(node.targets[0]) == "__all__"
        elif isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant):
            assert ast.unparse(node) == "hand_on(__name__)"
    for name in package.__all__:
        thing = getattr(package, name)
        if callable(thing) and getattr(thing, "__module__", "").startswith("swarm"):
            assert thing.__module__ == f"swarm.{face}"
            assert pickle.loads(pickle.dumps(thing)) is thing


def test_every_public_name_is_handed_on_lazily():
    program = "import sys, swarm; sys.exit(any(m.startswith('swarm.') for m in sys.modules))"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
    for module in pkgutil.iter_modules(swarm.__path__):
        if not module.name.startswith("_"):
            assert getattr(swarm, module.name) is importlib.import_module(f"swarm.{module.name}")
    with pytest.raises(AttributeError, match="no attribute 'hum'"):
        _ = swarm.hum


@pytest.mark.parametrize("name", LEAVES)
def test_leaves_import_nothing_local(name):
    assert reached(name) == set()


def test_tables_of_hives_know_only_limits():
    assert reached("_hive") == {"_limits"}


def test_networks_know_only_their_activations():
    assert reached("networks") == {"activations"}


def test_regimes_reach_the_networks_so_the_walk_finds_imports():
    assert reached("regimes") == {"networks", "activations"}
    assert "lift._values" in reached("core")
    assert "sphinxext._media" in imported("sphinxext")  # a relative import, too


@pytest.mark.parametrize("name", DRAWING)
def test_drawing_never_imports_training(name):
    assert rooms(reached(name)).isdisjoint(TRAINING)


def test_lifting_knows_torch_only():
    assert rooms(reached("lift")) == {"lift", "_face"}


def test_no_rooms_import_one_another_in_a_circle():
    arrows = {
        room: rooms(set().union(*(imported(n) for n in FILES if rooms({n}) == {room}))) - {room}
        for room in rooms(set(FILES))
    }
    while arrows:
        floor = {room for room, needed in arrows.items() if not needed & arrows.keys()}
        assert floor, f"these import one another: {arrows}"
        arrows = {room: needed for room, needed in arrows.items() if room not in floor}


@pytest.mark.parametrize("name", DRAWING)
def test_drawings_take_their_colors_from_the_styles(name):
    for path in (FOLDER / name).rglob("*.py"):
        assert not re.findall(r"#[0-9a-fA-F]{6}\b", path.read_text("utf-8")), path


def test_importing_changes_no_global_setting():
    names = [name for name in swarm.__all__ if name != "sphinxext"]
    program = f"""
import matplotlib, numpy, torch
def settings():
    randomness = torch.get_rng_state().tolist(), numpy.random.get_state()[1].tolist()
    return dict(matplotlib.rcParams), torch.get_num_threads(), randomness
before = settings()
import importlib
for name in {names}:
    importlib.import_module("swarm." + name)
assert settings() == before
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
