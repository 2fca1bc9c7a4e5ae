"""Candidates for near-duplicates: faces of which a view resembles the centre of another."""

import numpy as np

from emotion.audit import candidates, descriptors
from emotion.synthetic.drawn import draw_face
from tests.copies import plant


def test_few_faces_are_compared_with_all_views_of_all():
    pixels = plant(faces=400, copies=100, seed=8)[0]  # in four cells, and all are searched
    rows = np.arange(len(pixels))
    products = descriptors.of_views(pixels, rows) @ descriptors.of_centres(pixels, rows).T
    lowest = 0.91 * descriptors.LENGTH**2
    view, other = np.nonzero(products >= lowest)
    assert np.bincount(view).max() <= candidates.NEIGHBOURS
    face = view // len(descriptors.VIEWS)
    expected = {tuple(sorted(pair)) for pair in zip(face.tolist(), other.tolist(), strict=True) if pair[0] != pair[1]}
    found = {tuple(sorted(pair)) for pair in candidates.propose(pixels, rows, 0.91)[:, :2].tolist()}
    assert found == expected and len(found) > 20


def test_of_many_alike_only_the_nearest_are_candidates():
    noise = np.random.default_rng(3).integers(-1, 2, (300, 48, 48))
    pixels = np.clip(draw_face("happy", np.random.default_rng(5)).astype(int) + noise, 0, 255).astype(np.uint8)
    found = candidates.propose(pixels, np.arange(300), 0.91)
    assert len(found) < 300 * 299 / 2 / 5  # of all pairs, which are alike
    assert set(found[:, :2].ravel()) == set(range(300))


def test_a_mirrored_view_is_the_plain_view_of_the_mirrored_face():
    pixels, rows = plant(faces=20, copies=0, seed=6)[0], np.arange(20)
    views, mirrored = (
        descriptors.of_views(faces, rows).reshape(20, len(descriptors.VIEWS), -1)
        for faces in (pixels, pixels[..., ::-1])
    )
    half = len(descriptors.VIEWS) // 2
    assert (views[:, half:] == mirrored[:, :half]).all() and not (views[:, half:] == views[:, :half]).all()
