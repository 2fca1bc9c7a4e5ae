"""Score one model from its predictions and history: python -m stages.evaluate cnn."""

import csv
import json
import sys
from typing import Any

import numpy as np

from emotion import errors
from emotion.evaluation import figures, predictions, scores
from emotion.files import atomic


def main(name: str) -> None:
    """Write metrics/<name>.json and the files under plots/ from which its charts are drawn."""
    validation = predictions.read(f"plots/predictions/validation/{name}.csv")
    test = predictions.read(f"plots/predictions/test/{name}.csv")
    parts = {"validation": (validation.labels, validation.probabilities), "test": (test.labels, test.probabilities)}
    for part, kept in {"test_unleaked": test.leaked != "exact", "test_unleaked_near": test.leaked == "no"}.items():
        if kept.any():
            parts[part] = (test.labels[kept], test.probabilities[kept])
    with open(f"plots/history/{name}.csv", newline="", encoding="utf-8") as file:
        best = [epoch for epoch in csv.DictReader(file) if epoch["best"] == "1"][-1]
    headline = {"train": {"accuracy": float(best["accuracy"])}}
    _write_json(f"metrics/{name}.json", headline | {part: scores.headline(*data) for part, data in parts.items()})
    details = [{"part": part, "faces": len(data[0]), **_details(*data)} for part, data in parts.items()]
    _write_json(f"plots/scores/{name}.json", {"scores": details})
    _write_json(f"plots/roc/{name}.json", {"roc": scores.roc(*parts["test"])})
    rows = scores.per_class(*parts["test"])
    with atomic(f"plots/per_class/{name}.csv") as path, path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    figure = figures.confusion(scores.confusion(*parts["test"]), f"{name} on test faces, % of each row")
    with atomic(f"plots/confusion/{name}.png") as path:
        figure.savefig(path, metadata={"Software": None})
    print(f"{name}: " + ", ".join(f"{part} {scores.headline(*data)['accuracy']:.2%}" for part, data in parts.items()))


def _details(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, Any]:
    low, high = scores.accuracy_interval(labels, probabilities)
    matrix = scores.confusion(labels, probabilities).tolist()
    per_class = scores.per_class(labels, probabilities)
    return {"accuracy_low": low, "accuracy_high": high, "per_class": per_class, "confusion": matrix}


def _write_json(path: str, content: object) -> None:
    with atomic(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
