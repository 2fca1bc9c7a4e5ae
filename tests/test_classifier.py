"""From pictures to faces and what they show, by an exported network."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest
from PIL import Image

import emotion
from emotion.errors import InputError
from emotion.faces import Found
from emotion.inference import model as models
from emotion.inference.predictor import CHUNK, EmotionClassifier
from emotion.inference.results import Face, Result
from emotion.labels import EMOTIONS
from tests.pasted import brightness_model, photograph
from tests.source import ROOT

PLACES = [(40, 60, 130), (240, 200, 170), (470, 40, 110)]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return brightness_model(tmp_path_factory.mktemp("model") / "brightness.onnx")


def shade(emotion_number: int) -> np.ndarray:
    """Return a face that the model takes for an emotion."""
    return np.full((48, 48), round(emotion_number * 255 / 6), np.uint8)


def test_the_library_gives_the_classifier_by_its_name():
    assert emotion.EmotionClassifier is EmotionClassifier
    with pytest.raises(AttributeError, match="no attribute 'Emotion'"):
        emotion.Emotion  # noqa: B018


def test_cut_out_faces_are_labelled_by_the_network(model: Path):
    results = EmotionClassifier(model, faces="whole").predict([shade(number) for number in range(7)])
    assert [result.faces[0].label for result in results] == list(EMOTIONS)
    (face,) = results[3].faces
    assert face.box == (0, 0, 48, 48) and face.probability == max(face.probabilities.values()) > 0.99
    assert list(face.probabilities) == list(EMOTIONS) and sum(face.probabilities.values()) == pytest.approx(1)
    np.testing.assert_array_equal(face.seen, shade(3))


def test_labels_are_those_of_the_file(tmp_path: Path):
    other = brightness_model(tmp_path / "two.onnx", labels=["calm", "loud"], outputs=2)
    assert EmotionClassifier(other, faces="whole").predict(np.full((60, 60), 43)).faces[0].label == "loud"


def test_faces_of_a_photograph_are_found_from_left_to_right(model: Path):
    picture = photograph(PLACES)
    result = EmotionClassifier(model).predict(picture)
    assert [face.box[0] // 100 for face in result.faces] == [0, 2, 4]
    left, top, width, height = result.faces[1].box
    expected = cv2.cvtColor(picture[top : top + height, left : left + width], cv2.COLOR_RGB2GRAY).mean()
    assert result.faces[1].seen.mean() == pytest.approx(expected, abs=2)


def test_all_pictures_of_one_call_are_classified_in_one_batch(model: Path, monkeypatch: pytest.MonkeyPatch):
    classifier, sizes = EmotionClassifier(model, faces="whole"), []
    answer = classifier._model.probabilities
    monkeypatch.setattr(classifier._model, "probabilities", lambda faces: (sizes.append(len(faces)), answer(faces))[1])
    results = classifier.predict([shade(number % 7) for number in range(CHUNK + 44)])
    assert sizes == [CHUNK, 44]
    assert [result.faces[0].label for result in results] == [EMOTIONS[number % 7] for number in range(CHUNK + 44)]


class Grid:
    """A detector that finds 200 faces."""

    margin = 0.0

    def find(self, picture: np.ndarray) -> list[Found]:
        return [Found((20 * (n % 20), 20 * (n // 20), 20, 20), 1.0) for n in reversed(range(200))]


def test_200_faces_of_one_picture_stand_from_left_to_right_with_their_own_labels(model: Path):
    picture = np.kron(np.arange(200).reshape(10, 20) % 7 * 255 / 6, np.ones((20, 20)))
    faces = EmotionClassifier(model, faces=Grid()).predict(picture).faces
    assert len(faces) == 200 and [face.box for face in faces] == sorted(face.box for face in faces)
    for face in faces:
        number = face.box[1] // 20 * 20 + face.box[0] // 20
        assert face.label == EMOTIONS[number % 7]
    drawn = EmotionClassifier(model, faces=Grid()).predict(picture).drawn(bars=True)
    assert drawn.shape == (200, 400, 3)


def test_no_picture_and_no_face_are_no_error(model: Path):
    classifier = EmotionClassifier(model)
    assert classifier.predict([]) == []
    assert classifier.predict(photograph([])).faces == ()


def test_a_result_is_plain_values_for_json(model: Path):
    found = EmotionClassifier(model, faces="whole").predict([shade(6)])[0].to_dict()
    assert json.loads(json.dumps(found)) == found
    assert (found["width"], found["height"]) == (48, 48)
    assert found["faces"][0]["label"] == "surprise" and found["faces"][0]["box"] == [0, 0, 48, 48]


def test_a_drawn_picture_has_the_box_and_leaves_the_picture_as_it_was(model: Path):
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
    face = Face((-3, -3, 80, 90), "happy", dict.fromkeys(EMOTIONS, 1 / 7), 1.0, shade(0))
    picture = np.zeros((*size, 3), np.uint8)
    assert Result(picture, (face,)).drawn(bars=True).shape == picture.shape


def test_blue_first_is_turned_round(model: Path):
    classifier = EmotionClassifier(model, faces="whole")
    picture = np.zeros((48, 48, 3), np.uint8)
    picture[..., 1:] = 255  # in RGB: bright; blue and red weigh differently
    seen = [int(classifier.predict(picture, bgr=bgr).faces[0].seen[0, 0]) for bgr in (False, True)]
    assert seen == [179, 226]


def test_a_picture_that_cannot_be_read_is_one_line(model: Path, tmp_path: Path):
    with pytest.raises(InputError, match=r"nowhere\.jpg: there is no such file"):
        EmotionClassifier(model).predict([Image.new("L", (50, 50)), tmp_path / "nowhere.jpg"])


WRONG = {
    "there is no such model": lambda path: path,
    "not an ONNX model": lambda path: path.write_bytes(b"x" * 100),
    "hold no list `labels`": lambda path: brightness_model(path, labels=None),
    "hold no list": lambda path: brightness_model(path, labels={"happy": 1}),
    "do not fit its 7 labels": lambda path: brightness_model(path, outputs=5),
    "are no probabilities": lambda path: brightness_model(path, softmax=False),
    "must take float32 (n, 48, 48, 1)": lambda path: brightness_model(path, side=64),
    "takes 1 faces at a time only": lambda path: brightness_model(path, batch=1),
}


@pytest.mark.parametrize("message", WRONG)
def test_a_wrong_model_file_is_one_line(message: str, tmp_path: Path):
    path = tmp_path / "wrong.onnx"
    WRONG[message](path)
    with pytest.raises(InputError) as refused:
        EmotionClassifier(path)
    assert str(refused.value).startswith(f"{path}: ") and message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_truncated_model_file_is_one_line(model: Path, tmp_path: Path):
    path = tmp_path / "cut.onnx"
    path.write_bytes(model.read_bytes()[:-2000])
    with pytest.raises(InputError, match="cut.onnx: not an ONNX model, or a damaged one"):
        EmotionClassifier(path)


def test_a_model_of_another_kind_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("model.keras", "model.tflite"):
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(InputError, match=r"ends in \.onnx or \.tflite"):
        EmotionClassifier(tmp_path / "model.keras")
    monkeypatch.setitem(sys.modules, "ai_edge_litert", None)
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    with pytest.raises(InputError, match=r"LiteRT is not installed: run `pip install ai-edge-litert`"):
        EmotionClassifier(tmp_path / "model.tflite")


class Interpreter:
    """Answers as LiteRT's does for a network that takes bright faces for the last emotion, and others for the first."""

    def __init__(self, path: str, num_threads: int | None) -> None:
        self.shape = (1, 48, 48, 1)
        if not Path(path).read_bytes().startswith(b"TFL3"):
            raise ValueError("not a flatbuffer")

    def get_input_details(self) -> list[dict]:
        return [{"index": 3, "shape": np.array([1, 48, 48, 1]), "dtype": np.float32}]

    def get_output_details(self) -> list[dict]:
        return [{"index": 8}]

    def resize_tensor_input(self, index: int, shape: tuple[int, ...]) -> None:
        assert index == 3
        self.shape = shape

    def allocate_tensors(self) -> None:
        self.faces = np.zeros(self.shape, np.float32)

    def set_tensor(self, index: int, faces: np.ndarray) -> None:
        assert index == 3 and faces.shape == self.faces.shape and faces.dtype == np.float32
        self.faces = faces

    def invoke(self) -> None:
        self.answers = np.eye(7, dtype=np.float32)[np.where(self.faces.mean(axis=(1, 2, 3)) > 127, 6, 0)]

    def get_tensor(self, index: int) -> np.ndarray:
        assert index == 8
        return self.answers


