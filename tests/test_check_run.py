"""`make check` on a pipeline of three stages, in every way in which its parts can disagree."""

import hashlib
import json
import os
import shutil
import subprocess
from functools import partial
from pathlib import Path

import pytest
import yaml

from emotion.core.errors import InputError
from tests.small_run import ANOTHER, PIPELINE, ran
from tools import check_run, stale

assert ran  # a fixture


@pytest.fixture
def clone(ran, tmp_path, monkeypatch) -> Path:
    folder = tmp_path / "a clone"
    shutil.copytree(ran, folder)
    monkeypatch.chdir(folder)
    return folder


def change(path: str, old: str, new: str) -> None:
    text = Path(path).read_text()
    assert old in text
    Path(path).write_text(text.replace(old, new, 1))


def problems(capsys) -> list[str]:
    """Return what the check prints as wrong, one line a problem."""
    with pytest.raises(SystemExit) as stop:
        check_run.main()
    assert str(stop.value).startswith("error: ")
    return capsys.readouterr().err.splitlines()


def test_a_clone_without_data_passes(clone, capsys):
    check_run.main()
    assert "3 stages" in capsys.readouterr().out


def test_a_source_folder_without_git_passes(clone):
    shutil.rmtree(".git")
    Path(".dvc/config.local").write_text("[core]\n    no_scm = true\n")
    check_run.main()


def edit_lock():
    before, name, after = Path("dvc.lock").read_text().rpartition("  train:")
    Path("dvc.lock").write_text(before + name + after.replace("md5: ", "md5: 00", 1))


def delete_metric():
    Path("metrics/cnn.json").unlink()


def forget_metric():
    subprocess.run(["git", "rm", "-q", "--cached", "metrics/cnn.json"], check=True)


def delete_code():
    Path("recorded.json").unlink()


def add_stage():
    with open("dvc.yaml", "a") as file:
        file.write(ANOTHER)


@pytest.mark.parametrize(
    ("disagree", "stage", "words"),
    [
        (partial(change, "params.yaml", "3", "4"), "train", "your params differ: params.yaml: epochs modified"),
        (partial(change, "recorded.json", "{", "{ "), "train", "your code differs: recorded.json: modified"),
        (partial(change, "metrics/cnn.json", "{", "{ "), "evaluate", "your output differs: metrics/cnn.json: modified"),
        (edit_lock, "train", "dvc.lock was not made by this code"),
        (partial(change, "dvc.yaml", "cp metrics", "cp -f metrics"), "evaluate", "changed command"),
        (delete_metric, "evaluate", "metrics/cnn.json is missing"),
        (forget_metric, "evaluate", "metrics/cnn.json is not in git: `git add metrics/cnn.json`"),
        (delete_code, "train", "recorded.json is missing"),
        (add_stage, "explore", "not in dvc.lock"),
        (
            partial(change, "dvc.yaml", "deps: [data/faces, recorded.json]", "deps: [data/faces]"),
            "train",
            "dependency recorded.json is only in dvc.lock",
        ),
        (partial(change, "dvc.yaml", "    params: [epochs]\n", ""), "train", "param epochs is only in dvc.lock"),
        (
            partial(change, "requirements.txt", "keras==3.15.1", "keras==3.16.0"),
            "train",
            "was made with keras 3.15.1, requirements.txt has 3.16.0: compile requirements.txt without --upgrade",
        ),
    ],
)
def test_a_disagreement_is_one_line_with_its_stage(clone, capsys, disagree, stage, words):
    disagree()
    (line,) = problems(capsys)
    assert line.startswith(f"{stage}: ")
    assert words in line


def test_other_data_are_not_called_other_code(clone, capsys):
    subprocess.run(["git", "rm", "-q", "--cached", "raw.txt"], check=True)
    Path(".gitignore").write_text("/data\n/raw.txt\n")
    change("raw.txt", "faces", "others")
    (line,) = problems(capsys)
    assert line.startswith("clean: ") and "your data differ: raw.txt: modified" in line


