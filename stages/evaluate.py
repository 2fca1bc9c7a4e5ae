"""Score one model from its predictions, temperature and history: python -m stages.evaluate cnn."""

import csv
import json
import sys

from emotion import errors
from emotion.evaluation import parts, predictions, reporting
from emotion.params import load


def main(name: str) -> None:
    """Write metrics/<name>.json and the files under plots/ from which its charts are drawn."""
    settings = load("evaluate", parts.EvaluateSettings)
    with open(f"metrics/calibration/{name}.json", encoding="utf-8") as file:
        calibrated = json.load(file)
    scored: dict[str, parts.Part] = {}
    for look, kind in {"single": "", "averaged": "_averaged"}.items():
        validation, test = (
            predictions.read(f"plots/predictions/{part}{kind}/{name}.csv") for part in ("validation", "test")
        )
        scored |= parts.parts(validation, test, calibrated[look]["temperature"], kind)
    with open(f"plots/history/{name}.csv", newline="", encoding="utf-8") as file:
        best = [epoch for epoch in csv.DictReader(file) if epoch["best"] == "1"][-1]
    headlines = reporting.write(name, scored, settings, {"train": {"accuracy": float(best["accuracy"])}})
    print(f"{name}: " + ", ".join(f"{part} {score['accuracy']:.2%}" for part, score in headlines.items()))


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
