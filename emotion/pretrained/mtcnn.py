"""MTCNN's three networks as ONNX graphs, from the weights of facenet-pytorch.

They compute what facenet-pytorch computes, written so that ONNX Runtime is fast on a CPU: its PReLU takes three times
as long as the same in multiplications and a ReLU, its blocked convolutions want channels in multiples of eight, and
the softmax of two scores is the sigmoid of their difference.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
IR_VERSION = 8
CHANNELS = 8  # which ONNX Runtime computes at once
SIZES: dict[str, tuple[int | str, int | str]] = {
    "pnet": ("height", "width"),
    "rnet": (24, 24),
    "onet": (48, 48),
}
Weights = Mapping[str, np.ndarray]


def graphs(weights: Mapping[str, Weights]) -> dict[str, onnx.ModelProto]:
    """Return P-Net, R-Net and O-Net: uint8 (n, height, width, 3) to scores, box offsets and, for O-Net, landmarks.

    Args:
        weights: Of pnet, rnet and onet, by the names that facenet-pytorch gives them.
    """
    return {
        "pnet": _proposal(_Graph("pnet", weights["pnet"])),
        "rnet": _crop_network(_Graph("rnet", weights["rnet"]), dense="4", heads=("5_1", "5_2")),
        "onet": _crop_network(_Graph("onet", weights["onet"]), dense="5", heads=("6_1", "6_2", "6_3")),
    }


def _proposal(graph: "_Graph") -> onnx.ModelProto:
    x = graph.max_pool(graph.prelu(graph.conv(graph.input(), "conv1"), "prelu1"), 2)
    x = graph.prelu(graph.conv(x, "conv2"), "prelu2")
    x = graph.prelu(graph.conv(x, "conv3"), "prelu3")
    weight, bias = graph.head(["conv4_1", "conv4_2"])
    return graph.model(graph.add("Conv", x, weight, bias), [4])


def _crop_network(graph: "_Graph", dense: str, heads: tuple[str, ...]) -> onnx.ModelProto:
    x = graph.max_pool(graph.prelu(graph.conv(graph.input(), "conv1"), "prelu1"), 3)
    x = graph.max_pool(graph.prelu(graph.conv(x, "conv2"), "prelu2"), 3)
    x = graph.prelu(graph.conv(x, "conv3"), "prelu3")
    if "conv4.weight" in graph.weights:
        x = graph.prelu(graph.conv(graph.max_pool(x, 2), "conv4"), "prelu4")
    x = graph.prelu(graph.dense(graph.add("Flatten", x), f"dense{dense}"), f"prelu{dense}")
    weight, bias = graph.head([f"dense{head}" for head in heads])
    return graph.model(graph.add("Gemm", x, weight, bias, transB=1), [4, 10][: len(heads) - 1])


class _Graph:
    """A graph under construction: each method adds nodes and returns the name of their output."""

    def __init__(self, name: str, weights: Weights) -> None:
        self.name = name
        self.weights = weights
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add a node."""
        output = f"{operator}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def input(self) -> str:
        """Add the input's change of type and layout."""
        return self.add("Transpose", self.add("Cast", "pictures", to=TensorProto.FLOAT), perm=[0, 3, 1, 2])

    def conv(self, x: str, name: str) -> str:
        """Add a convolution without padding; the first one also scales 0..255 to -1..1."""
        weight, bias = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        if name == "conv1":
            bias = bias - 127.5 / 128 * weight.sum((1, 2, 3))
            weight = weight / 128
        else:
            weight = _padded(weight, 1)
        return self.add("Conv", x, self._constant(_padded(weight, 0)), self._constant(_padded(bias, 0)))

    def prelu(self, x: str, name: str) -> str:
        """Add slope * x + (1 - slope) * max(x, 0), which is PReLU."""
        slope = self.weights[f"{name}.weight"]
        if not x.startswith("Gemm"):
            slope = _padded(slope, 0)[:, None, None]
        falling = self.add("Mul", x, self._constant(slope))
        return self.add("Add", falling, self.add("Mul", self.add("Relu", x), self._constant(1 - slope)))

    def max_pool(self, x: str, side: int) -> str:
        """Add max pooling with stride 2 that keeps what is left over at the edges."""
        return self.add("MaxPool", x, kernel_shape=[side, side], strides=[2, 2], ceil_mode=1)

    def dense(self, x: str, name: str) -> str:
        """Add a fully connected layer; its weights are for (width, height, channels), its input is the other way."""
        weight = self.weights[f"{name}.weight"]
        channels = self.weights["conv4.bias" if "conv4.bias" in self.weights else "conv3.bias"].size
        weight = weight.reshape(len(weight), 3, 3, channels).transpose(0, 3, 2, 1).reshape(len(weight), -1)
        return self.add("Gemm", x, self._constant(weight), self._constant(self.weights[f"{name}.bias"]), transB=1)

    def head(self, names: list[str]) -> tuple[str, str]:
        """Add the weights and biases of all outputs as one: the first, of two classes, becomes their difference."""
        found = [[self.weights[f"{name}.{kind}"] for name in names] for kind in ("weight", "bias")]
        first, second = (np.concatenate([arrays[0][1:] - arrays[0][:1], *arrays[1:]]) for arrays in found)
        return self._constant(first), self._constant(second)

    def model(self, x: str, sizes: list[int]) -> onnx.ModelProto:
        """Return the model, which splits its last output into scores and values of these sizes."""
        outputs = ["scores", "offsets", "landmarks"][: 1 + len(sizes)]
        self._constants.append(numpy_helper.from_array(np.array([1, *sizes]), "sizes"))
        self._nodes.append(helper.make_node("Split", [x, "sizes"], ["logits", *outputs[1:]], axis=1))
        self._nodes.append(helper.make_node("Sigmoid", ["logits"], ["scores"]))
        pictures = helper.make_tensor_value_info("pictures", TensorProto.UINT8, ["n", *SIZES[self.name], 3])
        rank = 4 if self.name == "pnet" else 2
        infos = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", *[None] * (rank - 1)]) for name in outputs
        ]
        graph = helper.make_graph(self._nodes, self.name, [pictures], infos, self._constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
        onnx.checker.check_model(model)
        return model

    def _constant(self, array: np.ndarray) -> str:
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(array, np.float32), name))
        return name


def _padded(array: np.ndarray, axis: int) -> np.ndarray:
    """Return an array with zeros added along an axis, up to a multiple of CHANNELS."""
    widths = [(0, 0)] * array.ndim
    widths[axis] = (0, -array.shape[axis] % CHANNELS)
    return np.pad(array, widths)
