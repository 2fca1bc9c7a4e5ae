"""The data card, docs/data.md: its numbers are those of metrics/ and params.yaml."""

import csv
import json
import re
from pathlib import Path

import pytest

from emotion.errors import InputError
from emotion.labels import EMOTIONS
from tools import data_card

BLOCKS = ("counts", "defects", "copies", "leak_free", "suspects")
TEXT = "# Title\n\n" + "\nbetween\n\n".join(
    f"<!-- {name}: `make results` writes what follows -->\nstale words\n<!-- end of {name} -->\n" for name in BLOCKS
)
PER_EMOTION = {emotion: 100 * number for number, emotion in enumerate(EMOTIONS)}


def part(factor: int, leaked: int, near: int) -> dict[str, int]:
    counts = {emotion: factor * number for number, emotion in enumerate(EMOTIONS)}
    return {"faces": sum(counts.values()), "leaked": leaked, "leaked_near": near} | counts


METRICS = {
    "clean": {
        "faces": 2100, "distinct_pictures": 1999, "per_emotion": PER_EMOTION,
        "set_aside": {"total": 3, "damaged picture": 1, "wrong size": 2},
    },
    "split": {
        "train": part(80, 11, 7), "validation": part(10, 21, 5), "test": part(10, 42, 3),
        "dropped": {"identical": 0, "near": 0, "conflicts": 13, "blank": 17, "almost_blank": 0, "not_a_face": 0},
    },
    "audit": {
        "identical": {"groups": 1516, "faces": 3369}, "near": {"groups": 1600, "faces": 3600},
        "conflicts": {"groups": 57, "faces": 160}, "blank": 13, "almost_blank": 14,
        "PrivateTest_in_Training": {"identical": 288, "mirrored": 289, "near": 3010},
        "PublicTest_in_Training": {"identical": 280, "mirrored": 281, "near": 282},
        "not_a_face": {"median": 0.123, "one_in_1000": 0.456},
    },
    "label_audit": {"faces": 1680, "called_errors": 168},
}  # fmt: skip

LEAK_FREE = {
    "model": "cnn", "training_faces": 1000, "dropped": 234,
    "all_faces": {"validation": 0.61, "test": 0.62, "test_unleaked": 0.63, "test_unleaked_near": 0.64},
    "leak_free": {"validation": 0.51, "test": 0.52, "test_unleaked": 0.53, "test_unleaked_near": 0.54},
}  # fmt: skip

COPIES = {
    "copies_found": {
        "seed": 7, "faces": 20000, "copies": 2000, "rows": {"this audit": {"precision": 0.997, "recall": 0.912}},
    },
    "audit_cost": {
        "cpu": "a CPU", "cores": 2,
        "rows": [{"faces": 35887, "wall_s": 22.6, "times_wall_s": 1.0, "peak_mib": 1681}],
    },
}  # fmt: skip

PLANTED = {"faces": 1680, "planted": 84, "listed": 140, "found": 55, "recall": 0.655, "restored": 33}


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """A card with old numbers, and everything measured."""
    monkeypatch.chdir(tmp_path)
    for folder in ("docs", "metrics", "benchmarks"):
        Path(folder).mkdir()
    data_card.CARD.write_text(TEXT, encoding="utf-8")
    Path("params.yaml").write_text(
        "defects: {identical: keep, near: keep, conflicts: drop, blank: drop_everywhere, almost_blank: keep, "
        "not_a_face: keep}\n",
        encoding="utf-8",
    )
    for name, content in METRICS.items():
        Path(f"metrics/{name}.json").write_text(json.dumps(content), encoding="utf-8")
    Path("benchmarks/results.json").write_text(
        json.dumps({"leak_free": LEAK_FREE, "planted_labels": PLANTED} | COPIES), encoding="utf-8"
    )
    with open("metrics/suspects.csv", "w", newline="", encoding="utf-8") as file:
        pairs = [("sad", "neutral")] * 3 + [("fear", "sad")] * 5
        csv.writer(file).writerows([("name", "given", "suggested", "quality"), *(("a", *pair, 0.1) for pair in pairs)])
    return tmp_path


def run(monkeypatch, *arguments: str) -> str:
    """Run the tool and return the card."""
    monkeypatch.setattr("sys.argv", ["data_card", *arguments])
    data_card.main()
    return data_card.CARD.read_text(encoding="utf-8")


