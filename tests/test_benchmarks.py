"""The benchmarks: who is measured when, what becomes of the numbers, and that each of them runs."""

import importlib.util
import json
import os
import re
from contextlib import closing
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.tsl.profiler.protobuf import xplane_pb2

from benchmarks import (
    computer,
    convolution_rates,
    frozen_features,
    kernels,
    noop_repro,
    profile_step,
    results,
    training_speed,
)
from benchmarks.sides import engine, keras_fit, process, work
from benchmarks.sides.rows import ROWS
from benchmarks.training_table import summarise, table
from emotion.errors import InputError
from emotion.models import registry
from emotion.training import fast_layers
from emotion.training.augment import matrices
from emotion.training.machine import MachineSettings
from tests.source import ROOT
from tools import tune_machine

TOY = """
import sys
from benchmarks.sides import process

def measure(steps):
    print("a library talks")
    if steps == 9:
        sys.exit("SomeError: too many\\nand a hint")
    return {"seconds": steps / 2}

print("before", file=sys.stderr)
process.serve(lambda: ({"argument": sys.argv[1]}, measure))
"""


@pytest.fixture
def given(root: Path, monkeypatch: pytest.MonkeyPatch) -> work.Work:
    """The work of params.yaml with the smallest network."""
    monkeypatch.chdir(root)
    small = work.read(widths=[4, 4])
    return small.model_copy(update={"machine": MachineSettings(precision="float32", xla=False, threads=2)})


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that stands for benchmarks/results.json."""
    monkeypatch.setattr(results, "RESULTS", tmp_path / "results.json")
    return tmp_path / "results.json"


def test_a_benchmark_replaces_its_own_numbers_alone(kept: Path):
    results.keep("one", {"a": 1, "b": 2})
    results.keep("two", {"a": 3})
    results.keep("one", {"a": 4})
    assert json.loads(kept.read_text(encoding="utf-8")) == {"one": {"a": 4}, "two": {"a": 3}}


def test_noop_ratio_is_that_of_the_rounds_and_stands_beside_its_aim():
    summary = noop_repro.summarise({"ours": [1.0, 4.0, 9.0], "dvc": [1.0, 2.0, 1.0]}) | {"stages": 21}
    assert summary["ratio"] == 2.0 and summary["ours_s"] == 4.0 and summary["dvc_range_s"] == [1.0, 2.0]
    assert "ratio            2.00   (median of the rounds' ratios; aim: at most 1.2)" in noop_repro.table(summary)


# -- the processes that are compared


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a module `toy` that is a side; only sides with PYTHONPATH can import it there."""
    (tmp_path / "toy.py").write_text(TOY, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(ROOT)]))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_side_answers_with_numbers_alone_and_tells_how_it_waited(toy: Path):
    with closing(process.Side("toy", "toy", ["x"], path=True)) as side:
        assert side.about() == {"argument": "x"}
        first, second = side.measure(3), side.measure(4)
    assert (first["seconds"], second["seconds"]) == (1.5, 2.0)
    assert first["idle_s"] > 0 and 0 <= first["idle_cpu_s"] <= first["idle_s"]


def test_a_side_that_ends_is_one_line_that_says_why(toy: Path):
    with closing(process.Side("toy", "toy", ["x"], path=True)) as side:
        side.about()
        with pytest.raises(InputError, match="^toy: SomeError: too many$"):
            side.measure(9)


def test_pythonpath_holds_only_for_the_side_that_wants_it(toy: Path, monkeypatch: pytest.MonkeyPatch):
    (toy / "elsewhere").mkdir()
    monkeypatch.chdir(toy / "elsewhere")
    with closing(process.Side("toy", "toy", ["x"])) as side, pytest.raises(InputError, match="toy: .*No module named"):
        side.about()
    with closing(process.Side("toy", "toy", ["x"], path=True)) as side:
        assert side.about()


def test_a_killed_side_names_the_signal():
    assert process.explain(-9, "noise") == "it was killed by signal 9 (too little memory?)"
    assert process.explain(-11, "noise") == "it was killed by signal 11"
    assert process.explain(1, "noise\nerror: do that\n") == "do that"
    assert process.explain(3, "") == "it ended with code 3"


def test_a_plain_batch_holds_faces_as_they_are_and_an_epoch_follows_the_other(given: work.Work):
    examples = work.noise(10)
    stream = engine.endless(examples, 5, engine.PLAIN)
    faces = np.concatenate([next(stream)[0] for _ in range(4)])[..., 0]
    assert np.array_equal(np.sort(faces[:10], axis=0), np.sort(examples.faces, axis=0))
    assert np.array_equal(np.sort(faces[10:], axis=0), np.sort(examples.faces, axis=0))
    assert not np.array_equal(faces[:10], faces[10:])


