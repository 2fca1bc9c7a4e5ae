"""A picture that is too small, too large, damaged or none at all is refused with a reason."""

import random
import struct
import subprocess
import sys
import warnings
import zlib

import numpy as np
import pytest

from emotion.core.decoding import UnusableError
from emotion.sources.normalise import normalise
from tests.inputs import SMOOTH, encoded, normalised

RNG = np.random.default_rng(5)
FACE = RNG.integers(0, 256, (48, 48), np.uint8)


def huge(side: int) -> bytes:
    """Return a whole PNG of black and white pixels, small as a file."""
    data = zlib.compress(bytes((side // 8 + 1) * side), 1)
    chunks = (b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)), (b"IDAT", data), (b"IEND", b"")
    parts = [struct.pack(">I", len(d)) + kind + d + struct.pack(">I", zlib.crc32(kind + d)) for kind, d in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize("size", [(1, 1), (100, 7), (7, 100)])
def test_a_picture_that_is_too_small_is_refused(size: tuple[int, int]):
    with pytest.raises(UnusableError, match="^a side of less than 8 pixels$"):
        normalise(encoded(np.zeros(size, np.uint8)))
    normalise(encoded(np.zeros((8, 8), np.uint8)))


def test_a_huge_picture_is_refused_before_it_is_decoded():
    code = (
        "import sys, resource; from emotion.sources.normalise import *; content = sys.stdin.buffer.read();"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss; before = peak()\n"
        "try: normalise(content)\n"
        "except UnusableError as reason: print(peak() - before, reason)"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], input=huge(20_000), capture_output=True)
    grown, reason = done.stdout.decode().strip().split(" ", 1)
    assert reason == "more than 25,000,000 pixels: make it smaller"
    assert int(grown) < 20_000  # KiB; decoded it is 400 MB


def test_a_picture_of_the_maximum_size_is_accepted():
    assert np.all(normalised(huge(5_000)) == 0)
    with pytest.raises(UnusableError, match="^more than 25,000,000 pixels: make it smaller$"):
        normalise(huge(5_008))


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
