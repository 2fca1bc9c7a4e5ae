"""Score one model from its predictions and history: python -m stages.evaluate cnn."""

import csv
import sys

from emotion import errors
from emotion.evaluation import predictions, reporting, scores


def main(name: str) -> None:
    """Write metrics/<name>.json and the files under plots/ from which its charts are drawn."""
    parts: reporting.Parts = {}
    for kind in ("", "_averaged"):
        files = [f"plots/predictions/{part}{kind}/{name}.csv" for part in ("validation", "test")]
        validation, test = map(predictions.read, files)
        parts |= reporting.parts(validation, test, kind)
    with open(f"plots/history/{name}.csv", newline="", encoding="utf-8") as file:
        best = [epoch for epoch in csv.DictReader(file) if epoch["best"] == "1"][-1]
    # Of averaged answers the metrics hold what is compared first; plots/scores/ has the other parts, too.
    shown = [part for part in parts if not part.startswith("test_averaged_")]
    headlines = {part: scores.headline(*parts[part]) for part in shown}
    reporting.write(name, parts, {"train": {"accuracy": float(best["accuracy"])}} | headlines)
    print(f"{name}: " + ", ".join(f"{part} {score['accuracy']:.2%}" for part, score in headlines.items()))


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
