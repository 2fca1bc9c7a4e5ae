"""From a network's name in params.yaml to the network: one file of this folder each."""

import functools
import hashlib
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_type_hints

import keras
from pydantic import TypeAdapter, ValidationError

from emotion.errors import InputError
from emotion.labels import EMOTIONS
from emotion.params import suggest


def names() -> list[str]:
    """Return the networks that there are, which is the names of the files beside this one."""
    return sorted(p.stem for p in Path(__file__).parent.glob("*.py") if p.stem not in ("__init__", "registry"))


def build(network: str, arguments: dict[str, Any], where: str = "build") -> keras.Model:
    """Build a network from face (n, 48, 48, 1), values 0..255, to probabilities (n, 7) in the order of EMOTIONS.

    Args:
        network: A name that `names` returns.
        arguments: What that file's `build` takes beside the number of classes; none has a default. Where it takes
            weights, these are `scratch`, `imagenet` (Keras downloads them), or a path or URL, and `weights_sha256`
            says what such a file must hold ("" for anything).
        where: How errors call the place in params.yaml.

    Raises:
        InputError: The network or an argument is unknown, an argument is missing, of another type or not possible.
    """
    if network not in names():
        raise InputError(f"{where}: there is no network {network!r}{suggest(network, names())}")
    builder = importlib.import_module(f"emotion.models.{network}").build
    _check(arguments, builder, network, where)
    try:
        if "weights" in arguments:
            arguments = dict(arguments)
            arguments["weights"] = _weights(arguments["weights"], arguments.pop("weights_sha256"))
        return builder(classes=len(EMOTIONS), **arguments)
    except Exception as error:  # Keras raises a bare Exception where a download fails
        raise InputError(f"{where}: {network} cannot be built: {_first_line(error)}") from error


def _check(arguments: dict[str, Any], builder: Callable[..., keras.Model], network: str, where: str) -> None:
    """Raise unless the arguments are those that a network takes, of the types that it says."""
    types = get_type_hints(builder)
    del types["classes"], types["return"]
    if "weights" in types:
        types |= {"weights": str, "weights_sha256": str}
    for name, value in arguments.items():
        if name not in types:
            raise InputError(f"{where}: {network} takes no {name!r}{suggest(name, list(types))}")
        try:
            TypeAdapter(types[name]).validate_python(value, strict=True)
        except ValidationError as error:
            raise InputError(f"{where}.{name} is {value!r}: {error.errors()[0]['msg']}") from None
    missing = [name for name in types if name not in arguments]
    if missing:
        raise InputError(f"{where}: {network} needs {', '.join(missing)}")


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def _weights(weights: str, sha256: str) -> str | None:
    """Return what Keras' applications call weights: None, imagenet or a local file, fetched and checked."""
    if weights in ("scratch", "imagenet"):
        return None if weights == "scratch" else weights
    if "://" not in weights:
        if sha256 and hashlib.sha256(Path(weights).read_bytes()).hexdigest() != sha256:
            raise ValueError(f"{weights} has not the hash weights_sha256: fetch it again or correct the param")
        return weights
    name = f"{sha256[:12] or 'unchecked'}-{weights.rsplit('/', 1)[-1]}"
    fetch = functools.partial(keras.utils.get_file, name, weights, cache_subdir="models")
    return fetch(file_hash=sha256, hash_algorithm="sha256") if sha256 else fetch(force_download=True)
