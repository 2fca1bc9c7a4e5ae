"""What several commands can be told."""

import argparse
from typing import Any

from emotion.errors import InputError
from emotion.inference.predictor import EmotionClassifier
from emotion.labels import EMOTIONS


def classifier_of(options: argparse.Namespace, **others: Any) -> EmotionClassifier:
    """Return the classifier that the options describe; `others` replaces some of them.

    Raises:
        InputError: A file is missing or not what it should be.
    """
    options = argparse.Namespace(**vars(options) | others)
    return EmotionClassifier(options.model, faces=options.detector, smallest=options.smallest, upright=options.upright)


def require_emotions(classifier: EmotionClassifier, model: str | None) -> None:
    """Raise an InputError that names the model's file if it tells others than the seven emotions apart."""
    if set(classifier.labels) != set(EMOTIONS):
        raise InputError(f"{model}: tells other emotions apart: {', '.join(classifier.labels)}")
