"""Any picture becomes the expected 48x48 gray values."""

import hashlib
import io

import numpy as np
import pytest
from PIL import Image

from emotion.sources.normalise import normalise
from tests.inputs import COLUMN, ROW, SMOOTH, encoded, normalised

RNG = np.random.default_rng(5)
FACE = RNG.integers(0, 256, (48, 48), np.uint8)


def halved(pixels: np.ndarray) -> np.ndarray:
    return pixels.astype(float).reshape(48, 2, 48, 2).mean(axis=(1, 3))


@pytest.mark.parametrize(("kind", "mode"), [("PNG", ""), ("BMP", ""), ("GIF", ""), ("TIFF", ""), ("PNG", "RGB")])
def test_a_picture_of_48_pixels_keeps_its_gray_values(kind: str, mode: str):
    assert np.array_equal(normalised(encoded(FACE, kind, mode)), FACE)


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        *(("JPEG", mode) for mode in ("L", "RGB", "CMYK", "YCbCr")),
        *(("PNG", mode) for mode in ("L", "LA", "P", "RGB", "RGBA")),
        *(("WebP", mode) for mode in ("RGB", "RGBA")),
        *(("BMP", mode) for mode in ("L", "P", "RGB")),
        ("GIF", "P"),
        *(("TIFF", mode) for mode in ("L", "LA", "P", "RGB", "RGBA", "CMYK", "I", "F")),
        ("AVIF", "RGB"),
    ],
)
def test_every_kind_of_picture_shows_the_same(kind: str, mode: str):
    assert np.abs(normalised(encoded(SMOOTH, kind, mode)) - halved(SMOOTH)).max() <= 5


@pytest.mark.parametrize(
    ("pixels", "mode"),
    [(((ROW + COLUMN) % 2 * 255).astype(np.uint8), "1"), (RNG.integers(0, 256, (96, 96), np.uint8), "")],
    ids=["black and white", "gray"],
)
def test_a_larger_picture_is_averaged(pixels: np.ndarray, mode: str):
    assert np.abs(normalised(encoded(pixels, mode=mode)) - halved(pixels)).max() <= 1


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_parts_become_white(mode: str):
    image = Image.fromarray(SMOOTH).convert(mode)
    image.putalpha(Image.fromarray(np.where(COLUMN < 48, 255, 0).astype(np.uint8)))
    face = normalised(encoded(image))
    assert np.abs(face[:, :24] - halved(SMOOTH)[:, :24]).max() <= 1
    assert np.all(face[:, 24:] == 255)


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_a_transparent_colour_of_a_palette_becomes_white(kind: str):
    image = Image.fromarray(np.where(COLUMN < 48, 0, 1).astype(np.uint8), "P")
    image.putpalette([90, 90, 90, 0, 0, 0])
    face = normalised(encoded(image, kind, transparency=1))
    assert np.all(face[:, :24] == 90) and np.all(face[:, 24:] == 255)


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WebP"])
def test_the_first_frame_of_an_animated_picture_is_taken(kind: str):
    frames = [Image.fromarray(np.full((48, 48), value, np.uint8)) for value in (90, 200, 10)]
    content = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    assert Image.open(io.BytesIO(content)).n_frames == 3
    assert np.abs(normalised(content) - 90).max() <= 1


@pytest.mark.parametrize("side", [400, 1500])
def test_a_large_jpeg_shows_the_same_as_a_png(side: int):
    # It is decoded at a fraction of its size, which must not change brightness and places.
    image = Image.fromarray(SMOOTH).resize((side, side), Image.Resampling.BICUBIC)
    assert np.abs(normalised(encoded(image, "JPEG", quality=95)) - normalised(encoded(image))).max() <= 3


def test_a_large_jpeg_keeps_its_details():
    image = Image.fromarray(FACE).resize((432, 432), Image.Resampling.NEAREST)
    # Noise is the worst case. Decoded at 1/4 of its size it would be 13 gray values off, at 1/8 26.
    assert np.abs(normalised(encoded(image, "JPEG", quality=95)) - FACE).mean() < 10


@pytest.mark.parametrize("shape", [(60, 96), (96, 60), (30, 96), (96, 30), (20, 30)])
def test_a_picture_that_is_not_square_keeps_its_edges(shape: tuple[int, int]):
    framed = np.full(shape, 128, np.uint8)
    framed[:4], framed[-4:], framed[:, :4], framed[:, -4:] = 0, 0, 255, 255
    face = normalised(encoded(framed))
    assert face[0, 24] < 30 and face[-1, 24] < 30
    assert face[24, 0] > 225 and face[24, -1] > 225
    assert abs(face[24, 24] - 128) < 3


def test_a_wide_picture_is_averaged_across_and_interpolated_down():
    rows, columns = np.mgrid[:12, :96]
    face = normalised(encoded((rows * 10 + columns % 2 * 100).astype(np.uint8)))
    assert np.ptp(face, axis=1).max() <= 1
    assert len(set(face[:, 24].tolist())) > 24


def test_a_picture_gives_the_same_bytes_on_every_machine():
    odd = np.outer(np.arange(131), np.arange(1, 78)).astype(np.uint8)
    content = encoded(np.stack([odd, odd // 2, 255 - odd], axis=-1))
    assert hashlib.sha256(normalise(content)).hexdigest()[:16] == "962133fe08ede9ac"
