#!/bin/sh
# tensorflow-cpu 2.21.0 and ai-edge-litert 2.3.0: a network converted to int8 never predicts a probability above 255/256,
# however sure it is, and its probabilities do not sum to one: each is rounded to a multiple of 1/256 for itself.
# Guessed: floats in, floats out: the softmax is computed from floats, as its type says, or ends with 1.
# Seen, for 200 inputs and seven classes:
#   largest probability 255/256, where the float32 file has 1.000
#   sums from 255/256 to 257/256
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
"${PYTHON:-python3}" -m venv "$folder"
"$folder/bin/pip" install --quiet --no-compile keras==3.15.1 tensorflow-cpu==2.21.0 ai-edge-litert==2.3.0 numpy==2.4.6
export KERAS_HOME="$folder" KERAS_BACKEND=tensorflow CUDA_VISIBLE_DEVICES="" TF_CPP_MIN_LOG_LEVEL=3
cd "$folder"
bin/python - > log.txt 2>&1 <<'END' || { cat log.txt >&2; exit 1; }
import keras
import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

keras.utils.set_random_seed(0)
start = keras.initializers.RandomNormal(stddev=0.01)
layers = [keras.layers.Flatten(), keras.layers.Dense(7, activation="softmax", kernel_initializer=start)]
network = keras.Sequential([keras.Input((8, 8, 1)), *layers])
faces = np.random.default_rng(0).uniform(0, 255, (200, 1, 8, 8, 1)).astype(np.float32)
faces[100:] *= 20  # on which the network is sure


def predicted(quantized):
    converter = tf.lite.TFLiteConverter.from_keras_model(network)
    if quantized:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([face] for face in faces)
    interpreter = Interpreter(model_content=converter.convert())
    interpreter.allocate_tensors()
    (entry,), (end,) = interpreter.get_input_details(), interpreter.get_output_details()
    assert end["dtype"] == np.float32
    outputs = []
    for face in faces:
        interpreter.set_tensor(entry["index"], face)
        interpreter.invoke()
        outputs.append(interpreter.get_tensor(end["index"])[0].copy())
    return np.array(outputs)


floats, integers = predicted(False), predicted(True)
sums = 256 * integers.sum(axis=1)
largest = 256 * integers.max()
print(floats.max(), largest, sums.min(), sums.max())
assert floats.max() > 0.9999 and abs(floats.sum(axis=1) - 1).max() < 1e-5
assert largest == 255
assert sums.min() < 256 < sums.max()
with open("sums.txt", "w") as file:
    print(f"sums from {sums.min():.0f}/256 to {sums.max():.0f}/256", file=file)
END
echo "largest probability 255/256, where the float32 file has 1.000"
cat sums.txt