def cells(text: str, first: str) -> list[str]:
    """Return the row of a table that begins so."""
    (line,) = [line for line in text.splitlines() if line.startswith(f"| {first} |")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_each_emotion_has_its_own_counts(project, monkeypatch):
    text = run(monkeypatch)
    assert cells(text, "fear") == ["fear", "200", "9.5%", "160", "20", "20"]
    assert cells(text, "all") == ["all", "2,100", "100.0%", "1,680", "210", "210"]
    assert "1,999 different pictures" in text and "3 files set aside (1 x damaged picture, 2 x wrong size)" in text


def test_each_defect_tells_how_often_it_was_found_and_what_is_done_about_it_now(project, monkeypatch):
    text = run(monkeypatch)
    (blank,) = [line for line in text.splitlines() if "`defects.blank`" in line]
    assert [cell.strip() for cell in blank.split("|")][2:-1] == ["13", "`defects.blank`", "`drop_everywhere`", "17"]
    (conflicts,) = [line for line in text.splitlines() if "`defects.conflicts`" in line]
    assert "| 57 groups of 160 faces | `defects.conflicts` | `drop` | 13 |" in conflicts
    assert "| median 0.12, one in 1,000 above 0.46 | `defects.not_a_face` | `keep` | 0 |" in text


def test_leaks_are_told_by_part_and_by_what_scores_leave_out(project, monkeypatch):
    text = run(monkeypatch)
    assert cells(text, "PrivateTest") == ["PrivateTest", "288", "289", "3,010"]
    assert "leave 42 of 210 test faces out" in text and "with near copies 45 (21.4%)" in text


def test_finders_of_copies_and_what_the_audit_costs_have_a_row_each(project, monkeypatch):
    text = run(monkeypatch)
    assert "2,000 copies planted among 20,000 drawn faces (seed 7)" in text
    assert cells(text, "this audit") == ["this audit", "99.70%", "91.20%"]
    assert "a CPU, 2 cores" in text and cells(text, "35,887") == ["35,887", "23 s", "1.0", "1,681 MiB"]


def test_the_cost_of_learning_without_leaks_stands_beside_the_run_with_them(project, monkeypatch):
    text = run(monkeypatch)
    assert "Measured once, with `cnn`:" in text
    assert cells(text, "1,234") == ["1,234", "61.0%", "62.0%", "63.0%", "64.0%"]
    assert cells(text, "1,000") == ["1,000", "51.0%", "52.0%", "53.0%", "54.0%"]
    Path("benchmarks/results.json").write_text("{}", encoding="utf-8")
    assert "`python -m benchmarks.leak_free`" in run(monkeypatch)


def test_suspects_are_counted_by_pair_the_most_frequent_first(project, monkeypatch):
    text = run(monkeypatch)
    assert "168 of 1,680" in text and "(10.0%)" in text
    assert "fear → sad (5), sad → neutral (3)" in text


def test_labels_made_wrong_on_purpose_are_counted(project, monkeypatch):
    text = " ".join(run(monkeypatch).split())
    assert "Of 84 labels (5%) wrong on purpose, once: a list of 140 held 55 (66%), 33 of them" in text


def test_what_was_not_measured_yet_is_named(project, monkeypatch):
    Path("metrics/audit.json").unlink()
    Path("metrics/suspects.csv").unlink()
    text = run(monkeypatch)
    assert "`metrics/audit.json`" in text and "`metrics/suspects.csv`" in text and cells(text, "fear")


def test_what_is_typed_stays_and_a_second_run_changes_nothing(project, monkeypatch):
    text = run(monkeypatch)
    assert text.startswith("# Title\n") and text.count("\nbetween\n") == 4 and "stale words" not in text
    assert run(monkeypatch) == text


def test_check_accepts_what_was_written_and_refuses_another_number(project, monkeypatch):
    text = run(monkeypatch)
    assert run(monkeypatch, "--check") == text
    data_card.CARD.write_text(text.replace("1,999", "1,998"), encoding="utf-8")
    with pytest.raises(InputError, match="run `make results`"):
        run(monkeypatch, "--check")


@pytest.mark.parametrize("broken", [TEXT.replace("<!-- end of defects -->", ""), TEXT + TEXT], ids=["cut", "twice"])
def test_a_card_without_its_markers_is_refused_and_stays(project, monkeypatch, broken):
    data_card.CARD.write_text(broken, encoding="utf-8")
    with pytest.raises(InputError, match="these two lines once"):
        run(monkeypatch)
    assert data_card.CARD.read_text(encoding="utf-8") == broken


def test_card_of_this_repository_has_the_numbers_that_its_metrics_give(root, monkeypatch):
    monkeypatch.chdir(root)
    run(monkeypatch, "--check")


def test_card_of_this_repository_links_files_and_names_make_targets_that_are_there(root):
    text = (root / data_card.CARD).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)", text) if not link.startswith("https://")]
    outputs = (root / "dvc.yaml").read_text(encoding="utf-8")  # of a stage whose run may be still to come
    made = [link for link in links if (root / "docs" / link).exists() or link.removeprefix("../") in outputs]
    assert len(links) >= 4 and made == links
    rules = re.findall(r"^([a-z-]+):", (root / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(re.findall(r"`make ([a-z-]+)", text)) <= set(rules)
