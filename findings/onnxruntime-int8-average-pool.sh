#!/bin/sh
# onnxruntime 1.31.1: on a CPU, averaging 2 x 2 values between two convolutions takes longer in int8 than in float32, and
# longer than merging the average into the 1 x 1 convolution behind it, which then has four times the products.
# Guessed: int8 has a quarter of the bytes, so it is faster; and fewer products take less time.
# Seen, one thread, 16 x 48 x 48 values to 32 channels, the fastest of 200 runs of each in turn:
#   int8: average and convolution 77 us, merged 35 us; float32: 30 us
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
"${PYTHON:-python3}" -m venv "$folder"
"$folder/bin/pip" install --quiet --no-compile onnxruntime==1.31.1 onnx==1.23.2 numpy==2.4.6
cd "$folder"
bin/python - <<'END'
import time

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime import quantization

rng = np.random.default_rng(0)
weights = rng.normal(size=(32, 16, 1, 1)).astype(np.float32)
stem = numpy_helper.from_array(rng.normal(size=(16, 16, 1, 1)).astype(np.float32), "stem")
values = rng.random((1, 16, 48, 48), np.float32)


class Values(quantization.CalibrationDataReader):
    def __init__(self):
        self.left = iter([{"x": values}])

    def get_next(self):
        return next(self.left, None)


def save(name, nodes, kernel):
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 16, 48, 48])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 32, 24, 24])
    first = helper.make_node("Conv", ["x", "stem"], ["maps"], kernel_shape=[1, 1])
    weights = [stem, numpy_helper.from_array(kernel, "kernel")]
    graph = helper.make_graph([first, *nodes], "pooling", [x], [y], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, f"{name}.onnx")
    quantization.quantize_static(
        f"{name}.onnx", f"{name}_int8.onnx", Values(), per_channel=True, activation_type=quantization.QuantType.QUInt8
    )


two = {"kernel_shape": [2, 2], "strides": [2, 2]}
pool = helper.make_node("AveragePool", ["maps"], ["mean"], **two)
save("apart", [pool, helper.make_node("Conv", ["mean", "kernel"], ["y"], kernel_shape=[1, 1])], weights)
save("merged", [helper.make_node("Conv", ["maps", "kernel"], ["y"], **two)], np.tile(weights / 4, (1, 1, 2, 2)))
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
names = ("apart_int8", "merged_int8", "apart", "merged")
sessions = {name: onnxruntime.InferenceSession(f"{name}.onnx", options) for name in names}
found = {name: one.run(None, {"x": values})[0] for name, one in sessions.items()}
np.testing.assert_allclose(found["merged"], found["apart"], atol=1e-4)
times = {name: [] for name in names}
for _ in range(200):
    for name, one in sessions.items():
        start = time.perf_counter()
        one.run(None, {"x": values})
        times[name].append(time.perf_counter() - start)
apart, merged, floats, _ = (1e6 * min(times[name]) for name in names)
print(f"int8: average and convolution {apart:.0f} us, merged {merged:.0f} us; float32: {floats:.0f} us")
assert apart > 1.5 * merged and apart > 1.2 * floats
END
