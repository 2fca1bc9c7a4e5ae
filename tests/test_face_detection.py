"""The benchmark of face detection: pictures with known faces, who is counted as found, and the page that tells."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import matplotlib
import numpy as np
import pytest
from sklearn.datasets import load_sample_images

from benchmarks import face_detection, results
from benchmarks.face_detection import Setting
from benchmarks.found_faces import Answer, at_most, fits, judge, scored
from benchmarks.planted_faces import SIDES, TURN, Planted, Scene, drawn, scenes
from emotion.errors import InputError
from emotion.faces import Found, Haar, intersection
from tools import face_page
from tools.face_page import table


@pytest.fixture(scope="module")
def planted() -> list[Scene]:
    return list(scenes(drawn(20, seed=3), 12, seed=4))


def test_planted_faces_are_where_they_are_said_to_be(planted: list[Scene]):
    """Pasted faces are gray on a bare ground here, so that what is not gray is none."""
    for scene in planted:
        height, width = scene.picture.shape[:2]
        for number, face in enumerate(scene.faces):
            left, top, wide, high = face.box
            assert SIDES[0] <= wide == high <= SIDES[1] and abs(face.turn) <= TURN
            assert min(left, top) >= 0 and left + wide <= width and top + high <= height
            assert not any(intersection(face.box, other.box) for other in scene.faces[:number])
    counts = {len(scene.faces) for scene in planted}
    assert min(counts) == 0 and max(counts) >= 4 and len({scene.picture.shape for scene in planted}) > 2


def test_a_planted_face_is_what_differs_from_the_same_picture_with_another_one():
    bright, dark = (list(scenes(np.full((1, 48, 48), value, np.uint8), 9, seed=4)) for value in (250, 5))
    for one, other in zip(bright, dark, strict=True):
        assert one.faces == other.faces
        differs = np.abs(one.picture.astype(int) - other.picture).max(axis=2) > 40
        inside = np.zeros_like(differs)
        for left, top, side, _ in (face.box for face in one.faces):
            middle = slice(top + side // 4, top + 3 * side // 4), slice(left + side // 4, left + 3 * side // 4)
            assert differs[middle].mean() > 0.8
            edge = side // 4  # a turned square has corners beyond its upright one
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
    found = [Found((1, 0, 50, 50), 9), Found((0, 0, 50, 50), 8), Found((200, 0, 50, 50), 7), Found((100, 0, 50, 50), 6)]
    assert [answer.face for answer in judge(3, scene, found)] == [(3, 0), None, None, (3, 1)]


def test_recall_is_told_by_size_and_turn_at_the_score_that_leaves_so_many_false_boxes():
    truth = {
        (0, 0): Planted((0, 0, 40, 40), -20),
        (0, 1): Planted((0, 0, 64, 64), 0),
        (1, 0): Planted((0, 0, 300, 300), 7),
    }
    answers = [Answer(9, (0, 1)), Answer(8, None), Answer(7, (1, 0)), Answer(6, None), Answer(5, (0, 0))]
    all_ = scored(answers, truth, 2)
    assert (all_["recall"], all_["false"], all_["least_score"]) == (1, 1, 5)
    one = at_most(answers, truth, 1, 2)
    assert (one["recall"], one["false"], one["least_score"]) == (pytest.approx(2 / 3, abs=1e-4), 0.5, 7)
    assert one["size"] == [0, 1, 1] and one["turn"] == [1, 1, 0]
    assert at_most(answers, truth, 0.9, 2)["recall"] == pytest.approx(1 / 3, abs=1e-4)
    assert at_most([], truth, 1, 2)["recall"] == 0


def test_the_benchmark_keeps_its_numbers_and_prints_the_table(tmp_path: Path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(results, "RESULTS", tmp_path / "results.json")
    monkeypatch.setattr(face_detection, "DRAWN", 6)
    face_detection.main("--pictures", "2", "--settings", "2")
    summary = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))["face_detection"]
    assert summary["faces_from"] == "drawn faces" and len(summary["rows"]) == 2
    printed = capsys.readouterr().out
    assert printed == table(summary) + "\n" and printed.count("chosen**") == 1


def test_the_grid_begins_with_what_the_apps_do_and_holds_none_twice():
    found = face_detection.grid()
    assert found[0] == face_detection.standard() and len(found) == len(set(found)) > 15
    assert {setting.cascade for setting in found} == {"alt2", "alt", "default", "alt_tree"}
    haar = replace(found[0], neighbours=7, step=1.3).detector()
    assert isinstance(haar, Haar) and (haar.neighbours, haar.step, haar.least_score) == (7, 1.3, float("-inf"))
    assert {setting.light for setting in found} == set(face_detection.LIGHTS)
    assert all(isinstance(setting, Setting) for setting in found)


def test_the_page_on_faces_shows_the_kept_numbers(root: Path, monkeypatch):
    monkeypatch.chdir(root)
    summary = json.loads(results.RESULTS.read_text(encoding="utf-8"))["face_detection"]
    text = face_page.PAGE.read_text(encoding="utf-8")
    assert table(summary) in text and text.count("chosen**") == 1, "run `make results`"


def test_what_is_typed_on_the_page_stays(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in ("docs", "benchmarks"):
        Path(folder).mkdir()
    results.RESULTS.write_text("{}", encoding="utf-8")
    face_page.PAGE.write_text("typed\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"docs/faces.md: it must hold these two lines once"):
        face_page.main()
    marks = ("<!-- face_detection: `make results` writes what follows -->", "<!-- end of face_detection -->")
    face_page.PAGE.write_text(f"typed\n{marks[0]}\nold\n{marks[1]}\nmore\n", encoding="utf-8")
    face_page.main()
    text = face_page.PAGE.read_text(encoding="utf-8")
    assert text.startswith("typed\n") and text.endswith("\nmore\n") and "old" not in text
    assert "Still to be measured" in text


def test_the_default_finds_the_face_of_a_real_photograph_and_none_where_nobody_is():
    hopper = cv2.imread(str(Path(matplotlib.get_data_path(), "sample_data/grace_hopper.jpg")))[..., ::-1]
    (found,) = Haar().find(np.ascontiguousarray(hopper))
    assert fits(found.box, (150, 103, 225, 225))
    assert all(Haar().find(picture) == [] for picture in load_sample_images().images)
