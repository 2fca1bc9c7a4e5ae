#!/bin/sh
# keras 3.15.1: he_normal and the like count the inputs of all channels for a DepthwiseConv2D, though each of its outputs
# sees one channel. Its weights start too small by the root of the number of channels.
# Guessed: a standard deviation of sqrt(2 / 9) = 0.471 for 3x3 kernels, whatever the number of channels.
# Seen, for 3x3 kernels on 64 channels:
#   DepthwiseConv2D: 0.057
#   Conv2D with groups=64: 0.494
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
"${PYTHON:-python3}" -m venv "$folder"
"$folder/bin/pip" install --quiet --no-compile keras==3.15.1 jax==0.10.2 numpy==2.4.6
export KERAS_HOME="$folder" KERAS_BACKEND=jax
"$folder/bin/python" - <<'END'
import keras
import numpy as np

keras.utils.set_random_seed(0)
depthwise = keras.layers.DepthwiseConv2D(3, depthwise_initializer="he_normal")
grouped = keras.layers.Conv2D(64, 3, groups=64, kernel_initializer="he_normal")
for layer in (depthwise, grouped):
    layer.build((None, 24, 24, 64))
deviations = [float(np.std(layer.kernel)) for layer in (depthwise, grouped)]
print("DepthwiseConv2D: {:.3f}\nConv2D with groups=64: {:.3f}".format(*deviations))
assert abs(deviations[0] - (2 / (9 * 64)) ** 0.5) < 0.005
assert abs(deviations[1] - (2 / 9) ** 0.5) < 0.04
END
