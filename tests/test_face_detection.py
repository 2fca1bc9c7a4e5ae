"""The benchmark of face detection: generated pictures with known faces, matching boxes, and its scores."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import matplotlib
import numpy as np
import pytest
from sklearn.datasets import load_sample_images

from benchmarks import face_detection, results
from benchmarks.planted_faces import SIDES, TURN, Match, Planted, Scene, drawn, fits, match, scenes
from emotion.core.pictures import Detection
from emotion.detection.boxes import intersection
from emotion.detection.haar import Haar


@pytest.fixture(scope="module")
def planted() -> list[Scene]:
    return list(scenes(drawn(20, seed=3), 12, seed=4))


def test_planted_faces_lie_inside_the_picture_and_do_not_overlap(planted: list[Scene]):
    for scene in planted:
        height, width = scene.picture.shape[:2]
        for number, face in enumerate(scene.faces):
            left, top, wide, high = face.box
            assert SIDES[0] <= wide == high <= SIDES[1] and abs(face.turn) <= TURN
            assert min(left, top) >= 0 and left + wide <= width and top + high <= height
            assert not any(intersection(face.box, other.box) for other in scene.faces[:number])
    counts = {len(scene.faces) for scene in planted}
    assert min(counts) == 0 and max(counts) >= 4 and len({scene.picture.shape for scene in planted}) > 2


def test_pictures_with_other_faces_differ_at_the_planted_boxes_only():
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
    found = [Detection((left, 0, 50, 50), score) for left, score in ((1, 9), (0, 8), (200, 7), (100, 6))]
    assert [box.face for box in match(3, scene, found)] == [(3, 0), None, None, (3, 1)]


def test_recall_is_by_size_and_turn_at_an_allowed_number_of_false_boxes():
    boxes = {(0, 0): (40, -20), (0, 1): (64, 0), (1, 0): (300, 7)}
    truth = {key: Planted((0, 0, side, side), turn) for key, (side, turn) in boxes.items()}
    matches = [Match(9, (0, 1)), Match(8, None), Match(7, (1, 0)), Match(6, None), Match(5, (0, 0))]
    every = face_detection.scored(matches, truth, 2)
    assert (every["recall"], every["false"], every["least_score"]) == (1, 1, 5)
    one = face_detection.at_most(matches, truth, 1, 2)
    assert (one["recall"], one["false"], one["least_score"]) == (pytest.approx(2 / 3, abs=1e-4), 0.5, 7)
    assert one["size"] == [0, 1, 1] and one["turn"] == [1, 1, 0]
    assert face_detection.at_most(matches, truth, 0.9, 2)["recall"] == pytest.approx(1 / 3, abs=1e-4)
    assert face_detection.at_most([], truth, 1, 2)["recall"] == 0


def test_the_benchmark_keeps_its_numbers_and_prints_the_table(tmp_path: Path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(results, "RESULTS", tmp_path / "results.json")
    monkeypatch.setattr(face_detection, "DRAWN", 6)
    face_detection.main("--pictures", "2", "--settings", "2")
    summary = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))["face_detection"]
    assert summary["faces_from"] == "drawn faces" and len(summary["rows"]) == 2
    assert capsys.readouterr().out == face_detection.table(summary) + "\n"


def test_the_grid_begins_with_the_default_and_has_no_duplicates():
    grid = face_detection.grid()
    assert grid[0] == face_detection.standard() and len(grid) == len(set(grid)) > 15
    assert {setting.cascade for setting in grid} == {"alt2", "alt", "default", "alt_tree"}
    assert {setting.light for setting in grid} == set(face_detection.LIGHTS)
    haar = replace(grid[0], neighbours=7, step=1.3).detector()
    assert isinstance(haar, Haar) and (haar.neighbours, haar.step, haar.least_score) == (7, 1.3, float("-inf"))


def test_the_default_finds_the_face_of_a_real_photograph_only():
    hopper = cv2.imread(str(Path(matplotlib.get_data_path(), "sample_data/grace_hopper.jpg")))[..., ::-1]
    (found,) = Haar().find(np.ascontiguousarray(hopper))
    assert fits(found.box, (150, 103, 225, 225))
    assert all(Haar().find(picture) == [] for picture in load_sample_images().images)
