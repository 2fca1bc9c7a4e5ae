"""`make verify`: what depends on anything but code, params and data is found, on a pipeline of two stages."""

import os
from pathlib import Path

import pytest

from tests.remotes.clones import tool

PIPELINE = """\
stages:
  draw: {cmd: python stages/draw.py, deps: [stages/draw.py], params: [count], outs: [data/numbers]}
  sum:
    cmd: python stages/sum.py
    deps: [stages/sum.py, data/numbers]
    metrics: [metrics/sum.json: {cache: false}]
"""
DRAW = """\
import os, time, pathlib
import yaml

count = yaml.safe_load(open("params.yaml"))["count"]
folder = pathlib.Path("data/numbers")
folder.mkdir(parents=True)
for number in range(count):
    (folder / str(number)).write_text(str(number))
"""
SUM = """\
import pathlib

numbers = [int(path.read_text()) for path in pathlib.Path("data/numbers").glob("*")]
pathlib.Path("metrics").mkdir(exist_ok=True)
pathlib.Path("metrics/sum.json").write_text(str(sum(numbers)))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    texts = {
        ".dvc/config": "[core]\n    analytics = false\n    check_update = false\n",
        "dvc.yaml": PIPELINE,
        "params.yaml": "count: 30\n",
        "params/sample.yaml": "count: 3\n",
        "stages/draw.py": DRAW,
        "stages/sum.py": SUM,
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_what_depends_on_params_and_data_alone_is_identical(project: Path):
    script = project / "stages/draw.py"
    script.write_text(DRAW + f"open({str(project / 'ran')!r}, 'a').write('.')\n")
    done = tool(project, "verify")
    assert done.returncode == 0, done.stderr
    assert "\nidentical: 5 files, dvc.lock and all outputs\n" in done.stdout, "three numbers, their sum and the lock"
    assert (project / "ran").read_text() == ".."
    first, second = (project / ".verify" / name for name in ("first", "the second, longer path"))
    assert (first / "metrics/sum.json").read_text() == (second / "metrics/sum.json").read_text() == "3"

    assert tool(project, "verify", "draw").stdout.count("identical: 4 files") == 1
    assert (project / "ran").read_text() == "....", "nothing of the first time takes a stage's place"
    assert not (second / "metrics/sum.json").exists(), "the second stage was not asked for"


def test_what_depends_on_something_else_is_named_in_order(project: Path):
    secrets = {
        "0": "hash('order of sets')",
        "1": "time.tzname",
        "2": "os.environ['LANG']",
        "cores": "len(os.sched_getaffinity(0))",
        "path": "os.getcwd()",
        "umask": "oct(os.stat('data').st_mode)",
    }
    if not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) == 1:
        del secrets["cores"]
    with (project / "stages/draw.py").open("a") as script:
        for name, secret in secrets.items():
            script.write(f"(folder / '{name}').write_text(str(int.from_bytes(str({secret}).encode())))\n")
    done = tool(project, "verify")
    assert done.returncode == 1
    found = [*(f"draw: data/numbers/{name} differs" for name in secrets), "sum: metrics/sum.json differs"]
    verdict = f"error: {len(secrets) + 2} of {len(secrets) + 2} files differ, in the order of the stages: see above"
    assert done.stderr.splitlines()[-len(secrets) - 3 :] == [*found, "dvc: dvc.lock differs", verdict]


def test_a_file_that_only_one_run_writes_is_named(project: Path):
    with (project / "stages/draw.py").open("a") as script:
        script.write("(folder / ('a' if os.environ['LANG'] == 'C' else 'b')).write_text('1')\n")
    lines = tool(project, "verify", "draw").stderr.splitlines()
    assert lines[-1].startswith("error: 3 of 6 files differ")
    assert "draw: data/numbers/a is in .verify/first alone" in lines
    assert "draw: data/numbers/b is in .verify/the second, longer path alone" in lines


def test_a_failing_stage_ends_it_with_its_own_message(project: Path):
    (project / "stages/sum.py").write_text("raise SystemExit('error: no numbers')\n")
    done = tool(project, "verify")
    assert done.returncode != 0 and "error: no numbers" in done.stderr and "Traceback" not in done.stderr
    assert "identical" not in done.stdout
