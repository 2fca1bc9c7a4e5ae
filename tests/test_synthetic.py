"""Synthetic faces are reproducible and varied, and pixels alone do not tell their emotions apart."""

import hashlib
import os
import subprocess
import sys
import warnings
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from emotion.core.labels import EMOTIONS
from emotion.synthetic.drawn import draw_face, draw_faces, planted

Faces = tuple[np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def drawn() -> dict[str, Faces]:
    """Pictures (n, 48, 48) and label numbers of each official subset of 3,000 faces."""
    subsets: dict[str, tuple[list, list]] = {}
    for name, content in draw_faces(3000, seed=7):
        official, emotion, _ = name.split("/")
        pictures, labels = subsets.setdefault(official, ([], []))
        pictures.append(_decode(content))
        labels.append(EMOTIONS.index(emotion))
    return {official: (np.array(pictures), np.array(labels)) for official, (pictures, labels) in subsets.items()}


def test_the_same_seed_gives_the_same_bytes_in_another_process(root: Path):
    script = (
        "import hashlib; from emotion.synthetic.drawn import draw_faces;"
        "print(hashlib.sha256(b''.join(n.encode() + b for n, b in draw_faces(80, 5))).hexdigest())"
    )
    here = hashlib.sha256(b"".join(name.encode() + content for name, content in draw_faces(80, 5))).hexdigest()
    environment = os.environ | {"PYTHONHASHSEED": "1"}
    command = [sys.executable, "-c", script]
    there = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=True)
    assert there.stdout.strip() == here


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


def test_no_emotion_is_rare_and_happy_is_the_most_frequent(drawn: dict[str, Faces]):
    counts = Counter(np.concatenate([labels for _, labels in drawn.values()]).tolist())
    shares = {emotion: counts[number] / 3000 for number, emotion in enumerate(EMOTIONS)}
    sizes = {official: len(labels) for official, (_, labels) in drawn.items()}
    assert sizes == {"Training": 2400, "PublicTest": 300, "PrivateTest": 300}
    assert min(shares.values()) >= 0.04
    assert max(shares, key=shares.__getitem__) == "happy" and min(shares, key=shares.__getitem__) == "disgust"


def test_planted_defects_are_what_their_kind_says():
    faces = {name: _decode(content).astype(float) for name, content in draw_faces(1600, 7)}
    defects = planted(1600, 7)
    duplicates = dict.fromkeys(("exact_duplicate", "mirrored_duplicate", "near_duplicate"), 3)
    assert Counter(kind for kind, *_ in defects) == duplicates | {"label_conflict": 2, "blank": 1}
    for kind, name, original in defects:
        face, other = faces[name], faces[original]
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


def test_all_faces_differ_except_planted_duplicates(drawn: dict[str, Faces]):
    contents = Counter(picture.tobytes() for pictures, _ in drawn.values() for picture in pictures)
    copies = sum(kind in ("exact_duplicate", "label_conflict") for kind, *_ in planted(3000, 7))
    assert sorted(contents.values()) == [1] * (3000 - 2 * copies) + [2] * copies and copies


def test_no_emotion_is_lost_without_the_defects():
    lost = {name for _, name, _ in planted(90, 4)}
    left = {tuple(name.split("/")[:2]) for name, _ in draw_faces(90, 4) if name not in lost}
    assert lost and len(left) == 3 * len(EMOTIONS)


def test_pixels_alone_do_not_tell_the_emotion(drawn: dict[str, Faces]):
    """That a network learns them nevertheless, test_label_audit.py shows."""
    (faces, labels), (others, truth) = drawn["Training"], drawn["PublicTest"]
    inputs, outer = (each.reshape(len(each), 24, 2, 24, 2).mean(axis=(2, 4)) / 255 for each in (faces, others))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # 100 steps fit the training faces well enough
        model = LogisticRegression(C=0.04, max_iter=100).fit(inputs.reshape(len(faces), -1), labels)
    assert model.score(outer.reshape(len(others), -1), truth) < 0.7


def _decode(content: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
