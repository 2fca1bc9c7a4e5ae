"""Fit the temperatures of one model on validation faces: python -m stages.calibrate cnn."""

import sys

from emotion.core import predictions, stage
from emotion.core.files import write_json
from emotion.core.params import load
from emotion.evaluation import calibration


def main(name: str) -> None:
    """Write metrics/calibration/<name>.json: temperature and ECE without and with TTA; test faces are not read."""
    settings = load("calibrate", calibration.CalibrateSettings)
    fitted = {}
    for mode, folder in {"without_tta": "validation", "with_tta": "validation_tta"}.items():
        predicted = predictions.read(f"plots/predictions/{folder}/{name}.csv")
        labels = predicted.labels
        probabilities = predicted.probabilities
        cross_fitted = calibration.cross_fitted_ece(labels, probabilities, settings.folds, settings.seed)
        fitted[mode] = {
            "temperature": calibration.fit_temperature(labels, probabilities),
            "ece": round(calibration.ece(labels, probabilities), 6),
            "ece_cross_fitted": round(cross_fitted, 6),
        }
    write_json(f"metrics/calibration/{name}.json", fitted)
    one = fitted["without_tta"]
    ece = f"{one['ece']:.2%}, after scaling {one['ece_cross_fitted']:.2%} (cross-fitted)"
    print(f"{name}: temperature {one['temperature']}, validation ECE {ece}")


if __name__ == "__main__":
    stage.run(main, *sys.argv[1:])
