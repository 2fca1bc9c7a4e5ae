"""The benchmarks of training, of `dvc repro` and of hardware settings: fair comparisons, and that each one runs."""

import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import yaml

from benchmarks import hardware, noop_repro, results, training_speed
from benchmarks.sides import engine, keras_fit, process, work
from benchmarks.training_speed import ROWS, summarise, table
from emotion.core.errors import InputError
from emotion.training import registry
from emotion.training.settings import HardwareSettings
from tests.source import ROOT

TOY = """
import sys
from benchmarks.sides import process

def measure(steps):
    print("a library prints")
    if steps == 9:
        sys.exit("SomeError: too many\\nand a hint")
    return {"seconds": steps / 2}

print("before", file=sys.stderr)
process.serve(lambda: ({"argument": sys.argv[1]}, measure))
"""


@pytest.fixture
def task(root: Path, monkeypatch: pytest.MonkeyPatch) -> work.Work:
    """The work of params.yaml with the smallest network."""
    monkeypatch.chdir(root)
    small = work.read(widths=[4, 4])
    return small.model_copy(update={"hardware": HardwareSettings(precision="float32", xla=False, threads=2)})


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in place of benchmarks/results.json."""
    monkeypatch.setattr(results, "RESULTS", tmp_path / "results.json")
    return tmp_path / "results.json"


# -- results


def test_a_benchmark_replaces_its_own_numbers_alone(kept: Path):
    results.keep("one", {"a": 1, "b": 2})
    results.keep("two", {"a": 3})
    results.keep("one", {"a": 4})
    assert json.loads(kept.read_text(encoding="utf-8")) == {"one": {"a": 4}, "two": {"a": 3}}


def test_table_aligns_columns_and_leaves_a_missing_value_empty():
    rows = [{"name": "a", "faces": 1000, "range": [1.5, 2]}, {"name": "long", "faces": 5}]
    assert results.table("title", ("name", "faces", "range"), rows).splitlines() == [
        "title",
        "name  faces    range",
        "a     1,000  1.5 - 2",
        "long      5         ",
    ]


def test_memory_of_a_process_includes_its_arrays():
    # In a process of its own: this one may hold memory that it does not use.
    code = (
        "import numpy as np; from benchmarks.results import memory_mb; before = memory_mb(); "
        "held = np.ones(10_000_000); print(memory_mb() - before)"
    )
    assert 70 < float(subprocess.check_output([sys.executable, "-c", code], cwd=ROOT)) < 90


def test_cores_are_those_that_the_process_may_use(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2}, raising=False)
    monkeypatch.setattr(results.psutil, "cpu_count", lambda logical: 2)
    assert results.cores() == (2, 3) and results.cpu_name()


# -- processes that are compared


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the module `toy`, a side; outside of it, only sides with PYTHONPATH can import it."""
    (tmp_path / "toy.py").write_text(TOY, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(ROOT)]))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_side_replies_with_numbers_alone_and_how_it_waited(toy: Path):
    with closing(process.Side("toy", "toy", ["x"], path=True)) as side:
        assert side.about() == {"argument": "x"}
        first, second = side.measure(3), side.measure(4)
        assert (first["seconds"], second["seconds"]) == (1.5, 2.0)
        assert first["idle_s"] > 0 and 0 <= first["idle_cpu_s"] <= first["idle_s"]
        with pytest.raises(InputError, match="^toy: SomeError: too many$"):
            side.measure(9)


def test_pythonpath_is_kept_only_for_the_side_that_needs_it(toy: Path, monkeypatch: pytest.MonkeyPatch):
    (toy / "elsewhere").mkdir()
    monkeypatch.chdir(toy / "elsewhere")
    with closing(process.Side("toy", "toy", ["x"])) as side, pytest.raises(InputError, match="toy: .*No module named"):
        side.about()
    with closing(process.Side("toy", "toy", ["x"], path=True)) as side:
        assert side.about()


@pytest.mark.parametrize(
    ("code", "log", "reason"),
    [
        (-9, "noise", "it was killed by signal 9 (too little memory?)"),
        (-11, "noise", "it was killed by signal 11"),
        (1, "noise\nerror: do that\n", "do that"),
        (3, "", "it ended with code 3"),
    ],
)
def test_the_reason_of_a_side_that_ended_is_one_line(code: int, log: str, reason: str):
    assert process.explain(code, log) == reason


