"""What several commands can be told."""

import argparse
from typing import Any

from emotion.inference.predictor import EmotionClassifier


def classifier_of(options: argparse.Namespace, **others: Any) -> EmotionClassifier:
    """Return the classifier that the options describe; `others` replaces some of them.

    Raises:
        InputError: A file is missing or not what it should be.
    """
    options = argparse.Namespace(**vars(options) | others)
    return EmotionClassifier(options.model, faces=options.detector, smallest=options.smallest, upright=options.upright)
