"""Checks that a site comes out the same however it was built; `nox -s repeat` runs it.

A build from nothing in a folder of another name, a build after edits, and builds that were
killed must all make the same files, byte by byte.
"""

import argparse
import hashlib
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

Change = Callable[[Path], None]
"""Changes the sources in a folder."""

SOURCES = ("docs", "gallery", "src", "CHANGELOG.md", "constraints.txt", "pyproject.toml")
MADE = shutil.ignore_patterns("auto_gallery", "generated", "__pycache__", "*.egg-info",
                              "sg_execution_times.rst", "*.mp4", "jupyter_execute")  # fmt: skip
# What differs by its nature: how long scripts took, and notes that are not part of the site.
APART = {"_static/run-times.js"}
_MEDIA = re.compile(r"\b[0-9a-f]{16}\b[\w.-]*")  # names of content, of files and figures
# They say how long something took in the build, so no two builds of them are the same.
TIMED = {
    "auto_gallery/under_the_hood/how_fast_is_a_swarm.html",
    "guide/sweeps_in_one_flight.html",
    "guide/write_one_bee.html",
}


class Copy:
    """A copy of a site's sources in a folder of its own, to be edited and built."""

    def __init__(self, source: Path, folder: Path) -> None:
        self.folder, self.html = folder, folder / "build" / "html"
        folder.mkdir(parents=True)
        for name in SOURCES:
            if (source / name).is_dir():
                shutil.copytree(source / name, folder / name, ignore=MADE)
            elif (source / name).exists():
                shutil.copy2(source / name, folder / name)

    def start(self, *options: str, out: object = subprocess.PIPE) -> subprocess.Popen:
        """Start a build, in a process group of its own."""
        command = (
            *(sys.executable, "-m", "sphinx", "-W", "-n", "--keep-going", "-b", "html"),
            *("-d", "build/doctrees", "docs", "build/html", *options),
        )
        path = os.pathsep.join([str(self.folder / "src"), os.environ.get("PYTHONPATH", "")])
        settings = {"SWARM_FULL": "0", "OMP_NUM_THREADS": "1", "PYTHONPATH": path}
        return subprocess.Popen(
            command, cwd=self.folder, env={**os.environ, **settings}, start_new_session=True,
            stdout=out, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def build(self, *options: str) -> float:
        """Build, and return the seconds it took; ``said`` is what it said."""
        since = time.perf_counter()
        before = _processor_time()
        process = self.start(*options)
        self.said = process.communicate()[0]
        self.processor = _processor_time() - before
        if process.returncode:
            raise RuntimeError(f"the build in {self.folder} failed:\n{self.said}")
        return time.perf_counter() - since

    def kill(self, after: float, number: int) -> bool:
        """Start a build, end it by a signal some seconds on, and say whether it was at work."""
        process = self.start(out=subprocess.DEVNULL)
        try:
            process.wait(after)
            return False
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, number)
            process.wait()
            return True

    def ran(self) -> list[str]:
        """Return the pages whose code ran in the last build."""
        table = self.said.partition("pages that run code:\n")[2].splitlines()
        lines = [line.split() for line in table if line.startswith("  ")]
        return [line[0] for line in lines if line[1] == "ran"]

    def tree(self) -> dict[str, str]:
        """Return the digest of each file of the site."""
        return {
            name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(self.html.rglob("*"))
            if path.is_file()
            if (name := path.relative_to(self.html).as_posix()) not in APART
            if not name.startswith(".")
        }


def compare(ours: dict[str, str], theirs: dict[str, str]) -> list[str]:
    """Say in what two trees differ, a line a file."""
    lines = []
    for name in sorted(ours.keys() | theirs.keys()):
        if name not in theirs:
            lines.append(f"too much: {name}")
        elif name not in ours:
            lines.append(f"missing: {name}")
        elif ours[name] != theirs[name]:
            lines.append(f"differs: {name}")
    return lines


def from_scratch(site: Copy, folder: Path) -> Copy:
    """Build what a copy is now once more, from nothing, in another folder."""
    clean = Copy(site.folder, folder)
    clean.build()
    return clean


def _processor_time() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


# --- edits


def edit(name: str, old: str, new: str) -> Change:
    """Replace text in a file."""

    def change(folder: Path) -> None:
        text = (folder / name).read_text("utf-8")
        if old not in text:
            raise ValueError(f"{name} does not hold {old!r}: mend this list of edits")
        (folder / name).write_text(text.replace(old, new, 1), "utf-8")

    return change


