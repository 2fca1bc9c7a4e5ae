"""The static page of `make web` in a real browser, against Python."""

import base64
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

from emotion import EmotionClassifier
from emotion.core import pictures
from emotion.core.pictures import Detection
from emotion.detection import boxes, mtcnn, names
from tests.pasted import brightness_model, photograph
from tests.source import ROOT

SLOW = 120_000  # milliseconds, where many processes share a core
ONE = photograph([(200, 120, 180)])
FIVE = [(20, 30, 90), (200, 40, 120), (400, 20, 200), (40, 250, 180), (330, 280, 130)]


def _build(model: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tools.web_page", "--model", str(model), "--out", str(folder)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network whose predictions depend on every pixel."""
    path = brightness_model(tmp_path_factory.mktemp("model") / "model.onnx")
    network = onnx.load(path)
    weights = np.random.default_rng(0).normal(0, 4e-4, (48 * 48, 7)).astype("f")
    for constant, values in zip(network.graph.initializer, (weights, np.zeros(7, "f")), strict=True):
        constant.CopyFrom(numpy_helper.from_array(values, constant.name))
    onnx.save(network, path)
    return path


@pytest.fixture(scope="module")
def site(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `make web` builds."""
    if shutil.which("npm") is None:
        pytest.skip("no npm here to download the page's libraries")
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
    """The address of the page, served as by `python -m http.server`."""
    with _served(site) as address:
        yield address


@contextlib.contextmanager
def _open(browser: Any, address: str, script: str = "") -> Iterator[Any]:
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
    """An empty page, in which the page's modules can be called."""
    with contextlib.closing(browser.new_page()) as page:
        page.goto(f"{address}/style.css")
        yield page


@pytest.fixture
def one(tmp_path: Path) -> Path:
    """A picture with one face."""
    Image.fromarray(ONE).save(tmp_path / "one.png")
    return tmp_path / "one.png"


def _status(page: Any, text: str) -> None:
    page.locator("#status").get_by_text(text).wait_for(timeout=SLOW)


def _shown(page: Any) -> np.ndarray:
    """The probabilities in all tables, (faces, 7)."""
    values = "[...t.querySelectorAll('.value')].map(v => +v.dataset.value)"
    return np.array(page.evaluate(f"[...document.querySelectorAll('table')].map(t => {values})"))


def _predicted(model: Path, picture: np.ndarray | Path, detector: str = "mtcnn") -> np.ndarray:
    """Python's probabilities, (faces, 7)."""
    found = EmotionClassifier(model, detector=detector).predict(picture).faces
    return np.array([list(face.probabilities.values()) for face in found])


def _script(page: Any, code: str, *given: Any) -> Any:
    """Run code in the page, with its modules as `modules` and the arguments as `given`, of which texts are bytes."""
    files = "['pixels', 'resizing', 'boxes'].map((name) => import(`./${name}.js`))"
    modules = f"const modules = Object.assign({{}}, ...await Promise.all({files}));"
    bytes_of = "(text) => Uint8ClampedArray.from(atob(text), (letter) => letter.charCodeAt(0))"
    arguments = f"given = given.map((one) => typeof one === 'string' ? ({bytes_of})(one) : one);"
    return page.evaluate(f"async (given) => {{ {modules} {arguments} {code} }}", list(given))


def _rgba(picture: np.ndarray) -> str:
    pixels = np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])
    return base64.b64encode(pixels.tobytes()).decode()  # Playwright would make an object of each number


def _crops(page: Any, picture: np.ndarray, faces: list[Detection], margin: float | None) -> np.ndarray:
    """The page's crops of faces, (faces, 48, 48)."""
    code = """const [data, width, height, faces, settings] = given;
        return faces.map((face) => Array.from(modules.crop({data, width, height}, face, settings).data));"""
    settings = {"side": 48, "margin": margin, "min_slope": pictures.MIN_SLOPE}
    level = ((0, 0), (1, 0))
    given = [{"box": face.box, "landmarks": face.landmarks or level} for face in faces]
    got = _script(page, code, _rgba(picture), picture.shape[1], picture.shape[0], given, settings)
    return np.array(got).reshape(-1, 48, 48)


