"""README's tables of results and speed, and its picture."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emotion.errors import InputError
from tools import results, results_speed
from tools.results_table import COLUMNS

BEGIN, END = results.RESULTS
SPEED = "\n".join(results.SPEED)
TEXT = f"# Title\n\nbefore\n\n{BEGIN}\nold\n{END}\n\nbetween\n\n{SPEED}\n\nafter\n"
MEASURED = {
    "training_speed": {
        "cpu": "Some CPU", "threads": 2, "precision": "bfloat16", "batch_size": 128, "widths": [32, 96, 256],
        "parameters": 10382631, "versions": {"keras": "3.15.0"}, "rounds": 7, "augmentation_share_of_a_step": 0.0123,
        "rows": {
            "engine": {"label": "this engine", "images_s": 412.4, "images_s_range": [400.1, 420.9], "ratio": 1.0},
            "keras": {"label": "Keras fit", "images_s": 101.6, "images_s_range": [95.0, 110.2], "ratio": 4.056},
        },
    },
    "noop_repro": {"ratio": 1.279, "ours_s": 1.048, "dvc_s": 0.783, "stages": 21},
    "kills": {"kills": 50, "identical": 49},
}  # fmt: skip
SPED = {
    "import_s": 0.1, "import_s_range": [0.09, 0.2], "first_answer_s": 0.31, "first_answer_s_range": [0.3, 0.4],
    "face_ms": 2.5, "face_ms_range": [2.4, 3.0], "batch_face_ms": 2.0, "batch_face_ms_range": [1.9, 2.1],
    "frame_ms": 20.1, "frame_ms_range": [19.0, 25.0], "accuracy": 0.7012, "found": 90, "found_and_right": 60,
    "false_boxes": 4,
}  # fmt: skip
INFERENCE = {
    "inference_speed": {
        "cpu": "Some CPU", "versions": {"fer": "25.10.3"}, "rounds": 7, "faces": 3589, "drawn": False, "frames": 100,
        "rows": {
            "models/emotion.onnx": SPED | {"face_ms_ratio": 9.5, "frame_ms_ratio": 0.4},
            "fer": SPED | {"face_ms_ratio": 1.0, "frame_ms_ratio": 1.0},
        },
    },
    "soak_1": {"threads": 1, "model": "m.onnx", "calls": 100000, "warm_mb": 150.2, "last_mb": 150.4,
               "mb_per_10000_calls": 0.014},
}  # fmt: skip
PIPELINE = """\
stages:
  split: {cmd: a, outs: [data/learn]}
  train:
    foreach: ${models}
    do: {cmd: a, deps: [data/learn], outs: ["models/${key}"]}
  evaluate:
    foreach: ${models}
    do: {cmd: a, deps: ["models/${key}"], metrics: ["metrics/${key}.json": {cache: false}]}
  choose: {cmd: a, deps: [metrics/cnn.json]}
  ensemble: {cmd: a, deps: [models/cnn_aug], metrics: [metrics/ensemble.json: {cache: false}]}
"""


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """Three models: `cnn` was run, `cnn_aug` too and is better on validation faces, `vgg16` was not."""
    monkeypatch.chdir(tmp_path)
    Path("README.md").write_text(TEXT, encoding="utf-8")
    Path("params.yaml").write_text(
        "models: {cnn: {network: cnn}, cnn_aug: {network: cnn}, vgg16: {network: vgg16}}\n", encoding="utf-8"
    )
    write_model("cnn", test=0.66, validation=0.6)
    write_model("cnn_aug", test=0.64, validation=0.65)
    return tmp_path


def write_model(name: str, test: float, validation: float) -> None:
    def scores(accuracy: float) -> dict[str, float]:
        return {"accuracy": accuracy, "balanced_accuracy": accuracy - 0.03, "macro_f1": accuracy - 0.02}

    def details(part: str, accuracy: float) -> dict[str, object]:
        interval = {"accuracy_low": accuracy - 0.02, "accuracy_high": accuracy + 0.015}
        return {"part": part, **interval, "confusion": np.eye(7).tolist()}

    for path, content in {
        f"metrics/{name}.json": {
            "validation": scores(validation),
            "test": scores(test),
            "test_unleaked": scores(test - 0.1),
            "test_unleaked_near": scores(test - 0.11),
            "test_averaged": scores(test + 0.012),
        },
        f"plots/scores/{name}.json": {"scores": [details("test", test), details("test_averaged", test + 0.012)]},
        f"metrics/training/{name}.json": {"parameters": 10382631, "epochs": 15, "best_epoch": 13},
        f"metrics/architecture/{name}.json": {"macs": 162_700_000},
    }.items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(json.dumps(content), encoding="utf-8")


def run(monkeypatch, *arguments: str) -> str:
    """Run the tool and return README's text."""
    monkeypatch.setattr("sys.argv", ["results", *arguments])
    results.main()
    return Path("README.md").read_text(encoding="utf-8")


