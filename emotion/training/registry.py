"""From a network's name in params.yaml to the network: one file of emotion/models each."""

import importlib
from typing import Any

import keras

from emotion.core.errors import InputError
from emotion.core.labels import EMOTIONS
from emotion.training import networks
from emotion.training.networks import RANDOM_WEIGHTS


def build(
    network: str, arguments: dict[str, Any], where: str = "build", *, weights: str = RANDOM_WEIGHTS
) -> keras.Model:
    """Build a network from face (n, 48, 48, 1), values 0..255, to probabilities (n, 7) in the order of EMOTIONS.

    Args:
        network: One of `networks.names()`.
        arguments: All arguments of that file's `build` but the number of classes and the weights.
        where: The place in params.yaml, for error messages.
        weights: A file of pretrained weights; params/none.csv: random ones.

    Raises:
        InputError: The network or an argument is unknown, or an argument is missing, of the wrong type or invalid.
    """
    networks.check(network, arguments, where, weights=weights)
    pretrained = {"weights": None if weights == RANDOM_WEIGHTS else weights} if networks.is_pretrained(network) else {}
    try:
        return importlib.import_module(f"emotion.models.{network}").build(
            classes=len(EMOTIONS), **arguments, **pretrained
        )
    except Exception as error:  # Keras and h5py raise many kinds where a file of weights belongs to another network
        raise InputError(f"{where}: {network} cannot be built: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
