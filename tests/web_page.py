"""The static page of `make web`: built once, served and opened in a real browser, and what it shows."""

import contextlib
import functools
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from PIL import Image

from emotion import EmotionClassifier
from tests.pasted import brightness_model, photograph
from tests.sharing import made_once
from tests.source import ROOT

SLOW = 120_000  # milliseconds, where many processes share a core
ONE = photograph([(200, 120, 180)])


def build(model: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tools.web_page", "--model", str(model), "--out", str(folder)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network whose predictions depend on every pixel."""
    path = brightness_model(tmp_path_factory.mktemp("model") / "model.onnx")
    network = onnx.load(path)
    weights = np.random.default_rng(0).normal(0, 4e-4, (48 * 48, 7)).astype("f")
    for constant, values in zip(network.graph.initializer, (weights, np.zeros(7, "f")), strict=True):
        constant.CopyFrom(numpy_helper.from_array(values, constant.name))
    onnx.save(network, path)
    return path


@pytest.fixture(scope="session")
def site(model: Path, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The folder that `make web` builds, once for all tests."""
    if shutil.which("npm") is None:
        pytest.skip("no npm here to download the page's libraries")

    def make(folder: Path) -> None:
        done = build(model, folder)
        assert done.returncode == 0, done.stderr

    return made_once(tmp_path_factory, worker_id, "site", make)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """The address of the page, served as by `python -m http.server`."""
    with served(site) as address:
        yield address


@contextlib.contextmanager
def opened(browser: Any, address: str, script: str = "") -> Iterator[Any]:
    """Open the page. It requests nothing but its own files, and the browser reports no problem."""
    with contextlib.closing(browser.new_context()) as context:
        requests: list[Any] = []
        complaints: list[str] = []
        context.on("request", lambda request: requests.append(request))  # noqa: PLW0108  a built-in cannot be one
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.add_init_script(script)
        page.goto(address)
        page.locator("#status:not(:text('Loading'))").wait_for(timeout=SLOW)
        yield page
        others = [one.url for one in requests if not one.url.removeprefix("blob:").startswith(f"{address}/")]
        assert (others, {one.method for one in requests}, complaints) == ([], {"GET"}, [])


@pytest.fixture(scope="module")
def ready(browser: Any, address: str) -> Iterator[Any]:
    """The page, loaded once because that takes long."""
    with opened(browser, address) as page:
        assert page.locator("#status").inner_text() == "Ready."
        yield page


@pytest.fixture
def page(ready: Any) -> Any:
    """The page without results."""
    if ready.locator("#clear").is_visible():
        ready.locator("#clear").click()
    ready.locator("#whole").uncheck()
    ready.bring_to_front()
    return ready


@pytest.fixture
def one(tmp_path: Path) -> Path:
    """A picture with one face."""
    Image.fromarray(ONE).save(tmp_path / "one.png")
    return tmp_path / "one.png"


def wait_for_status(page: Any, text: str) -> None:
    page.locator("#status").get_by_text(text).wait_for(timeout=SLOW)


def shown_values(page: Any) -> np.ndarray:
    """The probabilities in all tables, (faces, 7)."""
    values = "[...t.querySelectorAll('.value')].map(v => +v.dataset.value)"
    return np.array(page.evaluate(f"[...document.querySelectorAll('table')].map(t => {values})"))


def predicted(model: Path, picture: np.ndarray | Path, detector: str = "mtcnn") -> np.ndarray:
    """Python's probabilities, (faces, 7)."""
    found = EmotionClassifier(model, detector=detector).predict(picture).faces
    return np.array([list(face.probabilities.values()) for face in found])
