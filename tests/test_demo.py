"""The page of `make demo` in a real browser. It runs in an environment of its own: `make USE=demo setup`."""

import hashlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from emotion.apps.demo import command
from emotion.core.labels import EMOTIONS
from emotion.detection import networks
from tests.demo_page import LIBRARIES, kept_pictures, opened, served_demo, start
from tests.inputs import HEIC
from tests.pasted import brightness_model, photograph
from tests.serving import free_port
from tests.source import ROOT


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The demo with two networks, one of which has its labels in reverse."""
    folder = tmp_path_factory.mktemp("demo")
    (folder / "models").mkdir()
    brightness_model(folder / "model.onnx")
    brightness_model(folder / "models/turned.onnx", labels=EMOTIONS[::-1])
    yield from served_demo(folder, "--model", "model.onnx")


@pytest.fixture(scope="module")
def explaining(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The demo with TensorFlow and a network whose Keras file exists; it deletes pictures early."""
    import keras  # here: the other tests need no TensorFlow

    folder = tmp_path_factory.mktemp("explaining")
    (folder / "models").mkdir()
    face = keras.Input((48, 48, 1))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(4, 3, strides=4)(face))
    keras.Model(face, keras.layers.Dense(7, activation="softmax")(x)).save(folder / "models/tiny.keras")
    md5 = hashlib.md5((folder / "models/tiny.keras").read_bytes()).hexdigest()
    brightness_model(folder / "models/tiny.onnx", weights_md5=md5)
    brightness_model(folder / "models/without.onnx")
    before = f"import sys; sys.path.append({LIBRARIES!r}); command.MAX_AGE = 8"
    yield from served_demo(folder, "--model", "models/tiny.onnx", before=before, ending=signal.SIGTERM)


@pytest.fixture
def page(browser: Any, served: tuple[str, Path]) -> Iterator[Any]:
    """The open page of `served`."""
    yield from opened(browser, served[0])


def test_uploaded_faces_get_boxes_and_the_clicked_one_gets_bars(page: Any, tmp_path: Path):
    picture = photograph([(60, 120, 150), (380, 160, 150)])
    picture[:, 320:] = picture[:, 320:] * 0.6  # the model tells brightness apart
    Image.fromarray(picture).resize((2560, 1920)).save(tmp_path / "two.png")
    page.locator("input[type=file]").first.set_input_files(tmp_path / "two.png")
    page.get_by_text("2 faces, this is number 1 from the left.").wait_for()
    assert page.locator(".selectable img").evaluate("image => image.naturalWidth") == 1280, (
        "2560 is more than pages show"
    )
    first = page.locator("[data-testid=label-output-value]").first.inner_text()
    shown = page.locator(".selectable img").bounding_box()
    page.mouse.click(shown["x"] + 0.71 * shown["width"], shown["y"] + 0.5 * shown["height"])
    page.get_by_text("2 faces, this is number 2 from the left.").wait_for()
    assert page.locator("[data-testid=label-output-value]").first.inner_text() != first


def test_examples_are_face_crops_and_a_picture_without_faces_is_reported(page: Any, tmp_path: Path):
    page.locator(".gallery-item").nth(3).click()
    page.get_by_text("One face.").wait_for()
    assert page.get_by_label("The picture is a cropped face").is_checked()
    page.get_by_label("The picture is a cropped face").uncheck()
    page.get_by_label("Clear").or_(page.get_by_label("Remove Image")).first.click()
    Image.new("RGB", (320, 240), "gray").save(tmp_path / "none.png")
    page.locator("input[type=file]").first.set_input_files(tmp_path / "none.png")
    page.get_by_text("No face found.").wait_for()


def test_a_camera_is_shown_live(page: Any):
    page.get_by_role("tab", name="Webcam").click()
    page.get_by_text("Click to Access Webcam").last.click()
    page.get_by_text("Record").last.click()
    page.get_by_text("Stop").last.wait_for()
    page.wait_for_function("[...document.querySelectorAll('img')].some(image => image.naturalWidth >= 320)")


