"""emotion score-many: each row is scored or set aside with a reason, and what is impossible is one line."""

import json
import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from benchmarks import bulk_scoring
from benchmarks import results as benchmark_results
from emotion import EmotionClassifier
from emotion.core.labels import EMOTIONS
from tests.inputs import encoded
from tests.pasted import Capture, Run, photograph, start
from tests.scoring import raw_table, rows, run, shades
from tests.source import ROOT

assert run  # a fixture


def test_predictions_of_raw_pixels_are_those_of_the_classifier(run: Run):
    faces = np.random.default_rng(1).integers(0, 256, (70, 48, 48), np.uint8) // 2 + shades(70) // 2
    raw_table("in/sub/a.parquet", faces[:30], row_group_size=7)
    raw_table("in/sub/b.parquet", faces[30:])
    assert run("in", "out", "--chunk", "20") == 0
    found = rows("out/scores")
    assert [(row["file"], row["row"]) for row in found] == [
        *(("sub/a.parquet", n) for n in range(30)),
        *(("sub/b.parquet", n) for n in range(40)),
    ]
    assert [row["name"] for row in found[28:32]] == ["28.png", "29.png", "0.png", "1.png"]
    assert [pq.read_metadata(path).num_rows for path in sorted(Path("out/scores").iterdir())] == [20, 10, 20, 20]
    expected = [result.faces[0] for result in EmotionClassifier("model.onnx", detector="whole").predict(list(faces))]
    assert [row["label"] for row in found] == [face.label for face in expected] and len({f.label for f in expected}) > 3
    for row, face in zip(found, expected, strict=True):
        assert (row["face"], row["left"], row["top"], row["width"], row["height"]) == (1, 0, 0, 48, 48)
        np.testing.assert_allclose([row[label] for label in EMOTIONS], list(face.probabilities.values()), atol=1e-6)


KINDS = [pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string()), pa.int64(), pa.float64()]


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_names_of_any_type_are_copied(run: Run, kind: pa.DataType):
    raw_table("in/a.parquet", shades(3))
    names = pa.array(["7", "8", "8"]).cast(kind)
    pq.write_table(pq.read_table("in/a.parquet").set_column(0, "name", names), "in/a.parquet")
    assert run("in", "out") == 0
    assert [row["name"] for row in rows("out/scores")] == ["7", "8", "8"]


