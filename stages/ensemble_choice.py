"""Choose the models whose mean prediction is best on validation faces."""

from pathlib import Path
from typing import Any

from emotion.core import predictions, stage
from emotion.core.errors import InputError, suggest
from emotion.core.files import write_json
from emotion.core.params import load
from emotion.evaluation import adjustments, calibration, ensemble, metrics
from emotion.evaluation.settings import CalibrateSettings, EnsembleSettings

PREDICTIONS = Path("plots/predictions/validation_tta")
RUNNERS_UP = 5


def main() -> None:
    """Write metrics/ensemble_members.json: the best group and the next best ones; test faces are not read."""
    settings = load("ensemble", EnsembleSettings)
    known = {path.stem: path for path in sorted(PREDICTIONS.glob("*.csv"))}
    for name in settings.candidates:
        if name not in known:
            raise InputError(f"ensemble.candidates: there are no predictions of {name!r}{suggest(name, list(known))}")
    found = {name: predictions.read(known[name]) for name in settings.candidates}
    ensemble.require_same_faces(found)
    labels = found[settings.candidates[0]].labels
    probabilities = {name: one.probabilities for name, one in found.items()}
    groups = ensemble.ranked(labels, probabilities, settings.metric, settings.max_members)
    best, *runners_up = (_scored(found, group) for group in groups[: 1 + RUNNERS_UP])
    mean = ensemble.average({name: found[name] for name in groups[0]})
    best |= adjustments.fitted(mean, "data/annotations.parquet", load("calibrate", CalibrateSettings))
    rest = {"runners_up": runners_up, "candidates": [_scored(found, (name,)) for name in found]}
    write_json("metrics/ensemble_members.json", best | rest)
    print(f"{' + '.join(best['members'])}: validation accuracy {best['accuracy']:.2%}")


def _scored(found: dict[str, predictions.Predictions], members: tuple[str, ...]) -> dict[str, Any]:
    """Return a group's members and its scores for the labels, at the best temperature for these."""
    mean = ensemble.average({name: found[name] for name in members})
    temperature = calibration.fit_temperature(mean.labels, mean.probabilities)
    scores = metrics.headline(mean.labels, calibration.apply_temperature(mean.probabilities, temperature))
    chosen = {name: scores[name] for name in ("accuracy", "macro_f1", "log_loss")}
    return {"members": list(members), **chosen}


if __name__ == "__main__":
    stage.run(main)
