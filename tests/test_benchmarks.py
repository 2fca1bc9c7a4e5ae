"""What benchmarks share: their results and the processes that they compare; that of `dvc repro`; and larger tables."""

import json
import os
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import yaml

from benchmarks import noop_repro, planted_copies, results
from benchmarks.sides import process
from emotion.core.errors import InputError
from tests.audits import faces_table
from tests.benchmarking import kept, toy

assert kept and toy  # fixtures


def test_a_benchmark_replaces_its_own_numbers_alone(kept: Path):
    results.keep("one", {"a": 1, "b": 2})
    results.keep("two", {"a": 3})
    results.keep("one", {"a": 4})
    assert json.loads(kept.read_text(encoding="utf-8")) == {"one": {"a": 4}, "two": {"a": 3}}


def test_table_aligns_columns_and_leaves_a_missing_value_empty():
    rows = [{"name": "a", "faces": 1000, "range": [1.5, 2]}, {"name": "long", "faces": 5}]
    assert results.table("title", ("name", "faces", "range"), rows).splitlines() == [
        "title",
        "name  faces    range",
        "a     1,000  1.5 - 2",
        "long      5         ",
    ]


def test_cores_are_those_that_the_process_may_use(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2}, raising=False)
    monkeypatch.setattr(results.psutil, "cpu_count", lambda logical: 2)
    assert results.cores() == (2, 3) and results.cpu_name()


def test_a_side_replies_with_numbers_alone(toy: Path):
    with closing(process.Side("toy", "toy", ["x"], path=True)) as side:
        assert side.about() == {"arguments": ["x"]}
        first, second = side.measure(3), side.measure(4)
        assert (first["seconds"], second["seconds"]) == (1.5, 2.0)
        assert "peak_mib" in first
        with pytest.raises(InputError, match="^toy: SomeError: too many$"):
            side.measure(9)


def test_pythonpath_is_kept_only_for_the_side_that_needs_it(toy: Path):
    with (
        closing(process.Side("toy", "toy", ["x"])) as side,
        pytest.raises(InputError, match="toy: .*No module named 'toy'"),
    ):
        side.about()
    with closing(process.Side("toy", "toy", ["x"], path=True)) as side:
        assert side.about()


@pytest.mark.parametrize(
    ("code", "log", "reason"),
    [
        (-9, "noise", "it was killed by signal 9 (too little memory?)"),
        (-11, "noise", "it was killed by signal 11"),
        (1, "noise\nerror: do that\n", "do that"),
        (3, "", "it ended with code 3"),
    ],
)
def test_the_reason_of_a_side_that_ended_is_one_line(code: int, log: str, reason: str):
    assert process.explain(code, log) == reason


class Scripted:
    """A side whose steps take a fixed time, and that records when it was asked for how many."""

    def __init__(self, name: str, seconds: float, asked: list[tuple[str, int]]) -> None:
        self.name, self.seconds, self.asked = name, seconds, asked

    def measure(self, steps: int) -> dict[str, float]:
        self.asked.append((self.name, steps))
        return {"seconds": self.seconds * steps}


def test_sides_take_turns_and_every_second_round_is_reversed():
    asked: list[tuple[str, int]] = []
    sides = {"a": Scripted("a", 0.5, asked), "b": Scripted("b", 0.1, asked)}
    measured = process.take_turns(sides, rounds=2, seconds=6, steps=0)
    assert asked[:4] == [("a", 2), ("a", 4), ("b", 2), ("b", 4)]
    assert asked[4:] == [("b", 60), ("a", 12), ("a", 12), ("b", 60), ("b", 60), ("a", 12)]
    assert measured == {"a": [{"seconds": 6.0, "steps": 12}] * 2, "b": [{"seconds": 6.0, "steps": 60}] * 2}
    measured = process.take_turns(sides, rounds=3, seconds=6, steps=5)
    assert [each["steps"] for each in measured["a"]] == [5, 5, 5] and asked[-1] == ("b", 5)


def test_noop_ratio_is_the_median_ratio_within_rounds():
    seconds = {"ours": [1.0, 4.0, 9.0], "dvc": [1.0, 2.0, 1.0], "dvc_few_params": [1.0, 1.0, 1.0]}
    summary = noop_repro.summarise(seconds)
    assert (
        summary["ratio"] == 2.0
        and summary["ratio_few_params"] == 4.0
        and summary["ours_s"] == 4.0
        and summary["dvc_s_range"] == [1.0, 2.0]
    )


def test_the_pipeline_of_dvc_alone_is_as_large_and_runs(tmp_path: Path):
    out, folder = {"path": "data/a.csv"}, {"path": "emotion/core", "nfiles": 3}
    stages = {
        "first": {"deps": [folder, {"path": "emotion/models/cnn.py"}], "outs": [out]},
        "second@cnn": {
            "deps": [out],
            "params": {"params.yaml": {"models.cnn": {}}},
            "outs": [{"path": "metrics/b.json"}],
        },
    }
    params = tmp_path / "params.yaml"
    params.write_text("models: {cnn: {seed: 1}}\n", encoding="utf-8")
    environment = os.environ | {"DVC_SITE_CACHE_DIR": str(tmp_path / "site")}
    folders = {"same": tmp_path / "same", "few": tmp_path / "few"}
    for (name, folder_of), file, key in zip(folders.items(), (params, None), ("models.cnn", "models_cnn"), strict=True):
        noop_repro.write_alone(stages, folder_of, file, in_git=False)
        pipeline = yaml.safe_load((folder_of / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
        assert pipeline["first"]["deps"] == ["emotion/core", "emotion/models/cnn.py"]
        assert pipeline["second_cnn"]["params"] == [key], name
        assert len(list((folder_of / "emotion/core").iterdir())) == 3
        assert not noop_repro.is_up_to_date(noop_repro.dvc(folder_of, environment, "repro"))
    seconds = noop_repro.measure(folders, 1, environment)
    assert [len(each) for each in seconds.values()] == [1, 1]


def test_a_larger_table_has_new_faces_with_exact_duplicates_among_them():
    noise = np.random.default_rng(6).integers(0, 256, (400, 48, 48), np.uint8)
    faces = faces_table([(f"Training/sad/{number}", "sad", face.tobytes()) for number, face in enumerate(noise)])
    more = planted_copies.resized(faces, 1000)
    assert more.schema == faces.schema and len(set(more["name"].to_pylist())) == 1000
    assert 930 <= len(set(more["pixels"].to_pylist())) <= 970  # 5 % are duplicates
