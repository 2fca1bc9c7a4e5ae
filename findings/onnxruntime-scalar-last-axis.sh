#!/bin/sh
# onnxruntime 1.31.1: on a CPU, multiplying pictures of shape (1, 48, 48, 1) by a number takes many times as long as
# multiplying the same values in shape (1, 1, 48, 48): it works through the last axis, one pixel at a time.
# Guessed: the shape does not matter, since every value is multiplied by the same number.
# Seen, one thread, the fastest of 300 runs of each in turn:
#   (1, 48, 48, 1) takes 15 to 25 times as long; the results are equal
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
"${PYTHON:-python3}" -m venv "$folder"
"$folder/bin/pip" install --quiet --no-compile onnxruntime==1.31.1 onnx==1.23.2 numpy==2.4.6
"$folder/bin/python" - <<'END'
import time

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

TIMES = 8  # multiplications in a row, so that the call itself matters less


def session(shape):
    names = [*(f"x{number}" for number in range(TIMES)), "y"]
    nodes = [helper.make_node("Mul", [one, "factor"], [other]) for one, other in zip(names, names[1:])]
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in (names[0], names[-1]))
    factor = numpy_helper.from_array(np.float32(1.5), "factor")
    graph = helper.make_graph(nodes, "scaling", [x], [y], [factor])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options)


def seconds(one, values):
    start = time.perf_counter()
    one.run(None, {"x0": values})
    return time.perf_counter() - start


values = np.random.default_rng(0).random((48, 48), np.float32)
last, rows = values.reshape(1, 48, 48, 1), values.reshape(1, 1, 48, 48)
slow, fast = session(last.shape), session(rows.shape)
found = [one.run(None, {"x0": given})[0] for one, given in ((slow, last), (fast, rows))]
assert (found[0].ravel() == found[1].ravel()).all()
times = [(seconds(slow, last), seconds(fast, rows)) for _ in range(300)]
ratio = min(first for first, _ in times) / min(second for _, second in times)
print(f"(1, 48, 48, 1) takes {ratio:.1f} times as long; the results are equal")
assert ratio > 3
END
