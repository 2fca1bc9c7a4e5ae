"""Fit the adjustment of one model's probabilities on validation faces: python -m stages.calibrate cnn."""

import sys

from emotion.core import predictions, stage
from emotion.core.files import write_json
from emotion.core.params import load
from emotion.evaluation import adjustments
from emotion.evaluation.settings import CalibrateSettings


def main(name: str) -> None:
    """Write metrics/calibration/<name>.json, without and with TTA; test faces are not read."""
    settings = load("calibrate", CalibrateSettings)
    fitted = {}
    for mode, folder in {"without_tta": "validation", "with_tta": "validation_tta"}.items():
        predicted = predictions.read(f"plots/predictions/{folder}/{name}.csv")
        fitted[mode] = adjustments.fitted(predicted, "data/annotations.parquet", settings)
    write_json(f"metrics/calibration/{name}.json", fitted)
    one = fitted["without_tta"]
    ece = f"{one['ece']:.2%}, adjusted {one['ece_cross_fitted']:.2%} (cross-fitted)"
    print(f"{name}: prior exponent {one['prior_exponent']}, temperature {one['temperature']}, validation ECE {ece}")


if __name__ == "__main__":
    stage.run(main, *sys.argv[1:])
