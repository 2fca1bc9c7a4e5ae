"""A Keras model as an ONNX file whose bytes depend on nothing but the model."""

import contextlib
import io
import json
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx

INPUT, OUTPUT = "face", "probabilities"


def exported(model: keras.Model) -> onnx.ModelProto:
    """Return a built network in ONNX: `face` float32 (n, 48, 48, 1), 0..255, to `probabilities` float32 (n, 7)."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        # The exporter prints pages that no user can act on.
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings(action="ignore"):
            _for_inference(model).export(path, format="onnx", verbose=False)
        found = onnx.load(path)
    found.graph.name, found.graph.doc_string = model.name, ""  # which holds a number that counts what was done before
    _keep_zeros(found.graph)
    _rename(found.graph)
    return found


def save(model: onnx.ModelProto, path: str | Path, metadata: Mapping[str, Any]) -> None:
    """Write an ONNX file; its metadata hold each value as JSON, sorted by key."""
    named = onnx.ModelProto()
    named.CopyFrom(model)
    _rename(named.graph)
    onnx.helper.set_model_props(named, {key: json.dumps(metadata[key]) for key in sorted(metadata)})
    onnx.checker.check_model(named)
    Path(path).write_bytes(named.SerializeToString(deterministic=True))


def _for_inference(model: keras.Model) -> keras.Model:
    """Return the network in a form that Keras exports as it answers.

    Its exporter does not say that this is no training, and a Resizing layer takes that for a yes, for itself and all
    layers after it: batches would be normalised by themselves.
    """
    face = keras.Input(model.input_shape[1:])
    fixed = keras.Model(face, model(face, training=False), name=model.name)
    fixed(np.zeros((1, *model.input_shape[1:]), np.float32))  # what was never called is not exported
    return fixed


def _keep_zeros(graph: onnx.GraphProto) -> None:
    """Let no maximum be taken over anything but the zeros around a picture, as in ResNet50V2.

    ONNX Runtime (1.31) would join the padding and the pooling, which pads with minus infinity; not with auto_pad.
    """
    padded = {node.output[0] for node in graph.node if node.op_type == "Pad"}
    for node in graph.node:
        if node.op_type == "MaxPool" and node.input[0] in padded:
            values = {item.name: onnx.helper.get_attribute_value(item) for item in node.attribute}
            if not any(values.get("pads", [])):
                kept = [item for item in node.attribute if item.name not in ("pads", "auto_pad")]
                del node.attribute[:]
                node.attribute.extend([*kept, onnx.helper.make_attribute("auto_pad", "VALID")])


def _rename(graph: onnx.GraphProto) -> None:
    """Name nodes and tensors by their place, since the exporter numbers them by what it did before."""
    names = {"": "", graph.input[0].name: INPUT, graph.output[0].name: OUTPUT}
    weights = {weight.name for weight in graph.initializer}
    for place, node in enumerate(graph.node):
        node.name = f"{place}_{node.op_type}"
        for number, tensor in enumerate([*node.input, *node.output]):
            names.setdefault(tensor, f"{node.name}_{'weight' if tensor in weights else 'value'}{number}")
        for tensors in (node.input, node.output):
            tensors[:] = [names[tensor] for tensor in tensors]
    used = [weight for weight in graph.initializer if weight.name in names]  # the exporter leaves others behind
    for tensor in [*used, *graph.input, *graph.output]:
        tensor.name = names[tensor.name]
    for end in (graph.input[0], graph.output[0]):
        end.type.tensor_type.shape.dim[0].dim_param = "n"
    ordered = sorted(used, key=lambda weight: (int(weight.name.split("_")[0]), weight.name))
    del graph.initializer[:], graph.value_info[:]
    graph.initializer.extend(ordered)
