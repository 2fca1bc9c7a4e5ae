"""`make results`: the tables of README and docs/ hold the numbers that were measured."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emotion.core.errors import InputError
from tests.measured import PIPELINE, project, write, write_model
from tools.tables import __main__ as tables

assert project  # a fixture


def publish(page: str) -> str:
    """Run the tool and return a page."""
    tables.main()
    return Path(page).read_text(encoding="utf-8")


def cells(text: str, first: str, table: int = 0) -> list[str]:
    """Return the row that begins so of the first table, or a later one, that has such a row."""
    line = [line for line in text.splitlines() if line.startswith(f"| {first} |")][table]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_readme_has_accuracy_size_and_latency_and_a_bold_best(project: Path):
    text = publish("README.md")
    assert cells(text, "cnn") == ["cnn", "70.0 % (68.0 – 71.5)", "66.0 % (64.0 – 67.5)", "–", "–"]
    bold = ["**cnn_aug**", "**68.0 % (66.0 – 69.5)**", "**64.0 % (62.0 – 65.5)**", "**10.4 MB**", "**2.05 ms**"]
    assert cells(text, r"**cnn_aug**") == bold
    assert cells(text, "vgg16 †")[1:] == ["–", "–", "–", "–"] and "run with the present code and params" in text


def test_all_scores_stand_in_the_order_of_their_header(project: Path):
    row = cells(publish("docs/results.md"), "cnn")
    scores = ["66.0 (64.0 – 67.5)", "67.2 (65.2 – 68.7)", "64.0", "63.0", "56.0 / 55.0", "60.0"]
    assert row == ["cnn", *scores, "10,382,631", "–", "15 (13)"]


def test_scores_for_votes_stand_in_the_order_of_their_header(project: Path):
    row = cells(publish("docs/results.md"), "cnn", table=1)
    scores = ["70.0 (68.0 – 71.5)", "71.0%", "67.0", "68.0", "69.0", "81.0", "3.0"]
    assert row == ["cnn", *scores, "1.234", "0.25", "1.12"]


def test_the_ensemble_has_no_accuracy_without_tta(project: Path):
    write_model("ensemble", 0.75)
    text = publish("docs/results.md")
    assert cells(text, "ensemble")[1:4] == ["–", "75.0 (73.0 – 76.5)", "73.0"]
    assert "predictions with TTA of cnn, cnn_aug." in text
    assert cells(Path("README.md").read_text("utf-8"), "ensemble")[2] == "75.0 % (73.0 – 76.5)"


@pytest.mark.parametrize(("stage", "marked"), [("train@cnn", {"cnn"}), ("split", {"cnn", "cnn_aug"}), ("", set())])
def test_a_model_that_follows_from_a_pending_stage_is_marked(project: Path, stage: str, marked: set[str]):
    write(".dvc/config", "[core]\n    no_scm = true\n")
    write("dvc.yaml", PIPELINE)
    write(".ci/pending_runs.txt", f"{stage}  # a reason\n")
    rows = re.findall(r"^\| \**(cnn\w*) †", publish("README.md"), re.MULTILINE)
    assert set(rows) == marked


def test_the_data_card_counts_each_emotion(project: Path):
    text = publish("docs/data.md")
    assert cells(text, "fear") == ["fear", "200", "9.5%", "160", "20", "20"]
    assert cells(text, "all") == ["all", "2,100", "100.0%", "1,680", "210", "210"]
    assert "1,999 distinct pictures" in text and "3 files set aside (1 x damaged picture, 2 x wrong size)" in text


def test_the_data_card_says_what_is_done_about_each_defect(project: Path):
    text = publish("docs/data.md")
    assert "| 57 groups of 160 faces | `defects.label_conflicts: drop` | 13 |" in text
    assert "| 13 | `defects.blank: drop_everywhere` | 17 |" in text
    assert "| median 0.12, one in 1,000 above 0.46 | `defects.not_a_face: keep` | 0 |" in text
    assert cells(text, "PrivateTest") == ["PrivateTest", "288", "289", "3,010"]
    assert "leave out 42 of 210 test faces, those without any leakage 45 (21.4%)" in text
    assert "168 of 1,680 labels of training faces (10.0%) are label issues by confident learning" in text
    assert "fear → sad (5), sad → neutral (3)" in text


def test_the_data_card_says_what_the_votes_say(project: Path):
    text = publish("docs/data.md")
    assert cells(text, "PublicTest")[:6] == ["PublicTest", "210", "150", "72.2%", "0%", "10%"]
    assert "94% of the first 100 listed labels, 89% of the first 500 and 80% of all" in text
    assert "Most annotators, too, see no face in 60% of the 1,100 pictures that the audit flags as none" in text


def test_benchmarks_have_a_row_each_and_dashes_for_what_is_missing(project: Path):
    assert cells(publish("docs/results.md"), "Keras fit") == ["Keras fit", "102 (95 – 110)", "4.06", "2,048 MiB"]
    assert cells(publish("docs/scoring.md"), "ray") == ["ray", "1,000,000", "200", "5,000", "85%", "–"]


def test_what_is_not_measured_yet_names_its_command_or_file(project: Path):
    Path("metrics/audit.json").unlink()
    text = publish("docs/data.md")
    assert "Not measured yet: `metrics/audit.json`." in text
    assert "Not measured yet: `python -m benchmarks.near_duplicates`." in text


def test_text_around_the_tables_stays_and_a_second_run_changes_nothing(project: Path):
    text = publish("docs/data.md")
    assert text.startswith("# Title\n\nbefore\n") and text.endswith("\nafter\n") and "stale" not in text
    picture = tables.PICTURE.read_bytes()
    assert publish("docs/data.md") == text and tables.PICTURE.read_bytes() == picture


@pytest.mark.parametrize("damage", [lambda text: text + text, lambda text: text.replace("<!-- end of results -->", "")])
def test_a_page_without_its_markers_is_an_error_and_stays(project: Path, damage):
    text = damage(Path("README.md").read_text("utf-8"))
    write("README.md", text)
    with pytest.raises(InputError, match="once, in this order"):
        tables.main()
    assert Path("README.md").read_text("utf-8") == text


def test_the_picture_of_readme_shows_the_numbers(project: Path):
    tables.main()
    before = np.asarray(Image.open(tables.PICTURE))
    write_model("cnn_aug", 0.7)
    tables.main()
    assert (np.asarray(Image.open(tables.PICTURE)) != before).any()
