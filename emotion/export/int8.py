"""A quarter of the size: weights and what flows between layers as whole numbers of 8 bits."""

import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnxruntime import quantization
from onnxruntime.quantization import quant_utils

from emotion.export.onnx import INPUT

BATCH = 32


class _Batches(quantization.CalibrationDataReader):
    """Faces uint8 (n, 48, 48) as the quantizer takes them, some at a time."""

    def __init__(self, faces: np.ndarray) -> None:
        parts = (faces[start : start + BATCH, ..., None] for start in range(0, len(faces), BATCH))
        self._feeds = ({INPUT: part.astype(np.float32)} for part in parts)

    def get_next(self) -> dict[str, np.ndarray] | None:
        return next(self._feeds, None)


def sample(faces: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Return some of the faces, drawn without replacement, all of them if there are no more."""
    chosen = np.random.default_rng(seed).permutation(len(faces))[:count]
    return faces[np.sort(chosen)]


def quantised(model: onnx.ModelProto, faces: np.ndarray) -> onnx.ModelProto:
    """Return the network in 8 bits, one scale per channel; between which bounds values lie is measured on faces.

    The last layer and its softmax stay in float32: they are small, and probabilities in 256 steps would be coarse.

    Args:
        model: What `emotion.export.onnx.exported` returns; its batch normalisation is in its convolutions already.
        faces: uint8 (n, 48, 48), a few hundred.
    """
    nodes = model.graph.node
    last = max(place for place, node in enumerate(nodes) if node.op_type in ("MatMul", "Gemm"))
    prepared = onnx.ModelProto()
    prepared.CopyFrom(model)
    quant_utils.add_pre_process_metadata(prepared)  # else the quantizer advises to do what is done
    with tempfile.TemporaryDirectory() as folder:
        given, done = Path(folder) / "float32.onnx", Path(folder) / "int8.onnx"
        onnx.save(prepared, given)
        quantization.quantize_static(
            given,
            done,
            _Batches(faces),
            per_channel=True,
            activation_type=quantization.QuantType.QUInt8,
            # Weights of 7 bits: with 8 of them sums overflow on CPUs without VNNI, and there alone.
            reduce_range=True,
            nodes_to_exclude=[node.name for node in nodes[last:]],
        )
        return onnx.load(done)
