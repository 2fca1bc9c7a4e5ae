"""The frame in which every stage runs.

DVC hashes a stage's params and code after the command. What is edited while it runs would be recorded as used: status
would be clean, and the run cache would hold wrong results (seen in DVC 3.67.1). So a stage notes both at its start, and
fails at its end if they changed.
"""

import hashlib
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from emotion.core import errors, params
from emotion.core.errors import InputError

PIPELINE = Path("dvc.yaml")
ASIDE = Path(".aside")  # outputs of runs that must not be recorded
CODE = ("stages/", "emotion/")
SUFFIXES = (".py", ".html", ".md")  # of code and templates; .dvcignore names caches and editors' files


class Entry(NamedTuple):
    """What dvc.yaml says of a stage: its name, the code that it depends on, its params and its outputs."""

    name: str
    code: list[str]
    params: list[str]
    outputs: list[str]


def run(main: Callable[..., None], *arguments: str) -> None:
    """Call a stage's main like `errors.run`; afterwards fail if its code or params changed meanwhile."""

    def guarded() -> None:
        errors.require_arguments(main, arguments)
        script = Path(sys.modules[main.__module__].__file__ or "").stem
        entry = read_entry(script, *arguments[:1])
        before = fingerprint(entry) if entry else {}
        main(*arguments)
        if entry:
            _require_unchanged(entry, before)

    errors.run(guarded)


def read_entry(script: str, item: str = "") -> Entry | None:
    """Return the entry of a stage in dvc.yaml, with templates such as ${key} filled in; None if there is none.

    Args:
        script: The name of the stage's script.
        item: For a stage with `foreach`, the item.
    """
    if not PIPELINE.exists():
        return None
    stage = params.read(PIPELINE)["stages"].get(script)
    if stage is None:
        return None
    values = params.read()
    name = script
    if "foreach" in stage:
        name = f"{script}@{item}"
        stage = stage["do"]
        values = values | {"key": item, "item": _item(script, item, values)}
    deps = [_filled(dep, values) for dep in stage["deps"]]
    outputs = [_filled(_path(out), values) for kind in ("outs", "metrics", "plots") for out in stage.get(kind, [])]
    return Entry(
        name,
        code=[dep for dep in deps if dep.startswith(CODE)],
        params=[_filled(key, values) for key in stage.get("params", [])],
        outputs=outputs,
    )


def fingerprint(entry: Entry) -> dict[str, str]:
    """Return the hash of each folder or file of a stage's code, and the value of each of its params."""
    values = params.read()
    found = {path: _digest(Path(path)) for path in entry.code}
    # repr tells 1, 1.0 and true apart, which DVC does not.
    return found | {f"{params.PARAMS}: {key}": repr(_value(values, key)) for key in entry.params}


def _require_unchanged(entry: Entry, before: dict[str, str]) -> None:
    """Set the outputs aside and raise an InputError if something differs from what it was at the start."""
    after = fingerprint(entry)
    changed = [what for what in before if before[what] != after[what]]
    if not changed:
        return
    folder = ASIDE / entry.name
    shutil.rmtree(folder, ignore_errors=True)
    for output in filter(Path.exists, map(Path, entry.outputs)):
        (folder / output).parent.mkdir(parents=True, exist_ok=True)
        shutil.move(output, folder / output)
    raise InputError(
        f"{', '.join(changed)} changed while {entry.name} ran: run it again "
        f"(what it wrote is in {folder}, because it belongs to what was there before)"
    )


def _item(script: str, item: str, values: dict[str, Any]) -> Any:
    """Return what `foreach` gives for an item: a section of params, or the item itself where it is a list."""
    foreach = params.read(PIPELINE)["stages"][script]["foreach"]
    section = _value(values, foreach[2:-1]) if isinstance(foreach, str) else foreach
    return section[item] if isinstance(section, dict) else item


def _filled(template: str, values: dict[str, Any]) -> str:
    return re.sub(r"\$\{(.+?)\}", lambda match: str(_value(values, match[1])), template)


def _value(values: Any, key: str) -> Any:
    for name in key.split("."):
        values = values.get(name) if isinstance(values, dict) else None
    return values


def _path(output: str | dict[str, Any]) -> str:
    return output if isinstance(output, str) else next(iter(output))


def _digest(path: Path) -> str:
    """Return the hash of a Python file, or of all of them in a folder, by name and content."""
    found = hashlib.sha256()
    for file in _sources(path):
        found.update(f"{file}\0".encode())
        found.update(file.read_bytes())
    return found.hexdigest()


def _sources(path: Path) -> list[Path]:
    files = [path] if path.is_file() else sorted(path.rglob("*"))
    return [file for file in files if file.suffix in SUFFIXES]