@pytest.mark.parametrize("margin", [0.02, 0.1, 0.0, -0.02, None])
def test_a_face_crop_has_the_same_bytes_as_in_python(alone: Any, margin: float | None):
    picture = np.random.default_rng(0).integers(0, 256, (61, 97, 3), np.uint8)
    boxes = [(10, 5, 40, 40), (-7, -9, 30, 31), (60, 30, 45, 40), (-20, -20, 140, 110), (3, 4, 46, 46), (5, 5, 1, 1)]
    faces = [Detection(box, 1.0) for box in boxes]
    wanted = [pictures.crop(picture, face, margin) for face in faces]
    np.testing.assert_array_equal(_crops(alone, picture, faces, margin), wanted)


def test_a_face_whose_eyes_slope_is_turned_as_in_python(alone: Any):
    picture = photograph([(100, 60, 180)], 300, 300)
    directions = np.deg2rad([-170, -90, -40, -15.1, -14.9, 0, 14.9, 15.1, 30, 75, 130])
    ends = 40 * np.stack([np.cos(directions), np.sin(directions)], 1) + 150
    box = (110, 70, 161, 190)
    faces = [Detection(box, 1.0, ((150.0, 150.0), (float(x), float(y)))) for x, y in ends]
    wanted = np.array([pictures.crop(picture, face, 0.1) for face in faces], int)
    np.testing.assert_allclose(_crops(alone, picture, faces, 0.1), wanted, atol=2)
    assert np.abs(wanted[2] - wanted[8]).max() > 50


@pytest.mark.parametrize("size", [(100, 75), (99, 40), (48, 36), (24, 24), (150, 130)])
def test_a_resized_picture_is_as_in_opencv(alone: Any, size: tuple[int, int]):
    picture = photograph([(20, 5, 110)], 203, 151)
    code = """const [data, width, height, [wide, high]] = given;
        const region = new Uint8Array(wide * high * 3);
        modules.average({data, width, height}, [1, 2, width - 1, height - 2], wide, high, region);
        return [region, modules.shrunk({data, width, height}, wide, high).data].map((values) => Array.from(values));"""
    region, whole = _script(alone, code, _rgba(picture), 203, 151, size)
    wanted = (cv2.resize(picture[2:, 1:], size, interpolation=cv2.INTER_AREA), mtcnn._shrunk(picture, *size))
    for got, values in zip((region, whole), wanted, strict=True):
        np.testing.assert_allclose(np.reshape(got, values.shape), values.astype(int), atol=1)


@pytest.mark.parametrize("shape", [(48, 48), (49, 47), (100, 30), (31, 333), (200, 150), (5, 5), (1, 60), (97, 96)])
def test_a_whole_picture_of_any_shape_has_the_same_bytes_as_in_python(alone: Any, shape: tuple[int, int]):
    picture = np.random.default_rng(1).integers(0, 256, (*shape, 3), np.uint8)
    code = """const [data, width, height] = given;
        return Array.from(modules.squeezed(modules.gray({data, width, height}), 48).data);"""
    got = _script(alone, code, _rgba(picture), shape[1], shape[0])
    np.testing.assert_array_equal(np.array(got).reshape(48, 48), pictures.squeezed(pictures.gray(picture)))


def test_all_colours_become_the_same_gray_as_in_opencv(alone: Any):
    steps = np.arange(0, 256, 15, dtype=np.uint8)
    picture = np.stack(np.meshgrid(steps, steps, steps), -1).reshape(-1, len(steps), 3)
    code = "const [data, width, height] = given; return Array.from(modules.gray({data, width, height}).data);"
    got = _script(alone, code, _rgba(picture), picture.shape[1], picture.shape[0])
    np.testing.assert_array_equal(got, cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).ravel())


