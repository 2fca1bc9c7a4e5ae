"""Parameters and multiply-adds of networks: against sums by hand and published figures."""

import keras
import pytest
from keras import layers as kl

from emotion.architecture import layers


def _totals(*stack: keras.Layer) -> dict[str, int]:
    x = face = keras.Input((9, 11, 4))
    for layer in stack:
        x = layer(x)
    return layers.totals(layers.read(keras.Model(face, x)))


@pytest.mark.parametrize(
    ("layer", "macs"),
    [
        (kl.Conv2D(6, 3, padding="same"), 9 * 11 * 3 * 3 * 4 * 6),
        (kl.Conv2D(6, 3), 7 * 9 * 3 * 3 * 4 * 6),
        (kl.Conv2D(6, (3, 5), strides=2, padding="same"), 5 * 6 * 3 * 5 * 4 * 6),
        (kl.Conv2D(6, 3, padding="same", groups=2), 9 * 11 * 3 * 3 * 2 * 6),
        (kl.DepthwiseConv2D(3, strides=2, padding="same"), 5 * 6 * 3 * 3 * 4),
        (kl.SeparableConv2D(6, 3, padding="same"), 9 * 11 * (3 * 3 * 4 + 4 * 6)),
        (kl.Dense(6), 9 * 11 * 4 * 6),
        (kl.BatchNormalization(), 0),
        (kl.MaxPooling2D(), 0),
    ],
    ids=lambda value: value.name if isinstance(value, keras.Layer) else "",
)
def test_a_layer_takes_what_a_sum_by_hand_gives(layer: keras.Layer, macs: int):
    assert _totals(layer)["macs"] == macs


def test_parameters_are_those_that_learn_and_those_that_do_not():
    totals = _totals(kl.Conv2D(6, 3, trainable=False), kl.BatchNormalization(), kl.Flatten(), kl.Dense(2))
    learn = 2 * 6 + (7 * 9 * 6 * 2 + 2)
    macs = 7 * 9 * (3 * 3 * 4 * 6 + 6 * 2)
    frozen = 3 * 3 * 4 * 6 + 6 + 2 * 6
    assert totals == {"parameters": learn + frozen, "trainable_parameters": learn, "macs": macs}


@pytest.mark.parametrize(
    ("application", "top", "giga"), [("VGG16", False, 15.3), ("ResNet50V2", True, 3.5), ("MobileNetV2", True, 0.300)]
)
def test_networks_take_what_was_published_of_them(application: str, top: bool, giga: float):
    """Simonyan & Zisserman 2015, He et al. 2016, Sandler et al. 2018, at 224 pixels."""
    model = getattr(keras.applications, application)(include_top=top, weights=None, input_shape=(224, 224, 3))
    totals = layers.totals(layers.read(model))
    assert totals["macs"] / 1e9 == pytest.approx(giga, rel=0.01)
    assert totals["parameters"] == model.count_params()
