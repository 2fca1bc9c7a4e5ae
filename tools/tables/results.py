"""The tables of results: README's short one, all scores, and those for the annotators' votes."""

from pathlib import Path
from typing import Any

from dvc.repo import Repo

from emotion.core import params
from tools import check_run
from tools.tables.markdown import read_if_present, table

ENSEMBLE = "ensemble"
SHORT = {
    "model": "{name}",
    "FER+ majority": "{majority[accuracy]:.1f} % ({majority[accuracy_low]:.1f} – {majority[accuracy_high]:.1f})",
    "FER-2013 label": "{headline[accuracy]:.1f} % ({headline[accuracy_low]:.1f} – {headline[accuracy_high]:.1f})",
    "size": "{file[mb]:.1f} MB",
    "latency": "{latency[face_ms]:.2f} ms",
}
FULL = {
    "model": "{name}",
    "accuracy (95 % CI)": "{test[accuracy]:.1f} ({test[accuracy_low]:.1f} – {test[accuracy_high]:.1f})",
    "with TTA (95 % CI)": "{test_tta[accuracy]:.1f} ({test_tta[accuracy_low]:.1f} – {test_tta[accuracy_high]:.1f})",
    "macro-F1": "{headline[macro_f1]:.1f}",
    "balanced accuracy": "{headline[balanced_accuracy]:.1f}",
    "without exact / any leakage": "{test_no_exact_leakage[accuracy]:.1f} / {test_no_leakage[accuracy]:.1f}",
    "PublicTest accuracy": "{validation[accuracy]:.1f}",
    "parameters": "{training[parameters]:,}",
    "MACs": "{architecture[macs]:,}",
    "epochs (best)": "{training[epochs]} ({training[best_epoch]})",
}
VOTES = {
    "model": "{name}",
    "majority (95 % CI)": "{majority[accuracy]:.1f} ({majority[accuracy_low]:.1f} – {majority[accuracy_high]:.1f})",
    "with TTA": "{details[test_tta_majority][scores][accuracy][accuracy]:.1%}",
    "balanced accuracy": "{majority[balanced_accuracy]:.1f}",
    "macro-F1": "{majority[macro_f1]:.1f}",
    "without any leakage": "{test_majority_no_leakage[accuracy]:.1f}",
    "8 of 10 agree": "{test_clear[accuracy]:.1f}",
    "ECE": "{headline[vote_ece]:.1f}",
    "cross-entropy": "{details[test][calibration][after][vote_cross_entropy]:.3f}",
    "prior exponent": "{details[test][calibration][prior_exponent]:.2f}",
    "temperature": "{details[test][calibration][temperature]:.2f}",
}
Result = dict[str, Any]


def results() -> list[Result]:
    """Return what is known of each model of params.yaml, in its order, and of the ensemble.

    A result holds `name`, the scores of each subset in percent by metric, `headline` (those of the test faces that
    README shows), `details` of each subset (plots/scores), and whether it is `pending` or the `best` model.
    """
    best = read_if_present("metrics/best.json").get("model")
    speeds = read_if_present("benchmarks/results.json").get("inference_speed", {}).get("rows", {})
    shipped = {
        "resnet_fer": "models/emotion_fer2013.onnx",
        "distilled": "models/emotion_small.onnx",
        best: "models/emotion.onnx",
    }
    pending = _pending_stages()
    found = []
    for name in params.read()["models"]:
        file = Path(shipped.get(name, ""))
        result = _scores(name) | {
            "pending": f"evaluate@{name}" in pending,
            "best": name == best,
            "training": read_if_present(f"metrics/training/{name}.json"),
            "architecture": read_if_present(f"metrics/architecture/{name}.json"),
            "file": {"mb": file.stat().st_size / 1e6} if file.is_file() else {},
            "latency": speeds.get(file.as_posix()),
        }
        found.append(result)
    ensemble = _scores(ENSEMBLE) | {"pending": ENSEMBLE in pending, "best": False}
    ensemble["test_tta"] = ensemble.pop("test", None)  # its members' predictions are with TTA
    ensemble["details"]["test_tta_majority"] = ensemble["details"].get("test_majority")
    return [*found, ensemble]


def _scores(name: str) -> Result:
    subsets = read_if_present(f"metrics/{name}.json")
    scores = {
        subset: {metric: None if value is None else 100 * value for metric, value in own.items()}
        for subset, own in subsets.items()
    }
    details = {one["subset"]: one for one in read_if_present(f"plots/scores/{name}.json").get("scores", [])}
    headlines = {"headline": scores.get("test"), "majority": scores.get("test_majority")}
    return {"name": name, **headlines, "details": details, **scores}


def _pending_stages() -> set[str]:
    """Return the stages that .ci/pending_runs.txt names, and all that follow from them."""
    if not check_run.PENDING.exists():
        return set()
    pending, follows = check_run.pending_stages(Repo())
    return {*pending, *follows}


def short() -> str:
    """Return README's table."""
    return _marked(SHORT)


def full() -> str:
    """Return the table of all scores, and what the ensemble consists of."""
    members = ", ".join(read_if_present("metrics/ensemble_members.json").get("members", ["no models yet"]))
    return _marked(FULL) + f"\n\nThe ensemble averages the predictions with TTA of {members}."


def of_votes() -> str:
    """Return the table of the scores for the annotators' votes."""
    return _marked(VOTES)


def _marked(columns: dict[str, str]) -> str:
    """Return a table in which the best model is bold and models are marked whose run is still to come."""
    rows = results()
    for row in rows:
        row["name"] += " †" if row["pending"] or not row["headline"] else ""
    lines = table(columns, rows).split("\n")
    for place, row in enumerate(rows, start=2):
        if row["best"]:
            lines[place] = "| " + " | ".join(f"**{cell}**" for cell in lines[place][2:-2].split(" | ")) + " |"
    if any(row["name"].endswith("†") for row in rows):
        lines += ["", "† The run with the present code and params is still to come."]
    return "\n".join(lines)
