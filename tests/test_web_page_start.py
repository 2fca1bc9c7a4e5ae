"""The page of `make web`: how it is built, its camera, and what it says where something is missing."""

import contextlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from emotion import EmotionClassifier
from tests.source import ROOT
from tests.web_page import ONE, address, build, model, opened, predicted, served, shown_values, site, wait_for_status

assert address and model and site  # fixtures


def test_the_page_and_its_worker_can_contact_no_other_host(browser: Any, address: str):
    """The page's Content-Security-Policy forbids it before a request is made."""
    with contextlib.closing(browser.new_context()) as context:
        requests: list[str] = []
        context.route(
            lambda url: not url.startswith(address), lambda route: (requests.append(route.request.url), route.abort())
        )
        page = context.new_page()
        page.goto(address)
        wait_for_status(page, "Ready.")
        refused = """() => new Promise((done) => {
            addEventListener('securitypolicyviolation', (event) => done(event.effectiveDirective));
            fetch('http://192.0.2.1/').then(() => done('sent'));
        })"""
        assert page.evaluate(refused) == "connect-src"
        (worker,) = page.workers
        assert worker.evaluate(refused) == "connect-src"
        policy = page.locator("meta[http-equiv]").get_attribute("content")
        assert "http" not in policy and "*" not in policy and "default-src 'none'" in policy
        assert requests == []


@pytest.fixture
def cinema(launch: Callable[..., Any], tmp_path: Path) -> Iterator[Any]:
    """A browser whose camera shows a synthetic face."""
    frame = cv2.imencode(".jpg", ONE[..., ::-1])[1].tobytes()
    (tmp_path / "film.mjpeg").write_bytes(frame * 5)
    fake = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    with contextlib.closing(launch(*fake, f"--use-file-for-fake-video-capture={tmp_path}/film.mjpeg")) as browser:
        yield browser


def test_a_face_before_the_camera_gets_a_box_and_bars(cinema: Any, address: str, model: Path):
    with opened(cinema, address) as page:
        page.get_by_role("button", name="Start camera").click()
        wait_for_status(page, "Camera on: 1 face.")
        assert page.locator("#live .box").count() == 1
        # Not the same pixels: the film is a JPEG, and browsers stretch its range.
        wanted = predicted(model, ONE)
        np.testing.assert_allclose(shown_values(page), wanted, atol=0.15)
        assert shown_values(page).argmax() == wanted.argmax()
        page.get_by_role("button", name="Stop camera").click()
        wait_for_status(page, "Camera off.")
        assert page.locator("video").evaluate("video => video.srcObject") is None


def test_a_missing_camera_is_reported(launch: Callable[..., Any], address: str):
    with contextlib.closing(launch("--use-fake-ui-for-media-stream")) as browser, opened(browser, address) as page:
        page.get_by_role("button", name="Start camera").click()
        wait_for_status(page, "No camera found.")
        assert page.get_by_role("button", name="Start camera").is_enabled()


def test_missing_webassembly_is_reported(browser: Any, address: str):
    with opened(browser, address, "delete window.WebAssembly;") as page:
        wait_for_status(page, "This browser does not support WebAssembly")
        assert page.locator("#files").is_disabled()


def test_a_missing_or_damaged_network_is_reported(browser: Any, site: Path, tmp_path: Path):
    copy = shutil.copytree(site, tmp_path / "site")
    with served(copy) as address:
        (copy / "emotion.onnx").write_bytes(b"nothing")
        with contextlib.closing(browser.new_page()) as page:
            page.goto(address)
            wait_for_status(page, "The network cannot be loaded: ")
            (copy / "emotion.onnx").unlink()
            page.goto(address)
            wait_for_status(page, "The network cannot be loaded: emotion.onnx cannot be loaded (404).")


def test_the_settings_hold_the_models_labels(site: Path, model: Path):
    settings = json.loads((site / "settings.json").read_text(encoding="utf-8"))
    assert tuple(settings["labels"]) == EmotionClassifier(model).labels


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none.onnx", "none.onnx: there is no such model"),
        ("model.tflite", "model.tflite: browsers run ONNX files: name one that ends in .onnx"),
    ],
)
def test_a_model_that_browsers_cannot_run_is_one_line(tmp_path: Path, name: str, message: str):
    done = build(tmp_path / name, tmp_path / "site")
    assert done.returncode == 1 and message in done.stderr and len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "site").exists()


def test_without_npm_the_remedy_is_named(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from emotion.core.errors import InputError
    from tools import web_page

    shutil.copy(ROOT / "deploy/web/package-lock.json", tmp_path)
    monkeypatch.setattr(web_page, "WEB", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="npm is not installed: it downloads the page's libraries, see https://nodej"):
        web_page.build(model, tmp_path / "site")


def test_the_lock_names_no_registry():
    """Each machine uses its own; downloads are checked against the lock's hashes."""
    lock = json.loads((ROOT / "deploy/web/package-lock.json").read_text(encoding="utf-8"))
    packages = {name: one for name, one in lock["packages"].items() if name}
    assert all(one.get("integrity") and "resolved" not in one for one in packages.values())
