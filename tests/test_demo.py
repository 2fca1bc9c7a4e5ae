"""The page of `make demo` in a real browser. It runs in an environment of its own: `make USE=demo setup`."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.pasted import brightness_model, photograph
from tests.source import ROOT

PYTHON = ROOT / ".venv-demo/bin/python"


def _start(folder: Path, port: int) -> subprocess.Popen[str]:
    if not PYTHON.exists():
        pytest.skip("no environment for the demo: `make USE=demo setup` makes it")
    model = brightness_model(folder / "model.onnx")
    command = [str(PYTHON), "-m", "emotion", "demo", "--port", str(port), "--model", str(model)]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": str(folder)}
    return subprocess.Popen(
        command, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of the page, and the folder in which it keeps what is sent to it."""
    folder = tmp_path_factory.mktemp("demo")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = _start(folder, port)
    line = server.stdout.readline()  # type: ignore[union-attr]
    assert f"open http://127.0.0.1:{port}/" in line, line
    yield f"http://127.0.0.1:{port}", folder
    server.send_signal(signal.SIGINT)
    assert server.wait(30) in (0, 130, -signal.SIGINT)
    pictures = {path for path in folder.rglob("*") if path.suffix in (".png", ".webp", ".jpg", ".jpeg")}
    assert not pictures, "something that was sent, or was made of it, stayed"


@pytest.fixture
def page(browser: Any, served: tuple[str, Path]) -> Iterator[Any]:
    """The open page. It asks no other host for anything, and the browser has nothing to complain of."""
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    outside: list[str] = []
    errors: list[str] = []
    page.on("request", lambda request: outside.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(served[0])
    page.get_by_text("drawn faces").wait_for()
    yield page
    assert [url for url in outside if not url.startswith((served[0], "data:", "blob:"))] == []
    assert errors == []
    page.close()


def test_an_uploaded_picture_gets_its_faces_boxed_and_the_one_that_is_clicked_has_bars(page: Any, tmp_path: Path):
    picture = photograph([(60, 120, 150), (380, 160, 150)])
    picture[:, 320:] = picture[:, 320:] * 0.6  # the model tells brightness apart
    Image.fromarray(picture).save(tmp_path / "two.png")
    page.locator("input[type=file]").first.set_input_files(tmp_path / "two.png")
    page.get_by_text("2 faces, this is number 1 from the left.").wait_for()
    first = page.locator("[data-testid=label-output-value]").first.inner_text()
    shown = page.locator(".selectable img").bounding_box()
    page.mouse.click(shown["x"] + 0.71 * shown["width"], shown["y"] + 0.5 * shown["height"])
    page.get_by_text("2 faces, this is number 2 from the left.").wait_for()
    assert page.locator("[data-testid=label-output-value]").first.inner_text() != first


def test_a_drawn_face_is_taken_as_a_whole_and_a_picture_without_faces_is_told(page: Any, tmp_path: Path):
    page.locator(".gallery-item").nth(3).click()
    page.get_by_text("One face.").wait_for()
    assert page.get_by_label("The picture is one face, cut out").is_checked()
    page.get_by_label("The picture is one face, cut out").uncheck()
    page.get_by_label("Clear").or_(page.get_by_label("Remove Image")).first.click()
    Image.new("RGB", (320, 240), "gray").save(tmp_path / "none.png")
    page.locator("input[type=file]").first.set_input_files(tmp_path / "none.png")
    page.get_by_text("No face found.").wait_for()


def test_a_camera_is_shown_as_it_goes_on(page: Any):
    page.get_by_role("tab", name="Webcam").click()
    page.get_by_text("Click to Access Webcam").last.click()
    page.get_by_text("Record").last.click()
    page.get_by_text("Stop").last.wait_for()
    page.wait_for_function("[...document.querySelectorAll('img')].some(image => image.naturalWidth >= 320)")


def test_a_port_in_use_is_one_line(tmp_path: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        server = _start(tmp_path, port)
        told, _ = server.communicate(timeout=120)
    assert (server.returncode, told) == (1, f"error: port {port} is in use: choose another one with --port\n")


def test_without_gradio_it_says_what_to_do(tmp_path: Path):
    model = brightness_model(tmp_path / "model.onnx")
    command = [sys.executable, "-m", "emotion", "demo", "--model", str(model)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (
        1,
        "error: the demo needs Gradio, which is not installed here: run `make demo`\n",
    )
