#!/bin/sh
# keras 3.15.1 with tensorflow-cpu 2.21.0 and tf2onnx 1.17.0: a network with a Normalization layer whose mean and variance
# are given exports to an ONNX file without an error. But in the file both have become inputs, which nobody feeds.
# Guessed: constants of a layer are constants of the file, as those of Rescaling are.
# Seen, the inputs of the file:
#   Normalization: 3 inputs; ONNX Runtime: Required inputs are missing from input feed
#   Rescaling: 1 input
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
"${PYTHON:-python3}" -m venv "$folder"
"$folder/bin/pip" install --quiet --no-compile keras==3.15.1 tensorflow-cpu==2.21.0 tf2onnx==1.17.0 onnx==1.23.2 \
    onnxruntime==1.31.1 numpy==2.4.6
export KERAS_HOME="$folder" KERAS_BACKEND=tensorflow CUDA_VISIBLE_DEVICES="" TF_CPP_MIN_LOG_LEVEL=3
cd "$folder"
bin/python - > log.txt 2>&1 <<'END' || { cat log.txt >&2; exit 1; }
import keras
import numpy as np
import onnxruntime

found = {}
for layer in (keras.layers.Normalization(mean=[3.0], variance=[4.0]), keras.layers.Rescaling(0.5, -1.5)):
    face = keras.Input((8, 8, 1))
    network = keras.Model(face, layer(face))
    values = np.ones((1, 8, 8, 1), np.float32)
    network(values)
    network.export("network.onnx", format="onnx", verbose=False)
    session = onnxruntime.InferenceSession("network.onnx")
    inputs = [one.name for one in session.get_inputs()]
    found[type(layer).__name__] = len(inputs)
    try:
        session.run(None, {inputs[0]: values})
    except ValueError as error:
        assert "are missing from input feed" in str(error), error
        assert len(inputs) == 3, inputs
assert found == {"Normalization": 3, "Rescaling": 1}, found
END
echo "Normalization: 3 inputs; ONNX Runtime: Required inputs are missing from input feed"
echo "Rescaling: 1 input"
