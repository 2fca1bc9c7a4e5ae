"""A network as a plain list of its layers, with the inputs, output shape and costs of each."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras

# By Keras' name of a layer: its kind, and its text in the diagram if the kind does not say all.
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
    """One layer; `sources` are the names of the layers it reads, shape and MACs are those for one face."""

    name: str
    kind: str
    text: str
    activation: str  # "" if it has none
    sources: tuple[str, ...]
    shape: tuple[int, ...]
    costs: dict[str, int]  # parameters, trainable_parameters, macs


def read(model: keras.Model) -> list[Layer]:
    """Return the layers of a functional network, each after those that it reads.

    MACs (multiply-accumulate operations) are counted as in papers, for convolutions and dense layers: the kernel is
    applied once at each position of the output. All other layers together add a few percent.
    """
    made: dict[int, str] = {}  # name of the layer, by the id of its output
    layers = []
    for layer in model.operations:  # some are plain operations, such as x + 3
        settings = layer.get_config() if isinstance(layer, keras.Layer) else {}
        name = type(layer).__name__
        shape = tuple(layer.output.shape[1:])
        weights = getattr(layer, "weights", [])
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
    """Return a layer's kind and its text: what it does, its size, and its stride unless that is the usual one."""
    if name == "Dense":
        return "dense", f"dense {settings['units']}"
    if name == "InputLayer":
        return "input", sizes(shape)
    if "Pool" in name:
        pool = "max" if "Max" in name else "average"
        size = settings.get("pool_size")  # None for global pooling
        stride = "" if settings.get("strides") == size else f" /{settings['strides'][0]}"
        return "pooling", f"{pool} {sizes(size)}{stride}" if size else f"global {pool}"
    if "kernel_size" in settings:
        what = "depthwise" if name.startswith("Depthwise") else f"conv {settings['filters']}"
        stride = f" /{settings['strides'][0]}" if max(settings["strides"]) > 1 else ""
        return what if what == "depthwise" else "convolution", f"{sizes(settings['kernel_size'])} {what}{stride}"
    return next((found for pattern, found in KINDS.items() if re.search(pattern, name)), ("other", name.lower()))


def sizes(numbers: Sequence[int]) -> str:
    """Return a shape as text: 48×48×1."""
    return "×".join(map(str, numbers))


def totals(layers: Sequence[Layer]) -> dict[str, int]:
    """Return the sum of each cost over all these layers."""
    return {cost: sum(layer.costs[cost] for layer in layers) for cost in layers[0].costs}
