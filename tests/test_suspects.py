"""Suspect labels: who judges which face, what confident learning lists, and how a copy of the list acts."""

import csv
from pathlib import Path

import numpy as np
import pytest

from emotion.data import exclusion, suspects
from emotion.errors import InputError
from emotion.labels import EMOTIONS
from tools import exclude_suspects

HEADER = "name,given,suggested,quality\n"
HAPPY, SAD = EMOTIONS.index("happy"), EMOTIONS.index("sad")


def _faces(count: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return random pixels, each picture twice in a row, and labels, all emotions in turn."""
    rng = np.random.default_rng(seed)
    pixels = np.repeat(rng.integers(0, 256, (count // 2, 48, 48), np.uint8), 2, axis=0)
    return pixels, np.arange(count) // 2 % len(EMOTIONS)


def _answers(labels: np.ndarray, sure: float = 0.7, seed: int = 1) -> np.ndarray:
    """Return what a good judge would answer, with some noise."""
    noise = np.random.default_rng(seed).dirichlet(np.ones(len(EMOTIONS)), len(labels))
    return (sure * np.eye(len(EMOTIONS))[labels] + (1 - sure) * noise).astype(np.float32)


def test_identical_pictures_are_in_one_fold_and_every_fold_has_its_share_of_each_emotion():
    pixels, labels = _faces(840)
    order = np.random.default_rng(2).permutation(len(labels))
    fold_of = suspects.fold_of(pixels[order], labels[order], folds=3, seed=1)
    copies = fold_of[np.argsort(order)].reshape(-1, 2)
    assert (copies[:, 0] == copies[:, 1]).all()
    for emotion in range(len(EMOTIONS)):
        assert np.bincount(fold_of[labels[order] == emotion], minlength=3) == pytest.approx(40, abs=2)


def test_folds_follow_from_the_seed():
    pixels, labels = _faces(280)
    first, again, other = (suspects.fold_of(pixels, labels, folds=3, seed=seed) for seed in (1, 1, 2))
    assert (first == again).all() and (first != other).any()


@pytest.mark.parametrize("count", [2, 4], ids=["fewer than folds", "fewer pictures than folds"])
def test_too_few_faces_are_an_error_that_names_the_param(count: int):
    pixels, labels = _faces(count)
    with pytest.raises(InputError, match=r"label_audit\.folds: "):
        suspects.fold_of(pixels, labels * 0, folds=3, seed=1)


def test_labels_that_the_judge_disputes_are_called_errors_and_stand_first():
    truth = np.arange(700) % len(EMOTIONS)
    wrong = np.arange(0, 700, 20)
    given = truth.copy()
    given[wrong] = (truth[wrong] + 1 + np.arange(len(wrong)) % 6) % len(EMOTIONS)
    answers = _answers(truth)
    verdicts = suspects.judge(given, answers)
    assert verdicts.quality == pytest.approx(answers[np.arange(700), given], abs=1e-6)
    called = set(np.flatnonzero(verdicts.errors))
    assert called < set(wrong) and len(called) > 0.7 * len(wrong)
    listed = suspects.ranked(verdicts, [f"{face:03}" for face in range(700)], 2000)
    assert {face.position for face in listed} == set(wrong), "a label that the judge shares is never listed"
    assert [face.quality for face in listed] == sorted(face.quality for face in listed)
    assert all(face.suggested == EMOTIONS[truth[face.position]] for face in listed)
    assert all(face.given == EMOTIONS[given[face.position]] for face in listed)
    assert suspects.ranked(verdicts, [f"{face:03}" for face in range(700)], 5) == listed[:5]


def test_equally_suspect_faces_are_ordered_by_name():
    alike = np.array([0.1, 0.9, 0, 0, 0, 0, 0], np.float32)
    verdicts = suspects.judge(np.zeros(6, int), np.stack([alike] * 6))
    assert [face.name for face in suspects.ranked(verdicts, list("dbfaec"), 4)] == ["a", "b", "c", "d"]


def test_emotions_without_a_face_are_no_obstacle():
    truth = np.where(np.arange(200) % 2, HAPPY, SAD)
    given = truth.copy()
    given[:10] = np.where(truth[:10] == SAD, HAPPY, SAD)
    verdicts = suspects.judge(given, _answers(truth))
    assert {face.position for face in suspects.ranked(verdicts, ["x"] * 200, 20)} == set(range(10))
    called = verdicts.errors.sum()
    assert 5 <= called <= 10
    counts = suspects.summarise(verdicts, listed=20)
    assert counts["errors"]["given_happy"]["suggested_sad"] + counts["errors"]["given_sad"]["suggested_happy"] == called
    totals = {key: value for key, value in counts.items() if key != "errors"}
    assert totals == {"faces": 200, "out_of_fold_accuracy": 0.95, "listed": 20, "called_errors": called}


def test_every_pair_of_emotions_is_counted_so_that_two_runs_have_the_same_keys():
    truth = np.arange(70) % len(EMOTIONS)
    counts = suspects.summarise(suspects.judge(truth, _answers(truth)), 0)["errors"]
    assert {(given, suggested) for given, row in counts.items() for suggested in row} == {
        (f"given_{given}", f"suggested_{suggested}")
        for given in EMOTIONS
        for suggested in EMOTIONS
        if given != suggested
    }
    assert sum(sum(row.values()) for row in counts.values()) == 0


def _suspect(rank: int, name: str = "") -> suspects.Suspect:
    return suspects.Suspect(rank, name or f"{rank:02}.png", "fear", "surprise", rank / 1000)


def test_the_sheet_shows_the_worst_49_and_has_the_same_bytes_again(tmp_path: Path):
    pixels = np.random.default_rng(1).integers(0, 256, (60, 48, 48), np.uint8)
    figures = [suspects.sheet([_suspect(rank) for rank in range(60)], pixels) for _ in range(2)]
    words = [text.get_text() for text in figures[0].texts]
    assert "1. fear → surprise" in words and "49. fear → surprise" in words and len(words) == 50
    files = [tmp_path / "first.png", tmp_path / "second.png"]
    for figure, file in zip(figures, files, strict=True):
        figure.savefig(file, metadata={"Software": None})
    assert files[0].read_bytes() == files[1].read_bytes()


def test_the_sheet_of_no_suspects_can_be_drawn():
    assert "none" in [text.get_text() for text in suspects.sheet([], np.zeros((3, 48, 48), np.uint8)).texts]


def test_a_written_list_excludes_exactly_its_names(tmp_path: Path):
    names = ['Training/sad/a, "b".png', "Training/sad/new\nline.png", "Training/sad/Zoë 表情.png"]
    suspects.write([_suspect(rank, name) for rank, name in enumerate(names)], tmp_path / "list.csv")
    assert (tmp_path / "list.csv").read_bytes().startswith(HEADER.encode())
    assert exclusion.excluded(str(tmp_path / "list.csv")) == set(names)


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("name,angry,sad\n", set()),
        ("\ufeffname,given\r\na.png,sad\r\n\r\nb.png\r\n,sad\r\na.png,sad,more\r\n", {"a.png", "b.png"}),
        ("given,name\nsad,a.png\n", {"a.png"}),
    ],
    ids=["header alone", "from a spreadsheet", "another order"],
)
def test_the_column_name_of_a_list_is_what_counts(tmp_path: Path, content: str, names: set[str]):
    (tmp_path / "list.csv").write_text(content, encoding="utf-8", newline="")
    assert exclusion.excluded(str(tmp_path / "list.csv")) == names


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no column `name`"),
        (b"a.png\nb.png\n", "no column `name`"),
        (b"name;given\na.png;sad\n", "no column `name`"),
        (b"name\n\xff\xfe.png\n", "no CSV file in UTF-8"),
        (None, "there is no file"),
    ],
    ids=["empty", "no header", "semicolons", "not UTF-8", "missing"],
)
def test_what_is_no_list_is_an_error_that_names_it(tmp_path: Path, content: bytes | None, message: str):
    file = tmp_path / "list.csv"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InputError, match=f"^data.exclude: .*{message}") as error:
        exclusion.excluded(str(file))
    assert str(file) in str(error.value) and "\n" not in str(error.value)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with three suspects and params that exclude nobody."""
    monkeypatch.chdir(tmp_path)
    for folder in ("params", "metrics"):
        (tmp_path / folder).mkdir()
    (tmp_path / "params/none.csv").write_text("name,angry\n")
    _exclude("params/none.csv")
    _list(("a", "sad"), ("b", "fear"), ("c", "fear"))
    return tmp_path


def _exclude(path: str) -> None:
    Path("params.yaml").write_text(f"data: {{exclude: {path}, source: sample}}\n")


def _list(*faces: tuple[str, str]) -> None:
    lines = [f"{name},{given},happy,0.01\n" for name, given in faces]
    Path("metrics/suspects.csv").write_text(HEADER + "".join(lines))


@pytest.mark.parametrize(
    "path", ["metrics/suspects.csv", "./params/../metrics/suspects.csv", "metrics", "{}/metrics/x"]
)
def test_an_output_of_the_pipeline_is_refused_as_a_cycle_before_dvc_sees_it(project: Path, path: str):
    _exclude(path.format(project))
    with pytest.raises(InputError, match="a cycle: copy it by `make exclude-suspects`"):
        exclusion.main()
    _exclude("params/none.csv")
    exclusion.main()


def test_a_list_of_other_data_is_refused_with_the_count_and_the_first_names():
    exclusion.require_known({"a", "b"}, ["a", "b", "c"], "params/exclude.csv")
    with pytest.raises(
        InputError, match=r"^data\.exclude: list\.csv: 4 of its 5 names are no face .*\('d', 'e', 'f'\)"
    ):
        exclusion.require_known({"a", "g", "f", "e", "d"}, ["a", "b"], "list.csv")


def _copied() -> list[str]:
    with open("params/exclude.csv", newline="", encoding="utf-8") as file:
        return [row["name"] for row in csv.DictReader(file)]


def test_make_exclude_suspects_copies_the_list_and_says_what_to_do_next(
    project: Path, capsys: pytest.CaptureFixture[str]
):
    exclude_suspects.main()
    assert Path("params/exclude.csv").read_text() == Path("metrics/suspects.csv").read_text()
    assert exclusion.excluded("params/exclude.csv") == {"a", "b", "c"}
    told = capsys.readouterr().out
    assert "params/exclude.csv: 3 of 3 suspects (fear 2, sad 1)" in told
    assert "in params.yaml write `data.exclude: params/exclude.csv`, then `dvc repro`" in told
    exclude_suspects.main("2")
    assert _copied() == ["a", "b"]
    exclude_suspects.main("99")
    assert _copied() == ["a", "b", "c"]


@pytest.mark.parametrize("count", ["0", "-1", "all", "1.5", "²"])
def test_a_count_that_is_none_is_refused_and_nothing_written(project: Path, count: str):
    with pytest.raises(InputError, match="COUNT="):
        exclude_suspects.main(count)
    assert not Path("params/exclude.csv").exists()


def test_faces_that_are_excluded_already_stay_so_when_a_new_list_without_them_is_copied(
    project: Path, capsys: pytest.CaptureFixture[str]
):
    exclude_suspects.main()
    _exclude("./params/exclude.csv")
    exclude_suspects.main("1")
    assert _copied() == ["a"], "until they are in use, another count is another choice"
    _list(("d", "sad"), ("e", "fear"))
    exclude_suspects.main("1")
    assert _copied() == ["a", "d"]
    told = capsys.readouterr().out.splitlines()
    assert told[-2:] == ["params/exclude.csv: 1 of 2 suspects (sad 1); 1 from before stay", "Next: `dvc repro`"]
    _exclude("params/none.csv")
    exclude_suspects.main()
    assert _copied() == ["d", "e"]


def test_without_a_list_the_stage_that_writes_it_is_named(project: Path):
    Path("metrics/suspects.csv").unlink()
    with pytest.raises(InputError, match="dvc repro label_audit"):
        exclude_suspects.main()
