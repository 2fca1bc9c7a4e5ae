"""Choose the models whose averaged answers are best on validation faces."""

from pathlib import Path
from typing import Any

from emotion import errors
from emotion.errors import InputError
from emotion.evaluation import calibration, ensembling, predictions, scores
from emotion.files import write_json
from emotion.params import load, suggest

ANSWERS = Path("plots/predictions/validation_averaged")
RUNNERS_UP = 5


def main() -> None:
    """Write metrics/ensemble_members.json: the members and what else could have been chosen; test faces have no say."""
    settings = load("ensemble", ensembling.EnsembleSettings)
    known = {path.stem: path for path in sorted(ANSWERS.glob("*.csv"))}
    for name in settings.candidates:
        if name not in known:
            raise InputError(f"ensemble.candidates: there are no predictions of {name!r}{suggest(name, list(known))}")
    answers = {name: predictions.read(known[name]) for name in settings.candidates}
    labels = ensembling.average(answers).labels  # the same of all, or an error
    given = {name: answer.probabilities for name, answer in answers.items()}
    groups = ensembling.ranked(labels, given, settings.select_by, settings.largest)

    def scored(*members: str) -> dict[str, Any]:
        mean = ensembling.average({name: answers[name] for name in members})
        temperature = calibration.temperature(mean.labels, mean.probabilities)
        found = scores.headline(mean.labels, calibration.scaled(mean.probabilities, temperature))
        told = {name: found[name] for name in ("accuracy", "macro_f1", "log_loss")}
        return {"members": list(members), **told, "temperature": temperature}

    best, *others = (scored(*group) for group in groups[: 1 + RUNNERS_UP])
    rest = {"runners_up": others, "candidates": [scored(name) for name in answers]}
    write_json("metrics/ensemble_members.json", best | rest)
    print(f"{' + '.join(best['members'])}: accuracy {best['accuracy']:.2%} on validation faces")


if __name__ == "__main__":
    errors.run(main)
