"""`make tune`: Optuna's search survives every kill, stops bad trials early and refuses wrong settings."""

import csv
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from emotion.core.errors import InputError
from experiments.tuning import results, search
from experiments.tuning.__main__ import main
from tests import searching
from tests.searching import PEAK, TRAINING, change, project, told, trials, tune
from tests.tiny import wait

TABLE = Path("docs/tuning.csv")
HALVING = {"min_epochs": 1, "reduction_factor": 2}


def test_a_killed_search_resumes_and_ends_with_the_same_table(tmp_path: Path):
    for name in ("whole", "cut"):
        (tmp_path / name).mkdir()
    whole, cut = project(tmp_path / "whole", 0.01), project(tmp_path / "cut", 0.4)
    assert tune(whole).returncode == 0

    with subprocess.Popen(searching.command(), cwd=cut, stdout=subprocess.DEVNULL) as running:
        wait(lambda: len(told(cut, "begins")) == 2 and len(trials(cut)[1].intermediate_values) == 2)
        running.kill()
    before = trials(cut)
    assert [trial.state.name for trial in before] == ["COMPLETE", "RUNNING"]
    process = searching.notes(cut)[-1][2]
    wait(lambda: not Path("/proc", process).exists())  # the training does not outlive the process that started it
    assert not (cut / TABLE).exists()

    done = tune(cut)
    assert done.returncode == 0, done.stderr
    after = trials(cut)
    assert [trial.number for trial in after] == [0, 1, 2, 3]
    assert after[0] == before[0], "a finished trial stays as it is"
    assert after[1].params == before[1].params, "the interrupted trial is the same again"
    begun, ended = told(cut, "begins"), told(cut, "ends")
    assert len(ended) == len(set(ended)) == 4 and len(begun) == 5 and begun[1] == begun[2]
    assert (cut / TABLE).read_bytes() == (whole / TABLE).read_bytes()
    assert (cut / results.FIGURE).read_bytes() == (whole / results.FIGURE).read_bytes()
    assert not list((cut / ".tune").glob("cnn-*/*")), "finished trials leave no folder"


def test_other_settings_begin_another_search_and_the_first_stays(tmp_path: Path):
    folder = project(tmp_path, 0.01, trials=2)
    assert tune(folder).returncode == 0
    first = (folder / TABLE).read_bytes()
    change(folder, trials=2, seed=2)
    assert "journal.log also holds 1 searches with other settings or data, which stay" in tune(folder).stdout
    assert (folder / TABLE).read_bytes() != first
    assert len(told(folder, "begins")) == 4
    change(folder, trials=3)
    assert tune(folder).returncode == 0
    assert len(told(folder, "begins")) == 5, "a higher number of trials continues the search"
    assert (folder / TABLE).read_bytes().startswith(first)


def test_a_bad_trial_stops_early_and_the_best_run_all_epochs(tmp_path: Path):
    folder = project(tmp_path, 0.3, trials=6, pruning=HALVING, space={PEAK: {"low": 0, "high": 0.15}})
    done = tune(folder)
    assert done.returncode == 0, done.stderr
    pruned = [trial for trial in trials(folder) if trial.state.name == "PRUNED"]
    assert pruned and all(len(trial.intermediate_values) < 4 for trial in pruned)
    assert len(told(folder, "begins")) == 6 and len(told(folder, "ends")) == 6 - len(pruned)
    best = max(value for trial in trials(folder) for value in trial.intermediate_values.values())
    assert f"validation accuracy {best:.2%}\ndvc exp run -S {PEAK}=" in done.stdout


def test_trials_run_the_pipelines_own_stage_and_one_may_diverge(tmp_path: Path):
    # With this seed it draws 1e30 first, then 0.005.
    folder = project(tmp_path, 0, training=None, trials=2, epochs=2, seed=3, space={PEAK: [0.005, 1e30]})
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and ".tune" not in path.parts}
    done = tune(folder)
    assert done.returncode == 0, done.stderr
    diverged, complete = csv.DictReader((folder / TABLE).open())
    assert (diverged["state"], diverged["epochs"], diverged["val_accuracy"]) == ("diverged", "0", "0.0")
    assert (complete["state"], complete["epochs"]) == ("complete", "2")
    right = 14 * float(complete["val_accuracy"])
    assert right == pytest.approx(round(right), abs=1e-4), "a share of 14 validation faces"
    assert {path: path.read_bytes() for path in before} == before


def test_the_table_is_written_even_if_every_trial_diverges(tmp_path: Path):
    says = "raise SystemExit('error: the loss is not finite in epoch 1: lower it')"
    folder = project(tmp_path, 0, training=says, trials=2)
    assert tune(folder).stderr.startswith("error: no trial ran all epochs: raise tune.trials or lower ")
    assert [row["state"] for row in csv.DictReader((folder / TABLE).open())] == ["diverged"] * 2


def test_a_training_that_fails_stops_the_search_and_is_tried_again(tmp_path: Path):
    folder = project(tmp_path, 0.01, training="raise SystemExit('error: no such thing: mend it')", trials=1)
    failed = tune(folder)
    assert failed.returncode == 1
    assert failed.stderr.startswith("error: trial 0: no such thing: mend it (.tune/cnn-")
    (folder / "stages/train.py").write_text(TRAINING, encoding="utf-8")
    tried = trials(folder)[0].params
    assert tune(folder).returncode == 0
    assert [trial.params for trial in trials(folder)] == [tried]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"space": {"models.cnn.fit.schedule.peek_learning_rate": [1, 2]}}, f"; did you mean '{PEAK}'?"),
        ({"space": {PEAK.replace("cnn", "vgg16"): [1, 2]}}, f"peak_learning_rate; did you mean '{PEAK}'?"),
        ({"space": {"models.cnn.fit.epochs": [1, 2]}}, "is the same in all trials: set tune.epochs"),
        ({"space": {PEAK: {"low": 2, "high": 1}}}, "write {low: 0.1, high: 0.5}, low below high, or a list of values"),
        ({"space": {PEAK: {"low": 0, "high": 1, "log": True}}}, "with log: true, low must be above 0"),
        ({"space": {PEAK: {"low": 0, "hihg": 1}}}, f"unknown key tune.space.{PEAK}.hihg"),
        ({"model": "cnm"}, "tune.model: no model 'cnm'; did you mean 'cnn'?"),
        ({"trails": 4}, "unknown key tune.trails; did you mean 'trials'?"),
    ],
)
def test_a_wrong_setting_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], message: str
):
    monkeypatch.chdir(project(tmp_path, 0.01, **changes))
    with pytest.raises(InputError, match=f"^params.yaml: .*{re.escape(message)}"):
        search.read()


def test_two_searches_at_once_are_refused(tmp_path: Path):
    folder = project(tmp_path, 0.5)
    with subprocess.Popen(searching.command(), cwd=folder, stdout=subprocess.DEVNULL) as first:
        wait(lambda: told(folder, "begins"))
        second = tune(folder)
        first.kill()
    assert second.stderr == (
        "error: .tune/journal.log: another `make tune` is using it: wait until it ends, or stop it\n"
    )


def test_without_trials_there_is_nothing_to_apply(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(project(tmp_path, 0))
    with pytest.raises(InputError, match="^no trial ran all epochs: raise tune.trials"):
        main("--apply")
