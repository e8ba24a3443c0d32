"""Downloads that run alone: scripts say what they need (PEP 723); archives repeat exactly."""

import ast
import sys
import zipfile
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

from sphinx.application import Sphinx

from swarm._files import written_whole

from ._depends import providers

__all__ = ["complete_downloads", "with_metadata"]

_OPENING = "# /// script"
_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that an archive can hold


def complete_downloads(app: Sphinx, scripts: list[Path]) -> None:
    """Put metadata into the scripts that the site offers, alone and in their archives.

    Parameters
    ----------
    app : Sphinx
    scripts : list of Path
        In the folder of generated pages.
    """
    offered = {Path(name).as_posix(): to for name, (_, to) in app.env.dlfiles.items()}
    for script in scripts:
        page = script.relative_to(app.srcdir).with_suffix("").as_posix()
        text = with_metadata(script.read_text("utf-8"), app.config.swarm_package)
        for suffix in (".py", ".zip"):
            if page + suffix not in offered:
                continue
            with written_whole(Path(app.outdir, "_downloads", offered[page + suffix])) as part:
                if suffix == ".py":
                    part.write_text(text, "utf-8")
                else:
                    _write_archive(part, script, text)


def _write_archive(path: Path, script: Path, text: str) -> None:
    notebook = script.with_suffix(".ipynb")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in ((script.name, text), (notebook.name, notebook.read_text("utf-8"))):
            info = zipfile.ZipInfo(name, _DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, content)


def with_metadata(code: str, package: str) -> str:
    """Return a script that says by itself what it needs, as ``uv run`` and ``pipx run`` read it.

    Parameters
    ----------
    code : str
        One that has such a block already is returned as it is.
    package : str
        Distribution that it needs; others are found by what it imports.
    """
    if any(line.strip() == _OPENING for line in code.splitlines()):
        return code
    known = providers()
    found = {known[name][0] for name in _imported(code) if name in known}
    needed = sorted(found | {package}, key=lambda name: (name != package, name.lower()))
    lines = [_OPENING]
    try:
        if version := metadata(package)["Requires-Python"]:
            lines.append(f'# requires-python = "{version}"')
    except PackageNotFoundError:
        pass
    listed = ", ".join(f'"{name}"' for name in needed)
    return "\n".join([*lines, f"# dependencies = [{listed}]", "# ///", "", code])


def _imported(code: str) -> set[str]:
    """Return the top-level modules that a script imports, without Python's own."""
    names: set[str] = set()
    try:
        tree = ast.parse(code)
    except SyntaxError:  # which its page names
        return names
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names - sys.stdlib_module_names
