"""The votes of FER+: read, joined with the faces' names, and turned into majorities and shares."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emotion.annotations import ferplus
from emotion.core import dataset, votes
from emotion.core.errors import InputError
from emotion.core.labels import EMOTIONS
from emotion.training import soft_targets
from stages import vote_targets
from tests import predicted
from tests.source import ROOT

SHARED = ROOT.parent / "shared/fer2013"
HEADER = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"


def _table(rows: int = ferplus.FACES) -> bytes:
    """Return a table like FER+'s in which row i, from 0, has i % 8 votes for anger and the rest of ten for fear."""
    lines = [f"Training,x.png,0,0,0,0,{row % 8},0,{10 - row % 8},0,0,0" for row in range(rows)]
    return "\n".join([HEADER, *lines, ""]).encode()


@pytest.fixture(scope="module")
def annotations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("annotations") / "annotations.parquet"
    pq.write_table(ferplus.parse(_table(), "table"), path)
    return path


def test_a_row_of_the_csv_is_a_row_of_the_votes(annotations: Path):
    found = votes.read(annotations, ["Training/angry/Training_00000001.png", "Training/fear/Training_00000006.png"])
    assert found[:, [EMOTIONS.index("angry"), EMOTIONS.index("fear")]].tolist() == [[0, 10], [5, 5]]
    assert found.sum(axis=1).tolist() == [10, 10]


def test_each_column_of_ferplus_has_its_name_here():
    table = ferplus.parse(_table(ferplus.FACES - 1) + b"Training,x.png,4,3,6,5,0,1,2,7,8,9", "table")
    (last,) = table.slice(len(table) - 1).to_pylist()
    assert last == {"face": "Training_00035887"} | {column: place for place, column in enumerate(votes.COLUMNS)}


def test_a_name_of_kaggle_is_joined_by_the_shipped_table(annotations: Path):
    rows = pq.read_table(ferplus.ROWS).to_pylist()
    known = [row for row in rows if row["row"] is not None]
    names = [f"{row['subset']}/happy/{row['subset']}_{row['number']}.jpg" for row in known[:500]]
    angry = votes.read(annotations, names)[:, EMOTIONS.index("angry")]
    assert angry.tolist() == [row["row"] % 8 for row in known[:500]]
    left_out = [row for row in rows if row["row"] is None]
    assert len(left_out) == 175
    both = {row["number"] for row in known}
    names = [f"x/sad/{row['subset']}_{row['number']}.jpg" for row in left_out if row["number"] not in both]
    assert set(map(tuple, votes.read(annotations, names))) == {(0, 0, 0, 0, 0, 0, 0, 0, 0, 10)}


def test_faces_that_ferplus_does_not_know_have_no_votes(annotations: Path):
    assert not votes.read(annotations, ["All/happy/me.png", "Training/angry/Training_4.jpg"]).any()
    pq.write_table(ferplus.empty(), annotations.with_name("empty.parquet"))
    assert not votes.read(annotations.with_name("empty.parquet"), ["Training/angry/Training_00000001.png"]).any()


def test_a_majority_is_more_than_half_of_ten():
    counts = np.zeros((5, 10), int)
    counts[0, 3] = 6
    counts[1, 3] = 5
    counts[2, 8] = 10  # unknown
    counts[3, [0, 4]] = (2, 8)
    assert votes.majority(counts).tolist() == [3, -1, -1, 4, -1]
    assert votes.majority(counts, votes.CLEAR_MAJORITY).tolist() == [-1, -1, -1, 4, -1]
    assert votes.shares(counts)[[2, 3]].tolist() == [[0] * 7, [0.2, 0, 0, 0, 0.8, 0, 0]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"name,votes\na,3\n", "no column Usage, anger, disgust, .*: this is not FER.'s fer2013new.csv"),
        (_table(100), "100 rows instead of 35,887: download it again"),
        (_table(2).replace(b",1,0,9,", b",one,0,9,"), "line 3: a vote is not a number"),
        (_table(2)[:-9], "line 3: a vote is not a number"),
    ],
    ids=["another file", "short", "no number", "cut off"],
)
def test_another_or_a_damaged_table_is_refused(content: bytes, message: str):
    with pytest.raises(InputError, match=f"^table.*{message}"):
        ferplus.parse(content, "table")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder after the split of two training faces and one validation face, under names of fer2013.csv."""
    monkeypatch.chdir(tmp_path)
    predicted.write_params(vote_targets={"votes": {"vote_weight": 0.5}})
    faces = {
        "name": [f"Training/{label}/Training_{row:08}.png" for row, label in ((1, "sad"), (2, "fear"), (3, "happy"))],
        "label": ["sad", "fear", "happy"],
        "pixels": pa.array([bytes(48 * 48)] * 3, pa.binary(48 * 48)),
        "subset": ["train", "train", "validation"],
        "leakage": ["no"] * 3,
    }
    (tmp_path / "data").mkdir()
    pq.write_table(pa.table(faces), tmp_path / "data/learn.parquet")
    return tmp_path


def _targets(subset: str) -> np.ndarray:
    return soft_targets.read("data/soft_targets/votes.csv", dataset.load("data/learn.parquet", subset))


def test_vote_targets_mix_votes_and_labels_of_training_and_validation_faces(project: Path):
    counts = {"Training_00000001": {"angry": 10}, "Training_00000002": {"fear": 3, "sad": 3}}
    predicted.write_votes(counts | {"Training_00000003": {"happy": 9, "unknown": 1}})
    vote_targets.main("votes")
    assert _targets("train").tolist() == [[0.5, 0, 0, 0, 0, 0.5, 0], [0, 0, 0.75, 0, 0, 0.25, 0]]
    assert _targets("validation").tolist() == [[0, 0, 0, 1, 0, 0, 0]]


def test_without_annotations_the_targets_are_the_labels(project: Path):
    predicted.write_votes()
    vote_targets.main("votes")
    assert _targets("train").argmax(axis=1).tolist() == [EMOTIONS.index("sad"), EMOTIONS.index("fear")]


def test_annotations_of_other_faces_are_an_error_that_names_the_param(project: Path):
    predicted.write_votes({"PrivateTest_5": {"angry": 10}})
    with pytest.raises(InputError, match="no train face has votes, .*: set annotations.source to none in params.yaml"):
        vote_targets.main("votes")


@pytest.mark.skipif(not SHARED.exists(), reason="needs FER+'s own table")
def test_the_majority_of_ferplus_agrees_with_72_percent_of_the_test_labels(tmp_path: Path):
    pq.write_table(ferplus.parse((SHARED / "fer2013new.csv").read_bytes(), "fer2013new.csv"), tmp_path / "votes")
    names = (ROOT / "plots/predictions/test/cnn.csv").read_text(encoding="utf-8").splitlines()[1:]
    labels = np.array([EMOTIONS.index(line.split(",")[1]) for line in names])
    majority = votes.majority(votes.read(tmp_path / "votes", [line.split(",")[0] for line in names]))
    known = majority != votes.NO_MAJORITY
    assert known.sum() == pytest.approx(2720, abs=3)
    assert np.mean(majority[known] == labels[known]) == pytest.approx(0.7224, abs=0.001)
