"""Compare the models and the ensemble on the same test faces."""

import json

import numpy as np

from emotion.core import predictions, stage, votes
from emotion.core.files import save_figure, write_csv, write_json
from emotion.core.params import load
from emotion.evaluation import adjustments, comparison, ensemble, figures, metrics
from emotion.evaluation.settings import CompareSettings, EvaluateSettings


def main() -> None:
    """Write plots/compare/: paired tests, agreement of predictions, and accuracy over parameters and MACs.

    The tests are made for the labels and, where annotators voted, for their majority, which the figures show.
    """
    settings = load("evaluate", EvaluateSettings)
    names = load("compare", CompareSettings).models
    found = {name: predictions.read(f"plots/predictions/test/{name}.csv") for name in names}
    found["ensemble"] = predictions.read("plots/ensemble/test.csv")
    ensemble.require_same_faces({"ensemble": found["ensemble"], **found})
    faces = found["ensemble"]
    predicted = {name: _predicted_labels(name, one.probabilities) for name, one in found.items()}
    truths = {"label": faces.labels, "majority": votes.majority(votes.read("data/annotations.parquet", faces.names))}
    pairs = []
    costs = {}
    for truth, expected in truths.items():
        known = expected >= 0
        if known.any():
            correct = {name: (one == expected)[known] for name, one in predicted.items()}
            pairs += comparison.pairs(correct, settings.resamples, settings.seed, truth)
            costs = {name: _costs(name, correct[name], truth) for name in names}
    write_csv("plots/compare/pairs.csv", pairs)
    write_json("plots/compare/agreement.json", comparison.agreement(predicted).round(6).tolist())
    write_json("plots/compare/costs.json", costs)
    save_figure("plots/compare/differences.png", figures.forest(pairs))
    save_figure("plots/compare/pareto.png", figures.pareto(costs))


def _predicted_labels(name: str, probabilities: np.ndarray) -> np.ndarray:
    """Return the labels of a model's adjusted predictions, (n,)."""
    if name == "ensemble":
        adjustment = adjustments.read("metrics/ensemble_members.json")
    else:
        adjustment = adjustments.read(f"metrics/calibration/{name}.json", "without_tta")
    return adjustment.apply(probabilities).argmax(axis=1)


def _costs(name: str, correct: np.ndarray, truth: str) -> dict[str, object]:
    low, high = metrics.share_interval(correct)
    with open(f"metrics/architecture/{name}.json", encoding="utf-8") as file:
        return {"truth": truth, "accuracy": float(correct.mean()), "low": low, "high": high, **json.load(file)}


if __name__ == "__main__":
    stage.run(main)
