"""What sphinx-gallery does with one script: recorded as soon as it is done, and not run for words.

A script whose prose alone has changed is written anew by sphinx-gallery, as always, and its
blocks of code are given what they put on the page when they ran last. What a script has made
is recorded at once, so that a build that is killed loses only the script that was running.
"""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from ._beside import Beside, can_fork
from ._cache import galleries
from ._reads import Reads
from ._reuse import Run, record, record_notebooks, runs_of

__all__ = ["setup"]


def setup(app: Sphinx) -> None:
    """Register with Sphinx."""
    app.connect("builder-inited", _begin, priority=25)  # once it is known what must run
    app.connect("env-before-read-docs", _record_notebooks, priority=600)  # those that ran ahead
    app.connect("build-finished", _end)


def _begin(app: Any) -> None:
    if "sphinx_gallery.gen_gallery" not in app.extensions:
        return
    from sphinx_gallery import gen_rst

    if app.config.sphinx_gallery_conf.get("parallel"):
        return  # others run the scripts: recorded at the end, and run again for words
    app._swarm_originals = gen_rst.generate_file_rst, gen_rst.execute_script
    generate, execute = app._swarm_originals
    runs = {str(run.mark): run for run in runs_of(app) if run.mark is not None}
    apart = [made for _, made in galleries(app)]

    def make(run: Run, conf: Any) -> Any:
        source, target = run.source, run.mark.parent  # type: ignore[union-attr]
        (target / "images" / "thumb").mkdir(parents=True, exist_ok=True)
        result = generate(source.name, target, source.parent, conf)
        if "passing" in result[-1]:
            _complete_names(run, target / source.name, conf, result[-1])
            record(app, run)
        return result

    def generate_file_rst(name: Any, target: Any, sources: Any, conf: Any) -> Any:
        run = runs.get(f"{Path(target, name)}.md5")
        if run is None:
            return generate(name, target, sources, conf)
        # What the second process has done is found here as if an earlier build had.
        return (_beside(app, run, conf, make) if run.why else None) or make(run, conf)

    def execute_script(blocks: Any, variables: Any, conf: Any, file_conf: Any) -> Any:
        run = runs.get(f"{variables['target_file']}.md5")
        if run is None or not variables["execute_script"]:
            return execute(blocks, variables, conf, file_conf)
        if run.reworded:
            return _results_of(run, blocks, variables)
        with Reads() as reads:
            outputs, seconds = execute(blocks, variables, conf, file_conf)
        run.reads = reads.files(apart)
        run.outputs = [o for o, block in zip(outputs, blocks, strict=True) if _is_code(block)]
        return outputs, seconds

    gen_rst.generate_file_rst, gen_rst.execute_script = generate_file_rst, execute_script


def _beside(app: Any, run: Run, conf: Any, make: Callable[[Run, Any], Any]) -> Any:
    """Run a script here or in the second process; return None if there."""
    if not hasattr(app, "_swarm_beside"):
        app._swarm_shared = [run for run in runs_of(app) if run.why and run.mark is not None]
        several = len(app._swarm_shared) > 1 and can_fork()
        jobs = [partial(make, run, conf) for run in app._swarm_shared]
        app._swarm_beside = Beside(jobs) if several else None
    if app._swarm_beside is None:
        return None
    return app._swarm_beside.result(app._swarm_shared.index(run))


def _record_notebooks(app: Sphinx, *_: object) -> None:
    record_notebooks(app)


def _end(app: Any, exception: Exception | None) -> None:
    if getattr(app, "_swarm_beside", None):
        app._swarm_beside.close()
    if hasattr(app, "_swarm_originals"):
        from sphinx_gallery import gen_rst

        gen_rst.generate_file_rst, gen_rst.execute_script = app._swarm_originals


def _is_code(block: Any) -> bool:
    return bool(block[0] == "code")


def _results_of(run: Run, blocks: Any, variables: Any) -> tuple[list[str], float]:
    """Return what the blocks put on the page when they ran last, and how long it took them."""
    from sphinx_gallery import gen_rst

    target = Path(variables["target_file"])
    run.outputs = run.known["outputs"]
    run.reads = {Path(run.source.parent, name).resolve() for name in run.known["reads"]}
    results = iter(run.outputs)
    outputs = [next(results) if _is_code(block) else "" for block in blocks]
    variables |= {"example_globals": {}, "memory_delta": 0.0, "passing": True}
    target.with_name(target.name + ".md5").write_text(gen_rst.get_md5sum(target, mode="t"))
    return outputs, gen_rst._read_cached_cost(target)[0]


def _complete_names(run: Run, target: Path, conf: Any, facts: dict[str, Any]) -> None:
    """Keep what only running tells of the names that a script uses, and give it back unrun."""
    from sphinx_gallery import backreferences, gen_rst
    from sphinx_gallery.py_source_parser import split_code_and_text_blocks

    path = target.with_suffix(".codeobj.json")
    names = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    if run.reworded:
        run.names = run.known["names"]
        names |= run.names
        if names:
            gen_rst._write_json(target, names, ".codeobj")
        facts["backrefs"] = gen_rst._backrefs_from_codeobj(conf, names)
        return
    _, blocks, node = split_code_and_text_blocks(str(run.source), return_node=True)
    regex = backreferences._make_ref_regex(conf["default_role"])
    unrun = backreferences.identify_names(blocks, regex, {}, node)
    run.names = {name: said for name, said in names.items() if said != unrun.get(name)}