def test_keras_generator_moves_faces_as_far_as_the_engine(given: work.Work):
    assert given.augment.rotation and given.augment.shift and given.augment.zoom
    made = keras_fit.generator(given.augment)
    drawn = [made.get_random_transform((48, 48, 1), seed) for seed in range(300)]
    widest = {name: max(one[name] for one in drawn) for name in ("theta", "tx", "zx", "shear")}
    ours = matrices(300, 48, given.augment.model_copy(update={"rotation": 0, "shear": 0, "flip": False}),
                    np.random.default_rng(1))  # fmt: skip
    assert widest["theta"] == pytest.approx(given.augment.rotation, rel=0.05)
    assert widest["tx"] == pytest.approx(48 * given.augment.shift, rel=0.05)
    assert widest["zx"] == pytest.approx(ours[:, 0, 0].max(), rel=0.05)
    assert widest["shear"] == pytest.approx(given.augment.shear, rel=0.05)
    assert {one["flip_horizontal"] for one in drawn} == {True, False}


def test_keras_network_has_the_recipes_decay_on_kernels_alone(given: work.Work):
    model = keras_fit.network(given, "defaults")
    assert model.optimizer.weight_decay == given.fit.weight_decay and model.optimizer.nesterov
    for weight in model.trainable_weights:
        assert model.optimizer._use_weight_decay(weight) == (len(weight.shape) > 1)
    assert model.loss.label_smoothing == given.fit.label_smoothing
    assert {layer.compute_dtype for layer in model.layers} == {"float32"}


def test_pytorch_network_is_as_large_as_keras(given: work.Work):
    if not importlib.util.find_spec("torch"):
        pytest.skip("PyTorch is not installed")
    from benchmarks.sides import pytorch

    build = given.build | {"widths": [8, 24, 16], "dense": 40}
    network = pytorch.network(build)
    assert pytorch.parameters(network) == registry.build("cnn", build).count_params()
    trained = sum(weight.numel() for weight in network.parameters())
    assert trained == sum(weight.numpy().size for weight in registry.build("cnn", build).trainable_weights)


# -- the comparison


class Scripted:
    """A side of which each step takes so long, and that notes when it was asked for how many."""

    def __init__(self, name: str, seconds: float, asked: list[tuple[str, int]]) -> None:
        self.name, self.seconds, self.asked = name, seconds, asked

    def measure(self, steps: int) -> dict[str, float]:
        self.asked.append((self.name, steps))
        return {"seconds": self.seconds * steps}


def test_sides_take_turns_and_every_second_round_goes_the_other_way():
    asked: list[tuple[str, int]] = []
    sides = {"a": Scripted("a", 0.5, asked), "b": Scripted("b", 0.1, asked)}
    measured = training_speed.measure(sides, rounds=2, seconds=6, steps=0)
    assert asked[:4] == [("a", 2), ("a", 4), ("b", 2), ("b", 4)]
    assert asked[4:] == [("b", 60), ("a", 12), ("a", 12), ("b", 60), ("b", 60), ("a", 12)]
    assert measured == {"a": [{"seconds": 6.0, "steps": 12}] * 2, "b": [{"seconds": 6.0, "steps": 60}] * 2}
    measured = training_speed.measure(sides, rounds=3, seconds=6, steps=5)
    assert [each["steps"] for each in measured["a"]] == [5, 5, 5] and asked[-1] == ("b", 5)


def one(seconds: float, **more: float) -> dict[str, float]:
    """Return what a side measures in a round of ten steps."""
    return {"seconds": seconds, "steps": 10, "idle_s": 10.0, "idle_cpu_s": 0.0} | more


def test_ratio_is_the_median_of_the_rounds_and_augmentation_a_share_of_a_step(given: work.Work):
    measured = {
        "engine": [one(1, batch_cpu_s=9), one(2, batch_cpu_s=9), one(4, batch_cpu_s=9)],
        "engine_augmented": [one(1.1, batch_cpu_s=0.01), one(2.1, batch_cpu_s=0.004), one(4.1, batch_cpu_s=0.002)],
        "keras": [one(9), one(8), one(16, idle_cpu_s=3.0)],
    }
    summary = summarise(measured, given)
    size = given.fit.batch_size
    assert summary["rows"]["keras"]["ratio"] == 4.0  # of 9, 4, 4; the medians' ratio is 4.5
    assert summary["rows"]["keras"]["images_s"] == round(10 * size / 9, 1)
    assert summary["rows"]["keras"]["images_s_range"] == [round(10 * size / 16, 1), round(10 * size / 8, 1)]
    assert summary["augmentation_share_of_a_step"] == 0.02
    assert summary["augmentation_slowdown"] == 0.05
    assert summary["idle_cpu_share"] == 0.1


