"""A picture that is too small, too large, damaged or none at all is refused with a reason."""

import random
import struct
import warnings

import numpy as np
import pytest
from PIL import Image, ImageFile

from emotion.core.decoding import UnusableError
from emotion.sources.normalise import normalise
from tests.inputs import SMOOTH, encoded, normalised

RNG = np.random.default_rng(5)
FACE = RNG.integers(0, 256, (48, 48), np.uint8)


@pytest.mark.parametrize("size", [(1, 1), (100, 7), (7, 100)])
def test_a_picture_that_is_too_small_is_refused(size: tuple[int, int]):
    with pytest.raises(UnusableError, match="^a side of less than 8 pixels$"):
        normalise(encoded(np.zeros(size, np.uint8)))
    normalise(encoded(np.zeros((8, 8), np.uint8)))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("side", [5_008, 20_000], ids=["above our limit", "above Pillow's own"])
def test_a_huge_picture_is_refused_before_it_is_decoded(side: int, monkeypatch: pytest.MonkeyPatch):
    content = encoded(Image.new("1", (side, side)))
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda image: pytest.fail("decoded"))
    with pytest.raises(UnusableError, match="^more than 25,000,000 pixels: make it smaller$"):
        normalise(content)


def test_a_picture_of_the_maximum_size_is_accepted():
    assert np.all(normalised(encoded(Image.new("1", (5_000, 5_000)))) == 0)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WebP", "BMP", "GIF", "TIFF", "AVIF"])
def test_a_truncated_picture_is_refused(kind: str):
    content = encoded(RNG.integers(0, 256, (60, 60, 3), np.uint8), kind)
    normalise(content)
    with pytest.raises(UnusableError, match="^damaged"):
        normalise(content[: len(content) * 2 // 3])


@pytest.mark.parametrize(
    "content",
    [b"This is a text.", encoded(FACE, "PPM"), b"%!PS-Adobe-3.0 EPSF-3.0\n"],
    ids=["text", "PPM", "PostScript"],
)
def test_another_file_is_refused(content: bytes):
    with pytest.raises(
        UnusableError, match=r"^not a picture in a supported format \(JPEG, PNG, WebP, BMP, GIF, TIFF, AVIF\)$"
    ):
        normalise(content)


def test_a_picture_with_a_wrong_header_is_refused():
    palette = bytearray(encoded(SMOOTH, "BMP", "P"))
    palette[46:50] = struct.pack("<I", 5_000)  # colours that it says it has
    with pytest.raises(UnusableError, match="^damaged"):
        normalise(bytes(palette))


def test_a_damaged_picture_is_refused_or_becomes_a_face():
    rng = random.Random(1)
    kinds = (("JPEG", "RGB"), ("PNG", "RGBA"), ("PNG", "P"), ("WebP", "RGB"), ("BMP", "P"), ("GIF", "P"), ("TIFF", "L"))
    whole = [encoded(SMOOTH[:60, :50], *kind) for kind in kinds]
    refused = 0
    for _ in range(600):
        content = bytearray(rng.choice(whole))
        for _ in range(rng.choice((1, 4, 20))):
            content[rng.randrange(min(len(content), rng.choice((40, 400, 4000))))] = rng.randrange(256)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                assert normalised(bytes(content)).shape == (48, 48)
            except UnusableError:
                refused += 1
    assert 100 < refused < 600
