"""`make tune`: Optuna's search, which every kill leaves whole."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from emotion.errors import InputError
from tests import searching, tiny
from tests.searching import ACTIVATION, PEAK, TRAINING, WIDTHS, change, project, told, trials, tune, wait
from tools import tune_search, tune_study, tune_table
from tools.tune_settings import TuneSettings

TABLE = Path("docs/tuning.csv")
SETTINGS = TuneSettings.model_validate(
    searching.TUNE | {"space": {PEAK: {"low": 0, "high": 1}}, "pruning": {"first": 8, "factor": 2}}
)
ROWS = [
    {"trial": 0, "state": "complete", "epochs": 4, "val_accuracy": 0.5, PEAK: 1e-5, ACTIVATION: "relu", WIDTHS: [4, 4]},
    {"trial": 1, "state": "pruned", "epochs": 2, "val_accuracy": 0.9, PEAK: 0.1, ACTIVATION: "elu", WIDTHS: [8, 8]},
    {"trial": 2, "state": "complete", "epochs": 4, "val_accuracy": 0.6, PEAK: 0.02, ACTIVATION: "elu", WIDTHS: [8, 8]},
]  # fmt: skip


def test_killed_in_mid_trial_it_goes_on_and_ends_with_the_table_of_a_search_that_was_never_cut(tmp_path: Path):
    for name in ("whole", "cut"):
        (tmp_path / name).mkdir()
    whole, cut = project(tmp_path / "whole", 0.01), project(tmp_path / "cut", 0.4)
    assert tune(whole).returncode == 0

    with subprocess.Popen(searching.command(), cwd=cut, stdout=subprocess.DEVNULL) as search:
        wait(lambda: len(told(cut, "begins")) == 2 and len(trials(cut)[1].intermediate_values) == 2)
        search.kill()
    before = trials(cut)
    assert [trial.state.name for trial in before] == ["COMPLETE", "RUNNING"]
    wait(lambda: not searching.alive(cut))  # the training does not outlive what started it
    assert not (cut / TABLE).exists()

    done = tune(cut)
    assert done.returncode == 0, done.stderr
    after = trials(cut)
    assert [trial.number for trial in after] == [0, 1, 2, 3]
    assert after[0] == before[0], "a finished trial stays as it is"
    assert after[1].params == before[1].params, "the one that was cut off is the same again"
    begun, ended = told(cut, "begins"), told(cut, "ends")
    assert len(ended) == len(set(ended)) == 4 and len(begun) == 5 and begun[1] == begun[2]
    assert (cut / TABLE).read_bytes() == (whole / TABLE).read_bytes()
    assert (cut / tune_table.PICTURE).read_bytes() == (whole / tune_table.PICTURE).read_bytes()
    assert not list((cut / ".tune").glob("cnn-*/*")), "finished trials leave no folder"


def test_other_settings_are_another_search_and_the_first_one_stays(tmp_path: Path):
    folder = project(tmp_path, 0.01, trials=2)
    assert tune(folder).returncode == 0
    first = (folder / TABLE).read_bytes()
    change(folder, trials=2, seed=2)
    done = tune(folder)
    assert "journal.log also holds 1 searches with other settings or data, which stay" in done.stdout
    assert (folder / TABLE).read_bytes() != first
    assert len(told(folder, "begins")) == 4
    change(folder, trials=3)
    assert tune(folder).returncode == 0
    assert len(told(folder, "begins")) == 5, "a higher number of trials goes on from those that are there"
    assert (folder / TABLE).read_bytes().startswith(first)


def test_a_bad_trial_stops_early_and_the_best_go_through(tmp_path: Path):
    folder = project(tmp_path, 0.3, trials=6, pruning={"first": 1, "factor": 2}, space={PEAK: {"low": 0, "high": 0.15}})
    done = tune(folder)
    assert done.returncode == 0, done.stderr
    pruned = [trial for trial in trials(folder) if trial.state.name == "PRUNED"]
    assert pruned and all(len(trial.intermediate_values) < 4 for trial in pruned)
    assert len(told(folder, "begins")) == 6 and len(told(folder, "ends")) == 6 - len(pruned)
    best = max(value for trial in trials(folder) for value in trial.intermediate_values.values())
    assert f"validation accuracy {best:.2%}\ndvc exp run -S {PEAK}=" in done.stdout


def test_the_projects_own_training_learns_from_its_share_and_is_scored_on_validation_faces(tmp_path: Path):
    folder = project(tmp_path, 0, training=None, trials=1, epochs=2, space={PEAK: [0.004, 0.005]})
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and ".tune" not in path.parts}
    done = tune(folder)
    assert done.returncode == 0, done.stderr
    (row,) = tune_table.csv.DictReader((folder / TABLE).open())
    assert (row["state"], row["epochs"]) == ("complete", "2")
    right = 14 * float(row["val_accuracy"])
    assert right == pytest.approx(round(right), abs=1e-4), "a share of 14 validation faces"
    assert {path: path.read_bytes() for path in before} == before


def test_a_training_that_diverges_is_a_bad_trial_and_no_error(tmp_path: Path):
    folder = project(tmp_path, 0, training=None, trials=1, epochs=1, space={PEAK: [1e30, 2e30]})
    done = tune(folder)
    assert "error: no trial went through all epochs" in done.stderr
    assert "0,diverged,0,0" in (folder / TABLE).read_text("utf-8")


def test_a_training_that_fails_stops_the_search_and_its_trial_comes_again(tmp_path: Path):
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
        ({"space": {"models.cnn.fit.schedule.peek": [1, 2]}}, f"cnn.fit.schedule.peek; did you mean '{PEAK}'?"),
        ({"space": {"models.vgg16.fit.schedule.peak": [1, 2]}}, f"vgg16.fit.schedule.peak; did you mean '{PEAK}'?"),
        ({"space": {"models.cnn.fit.epochs": [1, 2]}}, "models.cnn.fit.epochs is the same in all trials: tune.epochs"),
        ({"space": {PEAK: {"low": 2, "high": 1}}}, "write {low: 0.1, high: 0.5}, low below high, or a list of values"),
        ({"space": {PEAK: {"low": 0, "high": 1, "log": True}}}, "with log: true, low must be above 0"),
        ({"space": {PEAK: {"low": 0, "hihg": 1}}}, f"unknown key tune.space.{PEAK}.hihg"),
        ({"space": {PEAK: {"low": "1e-3", "high": 1}}}, "(YAML reads 1e-3 as text: write 0.001)"),
        ({"model": "cnm"}, "tune.model: no model 'cnm'; did you mean 'cnn'?"),
        ({"trails": 4}, "unknown key tune.trails; did you mean 'trials'?"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], message: str
):
    monkeypatch.chdir(project(tmp_path, 0.01, **changes))
    with pytest.raises(InputError, match=f"^params.yaml: .*{re.escape(message)}"):
        tune_search.read()


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.replace('"op_code":5', '"op_code":"', 1),
        lambda text: "\n".join(line if number else line[:9] for number, line in enumerate(text.split("\n"))),
        lambda text: text + "\x00\x00\x00",
        lambda text: text + "nothing\n",
        lambda text: text.replace('"study_id":0', '"study":0'),
        lambda text: "no journal at all",
    ],
)
def test_a_damaged_journal_is_named_and_left_as_it_is(tmp_path: Path, damage: Callable[[str], str]):
    journal = tmp_path / "journal.log"
    journal.write_text(damage(JOURNAL), encoding="utf-8")
    before = journal.read_bytes()
    with pytest.raises(InputError, match=r"journal.log is damaged \(.*\): put a copy of it in its place"):
        tune_study.opened(journal, "cnn-1", SETTINGS).__enter__()
    assert journal.read_bytes() == before


JOURNAL = """{"op_code":0,"worker_id":"a","study_name":"cnn-1","directions":[2]}
{"op_code":4,"worker_id":"a","study_id":0,"datetime_start":"2026-01-01T00:00:00.000000+00:00"}
{"op_code":5,"worker_id":"a","trial_id":0,"param_name":"x","param_value_internal":0.1,"distribution":"{\\"name\\": \\"FloatDistribution\\", \\"attributes\\": {\\"step\\": null, \\"low\\": 0.0, \\"high\\": 1.0, \\"log\\": false}}"}
{"op_code":7,"worker_id":"a","trial_id":0,"step":1,"intermediate_value":0.4}
"""  # noqa: E501 - a journal has a record a line


def test_a_record_that_a_kill_cut_short_and_a_lock_that_it_left_are_no_damage(tmp_path: Path):
    journal = tmp_path / "journal.log"
    journal.write_text(JOURNAL + '{"op_code":7,"worker', encoding="utf-8")
    Path(f"{journal}.lock").symlink_to(journal)
    with tune_study.opened(journal, "cnn-1", SETTINGS) as study:
        trial = tune_study.next_trial(study, SETTINGS, running=())
        assert trial.number == 0 and tune_study.goes_on(study, trial, 1, 0.9, last=4)
        assert trial.suggest_float("x", 0, 1) == 0.1
        assert study.trials[0].intermediate_values == {1: 0.4}, "an epoch that comes again changes nothing"
    assert journal.read_text("utf-8").startswith(JOURNAL + '{"op_code":0,')


def test_two_searches_at_once_are_refused(tmp_path: Path):
    folder = project(tmp_path, 0.5)
    with subprocess.Popen(searching.command(), cwd=folder, stdout=subprocess.DEVNULL) as first:
        wait(lambda: told(folder, "begins"))
        second = tune(folder)
        first.kill()
    assert second.stderr == (
        "error: .tune/journal.log: another `make tune` is using it: wait until it ends, or stop it\n"
    )


def test_the_winner_went_through_all_epochs_and_its_numbers_are_read_by_yaml_as_numbers():
    assert tune_table.winner(ROWS)["trial"] == 2
    text = tune_table.settings(ROWS[0])
    assert text == ["-S", f"{PEAK}=0.00001", "-S", f"{ACTIVATION}=relu", "-S", f"{WIDTHS}=[4,4]"]


def test_the_table_holds_what_was_written_and_the_picture_has_a_panel_for_each_value(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tune_table.write(ROWS)
    assert tune_table.read() == ROWS
    pictures = [tune_table.PICTURE.read_bytes()]
    tune_table.write(tune_table.read())
    pictures.append(tune_table.PICTURE.read_bytes())
    assert pictures[0] == pictures[1] and Image.open(tune_table.PICTURE).size == (1500, 990)
    shown = [axes.get_xlabel() for axes in tune_table.figure(ROWS).axes if axes.get_visible()]
    assert shown == ["trial", "fit.schedule.peak", "build.activation", "build.widths"]


def test_the_winner_becomes_an_experiment_once(tmp_path: Path):
    folder = project(tmp_path / "repository", 0)
    environment = tiny.environment(tmp_path)
    dvc = "stages: {evaluate: {foreach: [cnn], do: {cmd: 'true', params: [models.cnn]}}}"
    (folder / "dvc.yaml").write_text(dvc, encoding="utf-8")
    (folder / ".gitignore").write_text("__pycache__\n", encoding="utf-8")
    (folder / "docs").mkdir()
    (folder / TABLE).write_text(f'trial,state,epochs,val_accuracy,{PEAK},{WIDTHS}\n7,complete,4,0.5,0.017,"[6, 6]"\n')

    def run(*command: str) -> str:
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    python = searching.command()[0]
    run("git", "init", "--quiet")
    run(python, "-m", "dvc", "init", "--quiet")
    run("git", "add", "--all")
    run("git", "commit", "--quiet", "--no-gpg-sign", "-m", "a project")
    assert "experiment tuned-cnn-7 is in the queue." in run(*searching.command("--experiment"))
    queued = yaml.safe_load(run("git", "show", "refs/exps/celery/stash:params.yaml"))["models"]["cnn"]
    assert queued["fit"]["schedule"]["peak"] == 0.017 and queued["build"]["widths"] == [6, 6]
    assert "peak: 0.017" not in (folder / "params.yaml").read_text("utf-8"), "what is here stays"
    assert "experiment tuned-cnn-7 was there already." in run(*searching.command("--experiment"))


def test_without_a_table_there_is_no_winner(tmp_path: Path):
    done = tune(project(tmp_path, 0), "--experiment")
    assert done.stderr == "error: docs/tuning.csv is not here: run `make tune`, which writes it\n"


def test_git_and_dvc_ignore_the_folder(root: Path):
    for name in (".gitignore", ".dvcignore"):
        assert "/.tune/" in (root / name).read_text("utf-8").splitlines()
