"""The whole pipeline on few synthetic faces: the real stages and models, made tiny by params alone."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from benchmarks import small_training
from tests.source import PARAMS, ROOT, quickstart_params
from tools.quickstart import SOURCES, leave_out, take_over, with_models

MODELS = ("cnn", "distilled")  # a teacher and its student
OF_EACH_MODEL = ("train", "predict", "calibrate", "evaluate", "describe", "export", "robustness")  # stages
SMALL = {"width": 0.125, "widths": [4, 4], "blocks": [1, 1], "dense": 8, "input_size": 32}
FIT = {"epochs": 1, "batch_size": 16}
EPOCHS = 4  # of cnn


def params() -> dict[str, Any]:
    """Return the quickstart's params, with fewer models and faces, and the smallest networks that they allow.

    In the training of cnn everything random and everything that a checkpoint holds is switched on.
    """
    small = with_models(quickstart_params(), MODELS)
    small["data"]["sample"]["faces"] = 80
    small["hardware"] = {"precision": "float32", "xla": False, "threads": 2}
    for model in [*small["models"].values(), small["label_audit"]]:
        model["build"] |= {key: value for key, value in SMALL.items() if key in model["build"]}
        model["fit"] |= FIT
    small["models"]["cnn"] |= {"precision": "bfloat16"}
    small["models"]["cnn"]["fit"] |= small_training.FIT | {"epochs": EPOCHS}
    small["label_audit"]["folds"] = 2
    # It learns from an exported file and from weights, and from soft targets that stand for the labels.
    small["distill"]["distilled"] = {
        **PARAMS["distill"]["distilled"],
        "teachers": {"first": "models/cnn.int8.onnx", "second": "models/cnn.keras"},
    }
    small["explain"]["model"] = "cnn"
    # Temperatures of networks that learnt nothing may be extreme, and eight faces tell nothing of accuracy.
    small["export"] |= {"int8_calibration_faces": 8, "max_difference": 0.001, "max_difference_float16": 0.5}
    small["export"]["max_accuracy_loss_int8"] = 100
    return json.loads(json.dumps(small))  # each model has its own values, even where they were shared


def make(folder: Path) -> None:
    """Make a repository of two commits: the pipeline, and what one `dvc repro` made of it."""
    copy_code(folder)
    write_params(folder, params())
    git(folder, "init", "--quiet")
    commit(folder, "the pipeline")
    dvc(folder, "repro")
    commit(folder, "its run")


def copy_code(folder: Path) -> None:
    """Copy the pipeline and its code, as in a clone."""
    for name in (*SOURCES, ".gitignore", ".gitattributes", ".dvc/.gitignore"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".tmp-*"))
        else:
            shutil.copy(ROOT / name, folder / name)
    for name in ("dvc.yaml", "stages/dvc.yaml"):
        leave_out(folder / name, MODELS)
    take_over("detector", folder, ROOT)


def write_params(folder: Path, values: dict[str, Any]) -> None:
    """Write params.yaml."""
    (folder / "params.yaml").write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")


def environment(folder: Path) -> dict[str, str]:
    """Return an environment without anybody's own settings, in which `python` is this one."""
    private = folder / ".dvc/tmp/home"
    private.mkdir(parents=True, exist_ok=True)
    names = ("DVC_GLOBAL_CONFIG_DIR", "DVC_SYSTEM_CONFIG_DIR", "DVC_SITE_CACHE_DIR", "XDG_CACHE_HOME", "HOME")
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONPATH" and not key.startswith("GIT_")}
    return {
        **kept,
        **dict.fromkeys(names, str(private)),
        **{f"GIT_{who}_{what}": "a@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
        "GIT_CONFIG_NOSYSTEM": "1",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }


def git(folder: Path, *arguments: str) -> str:
    """Run git in the folder and return what it prints."""
    return _run(folder, ["git", *arguments])


def dvc(folder: Path, *arguments: str) -> str:
    """Run DVC in the folder and return what it prints."""
    return _run(folder, [sys.executable, "-m", "dvc", *arguments])


def _run(folder: Path, command: list[str]) -> str:
    done = subprocess.run(command, cwd=folder, env=environment(folder), capture_output=True, text=True)
    assert done.returncode == 0, f"{command}: {done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def commit(folder: Path, message: str) -> None:
    """Commit all that is in the folder."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--no-verify", "--no-gpg-sign", "-m", message)


def would_run(folder: Path) -> set[str]:
    """Return the stages that `dvc repro` would run, with all that follow if each gives something new."""
    told = dvc(folder, "repro", "--dry", "--force-downstream")
    return set(re.findall(r"^Running stage '(.+)'", told, re.MULTILINE))


def stale(folder: Path) -> set[str]:
    """Return the stages of which `dvc status` says that something of their own has changed."""
    return set(json.loads(dvc(folder, "status", "--json")))


def lock(folder: Path) -> dict[str, Any]:
    """Return what dvc.lock says of each stage."""
    return yaml.safe_load((folder / "dvc.lock").read_text(encoding="utf-8"))["stages"]


def outputs(folder: Path) -> dict[str, bytes]:
    """Return dvc.lock and every file that the stages wrote, by path."""
    names = ("data", "models", "metrics", "plots")
    files = [path for name in names for path in (folder / name).rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted([*files, folder / "dvc.lock"])}


def wait(until: Callable[[], Any], process: subprocess.Popen[Any] | None = None) -> None:
    """Wait until something is true, five minutes at most, which a process must bring about before it ends."""
    end = time.monotonic() + 300
    while not until():
        assert process is None or process.poll() is None, "it ended by itself"
        assert time.monotonic() < end, "it does not come to that"
        time.sleep(0.05)


@contextmanager
def edited(file: Path, text: str) -> Iterator[None]:
    """Give a file another text for a while."""
    before = file.read_bytes()
    file.write_text(text, encoding="utf-8")
    try:
        yield
    finally:
        file.write_bytes(before)