class Scripted:
    """A side whose steps take a fixed time, and that records when it was asked for how many."""

    def __init__(self, name: str, seconds: float, asked: list[tuple[str, int]]) -> None:
        self.name, self.seconds, self.asked = name, seconds, asked

    def measure(self, steps: int) -> dict[str, float]:
        self.asked.append((self.name, steps))
        return {"seconds": self.seconds * steps}


def test_sides_take_turns_and_every_second_round_is_reversed():
    asked: list[tuple[str, int]] = []
    sides = {"a": Scripted("a", 0.5, asked), "b": Scripted("b", 0.1, asked)}
    measured = process.take_turns(sides, rounds=2, seconds=6, steps=0)
    assert asked[:4] == [("a", 2), ("a", 4), ("b", 2), ("b", 4)]
    assert asked[4:] == [("b", 60), ("a", 12), ("a", 12), ("b", 60), ("b", 60), ("a", 12)]
    assert measured == {"a": [{"seconds": 6.0, "steps": 12}] * 2, "b": [{"seconds": 6.0, "steps": 60}] * 2}
    measured = process.take_turns(sides, rounds=3, seconds=6, steps=5)
    assert [each["steps"] for each in measured["a"]] == [5, 5, 5] and asked[-1] == ("b", 5)


# -- training speed


def test_plain_batches_hold_every_face_once_an_epoch(task: work.Work):
    examples = work.noise(10)
    stream = engine.endless(examples, 5, engine.PLAIN)
    faces = np.concatenate([next(stream)[0] for _ in range(4)])[..., 0]
    assert np.array_equal(np.sort(faces[:10], axis=0), np.sort(examples.faces, axis=0))
    assert np.array_equal(np.sort(faces[10:], axis=0), np.sort(examples.faces, axis=0))
    assert not np.array_equal(faces[:10], faces[10:])


def test_keras_fit_decays_kernels_alone_as_the_recipe_does(task: work.Work):
    model = keras_fit.network(task, "defaults")
    assert model.optimizer.weight_decay == task.fit.weight_decay and model.optimizer.nesterov
    for weight in model.trainable_weights:
        assert model.optimizer._use_weight_decay(weight) == (len(weight.shape) > 1)
    assert model.loss.label_smoothing == task.fit.label_smoothing
    assert {layer.compute_dtype for layer in model.layers} == {"float32"}


def one(seconds: float, **more: float) -> dict[str, float]:
    """Return the measurements of a round of ten steps."""
    return {"seconds": seconds, "steps": 10, "idle_s": 10.0, "idle_cpu_s": 0.0} | more


def test_speed_up_is_the_median_ratio_within_rounds(task: work.Work):
    measured = {
        "engine": [one(1, batch_cpu_s=9), one(2, batch_cpu_s=9), one(4, batch_cpu_s=9)],
        "engine_augmented": [one(1.1, batch_cpu_s=0.01), one(2.1, batch_cpu_s=0.004), one(4.1, batch_cpu_s=0.002)],
        "keras": [one(9), one(8), one(16, idle_cpu_s=3.0)],
    }
    summary = summarise(measured, task)
    size = task.fit.batch_size
    assert summary["rows"]["keras"]["ratio"] == 4.0  # of 9, 4, 4; the ratio of the medians is 4.5
    assert summary["rows"]["keras"]["images_s"] == round(10 * size / 9, 1)
    assert summary["rows"]["keras"]["images_s_range"] == [round(10 * size / 16, 1), round(10 * size / 8, 1)]
    assert summary["augmentation_share_of_a_step"] == 0.02
    assert summary["augmentation_slowdown"] == 0.05
    assert summary["idle_cpu_share"] == 0.1
    head = {"cpu": "A CPU", **task.hardware.model_dump(), "batch_size": size, "widths": [4, 4]}
    assert "PyTorch is not installed, so its row is missing." in table(head | summary)


def test_sides_with_networks_of_different_sizes_are_refused():
    training_speed.require_one_size({"engine": 5, "keras": 5})
    with pytest.raises(ValueError, match="'keras': 6"):
        training_speed.require_one_size({"engine": 5, "keras": 6})


