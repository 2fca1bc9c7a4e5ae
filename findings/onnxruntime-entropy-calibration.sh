#!/bin/sh
# onnxruntime 1.31.1: quantize_static with CalibrationMethod.Entropy writes the very bytes of CalibrationMethod.MinMax. By
# default its histogram has as many bins, 128, as it may quantize to, so the whole range is the only candidate.
# Guessed: entropy calibration cuts off rare large activations, which is what it is chosen for.
# Seen, for two convolutions and inputs with heavy tails:
#   Entropy: the bytes of MinMax
#   Percentile: other bytes
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
"${PYTHON:-python3}" -m venv "$folder"
"$folder/bin/pip" install --quiet --no-compile onnxruntime==1.31.1 onnx==1.23.2 numpy==2.4.6
cd "$folder"
bin/python - > log.txt 2>&1 <<'END' || { cat log.txt; exit 1; }
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, quantize_static

rng = np.random.default_rng(0)
faces = rng.normal(size=(64, 1, 48, 48)).astype(np.float32) ** 3
kernels = [rng.normal(0, 0.2, shape).astype(np.float32) for shape in ((8, 1, 3, 3), (8, 8, 3, 3))]
nodes = [
    helper.make_node("Conv", ["x", "kernel0"], ["a"], name="first"),
    helper.make_node("Relu", ["a"], ["b"], name="relu"),
    helper.make_node("Conv", ["b", "kernel1"], ["y"], name="second"),
]
x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 1, 48, 48])
y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 8, 44, 44])
weights = [numpy_helper.from_array(kernel, f"kernel{number}") for number, kernel in enumerate(kernels)]
graph = helper.make_graph(nodes, "convolutions", [x], [y], weights)
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), "float32.onnx")


class Faces(CalibrationDataReader):
    def __init__(self):
        self.batches = iter([{"x": faces[start : start + 16]} for start in range(0, 64, 16)])

    def get_next(self):
        return next(self.batches, None)


for method in ("MinMax", "Entropy", "Percentile"):
    quantize_static("float32.onnx", f"{method}.onnx", Faces(), calibrate_method=CalibrationMethod[method])
minmax, entropy, percentile = (Path(f"{name}.onnx").read_bytes() for name in ("MinMax", "Entropy", "Percentile"))
assert entropy == minmax, "Entropy is no longer MinMax"
assert percentile != minmax, "Percentile is MinMax, too"
END
echo "Entropy: the bytes of MinMax"
echo "Percentile: other bytes"
