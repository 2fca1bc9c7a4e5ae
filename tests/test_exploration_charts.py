"""Statistics and charts of a set of faces, and what the stage `explore` writes on all of its pictures."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from emotion.core.labels import EMOTIONS
from emotion.exploration import gallery, statistics
from stages import explore
from tests.figures import assert_nothing_is_cut, boxes_of_words, noise, overlap

SUBSETS = ("Training", "PublicTest", "PrivateTest")


def test_there_is_no_mean_face_of_so_few_that_it_would_show_a_person():
    many, few = statistics.MIN_FACES, statistics.MIN_FACES - 1
    labels = np.array(["sad"] * many + ["happy"] * few + ["sad"])
    faces = noise(len(labels))
    means = statistics.mean_faces(faces, labels)
    assert list(means) == ["all", "sad"]
    assert np.allclose(means["all"], faces.mean(axis=0))
    assert np.allclose(means["sad"], faces[labels == "sad"].mean(axis=0))
    assert statistics.mean_faces(faces[:few], labels[:few]) == {}


@pytest.mark.parametrize("count", [0, 3, 5000])
def test_brightness_and_contrast_are_mean_and_standard_deviation(count: int):
    faces = noise(count)
    faces[:1] = 255
    brightness, contrast = statistics.brightness_and_contrast(faces)
    assert np.allclose(brightness, faces.mean(axis=(1, 2)))
    assert np.allclose(contrast, faces.std(axis=(1, 2)))


def test_official_subsets_have_a_fixed_order():
    official = np.array(["PrivateTest", "Training", "Another", "Extra"])
    assert statistics.subsets_of(official) == ["Training", "Extra", "PrivateTest", "Another"]


def test_counts_hold_each_face_once():
    official, labels = np.array(["Training"] * 3 + ["Test"]), np.array(["sad", "sad", "fear", "sad"])
    counts = statistics.counts(official, labels, ["Training", "Test"])
    assert counts.sum() == 4 and counts[0, EMOTIONS.index("sad")] == 2 and counts[1, EMOTIONS.index("sad")] == 1


def test_a_face_counts_once_per_subset_with_duplicates_of_it():
    official = np.array(["Training", "Training", "PrivateTest", "PublicTest", "Training", "Training", "PrivateTest"])
    groups = np.array([0, 0, 0, -1, 1, -1, 1])
    assert statistics.duplicates_between(groups, official, SUBSETS).tolist() == [
        [2, 0, 3],  # two training faces are duplicates; all three of groups 0 and 1 have one in PrivateTest
        [0, 0, 0],
        [2, 0, 0],
    ]
    assert not statistics.duplicates_between(np.full(3, -1), np.array(SUBSETS), SUBSETS).any()


def charts_of(official: np.ndarray, labels: np.ndarray) -> list[Figure]:
    """Return the charts that the stage draws of faces that are all duplicates of one another."""
    faces = gallery.Faces(labels, official, labels, noise(len(labels)))
    audit = dict.fromkeys(("exact_duplicate", "near_duplicate"), np.zeros(len(labels), int))
    return list(explore._charts(faces, audit, {}).values())


@pytest.mark.parametrize(
    ("official", "labels"),
    [
        (np.tile(SUBSETS, 70), np.repeat(EMOTIONS, 30)),
        (np.array(["All"]), np.array(["happy"])),
        (np.resize(statistics.SUBSETS, 4000), np.resize(EMOTIONS[:4], 4000)[::-1]),
    ],
    ids=["usual", "one face", "every subset, four emotions"],
)
def test_no_chart_cuts_off_its_text(official: np.ndarray, labels: np.ndarray):
    for figure in charts_of(official, labels):
        assert_nothing_is_cut(figure)


def words(figure: Figure) -> set[str]:
    return {text.get_text() for text in figure.findobj(Text)}


def test_charts_show_counts_and_say_none_for_an_absent_emotion():
    counts, means, light, leakage = charts_of(np.array(["Training"] * 3), np.array(["happy", "happy", "sad"]))
    assert {"2 (66.7%)", "1 (33.3%)", "none", "Training (3)"} <= words(counts)
    assert {"happy\n2", "all\n3", "fear\n0", "none", "too few"} <= words(means)
    assert {"none", "Training", "fear"} <= words(light)
    assert {"3\n100.0%", "Training (3)"} <= words(leakage)


@pytest.mark.parametrize(("source", "notes"), [("zip", 0), ("sample", 1)])
def test_all_pictures_of_drawn_faces_say_so(tiny: Path, source: str, notes: int, monkeypatch: pytest.MonkeyPatch):
    figures: list[Figure] = []
    monkeypatch.chdir(tiny)
    monkeypatch.setattr(explore, "read", lambda: {"data": {"source": source}})
    monkeypatch.setattr(explore, "save_figure", lambda path, figure: figures.append(figure))
    explore.main()
    assert len(figures) == 9
    for figure in figures:
        boxes = boxes_of_words(figure)
        found = [text.get_window_extent().extents for text in figure.texts if text.get_text() == "synthetic faces"]
        assert len(found) == notes
        assert all(sum(overlap(note, box) for box in boxes) == 1 for note in found), "over no text but itself"
