"""Fit the temperature of one model's answers on validation faces: python -m stages.calibrate cnn."""

import sys

from pydantic import Field

from emotion import errors
from emotion.evaluation import calibration, predictions
from emotion.files import write_json
from emotion.params import Section, load


class CalibrateSettings(Section):
    """Section `calibrate` of params.yaml."""

    folds: int = Field(ge=2)
    seed: int = Field(ge=0)


def main(name: str) -> None:
    """Write metrics/calibration/<name>.json: temperatures of single and of averaged answers; test faces have no say."""
    settings = load("calibrate", CalibrateSettings)
    found = {}
    for look, folder in {"single": "validation", "averaged": "validation_averaged"}.items():
        answers = predictions.read(f"plots/predictions/{folder}/{name}.csv")
        given = answers.labels, answers.probabilities
        found[look] = {
            "temperature": calibration.temperature(*given),
            "error_before": round(calibration.error(*given), 6),
            "error_cross_fitted": round(calibration.cross_fitted_error(*given, settings.folds, settings.seed), 6),
        }
    write_json(f"metrics/calibration/{name}.json", found)
    single = found["single"]
    change = f"{single['error_before']:.2%} -> {single['error_cross_fitted']:.2%}"
    print(f"{name}: temperature {single['temperature']}, calibration error {change} on validation faces")


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
