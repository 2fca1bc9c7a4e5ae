"""Prove without data that dvc.lock, params, code, metrics and plots belong together: python -m tools.check_run.

No single command of DVC sees everything: `repro --dry` overlooks a deleted metric, `status` an edited hash.
"""

import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import networkx
from dvc.dependency import ParamsDependency
from dvc.lock import LockError
from dvc.repo import Repo
from dvc.utils.serialize import load_yaml, parse_yaml

from emotion.core import errors
from emotion.core.errors import InputError, suggest
from tools.dry_run import dry_run
from tools.trained_versions import other_versions

PENDING = Path(".ci/pending_runs.txt")
Finding = tuple[str, str]  # a stage and what is wrong with it


def main() -> None:
    """Print every disagreement in a line of its own and exit with 1 if there is one that is not awaited."""
    dry = list(dry_run())
    repo = Repo()
    pending, follows = pending_stages(repo)

    found: dict[str, list[str]] = defaultdict(list)
    seen = [*status(repo), *rounding(), *lock_entries(repo), *files_of_stages(repo), *other_versions(repo)]
    for stage, what in [*dry, *seen]:
        found[stage].append(what)
    problems = [f"{stage}: {'; '.join(found[stage])}" for stage in found if stage not in {*pending, *follows}]
    problems += [f"{PENDING}: {name} is not stale: remove its line" for name in pending if name not in found]
    problems += strangers(repo)

    if pending:
        print(f"still to be run ({PENDING}): {', '.join(pending)}; downstream stages: {', '.join(follows) or '-'}")
    if problems:
        print(*problems, sep="\n", file=sys.stderr)
        sys.exit("error: see above; usually `dvc repro` has not run since a change, or what it wrote is not committed")
    print(f"dvc.lock, params, code, metrics and plots belong together ({len(repo.index.stages)} stages)")


def pending_stages(repo: Repo) -> tuple[list[str], list[str]]:
    """Return the stages that PENDING names, whose real run is still to come, and those that follow from them.

    Raises:
        InputError: There is no such stage.
    """
    lines = PENDING.read_text(encoding="utf-8").splitlines() if PENDING.exists() else []
    pending = [name for line in lines if (name := line.partition("#")[0].strip())]
    graph = networkx.relabel_nodes(repo.index.graph, lambda stage: stage.addressing)  # an edge leads to what is needed
    for name in pending:
        if name not in graph:
            raise InputError(f"{PENDING}: there is no stage {name!r}{suggest(name, sorted(graph))}")
    follows = {later for name in pending for later in networkx.ancestors(graph, name)}
    return pending, sorted(follows.difference(pending))


def status(repo: Repo) -> Iterator[Finding]:
    """Yield what `dvc status` sees and whose it is, apart from data that are only not here.

    Raises:
        InputError: Another DVC command is running, which lets nobody look at the files of its stage.
    """
    outputs = [Path(str(out)) for out in repo.index.outs]
    tracked = git_files() or []

    def cause(kind: str, path: Path, state: Any) -> str:
        if isinstance(state, dict):
            return "your params differ"
        if kind == "changed outs":
            return "your output differs"
        if any(path in (out, *out.parents) or out in path.parents for out in outputs):
            return "an earlier stage's output differs"
        return "your code differs" if any(path in (file, *file.parents) for file in tracked) else "your data differ"

    try:
        found = repo.status()
    except LockError:
        raise InputError("another DVC command is running here: try again when it is done") from None
    for stage, changes in found.items():
        for change in changes:
            if isinstance(change, str):  # such as "changed command"
                yield stage, change
                continue
            for kind, path, state in [(kind, *item) for kind, files in change.items() for item in files.items()]:
                states = [f"{key} {value}" for key, value in state.items()] if isinstance(state, dict) else [state]
                said = f"{cause(kind, Path(path), state)}: {path}"
                yield from ((stage, f"{said}: {what}") for what in states if what not in ("deleted", "not in cache"))


