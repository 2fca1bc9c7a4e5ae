"""Smaller ONNX files: weights in float16, or weights and activations in int8."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime import quantization
from onnxruntime.quantization import shape_inference

from emotion.export.onnx import INPUT

CALIBRATION_BATCH = 32


def float16(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the network with kernels stored in float16, each behind a Cast that runtimes fold when they load it.

    It still computes in float32, since float16 is slower on CPUs. Biases, scales and statistics are small and stay in
    float32.
    """
    halved = onnx.ModelProto()
    halved.CopyFrom(model)
    casts = []
    for weight in halved.graph.initializer:
        if weight.data_type == TensorProto.FLOAT and len(weight.dims) > 1:
            name = weight.name
            stored = f"{name}_float16"
            weight.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(weight).astype(np.float16), stored))
            casts.append(helper.make_node("Cast", [stored], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *halved.graph.node]
    del halved.graph.node[:]
    halved.graph.node.extend(nodes)
    return halved


def int8(model: onnx.ModelProto, faces: np.ndarray) -> onnx.ModelProto:
    """Return the network quantized statically to int8, with one scale per channel.

    The stem stays in float32, because a convolution of one channel is no faster in int8; so do the last layer and its
    softmax, because they are small and probabilities in 256 steps would be coarse.

    Args:
        model: What `emotion.export.onnx.converted` returns.
        faces: A few hundred faces that calibrate the range of each activation, uint8 (n, 48, 48).
    """
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "float32.onnx"
        folded = Path(folder) / "folded.onnx"
        target = Path(folder) / "int8.onnx"
        onnx.save(_with_merged_pooling(model), source)
        # Keras' exporter leaves batch normalisation behind depthwise convolutions, whose channels differ too much in
        # range for one scale of their activations.
        shape_inference.quant_pre_process(source, folded, skip_symbolic_shape=True)
        quantization.quantize_static(
            folded,
            target,
            _CalibrationBatches(faces),
            per_channel=True,
            activation_type=quantization.QuantType.QUInt8,
            # Weights of 7 bits: with 8 bits, sums overflow on CPUs without VNNI (and only there).
            reduce_range=True,
            nodes_to_exclude=_kept_in_float32(onnx.load(folded).graph.node),
        )
        return onnx.load(target)


def _with_merged_pooling(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the network with each average of 2 x 2 pixels before a 1 x 1 convolution merged into that convolution.

    ONNX Runtime (1.31) takes longer for such an average in int8 than for the convolutions around it.
    """
    merged = onnx.ModelProto()
    merged.CopyFrom(model)
    graph = merged.graph
    weights = {weight.name: weight for weight in graph.initializer}
    for pool in [node for node in graph.node if _is(node, "AveragePool", side=2)]:
        followers = [node for node in graph.node if pool.output[0] in node.input]
        if len(followers) != 1 or not _is(followers[0], "Conv", side=1) or followers[0].input[1] not in weights:
            continue
        convolution = followers[0]
        quarter = numpy_helper.to_array(weights[convolution.input[1]]) / 4
        kernel = numpy_helper.from_array(np.tile(quarter, (1, 1, 2, 2)), f"{convolution.name}_kernel")
        graph.initializer.append(kernel)
        convolution.input[0], convolution.input[1] = pool.input[0], kernel.name
        for attribute in convolution.attribute:
            if attribute.name in ("kernel_shape", "strides"):
                attribute.ints[:] = [2, 2]
        graph.node.remove(pool)
    return merged


def _is(node: onnx.NodeProto, kind: str, *, side: int) -> bool:
    """Return whether a node is of this kind and takes squares of that side, without gaps, overlaps and padding."""
    values = {item.name: helper.get_attribute_value(item) for item in node.attribute}
    plain = not any(values.get("pads", [])) and values.get("auto_pad", b"NOTSET") in (b"NOTSET", b"VALID")
    dense = set(values.get("dilations", [1])) == {1} and not values.get("ceil_mode")
    squares = values.get("kernel_shape") == values.get("strides") == [side, side]
    return node.op_type == kind and plain and dense and squares


def _kept_in_float32(nodes: Sequence[onnx.NodeProto]) -> list[str]:
    """Return the names of the stem and what precedes it, and of the last layer and what follows.

    A depthwise convolution after the first one is a part of the stem: it has the widest ranges of the network. With it
    in int8, mobilenet_faces agrees with float32 on 94 % of the faces; with it in float32, on 98 %.
    """
    convolutions = [place for place, node in enumerate(nodes) if node.op_type == "Conv"]
    stem = [place for place in convolutions[:2] if place == convolutions[0] or _groups(nodes[place]) > 1]
    last = max(place for place, node in enumerate(nodes) if node.op_type in ("MatMul", "Gemm"))
    return [node.name for place, node in enumerate(nodes) if place <= max(stem, default=-1) or place >= last]


def _groups(convolution: onnx.NodeProto) -> int:
    return next((item.i for item in convolution.attribute if item.name == "group"), 1)


def calibration_sample(faces: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Return `count` of the faces in their order, drawn without replacement; all if there are no more."""
    chosen = np.random.default_rng(seed).permutation(len(faces))[:count]
    return faces[np.sort(chosen)]


class _CalibrationBatches(quantization.CalibrationDataReader):
    """Feeds faces uint8 (n, 48, 48) to the quantizer, batch by batch."""

    def __init__(self, faces: np.ndarray) -> None:
        starts = range(0, len(faces), CALIBRATION_BATCH)
        batches = (faces[start : start + CALIBRATION_BATCH, ..., None] for start in starts)
        self._feeds = ({INPUT: batch.astype(np.float32)} for batch in batches)

    def get_next(self) -> dict[str, np.ndarray] | None:
        return next(self._feeds, None)
