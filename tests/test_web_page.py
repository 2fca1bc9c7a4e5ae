"""The static page of `make web` in a real browser, against Python."""

import contextlib
import functools
import itertools
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from PIL import Image

from emotion import EmotionClassifier, faces
from emotion.faces import Found, Haar
from tests.pasted import brightness_model, photograph
from tests.source import ROOT

SLOW = 120_000  # milliseconds, where many processes share a core
FIVE = [(20, 30, 90), (200, 40, 120), (400, 20, 200), (40, 250, 180), (330, 280, 130)]


def _build(model: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tools.web_page", "--model", str(model), "--out", str(folder)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network whose answers hang on every pixel."""
    path = brightness_model(tmp_path_factory.mktemp("model") / "model.onnx")
    network = onnx.load(path)
    weights = np.random.default_rng(0).normal(0, 4e-4, (48 * 48, 7)).astype("f")
    for constant, values in zip(network.graph.initializer, (weights, np.zeros(7, "f")), strict=True):
        constant.CopyFrom(numpy_helper.from_array(values, constant.name))
    onnx.save(network, path)
    return path


@pytest.fixture(scope="module")
def site(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `make web` makes."""
    if shutil.which("npm") is None:
        pytest.skip("no npm here, which gets the page's libraries")
    folder = tmp_path_factory.mktemp("web") / "site"
    done = _build(model, folder)
    assert done.returncode == 0, done.stderr
    return folder


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def _served(folder: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """Where the page is served as `python -m http.server` serves it."""
    with _served(site) as address:
        yield address


@contextlib.contextmanager
def _open(browser: Any, address: str, script: str = "") -> Iterator[Any]:
    """Open the page. It asks for nothing but its own files, and the browser has nothing to complain of."""
    with contextlib.closing(browser.new_context()) as context:
        asked: list[Any] = []
        complaints: list[str] = []
        context.on("request", lambda request: asked.append(request))
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.add_init_script(script)
        page.goto(address)
        page.locator("#status:not(:text('Loading'))").wait_for(timeout=SLOW)
        yield page
        others = [one.url for one in asked if not one.url.removeprefix("blob:").startswith(f"{address}/")]
        assert (others, {one.method for one in asked}, complaints) == ([], {"GET"}, [])


@pytest.fixture(scope="module")
def ready(browser: Any, address: str) -> Iterator[Any]:
    """The page, loaded once, which takes long."""
    with _open(browser, address) as page:
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
def alone(browser: Any, address: str) -> Iterator[Any]:
    """A page without anything, in which the page's modules can be called."""
    with contextlib.closing(browser.new_page()) as page:
        page.goto(f"{address}/style.css")
        yield page


def _status(page: Any, text: str) -> None:
    page.locator("#status").get_by_text(text).wait_for(timeout=SLOW)


def _shown(page: Any) -> np.ndarray:
    """The probabilities in all tables, (faces, 7)."""
    cells = (
        "[...document.querySelectorAll('table')].map(t => [...t.querySelectorAll('.value')].map(v => +v.dataset.value))"
    )
    return np.array(page.evaluate(cells))


def _asked(model: Path, picture: np.ndarray, detector: str = "haar") -> np.ndarray:
    """Python's probabilities, (faces, 7)."""
    found = EmotionClassifier(model, faces=detector).predict(picture).faces
    return np.array([list(face.probabilities.values()) for face in found])


def _script(page: Any, code: str, *given: Any) -> Any:
    """Call a function of the page's modules: `code` sees them as `modules`, and what is given as `given`."""
    modules = "const modules = {...await import('./pixels.js'), ...await import('./faces.js')};"
    return page.evaluate(f"async (given) => {{ {modules} {code} }}", list(given))


def _rgba(picture: np.ndarray) -> list[int]:
    return np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)]).ravel().tolist()


