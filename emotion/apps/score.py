"""emotion score: evaluate a model on your own labelled pictures."""

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from emotion.apps.options import classifier_of, make_folder, require_emotions, tell_unread
from emotion.core.errors import InputError
from emotion.core.files import write_json
from emotion.core.folders import Refused
from emotion.core.labels import EMOTIONS
from emotion.inference import labelled

RESAMPLES = 2000
SEED = 0
HEADLINE = ("accuracy", "balanced_accuracy", "macro_f1", "weighted_f1", "roc_auc", "log_loss")


def main(options: argparse.Namespace) -> None:
    """Print scores with 95 % confidence intervals, those of each emotion, and the confusion matrix.

    Raises:
        InputError: No picture can be scored. Unreadable ones are reported on stderr, and the exit code is 1 in the end.
    """
    from emotion.evaluation import bootstrap, metrics

    if options.output and Path(options.output).is_dir():
        raise InputError(f"{options.output}: a folder: -o names the file of the scores, such as scores.json")
    errors: list[str] = []
    refused: Refused = []
    not_scored: Counter[str] = Counter()
    pictures = labelled.collect(Path(options.folder), options.label_order, refused, not_scored)
    classifier = classifier_of(options)
    require_emotions(classifier, options.model)
    if options.output:
        make_folder(Path(options.output).parent)
    true_labels, probabilities = labelled.predictions(classifier, pictures, errors, not_scored)
    code = tell_unread(errors, refused)
    if not len(true_labels):
        reasons = "; ".join(f"{count} {_with_remedy(reason)}" for reason, count in not_scored.items())
        raise InputError(f"{options.folder}: no picture can be scored: {reasons}")
    report = {
        "pictures": len(true_labels) + not_scored.total(),
        "scored": len(true_labels),
        "not_scored": dict(not_scored),
        "scores": metrics.headline(true_labels, probabilities),
        "intervals": bootstrap.intervals(true_labels, probabilities, RESAMPLES, SEED),
        "emotions": metrics.per_class(true_labels, probabilities),
        "confusion": metrics.confusion(true_labels, probabilities).tolist(),
    }
    print(json.dumps(report, indent=2) if options.json else _text(report))
    if options.output:
        write_json(options.output, report)
    for reason, count in not_scored.items():
        print(f"{count} of {report['pictures']} pictures are not scored: {_with_remedy(reason)}", file=sys.stderr)
    sys.exit(code)


def _with_remedy(reason: str) -> str:
    return f"{reason} (face crops need --detector whole)" if reason == labelled.NO_FACE else reason


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
