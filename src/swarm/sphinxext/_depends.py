"""What a page's run depends on, beside its own text: read from import statements, not guessed.

A page runs again when something that it reaches has changed: a module of the site's own
sources, imported directly or not, or a distribution that these import. Modules are compared
by their syntax tree without docstrings, so that a comment or a docstring changes nothing.
Line numbers do not count: nothing that a page shows depends on them.
"""

import ast
import hashlib
import re
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions
from pathlib import Path
from platform import python_version

__all__ = ["Sources", "blocks_of", "code_of", "differences", "providers"]


class Sources:
    """The modules below some folders, and who imports whom.

    Parameters
    ----------
    folders : iterable of Path
        Each holds packages and modules as it would on ``sys.path``.
    """

    def __init__(self, folders: Iterable[Path]) -> None:
        self.files = {
            _module_name(path.relative_to(folder)): path
            for folder in folders
            for path in sorted(folder.rglob("*.py"))
        }
        self._imported: dict[str, tuple[set[str], set[str]]] = {}
        self._digests: dict[str, str] = {}
        self._known_dists: dict[str, tuple[str, set[str]]] = {}

    def parts(self, code: str, modules: Iterable[str] = ()) -> dict[str, str]:
        """Return what code reaches by its imports, each with a digest or a version.

        Parameters
        ----------
        code : str
            That of a page.
        modules : iterable of str
            Reached beside it, for example because they draw what it shows.

        Returns
        -------
        dict
            ``{"module swarm.core": digest, "numpy": version, …}``
        """
        local, foreign = self._imports(ast.walk(ast.parse(code)), "")
        asked = local | {name for name in modules if name in self.files}
        todo, seen = set(asked), set[str]()
        while todo:
            name = todo.pop()
            seen.add(name)
            self._read(name)
            more, others = self._imported[name]
            foreign = foreign | others
            more = more | self._packages_above(name)
            # Of the extension only what is asked for: see `swarm.sphinxext._reuse`.
            todo |= {m for m in more if not _is_ours(m) or m in asked} - seen
        found = {f"module {name}": self._digests[name] for name in sorted(seen)}
        return found | {"Python": python_version()} | self.versions(foreign)

    def _read(self, name: str) -> None:
        if name in self._digests:
            return
        path = self.files[name]
        tree = ast.parse(path.read_text("utf-8"), str(path))
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        # What the extension's modules import within a function is named by who asks for it:
        # a page without plotly figures does not depend on what draws them.
        self._imported[name] = self._imports(
            tree.body if _is_ours(name) else ast.walk(tree), package
        )
        self._digests[name] = _digest(tree)

    def _packages_above(self, name: str) -> set[str]:
        steps = name.split(".")
        above = {".".join(steps[:count]) for count in range(1, len(steps))}
        return above & self.files.keys()

    def _imports(self, tree: Iterable[ast.AST], package: str) -> tuple[set[str], set[str]]:
        """Return the local modules and the other top-level names that a tree's nodes import."""
        local, foreign = set(), set()
        for node in tree:
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = _absolute(node, package)
            else:
                continue
            for name in names:
                if found := self._known(name):
                    local.add(found)
                else:
                    foreign.add(name.partition(".")[0])
        return local, foreign

    def _known(self, name: str) -> str:
        """Return the module that holds a name, the innermost there is."""
        while name and name not in self.files:
            name = name.rpartition(".")[0]
        return name

    def versions(self, names: set[str]) -> dict[str, str]:
        """Return the versions of what provides these modules, and of what that requires."""
        todo = {dist for name in names for dist in map(_plain, providers().get(name, ()))}
        found: dict[str, str] = {}
        while todo:
            name = todo.pop()
            if name not in self._known_dists:
                self._known_dists[name] = _version_and_needs(name)
            version, needed = self._known_dists[name]
            if version:  # else an optional requirement that is not installed
                found[_plain(name)] = version
                todo |= needed - found.keys()
        return dict(sorted(found.items()))


@cache
def providers() -> dict[str, list[str]]:
    """Return the distributions that provide each module at the top."""
    return dict(packages_distributions())


def _version_and_needs(name: str) -> tuple[str, set[str]]:
    try:
        info = distribution(name)
    except PackageNotFoundError:
        return "", set()
    needed = [line for line in info.requires or () if "extra ==" not in line]
    return info.version, {_plain(re.split(r"[^\w.-]", line)[0]) for line in needed}


def code_of(page: Path) -> str:
    """Return the Python of a gallery script, or of a MyST notebook's code cells."""
    text = page.read_text("utf-8")
    if page.suffix == ".py":
        return text
    cells = re.findall(r"^```+ *\{code-cell\}.*?\n(.*?)^```+ *$", text, re.DOTALL | re.MULTILINE)
    lines = [line for cell in cells for line in [*cell.splitlines(), ""]]
    # Magics and a cell's options are no Python.
    kept = [line for line in lines if not re.match(r"\s*[%!]|:\S+:|---$", line)]
    return "\n".join(kept)


def blocks_of(page: Path) -> list[str]:
    """Return the code of a page, block by block, without the prose between."""
    if page.suffix != ".py":
        return [code_of(page)]
    from sphinx_gallery.py_source_parser import split_code_and_text_blocks

    _, blocks = split_code_and_text_blocks(str(page))
    return [block.content for block in blocks if block.type == "code"]


def differences(old: dict[str, str], new: dict[str, str], *, is_words: bool = True) -> list[str]:
    """Say what has changed, in words; names alone, if the values mean nothing to a reader."""
    words = []
    for name in sorted(old.keys() | new.keys()):
        before, now = old.get(name), new.get(name)
        if before == now:
            continue
        short = name.removeprefix("module ")
        if name.startswith("module ") or not is_words:
            words.append(short)
        else:
            words.append(f"{short} {before or 'new'} → {now or 'gone'}")
    return words


def _is_ours(name: str) -> bool:
    return name == "swarm.sphinxext" or name.startswith("swarm.sphinxext.")


def _module_name(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def _absolute(node: ast.ImportFrom, package: str) -> list[str]:
    """Return the full names that ``from … import …`` may mean."""
    steps = package.split(".") if package else []
    above = steps[: len(steps) - node.level + 1] if node.level else []
    base = ".".join([*above, *([node.module] if node.module else [])])
    return [f"{base}.{alias.name}" for alias in node.names]


def _digest(tree: ast.Module) -> str:
    """Digest a tree, and take its docstrings away."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(node, _DOCUMENTED):
            node.body = [line for line in body if not _is_text(line)] or [ast.Pass()]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()[:16]


_DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def _is_text(line: ast.stmt) -> bool:
    """Say whether a statement is a bare string: a docstring, or one below an attribute."""
    return (
        isinstance(line, ast.Expr)
        and isinstance(line.value, ast.Constant)
        and isinstance(line.value.value, str)
    )


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
