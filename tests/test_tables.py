"""`make results`: the tables of README and docs/ hold the numbers that were measured."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from emotion.core.errors import InputError
from emotion.core.labels import EMOTIONS
from tools.tables import __main__ as tables
from tools.tables import banner

PIPELINE = """\
stages:
  split: {cmd: a, outs: [data/learn]}
  train:
    foreach: ${models}
    do: {cmd: a, deps: [data/learn], outs: ["models/${key}"]}
  evaluate:
    foreach: ${models}
    do: {cmd: a, deps: ["models/${key}"], metrics: ["metrics/${key}.json": {cache: false}]}
  ensemble: {cmd: a, deps: [models/cnn_aug], metrics: [metrics/ensemble.json: {cache: false}]}
"""
PARAMS = """\
models: {cnn: {network: cnn}, cnn_aug: {network: cnn}, vgg16: {network: vgg16}}
defects: {exact_duplicates: keep, near_duplicates: keep, label_conflicts: drop, blank: drop_everywhere,
  almost_blank: keep, not_a_face: keep}
"""
BENCHMARKS = {
    "training_speed": {
        "cpu": "A CPU", "threads": 2, "precision": "bfloat16", "batch_size": 128, "rounds": 7,
        "versions": {"keras": "3.15.0"},
        "rows": {"keras": {"label": "Keras fit", "images_s": 101.6, "images_s_range": [95.0, 110.2], "ratio": 4.056}},
    },
    "inference_speed": {
        "cpu": "A CPU", "versions": {"onnxruntime": "1.31.1"}, "rounds": 7, "faces": 3589,
        "rows": {"models/emotion.onnx": {"face_ms": 2.047}},
    },
    "bulk_scoring": {
        "model": "a.onnx", "workers": 2, "cpu": "CPU", "batch": 32, "own_faces_s": 5882.4,
        "runs": [{"way": "ray", "faces": 1_000_000, "seconds": 200, "faces_s": 5000, "share": 0.85}],
    },
}  # fmt: skip


def subset(factor: int) -> dict[str, int]:
    counts = {emotion: factor * number for number, emotion in enumerate(EMOTIONS)}
    return {"faces": sum(counts.values()), "exact_leakage": 42, "near_leakage": 3} | counts


METRICS: dict[str, Any] = {
    "best": {"model": "cnn_aug"},
    "ensemble_members": {"members": ["cnn", "cnn_aug"]},
    "clean": {
        "faces": 2100, "distinct_pictures": 1999, "set_aside": {"total": 3, "damaged picture": 1, "wrong size": 2},
        "per_emotion": {emotion: 100 * number for number, emotion in enumerate(EMOTIONS)},
    },
    "split": {
        "train": subset(80), "validation": subset(10), "test": subset(10),
        "dropped": {"exact_duplicates": 0, "near_duplicates": 0, "label_conflicts": 13, "blank": 17,
                    "almost_blank": 0, "not_a_face": 0},
    },
    "audit": {
        "exact_duplicates": {"groups": 1516, "faces": 3369}, "near_duplicates": {"groups": 1600, "faces": 3600},
        "label_conflicts": {"groups": 57, "faces": 160}, "blank": 13, "almost_blank": 14,
        "not_a_face": {"median": 0.123, "one_in_1000": 0.456},
        "PrivateTest_in_Training": {"exact_duplicates": 288, "mirrored_duplicates": 289, "near_duplicates": 3010},
    },
    "label_audit": {"faces": 1680, "label_issues": 168},
    "vote_audit": {
        "PublicTest": {"faces": 210, "with_votes": 200, "with_majority": 150, "label_is_majority": 0.7225,
                       "label_is_majority_by_label": {emotion: 0.1 * place for place, emotion in enumerate(EMOTIONS)}},
        "audit_not_a_face": {"flagged": 1100, "precision": 0.6, "recall": 0.3},
        "label_issues": {"precision_first_100": 0.938, "precision_first_500": 0.89, "precision_all": 0.8},
    },
}  # fmt: skip


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with pages whose tables are stale: `cnn` and `cnn_aug` were run, `vgg16` was not."""
    monkeypatch.chdir(tmp_path)
    for page, names in tables.PAGES.items():
        blocks = [
            f"<!-- {name}: `make results` writes what follows -->\nstale\n<!-- end of {name} -->" for name in names
        ]
        write(page, "# Title\n\nbefore\n\n" + "\n\nbetween\n\n".join(blocks) + "\n\nafter\n")
    write("params.yaml", PARAMS)
    for name, content in METRICS.items():
        write(f"metrics/{name}.json", content)
    write("benchmarks/results.json", BENCHMARKS)
    with open("metrics/label_issues.csv", "w", newline="", encoding="utf-8") as file:
        pairs = [("sad", "neutral")] * 3 + [("fear", "sad")] * 5
        csv.writer(file).writerows([("name", "label", "predicted_label"), *(("a", *pair) for pair in pairs)])
    write_model("cnn", 0.66)
    write_model("cnn_aug", 0.64)
    Path(banner.EXAMPLE).parent.mkdir(parents=True)
    Image.new("RGB", (96, 54)).save(banner.EXAMPLE)
    return tmp_path