def test_table_shows_every_side_its_aim_and_what_is_missing(given: work.Work):
    measured = {name: [one(number, batch_cpu_s=0.001)] for number, name in enumerate(ROWS, start=1)}
    size = given.fit.batch_size
    head = {"cpu": "A CPU", **given.machine.model_dump(), "batch_size": size, "widths": [4, 4]}
    lines = table(head | summarise(measured, given)).splitlines()
    assert lines[0] == f"training cnn, images a second; A CPU, 2 threads, float32, batch {size}, widths 4-4"
    assert [line.split("  ")[0] for line in lines[2:8]] == [
        row.label.format(precision="float32") for row in ROWS.values()
    ]
    assert lines[4].endswith("3.00  (aim: at least 3)") and lines[2].endswith(f" {10 * size:.1f} - {10 * size:.1f}")
    assert lines[5].endswith("4.00  (aim: at least 3.5)") and lines[7].endswith("6.00  (aim: more than 1)")
    assert not any("not installed" in line for line in lines)
    del measured["pytorch"]
    assert "PyTorch is not installed here, so its row is missing." in table(head | summarise(measured, given))


def test_sides_of_different_size_are_refused():
    training_speed.require_one_size({"engine": 5, "keras": 5})
    with pytest.raises(ValueError, match="'keras': 6"):
        training_speed.require_one_size({"engine": 5, "keras": 6})


def test_training_speed_measures_every_side_and_each_sleeps_while_others_run(
    root: Path, kept: Path, monkeypatch, capsys
):
    monkeypatch.chdir(root)
    training_speed.main("--widths", "4,4", "--steps", "2", "--rounds", "2")
    summary = json.loads(kept.read_text(encoding="utf-8"))["training_speed_4_4"]
    here = set(ROWS) - (set() if importlib.util.find_spec("torch") else {"pytorch"})
    assert set(summary["rows"]) == here
    assert all(row["images_s"] > 0 and row["steps"] == 2 for row in summary["rows"].values())
    assert summary["parameters"] == registry.build("cnn", work.read(widths=[4, 4]).build).count_params()
    assert {"tensorflow", "keras"} <= set(summary["versions"])
    assert summary["idle_cpu_share"] < 0.5
    assert "this engine, with augmentation" in capsys.readouterr().out


# -- the profile


@pytest.fixture(scope="module")
def layers() -> dict[str, str]:
    """What the layers of the smallest cnn count as."""
    model = registry.build("cnn", {**work.read().build, "widths": [4, 4]})
    return kernels.kinds_of_layers(fast_layers.twin(model, "float32"))


def test_kernels_are_read_from_what_the_profiler_writes():
    space = xplane_pb2.XSpace()
    plane = space.planes.add()
    for number, name in enumerate(["a/b:Relu", "a::b", "Eager: step", "step", "a/b:Relu"], start=1):
        plane.event_metadata[number].name = name
    line = plane.lines.add()
    for number in range(1, 6):
        line.events.add(metadata_id=number, duration_ps=number * 10**9)
    assert kernels.read(space) == {("a/b", "Relu"): 6.0}


@pytest.mark.parametrize(
    ("name", "operation", "expected"),
    [
        ("cnn_1/pair1a_conv_1/convolution", "_MklNativeConv2D", "convolutions: forward"),
        ("gradient_tape/cnn_1/c/Conv2DBackpropInput", "Conv2DBackpropInput", "convolutions: gradient of the inputs"),
        ("gradient_tape/cnn_1/c/x", "_MklNativeConv2DBackpropFilter", "convolutions: gradient of the filters"),
        ("gradient_tape/cnn_1/dense_1/MatMul/MatMul_1", "_MklMatMul", "matrix products"),
        ("cnn_1/pair1a_norm_1/mul_1", "Mul", "batch normalisation"),
        ("cnn_1/pair1a_norm/FusedBatchNormV3", "_MklNativeFusedBatchNormEx", "batch normalisation"),
        ("gradient_tape/cnn_1/pair1a_relu_1/ReluGrad", "ReluGrad", "activation and its gradient"),
        ("gradient_tape/cnn_1/pair1_pool_1/MaxPool2d/MaxPoolGrad", "_MklNativeMaxPoolGrad", "pooling"),
        ("cnn_1/dense_dropout_1/Cast_2", "Cast", "dropout"),
        ("fused_sgd/ResourceApplyKerasMomentum_3", "ResourceApplyKerasMomentum", "optimizer"),
        ("fused_sgd/Cast_3/ReadVariableOp", "ReadVariableOp", "optimizer"),
        ("sub_12", "Sub", "average of the weights"),
        ("sub_12/ReadVariableOp", "ReadVariableOp", "average of the weights"),
        ("AssignSubVariableOp_3", "AssignSubVariableOp", "average of the weights"),
        ("cnn_1/dense_1/Cast/Cast", "Cast", "casts between number formats"),
        ("softmax_cross_entropy_with_logits/mul", "Mul", "rest"),
        ("ArgMax", "ArgMax", "rest"),
    ],
)
def test_kernel_counts_as_what_it_is(layers: dict[str, str], name: str, operation: str, expected: str):
    assert kernels.kind(name, operation, layers, "fused_sgd") == expected