def row_of(text: str, model: str) -> list[str]:
    (line,) = [line for line in text.splitlines() if line.startswith((f"| {model} ", f"| **{model}**"))]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_a_row_holds_the_models_own_numbers_in_the_order_of_the_header(project, monkeypatch):
    row = row_of(run(monkeypatch), "cnn")
    size = "10.38 M / 163 M"
    assert row == [
        "cnn", "66.0 (64.0 – 67.5)", "67.2 (65.2 – 68.7)", "64.0", "63.0", "56.0 / 55.0", "60.0", size, "15 (13)"
    ]  # fmt: skip
    assert len(row) == len(COLUMNS)


def test_what_an_earlier_run_did_not_write_is_left_out_of_its_row(project, monkeypatch):
    Path("metrics/architecture/cnn.json").unlink()
    scores = json.loads(Path("metrics/cnn.json").read_text(encoding="utf-8"))
    Path("metrics/cnn.json").write_text(json.dumps({part: scores[part] for part in scores if part != "test_averaged"}))
    row = row_of(run(monkeypatch), "cnn")
    assert row[1:3] == ["66.0 (64.0 – 67.5)", "–"] and row[7] == "10.38 M / –"


def test_the_ensemble_has_an_averaged_accuracy_alone_and_tells_its_members(project, monkeypatch):
    assert row_of(run(monkeypatch), "ensemble")[:2] == ["ensemble", "run still to come"]
    write_model("ensemble", test=0.75, validation=0.9)
    Path("metrics/ensemble_members.json").write_text('{"members": ["cnn", "cnn_aug"]}')
    text = run(monkeypatch)
    assert row_of(text, "ensemble") == [
        "ensemble", "–", "75.0 (73.0 – 76.5)", "73.0", "72.0", "65.0 / 64.0", "90.0", "20.77 M / –", "–"
    ]  # fmt: skip
    assert "The ensemble averages the averaged answers of cnn, cnn_aug." in text
    assert row_of(text, "cnn_aug")[0] == "**cnn_aug**", "no single model"


def test_the_best_on_validation_faces_is_bold_though_another_is_better_on_test_faces(project, monkeypatch):
    text = run(monkeypatch)
    assert all(cell.startswith("**") for cell in row_of(text, "cnn_aug"))
    assert text.count("**") == 2 * len(COLUMNS)


def test_a_model_without_metrics_is_marked(project, monkeypatch):
    assert row_of(run(monkeypatch), "vgg16")[1] == "run still to come"


def test_what_stands_around_the_table_stays_and_a_second_run_changes_nothing(project, monkeypatch):
    text = run(monkeypatch)
    assert text.startswith("# Title\n\nbefore\n") and text.endswith("\nafter\n") and "old" not in text
    assert text.count("\nbetween\n") == 1
    picture = results.PICTURE.read_bytes()
    assert run(monkeypatch) == text
    assert results.PICTURE.read_bytes() == picture


def test_the_spread_over_seeds_stands_below_the_table(project, monkeypatch):
    scores = {seed: {"test": 0.6 + 0.01 * seed, "test_averaged": 0.7} for seed in (1, 2, 3)}
    Path("docs").mkdir()
    Path("docs/seeds.json").write_text(json.dumps({"cnn": scores}), encoding="utf-8")
    line = "- cnn, seeds 1, 2, 3: 62.0 ± 1.0 (a single look), 70.0 ± 0.0 (averaged): mean and standard deviation"
    assert line in run(monkeypatch)


