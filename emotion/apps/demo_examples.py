"""Pictures for those who have none at hand: faces drawn by this project."""

from pathlib import Path

import numpy as np
from PIL import Image

from emotion.data import drawn
from emotion.labels import EMOTIONS


def faces(folder: Path) -> list[str]:
    """Write a drawn face for each emotion into a folder and return the files."""
    files = []
    for number, emotion in enumerate(EMOTIONS):
        face = drawn.draw_face(emotion, np.random.default_rng([5, number]))
        Image.fromarray(face).resize((192, 192), Image.Resampling.BICUBIC).save(folder / f"{emotion}.png")
        files.append(str(folder / f"{emotion}.png"))
    return files