def write(path: str, content: object) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content)
    Path(path).write_text(text, encoding="utf-8")


def write_model(name: str, test: float) -> None:
    def scores(accuracy: float) -> dict[str, float]:
        ends = {"accuracy_low": accuracy - 0.02, "accuracy_high": accuracy + 0.015}
        others = {"balanced_accuracy": accuracy - 0.03, "macro_f1": accuracy - 0.02, "vote_ece": 0.03, "roc_auc": None}
        return {"accuracy": accuracy, **ends, **others}

    subsets = {"validation": 0.6, "test": test, "test_no_exact_leakage": test - 0.1, "test_no_leakage": test - 0.11}
    subsets |= {"test_majority": test + 0.04, "test_majority_no_leakage": test + 0.03, "test_clear": test + 0.15}
    subsets |= {} if name == "ensemble" else {"test_tta": test + 0.012}
    write(f"metrics/{name}.json", {subset: scores(accuracy) for subset, accuracy in subsets.items()})
    adjusted = {"after": {"vote_cross_entropy": 1.2345}, "prior_exponent": 0.25, "temperature": 1.125}
    tta = {"subset": "test_tta_majority", "scores": {"accuracy": {"accuracy": test + 0.05}}}
    details = [{"subset": "test", "calibration": adjusted}, tta]
    write(f"plots/scores/{name}.json", {"scores": details})
    if name != "ensemble":
        write(f"metrics/training/{name}.json", {"parameters": 10382631, "epochs": 15, "best_epoch": 13})
        files = {"onnx_float16": {"bytes": 20_780_000}, "onnx_int8": {"bytes": 10_400_000}}
        write(f"metrics/export/{name}.json", {"files": files})


def publish(page: str) -> str:
    """Run the tool and return a page."""
    tables.main()
    return Path(page).read_text(encoding="utf-8")


def cells(text: str, first: str, table: int = 0) -> list[str]:
    """Return the row that begins so of the first table, or a later one, that has such a row."""
    line = [line for line in text.splitlines() if line.startswith(f"| {first} |")][table]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_readme_has_accuracy_size_and_latency_and_a_bold_best(project: Path):
    text = publish("README.md")
    assert cells(text, "cnn") == ["cnn", "70.0 % (68.0 – 71.5)", "66.0 % (64.0 – 67.5)", "20.8 MB", "–"]
    bold = ["**cnn_aug**", "**68.0 % (66.0 – 69.5)**", "**64.0 % (62.0 – 65.5)**", "**10.4 MB**", "**2.05 ms**"]
    assert cells(text, r"**cnn_aug**") == bold
    assert cells(text, "vgg16 †")[1:] == ["–", "–", "–", "–"] and "run with the present code and params" in text


def test_all_scores_stand_in_the_order_of_their_header(project: Path):
    row = cells(publish("docs/results.md"), "cnn")
    scores = ["66.0 (64.0 – 67.5)", "67.2 (65.2 – 68.7)", "64.0", "63.0", "56.0 / 55.0", "60.0"]
    assert row == ["cnn", *scores, "10,382,631", "–", "15 (13)"]


def test_scores_for_votes_stand_in_the_order_of_their_header(project: Path):
    row = cells(publish("docs/results.md"), "cnn", table=1)
    scores = ["70.0 (68.0 – 71.5)", "71.0%", "67.0", "68.0", "69.0", "81.0", "3.0"]
    assert row == ["cnn", *scores, "1.234", "0.25", "1.12"]


