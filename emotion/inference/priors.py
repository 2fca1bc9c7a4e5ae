"""Predictions for faces whose emotions are as frequent as the user says.

A network knows how frequent each emotion was in training. Where other emotions are frequent, its probabilities are
divided by those priors and multiplied by the new ones (Saerens, Latinne and Decaestecker, "Adjusting the outputs of a
classifier to new a priori probabilities", 2002).
"""

from collections.abc import Mapping

import numpy as np

from emotion.core.errors import InputError
from emotion.inference.model import Model

EQUAL = "equal"


class WithPriors:
    """A model for faces of other priors than those of its training faces.

    Args:
        model: The exported model. Its metadata hold its priors, their exponent and its temperature.
        priors: Of each label, above 0; only their ratios count. `equal` makes all labels equally likely.

    Raises:
        InputError: The labels are not the model's, a prior is not above 0, or the file does not tell its own priors.
    """

    def __init__(self, model: Model, priors: Mapping[str, float] | str) -> None:
        self.labels = model.labels
        self.metadata = model.metadata
        self._model = model
        self._factors = _factors(model, _of_each_label(priors, model.labels))

    def probabilities(self, faces: np.ndarray) -> np.ndarray:
        """Return float32 (n, labels) for gray values uint8 (n, 48, 48)."""
        weighted = self._model.probabilities(faces) * self._factors
        return (weighted / weighted.sum(axis=1, keepdims=True)).astype(np.float32)


def _parsed(text: str) -> dict[str, float]:
    """Return the priors of a text such as `happy=0.5,sad=0.1`."""
    try:
        pairs = [part.split("=") for part in text.split(",")]
        return {name.strip(): float(value) for name, value in pairs}
    except ValueError:
        raise InputError(f"{text}: priors are `{EQUAL}` or a number for each label: angry=0.1,happy=0.4,...") from None


def _of_each_label(priors: Mapping[str, float] | str, labels: tuple[str, ...]) -> np.ndarray:
    if priors == EQUAL:
        priors = dict.fromkeys(labels, 1.0)
    values = _parsed(priors) if isinstance(priors, str) else priors
    if set(values) != set(labels):
        wrong = sorted(set(values) ^ set(labels))
        raise InputError(
            f"priors need one number for each of {', '.join(labels)}; wrong or missing: {', '.join(wrong)}"
        )
    for name, value in values.items():
        if not 0 < value < np.inf:
            raise InputError(f"{name}={value:g}: a prior is a number above 0")
    return np.array([values[name] for name in labels])


def _factors(model: Model, priors: np.ndarray) -> np.ndarray:
    """Return what the probabilities of each label are multiplied by.

    The exported network gives (q / own ** exponent) ** (1 / temperature), where q are its probabilities for its own
    priors; (q / own * priors) ** (1 / temperature) is asked.
    """
    try:
        own = np.array([model.metadata["priors"][name] for name in model.labels], float)
        exponent = float(model.metadata["prior_exponent"])
        temperature = float(model.metadata["temperature"])
    except (KeyError, TypeError):
        raise InputError(
            "the model's file does not say how frequent emotions were in training, so --priors cannot be used: choose "
            "another --model, or export it again"
        ) from None
    return np.power(priors * own ** (exponent - 1), 1 / temperature)
