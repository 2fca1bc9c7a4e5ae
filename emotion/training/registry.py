"""From a network's name in params.yaml to the network: one file of emotion/models each."""

import functools
import hashlib
import importlib
from pathlib import Path
from typing import Any

import keras

from emotion.core.errors import InputError
from emotion.core.labels import EMOTIONS
from emotion.training import networks


def build(network: str, arguments: dict[str, Any], where: str = "build") -> keras.Model:
    """Build a network from face (n, 48, 48, 1), values 0..255, to probabilities (n, 7) in the order of EMOTIONS.

    Args:
        network: One of `networks.names()`.
        arguments: All arguments of that file's `build` but the number of classes. Where it takes weights, these are
            `scratch`, `imagenet` (downloaded by Keras), or a path or URL, and `weights_sha256` is the hash of that
            file ("": not checked).
        where: The place in params.yaml, for error messages.

    Raises:
        InputError: The network or an argument is unknown, or an argument is missing, of the wrong type or invalid.
    """
    networks.check(network, arguments, where)
    builder = importlib.import_module(f"emotion.models.{network}").build
    try:
        if "weights" in arguments:
            arguments = dict(arguments)
            arguments["weights"] = _weights(arguments["weights"], arguments.pop("weights_sha256"))
        return builder(classes=len(EMOTIONS), **arguments)
    except Exception as error:  # Keras raises a bare Exception where a download fails
        raise InputError(f"{where}: {network} cannot be built: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def _weights(weights: str, sha256: str) -> str | None:
    """Return the argument `weights` of Keras' applications: None, imagenet or a local file, downloaded and checked."""
    if weights in ("scratch", "imagenet"):
        return None if weights == "scratch" else weights
    if "://" not in weights:
        if sha256 and hashlib.sha256(Path(weights).read_bytes()).hexdigest() != sha256:
            raise ValueError(f"the hash of {weights} is not weights_sha256: download it again or correct the param")
        return weights
    name = f"{sha256[:12] or 'unchecked'}-{weights.rsplit('/', 1)[-1]}"
    fetch = functools.partial(keras.utils.get_file, name, weights, cache_subdir="models")
    return fetch(file_hash=sha256, hash_algorithm="sha256") if sha256 else fetch(force_download=True)
