"""Files of pictures as clients of the API send them."""

import io

import cv2
import numpy as np
from PIL import Image

from emotion.data.drawn import draw_face
from emotion.labels import EMOTIONS


def cropped() -> list[bytes]:
    """Return files of faces, cut out."""
    return [_file(draw_face(name, np.random.default_rng([number])), "PNG") for number, name in enumerate(EMOTIONS)]


def photographs() -> list[bytes]:
    """Return files of 640x480 pictures, each with two faces on a ground of soft shapes."""
    made = []
    for number in range(8):
        rng = np.random.default_rng([number])
        ground = cv2.GaussianBlur(rng.integers(0, 256, (480, 640), np.uint8), (0, 0), 12).astype(float)
        picture = 60 + 120 * (ground - ground.min()) / np.ptp(ground)
        for left in (60, 380):
            picture[120:270, left : left + 150] = cv2.resize(draw_face("happy", rng), (150, 150))
        made.append(_file(np.repeat(picture.astype(np.uint8)[..., None], 3, axis=2), "JPEG"))
    return made


def _file(picture: np.ndarray, form: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, form)
    return file.getvalue()
