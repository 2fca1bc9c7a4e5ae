#!/bin/sh
# keras 3.15.1 with tensorflow-cpu 2.21.0 and tf2onnx 1.17.0, onnxruntime 1.31.1: batch normalization behind a
# DepthwiseConv2D is exported as Mul and Add, that behind a Conv2D as part of the convolution. quantize_static then has one
# scale for all channels of the depthwise result, which still differ in range by orders of magnitude. quant_pre_process
# folds Mul and Add before.
# Guessed: both are folded, and preprocessing changes nothing.
# Seen, for three convolutions whose channels differ in range until they are normalized, as the largest difference between
# probabilities of int8 and float32:
#   Conv2D: 0 Mul, error 0.05; preprocessed: 0 Mul, error 0.05
#   DepthwiseConv2D: 3 Mul, error 0.15; preprocessed: 0 Mul, error 0.01
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
"${PYTHON:-python3}" -m venv "$folder"
"$folder/bin/pip" install --quiet --no-compile keras==3.15.1 tensorflow-cpu==2.21.0 tf2onnx==1.17.0 onnx==1.23.2 \
    onnxruntime==1.31.1 numpy==2.4.6
export KERAS_HOME="$folder" KERAS_BACKEND=tensorflow CUDA_VISIBLE_DEVICES="" TF_CPP_MIN_LOG_LEVEL=3
cd "$folder"
bin/python - 2> log.txt <<'END' || { cat log.txt >&2; exit 1; }
import contextlib
import io
from collections import Counter

import keras
import numpy as np
import onnx
import onnxruntime
from onnxruntime import quantization
from onnxruntime.quantization import shape_inference

keras.utils.set_random_seed(1)
rng = np.random.default_rng(1)
pictures = rng.uniform(-1, 1, (32, 6, 6, 1)).repeat(8, axis=1).repeat(8, axis=2).astype(np.float32)


def network(convolution):
    """Three convolutions whose channels differ in range by up to 10,000 until batch normalisation."""
    picture = keras.Input((48, 48, 1), name="picture")
    x = keras.layers.Conv2D(16, 3, 2, activation="relu6", kernel_initializer="he_normal")(picture)
    for _ in range(3):
        layer = convolution()
        norm = keras.layers.BatchNormalization(epsilon=0)
        x = keras.layers.ReLU(6)(norm(layer(x)))
        scale = 10.0 ** rng.uniform(-2, 2, 16)
        kernel = layer.get_weights()[0]
        layer.set_weights([kernel * scale[:, None] if kernel.shape[-1] == 1 else kernel * scale])
        norm.set_weights([np.full(16, 6), np.zeros(16), np.zeros(16), scale**2])
        x = keras.layers.Conv2D(16, 1, activation="relu6", kernel_initializer="he_normal")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    kernel = keras.initializers.RandomNormal(stddev=0.5, seed=1)
    return keras.Model(picture, keras.layers.Dense(7, "softmax", kernel_initializer=kernel)(x))


class Pictures(quantization.CalibrationDataReader):
    def __init__(self):
        self.feeds = iter([{"picture": pictures}])

    def get_next(self):
        return next(self.feeds, None)


def int8(source, target):
    # Weights of 7 bits: with 8 bits, sums overflow on CPUs without VNNI.
    unsigned = quantization.QuantType.QUInt8
    quantization.quantize_static(
        source, target, Pictures(), per_channel=True, reduce_range=True, activation_type=unsigned
    )


def predicted(path):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: pictures})[0]


def measured(convolution):
    """Return the number of Mul nodes, and how far int8 is from float32, without and with preprocessing."""
    with contextlib.redirect_stdout(io.StringIO()):
        model = network(convolution)
        model(pictures)
        model.export("float32.onnx", format="onnx", verbose=False)
    shape_inference.quant_pre_process("float32.onnx", "folded.onnx", skip_symbolic_shape=True)
    int8("float32.onnx", "int8.onnx")
    int8("folded.onnx", "folded_int8.onnx")
    graphs = [onnx.load(name).graph for name in ("float32.onnx", "folded.onnx")]
    counts = [Counter(node.op_type for node in graph.node)["Mul"] for graph in graphs]
    expected = predicted("float32.onnx")
    errors = [float(np.abs(predicted(name) - expected).max()) for name in ("int8.onnx", "folded_int8.onnx")]
    return counts, errors


for name, make in {
    "Conv2D": lambda: keras.layers.Conv2D(16, 3, use_bias=False),
    "DepthwiseConv2D": lambda: keras.layers.DepthwiseConv2D(3, use_bias=False),
}.items():
    counts, errors = measured(make)
    print(f"{name}: {counts[0]} Mul, error {errors[0]:.2f}; preprocessed: {counts[1]} Mul, error {errors[1]:.2f}")
    if name == "Conv2D":
        assert counts == [0, 0] and max(errors) < 0.1
    else:
        assert counts == [3, 0] and errors[0] > 0.1 > 0.05 > errors[1]
END
