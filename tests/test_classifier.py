"""EmotionClassifier: from pictures to faces, their predictions and annotated pictures."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from emotion.core.labels import EMOTIONS
from emotion.core.pictures import Detection
from emotion.inference.face import Face
from emotion.inference.predictor import BATCH_SIZE, EmotionClassifier, Result
from tests.pasted import brightness_model, photograph

PLACES = [(40, 60, 130), (240, 200, 170), (470, 40, 110)]
UNIFORM = dict.fromkeys(EMOTIONS, 1 / 7)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return brightness_model(tmp_path_factory.mktemp("model") / "brightness.onnx")


@pytest.fixture(scope="module")
def whole(model: Path) -> EmotionClassifier:
    """A classifier of face crops."""
    return EmotionClassifier(model, detector="whole")


def shade(emotion_number: int) -> np.ndarray:
    """Return a face that the model takes for an emotion."""
    return np.full((48, 48), round(emotion_number * 255 / 6), np.uint8)


def test_face_crops_are_labelled_by_the_network(whole: EmotionClassifier):
    results = whole.predict([shade(number) for number in range(7)])
    assert [result.faces[0].label for result in results] == list(EMOTIONS)
    (face,) = results[3].faces
    assert face.box == (0, 0, 48, 48) and face.probability == max(face.probabilities.values()) > 0.99
    assert list(face.probabilities) == list(EMOTIONS) and sum(face.probabilities.values()) == pytest.approx(1)
    np.testing.assert_array_equal(face.crop, shade(3))


def test_labels_are_those_of_the_model_file(tmp_path: Path):
    other = brightness_model(tmp_path / "two.onnx", labels=["calm", "loud"], outputs=2)
    assert EmotionClassifier(other, detector="whole").predict(np.full((60, 60), 43)).faces[0].label == "loud"


def test_faces_of_a_photograph_are_returned_from_left_to_right(model: Path):
    picture = photograph(PLACES)
    result = EmotionClassifier(model).predict(picture)
    assert [face.box[0] // 100 for face in result.faces] == [0, 2, 4]
    left, top, width, height = result.faces[1].box
    middle = left + width // 2
    square = picture[top : top + height, middle - height // 2 : middle + height // 2]
    assert result.faces[1].crop.mean() == pytest.approx(cv2.cvtColor(square, cv2.COLOR_RGB2GRAY).mean(), abs=3)


def test_all_pictures_of_one_call_are_classified_in_batches(model: Path, monkeypatch: pytest.MonkeyPatch):
    classifier, sizes = EmotionClassifier(model, detector="whole"), []
    predict = classifier._model.probabilities
    monkeypatch.setattr(classifier._model, "probabilities", lambda faces: (sizes.append(len(faces)), predict(faces))[1])
    results = classifier.predict([shade(number % 7) for number in range(BATCH_SIZE + 44)])
    assert sizes == [BATCH_SIZE, 44]
    assert [result.faces[0].label for result in results] == [EMOTIONS[n % 7] for n in range(BATCH_SIZE + 44)]


class Grid:
    """A detector that finds 200 faces."""

    margin = 0.0

    def find(self, picture: np.ndarray) -> list[Detection]:
        return [Detection((20 * (n % 20), 20 * (n // 20), 20, 20), 1.0) for n in reversed(range(200))]


def test_200_faces_are_returned_from_left_to_right_with_their_labels(model: Path):
    picture = np.kron(np.arange(200).reshape(10, 20) % 7 * 255 / 6, np.ones((20, 20)))
    result = EmotionClassifier(model, detector=Grid()).predict(picture)
    assert len(result.faces) == 200 and [face.box for face in result.faces] == sorted(face.box for face in result.faces)
    for face in result.faces:
        assert face.label == EMOTIONS[(face.box[1] // 20 * 20 + face.box[0] // 20) % 7]
    assert result.drawn(bars=True).shape == (200, 400, 3)


def test_no_pictures_and_no_faces_are_no_error(model: Path):
    classifier = EmotionClassifier(model)
    assert classifier.predict([]) == []
    assert classifier.predict(photograph([])).faces == ()


def test_a_result_is_plain_values_for_json(whole: EmotionClassifier):
    found = whole.predict([shade(6)])[0].to_dict()
    assert json.loads(json.dumps(found)) == found
    assert (found["width"], found["height"]) == (48, 48)
    assert found["faces"][0]["label"] == "surprise" and found["faces"][0]["box"] == [0, 0, 48, 48]


def test_with_bgr_the_channels_are_reversed(whole: EmotionClassifier):
    picture = np.zeros((48, 48, 3), np.uint8)
    picture[..., 1:] = 255  # in RGB: bright; blue and red weigh differently
    assert [int(whole.predict(picture, bgr=bgr).faces[0].crop[0, 0]) for bgr in (False, True)] == [179, 226]


def test_drawing_adds_the_box_to_a_copy_of_the_picture(model: Path):
    picture = photograph(PLACES[1:2])
    result = EmotionClassifier(model).predict(picture)
    drawn = result.drawn()
    left, top, width, height = result.faces[0].box
    changed = (drawn != picture).any(axis=2)
    assert changed[top + height // 2, left] and changed[top + height, left + width // 2]
    assert not changed[top + 5 : top + height - 5, left + 5 : left + width - 5].any(), "the face is not drawn over"
    np.testing.assert_array_equal(result.picture, photograph(PLACES[1:2]))
    assert (result.drawn(bars=True) != drawn).any()


@pytest.mark.parametrize("size", [(1, 1), (5, 300), (48, 48)])
def test_the_smallest_pictures_can_be_drawn_on(size: tuple[int, int]):
    picture = np.zeros((*size, 3), np.uint8)
    face = Face((-3, -3, 80, 90), "happy", UNIFORM, 1.0, shade(0))
    assert Result(picture, (face,)).drawn(bars=True).shape == picture.shape


def test_bars_cover_no_other_face_where_there_is_room():
    boxes = [(200, 150, 100, 100), (310, 150, 100, 100), (60, 150, 100, 100)]
    faces = tuple(Face(box, "happy", UNIFORM, 1.0, shade(0)) for box in boxes)
    drawn = Result(np.full((480, 640, 3), 200, np.uint8), faces).drawn(bars=True)
    assert (drawn < 100).all(axis=2).sum() > 3 * 100 * 60, "three dark panels"
    for left, top, width, height in boxes:
        assert (drawn[top + 5 : top + height - 5, left + 5 : left + width - 5] == 200).all()
