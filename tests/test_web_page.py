"""The static page of `make web` in a real browser, against Python."""

import itertools
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from emotion import EmotionClassifier
from emotion.detection import mtcnn, names
from tests.pasted import photograph
from tests.web_page import ONE, address, model, one, page, predicted, ready, shown_values, site, wait_for_status

assert address and model and one and page and ready and site  # fixtures

FIVE = [(20, 30, 90), (200, 40, 120), (400, 20, 200), (40, 250, 180), (330, 280, 130)]


@pytest.mark.parametrize(
    ("places", "size"),
    [(FIVE, (640, 480)), ([(100, 100, 300), (1300, 450, 500)], (2001, 1301)), ([(700, 300, 700)], (2560, 1600))],
)
def test_faces_get_the_same_boxes_and_probabilities_as_in_python(
    page: Any, model: Path, tmp_path: Path, places: list[tuple[int, int, int]], size: tuple[int, int]
):
    picture = photograph(places, *size, seed=1)
    Image.fromarray(picture).save(tmp_path / "drawn.png")
    page.locator("#files").set_input_files(tmp_path / "drawn.png")
    found = sorted(face.box for face in mtcnn.MTCNN(names.MIN_FACE_SIZE).find(picture))
    assert len(found) == len(places)
    wait_for_status(page, f"1 file: {len(found)} face{'s' * (len(found) > 1)}.")
    wanted = predicted(model, picture)
    assert np.ptp(wanted) > 0.1
    styles = """[...document.querySelectorAll('.box')].map(
        (box) => ['left', 'top', 'width', 'height'].map((side) => parseFloat(box.style[side])))"""
    boxes = np.array(page.evaluate(styles)) / 100 * [*size, *size]
    np.testing.assert_allclose(boxes, found, atol=0.01)
    np.testing.assert_allclose(shown_values(page), wanted, atol=1e-3)


def test_a_sloping_face_gets_the_same_probabilities_as_in_python(page: Any, model: Path, tmp_path: Path):
    turn = cv2.getRotationMatrix2D((320, 240), 25, 1)
    picture = cv2.warpAffine(photograph([(200, 120, 240)]), turn, (640, 480), borderMode=cv2.BORDER_REPLICATE)
    Image.fromarray(picture).save(tmp_path / "turned.png")
    page.locator("#files").set_input_files(tmp_path / "turned.png")
    wait_for_status(page, "1 file: 1 face.")
    wanted = predicted(model, picture)
    np.testing.assert_allclose(shown_values(page), wanted, atol=2e-3)
    sloping = EmotionClassifier(model, upright=False).predict(picture).faces[0]
    assert np.abs(wanted - list(sloping.probabilities.values())).max() > 0.01


def test_several_face_crops_get_the_same_probabilities_as_in_python(page: Any, model: Path, tmp_path: Path):
    rng = np.random.default_rng(3)
    pictures = [rng.integers(0, 256, (*shape, 3), np.uint8) for shape in ((48, 48), (100, 80), (20, 30))]
    for place, picture in enumerate(pictures):
        Image.fromarray(picture).save(tmp_path / f"{place}.png")
    page.get_by_label("Each picture is a cropped face").check()
    page.locator("#files").set_input_files([tmp_path / f"{place}.png" for place in range(3)])
    wait_for_status(page, "3 files: 3 faces.")
    # The latest is at the top.
    wanted = np.concatenate([predicted(model, picture, "whole") for picture in reversed(pictures)])
    np.testing.assert_allclose(shown_values(page), wanted, atol=1e-3)


def test_exif_rotation_and_transparency_are_as_in_python(page: Any, model: Path, tmp_path: Path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(ONE).rotate(90, expand=True).save(tmp_path / "turned.png", exif=exif)
    clear = Image.fromarray(ONE).convert("RGBA")
    clear.putalpha(Image.fromarray(np.tile(np.where(np.arange(640) < 320, 255, 0).astype(np.uint8), (480, 1))))
    clear.save(tmp_path / "clear.png")
    page.get_by_label("Each picture is a cropped face").check()
    page.locator("#files").set_input_files([tmp_path / "turned.png", tmp_path / "clear.png"])
    wait_for_status(page, "2 files: 2 faces.")
    wanted = [predicted(model, tmp_path / name, "whole")[0] for name in ("clear.png", "turned.png")]
    np.testing.assert_allclose(shown_values(page), wanted, atol=1e-3)


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
    wait_for_status(page, "1 file: 1 face.")


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
    wait_for_status(page, "7 files: 1 face. 5 files could not be read.")
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
    wait_for_status(page, "1 file: 1 face.")


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
    wait_for_status(page, message)
    page.evaluate("delete navigator.mediaDevices")


def test_the_page_has_no_serious_accessibility_issue(page: Any, tmp_path: Path):
    from axe_playwright_python.sync_playwright import Axe

    Image.fromarray(photograph(FIVE, seed=1)).save(tmp_path / "five.png")
    (tmp_path / "text.jpg").write_text("hello")
    page.locator("#files").set_input_files([tmp_path / "text.jpg", tmp_path / "five.png"])
    wait_for_status(page, "2 files: 5 faces.")
    for scheme, width in itertools.product(("light", "dark"), (1280, 390)):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 900})
        found = [one for one in Axe().run(page).response["violations"] if one["impact"] in ("serious", "critical")]
        assert [(one["id"], one["nodes"][0]["target"]) for one in found] == [], (scheme, width)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_everything_can_be_reached_by_the_keyboard(page: Any, one: Path):
    page.locator("#files").set_input_files(one)
    wait_for_status(page, "1 file: 1 face.")
    page.locator("h1").click()  # from there on
    reached = []
    for _ in range(4):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id"))
    assert reached == ["files", "whole", "camera", "clear"]
    page.keyboard.press("Enter")
    wait_for_status(page, "Removed.")
