#!/bin/sh
# onnxruntime 1.31.1, onnx 1.23.2: optimizing a graph changes what it computes. A Pad with zeros before a MaxPool is
# fused into a MaxPool with padding, and that pads with minus infinity.
# Guessed: the same numbers at every optimization level, since the input has no positive value: the maximum of a window
# that reaches the border is 0.
# Seen, for 4x4 values of -1, padded by one and pooled 3x3 with stride 2:
#   disabled [[0, 0], [0, -1]]
#   all [[-1, -1], [-1, -1]]
#   all, auto_pad=VALID [[0, 0], [0, -1]]
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
"${PYTHON:-python3}" -m venv "$folder"
"$folder/bin/pip" install --quiet --no-compile onnxruntime==1.31.1 onnx==1.23.2 numpy==2.4.6
"$folder/bin/python" - <<'END'
import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper


def pooled(level, **attributes):
    pads = numpy_helper.from_array(np.array([0, 0, 1, 1, 0, 0, 1, 1]), "pads")
    nodes = [
        helper.make_node("Pad", ["x", "pads"], ["padded"]),
        helper.make_node("MaxPool", ["padded"], ["y"], kernel_shape=[3, 3], strides=[2, 2], **attributes),
    ]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 4, 4])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, 2, 2])
    graph = helper.make_graph(nodes, "pool", [x], [y], [pads])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = level
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    return session.run(None, {"x": np.full((1, 1, 4, 4), -1, np.float32)})[0][0, 0].astype(int).tolist()


levels = onnxruntime.GraphOptimizationLevel
disabled = pooled(levels.ORT_DISABLE_ALL)
optimized = pooled(levels.ORT_ENABLE_ALL)
valid = pooled(levels.ORT_ENABLE_ALL, auto_pad="VALID")
print(f"disabled {disabled}\nall {optimized}\nall, auto_pad=VALID {valid}")
assert disabled == valid == [[0, 0], [0, -1]] and optimized == [[-1, -1], [-1, -1]]
END