def test_the_ensemble_has_no_accuracy_without_tta(project: Path):
    write_model("ensemble", 0.75)
    text = publish("docs/results.md")
    assert cells(text, "ensemble")[1:4] == ["–", "75.0 (73.0 – 76.5)", "73.0"]
    assert "predictions with TTA of cnn, cnn_aug." in text
    assert cells(Path("README.md").read_text("utf-8"), "ensemble")[2] == "75.0 % (73.0 – 76.5)"


@pytest.mark.parametrize(("stage", "marked"), [("train@cnn", {"cnn"}), ("split", {"cnn", "cnn_aug"}), ("", set())])
def test_a_model_that_follows_from_a_pending_stage_is_marked(project: Path, stage: str, marked: set[str]):
    write(".dvc/config", "[core]\n    no_scm = true\n")
    write("dvc.yaml", PIPELINE)
    write(".ci/pending_runs.txt", f"{stage}  # a reason\n")
    rows = re.findall(r"^\| \**(cnn\w*) †", publish("README.md"), re.MULTILINE)
    assert set(rows) == marked


def test_the_data_card_counts_each_emotion(project: Path):
    text = publish("docs/data.md")
    assert cells(text, "fear") == ["fear", "200", "9.5%", "160", "20", "20"]
    assert cells(text, "all") == ["all", "2,100", "100.0%", "1,680", "210", "210"]
    assert "1,999 distinct pictures" in text and "3 files set aside (1 x damaged picture, 2 x wrong size)" in text


def test_the_data_card_says_what_is_done_about_each_defect(project: Path):
    text = publish("docs/data.md")
    assert "| 57 groups of 160 faces | `defects.label_conflicts: drop` | 13 |" in text
    assert "| 13 | `defects.blank: drop_everywhere` | 17 |" in text
    assert "| median 0.12, one in 1,000 above 0.46 | `defects.not_a_face: keep` | 0 |" in text
    assert cells(text, "PrivateTest") == ["PrivateTest", "288", "289", "3,010"]
    assert "leave out 42 of 210 test faces, those without any leakage 45 (21.4%)" in text
    assert "168 of 1,680 labels of training faces (10.0%) differ from out-of-fold predictions" in text
    assert "fear → sad (5), sad → neutral (3)" in text


def test_the_data_card_says_what_the_votes_say(project: Path):
    text = publish("docs/data.md")
    assert cells(text, "PublicTest")[:6] == ["PublicTest", "210", "150", "72.2%", "0%", "10%"]
    assert "94% among the first 100, 89% among the first 500 and 80% of all" in text
    assert "none to most annotators in 60% of 1,100 cases" in text


def test_benchmarks_have_a_row_each_and_dashes_for_what_is_missing(project: Path):
    assert cells(publish("docs/results.md"), "Keras fit") == ["Keras fit", "102 (95 – 110)", "4.06"]
    assert cells(publish("docs/scoring.md"), "ray") == ["ray", "1,000,000", "200", "5,000", "85%", "–"]


def test_what_is_not_measured_yet_names_its_command_or_file(project: Path):
    Path("metrics/audit.json").unlink()
    text = publish("docs/data.md")
    assert "Not measured yet: `metrics/audit.json`." in text
    assert "Not measured yet: `python -m benchmarks.near_duplicates`." in text


def test_text_around_the_tables_stays_and_a_second_run_changes_nothing(project: Path):
    text = publish("docs/data.md")
    assert text.startswith("# Title\n\nbefore\n") and text.endswith("\nafter\n") and "stale" not in text
    picture = tables.PICTURE.read_bytes()
    assert publish("docs/data.md") == text and tables.PICTURE.read_bytes() == picture


@pytest.mark.parametrize("damage", [lambda text: text + text, lambda text: text.replace("<!-- end of results -->", "")])
def test_a_page_without_its_markers_is_an_error_and_stays(project: Path, damage):
    text = damage(Path("README.md").read_text("utf-8"))
    write("README.md", text)
    with pytest.raises(InputError, match="once, in this order"):
        tables.main()
    assert Path("README.md").read_text("utf-8") == text


def test_the_picture_of_readme_shows_the_numbers(project: Path):
    tables.main()
    before = np.asarray(Image.open(tables.PICTURE))
    write_model("cnn_aug", 0.7)
    tables.main()
    assert (np.asarray(Image.open(tables.PICTURE)) != before).any()
