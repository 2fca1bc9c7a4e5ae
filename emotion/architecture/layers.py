"""A network as a plain list of its layers: what each does, reads, returns and costs."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras

# By Keras' name of a layer: its kind, and what a diagram says of it if the kind does not say all.
KINDS = {
    "Normalization": ("normalisation", ""),
    "Activation|ReLU|ELU|Softmax": ("activation", ""),
    "Dropout": ("dropout", ""),
    "Padding|Cropping|Reshape|Permute": ("shape", ""),
    "Rescaling": ("shape", "scale"),
    "Resizing": ("shape", "resize"),
    "Flatten": ("shape", "flatten"),
    "Concatenate": ("shape", "concatenate"),
    "Add$": ("sum", "+"),
}


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer: `sources` are the names of those that it reads; shape and MACs are those of one face."""

    name: str
    kind: str
    text: str
    activation: str  # "" if it has none
    sources: tuple[str, ...]
    shape: tuple[int, ...]
    costs: dict[str, int]  # parameters, trainable_parameters, macs


def read(model: keras.Model) -> list[Layer]:
    """Return the layers of a functional network, each after those that it reads.

    MACs, multiplications with addition, are counted as papers do: those of convolutions and dense layers, whose kernels
    are applied once at each place of what they return. All others together are some percent.
    """
    made: dict[int, str] = {}  # the layer that made a tensor
    layers = []
    for layer in model.operations:  # some are plain arithmetic, such as x + 3
        settings = layer.get_config() if isinstance(layer, keras.Layer) else {}
        name, shape, weights = type(layer).__name__, tuple(layer.output.shape[1:]), getattr(layer, "weights", [])
        sources = tuple(dict.fromkeys(made[id(tensor)] for tensor in keras.tree.flatten(layer.input)))
        made[id(layer.output)] = layer.name
        kind, text = _described(name, settings, shape)
        activation = settings.get("activation", name.lower() if kind == "activation" else "linear")
        kernels = [weight for weight in weights if len(weight.shape) > 1] if "Conv" in name or name == "Dense" else []
        costs = {
            "parameters": _size(weights),
            "trainable_parameters": _size(getattr(layer, "trainable_weights", [])),
            "macs": math.prod(shape[:-1]) * _size(kernels),
        }
        activation = "" if activation == "linear" else activation
        layers.append(Layer(layer.name, kind, text, activation, sources, shape, costs))
    return layers


def _size(weights: Sequence[Any]) -> int:
    return sum(math.prod(weight.shape) for weight in weights)


def _described(name: str, settings: dict[str, Any], shape: Sequence[int]) -> tuple[str, str]:
    """Return a layer's kind and text: what it does, of which size and, if it is not the usual one, in which steps."""
    if name == "Dense":
        return "dense", f"dense {settings['units']}"
    if name == "InputLayer":
        return "input", sizes(shape)
    if "Pool" in name:
        pool = "max" if "Max" in name else "average"
        size = settings.get("pool_size")  # none of a global one
        step = "" if settings.get("strides") == size else f" /{settings['strides'][0]}"
        return "pooling", f"{pool} {sizes(size)}{step}" if size else f"global {pool}"
    if "kernel_size" in settings:
        what = "depthwise" if name.startswith("Depthwise") else f"conv {settings['filters']}"
        step = f" /{settings['strides'][0]}" if max(settings["strides"]) > 1 else ""
        return what if what == "depthwise" else "convolution", f"{sizes(settings['kernel_size'])} {what}{step}"
    return next((found for pattern, found in KINDS.items() if re.search(pattern, name)), ("other", name.lower()))


def sizes(numbers: Sequence[int]) -> str:
    """Return a shape as people write it: 48×48×1."""
    return "×".join(map(str, numbers))


def totals(layers: Sequence[Layer]) -> dict[str, int]:
    """Return parameters, trainable ones, and MACs for one face, of all these layers."""
    return {cost: sum(layer.costs[cost] for layer in layers) for cost in layers[0].costs}