def test_a_face_is_cut_out_squeezed_and_grayed_to_the_same_bytes_as_in_python(alone: Any):
    picture = np.random.default_rng(0).integers(0, 256, (61, 97, 3), np.uint8)
    boxes = [(10, 5, 40, 40), (-7, -9, 30, 31), (60, 30, 45, 40), (-20, -20, 140, 110), (3, 4, 46, 46), (5, 5, 1, 1)]
    code = """const [data, width, height, boxes, margin] = given;
        return boxes.map((box) => Array.from(modules.crop({data, width, height}, box, margin, 48).data));"""
    for margin in (0.02, 0.1, 0.0):
        got = _script(alone, code, _rgba(picture), 97, 61, boxes, margin)
        for box, face in zip(boxes, got, strict=True):
            wanted = faces.crop(picture, Found(box, 1.0), margin)
            np.testing.assert_array_equal(np.array(face).reshape(48, 48), wanted, f"{box} {margin}")


@pytest.mark.parametrize("shape", [(48, 48), (49, 47), (100, 30), (31, 333), (200, 150), (5, 5), (1, 60), (97, 96)])
def test_a_cut_out_face_of_any_shape_becomes_the_same_bytes_as_in_python(alone: Any, shape: tuple[int, int]):
    picture = np.random.default_rng(1).integers(0, 256, (*shape, 3), np.uint8)
    code = """const [data, width, height] = given;
        return Array.from(modules.squeezed(modules.gray({data, width, height}), 48).data);"""
    got = _script(alone, code, _rgba(picture), shape[1], shape[0])
    np.testing.assert_array_equal(np.array(got).reshape(48, 48), faces.squeezed(faces.gray(picture)))


def test_all_colours_become_the_same_gray_as_in_opencv(alone: Any):
    steps = np.arange(0, 256, 15, dtype=np.uint8)
    picture = np.stack(np.meshgrid(steps, steps, steps), -1).reshape(-1, len(steps), 3)
    code = "const [data, width, height] = given; return Array.from(modules.gray({data, width, height}).data);"
    got = _script(alone, code, _rgba(picture), picture.shape[1], picture.shape[0])
    np.testing.assert_array_equal(got, cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).ravel())


def test_halves_are_rounded_and_overlapping_boxes_dropped_as_in_python(alone: Any):
    values = [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 2.4, 2.6, -2.6, 7.0]
    assert _script(alone, "return given.map(modules.round);", *values) == [round(value) for value in values]
    rng = np.random.default_rng(2)
    found = [Found(tuple(map(int, rng.integers(0, 60, 4))), float(rng.integers(0, 5))) for _ in range(200)]
    got = _script(alone, "return modules.merged(given, 0.4);", *({"box": one.box, "score": one.score} for one in found))
    assert [(tuple(one["box"]), one["score"]) for one in got] == [(one.box, one.score) for one in faces.merged(found)]


@pytest.mark.parametrize(
    ("places", "size"),
    [(FIVE, (640, 480)), ([(100, 100, 300), (1300, 450, 500)], (2000, 1300)), ([(700, 300, 700)], (2560, 1600))],
)
def test_the_faces_of_a_picture_get_the_same_boxes_and_probabilities_as_in_python(
    page: Any, model: Path, tmp_path: Path, places: list[tuple[int, int, int]], size: tuple[int, int]
):
    picture = photograph(places, *size, seed=1)
    Image.fromarray(picture).save(tmp_path / "drawn.png")
    page.locator("#files").set_input_files(tmp_path / "drawn.png")
    count = f"{len(places)} face{'s' * (len(places) > 1)}."
    _status(page, f"1 file: {count}")
    wanted = _asked(model, picture)
    assert np.ptp(wanted) > 0.1
    np.testing.assert_allclose(_shown(page), wanted, atol=1e-3)
    styles = """[...document.querySelectorAll('.box')].map(
        (box) => ['left', 'top', 'width', 'height'].map((side) => parseFloat(box.style[side])))"""
    boxes = np.array(page.evaluate(styles)) / 100 * [*size, *size]
    np.testing.assert_allclose(boxes, sorted(face.box for face in Haar().find(picture)), atol=0.01 * size[0] / 100)


