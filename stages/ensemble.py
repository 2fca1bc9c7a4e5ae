"""Average the members' answers and score them as those of a model."""

import json

from emotion import errors
from emotion.evaluation import ensembling, parts, predictions, reporting
from emotion.params import load


def main() -> None:
    """Write plots/ensemble/<part>.csv, metrics/ensemble.json and the files from which its charts are drawn."""
    settings = load("evaluate", parts.EvaluateSettings)
    with open("metrics/ensemble_members.json", encoding="utf-8") as file:
        chosen = json.load(file)
    members, averages = chosen["members"], {}
    for part in ("validation", "test"):
        files = {name: f"plots/predictions/{part}_averaged/{name}.csv" for name in members}
        averages[part] = ensembling.average({name: predictions.read(path) for name, path in files.items()})
        predictions.write(averages[part], f"plots/ensemble/{part}.csv")
    scored = parts.parts(averages["validation"], averages["test"], chosen["temperature"])
    headlines = reporting.write("ensemble", scored, settings, {})
    print(
        f"{' + '.join(members)}: " + ", ".join(f"{part} {score['accuracy']:.2%}" for part, score in headlines.items())
    )


if __name__ == "__main__":
    errors.run(main)
