"""The modules of the page of `make web`, in a real browser: crops and gray values as in Python."""

import base64
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emotion import EmotionClassifier
from emotion.core import pictures
from emotion.core.pictures import Detection
from emotion.detection import boxes
from tests.pasted import photograph
from tests.web_page import address, model, site

assert address and model and site  # fixtures


@pytest.fixture
def alone(browser: Any, address: str) -> Iterator[Any]:
    """An empty page, in which the page's modules can be called."""
    with contextlib.closing(browser.new_page()) as page:
        page.goto(f"{address}/style.css")
        yield page


def _script(page: Any, code: str, *given: Any) -> Any:
    """Run code in the page, with its modules as `modules` and the arguments as `given`, of which texts are bytes."""
    files = "['pixels', 'boxes'].map((name) => import(`./${name}.js`))"
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


@pytest.mark.parametrize("shape", [(48, 48), (49, 47), (100, 30), (31, 333), (200, 150), (5, 5), (1, 60), (97, 96)])
def test_a_whole_picture_of_any_shape_has_the_same_bytes_as_in_python(alone: Any, shape: tuple[int, int]):
    picture = np.random.default_rng(1).integers(0, 256, (*shape, 3), np.uint8)
    code = """const [data, width, height] = given;
        return Array.from(modules.squeezed(modules.gray({data, width, height}), 48).data);"""
    got = _script(alone, code, _rgba(picture), shape[1], shape[0])
    np.testing.assert_array_equal(np.array(got).reshape(48, 48), pictures.squeezed(pictures.gray(picture)))


def test_overlapping_boxes_are_merged_as_in_python(alone: Any):
    rng = np.random.default_rng(2)
    found = [Detection(tuple(map(int, rng.integers(0, 60, 4))), float(rng.integers(0, 5))) for _ in range(200)]
    got = _script(alone, "return modules.merged(given, 0.4);", *({"box": one.box, "score": one.score} for one in found))
    assert [(tuple(one["box"]), one["score"]) for one in got] == [(one.box, one.score) for one in boxes.merged(found)]


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