def test_another_network_predicts_when_it_is_chosen(page: Any):
    assert page.get_by_text("Grad-CAM").count() == 0, "without TensorFlow there is none"
    page.locator(".gallery-item").nth(3).click()
    page.get_by_text("One face.").wait_for()
    answer = page.locator("[data-testid=label-output-value]").first
    first = answer.inner_text()
    page.get_by_label("network").click()
    page.get_by_role("option", name="models/turned.onnx").click()
    expected = EMOTIONS[::-1][EMOTIONS.index(first)]
    page.wait_for_function(
        f"document.querySelector('[data-testid=label-output-value]').innerText.trim() == '{expected}'"
    )
    assert page.locator(".confidence-set").count() == 7


def test_an_invalid_file_is_reported(page: Any, tmp_path: Path):
    bad = {
        "text.png": (b"hello", "not a picture in a supported format"),
        "empty.jpg": (b"", "the picture: empty"),
        "phone.png": (HEIC, "HEIC, which is not supported"),
        "cut.png": ((ROOT / "docs/tuning.png").read_bytes()[:3000], "damaged: it is truncated"),
    }
    for name, (content, message) in bad.items():
        (tmp_path / name).write_bytes(content)
        page.locator("input[type=file]").first.set_input_files(tmp_path / name)
        page.get_by_text(message).wait_for()
        page.get_by_label("Clear").or_(page.get_by_label("Remove Image")).first.click()


def test_with_tensorflow_a_heatmap_explains_the_prediction(browser: Any, explaining: tuple[str, Path], tmp_path: Path):
    address, folder = explaining
    Image.fromarray(photograph([(60, 120, 150), (380, 160, 150)])).save(tmp_path / "sent.png")
    for page in opened(browser, address):
        page.locator("input[type=file]").first.set_input_files(tmp_path / "sent.png")
        page.get_by_text("2 faces, this is number 1 from the left.").wait_for()
        page.get_by_label("Explain the prediction (Grad-CAM)").check()
        page.locator("img[src^='data:image']").wait_for(timeout=120_000)
        examples = {f"{emotion}.png" for emotion in EMOTIONS}
        deadline = time.monotonic() + 180
        while kept_pictures(folder) != examples and time.monotonic() < deadline:
            time.sleep(0.5)
        assert kept_pictures(folder) == examples, "all but these is deleted soon"
        page.get_by_label("network").click()
        page.get_by_role("option", name="models/without.onnx").click()
        page.get_by_text("models/ holds no Keras file that this network was exported from").wait_for()
        assert page.get_by_text("2 faces, this is number 1 from the left.").is_visible(), "it is still in memory"


def test_a_port_in_use_is_one_line(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = start(tmp_path, port)
        output, _ = server.communicate(timeout=120)
    message = f"error: port {port} is in use: choose another one, --port N or `make` with PORT=N\n"
    assert (server.returncode, output) == (1, message)


def test_networks_are_the_named_the_shipped_and_the_exported_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(networks, "PACKAGE", tmp_path / "emotion")
    assert command.networks(None) == {command.SHIPPED: None}
    Path("models").mkdir()
    for name in ("a.onnx", "a.keras", "b.int8.onnx", "notes.txt"):
        Path("models", name).touch()
    exported = ["models/a.onnx", "models/b.int8.onnx"]
    assert list(command.networks(None)) == exported
    Path("models/emotion.onnx").touch()
    assert list(command.networks(None)) == [command.SHIPPED, *exported]
    assert list(command.networks("models/b.int8.onnx")) == ["models/b.int8.onnx", command.SHIPPED, "models/a.onnx"]
    assert list(command.networks("models/emotion.onnx")) == ["models/emotion.onnx", *exported]
    assert command.networks("small")["small"] == networks.shipped("emotion_small.onnx")


def test_without_any_network_the_remedy_is_named(tmp_path: Path):
    before = f"from emotion.detection import networks; networks.PACKAGE = networks.Path('{tmp_path}/none')"
    output, _ = start(tmp_path, free_port(), before=before).communicate(timeout=120)
    assert output.startswith("error: models/emotion.onnx: there is no such model: `git checkout models/emotion.onnx`")


def test_without_gradio_the_remedy_is_named(tmp_path: Path):
    model = brightness_model(tmp_path / "model.onnx")
    command = [sys.executable, "-m", "emotion", "demo", "--model", str(model)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    remedy = "demo needs gradio, which is not installed: run `make demo`"
    assert (done.returncode, done.stderr) == (1, f"error: {remedy}\n")
