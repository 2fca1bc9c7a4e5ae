"""Average the members' answers and score them as those of a model."""

import json

from emotion import errors
from emotion.evaluation import ensembling, predictions, reporting, scores


def main() -> None:
    """Write plots/ensemble/<part>.csv, metrics/ensemble.json and the files from which its charts are drawn."""
    with open("metrics/ensemble_members.json", encoding="utf-8") as file:
        members = json.load(file)["members"]
    averages = {}
    for part in ("validation", "test"):
        files = {name: f"plots/predictions/{part}_averaged/{name}.csv" for name in members}
        averages[part] = ensembling.average({name: predictions.read(path) for name, path in files.items()})
        predictions.write(averages[part], f"plots/ensemble/{part}.csv")
    parts = reporting.parts(averages["validation"], averages["test"])
    headlines = {part: scores.headline(*data) for part, data in parts.items()}
    reporting.write("ensemble", parts, headlines)
    print(
        f"{' + '.join(members)}: " + ", ".join(f"{part} {score['accuracy']:.2%}" for part, score in headlines.items())
    )


if __name__ == "__main__":
    errors.run(main)
