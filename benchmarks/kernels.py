"""What TensorFlow's profiler notes of a step, sorted by kind."""

import re
from collections import Counter
from typing import Any

import keras

Kernels = Counter[tuple[str, str]]  # milliseconds by name and operation

# The first part of an operation's name that fits tells its kind ...
OPERATIONS = {
    "Conv2DBackpropInput": "convolutions: gradient of the inputs",
    "Conv2DBackpropFilter": "convolutions: gradient of the filters",
    "Conv2D": "convolutions: forward",
    "MatMul": "matrix products",
}
# ... else the layer that it belongs to ...
LAYERS: dict[Any, str] = {
    keras.layers.BatchNormalization: "batch normalisation",
    keras.layers.Activation: "activation and its gradient",
    keras.layers.MaxPooling2D: "pooling",
    keras.layers.GlobalAveragePooling2D: "pooling",
    keras.layers.Dropout: "dropout",
}
# ... else these.
OPTIMIZER, AVERAGE, CASTS, REST = "optimizer", "average of the weights", "casts between number formats", "rest"
KINDS = tuple(dict.fromkeys([*sorted(OPERATIONS.values()), *LAYERS.values(), OPTIMIZER, AVERAGE, CASTS, REST]))
# The average belongs to no layer: its operations have names without a slash.
OF_AVERAGE = {"Sub", "Mul", "AssignSubVariableOp", "ReadVariableOp"}


def read(space: Any) -> Kernels:
    """Return the milliseconds of each kernel in what the profiler wrote, an XSpace."""
    kernels: Kernels = Counter()
    for plane in space.planes:
        for line in plane.lines:
            for event in line.events:
                # name:operation; what the profiler notes besides has spaces, two colons or none
                found = re.fullmatch(r"([^:\s]+):(\w+)", plane.event_metadata[event.metadata_id].name)
                if found:
                    kernels[found[1], found[2]] += event.duration_ps / 1e9
    return kernels


def kinds_of_layers(model: keras.Model) -> dict[str, str]:
    """Return what each layer's kernels count as, by the layer's name, for layers of which that can be said."""
    known = {layer.name: [what for kind, what in LAYERS.items() if isinstance(layer, kind)] for layer in model.layers}
    return {name: kinds[0] for name, kinds in known.items() if kinds}


def kind(name: str, operation: str, layers: dict[str, str], optimizer: str) -> str:
    """Return which of KINDS a kernel is.

    Args:
        name: As the profiler tells it: gradient_tape/cnn_1/pair1_dropout_1/mul.
        operation: As the profiler tells it: Mul, _MklNativeConv2D.
        layers: As `kinds_of_layers` returns them.
        optimizer: The optimizer's name.
    """
    told = next((what for part, what in OPERATIONS.items() if part in operation), None)
    if told:
        return told
    scopes = name.removeprefix("gradient_tape/").split("/")
    if scopes[0] == optimizer:
        return OPTIMIZER
    for scope in scopes:
        # A layer that is called twice has a number behind its name.
        layer = layers.get(scope) or layers.get(re.sub(r"_\d+$", "", scope))
        if layer:
            return layer
    if operation == "Cast":
        return CASTS
    return AVERAGE if "/" not in name.removesuffix("/ReadVariableOp") and operation in OF_AVERAGE else REST
