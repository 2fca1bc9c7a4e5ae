"""Synthetic faces are varied, and pixels alone do not tell their emotions apart."""

from collections import Counter

import cv2
import numpy as np
import pytest
from sklearn.linear_model import RidgeClassifier

from emotion.core.labels import EMOTIONS
from emotion.synthetic.drawn import draw_face, draw_faces, planted


@pytest.fixture(scope="module")
def drawn() -> dict[str, np.ndarray]:
    """3,000 faces by name."""
    return {name: _decode(content) for name, content in draw_faces(3000, seed=7)}


def test_another_seed_gives_other_faces():
    assert not {content for _, content in draw_faces(70, 1)} & {content for _, content in draw_faces(70, 2)}


def test_a_face_does_not_depend_on_those_drawn_before():
    name, content = list(draw_faces(70, 3))[20]
    alone = draw_face(name.split("/")[1], np.random.default_rng([3, 20]))
    assert np.array_equal(_decode(content), alone)
    assert alone.shape == (48, 48) and alone.dtype == np.uint8 and np.ptp(alone) > 50


@pytest.mark.parametrize("faces", [70, 71, 99, 333])
def test_every_emotion_is_in_every_subset(faces: int):
    names = [name for name, _ in draw_faces(faces, 0)]
    assert len(set(names)) == faces
    assert (names[0], names[-1]) == (
        "Training/angry/Training_000000.png",
        f"PrivateTest/surprise/PrivateTest_{faces - 1:06}.png",
    )
    for official in ("Training", "PublicTest", "PrivateTest"):
        assert {name.split("/")[1] for name in names if name.startswith(official)} == set(EMOTIONS)


def test_no_emotion_is_rare_and_happy_is_the_most_frequent(drawn: dict[str, np.ndarray]):
    sizes, counts = (Counter(name.split("/")[part] for name in drawn) for part in (0, 1))
    assert sizes == {"Training": 2400, "PublicTest": 300, "PrivateTest": 300}
    (most, _), *_, (fewest, count) = counts.most_common()
    assert (most, fewest) == ("happy", "disgust") and count >= 0.04 * 3000


def test_planted_defects_are_what_their_kind_says(drawn: dict[str, np.ndarray]):
    defects = planted(3000, 7)
    duplicates = dict.fromkeys(("exact_duplicate", "mirrored_duplicate", "near_duplicate"), 6)
    assert Counter(kind for kind, *_ in defects) == duplicates | {"label_conflict": 4, "blank": 2}
    for kind, name, original in defects:
        face, other = drawn[name], drawn[original]
        same_emotion = name.split("/")[1] == original.split("/")[1]
        assert same_emotion is (kind != "label_conflict") and original.startswith("Training/")
        assert name.startswith("Training/" if kind in ("label_conflict", "blank") else "PrivateTest/")
        if kind == "blank":
            assert np.ptp(face) == 0
        elif kind == "near_duplicate":
            middle = (slice(8, -8), slice(8, -8))
            shifted = [np.roll(other, (down, right), (0, 1)) for down in range(-2, 3) for right in range(-2, 3)]
            assert max(np.corrcoef(face[middle].ravel(), s[middle].ravel())[0, 1] for s in shifted) > 0.95
            assert not np.array_equal(face, other)
        else:
            assert np.array_equal(face, other[:, ::-1] if kind == "mirrored_duplicate" else other)


def test_all_faces_differ_except_planted_duplicates(drawn: dict[str, np.ndarray]):
    contents = Counter(picture.tobytes() for picture in drawn.values())
    copies = sum(kind in ("exact_duplicate", "label_conflict") for kind, *_ in planted(3000, 7))
    assert sorted(contents.values()) == [1] * (3000 - 2 * copies) + [2] * copies and copies


def test_no_emotion_is_lost_without_the_defects():
    lost = {name for _, name, _ in planted(90, 4)}
    left = {tuple(name.split("/")[:2]) for name, _ in draw_faces(90, 4) if name not in lost}
    assert lost and len(left) == 3 * len(EMOTIONS)


def test_pixels_alone_do_not_tell_the_emotion(drawn: dict[str, np.ndarray]):
    """That a network learns them nevertheless, test_label_audit.py shows."""
    (faces, labels), (others, truth) = (_pixels_and_labels(drawn, subset) for subset in ("Training", "PublicTest"))
    assert RidgeClassifier(alpha=10).fit(faces, labels).score(others, truth) < 0.7


def _pixels_and_labels(drawn: dict[str, np.ndarray], subset: str) -> tuple[np.ndarray, list[str]]:
    """Return the pixels of a subset's faces at half their size, and their emotions."""
    names = [name for name in drawn if name.startswith(subset)]
    halved = np.array([drawn[name] for name in names]).reshape(-1, 24, 2, 24, 2).mean(axis=(2, 4))
    return halved.reshape(len(names), -1) / 255, [name.split("/")[1] for name in names]


def _decode(content: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