def test_several_cut_out_faces_get_the_same_probabilities_as_in_python(page: Any, model: Path, tmp_path: Path):
    rng = np.random.default_rng(3)
    pictures = [rng.integers(0, 256, (*shape, 3), np.uint8) for shape in ((48, 48), (100, 80), (20, 30))]
    for place, picture in enumerate(pictures):
        Image.fromarray(picture).save(tmp_path / f"{place}.png")
    page.get_by_label("Each picture is one face, cut out").check()
    page.locator("#files").set_input_files([tmp_path / f"{place}.png" for place in range(3)])
    _status(page, "3 files: 3 faces.")
    wanted = np.concatenate([_asked(model, picture, "whole") for picture in reversed(pictures)])  # the latest is above
    np.testing.assert_allclose(_shown(page), wanted, atol=1e-3)


def test_a_picture_is_turned_as_its_exif_data_say_and_put_on_white_where_it_is_transparent(
    page: Any, model: Path, tmp_path: Path
):
    turned = Image.fromarray(photograph([(200, 120, 180)]))
    exif = turned.getexif()
    exif[0x0112] = 6
    turned.rotate(90, expand=True).save(tmp_path / "turned.png", exif=exif)
    clear = Image.fromarray(photograph([(200, 120, 180)])).convert("RGBA")
    clear.putalpha(Image.fromarray(np.tile(np.where(np.arange(640) < 320, 255, 0).astype(np.uint8), (480, 1))))
    clear.save(tmp_path / "clear.png")
    page.get_by_label("Each picture is one face, cut out").check()
    page.locator("#files").set_input_files([tmp_path / "turned.png", tmp_path / "clear.png"])
    _status(page, "2 files: 2 faces.")
    wanted = [list(EmotionClassifier(model, faces="whole").predict(tmp_path / name).faces[0].probabilities.values())
              for name in ("clear.png", "turned.png")]  # fmt: skip
    np.testing.assert_allclose(_shown(page), wanted, atol=1e-3)


@pytest.mark.parametrize("kind", ["drop", "paste"])
def test_a_picture_can_be_dropped_or_pasted(page: Any, kind: str, tmp_path: Path):
    Image.fromarray(photograph([(200, 120, 180)])).save(tmp_path / "one.png")
    code = """([kind, bytes]) => {
        const data = new DataTransfer();
        data.items.add(new File([Uint8Array.from(bytes)], "one.png", {type: "image/png"}));
        const event = kind === "drop" ? new DragEvent(kind, {dataTransfer: data, cancelable: true, bubbles: true})
                                      : new ClipboardEvent(kind, {clipboardData: data, bubbles: true});
        document.body.dispatchEvent(event);
        return event.defaultPrevented;
    }"""
    prevented = page.evaluate(code, [kind, list((tmp_path / "one.png").read_bytes())])
    assert prevented or kind == "paste", "the browser would open the picture instead of the page"
    _status(page, "1 file: 1 face.")


