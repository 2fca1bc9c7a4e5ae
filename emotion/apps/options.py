"""What several commands can be told."""

import argparse

from emotion.inference.predictor import EmotionClassifier


def classifier_of(options: argparse.Namespace) -> EmotionClassifier:
    """Return the classifier that the options describe.

    Raises:
        InputError: A file is missing or not what it should be.
    """
    return EmotionClassifier(options.model, faces=options.detector, smallest=options.smallest, upright=options.upright)
