"""Take the screenshots of docs/apps.md: python -m tools.screenshots [MODEL].

All faces are drawn. It needs the environments of `make setup`, `make USE=webcam setup` and `make USE=demo setup`, Xvfb
and Chromium. Two runs differ a little, because the webcam's window and the page are captured live.
"""

import functools
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageGrab
from playwright.sync_api import sync_playwright

from emotion.core import errors
from emotion.core.files import atomic
from emotion.core.labels import EMOTIONS
from emotion.detection.mtcnn import MTCNN
from emotion.synthetic import drawn

TARGET = Path("docs/apps")
PORT = "7871"


def main(model: str = "models/emotion.onnx") -> None:
    """Write the three screenshots into docs/apps/."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        places = [(70, 190, 190), (290, 100, 190), (480, 230, 210), (730, 150, 170)]
        Image.fromarray(scene(places, ("happy", "surprise", "angry", "sad"))).save(folder / "friends.png")
        film(folder / "film.mp4")
        _predict(folder, model)
        _webcam(folder, model)
        _demo(folder, model)


def scene(
    places: list[tuple[int, int, int]], emotions: tuple[str, ...], size: tuple[int, int] = (960, 540)
) -> np.ndarray:
    """Return a room, RGB uint8 (height, width, 3), with a drawn face of an emotion at each (left, top, side)."""
    width, height = size
    room: np.ndarray = np.linspace(205, 165, height)[:, None, None] * np.array([1.0, 0.97, 0.9]) + np.zeros(
        (1, width, 1)
    )
    room[int(0.8 * height) :] = (120, 92, 70)  # the floor, and a window
    window = (width // 3, 12), (width // 3 + 170, height // 6)
    cv2.rectangle(room, *window, (150, 190, 225), cv2.FILLED)
    cv2.rectangle(room, *window, (240, 240, 235), 6)
    for (left, top, side), emotion in zip(places, emotions, strict=True):
        face = cv2.resize(_face(emotion), (side, side), interpolation=cv2.INTER_CUBIC)[..., None]
        inner = np.pad(np.ones((side - 12, side - 12)), 6)
        edge = cv2.GaussianBlur(inner, (0, 0), 3)[..., None]
        part = room[top : top + side, left : left + side]
        part[:] = edge * face * np.array([1.0, 0.92, 0.85]) + (1 - edge) * part
    return np.clip(room, 0, 255).astype(np.uint8)


@functools.cache
def _face(emotion: str) -> np.ndarray:
    """Return the first drawn face of an emotion that the cascade detects."""
    for seed in range(2, 100):
        face = drawn.draw_face(emotion, np.random.default_rng([seed, EMOTIONS.index(emotion)]))
        large = cv2.copyMakeBorder(cv2.resize(face, (160, 160)), 60, 60, 60, 60, cv2.BORDER_CONSTANT, value=180)
        if len(MTCNN().find(cv2.cvtColor(large, cv2.COLOR_GRAY2RGB))) == 1:
            return face
    raise AssertionError(f"the cascade detects no drawn face that is {emotion}")


def film(path: Path, frames: int = 500) -> None:
    """Write a video, 20 seconds, of two faces that move a little."""
    writer = cv2.VideoWriter(os.fspath(path), cv2.VideoWriter.fourcc(*"mp4v"), 25, (640, 480))
    for number in range(frames):
        moved = round(20 * np.sin(number / 12))
        places = [(40 + moved, 120, 180), (350, 170 - moved, 160)]
        writer.write(cv2.cvtColor(scene(places, ("happy", "surprise"), (640, 480)), cv2.COLOR_RGB2BGR))
    writer.release()


def _predict(folder: Path, model: str) -> None:
    command = ["predict", f"{folder}/friends.png", "-o", f"{folder}/out", "--model", model]
    subprocess.run([sys.executable, "-m", "emotion", *command], check=True)
    _write(Image.open(folder / "out/friends.png"), "predict.png")


def _webcam(folder: Path, model: str) -> None:
    """Show the film in the window and capture it once it has settled."""
    command = ["Xvfb", "-displayfd", "1", "-screen", "0", "640x480x24"]
    with _running(command) as number:
        environment = os.environ | {"DISPLAY": f":{number}", "QT_LOGGING_RULES": "*=false"}
        film = [".venv-webcam/bin/python", "-m", "emotion", "webcam", f"{folder}/film.mp4", "--model", model]
        with _running(film, environment):
            while np.ptp(np.asarray(ImageGrab.grab(xdisplay=f":{number}"))) < 100:  # still empty
                time.sleep(0.5)
            time.sleep(5)
            screenshot = ImageGrab.grab(xdisplay=f":{number}")
    _write(screenshot, "webcam.png")


def _demo(folder: Path, model: str) -> None:
    """Upload the picture of friends to the page and select a face."""
    served = [".venv-demo/bin/python", "-m", "emotion", "demo", "--port", PORT, "--model", model]
    with _running(served) as line, sync_playwright() as playwright:
        print(line)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1100, "height": 860})
        page.goto(f"http://127.0.0.1:{PORT}")
        page.locator("input[type=file]").first.set_input_files(folder / "friends.png")
        page.get_by_text("faces, this is number 1 from the left.").wait_for()
        shown = page.locator(".selectable img").bounding_box()
        assert shown
        page.mouse.click(shown["x"] + 0.4 * shown["width"], shown["y"] + 0.4 * shown["height"])
        page.get_by_text("faces, this is number 2 from the left.").wait_for()
        page.wait_for_timeout(1500)  # bars grow
        page.screenshot(path=folder / "demo.png")
        browser.close()
    _write(Image.open(folder / "demo.png"), "demo.png")


@contextmanager
def _running(command: list[str], environment: dict[str, str] | None = None) -> Iterator[str]:
    """Give the first line that a command prints; terminate it afterwards."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def _write(picture: Image.Image, name: str) -> None:
    """Write a picture in 256 colours."""
    with atomic(TARGET / name) as path:
        picture.convert("RGB").quantize(256, kmeans=2, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{TARGET / name}: {(TARGET / name).stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
