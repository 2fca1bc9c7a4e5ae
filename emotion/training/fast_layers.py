"""A fast twin of a network: the same computation in training, several times faster on a CPU.

Keras 3 normalises batches with separate operations and draws dropout masks as floating-point numbers; on two cores
each costs as much as the convolutions. The twin uses TensorFlow's fused normalisation and random bytes, and may compute
in bfloat16. Its weights have the same order and shapes, so they can be copied back into the stock network.
"""

import functools
from typing import Any

import keras
import tensorflow as tf

BYTE_VALUES = 256


class FusedBatchNormalization(keras.layers.BatchNormalization):
    """Batch normalisation that reads the batch once; at inference it is Keras' own."""

    def __init__(self, **config: object) -> None:
        """Take the configuration of the layer that it replaces."""
        super().__init__(**config)
        self.autocast = False  # statistics stay in float32; the kernel accepts bfloat16 inputs beside them

    def call(self, inputs: tf.Tensor, training: bool | None = None, mask: tf.Tensor | None = None) -> tf.Tensor:
        """Normalise (n, height, width, channels) by the batch's statistics and update the moving ones."""
        if not training or not self.trainable or len(inputs.shape) != 4:
            return super().call(inputs, training=training, mask=mask)
        channels = inputs.shape[-1]
        outputs, mean, variance, *_ = tf.compat.v1.nn.fused_batch_norm(
            inputs,
            tf.ones(channels) if self.gamma is None else tf.convert_to_tensor(self.gamma),
            tf.zeros(channels) if self.beta is None else tf.convert_to_tensor(self.beta),
            epsilon=self.epsilon,
        )
        for moving, batch in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + batch * (1.0 - self.momentum))
        return outputs


class ByteDropout(keras.layers.Dropout):
    """Dropout whose mask is one random byte per activation, so the rate is a multiple of 1/256."""

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Drop activations and scale up the others, so that the expected value stays the same."""
        threshold = round(self.rate * BYTE_VALUES)
        if not training or threshold == 0:
            return inputs
        size = tf.size(inputs)
        words = tf.random.stateless_uniform(
            [(size + 3) // 4], tf.cast(self.seed_generator.next(), tf.int32), None, None, tf.int32
        )
        noise = tf.reshape(tf.reshape(tf.bitcast(words, tf.uint8), [-1])[:size], tf.shape(inputs))
        kept = tf.cast(noise >= tf.cast(threshold, tf.uint8), inputs.dtype)
        return inputs * kept * tf.cast(BYTE_VALUES / (BYTE_VALUES - threshold), inputs.dtype)


class SlicedMaxPooling(keras.layers.MaxPooling2D):
    """Max pooling as a maximum of shifted slices: XLA has no deterministic gradient of TensorFlow's own."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Pool (n, height, width, channels); incomplete windows at the border are dropped."""
        rows, columns = (
            range(0, size - window + 1, stride)
            for size, window, stride in zip(inputs.shape[1:3], self.pool_size, self.strides, strict=True)
        )
        return functools.reduce(
            tf.maximum,
            [
                inputs[:, y : y + rows[-1] + 1 : rows.step, x : x + columns[-1] + 1 : columns.step]
                for y in range(self.pool_size[0])
                for x in range(self.pool_size[1])
            ],
        )


SWAPS: dict[Any, Any] = {keras.layers.BatchNormalization: FusedBatchNormalization, keras.layers.Dropout: ByteDropout}


def twin(model: keras.Model, precision: str, xla: bool = False, *, any_size: bool = False) -> keras.Model:
    """Return the fast twin of a network, with the same weights; its last layer computes in float32.

    Args:
        model: Stock Keras layers in float32.
        precision: Number format of the other layers: float32, bfloat16 or float16.
        xla: Use layers that XLA can compile deterministically.
        any_size: Accept pictures of any size; the network must pool globally before its dense layers.
    """
    policy = "float32" if precision == "float32" else f"mixed_{precision}"
    last = model.layers[-1].name

    def fast(layer: keras.layers.Layer) -> keras.layers.Layer:
        config = layer.get_config()
        if isinstance(layer, keras.layers.Layer):  # an operation, such as `x + 3`, has the dtype of its inputs
            config["dtype"] = "float32" if layer.name == last else policy
        noise_shape = getattr(layer, "noise_shape", None)  # e.g. the stochastic depth of EfficientNet
        kind = type(layer) if noise_shape else SWAPS.get(type(layer), type(layer))
        if xla and kind is keras.layers.MaxPooling2D and layer.padding == "valid":
            kind = SlicedMaxPooling
        return kind.from_config(config)

    pictures = keras.Input((None, None, *model.input.shape[3:]), name=model.input.name) if any_size else None
    copy = keras.models.clone_model(model, clone_function=fast, input_tensors=pictures)
    copy.set_weights(model.get_weights())
    return copy