def test_profile_of_a_step_finds_every_kind_and_adds_up(given: work.Work):
    made = engine.learner(given, average=0.9)
    found, wall = profile_step.profile(made, 16, 2)
    layers = kernels.kinds_of_layers(made.fast)
    summary = profile_step.summarise(found, wall, layers, made.optimizer.name)
    missing = {what for what, each in summary["kinds"].items() if each["ms"] == 0}
    assert missing <= {kernels.CASTS, kernels.REST}  # nothing is cast in float32; the rest is next to nothing
    assert sum(each["share"] for each in summary["kinds"].values()) == pytest.approx(1, abs=0.001)
    assert sum(found.values()) == pytest.approx(summary["kernels_ms"], abs=0.01)
    unknown = ["/".join(key) for key in found if kernels.kind(*key, layers, made.optimizer.name) == kernels.REST]
    ours = [name for name in unknown if re.search("pair|dense_norm|fused_sgd|Conv|MatMul", name)]
    assert not [name for name in ours if not name.endswith("ReadVariableOp")]  # which takes no time
    shown = profile_step.table(summary | {"cpu": "A CPU", "threads": 2, "precision": "float32", "batch_size": 16,
                                          "model": "cnn"})  # fmt: skip
    assert all(what in shown for what in kernels.KINDS)


def test_convolutions_are_counted_and_each_gradient_has_its_shape(monkeypatch: pytest.MonkeyPatch):
    counted = []

    def rate(flops: int, function: Any, *arguments: tf.Tensor) -> float:
        counted.append((flops, tuple(function(*arguments).shape)))
        return float(len(counted))

    monkeypatch.setattr(convolution_rates, "_rate", rate)
    face = keras.Input((8, 8, 1))
    hidden = keras.layers.Conv2D(3, 3, padding="same")(face)
    model = keras.Model(face, keras.layers.Conv2D(5, 3, strides=2)(hidden))
    measured = convolution_rates.measure(model, 2, "float32")
    flops = [2 * 2 * 8 * 8 * 9 * 1 * 3, 2 * 2 * 3 * 3 * 9 * 3 * 5]
    assert counted[:3] == [(flops[0], (2, 8, 8, 3)), (flops[0], (2, 8, 8, 1)), (flops[0], (3, 3, 1, 3))]
    assert counted[3:6] == [(flops[1], (2, 3, 3, 5)), (flops[1], (2, 8, 8, 3)), (flops[1], (3, 3, 3, 5))]
    assert counted[6] == (2 * 2048**3, (2048, 2048))
    assert [row["input_gradient"] for row in measured["convolutions"]] == [None, 5.0]  # no picture needs a gradient
    assert measured["matrix_product_gflops"] == 10.0
    assert "8 px, 1 to 3" in convolution_rates.table(measured)


def test_rate_is_work_by_time(monkeypatch: pytest.MonkeyPatch):
    clock = iter(range(10**6))
    monkeypatch.setattr(convolution_rates.time, "perf_counter", lambda: float(next(clock)))  # one second between looks
    monkeypatch.setattr(convolution_rates, "SECONDS", 2)  # so often as two calls in a second would last so long
    assert convolution_rates._rate(10**9, tf.identity, tf.ones(3)) == 4.0


# -- the machine