def test_what_is_no_picture_is_one_clear_line_and_the_others_are_looked_at(page: Any, tmp_path: Path):
    (tmp_path / "text.jpg").write_text("hello")
    (tmp_path / "empty.png").touch()
    Image.new("RGB", (320, 240), "gray").save(tmp_path / "none.png")
    Image.new("1", (9000, 9000)).save(tmp_path / "huge.png")
    Image.new("1", (33_000, 2)).save(tmp_path / "long.png")
    Image.effect_noise((400, 300), 50).save(tmp_path / "whole.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "whole.png").read_bytes()[:50])
    Image.fromarray(photograph([(200, 120, 180)])).save(tmp_path / "<b>good.png")
    names = ["text.jpg", "empty.png", "none.png", "huge.png", "long.png", "cut.png", "<b>good.png"]
    page.locator("#files").set_input_files([tmp_path / name for name in names])
    _status(page, "7 files: 1 face. 5 files could not be read.")
    told = {
        one.locator("h3").inner_text(): one.locator(".problem").all_inner_texts()
        for one in page.locator("article").all()
    }
    assert told["text.jpg"] == ["Not a picture of a kind that this browser can read."]
    assert told["empty.png"] == ["Empty."]
    assert told["huge.png"][0].startswith("9000 x 9000 pixels: 80,000,000 pixels and 32,000 a side are the most.")
    assert told["long.png"][0].startswith("33000 x 2 pixels: ")
    assert told["none.png"][0].startswith("No face found: a face must look ahead and be 40 pixels wide or more.")
    assert len(told["cut.png"]) == 1 and told["<b>good.png"] == []
    page.get_by_role("button", name="Remove all").click()
    assert page.locator("article").count() == 0


def test_a_picture_larger_than_a_phones_canvas_is_looked_at_smaller(page: Any, tmp_path: Path):
    Image.fromarray(cv2.resize(photograph([(200, 120, 180)]), (6400, 4800))).save(tmp_path / "large.jpg")
    page.locator("#files").set_input_files(tmp_path / "large.jpg")
    _status(page, "1 file: 1 face.")


def test_the_page_and_its_worker_can_ask_no_other_host_for_anything(browser: Any, address: str):
    """The policy of the page forbids it, before a request is made."""
    with contextlib.closing(browser.new_context()) as context:
        asked: list[str] = []
        context.route(
            lambda url: not url.startswith(address), lambda route: (asked.append(route.request.url), route.abort())
        )
        page = context.new_page()
        page.goto(address)
        _status(page, "Ready.")
        refused = """() => new Promise((done) => {
            addEventListener('securitypolicyviolation', (event) => done(event.effectiveDirective));
            fetch('http://192.0.2.1/').then(() => done('sent'));
        })"""
        assert page.evaluate(refused) == "connect-src"
        (worker,) = page.workers
        assert worker.evaluate(refused) == "connect-src"
        policy = page.locator("meta[http-equiv]").get_attribute("content")
        assert "http" not in policy and "*" not in policy and "default-src 'none'" in policy
        assert asked == []


@pytest.fixture
def cinema(launch: Callable[..., Any], tmp_path: Path) -> Iterator[Any]:
    """A browser before whose camera a drawn face is held."""
    frame = cv2.imencode(".jpg", photograph([(200, 120, 180)])[..., ::-1])[1].tobytes()
    (tmp_path / "film.mjpeg").write_bytes(frame * 5)
    browser = launch(
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={tmp_path}/film.mjpeg",
    )
    yield browser
    browser.close()


def test_a_face_before_the_camera_is_boxed_and_gets_its_bars(cinema: Any, address: str, model: Path):
    with _open(cinema, address) as page:
        page.get_by_role("button", name="Start camera").click()
        _status(page, "Camera on: 1 face.")
        assert page.locator("#live .box").count() == 1
        # Not the same pixels: the film is a JPEG, and browsers stretch its range.
        wanted = _asked(model, photograph([(200, 120, 180)]))
        np.testing.assert_allclose(_shown(page), wanted, atol=0.15)
        assert _shown(page).argmax() == wanted.argmax()
        page.get_by_role("button", name="Stop camera").click()
        _status(page, "Camera off.")
        assert page.locator("video").evaluate("video => video.srcObject") is None


def test_without_a_camera_it_says_so(launch: Callable[..., Any], address: str):
    with contextlib.closing(launch("--use-fake-ui-for-media-stream")) as browser, _open(browser, address) as page:
        page.get_by_role("button", name="Start camera").click()
        _status(page, "No camera was found on this device.")
        assert page.get_by_role("button", name="Start camera").is_enabled()


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ("NotAllowedError", "The camera may not be used: allow it in the browser's settings of this page, then start"),
        ("NotReadableError", "The camera does not answer; another program may be using it."),
        ("OtherError", "The camera cannot be used (OtherError)."),
    ],
)
def test_a_camera_that_is_refused_or_in_use_is_told_with_the_remedy(page: Any, error: str, told: str):
    fails = f"async () => {{ throw new DOMException('', '{error}'); }}"
    page.evaluate(f"navigator.mediaDevices.getUserMedia = {fails}, 0")
    page.get_by_role("button", name="Start camera").click()
    _status(page, told)
    page.evaluate("delete navigator.mediaDevices.getUserMedia")


