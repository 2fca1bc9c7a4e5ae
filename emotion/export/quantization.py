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
    for pool in [node for node in graph.node if node.op_type == "AveragePool"]:
        followers = [node for node in graph.node if pool.output[0] in node.input]
        if _window(pool) != ([2, 2], [2, 2]) or [_window(node) for node in followers] != [([1, 1], [1, 1])]:
            continue
        convolution = followers[0]
        weight = weights[convolution.input[1]]
        quarter = numpy_helper.to_array(weight) / 4
        weight.CopyFrom(numpy_helper.from_array(np.tile(quarter, (1, 1, 2, 2)), weight.name))
        convolution.input[0] = pool.input[0]
        for attribute in convolution.attribute:
            if attribute.name in ("kernel_shape", "strides"):
                attribute.ints[:] = [2, 2]
        graph.node.remove(pool)
    return merged


def _window(node: onnx.NodeProto) -> tuple[list[int], list[int]]:
    """Return the kernel's sides and the strides of a convolution or a pooling."""
    sides = {item.name: list(item.ints) for item in node.attribute}
    return sides.get("kernel_shape", []), sides.get("strides", [])


def _kept_in_float32(nodes: Sequence[onnx.NodeProto]) -> list[str]:
    """Return the names of the stem and what precedes it, and of the last layer and what follows.

    A depthwise convolution after the first one is a part of the stem: it has the widest ranges of the network.
    mobilenet_faces in int8 agrees with float32 on 94 % of the faces with it and on 98 % without it.
    """
    first, *others = [place for place, node in enumerate(nodes) if node.op_type == "Conv"]
    stem = others[0] if others and _groups(nodes[others[0]]) > 1 else first
    last = max(place for place, node in enumerate(nodes) if node.op_type in ("MatMul", "Gemm"))
    return [node.name for node in [*nodes[: stem + 1], *nodes[last:]]]


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
