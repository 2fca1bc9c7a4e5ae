"""One step of learning: gradient, optimizer, running average of the weights."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf
from pydantic import Field

from emotion.params import Section

Step = Callable[[Any, np.ndarray], Any]


class OptimizerSettings(Section):
    """What `fit` of a model says about the optimizer."""

    optimizer: Literal["adam", "sgd"]
    weight_decay: float = Field(ge=0)


class FusedSGD(keras.optimizers.SGD):
    """SGD with Nesterov's momentum in one pass over the weights, where Keras takes eight: 4 % of a step of cnn."""

    def update_step(self, gradient: tf.Tensor, variable: tf.Variable, learning_rate: tf.Tensor) -> None:
        """Move one variable."""
        momentum = self.momentums[self._get_variable_index(variable)]
        tf.raw_ops.ResourceApplyKerasMomentum(
            var=variable.handle, accum=momentum.value.handle, lr=tf.cast(learning_rate, tf.float32), grad=gradient,
            momentum=self.momentum, use_nesterov=True,
        )  # fmt: skip


def optimizer(settings: OptimizerSettings, model: keras.Model, precision: str) -> Any:
    """Return a Keras optimizer that knows the network's weights; its learning rate is set before each step."""
    decay = settings.weight_decay or None
    if settings.optimizer == "adam":
        chosen = keras.optimizers.AdamW(weight_decay=decay or 0.0)
    else:
        chosen = FusedSGD(momentum=0.9, nesterov=True, weight_decay=decay)
    if decay:
        # Shrinking biases and normalisation only hurts (Goyal et al., "Accurate, Large Minibatch SGD", 2017).
        chosen.exclude_from_weight_decay(var_list=[w for w in model.trainable_weights if len(w.shape) < 2])
    if precision == "float16":
        # bfloat16 has float32's range; float16 underflows without a scaled loss (Micikevicius et al., 2018).
        chosen = keras.optimizers.LossScaleOptimizer(chosen)
    chosen.build(model.trainable_weights)
    return chosen


def compiled(model: keras.Model, optimizer: Any, averages: Sequence[tf.Variable], decay: float, xla: bool) -> Step:
    """Return the function that learns from one batch and returns its mean loss and accuracy, float32 (2,).

    It takes what the network takes, such as faces float32 (n, 48, 48, 1), values 0..255, and targets float32 (n, 7).

    Args:
        model: Learns in place.
        optimizer: As `optimizer` returns it.
        averages: A variable for each trainable weight, which follows it; none if nothing is averaged.
        decay: How much of an average stays in one step. In the beginning less, or the first weights would last long.
        xla: Compile with XLA.
    """

    @tf.function(jit_compile=xla)
    def step(inputs: Any, targets: tf.Tensor) -> tf.Tensor:
        counts = tf.reduce_sum(targets, 1)  # apart, because Keras' gradient is right only for rows that sum to one
        with tf.GradientTape() as tape:
            answers = model(inputs, training=True)
            each = keras.losses.categorical_crossentropy(tf.math.divide_no_nan(targets, counts[:, None]), answers)
            loss = tf.reduce_mean(counts * each)
            scaled = optimizer.scale_loss(loss)
        optimizer.apply(tape.gradient(scaled, model.trainable_weights), model.trainable_weights)
        if averages:
            done = tf.cast(optimizer.iterations, tf.float32)
            moved = 1 - tf.minimum(decay, (1 + done) / (10 + done))
            for average, weight in zip(averages, model.trainable_weights, strict=True):
                average.assign_sub((average - weight) * moved)
        right = tf.equal(tf.argmax(answers, 1), tf.argmax(targets, 1))
        return tf.stack([loss, tf.reduce_mean(tf.cast(right, tf.float32))])

    return step
