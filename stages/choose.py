"""Choose the model to ship: the best one on validation faces, of those that are small enough."""

import json

from pydantic import Field

from emotion.core import predictions, stage
from emotion.core.errors import InputError
from emotion.core.files import write_json
from emotion.core.params import Section, load
from emotion.evaluation import adjustments
from emotion.evaluation.settings import CalibrateSettings


class ExportedModels(Section, extra="ignore"):
    """What this stage reads of section `export` of params.yaml."""

    models: list[str] = Field(min_length=1)
    max_mb: float = Field(gt=0)


def main() -> None:
    """Write metrics/best.json: the model, its score and the size of its int8 ONNX; test faces are not read."""
    settings = load("export", ExportedModels)
    balanced_weight = load("calibrate", CalibrateSettings).balanced_weight
    candidates = {}
    sizes = {}
    for name in settings.models:
        predicted = predictions.read(f"plots/predictions/validation/{name}.csv")
        adjustment = adjustments.read(f"metrics/calibration/{name}.json", "without_tta")
        with open(f"metrics/export/{name}.json", encoding="utf-8") as file:
            sizes[name] = json.load(file)["files"]["onnx_int8"]["bytes"]
        score = adjustments.score(predicted, "data/annotations.parquet", adjustment, balanced_weight)
        if sizes[name] <= settings.max_mb * 1e6:
            candidates[name] = {"validation_score": score, "bytes": sizes[name]}
    if not candidates:
        smallest = min(sizes, key=lambda name: sizes[name])
        raise InputError(
            f"no int8 ONNX file fits into export.max_mb {settings.max_mb:g}: the smallest, {smallest}, has "
            f"{sizes[smallest] / 1e6:.1f} MB: raise it or export a smaller model"
        )
    # Ties go to the smaller file, then to the first name, so that the choice is the same on every run.
    best = min(candidates, key=lambda name: (-candidates[name]["validation_score"], candidates[name]["bytes"], name))
    write_json("metrics/best.json", {"model": best, **candidates[best]})
    print(f"best: {best}, validation score {candidates[best]['validation_score']:.4f}")


if __name__ == "__main__":
    stage.run(main)