def test_training_speed_measures_its_sides_and_waiting_ones_sleep(root: Path, kept: Path, monkeypatch, capsys):
    monkeypatch.chdir(root)
    for name in ("keras", "pytorch"):  # `keras` compiles for longer than `keras_bfloat16`
        monkeypatch.delitem(ROWS, name)
    training_speed.main("--widths", "4,4", "--steps", "2", "--rounds", "2")
    summary = json.loads(kept.read_text(encoding="utf-8"))["training_speed_4_4"]
    assert set(summary["rows"]) == {"engine", "engine_augmented", "keras_bfloat16"}
    assert all(row["images_s"] > 0 and row["steps"] == 2 for row in summary["rows"].values())
    assert summary["parameters"] == registry.build("cnn", work.read(widths=[4, 4]).build).count_params()
    assert {"tensorflow", "keras"} <= set(summary["versions"])
    assert summary["idle_cpu_share"] < 0.5
    assert "this project, with augmentation" in capsys.readouterr().out


# -- dvc repro with nothing to do


def test_noop_ratio_is_the_median_ratio_within_rounds():
    summary = noop_repro.summarise({"ours": [1.0, 4.0, 9.0], "dvc": [1.0, 2.0, 1.0]})
    assert summary["ratio"] == 2.0 and summary["ours_s"] == 4.0 and summary["dvc_s_range"] == [1.0, 2.0]


def test_the_pipeline_of_dvc_alone_is_as_large_and_runs(tmp_path: Path):
    out, folder = {"path": "data/a.csv"}, {"path": "emotion/core", "nfiles": 3}
    stages = {
        "first": {"deps": [folder, {"path": "emotion/models/cnn.py"}], "outs": [out]},
        "second@cnn": {
            "deps": [out],
            "params": {"params.yaml": {"models.cnn": {}}},
            "outs": [{"path": "metrics/b.json"}],
        },
    }
    noop_repro.write_alone(stages, tmp_path, in_git=False)
    pipeline = yaml.safe_load((tmp_path / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    assert pipeline["first"]["deps"] == ["emotion/core", "emotion/models/cnn.py"]
    assert pipeline["second_cnn"]["params"] == ["models_cnn"]
    assert len(list((tmp_path / "emotion/core").iterdir())) == 3
    environment = os.environ | {"DVC_SITE_CACHE_DIR": str(tmp_path / "site")}
    assert not noop_repro.is_up_to_date(noop_repro.dvc(tmp_path, environment, "repro"))
    seconds = noop_repro.measure({"dvc": tmp_path}, 1, environment)
    assert len(seconds["dvc"]) == 1


# -- hardware settings


def test_choices_begin_with_the_present_values_and_have_no_duplicate():
    present = HardwareSettings(precision="bfloat16", xla=False, threads=2)
    tried = hardware.choices(present, 2, 4, gpu=False)
    assert tried[0] == present and len({one.model_dump_json() for one in tried}) == len(tried) == 12
    assert {one.threads for one in tried} == {1, 2, 4} and {one.precision for one in tried} == {"float32", "bfloat16"}
    assert {one.precision for one in hardware.choices(present, 1, 1, gpu=True)} == {"float32", "bfloat16", "float16"}
    odd = present.model_copy(update={"threads": 3})
    assert hardware.choices(odd, 1, 1, gpu=False)[0] == odd


def test_values_that_fail_are_a_row_with_the_reason(task: work.Work, toy: Path, monkeypatch: pytest.MonkeyPatch):
    def side(name: str, module: str, arguments: list[str]) -> process.Side:
        assert (module, arguments) == ("benchmarks.sides.engine", [task.model_dump_json(), "plain"])
        return process.Side(name, "toy", arguments, path=True)

    monkeypatch.setattr(hardware, "Side", side)
    worked = hardware.attempt(task, 0)
    assert worked["images_s"] == 2 * task.fit.batch_size and not worked["failure"]
    failed = hardware.attempt(task, 4.5)  # nine steps
    assert failed["threads"] == "2" and failed["failure"] == "it fails: SomeError: too many"


def test_hardware_tries_all_values_and_shows_the_fastest_first(root: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    monkeypatch.chdir(root)
    tried: list[HardwareSettings] = []

    def attempt(task: work.Work, seconds: float) -> dict[str, object]:
        tried.append(task.hardware)
        return {"precision": task.hardware.precision, "images_s": len(tried)}

    monkeypatch.setattr(hardware, "attempt", attempt)
    hardware.main("--model", "cnn_aug")
    rows = capsys.readouterr().out.splitlines()[2:]
    assert len(tried) >= 4 and rows[0].split() == [tried[-1].precision, str(len(tried))]
    with pytest.raises(InputError, match="'models.cnm'; did you mean 'cnn'?"):
        hardware.main("--model", "cnm")
