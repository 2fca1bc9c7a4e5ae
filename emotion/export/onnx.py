"""ONNX files whose bytes depend on nothing but the model."""

import contextlib
import io
import json
import tempfile
import warnings
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx

INPUT = "face"
OUTPUT = "probabilities"


def converted(model: keras.Model) -> onnx.ModelProto:
    """Return a built network as ONNX: `face` float32 (n, 48, 48, 1), 0..255, to `probabilities` float32 (n, 7)."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        # The exporter prints pages of warnings that no user can act on.
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings(action="ignore"):
            _for_inference(model).export(path, format="onnx", verbose=False)
        exported = onnx.load(path)
    exported.graph.name = model.name
    exported.graph.doc_string = ""  # else it holds a counter of earlier exports
    _keep_zero_padding(exported.graph)
    _reshape_before_scaling(exported.graph)
    _rename(exported.graph)
    return exported


def save(model: onnx.ModelProto, path: str | Path, metadata: Mapping[str, Any]) -> None:
    """Write an ONNX file, with each value of the metadata as JSON, sorted by key."""
    named = onnx.ModelProto()
    named.CopyFrom(model)
    _rename(named.graph)
    onnx.helper.set_model_props(named, {key: json.dumps(metadata[key]) for key in sorted(metadata)})
    onnx.checker.check_model(named)
    Path(path).write_bytes(named.SerializeToString(deterministic=True))


def _for_inference(model: keras.Model) -> keras.Model:
    """Return the network with `training=False` fixed in its graph.

    Keras' exporter leaves `training` undefined. A Resizing layer takes that as True, for itself and all layers after
    it, so that batch norm would use the statistics of the batch.
    """
    face = keras.Input(model.input_shape[1:])
    fixed = keras.Model(face, model(face, training=False), name=model.name)
    fixed(np.zeros((1, *model.input_shape[1:]), np.float32))  # a network that was never called cannot be exported
    return fixed


def _keep_zero_padding(graph: onnx.GraphProto) -> None:
    """Keep the zeros of a padding layer before max pooling, as in ResNet50V2.

    ONNX Runtime (1.31) would fuse the two into a pooling that pads with minus infinity, unless auto_pad is set.
    """
    padded = {node.output[0] for node in graph.node if node.op_type == "Pad"}
    for node in graph.node:
        if node.op_type == "MaxPool" and node.input[0] in padded:
            values = {item.name: onnx.helper.get_attribute_value(item) for item in node.attribute}
            if not any(values.get("pads", [])):
                kept = [item for item in node.attribute if item.name not in ("pads", "auto_pad")]
                del node.attribute[:]
                node.attribute.extend([*kept, onnx.helper.make_attribute("auto_pad", "VALID")])


def _reshape_before_scaling(graph: onnx.GraphProto) -> None:
    """Move the reshape to (n, 1, 48, 48) before the scaling of the gray values, which gives the same values.

    ONNX Runtime (1.31) multiplies by a number row by row, and a row of (n, 48, 48, 1) is one pixel: 50 us for a face.
    """
    scalars = {weight.name for weight in graph.initializer if not weight.dims}
    users = Counter(tensor for node in graph.node for tensor in node.input)
    scaled = graph.input[0].name
    scaling = []
    for node in graph.node:
        if list(node.input[:1]) != [scaled] or users[scaled] > 1:
            return  # not one node after another
        if node.op_type not in ("Mul", "Add") or node.input[1] not in scalars:
            break
        scaling.append(node)
        scaled = node.output[0]
    if not scaling or node.op_type != "Reshape":
        return  # another network, such as one whose colours have offsets of their own
    result = node.output[0]
    node.input[0], node.output[0] = graph.input[0].name, scaled
    scaling[0].input[0], scaling[-1].output[0] = scaled, result
    nodes = [node, *scaling, *graph.node[len(scaling) + 1 :]]
    del graph.node[:]
    graph.node.extend(nodes)


def _rename(graph: onnx.GraphProto) -> None:
    """Name nodes and tensors by their position, since the exporter's numbers depend on earlier exports."""
    names = {"": "", graph.input[0].name: INPUT, graph.output[0].name: OUTPUT}
    weights = {weight.name for weight in graph.initializer}
    for place, node in enumerate(graph.node):
        node.name = f"{place}_{node.op_type}"
        for number, tensor in enumerate([*node.input, *node.output]):
            names.setdefault(tensor, f"{node.name}_{'weight' if tensor in weights else 'value'}{number}")
        for tensors in (node.input, node.output):
            tensors[:] = [names[tensor] for tensor in tensors]
    used = [weight for weight in graph.initializer if weight.name in names]  # the exporter leaves unused ones behind
    for tensor in [*used, *graph.input, *graph.output]:
        tensor.name = names[tensor.name]
    for end in (graph.input[0], graph.output[0]):
        end.type.tensor_type.shape.dim[0].dim_param = "n"
    ordered = sorted(used, key=lambda weight: (int(weight.name.split("_")[0]), weight.name))
    del graph.initializer[:], graph.value_info[:]
    graph.initializer.extend(ordered)
