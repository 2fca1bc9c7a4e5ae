"""The commands of docs/tour.md and the notebook's cells, and a small copy of the project in which they run."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tests import tiny
from tests.source import ROOT, quickstart_params

STAGES = ["check_params", "check_inputs", "detector", "download", "clean", "audit", "split", "class_weights"]
STAGES += ["annotations", "pretrained", "vote_targets", "train", "predict", "calibrate", "evaluate"]
STAGES += ["ensemble_choice", "ensemble", "export", "choose"]
STAGES += ["label_audit", "robustness"]  # never run, as after `make quickstart`
Step = tuple[str, str]  # a command and its expected output, in which `...` stands for anything


def steps(text: str) -> list[Step]:
    """Return the commands of a page's console blocks; a YAML block becomes a command that adds it to params.yaml."""
    found: list[Step] = []
    for kind, block in re.findall(r"^```(console|yaml)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        if kind == "yaml":
            note, _, lines = block.partition("\n")
            assert note == '# in params.yaml, below the line "models:"'
            found.append((f"cat > block <<'END'\n{lines}END\nsed -i -e '/^models:$/r block' params.yaml; rm block", ""))
        else:
            for entry in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                command, _, expected = entry.partition("\n")
                found.append((command, expected))
    return found


def fits(printed: str, expected: str) -> bool:
    """Return whether an output is the expected one; a line `...` stands for any lines, `...` in a line for anything.

    Several spaces count as one, because the widths of columns vary. Without an expected output, any output fits.
    """
    wanted = [re.escape(" ".join(line.split())).replace(r"\.\.\.", ".*") for line in expected.splitlines()]
    pattern = "".join("(?:.*\n)*?" if line == ".*" else f"{line}\n" for line in wanted)
    lines = [" ".join(line.split()) for line in printed.splitlines()]
    return not wanted or re.fullmatch(pattern, "".join(f"{line}\n" for line in lines if line)) is not None


def small_params() -> dict[str, Any]:
    """Return params with the model cnn alone, trained as by `make quickstart`, but tiny."""
    values = tiny.params()
    values["models"] = {"cnn": values["models"]["cnn"] | {"fit": quickstart_params()["models"]["cnn"]["fit"]}}
    for section, key in {"ensemble": "candidates", "export": "models", "compare": "models"}.items():
        values[section][key] = ["cnn"]
    values["explain"]["model"] = "cnn"
    return json.loads(json.dumps(values))


def write_project(project: Path) -> None:
    """Create a repository of the project's files, with fewer stages and small params."""
    tiny.copy_code(project)
    shutil.copytree(ROOT / "tools", project / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Makefile", "requirements.txt"):
        shutil.copy(ROOT / name, project)
    pipeline = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
    stages = {name: pipeline["stages"][name] for name in STAGES}
    (project / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}, sort_keys=False), encoding="utf-8")
    (project / "stages/dvc.yaml").unlink()  # charts of models that are not there
    tiny.write_params(project, small_params())
    (project / "params/sample.yaml").write_text("data: {source: sample}\n", encoding="utf-8")
    tiny.git(project, "init", "--quiet")
    tiny.commit(project, "the project")


def write_environment(venv: Path, lock: Path) -> None:
    """Create a folder that looks like one of `make setup` and runs the Python of the tests."""
    (venv / "bin").mkdir(parents=True)
    for name, arguments in {"python": "", "dvc": "-m dvc "}.items():
        (venv / "bin" / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments}"$@"\n')
        (venv / "bin" / name).chmod(0o755)
    (venv / "bin/activate").write_text('export PATH="$PWD/.venv/bin:$PATH"\n')
    shutil.copy(lock, venv / ".installed")


NOTEBOOK = ROOT / "docs/fer2013_colab.ipynb"


def cells() -> list[str]:
    """Return the code of the notebook's cells."""
    return ["".join(cell["source"]) for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]]


def execute(cell: str, namespace: dict[str, Any]) -> None:
    """Run a cell as a notebook does: a line that begins with `!` goes to the shell, with names in braces replaced."""
    code = re.sub(r"^( *)!(.*)$", lambda line: f"{line[1]}shell({line[2]!r})", cell, flags=re.MULTILINE)

    def shell(line: str) -> None:
        line = re.sub(r"\{(\w+)\}", lambda name: str(namespace[name[1]]), line)
        done = subprocess.run(line, shell=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        print(done.stdout)
        assert done.returncode == 0, f"{line}: {done.stdout}"

    namespace["shell"] = shell
    exec(compile(code, str(NOTEBOOK), "exec"), namespace)
