#!/bin/sh
# keras 3.15.1 with tensorflow-cpu 2.21.0: the gradient of categorical_crossentropy is wrong for targets that do not sum to
# one, such as weighted ones, if the probabilities come from a softmax of Keras or the loss is given logits. The loss
# itself is right, and so is the gradient for equal probabilities from tf.nn.softmax.
# Guessed: -sum(target * log(probability)) has one gradient, whoever computed the softmax.
# Seen, for logits 0.3, -0.2, 0.5 and targets 2, 0, 0, with a loss of 2.079 each time:
#   tf.nn.softmax:         [-1.293, 0.429, 0.864]
#   Activation("softmax"): [-1.646, 0.214, 0.432]
#   from_logits=True:      [-1.646, 0.214, 0.432]
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
"${PYTHON:-python3}" -m venv "$folder"
"$folder/bin/pip" install --quiet --no-compile keras==3.15.1 tensorflow-cpu==2.21.0 numpy==2.4.6
export KERAS_HOME="$folder" KERAS_BACKEND=tensorflow CUDA_VISIBLE_DEVICES="" TF_CPP_MIN_LOG_LEVEL=3
"$folder/bin/python" - <<'END' 2> "$folder/log.txt" || { cat "$folder/log.txt" >&2; exit 1; }
import keras
import numpy as np
import tensorflow as tf

logits = tf.constant([[0.3, -0.2, 0.5]])
target = tf.constant([[2.0, 0.0, 0.0]])
loss = keras.losses.categorical_crossentropy
losses = {
    "tf.nn.softmax": lambda: loss(target, tf.nn.softmax(logits)),
    'Activation("softmax")': lambda: loss(target, keras.layers.Activation("softmax")(logits)),
    "from_logits=True": lambda: loss(target, logits, from_logits=True),
}
gradients = {}
for name, compute in losses.items():
    with tf.GradientTape() as tape:
        tape.watch(logits)
        value = compute()
    assert abs(float(value[0]) - 2.079) < 0.001
    gradients[name] = tape.gradient(value, logits)[0].numpy()
    print(f"{name + ':':23}[{', '.join(f'{number:.3f}' for number in gradients[name])}]")

probabilities = tf.nn.softmax(logits)[0].numpy()
true, other = 2 * probabilities - target[0].numpy(), probabilities - target[0].numpy()
for name, expected in zip(losses, (true, other, other), strict=True):
    np.testing.assert_allclose(gradients[name], expected, atol=1e-5)
END
