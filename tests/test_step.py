"""One step of learning: what the optimizer, the class weights and the running average do to the weights."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from emotion.training import step
from emotion.training.step import FusedSGD, OptimizerSettings

FACES = np.random.default_rng(1).uniform(0, 1, (9, 4, 4, 1)).astype(np.float32)
TARGETS = np.eye(7, dtype=np.float32)[np.arange(9) % 7]
RATE = 0.1


def _network() -> keras.Model:
    """Return softmax(faces @ kernel + bias)."""
    keras.utils.set_random_seed(1)
    return keras.Sequential([keras.Input((4, 4, 1)), layers.Flatten(), layers.Dense(7, "softmax", name="emotion")])


def _optimizer(model: keras.Model, kind: str = "sgd", decay: float = 0.0, precision: str = "float32") -> Any:
    chosen = step.optimizer(OptimizerSettings(optimizer=kind, weight_decay=decay), model, precision)
    chosen.learning_rate = RATE
    return chosen


def _after_one_step(targets: np.ndarray, precision: str = "float32") -> tuple[list[np.ndarray], np.ndarray]:
    """Return the changes of kernel and bias, and loss and accuracy."""
    model = _network()
    before = model.get_weights()
    learn = step.compiled(model, _optimizer(model, precision=precision), [], 0.0, xla=False)
    answer = learn(FACES, targets).numpy()
    return [new - old for new, old in zip(model.get_weights(), before, strict=True)], answer


def test_fused_sgd_moves_weights_as_keras_sgd_does():
    rng = np.random.default_rng(1)
    starts = [rng.normal(size=shape).astype(np.float32) for shape in ((5, 3), (3,), (3, 3, 2, 4))]
    arguments = {"momentum": 0.9, "nesterov": True, "weight_decay": 0.02}
    results = []
    for kind in (FusedSGD, keras.optimizers.SGD):
        gradients = np.random.default_rng(2)
        optimizer, weights = kind(**arguments), [keras.Variable(start) for start in starts]
        for rate in (0.1, 0.3, 0.01, 0.2, 0.05):
            optimizer.learning_rate = rate
            optimizer.apply([tf.constant(gradients.normal(size=w.shape), tf.float32) for w in weights], weights)
        results.append([weight.numpy() for weight in weights])
    for mine, keras_own, start in zip(*results, starts, strict=True):
        np.testing.assert_allclose(mine, keras_own, rtol=1e-5, atol=1e-6)
        assert np.abs(mine - start).min() > 1e-4


@pytest.mark.parametrize("precision", ["float32", "float16"])
@pytest.mark.parametrize("kind", ["sgd", "adam"])
def test_weight_decay_shrinks_kernels_and_leaves_biases(kind: str, precision: str):
    model = _network()
    kernel, bias = model.trainable_weights
    bias.assign(np.ones(7))
    before = kernel.numpy()
    optimizer = _optimizer(model, kind, decay=0.5, precision=precision)
    optimizer.apply([tf.zeros(kernel.shape), tf.zeros(bias.shape)], [kernel, bias])
    np.testing.assert_allclose(kernel, before * (1 - 0.5 * RATE), rtol=1e-5)
    assert np.all(bias.numpy() == 1)


def test_a_step_answers_with_mean_loss_and_accuracy():
    answers = _network()(FACES).numpy()
    _, (loss, accuracy) = _after_one_step(TARGETS)
    assert loss == pytest.approx(-np.log(answers[np.arange(9), np.arange(9) % 7]).mean(), rel=1e-5)
    assert accuracy == pytest.approx(np.mean(answers.argmax(axis=1) == np.arange(9) % 7))
    _, (_, perfect) = _after_one_step(np.eye(7, dtype=np.float32)[answers.argmax(axis=1)])
    assert perfect == 1


@pytest.mark.parametrize("weights", [np.ones(9), np.linspace(0, 8, 9)], ids=["one", "others"])
def test_a_face_counts_in_loss_and_gradient_as_much_as_its_targets_sum_to(weights: np.ndarray):
    answers = _network()(FACES).numpy()
    (kernel, bias), (loss, _) = _after_one_step((TARGETS * weights[:, None]).astype(np.float32))
    assert loss == pytest.approx((-np.log((answers * TARGETS).sum(axis=1)) * weights).mean(), rel=1e-5)
    slope = (answers - TARGETS) * weights[:, None] / 9
    first = -RATE * (1 + 0.9)  # Nesterov's first step
    np.testing.assert_allclose(bias, first * slope.sum(axis=0), atol=1e-6)
    np.testing.assert_allclose(kernel, first * FACES.reshape(9, -1).T @ slope, atol=1e-6)


def test_scaling_the_loss_for_float16_changes_no_step():
    for plain, scaled in zip(_after_one_step(TARGETS)[0], _after_one_step(TARGETS, "float16")[0], strict=True):
        np.testing.assert_allclose(scaled, plain, rtol=1e-4, atol=1e-7)
        assert np.abs(plain).max() > 1e-3


def test_a_float16_step_whose_gradients_overflow_is_left_out():
    model = _network()
    before = model.get_weights()
    optimizer = _optimizer(model, decay=0.5, precision="float16")
    scale = float(optimizer.dynamic_scale)
    step.compiled(model, optimizer, [], 0.0, xla=False)(FACES * np.inf, TARGETS)
    for new, old in zip(model.get_weights(), before, strict=True):
        assert np.array_equal(new, old)
    assert float(optimizer.dynamic_scale) == scale / 2


@pytest.mark.parametrize(("precision", "xla"), [("float32", False), ("float32", True), ("float16", False)])
def test_averages_follow_the_weights_by_the_decay_and_faster_in_the_beginning(precision: str, xla: bool):
    model, decay = _network(), 0.25
    averages = [tf.Variable(weight.numpy()) for weight in model.trainable_weights]
    expected = [average.numpy().astype(np.float64) for average in averages]
    learn = step.compiled(model, _optimizer(model, precision=precision), averages, decay, xla)
    for stays in (2 / 11, 0.25, 0.25):  # (1 + n) / (10 + n) after n steps, as long as that is less
        learn(FACES, TARGETS)
        expected = [
            stays * old + (1 - stays) * weight.numpy()
            for old, weight in zip(expected, model.trainable_weights, strict=True)
        ]
        for average, value in zip(averages, expected, strict=True):
            np.testing.assert_allclose(average.numpy(), value, rtol=1e-5, atol=1e-7)
            assert not np.array_equal(average.numpy(), model.trainable_weights[-1].numpy())


def test_averaging_does_not_change_what_is_learnt():
    results = []
    for decay in (0.0, 0.9):
        model = _network()
        averages = [tf.Variable(weight.numpy()) for weight in model.trainable_weights] if decay else []
        learn = step.compiled(model, _optimizer(model), averages, decay, xla=False)
        for _ in range(3):
            learn(FACES, TARGETS)
        results.append(model.get_weights())
    for one, other in zip(*results, strict=True):
        assert np.array_equal(one, other)
