"""Compare the models and the ensemble on the same test faces."""

import json

from emotion.core import predictions, stage
from emotion.core.files import save_figure, write_csv, write_json
from emotion.core.params import load
from emotion.evaluation import comparison, ensemble, figures, metrics, subsets


def main() -> None:
    """Write plots/compare/: paired tests, agreement of predictions, and accuracy over parameters and MACs."""
    settings = load("evaluate", subsets.EvaluateSettings)
    names = load("compare", comparison.CompareSettings).models
    found = {name: predictions.read(f"plots/predictions/test/{name}.csv") for name in names}
    found["ensemble"] = predictions.read("plots/ensemble/test.csv")
    ensemble.require_same_faces({"ensemble": found["ensemble"], **found})
    labels = found["ensemble"].labels
    predicted = {name: one.probabilities.argmax(axis=1) for name, one in found.items()}
    correct = {name: one == labels for name, one in predicted.items()}
    pairs = comparison.pairs(correct, settings.resamples, settings.seed)
    costs = {}
    for name in names:
        low, high = metrics.accuracy_interval(labels, found[name].probabilities)
        with open(f"metrics/architecture/{name}.json", encoding="utf-8") as file:
            costs[name] = {"accuracy": float(correct[name].mean()), "low": low, "high": high, **json.load(file)}
    write_csv("plots/compare/pairs.csv", pairs)
    write_json("plots/compare/agreement.json", comparison.agreement(predicted).round(6).tolist())
    write_json("plots/compare/costs.json", costs)
    save_figure("plots/compare/differences.png", figures.forest(pairs))
    save_figure("plots/compare/pareto.png", figures.pareto(costs))


if __name__ == "__main__":
    stage.run(main)
