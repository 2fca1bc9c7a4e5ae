"""Diagrams of networks: blocks, texts that do not overlap, parameters and MACs."""

import functools
import itertools

import keras
import pytest
from keras import layers as kl

from emotion.architecture import diagram, layers
from emotion.architecture.blocks import Block, blocks
from emotion.architecture.drawing import chips
from emotion.training import registry
from tests.figures import assert_nothing_is_cut, boxes_of_words, overlap
from tests.source import PARAMS

MODELS = PARAMS["models"]
NETWORKS = [*(name for name in MODELS if name != "cnn_aug"), "MobileNetV3Small", "InceptionV3"]  # it looks like cnn


@functools.cache
def _network(name: str) -> list[layers.Layer]:
    """Return the layers of a model of params.yaml, or of a network of keras.applications."""
    if name in MODELS:
        return layers.read(registry.build(MODELS[name]["network"], MODELS[name]["build"]))
    return layers.read(getattr(keras.applications, name)(weights=None, input_shape=(224, 224, 3)))


def _residual(names: list[str], widths: list[int]) -> list[Block]:
    """Return the blocks of a network with a residual block with squeeze-excite per name and width."""
    face = x = keras.Input((8, 8, 4), name="face")
    for name, width in zip(names, widths, strict=True):
        y = kl.Conv2D(width, 3, padding="same", name=f"{name}_conv")(x)
        s = kl.GlobalAveragePooling2D(keepdims=True, name=f"{name}_mean")(y)
        s = kl.Dense(width, activation="sigmoid", name=f"{name}_dense")(s)
        y = kl.Multiply(name=f"{name}_scale")([y, s])
        if x.shape != y.shape:
            x = kl.Conv2D(width, 1, name=f"{name}_shortcut")(x)
        x = kl.ReLU(name=f"{name}_relu")(kl.Add(name=f"{name}_add")([x, y]))
    return blocks(layers.read(keras.Model(face, kl.Dense(7, name="emotion")(x))))


def test_equal_blocks_in_a_row_are_merged():
    found = _residual([f"stage1_block{number}" for number in (1, 2, 3, 4, 5)], [4, 4, 8, 8, 8])
    labels = [(block.name, block.times) for block in found]
    assert labels == [("face", 1), ("stage1_block1 – 2", 2), ("stage1_block3", 1), ("stage1_block4 – 5", 2),
                      ("emotion", 1)]  # fmt: skip
    assert len({len(found[number].layers) / found[number].times for number in (1, 3)}) == 1


def test_a_block_has_its_shortcut_and_squeeze_excite_as_one_chip():
    _, same, wider, _ = _residual(["block1", "block2"], [4, 8])
    assert chips(same.inside) == [("convolution", "3×3 conv 4"), ("squeeze-excite", "SE")]
    assert chips(same.after) == [("sum", "+"), ("activation", "")]
    assert same.shortcut == [] and [layer.text for layer in wider.shortcut or []] == ["1×1 conv 8"]


def test_layers_that_form_no_single_path_are_counted():
    face = keras.Input((8, 8, 4))
    branches = [kl.Conv2D(4, 1)(face) for _ in range(3)]
    network = layers.read(keras.Model(face, kl.Concatenate()(branches)))
    _, block = blocks(network)
    assert block.before == [] and len(block.layers) == 4
    texts = {text.get_text() for text in diagram.diagram("x", network).axes[0].texts}
    assert {"3 × convolution", "1 × shape"} <= texts


@pytest.mark.parametrize("name", NETWORKS)
def test_every_layer_is_in_one_block_and_costs_add_up(name: str):
    found = blocks(_network(name))
    names = sorted(layer.name for block in found for layer in block.layers)
    assert names == sorted(layer.name for layer in _network(name))
    sums = [layers.totals(block.layers) for block in found]
    assert {cost: sum(one[cost] for one in sums) for cost in sums[0]} == layers.totals(_network(name))
    assert len(found) <= 30, "a page has no room for so many lines"


@pytest.mark.parametrize("name", ["cnn", "vgg16", "resnet50v2", "resnet_fer", "MobileNetV3Small"])
def test_blocks_of_common_networks_are_drawn_with_their_shortcuts(name: str):
    found = blocks(_network(name))
    assert all(block.before or block.inside for block in found)
    shortcuts = {"resnet50v2": 16, "resnet_fer": 6, "MobileNetV3Small": 6}
    assert sum(block.times for block in found if block.shortcut is not None) == shortcuts.get(name, 0)


@pytest.mark.parametrize("name", NETWORKS)
def test_no_text_is_cut_off_or_overlaps_another(name: str):
    figure = diagram.diagram(name, _network(name))
    assert_nothing_is_cut(figure)
    assert not [pair for pair in itertools.combinations(boxes_of_words(figure), 2) if overlap(*pair)]


def test_the_diagram_names_the_size_and_costs_of_each_block():
    texts = {text.get_text() for text in diagram.diagram("cnn", _network("cnn")).axes[0].texts}
    assert {"cnn", "pair1", "emotion", "3×3 conv 32", "max 2×2", "dense 1024", "24×24×32", "9.44 M"} <= texts
    assert any("10.4 M parameters" in text and "212 M MACs" in text for text in texts)


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (455, "455"), (999.6, "1 k"), (9472, "9.47 k"), (999_999, "1 M"), (15.34e9, "15.3 G")],
)
def test_amounts_have_at_most_three_significant_digits(number: float, text: str):
    assert diagram.amount(number) == text


def _totals(*stack: keras.Layer) -> dict[str, int]:
    face = keras.Input((9, 11, 4))
    x = face
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
def test_macs_of_a_layer_equal_a_sum_by_hand(layer: keras.Layer, macs: int):
    assert _totals(layer)["macs"] == macs


def test_parameters_are_trainable_and_frozen_ones():
    totals = _totals(kl.Conv2D(6, 3, trainable=False), kl.BatchNormalization(), kl.Flatten(), kl.Dense(2))
    trainable = 2 * 6 + (7 * 9 * 6 * 2 + 2)
    macs = 7 * 9 * (3 * 3 * 4 * 6 + 6 * 2)
    frozen = 3 * 3 * 4 * 6 + 6 + 2 * 6
    assert totals == {"parameters": trainable + frozen, "trainable_parameters": trainable, "macs": macs}


@pytest.mark.parametrize(("application", "top", "giga"), [("VGG16", False, 15.3), ("MobileNetV2", True, 0.300)])
def test_macs_of_networks_equal_published_figures(application: str, top: bool, giga: float):
    """Simonyan & Zisserman 2015, Sandler et al. 2018, at 224 pixels."""
    model = getattr(keras.applications, application)(include_top=top, weights=None, input_shape=(224, 224, 3))
    totals = layers.totals(layers.read(model))
    assert totals["macs"] / 1e9 == pytest.approx(giga, rel=0.01)
    assert totals["parameters"] == model.count_params()
