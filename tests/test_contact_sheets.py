"""Contact sheets: how a sheet shows its faces, and which faces each of them shows."""

from itertools import combinations

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import FigureImage
from PIL import Image

from emotion.exploration import gallery
from emotion.exploration.contact_sheets import sheet
from emotion.exploration.settings import ExploreSettings
from tests.audits import pairs_of
from tests.figures import assert_nothing_is_cut, boxes_of_words, noise, overlap, pixels


def captions(figure: Figure) -> list[str]:
    """Return the captions of a sheet, in their order."""
    return [text.get_text() for text in figure.texts[1:]]


@pytest.mark.parametrize("groups", [(), (2, 3, 1, 9)], ids=["faces", "groups"])
def test_a_sheet_shows_every_face_at_twice_its_size_without_overlaps(groups: tuple[int, ...]):
    faces = noise(15)
    names = [f"$\\frac$ {number}" + "\nlong " * (number % 3) + "wide" * number for number in range(15)]
    figure = sheet(faces, names, "A title that is far wider than one face,\nin two lines", columns=4, groups=groups)
    assert_nothing_is_cut(figure)
    drawn = [image for image in figure.images if isinstance(image, FigureImage)]
    places = [np.array([image.ox, image.oy, image.ox + 96, image.oy + 96]) for image in drawn]
    things = [*places, *boxes_of_words(figure)]
    assert len(places) == 15 and len(things) == 15 + 1 + 15
    assert not [pair for pair in combinations(things, 2) if overlap(*pair)]
    page = pixels(figure)
    for face, (left, lower, right, upper) in zip(faces, places, strict=True):
        large = np.asarray(Image.fromarray(face).resize((96, 96), Image.Resampling.BICUBIC))
        shown = page[len(page) - upper : len(page) - lower, left:right, 0]
        assert np.abs(shown.astype(int) - large).max() <= 1


def rows_of(figure: Figure) -> list[int]:
    """Return the row of each face on a sheet."""
    heights = sorted({image.oy for image in figure.images}, reverse=True)
    return [heights.index(image.oy) for image in figure.images]


def test_a_group_stays_in_one_row_if_it_fits():
    figure = sheet(noise(13), [""] * 13, "", columns=5, groups=[2, 2, 2, 7])
    assert rows_of(figure) == [0, 0, 0, 0, 1, 1, 2, 2, 2, 2, 2, 3, 3]


def faces_of(labels: list[str], official: str = "Training") -> gallery.Faces:
    names = np.array([f"{official}/{label}/{number:03}.png" for number, label in enumerate(labels)])
    return gallery.Faces(names, np.array([official] * len(labels)), np.array(labels), noise(len(labels)))


def test_samples_are_of_every_emotion_and_follow_the_seed():
    faces = faces_of(["sad"] * 30 + ["happy"] * 2 + ["fear"] * 30)
    drawn, again, other = (
        captions(gallery.samples(faces, ExploreSettings(faces_per_emotion=5, seed=seed))) for seed in (1, 1, 2)
    )
    assert [caption.split("\n")[0] for caption in drawn] == ["fear"] * 5 + ["happy"] * 2 + ["sad"] * 5
    assert len(set(drawn)) == 12 and drawn == again != other


def test_label_conflicts_are_shown_as_whole_groups():
    faces = faces_of(["sad", "fear", "happy", "sad", "happy", "fear"])
    groups, conflict = np.array([0, 1, 2, 0, 2, 1]), np.array([False, True, True, False, True, True])
    conflict[[1, 5]] = False
    assert captions(gallery.label_conflicts(faces, groups, conflict)) == ["happy\n002", "happy\n004"]


def test_a_sheet_of_many_label_conflicts_shows_some_and_their_number():
    faces = faces_of(["sad", "fear"] * 100)
    figure = gallery.label_conflicts(faces, np.repeat(np.arange(100), 2), np.ones(200, bool))
    assert len(captions(figure)) == 2 * gallery.MAX_GROUPS
    assert figure.texts[0].get_text().endswith(f"({gallery.MAX_GROUPS} of 100)")


def test_blank_pictures_come_before_almost_blank_ones():
    figure = gallery.blank(faces_of(["sad"] * 4), np.array([0, 0, 0, 1], bool), np.array([0, 1, 0, 1], bool))
    assert captions(figure) == ["sad\n003\nblank", "sad\n001\nalmost blank"]


def test_near_duplicates_begin_with_the_least_similar_without_exact():
    faces, exact = faces_of(["sad", "sad", "fear", "happy"]), np.array([0, 0, -1, -1])
    pairs = pairs_of([(0, 1, False, 1.0), (0, 2, False, 0.98), (1, 3, True, 0.95)])
    figure = gallery.near_duplicates(faces, pairs, exact)
    assert captions(figure) == [
        "sad\n001\nsimilarity 0.950", "happy\n003\nmirrored", "sad\n000\nsimilarity 0.980", "fear\n002\n",
    ]  # fmt: skip


def test_many_near_duplicates_are_shown_by_a_range_of_similarities():
    rows = [(number, number + 1, False, number / 1000) for number in range(500)]
    figure = gallery.near_duplicates(faces_of(["sad"] * 501), pairs_of(rows), np.full(501, -1))
    shown = [int(caption.split("\n")[1]) for caption in captions(figure)[::2]]
    half = gallery.MAX_PAIRS // 2
    assert shown[:half] == list(range(half)) and len(set(shown)) == gallery.MAX_PAIRS
    assert shown[half] == half and shown[-1] == 499 and np.diff(shown[half:]).max() < 20


def test_sheets_without_faces_say_none():
    faces, none = faces_of(["sad"] * 3), np.zeros(3, bool)
    for figure in (
        gallery.label_conflicts(faces, np.full(3, -1), none),
        gallery.blank(faces, none, none),
        gallery.near_duplicates(faces, pairs_of([]), np.full(3, -1)),
    ):
        assert captions(figure) == ["none"] and figure.texts[0].get_text().endswith("(0)") and not figure.images
        assert_nothing_is_cut(figure)


def test_the_least_face_like_picture_comes_first_without_blank_ones():
    scores, blank = np.linspace(0, 1, 60, dtype=np.float32), np.arange(60) == 59
    shown = captions(gallery.least_face_like(faces_of(["sad"] * 60), scores, blank))
    assert shown[0] == "sad\n058\n0.983" and len(shown) == 49


def test_a_long_name_keeps_its_beginning_and_its_end():
    names = np.array(["All/sad/first\nof all the pictures of somebody 0123.jpg"])
    faces = gallery.Faces(names, np.array(["All"]), np.array(["sad"]), noise(1))
    label, name = faces.captions(np.array([0]))[0].split("\n")
    assert label == "sad" and name.startswith("first?of") and name.endswith("0123") and len(name) <= 22
