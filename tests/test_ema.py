"""The EMA of the weights: swapped in for an evaluation, with recalibrated batch norm, and out again."""

import keras
import numpy as np
import pytest
from keras import layers

from emotion.training import fast_layers
from emotion.training.ema import WeightAverage
from emotion.training.settings import EmaSettings
from tests.fitting import same

FACES = np.random.default_rng(3).integers(0, 256, (8, 6, 6), np.uint8)


def _network(batch_norm: bool = True) -> keras.Model:
    """Return the fast twin of a network with every kind of layer that matters here."""
    face = keras.Input((6, 6, 1))
    x = layers.Rescaling(1 / 255)(face)
    x = layers.Conv2D(3, 3, use_bias=False, name="conv")(x)
    x = layers.BatchNormalization(name="norm")(x) if batch_norm else x
    x = layers.Dropout(0.5, name="dropout")(x)
    x = layers.Flatten()(x)
    x = layers.Dense(4, use_bias=False, name="dense")(x)
    x = layers.BatchNormalization(name="dense_norm", momentum=0.9)(x) if batch_norm else x
    keras.utils.set_random_seed(1)
    fast = fast_layers.twin(keras.Model(face, layers.Dense(7, "softmax", name="emotion")(x)), "float32")
    rng = np.random.default_rng(4)
    fast.set_weights([weight + rng.uniform(0.1, 0.5, weight.shape) for weight in fast.get_weights()])
    return fast


def _ema(model: keras.Model, decay: float = 0.9) -> WeightAverage:
    """Return an EMA that differs from the network's weights."""
    settings = EmaSettings(decay=decay, recalibration_batches=2)
    ema = WeightAverage(model, settings, FACES.reshape(2, 4, 6, 6))
    for weight in ema.weights:
        weight.assign(weight * 1.25)
    return ema


def _random_states(model: keras.Model) -> list[np.ndarray]:
    weights = {id(weight) for weight in model.weights}
    return [variable.numpy() for variable in model.variables if id(variable) not in weights]


def _statistics(model: keras.Model, name: str) -> tuple[np.ndarray, np.ndarray]:
    layer = model.get_layer(name)
    return layer.moving_mean.numpy(), layer.moving_variance.numpy()


def _convolved(kernel: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Return the output of `conv`, computed by hand: (n, 4, 4, 3)."""
    windows = np.lib.stride_tricks.sliding_window_view(faces / 255, (3, 3), axis=(1, 2))
    return np.einsum("nyxij,ijc->nyxc", windows, kernel[:, :, 0])


def _by_hand(model: keras.Model, faces: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return mean and variance of the input of each batch norm, for one training batch of these faces."""
    outputs = _convolved(model.get_layer("conv").kernel.numpy().astype(np.float64), faces)
    first = outputs.mean(axis=(0, 1, 2)), outputs.var(axis=(0, 1, 2), ddof=1)  # n - 1 in TensorFlow's fused kernel
    norm = model.get_layer("norm")
    normal = (outputs - first[0]) / np.sqrt(outputs.var(axis=(0, 1, 2)) + norm.epsilon)
    flat = (normal * norm.gamma.numpy() + norm.beta.numpy()).reshape(len(faces), -1)
    dense = flat @ model.get_layer("dense").kernel.numpy()
    return [first, (dense.mean(axis=0), dense.var(axis=0))]


@pytest.mark.parametrize("batch_norm", [True, False])
def test_the_network_has_its_ema_inside_and_its_own_weights_afterwards(batch_norm: bool):
    model = _network(batch_norm)
    raw = model.get_weights()
    ema = _ema(model)
    averages = [average.numpy() for average in ema.weights]
    with ema.in_place():
        assert same([weight.numpy() for weight in model.trainable_weights], averages)
    assert same(model.get_weights(), raw)
    assert not same([weight.numpy() for weight in model.trainable_weights], averages)


def test_the_raw_weights_are_restored_after_an_error():
    model = _network()
    raw = model.get_weights()
    with pytest.raises(KeyError), _ema(model).in_place():
        raise KeyError
    assert same(model.get_weights(), raw)


def test_a_decay_of_zero_changes_nothing():
    model = _network()
    raw = model.get_weights()
    with _ema(model, decay=0).in_place():
        assert same(model.get_weights(), raw)
    assert same(model.get_weights(), raw)


def test_batch_norm_is_recalibrated_to_the_mean_over_the_batches():
    model = _network()
    ema = _ema(model)
    for _ in range(2):
        with ema.in_place():
            batches = [_by_hand(model, FACES[:4]), _by_hand(model, FACES[4:])]
            for position, name in enumerate(("norm", "dense_norm")):
                for number, measured in enumerate(_statistics(model, name)):
                    expected = np.mean([batch[position][number] for batch in batches], axis=0)
                    np.testing.assert_allclose(measured, expected, rtol=1e-4, atol=1e-6)
        for weight in ema.weights:
            weight.assign(weight**2)


def test_frozen_batch_norm_is_not_recalibrated():
    model = _network()
    model.get_layer("norm").trainable = False
    before = _statistics(model, "norm"), _statistics(model, "dense_norm")
    with _ema(model).in_place():
        assert same(_statistics(model, "norm"), before[0])
        assert not np.allclose(_statistics(model, "dense_norm"), before[1])


def test_recalibration_leaves_random_numbers_dropout_and_momentum_alone():
    model = _network()
    other = _network()
    batch = FACES[:4, ..., None].astype(np.float32)
    states = _random_states(model)
    assert len(states) == 1
    with _ema(model).in_place():
        pass
    assert same(_random_states(model), states)
    assert np.array_equal(model(batch, training=True), other(batch, training=True))
    assert same(model.get_weights(), other.get_weights())
    assert not same(_random_states(model), states)
