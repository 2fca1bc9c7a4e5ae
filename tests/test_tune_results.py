"""What `make tune` keeps: a journal whose damage is named, the table and figure, and the best trial for DVC."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from PIL import Image

from emotion.core.errors import InputError
from experiments.tuning import results, study
from experiments.tuning.search import TuneSettings
from tests import searching, tiny
from tests.searching import ACTIVATION, PEAK, WIDTHS, project

TABLE = Path("docs/tuning.csv")
SETTINGS = TuneSettings.model_validate(searching.TUNE | {"space": {PEAK: {"low": 0, "high": 1}}})
ROWS = [
    {"trial": 0, "state": "complete", "epochs": 4, "val_accuracy": 0.5, PEAK: 5e-5, ACTIVATION: "relu", WIDTHS: [4, 4]},
    {"trial": 1, "state": "pruned", "epochs": 2, "val_accuracy": 0.9, PEAK: 0.1, ACTIVATION: "elu", WIDTHS: [8, 8]},
]
JOURNAL = """{"op_code":0,"worker_id":"a","study_name":"cnn-1","directions":[2]}
{"op_code":4,"worker_id":"a","study_id":0,"datetime_start":"2026-01-01T00:00:00.000000+00:00"}
{"op_code":5,"worker_id":"a","trial_id":0,"param_name":"x","param_value_internal":0.1,"distribution":"{\\"name\\": \\"FloatDistribution\\", \\"attributes\\": {\\"step\\": null, \\"low\\": 0.0, \\"high\\": 1.0, \\"log\\": false}}"}
{"op_code":7,"worker_id":"a","trial_id":0,"step":1,"intermediate_value":0.4}
"""  # noqa: E501 - a journal has a record a line


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.replace('"op_code":5', '"op_code":"', 1),
        lambda text: text + "nothing\n",
        lambda text: text.replace('"study_id":0', '"study":0'),
    ],
)
def test_a_damaged_journal_is_named_and_not_changed(tmp_path: Path, damage: Callable[[str], str]):
    journal = tmp_path / "journal.log"
    journal.write_text(damage(JOURNAL), encoding="utf-8")
    before = journal.read_bytes()
    with pytest.raises(InputError, match=r"journal.log is damaged \(.*\): replace it by a copy"):
        study.opened(journal, "cnn-1", SETTINGS).__enter__()
    assert journal.read_bytes() == before


def test_an_unfinished_record_and_a_stale_lock_are_no_damage(tmp_path: Path):
    journal = tmp_path / "journal.log"
    journal.write_text(JOURNAL + '{"op_code":7,"worker', encoding="utf-8")
    Path(f"{journal}.lock").symlink_to(journal)
    with study.opened(journal, "cnn-1", SETTINGS) as opened:
        trial = study.next_trial(opened, SETTINGS, running=())
        assert trial.number == 0 and study.is_promising(opened, trial, 1, 0.9, last=4)
        assert trial.suggest_float("x", 0, 1) == 0.1
        assert opened.trials[0].intermediate_values == {1: 0.4}, "an epoch that is reported again changes nothing"
    assert journal.read_text("utf-8").startswith(JOURNAL + '{"op_code":0,')


def test_table_and_figure_hold_every_value_that_a_trial_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    results.write(ROWS)
    assert TABLE.read_text("utf-8").splitlines()[1] == '0,complete,4,0.5,5e-05,relu,"[4, 4]"'
    assert Image.open(results.FIGURE).size == (1500, 990)
    shown = [axes.get_xlabel() for axes in results.figure(ROWS).axes if axes.get_visible()]
    assert shown == ["trial", "fit.schedule.peak_learning_rate", "build.activation", "build.widths"]


def test_choices_that_are_not_all_numbers_are_drawn_by_name():
    rows = [row | {PEAK: value} for row, value in zip(ROWS, (None, 0.1), strict=True)]
    axes = results.figure(rows).axes[1]
    assert [list(line.get_xdata()) for line in axes.lines] == [["0.1"], ["null"]]


def test_the_best_trial_is_queued_in_dvc_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    folder = project(tmp_path / "repository", 0)
    monkeypatch.chdir(folder)
    for name, value in tiny.environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    pipeline = "stages: {evaluate: {foreach: [cnn], do: {cmd: 'true', params: [models.cnn]}}}"
    (folder / "dvc.yaml").write_text(pipeline, encoding="utf-8")
    (folder / ".gitignore").write_text("__pycache__\n", encoding="utf-8")

    tiny.git(folder, "init", "--quiet")
    tiny.dvc(folder, "init", "--quiet", "--force")
    tiny.commit(folder, "a project")
    results.queue(ROWS[0] | {"trial": 10})
    assert "experiment tuned-cnn-10 is in the queue." in capsys.readouterr().out
    queued = yaml.safe_load(tiny.git(folder, "show", "refs/exps/celery/stash:params.yaml"))["models"]["cnn"]
    # DVC writes YAML 1.2, in which 5e-05 is a number.
    assert float(queued["fit"]["schedule"]["peak_learning_rate"]) == 5e-5
    assert queued["build"]["widths"] == [4, 4]
    assert tiny.git(folder, "status", "--porcelain") == "", "the workspace stays as it is"
    results.queue(ROWS[0] | {"trial": 1})
    assert "experiment tuned-cnn-1 is in the queue." in capsys.readouterr().out
    results.queue(ROWS[0] | {"trial": 1})
    assert "experiment tuned-cnn-1 was already queued." in capsys.readouterr().out
