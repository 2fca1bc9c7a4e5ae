#!/bin/sh
# keras 3.15.1 with tensorflow-cpu 2.21.0 and tf2onnx 1.17.0: exporting one network twice in one process gives two ONNX files
# with other bytes, because names of nodes carry the numbers of a counter that goes on. What they compute is the same.
# Guessed: equal networks, equal files, as hashes in a pipeline need them.
# Seen, for a convolution with batch normalization:
#   other bytes
#   as many nodes of the same kinds, equal weights, other names
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
"${PYTHON:-python3}" -m venv "$folder"
"$folder/bin/pip" install --quiet --no-compile keras==3.15.1 tensorflow-cpu==2.21.0 tf2onnx==1.17.0 onnx==1.23.2 numpy==2.4.6
export KERAS_HOME="$folder" KERAS_BACKEND=tensorflow CUDA_VISIBLE_DEVICES="" TF_CPP_MIN_LOG_LEVEL=3
cd "$folder"
bin/python - > log.txt 2>&1 <<'END' || { cat log.txt >&2; exit 1; }
import keras
import numpy as np
import onnx
from onnx import numpy_helper

face = keras.Input((8, 8, 1))
network = keras.Model(face, keras.layers.BatchNormalization()(keras.layers.Conv2D(2, 3)(face)))
network(np.zeros((1, 8, 8, 1), np.float32))
for name in ("first.onnx", "second.onnx"):
    network.export(name, format="onnx", verbose=False)
first, second = (onnx.load(name) for name in ("first.onnx", "second.onnx"))
assert open("first.onnx", "rb").read() != open("second.onnx", "rb").read(), "the bytes are the same"
assert [node.op_type for node in first.graph.node] == [node.op_type for node in second.graph.node]
weights = [sorted(numpy_helper.to_array(one).tobytes() for one in model.graph.initializer) for model in (first, second)]
assert weights[0] == weights[1]
assert [node.name for node in first.graph.node] != [node.name for node in second.graph.node]
END
echo "other bytes"
echo "as many nodes of the same kinds, equal weights, other names"
