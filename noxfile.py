"""How Swarmscape is built and checked; ``nox -l`` lists the sessions, a line each."""

import os
import shutil
import tempfile
from pathlib import Path

import nox

nox.needs_version = ">=2024.4.15"
nox.options.default_venv_backend = "virtualenv"
nox.options.reuse_venv = "yes"
nox.options.error_on_missing_interpreters = False
nox.options.sessions = ["lint", "types", "tests", "docs"]

HERE = Path(__file__).parent
HTML = HERE / "build" / "html"


def install(session: nox.Session, *groups: str, package: str = "-e.") -> None:
    """Install the package with the named dependency groups, at the pinned versions."""
    wanted = [argument for group in groups for argument in ("--group", group)]
    session.install("-c", "constraints.txt", package, *wanted)


def build_site(session: nox.Session, *, full: bool, only: str = "") -> None:
    """Build the site into build/html and say how to open it."""
    install(session, "docs")
    options = [] if only else list(session.posargs)
    if "--force" in options:
        options[options.index("--force")] = "-Dswarm_force=1"
    session.run(
        *("python", "-m", "sphinx", "-W", "-n", "--keep-going", "-b", "html"),
        *("-d", "build/doctrees", "docs", str(HTML), *options),
        env={
            "SWARM_FULL": str(int(full)),
            "SWARM_DARK": "1",
            "SWARM_ONLY": only,
            "OMP_NUM_THREADS": "1",  # scripts and notebooks run side by side
        },
    )
    page = HTML / "index.html"
    session.log(f"the site is in {HTML}")
    session.log(f"open {page.as_uri()} in a browser, or run: python -m http.server -d {HTML}")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site, fast: small swarms, marked as a preview; -- --force runs all pages again."""
    build_site(session, full=False)


@nox.session
def docs_full(session: nox.Session) -> None:
    """Build the site with every experiment at its full size."""
    build_site(session, full=True)


@nox.session
def docs_live(session: nox.Session) -> None:
    """Build the site, serve it and rebuild it on every save; fast."""
    install(session, "docs")
    session.run(
        *("python", "-m", "sphinx_autobuild", "-n", "-d", "build/doctrees"),
        *("--watch", "src", "--watch", "gallery", "--ignore", "*/auto_gallery/*"),
        *("--ignore", "*/api/generated/*", "--ignore", "*.mp4", "--open-browser"),
        *("docs", str(HTML), *session.posargs),
        env={"SWARM_FULL": "0", "SWARM_DARK": "1", "OMP_NUM_THREADS": "1"},
    )


@nox.session
def docs_one(session: nox.Session) -> None:
    """Run one gallery script and build its page: -- NAME, or -- NAME full."""
    scripts = sorted(script.stem for script in (HERE / "gallery").rglob("*.py"))
    name, *mode = session.posargs or [""]
    if name not in scripts or mode not in ([], ["full"], ["fast"]):
        session.error(
            f"-- {' '.join(session.posargs)} is not -- NAME or -- NAME full, "
            f"with NAME one of: {', '.join(scripts)}"
        )
    build_site(session, full=mode == ["full"], only=name)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests; -- ARGS go to pytest."""
    install(session, "test")
    # Two workers whatever the machine, of one thread each: more would only fight over its cores.
    session.run(
        *("python", "-m", "pytest", "-n", "2", "-m", "not browser", *session.posargs),
        env={"OMP_NUM_THREADS": "1"},
    )


@nox.session
def browser(session: nox.Session) -> None:
    """Check every page of the built site in Chromium; builds the site first if it is missing."""
    if not (HTML / "index.html").exists():
        build_site(session, full=False)
    install(session, "browser")
    session.run("python", "-m", "pytest", "-m", "browser", "tests", *session.posargs)


@nox.session
def lighthouse(session: nox.Session) -> None:
    """Score six pages of the built site in Lighthouse; needs Node and Chromium."""
    if shutil.which("npx") is None:
        session.error("no npx found: install Node.js 20 or newer, which brings it")
    if not (HTML / "index.html").exists():
        build_site(session, full=False)
    session.run("node", "docs/_tools/lighthouse.mjs", str(HTML), *session.posargs, external=True)


@nox.session
def gallery(session: nox.Session) -> None:
    """Run each script and notebook that the site offers, alone, against the built wheel."""
    if not (HTML / "_downloads").exists():
        build_site(session, full=False)
    wheels = Path(session.create_tmp()) / "wheel"
    shutil.rmtree(wheels, ignore_errors=True)
    session.install("-c", "constraints.txt", "build")
    session.run("python", "-m", "build", "--wheel", "--outdir", str(wheels), silent=True)
    (wheel,) = wheels.glob("*.whl")
    session.install("-c", "constraints.txt", "--force-reinstall", "--no-deps", str(wheel))
    session.install("-c", "constraints.txt", str(wheel), "nbclient", "ipykernel")
    only = set(session.posargs)
    for script in sorted((HTML / "_downloads").rglob("*")):
        if script.suffix not in {".py", ".ipynb"} or (only and script.stem not in only):
            continue
        command = (
            ["python", script.name]
            if script.suffix == ".py"
            else ["jupyter", "execute", "--timeout=1800", script.name]
        )
        with tempfile.TemporaryDirectory() as empty, session.chdir(empty):
            shutil.copy(script, empty)  # what it makes is written beside it
            session.run(*command, env={"SWARM_FULL": os.environ.get("SWARM_FULL", "0")})


@nox.session
def repeat(session: nox.Session) -> None:
    """Check that builds from nothing, after edits and after -- --kills N make the same files."""
    install(session, "docs")
    session.run("python", "docs/_tools/repeat.py", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Print the speed ratios; -- lift, -- movie or -- surface runs one of them."""
    install(session, "bench")
    for script in sorted((HERE / "bench").glob("*.py")):
        if not session.posargs or script.stem in session.posargs:
            session.run("python", str(script))


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and formatting."""
    session.install("-c", "constraints.txt", "ruff")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check the type annotations."""
    install(session, "types")
    session.run("mypy")