def test_check_accepts_what_was_written_and_refuses_another_number(project, monkeypatch):
    text = run(monkeypatch)
    assert run(monkeypatch, "--check") == text
    Path("README.md").write_text(text.replace("66.0", "66.1"), encoding="utf-8")
    with pytest.raises(InputError, match="run `make results`"):
        run(monkeypatch, "--check")


def test_check_refuses_a_table_that_metrics_have_overtaken(project, monkeypatch):
    run(monkeypatch)
    write_model("cnn", test=0.67, validation=0.6)
    with pytest.raises(InputError, match="run `make results`"):
        run(monkeypatch, "--check")


def write_measured(*names: str, **changes: object) -> None:
    """Write benchmarks/results.json as if these benchmarks had been run, with other numbers for the last of them."""
    measured = {name: MEASURED[name] for name in names}
    measured[names[-1]] = measured[names[-1]] | changes
    results_speed.RESULTS.parent.mkdir(exist_ok=True)
    results_speed.RESULTS.write_text(json.dumps(measured), encoding="utf-8")


def speed_lines(text: str) -> list[str]:
    begin, end = results.SPEED
    return text.partition(begin)[2].partition(end)[0].strip().splitlines()


def test_the_speed_section_holds_each_benchmarks_own_numbers(project, monkeypatch):
    write_measured("training_speed", "noop_repro", "kills")
    assert speed_lines(run(monkeypatch)) == [
        "Training `cnn` (32-96-256 channels, 10.38 M parameters) in batches of 128 faces, "
        "on Some CPU, 2 threads, bfloat16; keras 3.15.0:",
        "",
        "| training | images/s (range) | this engine is so many times as fast |",
        "| --- | --- | --- |",
        "| this engine | 412 (400 – 421) |  |",
        "| Keras fit | 102 (95 – 110) | 4.06 |",
        "| PyTorch | not measured yet | |",
        "",
        "Medians of 7 rounds, in which all took turns; ratios within a round. "
        "Augmenting a batch takes one core 1.2 % of the time of a step.",
        "",
        "- `dvc repro` with nothing to do takes 1.28 times as long as DVC alone (1.05 s against 0.78 s, 21 stages).",
        "- Training was killed (`kill -9`) at 50 random moments and started again: "
        "after 49 of these it ended with the same bytes as one that was never cut.",
    ]


def test_a_measured_pytorch_takes_the_place_of_its_note(project, monkeypatch):
    row = {"label": "PyTorch, bfloat16", "images_s": 300.0, "images_s_range": [290.0, 310.0], "ratio": 1.3}
    write_measured("training_speed", rows=MEASURED["training_speed"]["rows"] | {"pytorch": row})
    rows = [line for line in speed_lines(run(monkeypatch)) if "PyTorch" in line]
    assert rows == ["| PyTorch, bfloat16 | 300 (290 – 310) | 1.30 |"]


def test_what_was_measured_of_classifying_stands_below_in_a_table_of_its_own(project, monkeypatch):
    write_measured(*MEASURED)
    before = speed_lines(run(monkeypatch))
    results_speed.RESULTS.write_text(json.dumps(MEASURED | INFERENCE), encoding="utf-8")
    lines = speed_lines(run(monkeypatch))
    assert lines[: len(before)] == before
    times = "0.10 (0.09 – 0.20) | 0.31 (0.30 – 0.40) | 2.50 (2.40 – 3.00)"
    rest = "50 | 70.1 % | 90 (60) | 4 |"
    rows = [line for line in lines[len(before) :] if line.startswith("|")]
    assert "right of 3,589 PublicTest faces | found of 100 faces (and labelled rightly)" in rows[0]
    assert len({row.count("|") for row in rows}) == 1
    assert rows[2:] == [
        f"| models/emotion.onnx | {times}, 9.50 × fer | 2.00 (1.90 – 2.10) | 20 (19 – 25), 0.40 × fer | {rest}",
        f"| fer | {times} | 2.00 (1.90 – 2.10) | 20 (19 – 25) | {rest}",
    ]
    assert "7 rounds" in lines[-3] and "PublicTest also chose our models" in lines[-3]
    assert lines[-1] == (
        "- Memory over 100,000 calls by 1 thread (m.onnx): 150.2 MB after a warm-up, 150.4 MB in the end; "
        "the fitted line grows by 0.01 MB in 10,000 calls."
    )


