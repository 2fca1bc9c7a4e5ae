"""A twin of a network that computes the same in training, several times faster on a CPU.

Keras 3 normalises batches with separate operations and draws dropout masks as floating-point numbers; on two cores
each costs as much as the convolutions. The twin uses TensorFlow's fused normalisation and random bytes, and may compute
in bfloat16. Its weights have the same order and shapes, so they are copied back into the stock network.
"""

import functools
from typing import Any

import keras
import tensorflow as tf


class FusedBatchNormalization(keras.layers.BatchNormalization):
    """Batch normalisation that reads the batch once; outside training it is Keras' own."""

    def __init__(self, **config: object) -> None:
        """Take the configuration of the layer that it stands for."""
        super().__init__(**config)
        self.autocast = False  # statistics stay float32; the kernel takes bfloat16 pictures beside them

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
        """Drop activations and scale the others so that the expectation stays."""
        threshold = round(self.rate * 256)
        if not training or threshold == 0:
            return inputs
        size = tf.size(inputs)
        words = tf.random.stateless_uniform(
            [(size + 3) // 4], tf.cast(self.seed_generator.next(), tf.int32), None, None, tf.int32
        )
        noise = tf.reshape(tf.reshape(tf.bitcast(words, tf.uint8), [-1])[:size], tf.shape(inputs))
        kept = tf.cast(noise >= tf.cast(threshold, tf.uint8), inputs.dtype)
        return inputs * kept * tf.cast(256 / (256 - threshold), inputs.dtype)


class SlicedMaxPooling(keras.layers.MaxPooling2D):
    """The maximum of shifted slices: XLA has no deterministic gradient of TensorFlow's own pooling."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Pool (n, height, width, channels); the border that fills no window is left out."""
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
    """Return the fast form of a network, with the same weights; its last layer answers in float32.

    Args:
        model: Stock Keras layers in float32.
        precision: Number format of the other layers: float32, bfloat16 or float16.
        xla: Take layers that XLA can compile.
        any_size: Take pictures of any size; the network must average over the picture before its dense layers.
    """
    policy = "float32" if precision == "float32" else f"mixed_{precision}"
    last = model.layers[-1].name

    def fast(layer: keras.layers.Layer) -> keras.layers.Layer:
        config = layer.get_config()
        if isinstance(layer, keras.layers.Layer):  # an operation, such as `x + 3`, has the numbers of its inputs
            config["dtype"] = "float32" if layer.name == last else policy
        whole = getattr(layer, "noise_shape", None)  # such as a dropout of whole pictures, as in EfficientNet
        kind = type(layer) if whole else SWAPS.get(type(layer), type(layer))
        if xla and kind is keras.layers.MaxPooling2D and layer.padding == "valid":
            kind = SlicedMaxPooling
        return kind.from_config(config)

    pictures = keras.Input((None, None, *model.input.shape[3:]), name=model.input.name) if any_size else None
    copy = keras.models.clone_model(model, clone_function=fast, input_tensors=pictures)
    copy.set_weights(model.get_weights())
    return copy
