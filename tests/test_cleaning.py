"""Cleaning: faces are decoded, other files set aside with a reason, and useless archives refused."""

import re

import numpy as np
import pytest

from emotion.core.decoding import DAMAGED, UNKNOWN, UnusableError
from emotion.core.errors import InputError
from emotion.core.labels import EMOTIONS
from emotion.preparation import cleaning
from tests.inputs import encoded

RNG = np.random.default_rng(3)
FACE = RNG.integers(0, 256, (48, 48), np.uint8)


def _archive(*emotions: str) -> list[tuple[str, bytes]]:
    return [(f"Training/{emotion}/{number}.png", encoded(FACE)) for number, emotion in enumerate(emotions)]


@pytest.mark.parametrize("pixels", [FACE, np.stack([FACE] * 3, axis=-1)], ids=["gray", "colour"])
def test_a_picture_becomes_its_gray_values(pixels: np.ndarray):
    assert np.array_equal(cleaning.decode(encoded(pixels)), FACE)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (encoded(FACE, "JPEG")[:-700], DAMAGED),
        (encoded(FACE)[:-700], DAMAGED),
        (b"This is a text.", UNKNOWN),
        (b"", "empty"),
        (encoded(FACE[:47]), "wrong size"),
        (encoded(np.zeros((96, 96), np.uint8)), "wrong size"),
    ],
    ids=["truncated JPEG", "truncated PNG", "text", "empty", "one row less", "larger"],
)
def test_an_unusable_picture_is_set_aside_with_the_reason(content: bytes, reason: str):
    with pytest.raises(UnusableError, match=f"^{re.escape(reason)}$"):
        cleaning.decode(content)
    faces, set_aside = cleaning.clean([("Test/sad/bad.jpg", content), ("Test/sad/good.png", encoded(FACE))])
    assert faces["name"].to_pylist() == ["Test/sad/good.png"]
    assert set_aside == [("Test/sad/bad.jpg", reason)]


def test_the_table_holds_the_faces_of_the_archive():
    noise = RNG.integers(100, 105, (48, 48), np.uint8)  # what JPEG makes of one gray value
    pictures = {"Training/sad/a.png": FACE, "Test/fear/b/c.png": FACE, "PublicTest/happy/d.png": noise}
    faces, set_aside = cleaning.clean((name, encoded(pixels)) for name, pixels in pictures.items())
    assert set_aside == []
    assert faces["name"].to_pylist() == list(pictures)
    assert faces["official"].to_pylist() == ["Training", "Test", "PublicTest"]
    assert faces["label"].to_pylist() == ["sad", "fear", "happy"]
    assert faces["pixels"].to_pylist() == [pixels.tobytes() for pixels in pictures.values()]
    assert faces["blank"].to_pylist() == [False, False, True]
    first, same, other = faces["hash"].to_pylist()
    assert first == same != other


def test_the_summary_counts_faces_and_reasons():
    pictures = [*_archive("happy", "sad", "sad"), ("Training/sad/x", b""), ("Training/sad/y", b"y")]
    summary = cleaning.summarise(*cleaning.clean(pictures))
    assert summary["faces"] == 3
    assert summary["distinct_pictures"] == 1
    assert summary["per_emotion"] == {**dict.fromkeys(EMOTIONS, 0), "happy": 1, "sad": 2}
    assert summary["set_aside"] == {"total": 2, "empty": 1, UNKNOWN: 1}


@pytest.mark.parametrize(
    ("pictures", "message"),
    [
        (_archive("happy", "happy"), r"usable pictures of happy only \(2, set aside: none\)"),
        ([("Training/sad/x", b""), ("Test/fear/y", b"")], r"of no emotion only \(0, set aside: 2 x empty\)"),
        ([], "usable pictures of no emotion only"),
    ],
    ids=["one emotion", "nothing usable", "nothing"],
)
def test_fewer_than_two_emotions_are_an_error(pictures: list[tuple[str, bytes]], message: str):
    with pytest.raises(InputError, match=message):
        cleaning.summarise(*cleaning.clean(pictures))
