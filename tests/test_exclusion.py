"""The list of excluded faces: how it is read, what is refused, and how label issues are copied into it."""

import csv
from pathlib import Path

import pytest

from emotion.core.errors import InputError
from emotion.preparation import exclusion
from tools import exclude_label_issues

HEADER = "name,label,predicted_label,label_quality\n"


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("name,angry,sad\n", set()),
        ("\ufeffname,label\r\na.png,sad\r\n\r\nb.png\r\n,sad\r\na.png,sad,more\r\n", {"a.png", "b.png"}),
        ("label,name\nsad,a.png\n", {"a.png"}),
    ],
    ids=["header alone", "from a spreadsheet", "another order"],
)
def test_the_column_name_of_a_list_counts(tmp_path: Path, content: str, names: set[str]):
    (tmp_path / "list.csv").write_text(content, encoding="utf-8", newline="")
    assert exclusion.excluded(str(tmp_path / "list.csv")) == names


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no column `name`"),
        (b"a.png\nb.png\n", "no column `name`"),
        (b"name;label\na.png;sad\n", "no column `name`"),
        (b"name\n\xff\xfe.png\n", "is not a CSV file in UTF-8"),
        (None, "there is no file"),
    ],
    ids=["empty", "no header", "semicolons", "not UTF-8", "missing"],
)
def test_another_file_is_an_error_that_names_it(tmp_path: Path, content: bytes | None, message: str):
    file = tmp_path / "list.csv"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InputError, match=f"^data.exclude: .*{message}") as error:
        exclusion.excluded(str(file))
    assert str(file) in str(error.value) and "\n" not in str(error.value)


def test_a_list_of_other_data_is_refused_with_the_first_unknown_names():
    exclusion.require_known({"a", "b"}, ["a", "b", "c"], "params/exclude.csv")
    message = r"^data\.exclude: list\.csv: 4 of its 5 names are not in these data \('d', 'e', 'f'\)"
    with pytest.raises(InputError, match=message):
        exclusion.require_known({"a", "g", "f", "e", "d"}, ["a", "b"], "list.csv")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with three label issues and params that exclude no face."""
    monkeypatch.chdir(tmp_path)
    for folder in ("params", "metrics"):
        (tmp_path / folder).mkdir()
    (tmp_path / "params/none.csv").write_text("name\n")
    _exclude("params/none.csv")
    _list(("a", "sad"), ("b", "fear"), ("c", "fear"))
    return tmp_path


def _exclude(path: str) -> None:
    Path("params.yaml").write_text(f"data: {{exclude: {path}, source: sample}}\n")


def _list(*faces: tuple[str, str]) -> None:
    lines = [f"{name},{label},happy,0.01\n" for name, label in faces]
    Path("metrics/label_issues.csv").write_text(HEADER + "".join(lines))


def _copied() -> list[str]:
    with open("params/exclude.csv", newline="", encoding="utf-8") as file:
        return [row["name"] for row in csv.DictReader(file)]


@pytest.mark.parametrize(
    "path", ["metrics/label_issues.csv", "./params/../metrics/label_issues.csv", "metrics", "{}/metrics/x"]
)
def test_an_output_of_the_pipeline_is_refused(project: Path, path: str):
    message = "is an output of the pipeline, .*: copy it with `make exclude-label-issues`"
    with pytest.raises(InputError, match=message):
        exclusion.excluded(path.format(project))
    assert exclusion.excluded("params/none.csv") == set()


def test_label_issues_are_copied_and_the_next_step_is_printed(project: Path, capsys: pytest.CaptureFixture[str]):
    exclude_label_issues.main()
    assert Path("params/exclude.csv").read_text() == Path("metrics/label_issues.csv").read_text()
    assert exclusion.excluded("params/exclude.csv") == {"a", "b", "c"}
    printed = capsys.readouterr().out
    assert "params/exclude.csv: 3 of 3 label issues (fear 2, sad 1)" in printed
    assert "data.exclude: params/exclude.csv" in printed and "dvc repro" in printed
    exclude_label_issues.main("2")
    assert _copied() == ["a", "b"]
    exclude_label_issues.main("99")
    assert _copied() == ["a", "b", "c"]


@pytest.mark.parametrize("count", ["0", "-1", "all", "1.5", "²"])
def test_an_invalid_count_is_refused_and_nothing_written(project: Path, count: str):
    with pytest.raises(InputError, match="COUNT="):
        exclude_label_issues.main(count)
    assert not Path("params/exclude.csv").exists()


def test_faces_excluded_before_stay_so_when_a_new_list_is_copied(project: Path, capsys: pytest.CaptureFixture[str]):
    exclude_label_issues.main()
    _exclude("./params/exclude.csv")
    exclude_label_issues.main("1")
    assert _copied() == ["a"], "until they are in use, another count is another choice"
    _list(("d", "sad"), ("e", "fear"))
    exclude_label_issues.main("1")
    assert _copied() == ["a", "d"]
    assert "params/exclude.csv: 1 of 2 label issues (sad 1); 1 " in capsys.readouterr().out


@pytest.mark.parametrize("row", ["mine,,,", "b,fear,,"], ids=["another face", "a label issue with other cells"])
def test_a_list_written_by_hand_is_not_overwritten(project: Path, row: str):
    file = Path("params/exclude.csv")
    file.write_text(f"{HEADER}{row}\na,sad,happy,0.01\n")
    before = file.read_bytes()
    with pytest.raises(InputError, match=r"params/exclude\.csv: 1 of its faces would be lost, such as '(mine|b)'"):
        exclude_label_issues.main("1")
    assert file.read_bytes() == before
    _exclude("params/exclude.csv")
    exclude_label_issues.main("1")
    assert sorted(_copied()) == sorted(["a", row.split(",")[0]])


def test_another_list_in_use_is_copied_with_all_of_its_columns(project: Path):
    Path("mine.csv").write_text("name,why\nx,blurred\na,wrong\n")
    _exclude("mine.csv")
    exclude_label_issues.main("2")
    assert _copied() == ["x", "a", "b"]
    assert Path("params/exclude.csv").read_text().splitlines()[1] == "x,,,,blurred"


def test_without_a_list_the_stage_that_writes_it_is_named(project: Path):
    Path("metrics/label_issues.csv").unlink()
    with pytest.raises(InputError, match="dvc repro label_audit"):
        exclude_label_issues.main()