def add(name: str, text: str) -> Change:
    """Put text at the end of a file, which need not exist."""

    def change(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write(text)

    return change


_SCRIPT = "gallery/optimisers/maximum_margin.py"
EDITS: dict[str, Change] = {
    "nothing": lambda folder: None,
    "prose of a page": add("docs/guide/publishing.md", "\nOne more word.\n"),
    "a text block of a script": edit(_SCRIPT, "Two clouds on", "Two clouds of points on"),
    "style sheet": add("docs/_static/custom.css", "\n.one-more { color: red; }\n"),
    "changelog": add("CHANGELOG.md", "\n- One more line.\n"),
    "code of one script": edit(_SCRIPT, "SEED = 11", "SEED = 11 + 0"),
    "docstring in surface": edit("src/swarm/surface/_loss.py", '"""The loss', '"""A loss'),
    "comment in animator": add("src/swarm/animator/_play.py", "# One more comment.\n"),
    "a pin": edit("constraints.txt", "zipp==", "# one more\nzipp=="),
    "code of the extension": add("src/swarm/sphinxext/_cards.py", "_ONE_MORE = 1\n"),
    "code in figures": add("src/swarm/figures/_swarm.py", "_ONE_MORE = 1\n"),
}
"""Of this project; what each makes run again, and how long it takes, is the table's."""


# --- what `nox -s repeat` does


def kills(
    site: Copy, other: Change, count: int, work: Path, random: random.Random
) -> Iterator[str]:
    """Kill builds at random moments, each between two states of the sources; yield a line each.

    After each kill the build is made once more and must equal that of its state from scratch.
    """
    first = shutil.copytree(site.folder, work / "first", ignore=shutil.ignore_patterns("build"))
    changed = Copy(first, work / "second")
    other(changed.folder)
    states = {name: from_scratch(Copy(folder, work / f"from-{name}"), work / f"made-{name}").tree()
              for name, folder in (("first", first), ("second", changed.folder))}  # fmt: skip
    longest = site.build("-E")
    for number in range(count):
        name = ("second", "first")[number % 2]
        sync(work / name, site.folder)
        if number % 10 == 9:
            shutil.rmtree(site.folder / "build")
            for made in ("docs/auto_gallery", "docs/api/generated"):
                shutil.rmtree(site.folder / made, ignore_errors=True)
        after = random.uniform(0.3, longest)
        how = signal.SIGINT if number % 5 == 4 else signal.SIGKILL
        was_at_work = site.kill(after, how)
        took = site.build()
        different = compare(site.tree(), states[name])
        yield (
            f"{number + 1:3} {how.name} after {after:5.1f} s"
            f"{'' if was_at_work else ' (it had ended)'}, built again in {took:5.1f} s: "
            + ("equal" if not different else "; ".join(different))
        )


def sync(source: Path, folder: Path) -> None:
    """Make the sources in a folder those of another, and leave alone what is the same."""
    made = {"build", "auto_gallery", "generated", "__pycache__"}

    def files(root: Path) -> dict[Path, Path]:
        found = {path.relative_to(root): path for path in root.rglob("*") if path.is_file()}
        return {name: path for name, path in found.items() if not made & set(name.parts)}

    wanted, there = files(source), files(folder)
    for name in there.keys() - wanted.keys():
        there[name].unlink()
    for name, path in wanted.items():
        if name not in there or there[name].read_bytes() != path.read_bytes():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, folder / name)


def main() -> int:
    """Compare builds of the project, and print what each kind of edit costs."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--kills", type=int, default=0, help="kill this many builds instead")
    arguments.add_argument("--seed", type=int, default=0)
    said = arguments.parse_args()
    source, wrong = Path(__file__).parents[2], []
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        site = Copy(source, work / "site")
        cold, busy = site.build(), site.processor
        print(f"cold build: {cold:.1f} s, {busy:.1f} s of processor time", flush=True)
        if said.kills:
            change = EDITS["code of one script"]
            for line in kills(site, change, said.kills, work, random.Random(said.seed)):
                print(line, flush=True)
                if not line.endswith("equal"):
                    wrong.append(line)
            return bool(wrong)
        clean = from_scratch(site, work / "in_a_folder_of_another_name")
        wrong += report("two clean builds", site, clean)
        for name, change in EDITS.items():
            change(site.folder)
            took = site.build()
            print(
                f"{name:26} {took:6.1f} s {took / cold:6.1%}  processor {site.processor:6.1f} s "
                f"{site.processor / busy:6.1%}  ran: {', '.join(site.ran()) or '–'}",
                flush=True,
            )
        clean = from_scratch(site, work / "after_all_edits")
        wrong += report("an incremental build and a clean one", site, clean)
    return bool(wrong)


def report(what: str, site: Copy, clean: Copy) -> list[str]:
    """Print in what two sites differ, beside what pages say that measure time."""
    different = compare(site.tree(), clean.tree())
    wrong = sorted(set(different) - timed(different, site.html, clean.html))
    count = f"{len(site.tree())} files, {len(different)} differ"
    count += f", of which {len(wrong)} not because a page measures time"
    print(f"{what}: {count}", *wrong, sep="\n  ", flush=True)
    return wrong


def timed(different: list[str], *sites: Path) -> set[str]:
    """Return those of the lines that only pages explain that measure time.

    These pages themselves, their pictures, and the names of these on pages that show them too.
    The search index holds the words of all pages.
    """
    pages = [site / name for site in sites for name in TIMED if (site / name).is_file()]
    media = {name for page in pages for name in _MEDIA.findall(page.read_text("utf-8"))}

    def said(path: Path) -> str:
        names = "|".join(map(re.escape, sorted(media))) or "$^"
        return re.sub(names, "", path.read_text("utf-8")) if path.is_file() else ""

    explained = set()
    for line in different:
        name = line.partition(": ")[2]
        if (
            name in TIMED
            or name == "searchindex.js"
            or name.removeprefix("_media/") in media
            or (name.endswith(".html") and len({said(site / name) for site in sites}) == 1)
        ):
            explained.add(line)
    return explained


if __name__ == "__main__":
    sys.exit(main())
