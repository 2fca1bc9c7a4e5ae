"""Whatever holds a picture is read as a person sees it, or refused in one line that says why."""

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from emotion.errors import InputError
from emotion.inference.reading import read

RNG = np.random.default_rng(4)
COLOUR = RNG.integers(0, 256, (40, 60, 3), np.uint8)
GRAY = COLOUR[..., 0]


def encoded(image: np.ndarray | Image.Image, kind: str = "PNG", **options: object) -> bytes:
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    image.save(buffer := io.BytesIO(), kind, **options)
    return buffer.getvalue()


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
    ids=["gray", "one channel", "int64", "float", "0 to 1", "16 bits", "colour", "fortran", "view"],
)
def test_an_array_of_any_kind_is_the_same_picture(array: np.ndarray):
    np.testing.assert_array_equal(read(array), np.dstack([GRAY] * 3))


def test_blue_comes_first_if_it_is_said():
    np.testing.assert_array_equal(read(COLOUR[..., ::-1], bgr=True), COLOUR)


def test_an_array_is_not_changed():
    array = COLOUR.copy()
    read(array, bgr=True)[:] = 0
    read(array[..., 0])[:] = 0
    np.testing.assert_array_equal(array, COLOUR)


def test_true_is_white():
    assert read(np.eye(3) > 0)[..., 0].tolist() == [[255, 0, 0], [0, 255, 0], [0, 0, 255]]


def test_what_is_transparent_stands_on_white():
    seen = np.dstack([COLOUR, np.zeros((40, 60), np.uint8)])
    seen[:20, :, 3] = 255
    for picture in (seen, encoded(seen)):
        np.testing.assert_array_equal(read(picture)[:20], COLOUR[:20])
        assert (read(picture)[20:] == 255).all()


def test_a_photograph_is_turned_as_its_camera_says():
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: the file's left is the top
    np.testing.assert_array_equal(read(encoded(COLOUR, exif=exif)), np.rot90(COLOUR, -1))


def test_sixteen_bits_in_a_file_are_not_cut_off():
    np.testing.assert_array_equal(read(encoded(Image.fromarray(GRAY.astype(np.uint16) * 257))), np.dstack([GRAY] * 3))


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
def test_an_array_that_is_no_picture_is_refused(message: str):
    with pytest.raises(InputError, match="picture|array") as refused:
        read(BAD_ARRAYS[message])
    assert message in str(refused.value) and "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"hello", "no picture of a kind that can be read"),
        (encoded(COLOUR)[:300], "damaged"),
        (encoded(COLOUR, "JPEG")[:700], "damaged"),
        (encoded(COLOUR, "TIFF")[:200], "damaged|no picture"),
    ],
    ids=["empty", "text", "truncated PNG", "truncated JPEG", "truncated TIFF"],
)
def test_a_file_that_is_no_picture_is_refused_by_its_name(tmp_path: Path, content: bytes, message: str):
    path = tmp_path / "bad.jpg"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as refused:
        read(path)
    assert str(refused.value).startswith(f"{path}: ") and "\n" not in str(refused.value)


def test_a_missing_file_a_folder_and_another_thing_are_refused(tmp_path: Path):
    with pytest.raises(InputError, match=r"nowhere.jpg: there is no such file"):
        read(tmp_path / "nowhere.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(InputError, match="a pipe or a device, not a file"):
        read(tmp_path / "pipe.jpg")
    with pytest.raises(InputError, match="a folder, not a picture"):
        read(tmp_path)
    with pytest.raises(InputError, match="not int"):
        read(5)  # type: ignore[arg-type]


@pytest.mark.parametrize("side", [10_000, 20_000], ids=["above our limit", "above Pillow's own"])
def test_a_decompression_bomb_is_refused_before_it_is_decoded(side: int, monkeypatch: pytest.MonkeyPatch):
    bomb = encoded(Image.new("1", (side, side)))
    monkeypatch.setattr(ImageOps, "exif_transpose", lambda image: pytest.fail("decoded"))
    assert len(bomb) < 100_000
    with pytest.raises(InputError, match=r"pixels.*: make it smaller"):
        read(bomb)


def test_text_that_unpacks_to_much_is_damage_and_no_bug():
    text = b"zTXtComment\0\0" + zlib.compress(bytes(10_000_000), 9)
    chunk = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
    file = encoded(COLOUR)
    with pytest.raises(InputError, match="damaged"):
        read(file[:33] + chunk + file[33:])  # after the head


def test_a_caller_may_want_fewer_pixels():
    assert read(encoded(GRAY), most=2400).shape == (40, 60, 3)
    with pytest.raises(InputError, match="60 x 40 pixels: 2,399 pixels"):
        read(encoded(GRAY), most=2399)
