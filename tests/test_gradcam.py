"""Grad-CAM heatmaps."""

import keras
import numpy as np
import pytest
from keras import layers

from emotion.core.labels import EMOTIONS
from emotion.explanation import gradcam
from emotion.synthetic import drawn
from emotion.training import registry
from tests.source import PARAMS

NETWORKS = {model["network"]: model["build"] for model in PARAMS["models"].values()}
LABELS = np.arange(700) % len(EMOTIONS)


def _network() -> keras.Model:
    """Return a small network that ends in an average and a dense layer."""
    keras.utils.set_random_seed(1)
    face = keras.Input((48, 48, 1))
    x = layers.Rescaling(1 / 127.5, offset=-1)(face)
    for width in (16, 32, 64):
        x = layers.Conv2D(width, 3, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(layers.MaxPooling2D()(x)))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(face, layers.Dense(7, activation="softmax")(x))


def _faces(emotions: np.ndarray, seed: int) -> np.ndarray:
    """Return synthetic faces; with the same seed, the same people in the same light with other emotions."""
    return np.stack([drawn.draw_face(EMOTIONS[e], np.random.default_rng([seed, n])) for n, e in enumerate(emotions)])


@pytest.fixture(scope="module")
def trained() -> tuple[keras.Model, np.ndarray, np.ndarray]:
    """A network trained on synthetic faces, faces that it was not trained on, and their labels."""
    model = _network()
    model.compile(keras.optimizers.Adam(0.002), "sparse_categorical_crossentropy", jit_compile=False)
    model.fit(_faces(LABELS, 1)[..., None], LABELS, batch_size=32, epochs=9, verbose=0)
    labels = LABELS[:175]
    faces = _faces(labels, 2)
    assert (model.predict(faces[..., None], verbose=0).argmax(axis=1) == labels).mean() > 0.6
    return model, faces, labels


def test_before_pooling_and_a_dense_layer_it_is_the_class_activation_map():
    """Zhou et al., "Learning Deep Features for Discriminative Localization", 2016; Selvaraju et al., section 3.1."""
    model, faces = _network(), _faces(LABELS[:5], 3)
    features = keras.Model(model.input, model.layers[-3].output)(faces[..., None].astype(np.float32)).numpy()
    kernel = keras.ops.convert_to_numpy(model.layers[-1].kernel)
    expected = np.maximum(np.einsum("nhwc,cn->nhw", features, kernel[:, LABELS[:5]]), 0)
    expected /= expected.max(axis=(1, 2), keepdims=True)
    found = gradcam.heatmaps(model, faces, LABELS[:5])
    assert found.shape == faces.shape and found.dtype == np.float32
    assert found.min() >= 0 and found.max() <= 1
    np.testing.assert_allclose(found[:, 4::8, 4::8], expected, atol=0.15)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_of_params_has_a_heatmap(name: str):
    model = registry.build(name, NETWORKS[name])
    maps = gradcam.heatmaps(model, _faces(np.array([3]), 1), np.array([3]))
    assert maps.shape == (1, 48, 48) and maps.min() >= 0 and maps.max() <= 1


def test_heatmaps_depend_on_the_trained_weights(trained: tuple[keras.Model, np.ndarray, np.ndarray]):
    """Adebayo et al., "Sanity Checks for Saliency Maps", 2018."""
    model, faces, labels = trained
    maps = gradcam.heatmaps(model, faces[:70], labels[:70])
    others = gradcam.heatmaps(_network(), faces[:70], labels[:70])
    correlations = [np.corrcoef(one.ravel(), other.ravel())[0, 1] for one, other in zip(maps, others, strict=True)]
    assert np.nanmean(correlations) < 0.4


def test_predictions_of_drawn_faces_rest_on_brows_eyes_and_mouth(trained: tuple[keras.Model, np.ndarray, np.ndarray]):
    model, faces, labels = trained
    mean = gradcam.heatmaps(model, faces, labels).mean(axis=0)
    painted = np.zeros((48, 48), bool)  # brows, eyes and mouth in most poses
    painted[10:24, 9:39] = painted[32:44, 14:34] = True
    assert mean[painted].mean() > 2 * mean[~painted].mean()


def test_a_network_without_feature_maps_of_that_size_is_refused():
    with pytest.raises(ValueError, match="no layer with feature maps of 49 pixels a side"):
        gradcam.heatmaps(_network(), np.zeros((1, 48, 48), np.uint8), np.array([0]), min_side=49)
