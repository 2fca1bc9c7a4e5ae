"""Choose the best model by macro-F1 on validation faces, of those that are small enough to ship."""

import json

from pydantic import Field

from emotion import errors
from emotion.errors import InputError
from emotion.evaluation import predictions, scores
from emotion.files import write_json
from emotion.params import Section, load


class ExportedModels(Section, extra="ignore"):
    """What this stage reads of section `export` of params.yaml."""

    models: list[str] = Field(min_length=1)
    max_mb: float = Field(gt=0)


def main() -> None:
    """Write metrics/best.json: the model, its score and the bytes of its float16 ONNX; test faces have no say."""
    settings, candidates, sizes = load("export", ExportedModels), {}, {}
    for name in settings.models:
        answers = predictions.read(f"plots/predictions/validation/{name}.csv")
        with open(f"metrics/export/{name}.json", encoding="utf-8") as file:
            sizes[name] = json.load(file)["files"]["onnx_float16"]["bytes"]
        score = scores.headline(answers.labels, answers.probabilities)["macro_f1"]
        if sizes[name] <= settings.max_mb * 1e6:
            candidates[name] = {"validation_macro_f1": score, "bytes": sizes[name]}
    if not candidates:
        smallest = min(sizes, key=lambda name: sizes[name])
        raise InputError(
            f"no float16 ONNX file fits export.max_mb {settings.max_mb:g}: the smallest, {smallest}, has "
            f"{sizes[smallest] / 1e6:.1f} MB; raise it or export a smaller model"
        )
    # Of equals the smaller file, then the name, so that the choice is the same on every run.
    best = min(candidates, key=lambda n: (-candidates[n]["validation_macro_f1"], candidates[n]["bytes"], n))
    write_json("metrics/best.json", {"model": best, **candidates[best]})
    print(f"best: {best}, macro-F1 {candidates[best]['validation_macro_f1']:.4f} on validation faces")


if __name__ == "__main__":
    errors.run(main)
