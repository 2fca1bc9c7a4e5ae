"""What the download stage reads: its params, zips, CSV files and folders; and what it makes of a picture."""

import io
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from emotion.sources.normalise import normalise

DATA = {
    "source": "zip",
    "input": "mine.zip",
    "crop": "none",
    "label_order": "fer2013",
    "dataset": "msambare/fer2013",
    "sample": {"faces": 70, "seed": 7},
    "extra": "params/none.csv",
    "exclude": "params/none.csv",
}
HEADER = "emotion,pixels,Usage\n"
GRAY = " ".join(["128"] * 2304)
RNG = np.random.default_rng(2)
# Smooth, and no two of its mirrored and turned versions alike.
ROW, COLUMN = np.mgrid[:96, :96]
SMOOTH = (2 * ROW + COLUMN // 2).astype(np.uint8)


def encoded(picture: np.ndarray | Image.Image, kind: str = "PNG", mode: str = "", **options: object) -> bytes:
    """Return a picture file of a kind, if need be converted to a mode first."""
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    (image.convert(mode) if mode else image).save(buffer := io.BytesIO(), kind, **options)
    return buffer.getvalue()


# What files of an iPhone begin with.
HEIC = b"\0\0\0\x24ftypheic\0\0\0\0mif1MiHEheic" + bytes(100)


def face() -> bytes:
    """Return a picture file of noise."""
    return encoded(RNG.integers(0, 256, (48, 48), np.uint8))


def make_zip(path: Path, *entries: tuple[str | zipfile.ZipInfo, bytes | str], deflate: bool = True) -> Path:
    """Write a zip with these entries."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED if deflate else zipfile.ZIP_STORED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return path


def put(root: Path, *paths: str, content: bytes | None = None) -> None:
    """Write files into a folder, each with this content or a face."""
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(face() if content is None else content)


def normalised(content: bytes) -> np.ndarray:
    """Return the values of a normalised picture, having checked its file."""
    with Image.open(io.BytesIO(normalise(content))) as image:
        assert (image.format, image.mode, image.size) == ("PNG", "L", (48, 48))
        return np.asarray(image).astype(int)
