"""What detectors find, and what they refuse."""

from pathlib import Path

import cv2
import matplotlib.cbook
import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_sample_images

from emotion.core.errors import InputError
from emotion.core.pictures import Detector
from emotion.detection import mtcnn
from emotion.detection.detectors import open_detector
from emotion.detection.mtcnn import FAST, MTCNN, THOROUGH
from emotion.detection.names import NAMES
from tests.pasted import photograph
from tests.source import ROOT

FACE = (165, 120, 205)  # left, top and side of the face of Grace Hopper in `hopper`
ALWAYS = ("mtcnn", "mtcnn-thorough")


@pytest.fixture(params=[*ALWAYS, "haar"])
def detector(request: pytest.FixtureRequest) -> Detector:
    if request.param == "haar" and not hasattr(cv2, "CascadeClassifier"):
        pytest.skip("OpenCV 5 has no Haar cascades")
    return open_detector(request.param)


@pytest.fixture(scope="module")
def hopper() -> np.ndarray:
    """A photograph of a person with glasses and hat, 512 x 600 pixels."""
    path = matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def near(box: tuple[int, ...], place: tuple[int, int, int]) -> bool:
    left, top, side = place
    middle = (left + side / 2, top + side / 2)
    centre = (box[0] + box[2] / 2, box[1] + box[3] / 2)
    return max(abs(a - b) for a, b in zip(centre, middle, strict=True)) < side / 5 and 0.7 < max(box[2:]) / side < 1.3


def test_the_faces_of_a_picture_are_found_best_first(detector: Detector):
    places = [(40, 60, 130), (240, 200, 170), (470, 40, 110)]
    found = detector.find(photograph(places))
    assert len(found) == 3
    assert all(any(near(face.box, place) for face in found) for place in places)
    assert [face.score for face in found] == sorted((face.score for face in found), reverse=True)


@pytest.mark.parametrize("name", ALWAYS)
def test_no_face_is_found_where_there_is_none(name: str):
    detector = open_detector(name)
    assert detector.find(photograph([])) == []
    assert all(detector.find(picture) == [] for picture in load_sample_images().images)


@pytest.mark.parametrize("size", [(1, 1), (3, 3), (11, 11), (10, 30_000), (30_000, 10), (12, 12), (48, 48)])
def test_a_picture_of_any_size_can_be_searched(detector: Detector, size: tuple[int, int]):
    assert detector.find(np.zeros((*size, 3), np.uint8)) == []


def test_faces_below_the_smallest_size_are_not_detected():
    picture = photograph([(40, 60, 90), (300, 150, 200)])
    assert len(open_detector("mtcnn").find(picture)) == 2
    (large,) = open_detector("mtcnn", min_face_size=140).find(picture)
    assert near(large.box, (300, 150, 200))


def test_faces_of_24_pixels_are_found_if_asked_for(hopper: np.ndarray):
    small = cv2.resize(hopper, None, fx=22 / FACE[2], fy=22 / FACE[2], interpolation=cv2.INTER_AREA)
    picture = np.zeros((300, 400, 3), np.uint8)
    picture[100 : 100 + small.shape[0], 200 : 200 + small.shape[1]] = small
    assert open_detector("mtcnn").find(picture) == []
    (found,) = open_detector("mtcnn", min_face_size=20).find(picture)
    assert max(found.box[2:]) < 30


def test_the_box_in_a_large_photograph_has_its_scale(detector: Detector):
    large = cv2.resize(photograph([(240, 200, 170)]), None, fx=5, fy=5)
    (found,) = detector.find(large)
    assert near(found.box, (1200, 1000, 850))


def test_a_face_that_fills_a_large_photograph_is_one_box(hopper: np.ndarray):
    left, top, side = FACE
    tight = hopper[top - 20 : top + side + 20, left - 20 : left + side + 20]
    large = cv2.resize(tight, (3000, 3000), interpolation=cv2.INTER_CUBIC)
    for name in ALWAYS:
        (found,) = open_detector(name).find(large)
        assert max(found.box[2:]) > 1800


@pytest.mark.parametrize("size", [(4000, 6000), (450, 8000)], ids=["24 megapixels", "panorama"])
def test_faces_of_a_large_picture_are_found(hopper: np.ndarray, size: tuple[int, int]):
    head = cv2.resize(hopper, None, fx=130 / FACE[2], fy=130 / FACE[2], interpolation=cv2.INTER_AREA)
    picture = np.full((*size, 3), 90, np.uint8)
    for left in (100, 3000, 5500):
        picture[20 : 20 + head.shape[0], left : left + head.shape[1]] = head
    found = open_detector("mtcnn").find(picture)
    assert sorted(face.box[0] // 1000 for face in found) == [0, 3, 5]


def test_landmarks_are_where_eyes_nose_and_mouth_are(hopper: np.ndarray):
    for name in ALWAYS:
        (found,) = open_detector(name).find(hopper)
        assert near(found.box, FACE)
        left_eye, right_eye, nose, left_mouth, right_mouth = np.array(found.landmarks)
        assert left_eye[0] < nose[0] < right_eye[0] and left_mouth[0] < right_mouth[0]
        assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])