def rounding() -> Iterator[Finding]:
    """Yield the outputs with other bytes than git holds in dvc.lock, though code, params and inputs are the same."""
    done = subprocess.run(["git", "show", ":dvc.lock"], capture_output=True, text=True)
    before = parse_yaml(done.stdout, "dvc.lock")["stages"] if done.returncode == 0 else {}
    for stage, entry in _locked().items():
        known = before.get(stage, {})
        if any(known.get(part) != entry.get(part) for part in ("cmd", "deps", "params")):
            continue
        changed = [out["path"] for out in entry.get("outs", []) if out not in known.get("outs", [])]
        if changed:
            what = f"{', '.join(changed)} differ from dvc.lock in git, while code, params and inputs do not"
            yield stage, f"your machine rounds differently: {what}"


def lock_entries(repo: Repo) -> Iterator[Finding]:
    """Yield stages whose dependencies, params or outputs in dvc.lock are others than in dvc.yaml.

    To DVC, a stage from which one was dropped is up to date.
    """
    locked = _locked()
    for stage in repo.index.stages:
        entry = locked.get(stage.addressing)
        if entry is None:
            yield stage.addressing, "not in dvc.lock"
            continue
        files = [dep for dep in stage.deps if not isinstance(dep, ParamsDependency)]
        params = {key for dep in stage.deps if isinstance(dep, ParamsDependency) for key in dep.params}
        recorded = {key for keys in entry.get("params", {}).values() for key in keys}
        pairs = {
            "dependency": ({str(dep) for dep in files}, {dep["path"] for dep in entry.get("deps", [])}),
            "param": (params, recorded),
            "output": ({str(out) for out in stage.outs}, {out["path"] for out in entry.get("outs", [])}),
        }
        for kind, (declared, in_lock) in pairs.items():
            yield from ((stage.addressing, f"{kind} {name} is only in dvc.yaml") for name in sorted(declared - in_lock))
            yield from ((stage.addressing, f"{kind} {name} is only in dvc.lock") for name in sorted(in_lock - declared))


def files_of_stages(repo: Repo) -> Iterator[Finding]:
    """Yield files that are not there though git should hold them."""
    tracked = git_files()
    in_git = {path for file in tracked or [] for path in (file, *file.parents)}
    outputs = {out.fs_path for out in repo.index.outs}
    for stage in repo.index.stages:
        for out in [out for out in stage.outs if not out.use_cache]:
            if not Path(out.fs_path).exists():
                yield stage.addressing, f"{out} is missing"
            elif tracked is not None and Path(str(out)) not in in_git:
                yield stage.addressing, f"{out} is not in git: `git add {out}`"
        for dep in stage.deps:
            data = dep.fs_path in outputs or tracked is None or repo.scm.is_ignored(dep.fs_path)
            if not data and not Path(dep.fs_path).exists():
                yield stage.addressing, f"{dep} is missing"


def strangers(repo: Repo) -> list[str]:
    """Return what a removed stage left behind: in git, where stages read whole folders, and in dvc.lock."""
    outputs = {Path(str(out)) for out in repo.index.outs}
    found = [path for path in git_files() or [] if path.parts[0] in ("metrics", "plots") and path.name != ".gitignore"]
    left = [path for path in found if outputs.isdisjoint([path, *path.parents])]
    gone = sorted(set(_locked()) - {stage.addressing for stage in repo.index.stages})
    stale = [f"dvc.lock: there is no stage {name}: remove its entry" for name in gone]
    return [f"{path}: no stage makes it: `git rm {path}`" for path in left] + stale


def _locked() -> dict[str, Any]:
    """Return the entries of dvc.lock by stage."""
    return load_yaml("dvc.lock")["stages"] if Path("dvc.lock").exists() else {}


def git_files() -> list[Path] | None:
    """Return what git holds of this folder, or None outside of git."""
    done = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True)
    if done.returncode or not done.stdout:
        return None
    return [Path(name) for name in done.stdout.split("\0") if name]


if __name__ == "__main__":
    errors.run(main)