@pytest.mark.parametrize("name", MEASURED)
def test_a_benchmark_that_was_not_run_is_named_as_such(project, monkeypatch, name):
    write_measured(*[other for other in MEASURED if other != name])
    assert sum(line.endswith(": not measured yet.") for line in speed_lines(run(monkeypatch))) == 1


def test_without_any_benchmark_everything_is_not_measured_yet(project, monkeypatch):
    assert speed_lines(run(monkeypatch)) == [
        "Training beside Keras' `fit` and PyTorch: not measured yet.",
        "",
        "- `dvc repro` with nothing to do: not measured yet.",
        "- Trainings killed at random moments: not measured yet.",
    ]


def test_check_refuses_a_speed_that_another_measurement_has_overtaken(project, monkeypatch):
    write_measured("training_speed", "kills")
    run(monkeypatch)
    run(monkeypatch, "--check")
    write_measured("training_speed", "kills", identical=50)
    with pytest.raises(InputError, match="benchmarks/results.json give: run `make results`"):
        run(monkeypatch, "--check")


@pytest.mark.parametrize(
    "text",
    ["no markers", f"{END}\n{BEGIN}\n{SPEED}", TEXT + TEXT, TEXT.replace(SPEED, ""), BEGIN + TEXT, END + TEXT],
)
def test_a_readme_without_its_markers_is_an_error_and_stays(project, monkeypatch, text):
    Path("README.md").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="once, in this order"):
        run(monkeypatch)
    assert Path("README.md").read_text(encoding="utf-8") == text


@pytest.fixture
def pipeline(project) -> Path:
    Path(".dvc").mkdir()
    Path(".dvc/config").write_text("[core]\n    no_scm = true\n", encoding="utf-8")
    Path("dvc.yaml").write_text(PIPELINE, encoding="utf-8")
    return project


@pytest.mark.parametrize(
    ("stage", "marked"), [("train@cnn_aug", {"cnn_aug"}), ("split", {"cnn", "cnn_aug"}), ("choose", set())]
)
def test_a_model_that_follows_from_a_pending_stage_is_marked_and_not_the_best(pipeline, monkeypatch, stage, marked):
    Path("pending_runs.txt").write_text(f"{stage}  # a reason\n", encoding="utf-8")
    text = run(monkeypatch)
    assert {name for name in ("cnn", "cnn_aug") if row_of(text, name)[0].endswith("†")} == marked
    assert ("run still to come." in text) == bool(marked)
    assert (row_of(text, "cnn_aug")[0] == "**cnn_aug**") == ("cnn_aug" not in marked)


def test_the_picture_shows_the_numbers_of_the_best_model(project, monkeypatch):
    run(monkeypatch)
    before = np.asarray(Image.open(results.PICTURE))
    assert before.ndim == 3 and before.shape[1] > before.shape[0]
    write_model("cnn_aug", test=0.7, validation=0.65)
    run(monkeypatch)
    assert (np.asarray(Image.open(results.PICTURE)) != before).any()


def test_readme_of_this_repository_has_the_table_that_its_metrics_give(root, monkeypatch):
    monkeypatch.chdir(root)
    run(monkeypatch, "--check")


def test_readme_names_make_targets_and_links_files_that_are_there(root):
    text = (root / "README.md").read_text(encoding="utf-8")
    rules = re.findall(r"^([a-z-]+):", (root / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    targets = re.findall(r"(?:^|`)make (?:[A-Z]+=\S+ )*([a-z][a-z-]*)", text, re.MULTILINE)
    assert len(targets) > 5 and not set(targets) - set(rules)
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", text)
    assert [link for link in links if not (root / link).exists()] == []
