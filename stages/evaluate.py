"""Score one model from its predictions, their adjustment and its history: python -m stages.evaluate cnn."""

import csv
import sys

from emotion.core import predictions, stage
from emotion.core.params import load
from emotion.evaluation import adjustments, reporting, subsets
from emotion.evaluation.settings import EvaluateSettings


def main(name: str) -> None:
    """Write metrics/<name>.json and the files under plots/ that its charts show."""
    settings = load("evaluate", EvaluateSettings)
    scored: dict[str, subsets.Scored] = {}
    for mode, suffix in {"without_tta": "", "with_tta": "_tta"}.items():
        predicted = {
            subset: predictions.read(f"plots/predictions/{subset}{suffix}/{name}.csv")
            for subset in ("validation", "test")
        }
        adjustment = adjustments.read(f"metrics/calibration/{name}.json", mode)
        scored |= subsets.scored_subsets(predicted, "data/annotations.parquet", adjustment, suffix)
    with open(f"plots/history/{name}.csv", newline="", encoding="utf-8") as file:
        best_epoch = [epoch for epoch in csv.DictReader(file) if epoch["best"] == "1"][-1]
    train = {"train": {"accuracy": float(best_epoch["accuracy"])}}
    headlines = reporting.write(name, scored, settings, train)
    print(f"{name}: " + ", ".join(f"{subset} {score['accuracy']:.2%}" for subset, score in headlines.items()))


if __name__ == "__main__":
    stage.run(main, *sys.argv[1:])
