"""Copy the selected model's int8 ONNX file to models/emotion.onnx, for git: python -m tools.ship.

With this file in git, a clone can predict without data, training or TensorFlow.
"""

import hashlib
import json
import shutil
from pathlib import Path

import yaml

from emotion.core import errors
from emotion.core.errors import InputError
from emotion.core.files import atomic

SHIPPED = Path("models/emotion.onnx")


def main() -> None:
    """Copy the file, if it is the one in dvc.lock."""
    source, md5 = chosen(Path())
    if not source.exists():
        raise InputError(f"{source} is missing: run `dvc checkout {source}`, or `dvc repro choose`, which makes it")
    if hashlib.md5(source.read_bytes()).hexdigest() != md5:
        raise InputError(f"{source} is not the file in dvc.lock: run `dvc repro choose` first")
    with atomic(SHIPPED) as path:
        shutil.copyfile(source, path)
    print(f"{SHIPPED}: {source}, {SHIPPED.stat().st_size / 1e6:.1f} MB")
    print(f"Next: `git add {SHIPPED}`")


def chosen(root: Path) -> tuple[Path, str]:
    """Return the ONNX file of the model in metrics/best.json, and its md5 in dvc.lock.

    Raises:
        InputError: No model was selected or exported yet.
    """
    best, lock = root / "metrics/best.json", root / "dvc.lock"
    for path in (best, lock):
        if not path.exists():
            raise InputError(f"{path} is missing: run `dvc repro choose`, which makes it")
    model = json.loads(best.read_text(encoding="utf-8"))["model"]
    stage = yaml.safe_load(lock.read_text(encoding="utf-8"))["stages"].get(f"export@{model}", {"outs": []})
    file = Path(f"models/{model}.int8.onnx")
    md5s = [out["md5"] for out in stage["outs"] if out["path"] == file.as_posix()]
    if not md5s:
        raise InputError(f"{lock} does not list {file}: run `dvc repro choose`, which exports it")
    return root / file, md5s[0]


if __name__ == "__main__":
    errors.run(main)
