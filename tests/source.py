"""What the project's files import, read from their source, and its params."""

import ast
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
PARAMS: dict[str, Any] = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))


def parse(file: Path) -> ast.Module:
    """Return the syntax tree of a file, given by its path in the repository."""
    return ast.parse((ROOT / file).read_text(encoding="utf-8"), str(file))


def quickstart_params() -> dict[str, Any]:
    """Return the params of `make quickstart`."""
    from tools.quickstart import merge  # slow: it needs DVC

    sample = yaml.safe_load((ROOT / "params/sample.yaml").read_text(encoding="utf-8"))
    return json.loads(json.dumps(merge(PARAMS, sample)))  # so that what YAML's anchors shared is each model's own


def example_model() -> dict[str, Any]:
    """Return the model that stands in params.yaml as a comment, which is to be true without being trained."""
    lines = (ROOT / "params.yaml").read_text(encoding="utf-8").splitlines()
    start = lines.index("  # mobilenet:")
    block = itertools.takewhile(lambda line: line.startswith("  # "), lines[start:])
    (model,) = yaml.safe_load("\n".join(line.removeprefix("  # ") for line in block)).values()
    return model


def python_files(*folders: str) -> list[Path]:
    """Return the paths in the repository of all Python files below these folders."""
    return sorted(path.relative_to(ROOT) for folder in folders for path in (ROOT / folder).rglob("*.py"))


def imported_names(file: Path, *, deferred: bool = True) -> Iterator[str]:
    """Yield the dotted name of everything that a file imports; `deferred`: inside functions, too."""
    tree = parse(file)
    for node in ast.walk(tree) if deferred else tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}, line {node.lineno}: write the full name of what is imported"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imports(file: Path, *, deferred: bool = True) -> set[Path]:
    """Return the files of this project that a file imports; an `__init__.py` does not count."""
    found = (_file(name) for name in imported_names(file, deferred=deferred))
    return {path for path in found if path}


def reached(file: Path) -> set[Path]:
    """Return the file and all files of this project that its imports lead to."""
    seen: set[Path] = set()
    todo = [file]
    while todo:
        path = todo.pop()
        seen.add(path)
        todo += imports(path) - seen
    return seen


def library_folder(file: Path) -> str | None:
    """Return the folder of emotion/ in which a file is, such as `core`; None for a file elsewhere."""
    return file.parts[1] if file.parts[0] == "emotion" and len(file.parts) > 2 else None


def _file(name: str) -> Path | None:
    """Return the file of a module, or of the module that holds the name."""
    whole = name.replace(".", "/")
    candidates = (Path(f"{whole}.py"), Path(f"{whole.rpartition('/')[0]}.py"))
    return next((path for path in candidates if (ROOT / path).is_file()), None)
