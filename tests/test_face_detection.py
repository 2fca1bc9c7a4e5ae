"""The benchmark of face detection: generated pictures with known faces, matching boxes, and its scores."""

import json
from pathlib import Path

import cv2
import matplotlib
import numpy as np
import pytest

from benchmarks import face_detection, photographs, planted_faces, results
from benchmarks.planted_faces import TURN, Match, Planted, Scene, drawn, fits, match, scenes
from emotion.core.pictures import Detection
from emotion.detection.boxes import intersection

HOPPER = (150, 103, 225, 225)  # her face


@pytest.fixture(scope="module")
def planted() -> list[Scene]:
    return list(scenes(drawn(20, seed=3), 12, seed=4))


@pytest.fixture(scope="module")
def hopper() -> np.ndarray:
    picture = cv2.imread(str(Path(matplotlib.get_data_path(), "sample_data/grace_hopper.jpg")))
    return np.ascontiguousarray(picture[..., ::-1])


def test_planted_faces_lie_inside_the_picture_and_do_not_overlap(planted: list[Scene]):
    for scene in planted:
        height, width = scene.picture.shape[:2]
        for number, face in enumerate(scene.faces):
            left, top, wide, high = face.box
            assert wide == high and abs(face.turn) <= TURN
            assert min(left, top) >= 0 and left + wide <= width and top + high <= height
            assert not any(intersection(face.box, other.box) for other in scene.faces[:number])
    counts = {len(scene.faces) for scene in planted}
    assert min(counts) == 0 and max(counts) >= 4 and len({scene.picture.shape for scene in planted}) > 2