def test_rounding_and_overlapping_boxes_are_as_in_python(alone: Any):
    values = [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 2.4, 2.6, -2.6, 7.0]
    assert _script(alone, "return given.map(modules.round);", *values) == [round(value) for value in values]
    rng = np.random.default_rng(2)
    found = [Detection(tuple(map(int, rng.integers(0, 60, 4))), float(rng.integers(0, 5))) for _ in range(200)]
    got = _script(alone, "return modules.merged(given, 0.4);", *({"box": one.box, "score": one.score} for one in found))
    assert [(tuple(one["box"]), one["score"]) for one in got] == [(one.box, one.score) for one in boxes.merged(found)]


@pytest.mark.parametrize(
    ("places", "size"),
    [(FIVE, (640, 480)), ([(100, 100, 300), (1300, 450, 500)], (2000, 1300)), ([(700, 300, 700)], (2560, 1600))],
)
def test_faces_get_the_same_boxes_and_probabilities_as_in_python(
    page: Any, model: Path, tmp_path: Path, places: list[tuple[int, int, int]], size: tuple[int, int]
):
    picture = photograph(places, *size, seed=1)
    Image.fromarray(picture).save(tmp_path / "drawn.png")
    page.locator("#files").set_input_files(tmp_path / "drawn.png")
    found = sorted(face.box for face in mtcnn.MTCNN(names.MIN_FACE_SIZE).find(picture))
    assert len(found) == len(places)
    _status(page, f"1 file: {len(found)} face{'s' * (len(found) > 1)}.")
    wanted = _predicted(model, picture)
    assert np.ptp(wanted) > 0.1
    styles = """[...document.querySelectorAll('.box')].map(
        (box) => ['left', 'top', 'width', 'height'].map((side) => parseFloat(box.style[side])))"""
    boxes = np.array(page.evaluate(styles)) / 100 * [*size, *size]
    np.testing.assert_allclose(boxes, found, atol=0.01)
    np.testing.assert_allclose(_shown(page), wanted, atol=1e-3)


def test_a_sloping_face_gets_the_same_probabilities_as_in_python(page: Any, model: Path, tmp_path: Path):
    turn = cv2.getRotationMatrix2D((320, 240), 25, 1)
    picture = cv2.warpAffine(photograph([(200, 120, 240)]), turn, (640, 480), borderMode=cv2.BORDER_REPLICATE)
    Image.fromarray(picture).save(tmp_path / "turned.png")
    page.locator("#files").set_input_files(tmp_path / "turned.png")
    _status(page, "1 file: 1 face.")
    wanted = _predicted(model, picture)
    np.testing.assert_allclose(_shown(page), wanted, atol=2e-3)
    sloping = EmotionClassifier(model, upright=False).predict(picture).faces[0]
    assert np.abs(wanted - list(sloping.probabilities.values())).max() > 0.01


def test_several_face_crops_get_the_same_probabilities_as_in_python(page: Any, model: Path, tmp_path: Path):
    rng = np.random.default_rng(3)
    pictures = [rng.integers(0, 256, (*shape, 3), np.uint8) for shape in ((48, 48), (100, 80), (20, 30))]
    for place, picture in enumerate(pictures):
        Image.fromarray(picture).save(tmp_path / f"{place}.png")
    page.get_by_label("Each picture is a cropped face").check()
    page.locator("#files").set_input_files([tmp_path / f"{place}.png" for place in range(3)])
    _status(page, "3 files: 3 faces.")
    # The latest is at the top.
    wanted = np.concatenate([_predicted(model, picture, "whole") for picture in reversed(pictures)])
    np.testing.assert_allclose(_shown(page), wanted, atol=1e-3)


