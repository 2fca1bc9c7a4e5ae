"""Exact, mirrored and near-duplicates are found, and different faces are kept apart."""

from collections import Counter

import cv2
import numpy as np
import pytest

from benchmarks.planted_copies import CHANGES
from emotion.audit import alignment, descriptors, duplicates
from emotion.core.labels import EMOTIONS
from emotion.synthetic.drawn import draw_face
from tests import audits
from tests.copies import Pairs, pairs_of, plant

MIN = {"min_candidate_similarity": 0.91, "min_similarity": 0.95}


def _drawn(count: int, seed: int) -> np.ndarray:
    faces = [draw_face(EMOTIONS[number % 7], np.random.default_rng([seed, number])) for number in range(count)]
    return np.array(faces)


def _near(pixels: np.ndarray) -> np.ndarray:
    """Return the groups of near-duplicates among these pictures."""
    pairs = duplicates.near_pairs(pixels, np.arange(len(pixels)), **MIN)
    return duplicates.near(np.full(len(pixels), -1, np.int32), pairs)


def _similarity(moving: np.ndarray, fixed: np.ndarray, warp: np.ndarray) -> float:
    return float(alignment.similarity(moving[None], fixed[None], warp[None])[0])


@pytest.fixture(scope="module")
def planted() -> tuple[np.ndarray, Pairs]:
    """Synthetic faces with known near-duplicates, of a seed that nothing was tuned with."""
    return plant(faces=500, copies=100, seed=8008)


def test_planted_near_duplicates_are_found_and_nothing_else(planted: tuple[np.ndarray, Pairs]):
    pixels, pairs = planted
    found = pairs_of(_near(pixels).tolist())
    hits = found & pairs.keys()
    assert len(hits) >= 0.95 * len(pairs) and len(hits) >= 0.99 * len(found)
    planted_of, found_of = Counter(pairs.values()), Counter(pairs[pair] for pair in hits)
    assert set(planted_of) == {name + plus for name in CHANGES for plus in ("", ", mirrored")}
    assert all(found_of[kind] >= 0.9 * count for kind, count in planted_of.items())


def test_pairs_are_sorted_and_tell_which_are_mirrored(planted: tuple[np.ndarray, Pairs]):
    pixels, pairs = planted
    found = duplicates.near_pairs(pixels, np.arange(len(pixels)), **MIN)
    assert found.schema == duplicates.PAIRS
    rows = found.to_pylist()
    places = [(row["first"], row["second"]) for row in rows]
    assert places == sorted(set(places)) and all(first < second for first, second in places)
    assert all(MIN["min_similarity"] <= row["similarity"] <= 1 for row in rows)
    mirrored = {place: row["mirrored"] for place, row in zip(places, rows, strict=True)}
    for pair, kind in pairs.items():
        assert mirrored.get(pair, "mirrored" in kind) == ("mirrored" in kind), kind


def test_only_the_rows_given_are_compared():
    face, *others = _drawn(40, 1)
    pixels = np.array([face, *others, face, face[:, ::-1]])
    pairs = duplicates.near_pairs(pixels, np.array([3, 5, 40]), **MIN)
    assert pairs.num_rows == 0
    assert duplicates.near_pairs(pixels, np.array([0, 5, 41]), **MIN).to_pylist()[0] == {
        "first": 0, "second": 41, "mirrored": True, "similarity": 1.0
    }  # fmt: skip


def test_a_symmetrical_picture_has_the_better_orientation():
    faces = _drawn(40, 7)
    symmetrical = (faces[0] / 2 + faces[0][:, ::-1] / 2 + 0.08 * (faces[0] - 128.0)).clip(0, 255).astype(np.uint8)
    pixels = np.array([symmetrical, CHANGES["JPEG 70"](symmetrical, np.random.default_rng(1)), *faces[1:]])
    mirror_image = _similarity(symmetrical[:, ::-1].copy(), pixels[1], descriptors.CENTRE.warp())
    assert mirror_image >= MIN["min_similarity"]
    (pair,) = duplicates.near_pairs(pixels, np.arange(len(pixels)), **MIN).to_pylist()
    assert not pair["mirrored"] and pair["similarity"] > mirror_image


