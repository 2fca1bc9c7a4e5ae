"""A project whose pages are stale, and what was measured there: made-up numbers for `make results`."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

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
        "rows": {
            "Keras fit": {"images_s": 101.6, "images_s_range": [95.0, 110.2], "ratio": 4.056, "peak_mib": 2048}
        },
    },
    "inference_speed": {
        "cpu": "A CPU", "versions": {"onnxruntime": "1.31.1"}, "rounds": 7, "faces": 3589,
        "rows": {"models/emotion.onnx": {"face_ms": 2.047}},
    },
    "bulk_scoring": {
        "model": "a.onnx", "workers": 2, "cpu": "CPU", "batch": 32, "own_faces_s": 5882.4,
        "rows": [{"way": "ray", "faces": 1_000_000, "seconds": 200, "faces_s": 5000, "share": 0.85}],
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
    write("models/emotion.onnx", "0" * 10_400_000)
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