def test_exif_rotation_and_transparency_are_as_in_python(page: Any, model: Path, tmp_path: Path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(ONE).rotate(90, expand=True).save(tmp_path / "turned.png", exif=exif)
    clear = Image.fromarray(ONE).convert("RGBA")
    clear.putalpha(Image.fromarray(np.tile(np.where(np.arange(640) < 320, 255, 0).astype(np.uint8), (480, 1))))
    clear.save(tmp_path / "clear.png")
    page.get_by_label("Each picture is a cropped face").check()
    page.locator("#files").set_input_files([tmp_path / "turned.png", tmp_path / "clear.png"])
    _status(page, "2 files: 2 faces.")
    wanted = [_predicted(model, tmp_path / name, "whole")[0] for name in ("clear.png", "turned.png")]
    np.testing.assert_allclose(_shown(page), wanted, atol=1e-3)


@pytest.mark.parametrize("kind", ["drop", "paste"])
def test_a_picture_can_be_dropped_or_pasted(page: Any, kind: str, one: Path):
    code = """([kind, bytes]) => {
        const data = new DataTransfer();
        data.items.add(new File([Uint8Array.from(bytes)], "one.png", {type: "image/png"}));
        const event = kind === "drop" ? new DragEvent(kind, {dataTransfer: data, cancelable: true, bubbles: true})
                                      : new ClipboardEvent(kind, {clipboardData: data, bubbles: true});
        document.body.dispatchEvent(event);
        return event.defaultPrevented;
    }"""
    prevented = page.evaluate(code, [kind, list(one.read_bytes())])
    assert prevented or kind == "paste", "the browser would open the picture instead of the page"
    _status(page, "1 file: 1 face.")


def test_invalid_files_are_one_line_each_and_the_others_are_classified(page: Any, tmp_path: Path, one: Path):
    limits = "pixels: at most 80,000,000 pixels and 32,000 per side are allowed. Make it smaller."
    expected = {
        "text.jpg": "Not a picture in a format that this browser supports.",
        "empty.png": "Empty.",
        "none.png": f"No face found: a face must be seen from the front and be at least {names.MIN_FACE_SIZE} pix",
        "huge.png": f"9000 x 9000 {limits}",
        "long.png": f"33000 x 2 {limits}",
        "cut.png": "",  # browsers differ
    }
    (tmp_path / "text.jpg").write_text("hello")
    (tmp_path / "empty.png").touch()
    Image.new("RGB", (320, 240), "gray").save(tmp_path / "none.png")
    Image.new("1", (9000, 9000)).save(tmp_path / "huge.png")
    Image.new("1", (33_000, 2)).save(tmp_path / "long.png")
    Image.effect_noise((400, 300), 50).save(tmp_path / "whole.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "whole.png").read_bytes()[:50])
    one.rename(tmp_path / "<b>good.png")
    page.locator("#files").set_input_files([tmp_path / name for name in [*expected, "<b>good.png"]])
    _status(page, "7 files: 1 face. 5 files could not be read.")
    shown = {
        one.locator("h3").inner_text(): one.locator(".problem").all_inner_texts()
        for one in page.locator("article").all()
    }
    assert shown.pop("<b>good.png") == []
    for name, message in expected.items():
        (line,) = shown[name]
        assert line.startswith(message), name
    page.get_by_role("button", name="Remove all").click()
    assert page.locator("article").count() == 0


def test_a_picture_larger_than_a_phones_canvas_is_shrunk(page: Any, tmp_path: Path):
    Image.fromarray(cv2.resize(ONE, (6400, 4800))).save(tmp_path / "large.jpg")
    page.locator("#files").set_input_files(tmp_path / "large.jpg")
    _status(page, "1 file: 1 face.")


def test_the_page_and_its_worker_can_contact_no_other_host(browser: Any, address: str):
    """The page's Content-Security-Policy forbids it before a request is made."""
    with contextlib.closing(browser.new_context()) as context:
        requests: list[str] = []
        context.route(
            lambda url: not url.startswith(address), lambda route: (requests.append(route.request.url), route.abort())
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
        assert requests == []


def test_a_face_is_followed_from_frame_to_frame_as_in_python(alone: Any, model: Path):
    """A face that moves keeps its box; a second one is found at the next search, the sixth frame."""
    places = [[(140 + 2 * step, 60, 100), *[(20, 30, 70)] * (step > 1)] for step in range(6)]
    frames = [photograph(faces, 280, 200) for faces in places]
    code = """const {predict} = await (await import('./classifier.js')).classifier();
        const boxes = [];
        for (const [frame, data] of given.entries()) {
            const faces = await predict({data, width: 280, height: 200}, {frame});
            boxes.push(faces.map((face) => face.box));
        }
        return boxes;"""
    got = _script(alone, code, *map(_rgba, frames))
    following = EmotionClassifier(model).following()
    assert got == [[list(face.box) for face in following.predict(frame).faces] for frame in frames]
    assert [len(boxes) for boxes in got] == [1, 1, 1, 1, 1, 2] and got[0] != got[4]


@pytest.fixture
def cinema(launch: Callable[..., Any], tmp_path: Path) -> Iterator[Any]:
    """A browser whose camera shows a drawn face."""
    frame = cv2.imencode(".jpg", ONE[..., ::-1])[1].tobytes()
    (tmp_path / "film.mjpeg").write_bytes(frame * 5)
    fake = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    with contextlib.closing(launch(*fake, f"--use-file-for-fake-video-capture={tmp_path}/film.mjpeg")) as browser:
        yield browser


def test_a_face_before_the_camera_gets_a_box_and_bars(cinema: Any, address: str, model: Path):
    with _open(cinema, address) as page:
        page.get_by_role("button", name="Start camera").click()
        _status(page, "Camera on: 1 face.")
        assert page.locator("#live .box").count() == 1
        # Not the same pixels: the film is a JPEG, and browsers stretch its range.
        wanted = _predicted(model, ONE)
        np.testing.assert_allclose(_shown(page), wanted, atol=0.15)
        assert _shown(page).argmax() == wanted.argmax()
        page.get_by_role("button", name="Stop camera").click()
        _status(page, "Camera off.")
        assert page.locator("video").evaluate("video => video.srcObject") is None


def test_a_missing_camera_is_reported(launch: Callable[..., Any], address: str):
    with contextlib.closing(launch("--use-fake-ui-for-media-stream")) as browser, _open(browser, address) as page:
        page.get_by_role("button", name="Start camera").click()
        _status(page, "No camera found.")
        assert page.get_by_role("button", name="Start camera").is_enabled()


@pytest.mark.parametrize(
    ("error", "message"),
    [
        ("NotAllowedError", "This page may not use the camera: allow it in the browser's settings for this page, then"),
        ("NotReadableError", "The camera does not respond: another program may be using it."),
        ("OtherError", "The camera cannot be used (OtherError)."),
        (None, "Browsers allow the camera only on pages from https:// or localhost."),
    ],
)
def test_an_unusable_camera_is_reported_with_the_remedy(page: Any, error: str | None, message: str):
    fails = f"{{getUserMedia: async () => {{ throw new DOMException('', '{error}'); }}}}" if error else "undefined"
    page.evaluate(f"Object.defineProperty(navigator, 'mediaDevices', {{value: {fails}, configurable: true}}), 0")
    page.get_by_role("button", name="Start camera").click()
    _status(page, message)
    page.evaluate("delete navigator.mediaDevices")


def test_missing_webassembly_is_reported(browser: Any, address: str):
    with _open(browser, address, "delete window.WebAssembly;") as page:
        _status(page, "This browser does not support WebAssembly")
        assert page.locator("#files").is_disabled()


def test_a_missing_or_damaged_network_is_reported(browser: Any, site: Path, tmp_path: Path):
    copy = shutil.copytree(site, tmp_path / "site")
    with _served(copy) as address:
        (copy / "emotion.onnx").write_bytes(b"nothing")
        with contextlib.closing(browser.new_page()) as page:
            page.goto(address)
            _status(page, "The network cannot be loaded: ")
            (copy / "emotion.onnx").unlink()
            page.goto(address)
            _status(page, "The network cannot be loaded: emotion.onnx cannot be loaded (404).")


def test_the_page_has_no_serious_accessibility_issue(page: Any, tmp_path: Path):
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


def test_everything_can_be_reached_by_the_keyboard(page: Any, one: Path):
    page.locator("#files").set_input_files(one)
    _status(page, "1 file: 1 face.")
    page.locator("h1").click()  # from there on
    reached = []
    for _ in range(4):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id"))
    assert reached == ["files", "whole", "camera", "clear"]
    page.keyboard.press("Enter")
    _status(page, "Removed.")


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
    done = _build(tmp_path / name, tmp_path / "site")
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
