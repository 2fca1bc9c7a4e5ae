"""Pictures of any kind are read as people see them, or refused in one line that says why."""

import os
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile

from emotion.core.errors import InputError
from emotion.inference.reading import read
from tests.inputs import HEIC, encoded

COLOUR = np.random.default_rng(4).integers(0, 256, (40, 60, 3), np.uint8)
GRAY = COLOUR[..., 0]
# What files of Android begin with.
HEIF = b"\0\0\0\x1cftypmif1\0\0\0\0mif1heicmiaf" + bytes(100)


def test_path_bytes_image_and_array_are_the_same_picture(tmp_path: Path):
    path = tmp_path / "picture.png"
    path.write_bytes(encoded(COLOUR))
    for picture in (path, str(path), path.read_bytes(), Image.fromarray(COLOUR), COLOUR):
        np.testing.assert_array_equal(read(picture), COLOUR)


@pytest.mark.parametrize(
    "array",
    [
        GRAY,
        GRAY[..., None],
        GRAY.astype(np.int64),
        GRAY.astype(np.float32),
        GRAY / 255,
        GRAY.astype(np.uint16) * 257,
        np.dstack([GRAY] * 3),
        np.asfortranarray(GRAY),
        np.pad(GRAY, 5)[5:-5, 5:-5],
        encoded(Image.fromarray(GRAY.astype(np.uint16) * 257)),
    ],
    ids=["gray", "channel", "int64", "float", "unit", "uint16", "colour", "fortran", "view", "uint16-file"],
)
def test_values_of_any_type_are_the_same_picture(array: np.ndarray | bytes):
    np.testing.assert_array_equal(read(array), np.dstack([GRAY] * 3))


def test_with_bgr_blue_comes_first():
    np.testing.assert_array_equal(read(COLOUR[..., ::-1], bgr=True), COLOUR)


def test_an_array_is_not_changed():
    array = COLOUR.copy()
    read(array, bgr=True)[:] = 0
    read(array[..., 0])[:] = 0
    np.testing.assert_array_equal(array, COLOUR)


def test_a_boolean_true_is_white():
    assert read(np.eye(3) > 0)[..., 0].tolist() == [[255, 0, 0], [0, 255, 0], [0, 0, 255]]


def test_transparent_areas_become_white():
    half = np.dstack([COLOUR, np.zeros((40, 60), np.uint8)])
    half[:20, :, 3] = 255
    for picture in (half, encoded(half)):
        np.testing.assert_array_equal(read(picture)[:20], COLOUR[:20])
        assert (read(picture)[20:] == 255).all()


BAD_ARRAYS = {
    "(2, 2, 2, 2)": np.zeros((2, 2, 2, 2)),
    "(5, 5, 2)": np.zeros((5, 5, 2)),
    "(5,)": np.zeros(5),
    "-1 to": np.full((3, 3), -1.0),
    "to 256": np.full((3, 3), 256),
    "nan": np.full((3, 3), np.nan),
    "complex128": np.zeros((3, 3), complex),
    "empty": np.zeros((0, 5), np.uint8),
    "32,001 x 1 pixels": np.zeros((1, 32_001), np.uint8),
}


@pytest.mark.parametrize("message", BAD_ARRAYS)
def test_an_array_that_is_not_a_picture_is_refused(message: str):
    with pytest.raises(InputError, match="picture|array") as refused:
        read(BAD_ARRAYS[message])
    assert message in str(refused.value) and "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"hello", "not a picture in a supported format"),
        (HEIC, "HEIC, which is not supported: convert it to JPEG"),
        (HEIF, "HEIC, which is not supported: convert it to JPEG"),
        (encoded(COLOUR)[:300], "damaged"),
        (encoded(COLOUR, "JPEG")[:700], "damaged"),
        (encoded(COLOUR, "TIFF")[:200], "damaged|not a picture"),
    ],
    ids=["empty", "text", "HEIC", "HEIF", "truncated-PNG", "truncated-JPEG", "truncated-TIFF"],
)
def test_an_invalid_file_is_refused_by_its_name(tmp_path: Path, content: bytes, message: str):
    path = tmp_path / "bad.jpg"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as refused:
        read(path)
    assert str(refused.value).startswith(f"{path}: ") and "\n" not in str(refused.value)


def test_missing_files_folders_pipes_and_other_types_are_refused(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.jpg")
    for picture, message in (
        (tmp_path / "nowhere.jpg", "nowhere.jpg: there is no such file"),
        (tmp_path / "pipe.jpg", "a pipe or a device, not a picture"),
        (tmp_path, "a folder, not a picture"),
        (5, "not int"),
    ):
        with pytest.raises(InputError, match=message):
            read(picture)  # type: ignore[arg-type]


@pytest.mark.parametrize("side", [10_000, 20_000], ids=["above our limit", "above Pillow's own"])
def test_a_decompression_bomb_is_refused_before_it_is_decoded(side: int, monkeypatch: pytest.MonkeyPatch):
    bomb = encoded(Image.new("1", (side, side)))
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda image: pytest.fail("decoded"))
    assert len(bomb) < 100_000
    with pytest.raises(InputError, match=r"80,000,000 pixels.*: make it smaller"):
        read(bomb)


def test_a_file_that_is_too_large_for_its_pixels_is_not_read(tmp_path: Path):
    (tmp_path / "huge.jpg").touch()
    os.truncate(tmp_path / "huge.jpg", 1 << 40)  # takes no room on the disk
    with pytest.raises(InputError, match=r"1,099,511,627,776 bytes: at most 640,000,000 are allowed: make it smaller"):
        read(tmp_path / "huge.jpg")


def test_a_caller_may_lower_the_pixel_limit():
    assert read(encoded(GRAY), max_pixels=2400).shape == (40, 60, 3)
    with pytest.raises(InputError, match="60 x 40 pixels: at most 2,399 pixels"):
        read(encoded(GRAY), max_pixels=2399)


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
