"""The averaged network: its weights, its measured normalisation, and the raw network untouched afterwards."""

import keras
import numpy as np
import pytest
from keras import layers

from emotion.training import fast_layers
from emotion.training.averaging import Average, AverageSettings
from emotion.training.batches import Examples

FACES = np.random.default_rng(3).integers(0, 256, (11, 6, 6), np.uint8)
EXAMPLES = Examples(FACES, np.eye(7, dtype=np.float32)[np.arange(11) % 7])


def _network(normalised: bool = True) -> keras.Model:
    """Return the fast twin of a network with every kind of layer that matters here; weights are no round numbers."""
    face = keras.Input((6, 6, 1))
    x = layers.Rescaling(1 / 255)(face)
    x = layers.Conv2D(3, 3, use_bias=False, name="conv")(x)
    x = layers.BatchNormalization(name="norm")(x) if normalised else x
    x = layers.Dropout(0.5, name="dropout")(x)
    x = layers.Flatten()(x)
    x = layers.Dense(4, use_bias=False, name="dense")(x)
    x = layers.BatchNormalization(name="dense_norm", momentum=0.9)(x) if normalised else x
    keras.utils.set_random_seed(1)
    fast = fast_layers.twin(keras.Model(face, layers.Dense(7, "softmax", name="emotion")(x)), "float32")
    rng = np.random.default_rng(4)
    fast.set_weights([weight + rng.uniform(0.1, 0.5, weight.shape) for weight in fast.get_weights()])
    return fast


def _average(model: keras.Model, decay: float = 0.9) -> Average:
    """Return an average of other weights than the network's."""
    average = Average(model, AverageSettings(decay=decay, batches=1), EXAMPLES, np.array([[0, 1, 2, 3], [4, 5, 6, 7]]))
    for weight in average.weights:
        weight.assign(weight * 1.25)
    return average


def _same(one: list[np.ndarray], other: list[np.ndarray]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def _random_states(model: keras.Model) -> list[np.ndarray]:
    kept = {id(weight) for weight in model.weights}
    return [variable.numpy() for variable in model.variables if id(variable) not in kept]


def _statistics(model: keras.Model, name: str) -> tuple[np.ndarray, np.ndarray]:
    layer = model.get_layer(name)
    return layer.moving_mean.numpy(), layer.moving_variance.numpy()


def _convolved(kernel: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Return what `conv` answers, computed by hand: (n, 4, 4, 3)."""
    windows = np.lib.stride_tricks.sliding_window_view(faces / 255, (3, 3), axis=(1, 2))
    return np.einsum("nyxij,ijc->nyxc", windows, kernel[:, :, 0])


def _by_hand(model: keras.Model, faces: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return mean and variance of what reaches each normalisation when these faces are one batch of training."""
    seen = _convolved(model.get_layer("conv").kernel.numpy().astype(np.float64), faces)
    first = seen.mean(axis=(0, 1, 2)), seen.var(axis=(0, 1, 2), ddof=1)  # TensorFlow's fused kernel: n - 1
    norm = model.get_layer("norm")
    normal = (seen - first[0]) / np.sqrt(seen.var(axis=(0, 1, 2)) + norm.epsilon)
    flat = (normal * norm.gamma.numpy() + norm.beta.numpy()).reshape(len(faces), -1)
    dense = flat @ model.get_layer("dense").kernel.numpy()
    return [first, (dense.mean(axis=0), dense.var(axis=0))]


def test_the_network_is_its_average_inside_and_bit_for_bit_itself_afterwards():
    model = _network()
    raw, average = model.get_weights(), _average(model)
    averages = average.weights
    with average.in_place():
        assert _same([weight.numpy() for weight in model.trainable_weights], [average.numpy() for average in averages])
    assert _same(model.get_weights(), raw)
    assert not _same([average.numpy() for average in averages], [weight.numpy() for weight in model.trainable_weights])


def test_the_raw_weights_come_back_after_an_error():
    model = _network()
    raw = model.get_weights()
    with pytest.raises(KeyError), _average(model).in_place():
        raise KeyError
    assert _same(model.get_weights(), raw)


def test_without_averages_nothing_changes():
    model = _network()
    raw = model.get_weights()
    with _average(model, decay=0).in_place():
        assert _same(model.get_weights(), raw)
    assert _same(model.get_weights(), raw)


def test_statistics_are_the_mean_over_the_batches_each_time():
    model = _network()
    average = _average(model)
    for _ in range(2):
        with average.in_place():
            batches = [_by_hand(model, FACES[:4]), _by_hand(model, FACES[4:8])]
            for position, name in enumerate(("norm", "dense_norm")):
                for number, measured in enumerate(_statistics(model, name)):
                    expected = np.mean([batch[position][number] for batch in batches], axis=0)
                    np.testing.assert_allclose(measured, expected, rtol=1e-4, atol=1e-6)
        for weight in average.weights:
            weight.assign(weight**2)


def test_statistics_of_frozen_normalisation_stay():
    model = _network()
    model.get_layer("norm").trainable = False
    before = _statistics(model, "norm"), _statistics(model, "dense_norm")
    with _average(model).in_place():
        assert _same(_statistics(model, "norm"), before[0])
        assert not np.allclose(_statistics(model, "dense_norm"), before[1])


def test_measuring_draws_no_random_numbers_and_training_goes_on_with_dropout_and_momentum():
    model, batch = _network(), FACES[:4, ..., None].astype(np.float32)
    other = _network()
    states = _random_states(model)
    assert len(states) == 1
    with _average(model).in_place():
        pass
    assert _same(_random_states(model), states)
    assert np.array_equal(model(batch, training=True), other(batch, training=True))
    assert _same(model.get_weights(), other.get_weights())
    assert not _same(_random_states(model), states)


def test_a_network_without_normalisation_is_averaged_too():
    model = _network(normalised=False)
    raw, average = model.get_weights(), _average(model)
    averages = average.weights
    with average.in_place():
        assert _same(model.get_weights(), [average.numpy() for average in averages])
    assert _same(model.get_weights(), raw)
