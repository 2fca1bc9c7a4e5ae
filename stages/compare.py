"""Compare models and the ensemble on the same test faces."""

import json

from emotion import errors
from emotion.errors import InputError
from emotion.evaluation import comparison, parts, predictions, scores
from emotion.files import atomic, write_csv, write_json
from emotion.params import load
from emotion.report import comparison_figures


def main() -> None:
    """Write plots/compare/: all pairs, how often they agree, and what accuracy costs."""
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
    costs = {}
    for name in names:
        low, high = scores.accuracy_interval(labels, found[name].probabilities)
        accuracy = float((answers[name] == labels).mean())
        with open(f"metrics/architecture/{name}.json", encoding="utf-8") as file:
            costs[name] = {"accuracy": accuracy, "low": low, "high": high, **json.load(file)}
    write_csv("plots/compare/pairs.csv", pairs)
    write_json("plots/compare/agreement.json", comparison.agreement(answers).round(6).tolist())
    write_json("plots/compare/costs.json", costs)
    figures = {"differences": comparison_figures.forest(pairs), "pareto": comparison_figures.pareto(costs)}
    for name, figure in figures.items():
        with atomic(f"plots/compare/{name}.png") as path:
            figure.savefig(path, metadata={"Software": None})


if __name__ == "__main__":
    errors.run(main)
