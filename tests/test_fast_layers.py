"""The fast twin of a network computes what the stock network does."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from emotion.training import fast_layers, forward
from tests.fitting import network, noise


def test_fused_batch_norm_equals_that_of_keras():
    stock = keras.layers.BatchNormalization(momentum=0.9, name="norm")
    fused = fast_layers.FusedBatchNormalization.from_config(stock.get_config())
    rng = np.random.default_rng(1)
    for layer in (stock, fused):
        layer.build((None, 12, 12, 5))
        layer.gamma.assign([0.5, 1, 1.5, 2, 3])
        layer.beta.assign([-1, 0, 1, 2, 3])
    for _ in range(3):
        batch = rng.normal(rng.normal(size=5), [1, 2, 3, 0.5, 0.1], (16, 12, 12, 5)).astype(np.float32)
        np.testing.assert_allclose(fused(batch, training=True), stock(batch, training=True), atol=1e-4)
    np.testing.assert_allclose(fused.moving_mean, stock.moving_mean, atol=1e-4)
    # TensorFlow's variance divides by n - 1, Keras' by n: 2,304 here, more in any real batch.
    np.testing.assert_allclose(fused.moving_variance, stock.moving_variance, rtol=1 / 2303)
    assert not np.allclose(fused.moving_mean, 0, atol=0.01)
    np.testing.assert_allclose(fused(batch, training=False), stock(batch, training=False), atol=2e-3)


def test_frozen_batch_norm_keeps_its_statistics():
    layer = fast_layers.FusedBatchNormalization(trainable=False)
    batch = np.random.default_rng(1).normal(5, 1, (8, 6, 6, 3)).astype(np.float32)
    np.testing.assert_allclose(layer(batch, training=True), batch / np.sqrt(1 + layer.epsilon), rtol=1e-5)
    assert np.all(layer.moving_mean.numpy() == 0)


@pytest.mark.parametrize("rate", [0.25, 0.5])
def test_byte_dropout_drops_the_rate_and_keeps_the_mean(rate: float):
    layer = fast_layers.ByteDropout(rate, seed=1)
    ones = np.ones((101, 999), np.float32)
    dropped = layer(ones, training=True).numpy()
    assert np.mean(dropped == 0) == pytest.approx(rate, abs=0.01)
    assert dropped.mean() == pytest.approx(1, abs=0.02)
    assert len(np.unique(dropped)) == 2
    assert not np.array_equal(dropped, layer(ones, training=True))
    assert np.array_equal(ones, layer(ones, training=False))


def test_dropout_of_whole_faces_stays_so_in_the_twin():
    face = keras.Input((4, 4, 3))
    dropped = keras.layers.Dropout(0.5, noise_shape=(None, 1, 1, 1))(face)
    twin = fast_layers.twin(keras.Model(face, keras.layers.ReLU()(dropped)), "bfloat16")
    shares = np.mean(twin(np.ones((64, 4, 4, 3), np.float32), training=True).numpy() > 0, axis=(1, 2, 3))
    assert set(shares) == {0.0, 1.0}


@pytest.mark.parametrize(("precision", "tolerance"), [("float32", 1e-5), ("bfloat16", 0.02)])
def test_the_twin_has_the_same_weights_and_predicts_the_same(precision: str, tolerance: float):
    model = network()
    twin = fast_layers.twin(model, precision)
    for one, other in zip(twin.get_weights(), model.get_weights(), strict=True):
        assert np.array_equal(one, other)
    kinds = {type(layer) for layer in twin.layers}
    assert kinds >= {fast_layers.FusedBatchNormalization, fast_layers.ByteDropout}
    faces = noise(8, 3).faces
    predictions = [forward.predictor(each)(faces) for each in (twin, model)]
    np.testing.assert_allclose(*predictions, atol=tolerance)
    assert twin.layers[-1].compute_dtype == "float32"


@pytest.mark.parametrize(("window", "stride"), [(2, 2), (3, 2), (1, 2), (3, 1)])
def test_pooling_for_xla_equals_that_of_keras(window: int, stride: int):
    pictures = tf.constant(np.random.default_rng(1).normal(size=(3, 13, 12, 2)), tf.float32)
    outputs = []
    gradients = []
    for kind in (keras.layers.MaxPooling2D, fast_layers.SlicedMaxPooling):
        with tf.GradientTape() as tape:
            tape.watch(pictures)
            outputs.append(kind(window, stride)(pictures))
            loss = tf.reduce_sum(outputs[-1] ** 2)
        gradients.append(tape.gradient(loss, pictures))
    assert np.array_equal(*outputs) and outputs[0].shape[1:3] != pictures.shape[1:3]
    np.testing.assert_allclose(*gradients, atol=1e-6)