def test_litert_files_are_run_by_litert_with_labels_from_their_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    runtime = ModuleType("ai_edge_litert.interpreter")
    runtime.Interpreter = Interpreter  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "ai_edge_litert", ModuleType("ai_edge_litert"))
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", runtime)
    path = tmp_path / "model.tflite"
    path.write_bytes(b"hello")
    with pytest.raises(InputError, match=r"model.tflite: not a LiteRT model"):
        EmotionClassifier(path)
    path.write_bytes(b"TFL3")
    with pytest.raises(InputError, match=r"model.tflite: its metadata hold no list `labels`"):
        EmotionClassifier(path)
    with zipfile.ZipFile(path, "a") as end:
        end.writestr("metadata.json", json.dumps({"labels": EMOTIONS}))
    results = EmotionClassifier(path, faces="whole").predict([shade(0), shade(6), shade(1)])
    assert [result.faces[0].label for result in results] == ["angry", "surprise", "angry"]


@pytest.mark.parametrize(("total", "taken"), [(1.0137, True), (0.9864, True), (1.03, False), (float("nan"), False)])
def test_answers_in_steps_of_int8_may_sum_to_a_little_more_or_less(total, taken, model, monkeypatch):
    monkeypatch.setattr(models._Onnx, "probabilities", lambda self, faces: np.full((1, 7), total / 7, np.float32))
    if taken:
        assert models.open_model(model).labels == EMOTIONS
    else:
        with pytest.raises(InputError, match="are no probabilities"):
            models.open_model(model)


