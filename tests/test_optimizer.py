"""One training step: the optimizers, sample weights and loss scaling."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from emotion.training import loop, optimizer
from emotion.training.ema import WeightAverage
from emotion.training.optimizer import FusedSGD
from emotion.training.settings import EmaSettings, OptimizerSettings

FACES = np.random.default_rng(1).uniform(0, 1, (9, 4, 4, 1)).astype(np.float32)
LABELS = np.arange(9) % 7
TARGETS = np.eye(7, dtype=np.float32)[LABELS]
RATE = 0.1


def _network() -> keras.Model:
    """Return softmax(faces @ kernel + bias)."""
    keras.utils.set_random_seed(1)
    return keras.Sequential([keras.Input((4, 4, 1)), layers.Flatten(), layers.Dense(7, "softmax", name="emotion")])


def _optimizer(model: keras.Model, kind: str = "sgd", decay: float = 0.0, precision: str = "float32") -> Any:
    optim = optimizer.build(OptimizerSettings(optimizer=kind, weight_decay=decay), model, precision)
    optim.learning_rate = RATE
    return optim


def _ema(model: keras.Model, decay: float) -> WeightAverage:
    no_faces = np.zeros((1, 9, 4, 4), np.uint8)
    return WeightAverage(model, EmaSettings(decay=decay, recalibration_batches=1), no_faces)


def _after_one_step(targets: np.ndarray, precision: str = "float32") -> tuple[list[np.ndarray], np.ndarray]:
    """Return the changes of kernel and bias, and loss and accuracy."""
    model = _network()
    before = model.get_weights()
    step = loop.compile_step(model, _optimizer(model, precision=precision), _ema(model, 0), xla=False)
    scores = step(FACES, targets).numpy()
    return [new - old for new, old in zip(model.get_weights(), before, strict=True)], scores


def test_fused_sgd_updates_weights_as_keras_sgd_does():
    rng = np.random.default_rng(1)
    starts = [rng.normal(size=shape).astype(np.float32) for shape in ((5, 3), (3,), (3, 3, 2, 4))]
    results = []
    for kind in (FusedSGD, keras.optimizers.SGD):
        gradients = np.random.default_rng(2)
        optim = kind(momentum=0.9, nesterov=True, weight_decay=0.02)
        weights = [keras.Variable(start) for start in starts]
        for rate in (0.1, 0.3, 0.01, 0.2, 0.05):
            optim.learning_rate = rate
            optim.apply([tf.constant(gradients.normal(size=w.shape), tf.float32) for w in weights], weights)
        results.append([weight.numpy() for weight in weights])
    for fused, stock, start in zip(*results, starts, strict=True):
        np.testing.assert_allclose(fused, stock, rtol=1e-5, atol=1e-6)
        assert np.abs(fused - start).min() > 1e-4


@pytest.mark.parametrize("precision", ["float32", "float16"])
@pytest.mark.parametrize("kind", ["sgd", "adam"])
def test_weight_decay_shrinks_kernels_but_not_biases(kind: str, precision: str):
    model = _network()
    kernel, bias = model.trainable_weights
    bias.assign(np.ones(7))
    before = kernel.numpy()
    optim = _optimizer(model, kind, decay=0.5, precision=precision)
    optim.apply([tf.zeros(kernel.shape), tf.zeros(bias.shape)], [kernel, bias])
    np.testing.assert_allclose(kernel, before * (1 - 0.5 * RATE), rtol=1e-5)
    assert np.all(bias.numpy() == 1)


def test_a_step_returns_the_accuracy_before_it():
    probabilities = _network()(FACES).numpy()
    _, (_, accuracy) = _after_one_step(TARGETS)
    assert accuracy == pytest.approx(np.mean(probabilities.argmax(axis=1) == LABELS))
    _, (_, perfect) = _after_one_step(np.eye(7, dtype=np.float32)[probabilities.argmax(axis=1)])
    assert perfect == 1


@pytest.mark.parametrize("weights", [np.ones(9), np.linspace(0, 8, 9)], ids=["one", "others"])
def test_the_sum_of_its_targets_weighs_a_face_in_loss_and_gradient(weights: np.ndarray):
    probabilities = _network()(FACES).numpy()
    (kernel, bias), (loss, _) = _after_one_step((TARGETS * weights[:, None]).astype(np.float32))
    assert loss == pytest.approx((-np.log((probabilities * TARGETS).sum(axis=1)) * weights).mean(), rel=1e-5)
    gradient = (probabilities - TARGETS) * weights[:, None] / 9
    first = -RATE * (1 + 0.9)  # Nesterov's first step
    np.testing.assert_allclose(bias, first * gradient.sum(axis=0), atol=1e-6)
    np.testing.assert_allclose(kernel, first * FACES.reshape(9, -1).T @ gradient, atol=1e-6)


def test_loss_scaling_for_float16_changes_no_step():
    for plain, scaled in zip(_after_one_step(TARGETS)[0], _after_one_step(TARGETS, "float16")[0], strict=True):
        np.testing.assert_allclose(scaled, plain, rtol=1e-4, atol=1e-7)
        assert np.abs(plain).max() > 1e-3


def test_a_float16_step_whose_gradients_overflow_is_skipped():
    model = _network()
    before = model.get_weights()
    optim = _optimizer(model, decay=0.5, precision="float16")
    scale = float(optim.dynamic_scale)
    loop.compile_step(model, optim, _ema(model, 0), xla=False)(FACES * np.inf, TARGETS)
    for new, old in zip(model.get_weights(), before, strict=True):
        assert np.array_equal(new, old)
    assert float(optim.dynamic_scale) == scale / 2


@pytest.mark.parametrize(("precision", "xla"), [("float32", False), ("float32", True), ("float16", False)])
def test_the_ema_follows_the_weights_faster_in_the_first_steps(precision: str, xla: bool):
    model = _network()
    ema = _ema(model, 0.25)
    expected = [average.numpy().astype(np.float64) for average in ema.weights]
    step = loop.compile_step(model, _optimizer(model, precision=precision), ema, xla=xla)
    for decay in (2 / 11, 0.25, 0.25):  # (1 + n) / (10 + n) after n steps, while that is less
        step(FACES, TARGETS)
        pairs = list(zip(expected, model.trainable_weights, strict=True))
        expected = [decay * old + (1 - decay) * weight.numpy() for old, weight in pairs]
        for average, value, weight in zip(ema.weights, expected, model.trainable_weights, strict=True):
            np.testing.assert_allclose(average.numpy(), value, rtol=1e-5, atol=1e-7)
            assert not np.array_equal(average.numpy(), weight.numpy())
