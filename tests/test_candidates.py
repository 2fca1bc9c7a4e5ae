"""Candidates for near-duplicates: faces of which a view resembles the centre of another."""

import numpy as np
import pytest

from emotion.audit import candidates, descriptors
from emotion.synthetic.drawn import draw_face
from tests.copies import plant


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    """Synthetic faces and copies of some, in four cells, so that all are searched."""
    return plant(faces=400, copies=100, seed=8)[0]


@pytest.fixture(scope="module")
def alike() -> np.ndarray:
    """Three cells of faces that differ by noise."""
    noise = np.random.default_rng(3).integers(-9, 10, (300, 48, 48))
    return np.clip(draw_face("happy", np.random.default_rng(5)).astype(int) + noise, 0, 255).astype(np.uint8)


def _pairs(views: np.ndarray) -> set[tuple[int, int]]:
    """Return the pairs of faces of which a view of one is a neighbour of the other: bool (views, faces)."""
    face, other = np.nonzero(views.reshape(-1, len(descriptors.VIEWS), views.shape[1]).any(axis=1))
    return {(min(pair), max(pair)) for pair in zip(face.tolist(), other.tolist(), strict=True) if pair[0] != pair[1]}


@pytest.mark.parametrize("faces", ["pixels", "alike"])
def test_the_nearest_of_all_cells_are_candidates(faces: str, request: pytest.FixtureRequest):
    pixels = request.getfixturevalue(faces)
    rows = np.arange(len(pixels))
    products = descriptors.of_views(pixels, rows) @ descriptors.of_centres(pixels, rows).T
    close = products >= 0.91 * descriptors.LENGTH**2
    last = np.partition(products, -candidates.NEIGHBOURS, axis=1)[:, -candidates.NEIGHBOURS, None]
    found = {tuple(sorted(pair)) for pair in candidates.propose(pixels, rows, 0.91)[:, :2].tolist()}
    assert _pairs(close & (products > last)) <= found <= _pairs(close & (products >= last)) and len(found) > 20


def test_a_mirrored_view_is_the_plain_view_of_the_mirrored_face(pixels: np.ndarray):
    rows = np.arange(20)
    views, mirrored = (
        descriptors.of_views(faces, rows).reshape(20, len(descriptors.VIEWS), -1)
        for faces in (pixels, pixels[..., ::-1])
    )
    half = len(descriptors.VIEWS) // 2
    assert (views[:, half:] == mirrored[:, :half]).all() and not (views[:, half:] == views[:, :half]).all()


def test_descriptors_are_whole_numbers_with_exact_products():
    pixels = np.random.default_rng(1).integers(0, 256, (300, 48, 48), np.uint8)
    pixels[0] = 0  # which has no direction
    found = descriptors.of_views(pixels, np.arange(300)).reshape(300, len(descriptors.VIEWS), -1)
    assert not found[0].any() and (found == np.rint(found)).all()
    assert 2**21 < np.square(found[1:], dtype=np.float64).sum(axis=2).max() < 2**24


def test_the_largest_values_come_first_and_of_equal_ones_the_first():
    values = -np.random.default_rng(2).integers(1, 9, (50, 20)).astype(np.float32)
    expected = np.argsort(-values, axis=1, kind="stable")[:, :5]
    largest, columns = candidates._largest(values.copy(), 5)
    assert (columns == expected).all() and (largest == np.take_along_axis(values, expected, axis=1)).all()
    assert candidates._largest(values[:, :3].copy(), 5)[1].shape == (50, 3)


@pytest.mark.parametrize("count", [200, 257, 70_000])
def test_each_cell_has_the_rows_that_name_it(count: int):
    cells = np.random.default_rng(3).integers(0, count, (400, 4))
    found = candidates._members(cells, count)
    assert len(found) == count
    for cell in np.unique(cells):
        assert found[cell].tolist() == np.nonzero(cells == cell)[0].tolist()


def test_candidates_of_some_faces_are_those_of_a_table_of_them(pixels: np.ndarray, monkeypatch: pytest.MonkeyPatch):
    rows = np.arange(7, 500, 2)
    alone = candidates.propose(pixels[rows], np.arange(len(rows)), 0.9)
    monkeypatch.setattr(candidates, "BLOCK", 60)  # several blocks
    found = candidates.propose(pixels, rows, 0.9)
    assert len(found) > 5 and (found[:, :2] == rows[alone[:, :2]]).all() and (found[:, 2] == alone[:, 2]).all()


def test_a_symmetric_face_is_a_candidate_as_it_is_and_mirrored():
    half = draw_face("happy", np.random.default_rng(5))[:, :24]
    face = np.hstack([half, half[:, ::-1]])
    pixels = np.stack([face, (0.9 * face).astype(np.uint8)])
    numbers = candidates.propose(pixels, np.arange(2), 0.9)[:, 2]
    assert sorted(descriptors.VIEWS[number].mirrored for number in numbers) == [False, True]
