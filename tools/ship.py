"""Copy the chosen model's float16 ONNX to models/emotion.onnx, for git: python -m tools.ship.

A clone predicts with it at once: no data, no training, no TensorFlow.
"""

import hashlib
import json
import shutil
from pathlib import Path

import yaml

from emotion import errors
from emotion.errors import InputError
from emotion.files import atomic

SHIPPED = Path("models/emotion.onnx")


def main() -> None:
    """Copy it, if it is the file that dvc.lock tells of."""
    source, md5 = chosen(Path())
    if not source.exists():
        raise InputError(f"{source} is not here: `dvc checkout {source}`, or `dvc repro choose`, which makes it")
    if hashlib.md5(source.read_bytes()).hexdigest() != md5:
        raise InputError(f"{source} is not the file that dvc.lock tells of: `dvc repro choose` first")
    with atomic(SHIPPED) as path:
        shutil.copyfile(source, path)
    print(f"{SHIPPED}: {source}, {SHIPPED.stat().st_size / 1e6:.1f} MB")
    print(f"Next: `git add {SHIPPED}`")


def chosen(root: Path) -> tuple[Path, str]:
    """Return the file of the model in metrics/best.json, and the md5 that dvc.lock has of it.

    Raises:
        InputError: Nothing was chosen or exported yet.
    """
    best, lock = root / "metrics/best.json", root / "dvc.lock"
    for path in (best, lock):
        if not path.exists():
            raise InputError(f"{path} is not here: `dvc repro choose` makes it")
    model = json.loads(best.read_text(encoding="utf-8"))["model"]
    stage = yaml.safe_load(lock.read_text(encoding="utf-8"))["stages"].get(f"export@{model}", {"outs": []})
    file = Path(f"models/{model}.float16.onnx")
    md5s = [out["md5"] for out in stage["outs"] if out["path"] == file.as_posix()]
    if not md5s:
        raise InputError(f"{lock} knows no {file}: `dvc repro choose` exports it")
    return root / file, md5s[0]


if __name__ == "__main__":
    errors.run(main)
