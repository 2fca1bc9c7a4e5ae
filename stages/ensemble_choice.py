"""Choose the models whose averaged answers are best on validation faces."""

import json
from pathlib import Path
from typing import Any

from pydantic import Field

from emotion import errors
from emotion.errors import InputError
from emotion.evaluation import calibration, ensembling, predictions, scores
from emotion.files import atomic
from emotion.params import Section, load, suggest

ANSWERS = Path("plots/predictions/validation_averaged")
RUNNERS_UP = 5


class EnsembleSettings(Section):
    """Section `ensemble` of params.yaml."""

    candidates: list[str] = Field(min_length=1)
    largest: int = Field(ge=1)
    select_by: ensembling.Score


def main() -> None:
    """Write metrics/ensemble_members.json: the members and what else could have been chosen; test faces have no say."""
    settings = load("ensemble", EnsembleSettings)
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
        found = scores.headline(mean.labels, mean.probabilities)
        return {"members": list(members), **{name: found[name] for name in ("accuracy", "macro_f1", "log_loss")}}

    best, *others = (scored(*group) for group in groups[: 1 + RUNNERS_UP])
    mean = ensembling.average({name: answers[name] for name in best["members"]})
    temperature = calibration.temperature(mean.labels, mean.probabilities)
    content = {
        **best,
        "temperature": temperature,
        "runners_up": others,
        "candidates": [scored(name) for name in answers],
    }
    with atomic("metrics/ensemble_members.json") as path:
        path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    print(f"{' + '.join(best['members'])}: accuracy {best['accuracy']:.2%} on validation faces")


if __name__ == "__main__":
    errors.run(main)
