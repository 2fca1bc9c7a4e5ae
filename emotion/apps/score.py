"""emotion score: how good a model is on a person's own labelled pictures."""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from emotion.apps.options import classifier_of, require_emotions
from emotion.errors import InputError
from emotion.inference import reading
from emotion.inference.predictor import EmotionClassifier
from emotion.inference.results import Face
from emotion.labels import EMOTIONS

RESAMPLES, SEED = 2000, 0
HEADLINE = ("accuracy", "balanced_accuracy", "macro_f1", "weighted_f1", "roc_auc", "log_loss")


def main(options: argparse.Namespace) -> None:
    """Print scores with 95 % intervals, each emotion's, and the confusion matrix.

    Raises:
        InputError: No picture can be scored. What cannot be read is told on stderr, and the exit code is 1 in the end.
    """
    from emotion.evaluation import bootstrap, scores  # here: a small installation has no scikit-learn

    found = collect(Path(options.folder))
    classifier = classifier_of(options)
    require_emotions(classifier, options.model)
    refused: list[str] = []
    answers, faceless = [], 0
    for emotion, face in tqdm(_answers(classifier, found, refused), total=len(found), disable=None, leave=False):
        if face:
            answers.append((EMOTIONS.index(emotion), [face.probabilities[name] for name in EMOTIONS]))
        faceless += face is None
    for line in refused:
        print(f"error: {line}", file=sys.stderr)
    hint = "cut-out faces need --detector whole"
    if not answers:
        raise InputError(f"{options.folder}: no face in {len(found)} pictures: {hint}")
    if faceless:
        print(f"{faceless} of {len(found)} pictures are not scored: no face found in them ({hint})", file=sys.stderr)
    labels, probabilities = np.array([label for label, _ in answers]), np.array([row for _, row in answers])
    report = {
        "pictures": len(found),
        "scored": len(labels),
        "scores": scores.headline(labels, probabilities),
        "intervals": bootstrap.intervals(labels, probabilities, RESAMPLES, SEED),
        "emotions": scores.per_class(labels, probabilities),
        "confusion": scores.confusion(labels, probabilities).tolist(),
    }
    print(json.dumps(report, indent=2) if options.json else _text(report))
    sys.exit(1 if refused else 0)


def collect(folder: Path) -> list[tuple[str, Path]]:
    """Return all pictures below `<folder>/<emotion>/`, each with its emotion.

    Raises:
        InputError: There is no such folder, or none of an emotion with a picture in it.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder")
    folders = sorted(path for path in folder.iterdir() if path.is_dir() and path.name.lower() in EMOTIONS)
    if not folders:
        raise InputError(f"{folder}: holds no folder of an emotion: {', '.join(EMOTIONS)}")
    found = [(path.name.lower(), file) for path in folders for file in sorted(path.rglob("*")) if _picture(file)]
    if not found:
        raise InputError(f"{folder}: no pictures in its folders")
    return found


def _picture(path: Path) -> bool:
    return path.suffix.lower() in reading.SUFFIXES and not path.name.startswith(".") and path.is_file()


def _answers(
    classifier: EmotionClassifier, found: list[tuple[str, Path]], refused: list[str]
) -> Iterator[tuple[str, Face | None]]:
    """Yield each picture's emotion and its largest face; what cannot be read is told and left out."""
    for emotion, path in found:
        try:
            faces = classifier.predict(path).faces
        except InputError as error:
            refused.append(str(error))
        else:
            yield emotion, max(faces, key=lambda face: face.box[2] * face.box[3], default=None)


def _text(report: dict[str, Any]) -> str:
    """Return the report as a person reads it."""
    intervals = report["intervals"]
    lines = [f"{report['scored']} of {report['pictures']} pictures scored; 95 % intervals (bootstrap)", ""]
    for name in HEADLINE:
        value = report["scores"][name]
        shown = "undefined: some emotions have no faces" if value is None else f"{value:.3f}  {_range(intervals[name])}"
        lines.append(f"{name.replace('_', ' '):18} {shown}")
    lines += ["", f"{'emotion':10} {'faces':>6} {'precision':>10} {'recall':>7}  {'':13}  {'F1':>6}"]
    for row in report["emotions"]:
        name = row["emotion"]
        recall = f"{row['recall']:7.3f}  {_range(intervals[f'recall/{name}']):13}"
        lines.append(f"{name:10} {row['support']:6} {row['precision']:10.3f} {recall}  {row['f1']:6.3f}")
    lines += ["", "confusion matrix: labels in rows, answers in columns", ""]
    lines.append(" " * 10 + "".join(f"{name:>9}" for name in EMOTIONS))
    for name, counts in zip(EMOTIONS, report["confusion"], strict=True):
        lines.append(f"{name:10}" + "".join(f"{number:9}" for number in counts))
    return "\n".join(lines)


def _range(interval: tuple[float, float] | None) -> str:
    return "" if interval is None else f"{interval[0]:.3f}-{interval[1]:.3f}"
