"""emotion score: evaluate a model on your own labelled pictures."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from emotion.apps.options import classifier_of, require_emotions, tell_unread
from emotion.core import folders
from emotion.core.errors import InputError
from emotion.core.folders import Refused
from emotion.core.labels import EMOTIONS
from emotion.inference.predictor import EmotionClassifier

RESAMPLES = 2000
SEED = 0
HEADLINE = ("accuracy", "balanced_accuracy", "macro_f1", "weighted_f1", "roc_auc", "log_loss")
HINT = "face crops need --detector whole"


def main(options: argparse.Namespace) -> None:
    """Print scores with 95 % confidence intervals, those of each emotion, and the confusion matrix.

    Raises:
        InputError: No picture can be scored. Unreadable ones are reported on stderr, and the exit code is 1 in the end.
    """
    from emotion.evaluation import bootstrap, metrics

    refused: Refused = []
    pictures = collect(Path(options.folder), refused)
    classifier = classifier_of(options)
    require_emotions(classifier, options.model)
    errors: list[str] = []
    labels, probabilities = _predictions(classifier, pictures, errors)
    code = tell_unread(errors, refused)
    if not len(labels):
        raise InputError(f"{options.folder}: no face found in {len(pictures)} pictures: {HINT}")
    report = {
        "pictures": len(pictures),
        "scored": len(labels),
        "scores": metrics.headline(labels, probabilities),
        "intervals": bootstrap.intervals(labels, probabilities, RESAMPLES, SEED),
        "emotions": metrics.per_class(labels, probabilities),
        "confusion": metrics.confusion(labels, probabilities).tolist(),
    }
    print(json.dumps(report, indent=2) if options.json else _text(report))
    sys.exit(code)


def collect(folder: Path, refused: Refused) -> list[tuple[str, Path]]:
    """Return all pictures below `<folder>/<emotion>/`, each with its emotion.

    Args:
        folder: The folder.
        refused: Receives the path of each other file in a folder of an emotion, and the reason.

    Raises:
        InputError: There is no such folder, or none of an emotion with a picture in it.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder")
    emotions = sorted(path for path in folder.iterdir() if path.is_dir() and path.name.lower() in EMOTIONS)
    if not emotions:
        raise InputError(f"{folder}: holds no folder named after an emotion: {', '.join(EMOTIONS)}")
    found = [(path.name.lower(), file) for path in emotions for file in folders.pictures(path, refused)]
    if not found:
        raise InputError("; ".join([f"{folder}: no pictures in its folders", *folders.told(refused)]))
    return found


def _predictions(
    classifier: EmotionClassifier, pictures: list[tuple[str, Path]], errors: list[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Return labels, positions in EMOTIONS (n,), and probabilities (n, 7) of the largest face of each picture."""
    labels = []
    probabilities = []
    faceless = 0
    for emotion, path in tqdm(pictures, disable=None, leave=False):
        try:
            faces = classifier.predict(path).faces
        except InputError as error:
            errors.append(str(error))
            continue
        if not faces:
            faceless += 1
            continue
        largest = max(faces, key=lambda face: face.box[2] * face.box[3])
        labels.append(EMOTIONS.index(emotion))
        probabilities.append([largest.probabilities[name] for name in EMOTIONS])
    if labels and faceless:
        print(f"{faceless} of {len(pictures)} pictures are not scored: no face found in them ({HINT})", file=sys.stderr)
    return np.array(labels), np.array(probabilities)


def _text(report: dict[str, Any]) -> str:
    """Return the report as text for people."""
    intervals = report["intervals"]
    lines = [f"{report['scored']} of {report['pictures']} pictures scored; 95 % confidence intervals (bootstrap)", ""]
    for name in HEADLINE:
        value = report["scores"][name]
        shown = "undefined: some emotions have no faces" if value is None else f"{value:.3f}  {_range(intervals[name])}"
        lines.append(f"{name.replace('_', ' '):18} {shown}")
    lines += ["", f"{'emotion':10} {'faces':>6} {'precision':>10} {'recall':>7}  {'':13}  {'F1':>6}"]
    for row in report["emotions"]:
        name = row["emotion"]
        recall = f"{row['recall']:7.3f}  {_range(intervals[f'recall/{name}']):13}"
        lines.append(f"{name:10} {row['support']:6} {row['precision']:10.3f} {recall}  {row['f1']:6.3f}")
    lines += ["", "confusion matrix: true labels in rows, predicted labels in columns", ""]
    lines.append(" " * 10 + "".join(f"{name:>9}" for name in EMOTIONS))
    for name, counts in zip(EMOTIONS, report["confusion"], strict=True):
        lines.append(f"{name:10}" + "".join(f"{number:9}" for number in counts))
    return "\n".join(lines)


def _range(interval: tuple[float, float] | None) -> str:
    return "" if interval is None else f"{interval[0]:.3f}-{interval[1]:.3f}"
