"""Compare models and the ensemble on the same test faces."""

import csv
import json

import numpy as np

from emotion import errors
from emotion.errors import InputError
from emotion.evaluation import comparison, parts, predictions, scores
from emotion.files import atomic
from emotion.params import load
from emotion.report import comparison_figures


def main() -> None:
    """Write plots/compare/: all pairs, figures of their differences and agreement, and what accuracy costs."""
    settings, names = load("evaluate", parts.EvaluateSettings), load("compare", comparison.CompareSettings).models
    found = {name: predictions.read(f"plots/predictions/test/{name}.csv") for name in names}
    found["ensemble"] = predictions.read("plots/ensemble/test.csv")
    labels, faces = found["ensemble"].labels, found["ensemble"].names
    for name, one in found.items():
        if one.names != faces:
            raise InputError(f"{name} and ensemble answered for different faces: run `dvc repro` for both")
    answers = {name: one.probabilities.argmax(axis=1) for name, one in found.items()}
    pairs = comparison.pairs(
        {name: answer == labels for name, answer in answers.items()}, settings.resamples, settings.seed
    )
    with atomic("plots/compare/pairs.csv") as path, path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, pairs[0].keys(), lineterminator="\n")
        table.writeheader()
        table.writerows(pairs)
    costs = {}
    for name in names:
        low, high = scores.accuracy_interval(labels, found[name].probabilities)
        with open(f"metrics/architecture/{name}.json", encoding="utf-8") as file:
            costs[name] = {
                "accuracy": float(np.mean(answers[name] == labels)),
                "low": low,
                "high": high,
                **json.load(file),
            }
    shares = comparison.agreement(answers)
    for name, content in {"agreement": np.round(shares, 6).tolist(), "costs": costs}.items():
        with atomic(f"plots/compare/{name}.json") as path:
            path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    drawn = {
        "differences": comparison_figures.forest(pairs),
        "agreement": comparison_figures.agreement(list(answers), shares),
        "pareto": comparison_figures.pareto(costs),
    }
    for name, figure in drawn.items():
        with atomic(f"plots/compare/{name}.png") as path:
            figure.savefig(path, metadata={"Software": None})


if __name__ == "__main__":
    errors.run(main)
