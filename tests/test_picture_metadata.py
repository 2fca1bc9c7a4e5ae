"""Metadata never decide whether a picture is read; of EXIF data, the orientation alone counts."""

import io
import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from emotion.core import metadata, pictures
from emotion.core.decoding import gray, opened
from emotion.inference.reading import read
from tests.inputs import encoded

ROW, COLUMN = np.mgrid[:60, :40]
SMOOTH = np.dstack([4 * ROW, 6 * COLUMN, 255 - 4 * ROW]).astype(np.uint8)
TRANSPOSED = SMOOTH.swapaxes(0, 1)
UPRIGHT = {
    1: SMOOTH,
    2: SMOOTH[:, ::-1],
    3: SMOOTH[::-1, ::-1],
    4: SMOOTH[::-1],
    5: TRANSPOSED,
    6: TRANSPOSED[:, ::-1],  # of an upright phone: to be rotated clockwise
    7: TRANSPOSED[::-1, ::-1],
    8: TRANSPOSED[::-1],
}


def smooth(kind: str, **options: object) -> bytes:
    return encoded(SMOOTH, kind, **options)


def exif(orientation: int, order: str = "<", numerator: int = 1) -> bytes:
    """Return EXIF data with this orientation, a resolution with the denominator 0, and an unknown unit of it."""
    entries = (0x0112, 3, 1, orientation), (0x011A, 5, 1, 60), (0x0128, 3, 1, 9)
    values = [struct.pack(order + ("HHIHxx" if kind == 3 else "HHII"), tag, kind, n, v) for tag, kind, n, v in entries]
    head = struct.pack(order + "2sHIH", b"II" if order == "<" else b"MM", 42, 8, len(entries))
    return b"Exif\0\0" + (head + b"".join(values)).ljust(60, b"\0") + struct.pack(order + "II", numerator, 0)


def chunk(kind: bytes, data: bytes, wrong: int = 0) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data) ^ wrong)


def png(*chunks: bytes, end: bool = False) -> bytes:
    content = smooth("PNG")
    place = len(content) - 12 if end else 33
    return content[:place] + b"".join(chunks) + content[place:]


def jpeg(marker: int, data: bytes) -> bytes:
    content = smooth("JPEG", quality=95)
    return content[:2] + struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data + content[2:]


def tiff(**tags: tuple[int, object]) -> bytes:
    directory = TiffImagePlugin.ImageFileDirectory_v2()
    for name, (kind, value) in tags.items():
        directory.tagtype[int(name[1:])] = kind
        directory[int(name[1:])] = value
    return smooth("TIFF", tiffinfo=directory)


LARGE = zlib.compress(bytes(2_000_000))
ODD = {
    "jpeg: EXIF is no EXIF": jpeg(0xE1, b"Exif\0\0garbage"),
    "jpeg: JFIF without resolution": jpeg(0xE0, b"JFIF"),
    "jpeg: a short Adobe segment": jpeg(0xEE, b"Adobe"),
    "jpeg: a short colour profile": jpeg(0xE2, b"ICC_PROFILE\0"),
    "jpeg: Photoshop's, cut off": jpeg(0xED, b"Photoshop 3.0\x008BIM\x03\xed"),
    "jpeg: several pictures, but no list": jpeg(0xE2, b"MPF\0II*\0\x08\0\0\0\xff\xff"),
    "png: text of 2 MB": png(chunk(b"tEXt", b"Comment\0" + b"x" * 2_000_000)),
    "png: text of 70 MB": png(*[chunk(b"tEXt", b"Comment\0" + b"x" * 7_000_000)] * 10),
    "png: compressed text of 2 MB": png(chunk(b"zTXt", b"Comment\0\0" + LARGE)),
    "png: international text of 2 MB": png(chunk(b"iTXt", b"Comment\0\1\0\0\0" + LARGE)),
    "png: text at the end": png(chunk(b"zTXt", b"Comment\0\0" + LARGE), end=True),
    "png: a colour profile of 2 MB": png(chunk(b"iCCP", b"x\0\0" + zlib.compress(os.urandom(2_000_000)))),
    "png: text with a wrong checksum": png(chunk(b"tEXt", b"Comment\0x", wrong=1)),
    "png: text that Pillow takes for its own": png(chunk(b"tEXt", b"transparency\0yes")),
    "png: a short resolution": png(chunk(b"pHYs", b"\0\0")),
    "png: EXIF is no EXIF": png(chunk(b"eXIf", b"garbage")),
    "webp: EXIF is no EXIF": smooth("WebP", lossless=True, exif=b"Exif\0\0garbage"),
    "tiff: resolution 1/0": tiff(t282=(5, TiffImagePlugin.IFDRational(1, 0))),
    "tiff: resolution as text": tiff(t282=(2, "x"), t283=(2, "y"), t296=(3, 3)),
    "tiff: an unknown unit": tiff(t296=(3, 9)),
    "tiff: XMP as text": tiff(t700=(2, 'tiff:Orientation="6"')),
    "tiff: orientation as text": tiff(t274=(2, "6")),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ODD)
def test_odd_metadata_leave_a_picture_as_it_is(name: str):
    assert np.abs(read(ODD[name]).astype(int) - SMOOTH).mean() < 1
    with opened(ODD[name], SMOOTH.size) as image:
        assert gray(image).shape == (60, 40)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("numerator", [0, 1])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WebP", "AVIF"])
@pytest.mark.parametrize("orientation", UPRIGHT)
def test_a_picture_is_turned_even_beside_a_zero_denominator(kind: str, orientation: int, numerator: int, order: str):
    quality = {} if kind == "PNG" else {"quality": 95}
    content = smooth(kind, exif=exif(orientation, order, numerator), **quality)
    upright = np.ascontiguousarray(UPRIGHT[orientation])
    for picture in (content, Image.open(io.BytesIO(content))):
        seen = read(picture)
        assert seen.shape == upright.shape
        assert np.abs(seen.astype(int) - upright).mean() < 3
    with opened(content, SMOOTH.size) as image:
        assert np.abs(gray(image).astype(int) - pictures.gray(upright)).mean() < 3


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WebP"])
@pytest.mark.parametrize("damage", [b"?", b"\0\xff", b"\xff" * 6])
@pytest.mark.parametrize("place", [6, 8, 10, 12, 14, 16, 18, 20, 24])
def test_damaged_exif_data_cost_no_picture(kind: str, damage: bytes, place: int):
    odd = bytearray(exif(6))
    odd[place : place + len(damage)] = damage
    content = smooth(kind, exif=exif(6)).replace(exif(6)[6:], bytes(odd[6:]))
    if kind == "PNG":
        start = content.index(b"eXIf")
        content = content[: start - 4] + chunk(b"eXIf", bytes(odd[6:])) + content[start + 4 + len(odd) - 6 + 4 :]
    assert sorted(read(content).shape) == [3, 40, 60]


@pytest.mark.parametrize(("value", "expected"), [(0, 1), (1, 1), (8, 8), (9, 1), (65_535, 1)])
def test_an_orientation_beyond_eight_counts_as_none(value: int, expected: int):
    assert metadata.orientation(exif(value)) == metadata.orientation(exif(value)[6:]) == expected


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WebP", "BMP", "GIF", "TIFF", "AVIF"])
def test_what_decodes_to_pixels_stays_as_it_is(kind: str):
    content = smooth(kind)
    with Image.open(io.BytesIO(content)) as plain, opened(content, SMOOTH.size) as image:
        np.testing.assert_array_equal(np.asarray(image), np.asarray(plain))
