"""Pretrained weights: downloaded and checked, put into MobileNet, and kept through the first steps of training."""

import hashlib
from pathlib import Path

import keras
import numpy as np
import pytest

from emotion.core.errors import InputError
from emotion.models import mobilenet
from emotion.pretrained import download
from emotion.training import registry
from emotion.training.renormalise import renormalise
from tests.answering import CONTENT, LOST, answering

SHA256 = hashlib.sha256(CONTENT).hexdigest()
RNG = np.random.default_rng(1)
FACES = RNG.integers(0, 256, (64, 48, 48)).astype(np.uint8)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file like faceres-deep.bin, with random values that keep the signal alive."""
    values = [RNG.normal(0, 1, mobilenet.FIRST_VALUE)]

    def add(*shape: int, scale: float) -> None:
        values.append(RNG.normal(0, scale, np.prod(shape)))

    channels = mobilenet.STEM
    add(3, 3, 3, channels, scale=0.01)
    add(channels, scale=0.5)
    add(mobilenet.CONSTANTS, scale=1)
    for wider, _ in mobilenet.BLOCKS:
        add(3, 3, channels, 1, scale=0.3)
        values.append(np.ones(channels))
        add(channels, scale=0.5)
        add(mobilenet.CONSTANTS, scale=1)
        add(channels, wider, scale=(2 / channels) ** 0.5)
        add(wider, scale=0.5)
        add(mobilenet.CONSTANTS, scale=1)
        channels = wider
    values.append(np.zeros(2))  # the axes that are pooled
    path = tmp_path_factory.mktemp("weights") / "faceres-deep.bin"
    path.write_bytes(np.concatenate(values).astype(np.float32).tobytes())
    return path


def _build(weights: Path) -> keras.Model:
    return registry.build("mobilenet", {"width": 1.0, "dropout": 0.0}, weights=str(weights))


def test_the_first_convolution_sees_the_enlarged_face_in_colour(weights: Path):
    values = np.frombuffer(weights.read_bytes(), np.float32)[mobilenet.FIRST_VALUE :]
    kernel = values[: 27 * 32].reshape(3, 3, 3, 32)
    bias = values[27 * 32 : 28 * 32]
    faces = FACES[:4, ..., None].astype(np.float32)
    enlarged = keras.ops.image.resize(np.repeat(faces, 3, axis=-1), (96, 96), interpolation="bilinear")
    expected = keras.ops.conv(enlarged - mobilenet.BGR_MEANS, kernel, strides=2, padding="same") + bias
    model = _build(weights)
    inside = keras.Model(model.input, model.get_layer("conv_norm").output)(faces)
    # At the border the enlarged picture ends in zeros, the face in gray.
    np.testing.assert_allclose(inside[:, 1:-1, 1:-1], expected[:, 1:-1, 1:-1], atol=1e-3)


def test_every_weight_of_the_file_is_used_once(weights: Path):
    values = np.frombuffer(weights.read_bytes(), np.float32)
    last = _build(weights).get_layer("block13_pointwise")
    end = len(values) - 2 - mobilenet.CONSTANTS
    assert np.array_equal(last.kernel.numpy().ravel(), values[end - 1024 - 1024**2 : end - 1024])


def test_weights_of_another_length_or_for_another_width_are_refused(weights: Path, tmp_path: Path):
    short = tmp_path / "short.bin"
    short.write_bytes(weights.read_bytes()[:-4])
    with pytest.raises(InputError, match=r"short.bin holds 3,489,404 numbers, not the 3,489,405 of"):
        _build(short)
    with pytest.raises(InputError, match="width is 0.5: with weights it must be 1"):
        registry.build("mobilenet", {"width": 0.5, "dropout": 0.0}, weights=str(weights))


def test_a_network_without_pretrained_weights_refuses_them(weights: Path):
    build = {"stem": 4, "widths": [4], "blocks": [1], "dropout": 0.0, "activation": "relu", "initializer": "he_normal"}
    with pytest.raises(InputError, match="resnet_fer takes no pretrained weights: write params/none.csv"):
        registry.build("resnet_fer", build, weights=str(weights))


def test_renormalised_batch_norm_computes_the_same_at_inference_and_in_training(weights: Path):
    model = _build(weights)
    own = model.get_weights()
    faces = FACES[..., None].astype(np.float32)
    features = keras.Model(model.input, model.get_layer("average").output)
    before = features(faces, training=False).numpy()
    without = features(faces, training=True).numpy()
    model.set_weights(own)
    renormalise(model, FACES)
    np.testing.assert_allclose(features(faces, training=False), before, atol=0.02)
    in_training = features(faces, training=True).numpy()
    assert np.abs(in_training - before).mean() < 0.05 * np.abs(without - before).mean()


def test_one_batch_norm_is_put_back_from_few_faces():
    face = keras.Input((48, 48, 1))
    norm = keras.layers.BatchNormalization()
    model = keras.Model(face, keras.layers.Flatten()(norm(face)))
    faces = FACES[:10]
    before = model(faces[..., None].astype(np.float32), training=False).numpy()
    renormalise(model, faces)
    np.testing.assert_allclose(norm.moving_mean, [faces.mean()], rtol=1e-5)
    np.testing.assert_allclose(model(faces[..., None].astype(np.float32), training=False), before, rtol=1e-3, atol=1e-2)


def test_a_file_of_ones_own_comes_before_the_download():
    folder = Path("data/external")
    folder.mkdir(parents=True)
    (folder / "file.bin").write_bytes(CONTENT)
    assert download.fetch("http://127.0.0.1:9/none", SHA256, "file.bin") == CONTENT
    (folder / "file.bin").write_bytes(b"another")
    with pytest.raises(InputError, match="data/external/file.bin: not the expected file: its SHA-256 is"):
        download.fetch("http://127.0.0.1:9/none", SHA256, "file.bin")


@pytest.fixture(autouse=True)
def in_an_empty_folder_without_pauses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(download, "PAUSE_SECONDS", 0)


@pytest.mark.parametrize("statuses", [(503, 500, 200), (LOST, 200)], ids=["busy", "lost"])
def test_a_download_that_fails_is_tried_again(statuses: tuple[int, ...]):
    with answering(*statuses) as server:
        assert download.fetch(server.address, SHA256, "file.bin") == CONTENT


@pytest.mark.parametrize("statuses", [[503] * 3, [404]])
def test_a_failed_download_says_where_to_save_the_file(statuses: list[int]):
    message = "cannot be downloaded .*: try again, or save it as data/external/file.bin$"
    with answering(*statuses) as server, pytest.raises(InputError, match=message):
        download.fetch(server.address, SHA256, "file.bin")
    assert not server.statuses


def test_a_download_of_another_hash_is_refused():
    with answering(200, 200, 200) as server:
        for digits, kind in ((64, "SHA-256"), (32, "MD5")):
            with pytest.raises(InputError, match=f"/file: not the expected file: its {kind} is"):
                download.fetch(server.address, "0" * digits, "file.bin")
        assert download.fetch(server.address, hashlib.md5(CONTENT).hexdigest(), "file.bin") == CONTENT
