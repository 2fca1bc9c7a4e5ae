"""Answers averaged over several looks at a face."""

import numpy as np
import pytest

from emotion.training import views
from emotion.training.views import PredictSettings

FACES = np.random.default_rng(3).integers(0, 256, (5, 48, 48), np.uint8)
KERNEL = np.random.default_rng(4).normal(0, 0.001, (48 * 48, 7))


def _answers(faces: np.ndarray) -> np.ndarray:
    """Answer as a network of one layer, which tells left from right."""
    powers = np.exp(faces.reshape(len(faces), -1) @ KERNEL)
    return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)


def _averaged(faces: np.ndarray, *, mirror: bool, shift: int = 0) -> np.ndarray:
    return views.averaged(_answers(faces), _answers, faces, PredictSettings(mirror=mirror, shift=shift))


def test_with_nothing_asked_for_the_average_is_the_single_look():
    assert np.array_equal(_averaged(FACES, mirror=False), _answers(FACES))


def test_a_face_and_its_mirror_image_get_the_same_averaged_answer_and_not_the_same_single_one():
    mirrored = np.ascontiguousarray(FACES[:, :, ::-1])
    assert not np.allclose(_answers(FACES), _answers(mirrored), atol=0.01)
    assert np.array_equal(_averaged(FACES, mirror=True), _averaged(mirrored, mirror=True))


def test_the_average_is_the_mean_of_both_looks_and_sums_to_one():
    found = _averaged(FACES, mirror=True)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, (_answers(FACES) + _answers(FACES[:, :, ::-1])) / 2, rtol=1e-6)
    assert found.sum(axis=1) == pytest.approx(np.ones(5), abs=1e-6)


def test_shifted_looks_show_the_face_moved_towards_each_corner_its_edge_repeated():
    looks = list(views.others(FACES, PredictSettings(mirror=False, shift=3)))
    assert len(looks) == 4
    np.testing.assert_array_equal(looks[0][:, 3:, 3:], FACES[:, :-3, :-3])
    np.testing.assert_array_equal(looks[3][:, :-3, :-3], FACES[:, 3:, 3:])
    assert (looks[0][:, :3, 3:] == FACES[:, :1, :-3]).all()


def test_ten_looks_are_the_five_places_and_their_mirror_images():
    looks = [FACES, *views.others(FACES, PredictSettings(mirror=True, shift=2))]
    assert len({look.tobytes() for look in looks}) == 10
    mean = np.mean([_answers(look) for look in looks], axis=0)
    np.testing.assert_allclose(_averaged(FACES, mirror=True, shift=2), mean, rtol=1e-6)
