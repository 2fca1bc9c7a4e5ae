"""What each network of emotion/models takes, read from its source: so params are checked without loading Keras."""

import ast
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from emotion.core.errors import InputError, suggest

MODELS = Path(__file__).parents[1] / "models"
RANDOM_WEIGHTS = "params/none.csv"
TYPES = {"Literal": Literal, "bool": bool, "float": float, "int": int, "list": list, "str": str}  # in annotations


def names() -> list[str]:
    """Return the names of all networks, which are those of the files in emotion/models."""
    return sorted(path.stem for path in MODELS.glob("*.py") if path.stem != "__init__")


def check(network: str, arguments: dict[str, Any], where: str, *, weights: str = RANDOM_WEIGHTS) -> None:
    """Check that a network exists and takes these arguments: all of its `build` but the number of classes.

    Args:
        network: One of `names()`.
        arguments: By name.
        where: The place in params.yaml, for error messages.
        weights: A file of pretrained weights, which only some networks take.

    Raises:
        InputError: The network or an argument is unknown, or an argument is missing or of the wrong type.
    """
    if network not in names():
        raise InputError(f"{where}: there is no network {network!r}{suggest(network, names())}")
    if weights != RANDOM_WEIGHTS and not is_pretrained(network):
        raise InputError(f"{where}: {network} takes no pretrained weights: write {RANDOM_WEIGHTS} instead of {weights}")
    types = _types(network)
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


def is_pretrained(network: str) -> bool:
    """Return whether a network may start from pretrained weights."""
    return "weights" in _annotations(network)


def _types(network: str) -> dict[str, Any]:
    """Return the type of each argument of a network's `build` that stands in params.yaml."""
    annotations = {name: text for name, text in _annotations(network).items() if name not in ("classes", "weights")}
    return {name: eval(text, TYPES.copy()) for name, text in annotations.items()}


def _annotations(network: str) -> dict[str, str]:
    """Return the annotation of each argument of a network's `build`."""
    tree = ast.parse((MODELS / f"{network}.py").read_text(encoding="utf-8"))
    (build,) = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "build"]
    return {argument.arg: ast.unparse(argument.annotation) for argument in build.args.kwonlyargs if argument.annotation}
