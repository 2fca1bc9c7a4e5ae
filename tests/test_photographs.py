"""`data.crop: faces`: photographs become the same face crops as in the apps."""

import csv
import zipfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from PIL import Image

from emotion import EmotionClassifier
from emotion.detection.mtcnn import MTCNN
from emotion.sources.normalise import normalise
from stages import download
from tests.inputs import DATA
from tests.pasted import brightness_model, photograph

ORIENTATION = 0x0112
SMALL, LARGE = (60, 80, 90), (330, 150, 200)
NOBODY = np.full((480, 640, 3), 90, np.uint8)


def decoded(content: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)


def write(path: Path, picture: np.ndarray, **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path, **options)
    return path


def turned(picture: np.ndarray, path: Path) -> Path:
    """Write a picture as an upright phone does: rotated, with an EXIF entry that says so."""
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    return write(path.with_suffix(".jpg"), np.rot90(picture), exif=exif, quality=95)


def transparent(picture: np.ndarray, path: Path) -> Path:
    opaque = np.full((*picture.shape[:2], 1), 255, np.uint8)
    opaque[:40] = 90
    return write(path.with_suffix(".png"), np.dstack([picture, opaque]))


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> EmotionClassifier:
    return EmotionClassifier(brightness_model(tmp_path_factory.mktemp("model") / "model.onnx"))


KINDS: dict[str, Callable[[np.ndarray, Path], Path]] = {
    "jpeg": lambda picture, path: write(path.with_suffix(".jpg"), picture, quality=80),
    "large": lambda picture, path: write(path.with_suffix(".jpg"), cv2.resize(picture, None, fx=4, fy=4), quality=90),
    "turned": turned,
    "transparent": transparent,
    "gray": lambda picture, path: write(path.with_suffix(".png"), picture[..., 1]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_photograph_becomes_the_face_crop_of_the_apps(kind: str, tmp_path: Path, classifier):
    path = KINDS[kind](photograph([LARGE]), tmp_path / "photograph")
    (face,) = classifier.predict(path).faces
    np.testing.assert_array_equal(decoded(normalise(path.read_bytes(), MTCNN())), face.crop)
    whole = decoded(normalise(path.read_bytes()))
    assert np.abs(whole.astype(int) - face.crop).mean() > 10, "without crop: faces, it is not cropped"


def test_the_stage_crops_the_largest_face_and_lists_who_shows_none(tmp_path: Path, monkeypatch, classifier):
    monkeypatch.chdir(tmp_path)
    for number, emotion in enumerate(("happy", "sad")):
        KINDS["jpeg"](photograph([SMALL, LARGE], seed=number), Path("mine", emotion, "face"))
        KINDS["jpeg"](photograph([LARGE], seed=number), Path("more", emotion, "face"))
    KINDS["jpeg"](NOBODY, Path("mine/sad/nobody"))
    data = DATA | {"source": "folder", "input": "mine", "extra": "more", "crop": "faces"}
    Path("params.yaml").write_text(yaml.safe_dump({"data": data}))
    download.main()
    with zipfile.ZipFile("data/faces.zip") as archive:
        faces = {name: decoded(archive.read(name)) for name in archive.namelist()}
    found = {
        ("All" if path.parts[0] == "mine" else "Extra", path.parent.name): path for path in Path().glob("m*/*/face*")
    }
    assert len(faces) == len(found) == 4
    for name, face in faces.items():
        official, emotion = name.split("/")[:2]
        largest = max(classifier.predict(found[official, emotion]).faces, key=lambda face: face.box[2])
        np.testing.assert_array_equal(face, largest.crop)
    with open("metrics/refused.csv", encoding="utf-8") as file:
        assert list(csv.reader(file))[1:] == [["mine/sad/nobody.jpg", "no face found"]]
