"""Choose the best exported model by macro-F1 on validation faces."""

import json

from pydantic import Field

from emotion import errors
from emotion.evaluation import predictions, scores
from emotion.files import atomic
from emotion.params import Section, load


class ExportedModels(Section, extra="ignore"):
    """What this stage reads of section `export` of params.yaml."""

    models: list[str] = Field(min_length=1)


def main() -> None:
    """Write metrics/best.json: the model and its scores; test faces have no say."""
    candidates = {}
    for name in load("export", ExportedModels).models:
        answers = predictions.read(f"plots/predictions/validation/{name}.csv")
        with open(f"metrics/export/{name}.json", encoding="utf-8") as file:
            exported = json.load(file)
        score = scores.headline(answers.labels, answers.probabilities)["macro_f1"]
        candidates[name] = {"validation_macro_f1": score, "bytes": exported["bytes"]}
    # Of equals the smaller file, then the name, so that the choice is the same on every run.
    best = min(candidates, key=lambda n: (-candidates[n]["validation_macro_f1"], candidates[n]["bytes"], n))
    with atomic("metrics/best.json") as path:
        path.write_text(json.dumps({"model": best, **candidates[best]}, indent=2) + "\n", encoding="utf-8")
    print(f"best: {best}, macro-F1 {candidates[best]['validation_macro_f1']:.4f} on validation faces")


if __name__ == "__main__":
    errors.run(main)