def test_other_bytes_of_the_same_code_and_data_are_laid_to_the_machine(clone, capsys):
    recorded = Path("metrics/training/cnn.json")
    recorded.write_text(recorded.read_text().replace("{", "{ ", 1))
    lock = yaml.safe_load(Path("dvc.lock").read_text())
    (out,) = lock["stages"]["train"]["outs"]
    out |= {"md5": hashlib.md5(recorded.read_bytes()).hexdigest(), "size": recorded.stat().st_size}
    Path("dvc.lock").write_text(yaml.safe_dump(lock))
    lines = dict(line.split(": ", 1) for line in problems(capsys))
    assert "your machine rounds differently: " in lines["train"] and "metrics/training/cnn.json" in lines["train"]
    assert "an earlier stage's output differs: metrics/training/cnn.json" in lines["evaluate"]


def test_a_file_that_no_stage_makes_is_named(clone, capsys):
    Path("metrics/old.json").touch()
    subprocess.run(["git", "add", "."], check=True)
    assert problems(capsys) == ["metrics/old.json: no stage makes it: `git rm metrics/old.json`"]


def test_a_dropped_output_is_named(clone, capsys):
    change("dvc.yaml", "    metrics: [metrics/cnn.json: {cache: false}]\n", "")
    assert "evaluate: output metrics/cnn.json is only in dvc.lock" in problems(capsys)


def test_the_entry_of_a_removed_stage_is_named(clone, capsys):
    text = Path("dvc.yaml").read_text()
    Path("dvc.yaml").write_text(text[: text.index("  evaluate:")])
    assert "dvc.lock: there is no stage evaluate: remove its entry" in problems(capsys)


def test_pending_stages_and_what_follows_are_accepted_and_printed(clone, capsys):
    check_run.PENDING.write_text("train  # needs a night\n")
    change("params.yaml", "3", "4")
    delete_metric()
    check_run.main()
    assert "pending_runs.txt): train; downstream stages: evaluate" in capsys.readouterr().out


def test_several_pending_stages_without_their_data_are_accepted(clone, capsys):
    count = "  count: {cmd: wc data/faces > metrics/n, deps: [data/faces], metrics: [metrics/n: {cache: false}]}\n"
    Path("dvc.yaml").write_text(PIPELINE + count)
    change("params.yaml", "3", "4")
    check_run.PENDING.write_text("train\ncount\n")
    check_run.main()
    assert "pending_runs.txt): train, count; downstream stages: evaluate" in capsys.readouterr().out


def test_what_comes_before_a_pending_stage_is_not_accepted(clone, capsys):
    check_run.PENDING.write_text("train\n")
    change("params.yaml", "3", "4")
    change("raw.txt", "faces", "others")
    (line,) = problems(capsys)
    assert line.startswith("clean: ") and "raw.txt: modified" in line


def test_a_pending_stage_that_is_up_to_date_is_an_error(clone, capsys):
    check_run.PENDING.write_text("train\n")
    assert problems(capsys) == [".ci/pending_runs.txt: train is not stale: remove its line"]


def test_an_unknown_pending_stage_gets_a_suggestion(clone):
    check_run.PENDING.write_text("trian\n")
    with pytest.raises(InputError, match=r"there is no stage 'trian'; did you mean 'train'\?"):
        check_run.main()


def test_a_pipeline_that_is_not_valid_is_one_line(clone):
    change("dvc.yaml", "deps", "depps")
    with pytest.raises(InputError, match=r"^dvc repro --dry: .*dvc.yaml' validation failed[^\n]*$"):
        check_run.main()


def test_while_a_stage_is_running_the_check_is_one_line_and_git_can_commit(clone, capsys):
    blocker = {"pid": os.getppid(), "cmd": "dvc repro"}
    Path(".dvc/tmp").mkdir(exist_ok=True)
    Path(".dvc/tmp/rwlock").write_text(json.dumps({"write": {str(clone / "data/faces"): blocker}, "read": {}}))
    with pytest.raises(InputError, match="^another DVC command is running here: try again when it is done$"):
        check_run.main()
    stale.main()
    assert "what changed is not known: another DVC command is running here" in capsys.readouterr().out