def test_without_a_path_it_is_the_model_of_the_package_or_else_of_the_repository(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(models.emotion, "__file__", str(tmp_path / "emotion/__init__.py"))
    with pytest.raises(InputError, match="models/emotion.onnx: there is no such model: `make ship` makes one"):
        EmotionClassifier()
    for name in ("models/emotion.onnx", "emotion/emotion.onnx"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(model.read_bytes())
        assert models.default_path() == tmp_path / name
        EmotionClassifier()


def test_an_unknown_detector_is_one_line(model: Path):
    with pytest.raises(InputError, match=r"hog: no such file: `emotion fetch-yunet` downloads it"):
        EmotionClassifier(model, faces="hog")


def test_what_a_file_tells_of_itself_is_known(tmp_path: Path):
    path = brightness_model(tmp_path / "told.onnx", weights_md5="123abc")
    assert EmotionClassifier(path).metadata["weights_md5"] == "123abc"


@pytest.mark.parametrize(
    "code",
    [
        "import sys, emotion; emotion.EmotionClassifier(sys.argv[1])",
        "import sys, numpy; from emotion.export import parity; "
        "parity.probabilities(sys.argv[1], numpy.zeros((1, 48, 48), numpy.uint8), 1)",
    ],
    ids=["apps", "export"],
)
def test_onnx_runtime_does_not_collect_what_is_done(code: str, model: Path, tmp_path: Path):
    """Its Linux builds do, from 1.29 on: they begin with a file that numbers this computer."""
    telling = ("CI", "TF_BUILD", "GITHUB_ACTIONS", "ORT_DISABLE_TELEMETRY")  # with these it keeps quiet by itself
    known = {name: value for name, value in os.environ.items() if name not in telling}
    folders = {"TMPDIR": str(tmp_path), "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code, model], cwd=ROOT, env=known | folders, check=True)
    assert [path.name for path in tmp_path.iterdir()] == []


def test_inference_and_command_load_no_heavy_library():
    heavy = "tensorflow keras matplotlib sklearn scipy pandas dvc pyarrow yaml onnx"
    code = "import emotion, sys; emotion.EmotionClassifier; import emotion.apps.main, emotion.apps.predict"
    code += f"; print(*sorted(set('{heavy}'.split()) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_panels_of_bars_lie_over_no_other_face_where_there_is_room():
    probabilities = dict.fromkeys(EMOTIONS, 1 / 7)
    boxes = [(200, 150, 100, 100), (310, 150, 100, 100), (60, 150, 100, 100)]
    faces = tuple(Face(box, "happy", probabilities, 1.0, shade(0)) for box in boxes)
    picture = np.full((480, 640, 3), 200, np.uint8)
    drawn = Result(picture, faces).drawn(bars=True)
    assert (drawn < 100).all(axis=2).sum() > 3 * 100 * 60, "three dark panels"
    for left, top, width, height in boxes:
        assert (drawn[top + 5 : top + height - 5, left + 5 : left + width - 5] == 200).all()
