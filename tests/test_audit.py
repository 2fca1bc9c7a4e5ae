"""The audit stage: its findings on each face and its counts; and its benchmark."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from benchmarks import near_duplicates
from benchmarks.planted_copies import CHANGES
from emotion.audit import auditing
from emotion.audit.settings import AuditSettings
from emotion.synthetic.drawn import draw_face
from stages import audit
from tests.audits import SETTINGS, faces_table

FACES = [draw_face("happy", np.random.default_rng([4, number])) for number in range(60)]
BLANK = np.full((48, 48), 7, np.uint8)
FAINT = np.random.default_rng(1).normal(90, 4, (48, 48)).astype(np.uint8)


def _shifted(face: np.ndarray) -> np.ndarray:
    return CHANGES["shift 2"](face, np.random.default_rng(2))


ROWS = [
    ("PrivateTest/fear/0", FACES[0]),
    ("PrivateTest/sad/1", FACES[1]),
    ("PrivateTest/surprise/2", _shifted(FACES[2][:, ::-1])),
    ("PublicTest/sad/3", FACES[3]),
    ("PublicTest/sad/4", FACES[3]),
    ("Training/fear/5", FACES[0]),
    ("Training/happy/6", BLANK),
    ("Training/sad/7", FACES[0]),
    ("Training/sad/8", FACES[1][:, ::-1]),
    ("Training/sad/9", FACES[2]),
    ("Training/sad/91", FAINT),
    *((f"Training/sad/92{number}", face) for number, face in enumerate(FACES[10:])),
]


def _table(rows: list[tuple[str, np.ndarray]]) -> pa.Table:
    """Return the table that the clean stage makes of these faces."""
    faces = [(name, name.split("/")[1], face.tobytes()) for name, face in rows]
    return faces_table(faces, blank={name for name, face in rows if np.ptp(face) < 10})


def _audited(rows: list[tuple[str, np.ndarray]], **changes: float) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the columns of the audit and the counts."""
    faces = _table(rows)
    audited, pairs = auditing.audit(faces, AuditSettings(**SETTINGS | changes))
    return audited.to_pydict(), auditing.summarise(faces, audited, pairs)


def test_pictures_are_read_piece_by_piece_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(auditing, "BATCH", 2)
    for count in (0, 5):
        table = _table(ROWS).slice(0, count)
        pq.write_table(table, tmp_path / "faces.parquet", row_group_size=3)
        faces = auditing.read(tmp_path / "faces.parquet")
        assert faces.num_columns == 5 and faces.equals(table.select(faces.column_names))
        assert faces["pixels"].num_chunks == 1


