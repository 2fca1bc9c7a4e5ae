"""Score a model on another data set, on which nothing was selected or fitted: python -m stages.external rafdb."""

import sys
from collections import Counter
from pathlib import Path
from typing import Any

from emotion.core import folders, stage
from emotion.core.errors import InputError
from emotion.core.files import write_json
from emotion.core.params import load
from emotion.evaluation import bootstrap, metrics
from emotion.evaluation.settings import EvaluateSettings, ExternalSettings
from emotion.inference import labelled
from emotion.inference.predictor import EmotionClassifier


def main(name: str) -> None:
    """Write metrics/external/<name>.json.

    Raises:
        InputError: The folder has no labelled pictures that can be scored.
    """
    settings = load(f"external.{name}", ExternalSettings)
    evaluate = load("evaluate", EvaluateSettings)
    refused: folders.Refused = []
    errors: list[str] = []
    not_scored: Counter[str] = Counter()
    pictures = labelled.collect(Path(settings.folder), settings.label_order, refused, not_scored)
    classifier = EmotionClassifier(settings.model, detector=settings.detector, threads=1)
    labels, probabilities = labelled.predictions(classifier, pictures, errors, not_scored)
    for line in (*errors, *folders.told(refused)):
        print(line, file=sys.stderr)
    if not len(labels):
        reasons = "; ".join(f"{count} {reason}" for reason, count in not_scored.items())
        remedy = " (face crops need detector: whole)" if not_scored[labelled.NO_FACE] else ""
        raise InputError(f"{settings.folder}: no picture can be scored: {reasons}{remedy}")
    scores = metrics.headline(labels, probabilities)
    intervals = bootstrap.intervals(labels, probabilities, evaluate.resamples, evaluate.seed)
    found: dict[str, Any] = {"scored": len(labels), "not_scored": dict(sorted(not_scored.items())), **scores}
    for score in ("accuracy", "balanced_accuracy", "macro_f1"):
        low, high = intervals[score] or (None, None)
        found |= {f"{score}_low": low, f"{score}_high": high}
    found["recall"] = {str(row["emotion"]): row["recall"] for row in metrics.per_class(labels, probabilities)}
    write_json(f"metrics/external/{name}.json", found)
    print(f"{name}: accuracy {scores['accuracy']:.2%} of {len(labels)} faces, macro-F1 {scores['macro_f1']:.2%}")


if __name__ == "__main__":
    stage.run(main, *sys.argv[1:])