def test_another_crop_of_the_same_picture_is_a_near_duplicate():
    large = np.kron(_drawn(60, 2), np.ones((2, 2))).astype(np.uint8)
    whole = [cv2.resize(face[4:92, 4:92], (48, 48), interpolation=cv2.INTER_AREA) for face in large]
    closer = [cv2.resize(face[8:84, 10:86], (48, 48), interpolation=cv2.INTER_AREA) for face in large]
    found = pairs_of(_near(np.array(whole + closer)).tolist())
    expected = {(number, number + 60) for number in range(60)}
    assert not found - expected
    assert len(found & expected) >= 54


def test_pictures_without_contrast_are_no_near_duplicates():
    rng = np.random.default_rng(3)
    gray = [np.full((48, 48), tone) for tone in (0, 128, 255)]
    noise = list(rng.normal(128, 2, (30, 48, 48)).clip(0, 255))
    framed = np.zeros((2, 48, 48))
    framed[0, :5], framed[1, :, :5] = 200, 200
    assert (_near(np.array([*gray, *noise, *framed], np.uint8)) == -1).all()


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_pictures_are_no_error(count: int):
    assert _near(_drawn(2, 4)[:count]).tolist() == [-1] * count


def test_a_picture_aligns_with_itself_and_not_with_another():
    one, other = _drawn(2, 5)
    as_it_is = descriptors.CENTRE.warp()
    assert _similarity(one, one, as_it_is) == pytest.approx(1)
    assert _similarity(one, other, as_it_is) < 0.8
    assert _similarity(one, np.zeros_like(one), as_it_is) == 0


def test_pictures_that_cannot_be_aligned_keep_their_similarity():
    one, other = np.zeros((2, 48, 48), np.uint8)
    one[24, 24], other[24, 25] = 255, 255
    assert 0.5 < _similarity(one, other, descriptors.CENTRE.warp()) < 0.6


def test_a_rotated_picture_is_no_near_duplicate():
    face = _drawn(1, 6)[0]
    turn = cv2.getRotationMatrix2D((23.5, 23.5), angle=6, scale=1)
    turned = cv2.warpAffine(face, turn, (48, 48), borderMode=cv2.BORDER_REPLICATE)
    assert _similarity(face, turned, descriptors.CENTRE.warp()) < MIN["min_similarity"]


def test_the_warp_of_a_view_is_its_place():
    # The values of a gradient are the coordinates of its pixels.
    right, down = np.meshgrid(np.arange(48.0), np.arange(48.0))
    for view in descriptors.VIEWS:
        (scale, _, left), (_, _, top) = view.warp()
        inside = slice(2 * view.left, 2 * (view.left + view.size)), slice(2 * view.top, 2 * (view.top + view.size))
        middle = right[inside[1], inside[0]].mean(), down[inside[1], inside[0]].mean()
        assert (scale * 23.5 + left, scale * 23.5 + top) == pytest.approx(middle)


def test_near_groups_join_groups_and_pairs():
    groups = np.array([-1, 0, -1, 0, 1, 1, -1, -1], np.int32)
    pairs = audits.pairs_of([(1, 2, False, 1.0), (4, 6, True, 1.0)])
    assert duplicates.near(groups, pairs).tolist() == [-1, 0, 0, 0, 1, 1, 1, -1]
    pairs = audits.pairs_of([(0, 7, False, 1.0), (2, 7, False, 1.0), (3, 5, False, 1.0)])
    assert duplicates.near(groups, pairs).tolist() == [0, 1, 0, 1, 1, 1, -1, 0]
    assert duplicates.near(groups, audits.pairs_of([])).tolist() == groups.tolist()