@pytest.mark.parametrize(
    ("module", "shape", "reach"), [(planted_faces, (1, 48, 48), 1 / 4), (photographs, (1, 400, 400, 3), 1)]
)
def test_pictures_with_other_faces_differ_at_the_planted_boxes_only(module, shape: tuple[int, ...], reach: float):
    """A turned square, and all of a head, reach beyond the box: by this share of its side."""
    bright, dark = (list(module.scenes(np.full(shape, value, np.uint8), 9, seed=4)) for value in (250, 5))
    assert sum(len(scene.faces) for scene in bright) > 4
    for one, other in zip(bright, dark, strict=True):
        assert one.faces == other.faces
        differs = np.abs(one.picture.astype(int) - other.picture).max(axis=2) > 40
        inside = np.zeros_like(differs)
        for left, top, side, _ in (face.box for face in one.faces):
            assert module.SIDES[0] <= side <= module.SIDES[1]
            middle = slice(top + side // 4, top + 3 * side // 4), slice(left + side // 4, left + 3 * side // 4)
            assert differs[middle].mean() > 0.8
            edge = round(reach * side)
            inside[max(0, top - edge) : top + side + edge, max(0, left - edge) : left + side + edge] = True
        assert not differs[~inside].any()


def test_the_same_seed_gives_the_same_pictures(planted: list[Scene]):
    again = list(scenes(drawn(20, seed=3), 4, seed=4))
    assert all(np.array_equal(one.picture, other.picture) for one, other in zip(planted, again, strict=False))
    assert not np.array_equal(next(scenes(drawn(20, seed=3), 1, seed=5)).picture, planted[0].picture)


def test_a_box_fits_a_face_by_its_middle_and_its_width():
    face = (100, 100, 80, 80)
    assert fits(face, face) and fits((119, 81, 80, 80), face) and fits((120, 120, 40, 40), face)
    assert not fits((121, 100, 80, 80), face) and not fits((100, 79, 80, 80), face)
    assert not fits((121, 121, 38, 38), face) and not fits((78, 78, 124, 124), face)


def test_of_two_boxes_on_a_face_the_second_is_false():
    scene = Scene(np.zeros((1, 1, 3), np.uint8), (Planted((0, 0, 50, 50), 0.0), Planted((100, 0, 50, 50), 0.0)))
    found = [Detection((left, 0, 50, 50), score) for left, score in ((1, 9), (0, 8), (200, 7), (100, 6))]
    assert [box.face for box in match(3, scene, found)] == [(3, 0), None, None, (3, 1)]


def test_recall_is_by_size_and_turn_of_the_faces():
    boxes = {(0, 0): (40, -20), (0, 1): (64, 0), (1, 0): (300, 7)}
    truth = {key: Planted((0, 0, side, side), turn) for key, (side, turn) in boxes.items()}
    row = face_detection.scored([Match(9, (0, 1)), Match(8, None), Match(7, (1, 0))], truth, 2)
    assert (row["recall"], row["false"], row["min_score"]) == (pytest.approx(2 / 3, abs=1e-4), 0.5, 7)
    assert row["size"] == [0, 1, 1] and row["turn"] == [1, 1, 0]
    assert face_detection.scored([], truth, 2)["recall"] == 0


@pytest.mark.parametrize(("allowed", "left"), [(0, []), (1, [8, 7]), (2, [8, 7, 6, 5]), (3, [8, 7, 6, 5])])
def test_the_threshold_leaves_the_allowed_number_of_false_boxes(allowed: int, left: list[int]):
    matches = [Match(8, None), Match(7, (1, 0)), Match(6, None), Match(5, (0, 0))]
    limit = face_detection.threshold(matches, allowed)
    assert [one.score for one in matches if one.score > limit] == left


def test_the_threshold_is_chosen_on_other_pictures_than_recall(monkeypatch: pytest.MonkeyPatch):
    def pictures(seed: int) -> list[Scene]:
        face = Planted((100, 100, 50, 50), 0.0)
        return [Scene(np.full((9, 9, 3), seed, np.uint8), (face,))] * 20

    class Fixed:
        """On the first pictures, every false box has score 0.6; on the others, the face has 0.5 or 0.7."""

        margin = None
        seen = 0

        def __init__(self, min_score: float = 0.55) -> None:
            self.min_score = min_score

        def find(self, picture: np.ndarray) -> list[Detection]:
            self.seen += 1
            score = 0.6 if picture[0, 0, 0] == 1 else (0.5, 0.7)[self.seen % 2]
            box = (0, 0, 50, 50) if picture[0, 0, 0] == 1 else (100, 100, 50, 50)
            return [Detection(box, score)] if score >= self.min_score else []

    count, rows = face_detection.recall({"fixed": Fixed}, pictures)
    assert count == 20 and rows["fixed"]["0.05"]["recall"] == 0.5
    assert rows["fixed"]["shipped"]["recall"] == 0.5 and rows["fixed"]["shipped"]["min_score"] == 0.7


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without training faces, and the file into which the benchmark writes there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(results, "RESULTS", tmp_path / "results.json")
    monkeypatch.setattr(planted_faces, "SIZES", ((640, 480),))
    monkeypatch.setattr(face_detection, "DRAWN", 6)
    monkeypatch.setattr(face_detection, "FRAMES", 1)
    monkeypatch.setattr(face_detection, "ROUNDS", 1)
    return tmp_path / "results.json"


def test_the_benchmark_keeps_its_numbers_and_prints_the_table(kept: Path, capsys, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(photographs, "load", lambda: np.full((1, 400, 400, 3), 128, np.uint8))
    face_detection.main("--pictures", "2", "2")
    summary = json.loads(kept.read_text(encoding="utf-8"))["face_detection"]
    assert summary["faces_from"] == "synthetic faces" and {"mtcnn", "mtcnn-thorough"} <= set(summary["rows"])
    assert all({"faces", "heads", "cpu_ms", "wall_ms"} <= set(row) for row in summary["rows"].values())
    assert capsys.readouterr().out == face_detection.table(summary) + "\n"


def test_without_photographs_there_are_no_heads(kept: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(photographs, "load", lambda: pytest.fail("photographs are loaded"))
    one = {"mtcnn": face_detection.makers(None)["mtcnn"]}
    monkeypatch.setattr(face_detection, "makers", lambda _: one)
    face_detection.main("--pictures", "2", "2", "--no-photographs")
    summary = json.loads(kept.read_text(encoding="utf-8"))["face_detection"]
    assert summary["planted"]["heads"] == 0 and "heads" not in summary["rows"]["mtcnn"]


def test_a_cascade_of_another_package_finds_the_face(hopper: np.ndarray):
    if not hasattr(cv2, "CascadeClassifier"):
        pytest.skip("OpenCV 5 has no cascades")
    for name in ("fer", "deepface"):
        found = face_detection.makers(None)[name]().find(hopper)
        assert fits(found[0].box, HOPPER) and [box.score for box in found] == sorted(b.score for b in found)[::-1]