def _flagged(columns: dict[str, Any], kind: str) -> list[str]:
    return [name for name, flag in zip(columns["name"], columns[kind], strict=True) if flag]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with params and faces."""
    (tmp_path / "data").mkdir()
    (tmp_path / "params.yaml").write_text(yaml.safe_dump({"audit": SETTINGS}), encoding="utf-8")
    pq.write_table(_table(ROWS), tmp_path / "data/faces.parquet")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_audit_has_a_row_per_face_in_their_order(project: Path):
    audit.main()
    table = pq.read_table("data/audit.parquet")
    assert table["name"].to_pylist() == [name for name, _ in ROWS]
    assert table.schema.remove_metadata() == pa.schema(
        [("name", pa.string()), *((kind, pa.int32()) for kind in auditing.KINDS), ("blank", pa.bool_()),
         ("almost_blank", pa.bool_()), ("not_a_face", pa.float32()), ("label_conflict", pa.bool_())]
    )  # fmt: skip
    (pair,) = pq.read_table("data/near_duplicates.parquet").to_pylist()
    assert (pair["first"], pair["second"], pair["mirrored"]) == (2, 9, True), "pairs are of different pictures alone"


def test_each_kind_of_group_includes_the_kinds_before():
    columns, _ = _audited(ROWS)
    assert columns["exact_duplicate"][:11] == [0, -1, -1, 1, 1, 0, -1, 0, -1, -1, -1]
    assert columns["mirrored_duplicate"][:11] == [0, 1, -1, 2, 2, 0, -1, 0, 1, -1, -1]
    assert columns["near_duplicate"][:11] == [0, 1, 2, 3, 3, 0, -1, 0, 1, 2, -1]
    assert {group for kind in auditing.KINDS for group in columns[kind][11:]} == {-1}


def test_label_conflicts_are_those_of_exact_duplicates():
    columns, _ = _audited(ROWS)
    assert _flagged(columns, "label_conflict") == ["PrivateTest/fear/0", "Training/fear/5", "Training/sad/7"]


def test_blank_pictures_are_almost_blank_too():
    columns, _ = _audited(ROWS)
    assert _flagged(columns, "blank") == ["Training/happy/6"]
    assert _flagged(columns, "almost_blank") == ["Training/happy/6", "Training/sad/91"]
    strict, _ = _audited(ROWS, min_contrast=0.0)
    assert strict["almost_blank"] == strict["blank"] == columns["blank"]


def test_almost_blank_pictures_are_no_near_duplicates():
    columns, _ = _audited([("All/sad/0", FAINT), ("All/sad/1", FAINT + 1), ("All/sad/2", FAINT)])
    assert columns["near_duplicate"] == columns["exact_duplicate"] == [0, -1, 0]


def test_counts_are_those_of_all_faces():
    _, counts = _audited(ROWS)
    scores = counts.pop("not_a_face")
    assert counts == {
        "faces": 61,
        "exact_duplicates": {"groups": 2, "faces": 5, "across_subsets": 1},
        "mirrored_duplicates": {"groups": 3, "faces": 7, "across_subsets": 2},
        "near_duplicates": {"groups": 4, "faces": 9, "across_subsets": 3},
        "near_duplicate_pairs": {"all": 1, "mirrored": 1},
        "label_conflicts": {"groups": 1, "faces": 3},
        "near_duplicate_label_conflicts": {"groups": 2, "faces": 5},
        "PrivateTest_in_Training": {"exact_duplicates": 1, "mirrored_duplicates": 2, "near_duplicates": 3},
        "PublicTest_in_Training": {"exact_duplicates": 0, "mirrored_duplicates": 0, "near_duplicates": 0},
        "blank": 1,
        "almost_blank": 2,
    }
    assert 0 < scores["median"] <= scores["one_in_100"] <= scores["one_in_1000"] <= scores["highest"] == 1


@pytest.mark.parametrize("official", ["All", "Training"])
def test_faces_of_one_subset_are_no_error(official: str):
    _, counts = _audited([(f"{official}/sad/{number}", face) for number, face in enumerate([*FACES[:3], FACES[0]])])
    assert counts["exact_duplicates"] == {"groups": 1, "faces": 2, "across_subsets": 0}
    assert not [name for name in counts if name.endswith("_in_Training")]


def test_nothing_but_blank_pictures_is_no_error():
    columns, counts = _audited([(f"All/sad/{number}", BLANK) for number in range(3)])
    assert columns["exact_duplicate"] == columns["near_duplicate"] == [0, 0, 0]
    assert counts["near_duplicate_pairs"]["all"] == 0 and counts["almost_blank"] == 3


def test_the_committed_run_found_what_is_known_of_fer_2013(root: Path):
    counts = json.loads((root / "metrics/audit.json").read_text(encoding="utf-8"))
    assert counts["faces"] == 35_887
    assert (counts["exact_duplicates"]["groups"], counts["exact_duplicates"]["across_subsets"]) == (1_516, 557)
    assert (counts["label_conflicts"]["groups"], counts["blank"]) == (57, 13)
    leakage = {subset: list(counts[f"{subset}_in_Training"].values()) for subset in ("PrivateTest", "PublicTest")}
    assert (leakage["PrivateTest"][0], leakage["PublicTest"][0]) == (288, 280)
    assert all(exact <= mirrored <= near for exact, mirrored, near in leakage.values())


def test_benchmark_runs_the_stage_in_its_own_process(project: Path):
    row = near_duplicates.run(80)
    assert row["near_pairs"] >= 1 and row["cpu_s"] > 0 and row["wall_s"] > 0
