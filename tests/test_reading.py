"""Pictures of any kind are read as people see them, or refused in one line that says why."""

import os
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
    ],
    ids=["gray", "channel", "int64", "float", "unit", "uint16", "colour", "fortran", "view"],
)
def test_values_of_any_type_are_the_same_picture(array: np.ndarray):
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
    ],
    ids=["empty", "text", "HEIC", "HEIF", "truncated"],
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