def test_choices_begin_with_the_present_values_and_hold_none_twice():
    present = MachineSettings(precision="bfloat16", xla=False, threads=4)
    found = tune_machine.choices(present, 4, 8, gpu=False)
    assert found[0] == present and len(set(found)) == len(found) == 2 * 2 * 4
    assert {settings.threads for settings in found} == {1, 2, 4, 8}
    assert {settings.precision for settings in found} == {"float32", "bfloat16"}
    assert {settings.precision for settings in tune_machine.choices(present, 1, 1, gpu=True)} == {
        "float32", "bfloat16", "float16",
    }  # fmt: skip
    odd = present.model_copy(update={"threads": 3})
    assert tune_machine.choices(odd, 1, 1, gpu=False)[0] == odd


def test_advice_names_the_fastest_and_what_a_change_costs():
    slow, fast = (MachineSettings(precision="float32", xla=False, threads=count) for count in (1, 2))
    trials = [tune_machine.Trial(slow, 100), tune_machine.Trial(fast, 150)]
    told = tune_machine.advice(trials, slow)
    assert "training:\n  precision: float32\n  xla: false\n  threads: 2\n" in told
    assert "1.50 times as fast" in told and "runs every training again" in told
    assert tune_machine.advice(trials, fast) == tune_machine.SAME
    assert (
        tune_machine.advice([tune_machine.Trial(slow, 100), tune_machine.Trial(fast, 104)], slow) == tune_machine.SAME
    )
    broken = tune_machine.Trial(slow, failure="it fails")
    assert "threads: 2" in tune_machine.advice([broken, tune_machine.Trial(fast, 1)], slow)
    with pytest.raises(InputError, match="none of the values works"):
        tune_machine.advice([broken], slow)


def test_a_choice_that_fails_is_a_row_like_the_others(given: work.Work):
    worked = tune_machine.attempt(given, 0, steps=1)
    assert worked.images_s > 0 and not worked.failure
    assert re.fullmatch(r"float32   xla false    2 threads +\d+\.\d", tune_machine.row(worked))
    failed = tune_machine.attempt(given.model_copy(update={"network": "cnm"}), 0, steps=1)
    assert tune_machine.row(failed).endswith(
        "2 threads  it fails: build: there is no network 'cnm'; did you mean 'cnn'?"
    )


def test_tune_machine_tries_all_and_changes_nothing(root: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    monkeypatch.chdir(root)
    before, tried = (root / "params.yaml").read_bytes(), []

    def attempt(given: work.Work, seconds: float, steps: int) -> tune_machine.Trial:
        tried.append(given.machine)
        return tune_machine.Trial(given.machine, images_s=len(tried))

    monkeypatch.setattr(tune_machine, "attempt", attempt)
    tune_machine.main("--model", "cnn_aug")
    printed = capsys.readouterr().out
    assert len(tried) >= 4 and f"threads: {tried[-1].threads}" in printed
    assert (root / "params.yaml").read_bytes() == before


def test_an_unknown_model_is_one_line(root: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(root)
    with pytest.raises(InputError, match="params.yaml: there is no section 'models.cnm'; did you mean 'cnn'?"):
        tune_machine.main("--model", "cnm")


def test_cores_and_cpu_of_this_machine_are_known():
    physical, logical = computer.cores()
    assert 1 <= physical <= logical
    assert computer.cpu_name()


def test_frozen_features_compares_an_epoch_with_the_file_to_one_without(root: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(root)
    monkeypatch.setattr(work, "FACES", 200)
    monkeypatch.setattr(frozen_features, "VALIDATION", 25)
    given = frozen_features.read()
    given = given.model_copy(update={"fit": given.fit.model_copy(update={"batch_size": 16})})
    numbers = frozen_features.measure(given, size=32, parts=2, rounds=1)
    assert numbers["bytes_of_a_face"] == 2 * 512
    assert numbers["ratio"] > 1, "13 convolutions are saved"
    assert frozen_features.table({"sizes": {"32": numbers}}).splitlines()[-1].endswith("| 1,024 |")


def test_the_page_on_the_engine_shows_the_kept_numbers_of_frozen_features(root: Path):
    summary = json.loads((root / results.RESULTS).read_text(encoding="utf-8"))["frozen_features"]
    text = (root / "docs/engine.md").read_text(encoding="utf-8")
    assert frozen_features.table(summary) in text and summary["cpu"] in text


def test_threads_of_one_core_count_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for number in range(4):
        (tmp_path / f"cpu{number}/topology").mkdir(parents=True)
        (tmp_path / f"cpu{number}/topology/thread_siblings_list").write_text(f"{number % 2},{number % 2 + 2}\n")
    monkeypatch.setattr(computer, "CPUS", tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3}, raising=False)
    assert computer.cores() == (2, 4)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 2}, raising=False)
    assert computer.cores() == (1, 2)