def test_on_an_address_that_browsers_lend_no_camera_to_it_says_so(page: Any):
    page.evaluate("Object.defineProperty(navigator, 'mediaDevices', {value: undefined, configurable: true}), 0")
    page.get_by_role("button", name="Start camera").click()
    _status(page, "Browsers lend the camera only to pages from https:// or localhost, and this one is neither.")
    page.evaluate("delete navigator.mediaDevices")


def test_without_webassembly_it_says_so(browser: Any, address: str):
    with _open(browser, address, "delete window.WebAssembly;") as page:
        _status(page, "This browser has no WebAssembly, or it is switched off")
        assert page.locator("#files").is_disabled()


def test_without_its_network_or_with_a_damaged_one_the_page_says_so(browser: Any, site: Path, tmp_path: Path):
    copy = shutil.copytree(site, tmp_path / "site")
    with _served(copy) as address:
        (copy / "emotion.onnx").write_bytes(b"nothing")
        with contextlib.closing(browser.new_page()) as page:
            page.goto(address)
            _status(page, "The network cannot be started: ")
            (copy / "emotion.onnx").unlink()
            page.goto(address)
            _status(page, "The network cannot be started: emotion.onnx cannot be loaded (404).")


def test_everybody_can_read_the_page(page: Any, tmp_path: Path):
    from axe_playwright_python.sync_playwright import Axe

    Image.fromarray(photograph(FIVE, seed=1)).save(tmp_path / "five.png")
    (tmp_path / "text.jpg").write_text("hello")
    page.locator("#files").set_input_files([tmp_path / "text.jpg", tmp_path / "five.png"])
    _status(page, "2 files: 5 faces.")
    for scheme, width in itertools.product(("light", "dark"), (1280, 390)):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 900})
        found = [one for one in Axe().run(page).response["violations"] if one["impact"] in ("serious", "critical")]
        assert [(one["id"], one["nodes"][0]["target"]) for one in found] == [], (scheme, width)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_everything_can_be_reached_by_the_keyboard(page: Any, tmp_path: Path):
    Image.fromarray(photograph([(200, 120, 180)])).save(tmp_path / "one.png")
    page.locator("#files").set_input_files(tmp_path / "one.png")
    _status(page, "1 file: 1 face.")
    page.locator("h1").click()  # from there on
    reached = []
    for _ in range(4):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id"))
    assert reached == ["files", "whole", "camera", "clear"]
    page.keyboard.press("Enter")
    _status(page, "Removed.")


def test_the_page_knows_the_labels_of_the_model_and_the_defaults_of_python(site: Path, model: Path):
    settings = json.loads((site / "settings.json").read_text(encoding="utf-8"))
    assert tuple(settings["labels"]) == EmotionClassifier(model).labels
    assert settings["haar"]["smallest"] == Haar().smallest and settings["haar"]["margin"] == Haar.margin


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("none.onnx", "none.onnx: there is no such model"),
        ("model.tflite", "model.tflite: browsers run ONNX files: name one that ends in .onnx"),
    ],
)
def test_a_model_that_browsers_cannot_run_is_one_clear_line(tmp_path: Path, name: str, told: str):
    done = _build(tmp_path / name, tmp_path / "site")
    assert done.returncode == 1 and told in done.stderr and len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "site").exists()


def test_without_npm_the_build_says_where_it_is_found(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from emotion.errors import InputError
    from tools import web_page

    shutil.copy(ROOT / "web/package-lock.json", tmp_path)
    monkeypatch.setattr(web_page, "WEB", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        InputError, match="npm is not installed, which gets the page's libraries: see https://nodejs.org"
    ):
        web_page.build(model, tmp_path / "site")


def test_the_lock_names_no_registry():
    """Each machine asks its own; what comes is checked against the lock's hashes."""
    lock = json.loads((ROOT / "web/package-lock.json").read_text(encoding="utf-8"))
    packages = {name: one for name, one in lock["packages"].items() if name}
    assert all(one.get("integrity") and "resolved" not in one for one in packages.values())
