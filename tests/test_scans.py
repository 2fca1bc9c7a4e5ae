"""Pictures of every mode and depth, as scanners write them, are shown or refused, but never as black or white."""

import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emotion.core.errors import InputError
from emotion.inference.reading import read
from tests.inputs import encoded

COLOUR = np.random.default_rng(4).integers(0, 256, (40, 60, 3), np.uint8)
GRAY = COLOUR[..., 0]
MODES = ["L", "LA", "P", "RGB", "RGBA", "I;16", "1"]


@pytest.mark.parametrize(
    ("mode", "suffix"),
    [
        *((mode, "png") for mode in MODES),
        *((mode, "tif") for mode in (*MODES, "CMYK", "LAB", "I", "F", "F from 0 to 1")),
    ],
)
def test_pixels_of_every_mode_are_shown(mode: str, suffix: str, tmp_path: Path):
    """Gray values stay in all modes that can hold them, be they of 1, 8, 16 or 32 bits or floats."""
    gray = np.where(GRAY > 99, np.uint8(255), np.uint8(0)) if mode == "1" else GRAY
    image = {
        "I;16": Image.fromarray(gray.astype(np.uint16) * 257),
        "F from 0 to 1": Image.fromarray(gray / np.float32(255)),
        "LAB": Image.merge("LAB", [Image.fromarray(gray), *[Image.new("L", (60, 40), 128)] * 2]),
    }.get(mode) or Image.fromarray(gray).convert(mode)
    image.save(tmp_path / f"picture.{suffix}")
    for picture in (tmp_path / f"picture.{suffix}", image):
        seen = read(picture)
        if mode == "LAB":  # lightness is no gray value, but has their order
            assert np.corrcoef(seen[..., 1].ravel(), gray.ravel())[0, 1] > 0.99
        else:
            np.testing.assert_array_equal(seen, np.dstack([gray] * 3))


@pytest.mark.parametrize(
    "values",
    [
        GRAY.astype(np.float32) * 257,
        GRAY / np.float32(127.5) - 1,
        np.where(GRAY > 99, np.nan, GRAY).astype(np.float32),
        GRAY.astype(np.int32) * 257,
        GRAY.astype(np.int32) - 100,
        GRAY.astype(np.uint16),
        GRAY.astype(np.uint16) * 16,
    ],
    ids=["float 65535", "float -1", "NaN", "int32 65535", "int32 -100", "8 of 16 bits", "12 of 16 bits"],
)
def test_what_would_become_black_or_white_is_refused(values: np.ndarray, tmp_path: Path):
    Image.fromarray(values).save(tmp_path / "scan.tif")
    for picture in (tmp_path / "scan.tif", values):
        with pytest.raises(InputError, match=r"(not all from 0 to 255|almost black).*: convert it to 8 bits"):
            read(picture)


def test_a_scan_in_which_zero_is_white_is_no_negative(tmp_path: Path):
    Image.fromarray(GRAY.astype(np.uint16) * 257).save(tmp_path / "scan.tif")
    content = (tmp_path / "scan.tif").read_bytes()
    tag = struct.pack("<HHIH", 262, 3, 1, 1)
    assert content.count(tag) == 1
    np.testing.assert_array_equal(read(content.replace(tag, tag[:-2] + b"\0\0"))[..., 0], 255 - GRAY)


def test_a_transparent_gray_value_of_16_bits_is_white():
    values = GRAY.astype(np.uint16) * 257
    values[:20] = 5_000
    seen = read(encoded(Image.fromarray(values), transparency=5_000))
    assert (seen[:20] == 255).all() and (seen[20:] == np.dstack([GRAY] * 3)[20:]).all()


@pytest.mark.parametrize("compression", [None, "tiff_lzw"], ids=["plain", "LZW"])
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("depth", ["gray", "16 bits", "RGBA"])
def test_a_turned_scan_is_the_same_by_path_and_as_an_image(
    depth: str, orientation: int, compression: str | None, tmp_path: Path
):
    opaque = np.dstack([COLOUR, np.full_like(GRAY, 255)])
    pixels = {"gray": GRAY, "16 bits": GRAY.astype(np.uint16) * 257, "RGBA": opaque}[depth]
    path = tmp_path / "scan.tif"
    Image.fromarray(pixels).save(path, tiffinfo={274: orientation}, compression=compression)
    seen = read(path)
    assert seen.shape == ((40, 60, 3) if orientation < 5 else (60, 40, 3))
    with Image.open(path) as image:
        np.testing.assert_array_equal(read(image), seen)
    stored = pixels >> 8 if depth == "16 bits" else pixels
    assert sorted(seen[..., 0].ravel()) == sorted(stored.reshape(40, 60, -1)[..., 0].ravel())
    if orientation == 6:
        np.testing.assert_array_equal(seen[..., 0], np.rot90(stored.reshape(40, 60, -1)[..., 0], -1))


def test_another_page_of_an_image_is_read_if_it_is_the_current_one(tmp_path: Path):
    pages = [Image.fromarray(GRAY), Image.fromarray(255 - GRAY)]
    pages[0].save(tmp_path / "scan.tif", save_all=True, append_images=pages[1:])
    with Image.open(tmp_path / "scan.tif") as image:
        image.seek(1)
        np.testing.assert_array_equal(read(image)[..., 0], 255 - GRAY)