@pytest.mark.parametrize("nested", [False, True], ids=["bytes", "hugging face"])
def test_bad_rows_are_set_aside_with_a_reason_and_the_others_scored(run: Run, nested: bool):
    good = encoded(shades(1)[0])
    values = [good, None, good, b"", b"no picture", good, good[: len(good) // 2], good, good]
    Path("in").mkdir()
    column = pa.array(values, pa.binary())
    if nested:
        column = pa.array([{"bytes": value, "path": "x"} for value in values])
    pq.write_table(pa.table({"image": column}), "in/a.parquet", row_group_size=2)
    assert run("in", "out", "--chunk", "3") == 0
    assert [row["row"] for row in rows("out/scores")] == [0, 2, 5, 7, 8]
    aside = {row["row"]: row["reason"] for row in rows("out/set_aside")}
    assert list(aside) == [1, 3, 4, 6] and aside[1] == aside[3] == "empty"
    assert aside[4].startswith("not a picture in a") and aside[6].startswith("damaged")


def test_pixels_of_another_size_are_set_aside(run: Run):
    pq.write_table(pa.table({"pixels": pa.array([b"x" * 2304, b"x" * 100, None], pa.binary())}), "a.parquet")
    assert run("a.parquet", "out") == 0
    assert [row["row"] for row in rows("out/scores")] == [0]
    assert [row["reason"] for row in rows("out/set_aside")] == [
        "100 bytes instead of 2,304 gray pixels (48 x 48)",
        "empty",
    ]


def test_pictures_in_nested_folders_are_scored_in_order_of_their_names(run: Run, capsys: Capture):
    odd = os.fsdecode(b"c/\xff.png")
    for name in ("b.png", "a/deep/x.jpg", odd, ".hidden/y.png"):
        Path("in", name).parent.mkdir(parents=True, exist_ok=True)
        Path("in", name).write_bytes(encoded(shades(1)[0]))
    Path("in/a/bad.png").write_bytes(b"")
    assert run("in", "out", "--chunk", "2") == 0
    assert [row["file"] for row in rows("out/scores")] == ["a/deep/x.jpg", "b.png", "c/\\xff.png"]
    assert [(row["file"], row["reason"]) for row in rows("out/set_aside")] == [("a/bad.png", "empty")]
    message = "rows: 4; faces scored: 3 (out/scores); rows set aside: 1 (out/set_aside)\n"
    assert capsys.readouterr().out == message


def test_faces_in_photographs_are_detected(run: Run):
    Path("in").mkdir()
    Image.fromarray(photograph([(60, 100, 150), (380, 150, 180)])).save("in/two.png")
    Image.fromarray(photograph([])).save("in/none.png")
    assert run("in", "out", "--detector", "mtcnn") == 0
    found = rows("out/scores")
    assert [(row["file"], row["face"]) for row in found] == [("two.png", 1), ("two.png", 2)]
    assert 40 < found[0]["left"] < 100 and 360 < found[1]["left"] < 420
    assert [(row["file"], row["reason"]) for row in rows("out/set_aside")] == [("none.png", "no face found")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere", "out"], "nowhere: there is no such file or folder"),
        (["empty", "out"], "empty: holds neither Parquet files"),
        (["mixed", "out"], "mixed: holds Parquet files and pictures"),
        (["bad.parquet", "out"], "bad.parquet: not a Parquet file"),
        (["footer.parquet", "out"], "footer.parquet: not a Parquet file, or a damaged one"),
        (["rowless.parquet", "out"], "rowless.parquet: its Parquet files hold no rows"),
        (["text.parquet", "out"], "text.parquet: no column pixels, image, picture, bytes: name the pictures' column"),
        (["text.parquet", "out", "--column", "words"], "text.parquet: column words is of type string"),
        (
            ["differing", "out"],
            "differing/a.parquet, differing/b.parquet: differ in the column of pictures (pixels, image)",
        ),
        (["pictures", "out", "--column", "foo"], "pictures: holds pictures, which have no columns: leave out --column"),
        (["in", "in/out"], "in/out: lies inside the input"),
        (["in", "bad.parquet"], "bad.parquet: is a file, or lies inside one"),
        (["in", "mixed"], "mixed: holds a.parquet and no manifest.json"),
        (["in", "out", "--ray", "127.0.0.1:1"], "--ray 127.0.0.1:1: nobody listens there (Connection refused)"),
        (["in", "out", "--ray", "no..host:1"], "--ray no..host:1: nobody listens there ("),
        (["in", "out", "--ray", "nonsense"], "--ray nonsense: write HOST:PORT"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_an_impossible_request_is_one_line(run: Run, capsys: Capture, arguments: list[str], message: str):
    for folder in ("empty", "mixed", "pictures"):
        Path(folder).mkdir()
    for folder in ("mixed", "pictures"):
        Path(folder, "b.png").write_bytes(encoded(shades(1)[0]))
    Path("bad.parquet").write_bytes(b"PAR1 not at all")
    Path("footer.parquet").write_bytes(b"PAR1 in vain, and its length: \x0f\0\0\0PAR1")
    pq.write_table(pa.table({"words": ["x"]}), "text.parquet")
    raw_table("rowless.parquet", shades(0))
    for path in ("mixed/a.parquet", "in/a.parquet", "differing/a.parquet"):
        raw_table(path, shades(3))
    pq.write_table(pa.table({"image": [b"x"]}), "differing/b.parquet")
    assert run(*arguments) == 1
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error")]
    assert len(lines) == 1 and lines[0].startswith(f"error: {message}")
    assert not Path("out/scores").exists()


def test_a_missing_library_is_a_line_that_names_the_remedy(run: Run, tmp_path: Path):
    (tmp_path / "pyarrow.py").write_text("raise ModuleNotFoundError('', name='pyarrow')")
    _, message = start("score-many", "in", "out", path=tmp_path).communicate()
    remedy = "run `make setup` and use .venv/bin/python"
    assert message == f"error: score-many needs pyarrow, which is not installed: {remedy}\n"


def test_the_benchmark_records_throughput_and_memory(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setattr(benchmark_results, "RESULTS", tmp_path / "results.json")
    monkeypatch.setattr(bulk_scoring, "PAUSE", 0.05)
    few = ("--faces", "300", "--own-faces", "200", "--ways", "processes", "--workers", "1")
    bulk_scoring.main("--model", "model.onnx", *few)
    summary = json.loads(Path("results.json").read_text())["bulk_scoring"]
    (measured,) = summary["rows"]
    assert measured["share"] == pytest.approx(measured["faces_s"] / summary["own_faces_s"], abs=1e-3)
    assert measured["most_mb"] > 30 and measured["seconds"] > 0
