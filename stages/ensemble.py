"""Average the predictions of the ensemble's members and score them like those of a model."""

import json

from emotion.core import predictions, stage
from emotion.core.params import load
from emotion.evaluation import adjustments, ensemble, reporting, subsets
from emotion.evaluation.settings import EvaluateSettings


def main() -> None:
    """Write plots/ensemble/<subset>.csv, metrics/ensemble.json and the files under plots/ that its charts show."""
    settings = load("evaluate", EvaluateSettings)
    with open("metrics/ensemble_members.json", encoding="utf-8") as file:
        members = json.load(file)["members"]
    averages = {}
    for subset in ("validation", "test"):
        files = {name: f"plots/predictions/{subset}_tta/{name}.csv" for name in members}
        averages[subset] = ensemble.average({name: predictions.read(path) for name, path in files.items()})
        predictions.write(averages[subset], f"plots/ensemble/{subset}.csv")
    adjustment = adjustments.read("metrics/ensemble_members.json")
    scored = subsets.scored_subsets(averages, "data/annotations.parquet", adjustment)
    headlines = reporting.write("ensemble", scored, settings, {})
    scores = ", ".join(f"{subset} {score['accuracy']:.2%}" for subset, score in headlines.items())
    print(f"{' + '.join(members)}: {scores}")


if __name__ == "__main__":
    stage.run(main)