@pytest.mark.parametrize("degrees", [-45, -30, 30, 45])
def test_a_turned_head_is_found_and_its_eyes_tell_the_angle(hopper: np.ndarray, degrees: int):
    matrix = cv2.getRotationMatrix2D((FACE[0] + FACE[2] / 2, FACE[1] + FACE[2] / 2), degrees, 1)
    turned = cv2.warpAffine(hopper, matrix, hopper.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
    found = open_detector("mtcnn-thorough").find(turned)[0]
    across, down = np.subtract(found.landmarks[1], found.landmarks[0])
    assert np.degrees(np.arctan2(-down, across)) == pytest.approx(degrees, abs=12)


@pytest.mark.parametrize("name", NAMES)
def test_a_smallest_face_without_pixels_is_refused(name: str):
    with pytest.raises(InputError, match="^min_face_size 0 is too small: write 1 or more, in pixels$"):
        open_detector(name, min_face_size=0)


@pytest.mark.parametrize("score", [5, -1, float("nan"), "a"])
def test_a_minimum_score_that_no_face_has_is_refused(score: object):
    message = f"^min_detection_score {score} is not a score of this detector: write a number, 0 to 1$"
    with pytest.raises(InputError, match=message):
        open_detector("mtcnn", min_score=score)


def test_each_of_500_faces_gets_one_box(hopper: np.ndarray):
    left, top, side = FACE
    head = hopper[top - 60 : top + side + 60, left - 60 : left + side + 60]
    crowd = np.tile(cv2.resize(head, (100, 100), interpolation=cv2.INTER_AREA), (20, 25, 1))
    found = open_detector("mtcnn-thorough").find(crowd)
    cells = {((2 * face.box[0] + face.box[2]) // 200, (2 * face.box[1] + face.box[3]) // 200) for face in found}
    assert len(found) == len(cells) == 500


def test_a_followed_face_moves_with_the_picture_and_vanishes_with_it(hopper: np.ndarray):
    detector = MTCNN()
    (before,) = detector.find(hopper)
    (after,) = detector.follow(np.roll(hopper, 30, axis=1), [before])
    assert after.box[0] - before.box[0] == pytest.approx(30, abs=12)
    assert detector.follow(np.zeros_like(hopper), [before]) == [] == detector.follow(hopper, [])


def test_any_number_of_threads_gives_the_same_detections(hopper: np.ndarray):
    one, two = (MTCNN(search=THOROUGH, threads=threads).find(hopper) for threads in (1, 2))
    assert one == two


def test_a_minimum_score_replaces_that_of_the_search(hopper: np.ndarray):
    assert open_detector("mtcnn", min_score=0.9999999).find(hopper) == []
    assert MTCNN().min_score == FAST.min_score


def test_an_unknown_detector_is_one_line_that_names_the_right_ones():
    with pytest.raises(InputError, match="there is neither a detector nor a file 'mtcn'; did you mean 'mtcnn'"):
        open_detector("mtcn")


def test_a_missing_or_damaged_network_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(mtcnn, "shipped", lambda _: tmp_path)
    with pytest.raises(InputError, match=r"pnet\.onnx: the face detector's file is missing: .*dvc repro detector"):
        MTCNN()
    for name in ("pnet", "rnet", "onet"):
        content = (ROOT / f"models/mtcnn/{name}.onnx").read_bytes()
        (tmp_path / f"{name}.onnx").write_bytes(content if name == "pnet" else content[:100])
    with pytest.raises(InputError, match=r"rnet\.onnx: the face detector's file is damaged"):
        MTCNN()
    (tmp_path / "rnet.onnx").write_bytes((ROOT / "models/emotion.onnx").read_bytes())
    with pytest.raises(InputError, match=r"rnet\.onnx: not a network of the face detector"):
        MTCNN()


@pytest.mark.skipif(hasattr(cv2, "CascadeClassifier"), reason="this OpenCV has cascades")
def test_haar_without_cascades_names_the_remedy():
    with pytest.raises(InputError, match="has no Haar cascades: choose the detector mtcnn"):
        open_detector("haar")
