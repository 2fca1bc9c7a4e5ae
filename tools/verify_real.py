"""Train a model of the last commit once more and compare its bytes with dvc.lock: python -m tools.verify_real cnn.

It works in a clone of this repository, .verify/real, so that nothing here changes meanwhile. Cut off, the same command
goes on.
"""

import json
import platform
import sys
from pathlib import Path
from typing import Any

import yaml
from dvc.exceptions import DvcException
from dvc.repo import Repo

from benchmarks.computer import CPUINFO, cpu_name
from emotion import errors
from emotion.errors import InputError
from emotion.files import write_json
from emotion.params import suggest
from tools import check_run, repro, seeds

FOLDER = Path(".verify/real")
# Outside of the pipeline: a stage that wrote down its machine would have other bytes on each.
MACHINES = Path("docs/machines.json")
UNITS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")  # by these kernels are chosen, which round differently
Hashes = dict[str, str]  # of outputs, by path


def main(model: str) -> None:
    """Run the stage train@model in the clone, from dvc.lock's inputs, and exit with 1 if it gives other bytes."""
    seeds.clone(FOLDER)
    stage = _stage(model)
    _fetch_inputs(stage)
    committed, versions = _hashes(stage), _versions(model)
    print(f"{stage} in {FOLDER}/, as long as a training takes. Cut off, the same command goes on.", flush=True)
    repro.dvc(FOLDER, "repro", "--single-item", "--force", "--no-commit", stage)
    now = _hashes(stage)
    here = {"cpu": _cpu(), "python": platform.python_version(), **_versions(model)}
    if now == committed:
        record(model, committed, here)
        print(f"identical: {', '.join(committed)}; {MACHINES} says so")
        return
    print("", *differences(committed, now), "", table(known(model, committed) | versions, here), sep="\n")
    sys.exit(f"error: {stage} does not give the bytes of dvc.lock here")


def _stage(model: str) -> str:
    """Return the stage's name.

    Raises:
        InputError: There is no such model, or no run of it with which one could compare.
    """
    models = list(yaml.safe_load((FOLDER / "params.yaml").read_text(encoding="utf-8"))["models"])
    if model not in models:
        raise InputError(f"params.yaml: there is no model {model!r}{suggest(model, models)}")
    stage, stages = f"train@{model}", sorted(stage.name for stage in Repo(str(FOLDER)).index.stages)
    if stage in check_run.read_pending(FOLDER / check_run.PENDING, stages):
        raise InputError(f"{check_run.PENDING} names {stage}: its run is still to come; choose another model")
    lock = FOLDER / "dvc.lock"
    if not lock.exists() or stage not in yaml.safe_load(lock.read_text(encoding="utf-8"))["stages"]:
        raise InputError(f"dvc.lock has no {stage}: run `dvc repro {stage}` and commit dvc.lock")
    return stage


def _fetch_inputs(name: str) -> None:
    """Bring the data that the stage reads from the cache to the clone.

    Raises:
        InputError: They are not there, or the stage's code or params are not those of dvc.lock.
    """
    repo = Repo(str(FOLDER))
    made = {out.fs_path for out in repo.index.outs if out.use_cache}
    (stage,) = [stage for stage in repo.index.stages if stage.name == name]
    inputs = [dep.fs_path for dep in stage.deps if dep.fs_path in made]
    try:
        if inputs:
            repo.checkout(targets=inputs, force=True)
    except DvcException:
        names = ", ".join(str(Path(path).relative_to(FOLDER.absolute())) for path in inputs)
        what = f"{name} reads {names}, and DVC's cache does not hold all of these"
        raise InputError(f"{what}: run `make repro`, or `make pull` if you have a remote") from None
    changes = repo.status(targets=[stage.addressing]).values()
    for change in [change for of_stage in changes for change in of_stage]:
        if isinstance(change, str) or "changed deps" in change:  # outputs are not here yet
            raise InputError(f"{name}: its code, params or data are not those of dvc.lock: `make check` says which")


def _hashes(stage: str) -> Hashes:
    lock = yaml.safe_load((FOLDER / "dvc.lock").read_text(encoding="utf-8"))
    return {out["path"]: out["md5"] for out in lock["stages"][stage]["outs"]}


def _versions(model: str) -> dict[str, str]:
    """Return the versions that the training in the clone wrote down, or git has of it."""
    path = FOLDER / f"metrics/training/{model}.json"
    versions: dict[str, str] = json.loads(path.read_text(encoding="utf-8")).get("versions", {})
    return versions


def _cpu() -> str:
    """Return the CPU's name and those of its units that decide last bits, where they are known."""
    flags = CPUINFO.read_text(encoding="utf-8").split() if CPUINFO.exists() else []
    return " ".join([cpu_name(), *(unit for unit in UNITS if unit in flags)])


def record(model: str, outputs: Hashes, machine: dict[str, str]) -> None:
    """Write down that this machine gives these outputs; what gave others of this model is forgotten."""
    kept = _recorded()
    entry = kept.get(model, {})
    machines = entry["machines"] if entry.get("outputs") == outputs else []
    entry = {"outputs": outputs, "machines": [*(one for one in machines if one != machine), machine]}
    write_json(MACHINES, dict(sorted((kept | {model: entry}).items())))


def known(model: str, outputs: Hashes) -> dict[str, str]:
    """Return what is known of the machines that gave these outputs, by kind of fact."""
    entry = _recorded().get(model, {})
    machines = entry["machines"] if entry.get("outputs") == outputs else []
    facts = dict.fromkeys(fact for machine in machines for fact in machine)
    return {fact: " / ".join(dict.fromkeys(machine[fact] for machine in machines)) for fact in facts}


def _recorded() -> dict[str, Any]:
    """Return which machines gave the bytes of which run, by model."""
    content: dict[str, Any] = json.loads(MACHINES.read_text(encoding="utf-8")) if MACHINES.exists() else {}
    return content


def differences(committed: Hashes, now: Hashes) -> list[str]:
    """Return a line for each output whose hash is another."""
    names = [name for name in committed | now if committed.get(name) != now.get(name)]
    width = max(map(len, names), default=0)
    return [f"{name:{width}}  dvc.lock {committed.get(name, '-')}  here {now.get(name, '-')}" for name in names]


def table(committed: dict[str, str], here: dict[str, str]) -> str:
    """Return both machines side by side."""
    rows = [("", "the committed run", "here")]
    rows += [(fact, committed.get(fact, "unknown"), here.get(fact, "unknown")) for fact in here | committed]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    return "\n".join(f"{fact:{widths[0]}}  {one:{widths[1]}}  {other}" for fact, one, other in rows)


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
