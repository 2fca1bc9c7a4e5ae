"""Exported graphs are rewritten for speed where that keeps their values, and left alone elsewhere."""

from pathlib import Path

import keras
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from emotion.export import onnx as onnx_export
from emotion.export import parity, quantization
from tests.exporting import coarse_faces


def test_gray_values_are_scaled_and_pooled_in_shapes_that_are_fast(tmp_path: Path):
    layers, face = keras.layers, keras.Input((48, 48, 1), name="face")
    x = layers.Conv2D(8, 3, padding="same", activation="relu")(layers.Rescaling(1 / 127.5, offset=-1)(face))
    x = layers.Conv2D(16, 1)(layers.AveragePooling2D(2)(x))
    x = layers.AveragePooling2D(4, 4)(layers.ReLU()(x))
    model = keras.Model(face, layers.Dense(7, "softmax")(layers.GlobalAveragePooling2D()(layers.Conv2D(16, 1)(x))))
    float32 = onnx_export.converted(model)
    assert [node.op_type for node in float32.graph.node[:3]] == ["Reshape", "Mul", "Add"]
    faces = coarse_faces(60)
    int8 = quantization.int8(float32, faces)
    assert [node.op_type for node in int8.graph.node].count("AveragePool") == 1, "that of 4 x 4 pixels"
    expected = model.predict(faces[..., None].astype(np.float32), verbose=0)
    for content, limit in ((float32, 1e-5), (int8, 0.02)):
        onnx_export.save(content, tmp_path / "model.onnx", {})
        got = parity.probabilities(tmp_path / "model.onnx", faces, threads=1)
        assert np.abs(got - expected).max() < limit


def _graph(*nodes: onnx.NodeProto) -> onnx.ModelProto:
    """Return a network of nodes from `face` to `probabilities`, with a number and two kernels as weights."""
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("face", "probabilities")]
    arrays = {"two": np.float32(2), "shape": np.array([-1, 1, 48, 48]), "one": np.ones((1, 1, 1, 1), np.float32)}
    weights = [onnx.numpy_helper.from_array(array, name) for name, array in arrays.items()]
    return helper.make_model(helper.make_graph(nodes, "other", ends[:1], ends[1:], weights))


@pytest.mark.parametrize(
    "nodes",
    [
        [("Mul", ["face", "two"], ["a"]), ("Reshape", ["face", "shape"], ["probabilities"])],
        [("Mul", ["face", "two"], ["a"]), ("Reshape", ["a", "shape"], ["b"]), ("Add", ["a", "b"], ["probabilities"])],
        [("Mul", ["face", "two"], ["a"]), ("Add", ["a", "two"], ["probabilities"])],
        [("Mul", ["face", "face"], ["a"]), ("Reshape", ["a", "shape"], ["probabilities"])],
    ],
    ids=["two users of the face", "two users of the product", "no reshape", "no number"],
)
def test_a_reshape_stays_behind_what_is_no_plain_scaling(nodes):
    model = _graph(*(helper.make_node(*node) for node in nodes))
    before = model.SerializeToString(deterministic=True)
    onnx_export._reshape_before_scaling(model.graph)
    assert model.SerializeToString(deterministic=True) == before


@pytest.mark.parametrize(
    ("pool", "convolution", "merges"),
    [
        ({}, {}, True),
        ({"pads": [0, 0, 1, 1]}, {}, False),
        ({"ceil_mode": 1}, {}, False),
        ({"strides": [1, 1]}, {}, False),
        ({}, {"pads": [1, 1, 1, 1]}, False),
        ({}, {"strides": [2, 2]}, False),
    ],
)
def test_only_averages_without_overlap_and_padding_are_merged(pool: dict, convolution: dict, merges: bool):
    mean = helper.make_node("AveragePool", ["face"], ["mean"], **{"kernel_shape": [2, 2], "strides": [2, 2]} | pool)
    options = {"kernel_shape": [1, 1], "strides": [1, 1]} | convolution
    last = helper.make_node("Conv", ["mean", "one"], ["probabilities"], "last", **options)
    merged = quantization._with_merged_pooling(_graph(mean, last))
    assert ([node.op_type for node in merged.graph.node] == ["Conv"]) == merges
