"""Both layouts of FER-2013 give the same faces; a wrong CSV file is refused in one line, and nothing is written."""

import io
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emotion.core.labels import EMOTIONS
from tests.archives import memory_below, read_faces, refused, source
from tests.inputs import GRAY, HEADER, encoded, make_zip

assert source  # a fixture

# As its authors numbered them, repeated here on purpose.
OFFICIAL_NUMBERS = {"angry": 0, "disgust": 1, "fear": 2, "happy": 3, "sad": 4, "surprise": 5, "neutral": 6}


def pixels_and_label(source: Path) -> set[tuple[bytes, str]]:
    return {(Image.open(io.BytesIO(content)).tobytes(), name.split("/")[1]) for name, content in read_faces(source)}


def test_the_same_face_gets_the_same_label_from_folders_and_from_csv(source: Path):
    rng = np.random.default_rng(1)
    faces = {emotion: rng.integers(0, 256, (48, 48), dtype=np.uint8) for emotion in EMOTIONS}
    make_zip(source, *((f"train/{emotion}/Training_1.png", encoded(face)) for emotion, face in faces.items()))
    rows = [f"{OFFICIAL_NUMBERS[e]},{' '.join(map(str, face.ravel()))},Training" for e, face in faces.items()]
    table = source.with_name("fer2013.csv")
    table.write_text(HEADER + "\n".join(rows))
    expected = {(face.tobytes(), emotion) for emotion, face in faces.items()}
    assert pixels_and_label(source) == expected
    assert pixels_and_label(table) == expected


@pytest.mark.parametrize("name", ["fer2013.csv", "deep/icml_face_data.csv"])
def test_a_csv_in_a_zip_is_read_with_any_order_of_columns(source: Path, name: str):
    make_zip(source, (name, f"\ufeffemotion, Usage, pixels\r\n3,PublicTest,{GRAY}\r\n\r\n6,PrivateTest,{GRAY}\r\n"))
    assert [name for name, _ in read_faces(source)] == [
        "PublicTest/happy/PublicTest_00000001.png",
        "PrivateTest/neutral/PrivateTest_00000002.png",
    ]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("emotion,pixels\n0," + GRAY, "no column Usage"),
        ("", "no column emotion, pixels, Usage"),
        (HEADER + f"0,{GRAY},Training\n0,{GRAY[4:]},Training", "row 2: 2,303 pixels instead of 2,304: correct or"),
        (HEADER + f"7,{GRAY},Training", "row 1: emotion is '7', no name of one, nor one of 0 angry, 1 disgust"),
        (HEADER + f"0,{GRAY[:-3]}256,Training", "row 1: a pixel is not a whole number from 0 to 255"),
        (HEADER + f"0,{GRAY[:-3]} -1,Training", "row 1: a pixel is not"),
        (HEADER + f"0,{GRAY[:-3]}1.5,Training", "row 1: a pixel is not"),
        (HEADER + f"0,{GRAY},Holdout", "row 1: Usage is 'Holdout' instead of Training, PublicTest, PrivateTest"),
        (HEADER + f"0,{GRAY}", "row 1: 2 values instead of 3"),
        (HEADER + f'0,"{GRAY}\n', "row 1: 2 values instead of 3"),
        (HEADER + "0" * 70_000, "line 2 is far too long for a face"),
    ],
)
def test_a_wrong_csv_is_refused_with_its_row(source: Path, table: str, message: str):
    bare = source.with_name("fer2013.csv")
    bare.write_text(table)
    assert message in refused(bare)
    assert message in refused(make_zip(source, ("fer2013.csv", table)))


def test_a_csv_is_streamed(source: Path):
    make_zip(source, ("fer2013.csv", HEADER + f"0,{GRAY},Training\n" * 2000))
    with memory_below(3 << 20):  # the text alone is 18 MB
        name, _ = next(read_faces(source))
    assert name == "Training/angry/Training_00000001.png"


def test_a_missing_file_is_refused_with_the_ways_to_get_it(source: Path):
    message = refused(source)
    assert message.startswith(f"{source}: there is no such file: put the zip of FER-2013 there, or")
    assert "kaggle" in message and "sample" in message


def test_the_real_archive_has_the_official_counts(real_zip: Path):
    names = [name for name, _ in read_faces(real_zip)]
    assert len(set(names)) == 35_887
    subsets = Counter(name.split("/")[0] for name in names)
    assert subsets == {"Training": 28_709, "PublicTest": 3_589, "PrivateTest": 3_589}
    emotions = Counter(name.split("/")[1] for name in names)
    assert [emotions[emotion] for emotion in EMOTIONS] == [4953, 547, 5121, 8989, 6198, 6077, 4002]
