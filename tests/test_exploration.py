"""Statistics, charts and contact sheets of a set of faces, and the stage that writes them."""

import subprocess
from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import FigureImage
from matplotlib.text import Text
from PIL import Image

from emotion.audit import duplicates
from emotion.core.labels import EMOTIONS
from emotion.exploration import charts, gallery, statistics
from emotion.exploration.contact_sheets import sheet
from emotion.preparation import cleaning
from emotion.synthetic import drawn
from stages import explore
from tests.audits import audited

SUBSETS = ("Training", "PublicTest", "PrivateTest")


def noise(count: int, seed: int = 5) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 48, 48), np.uint8)


def captions(figure: Figure) -> list[str]:
    """Return the captions of a sheet, in their order."""
    return [text.get_text() for text in figure.texts[1:]]


def pixels(figure: Figure) -> np.ndarray:
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3]


def boxes_of_words(figure: Figure) -> list[np.ndarray]:
    """Return left, lower, right and upper edge of each text."""
    pixels(figure)
    words = [text for text in figure.findobj(Text) if text.get_text().strip() and text.get_visible()]
    return [text.get_window_extent().extents for text in words]


def overlap(one: np.ndarray, other: np.ndarray) -> bool:
    return bool((np.maximum(one[:2], other[:2]) < np.minimum(one[2:], other[2:])).all())


def assert_nothing_is_cut(figure: Figure) -> None:
    pixels(figure)
    drawn, page = figure.get_tightbbox(), figure.bbox_inches
    assert drawn.xmin >= 0 and drawn.ymin >= 0 and drawn.xmax <= page.xmax and drawn.ymax <= page.ymax


# Statistics


def test_there_is_no_mean_face_of_so_few_that_it_would_show_a_person():
    many, few = statistics.MIN_FACES, statistics.MIN_FACES - 1
    labels = np.array(["sad"] * many + ["happy"] * few + ["sad"])
    faces = noise(len(labels))
    means = statistics.mean_faces(faces, labels)
    assert list(means) == ["all", "sad"]
    assert np.allclose(means["all"], faces.mean(axis=0))
    assert np.allclose(means["sad"], faces[labels == "sad"].mean(axis=0))
    assert statistics.mean_faces(faces[:few], labels[:few]) == {}


@pytest.mark.parametrize("count", [0, 3, 5000])
def test_brightness_and_contrast_are_mean_and_standard_deviation(count: int):
    faces = noise(count)
    faces[:1] = 255
    brightness, contrast = statistics.brightness_and_contrast(faces)
    assert np.allclose(brightness, faces.mean(axis=(1, 2)))
    assert np.allclose(contrast, faces.std(axis=(1, 2)))


def test_official_subsets_have_a_fixed_order():
    official = np.array(["PrivateTest", "Training", "Another", "Extra"])
    assert statistics.subsets_of(official) == ["Training", "Extra", "PrivateTest", "Another"]


def test_counts_hold_each_face_once():
    official, labels = np.array(["Training"] * 3 + ["Test"]), np.array(["sad", "sad", "fear", "sad"])
    counts = statistics.counts(official, labels, ["Training", "Test"])
    assert counts.sum() == 4 and counts[0, EMOTIONS.index("sad")] == 2 and counts[1, EMOTIONS.index("sad")] == 1


def test_a_face_counts_once_per_subset_with_duplicates_of_it():
    official = np.array(["Training", "Training", "PrivateTest", "PublicTest", "Training", "Training", "PrivateTest"])
    groups = np.array([0, 0, 0, -1, 1, -1, 1])
    assert statistics.duplicates_between(groups, official, SUBSETS).tolist() == [
        [2, 0, 3],  # two training faces are duplicates; all three of groups 0 and 1 have one in PrivateTest
        [0, 0, 0],
        [2, 0, 0],
    ]
    assert not statistics.duplicates_between(np.full(3, -1), np.array(SUBSETS), SUBSETS).any()


# Charts


def charts_of(official: np.ndarray, labels: np.ndarray) -> list[Figure]:
    faces, subsets = noise(len(labels)), statistics.subsets_of(official)
    counts = statistics.counts(official, labels, subsets)
    sizes = {"all": len(labels)} | {emotion: int((labels == emotion).sum()) for emotion in EMOTIONS}
    rows = {name: labels == name for name in EMOTIONS} | {name: official == name for name in subsets}
    leakage = statistics.duplicates_between(np.zeros(len(labels), int), official, subsets)
    return [
        charts.counts(counts, subsets),
        charts.mean_faces(statistics.mean_faces(faces, labels), sizes),
        charts.brightness_and_contrast(*statistics.brightness_and_contrast(faces), rows),
        charts.leakage({"Exact": leakage, "Near": leakage}, counts.sum(axis=1).tolist(), subsets),
    ]


@pytest.mark.parametrize(
    ("official", "labels"),
    [
        (np.tile(SUBSETS, 70), np.repeat(EMOTIONS, 30)),
        (np.array(["All"]), np.array(["happy"])),
        (np.resize(statistics.SUBSETS, 4000), np.resize(EMOTIONS[:4], 4000)[::-1]),
    ],
    ids=["usual", "one face", "every subset, four emotions"],
)
def test_no_chart_cuts_off_its_text(official: np.ndarray, labels: np.ndarray):
    for figure in charts_of(official, labels):
        assert_nothing_is_cut(figure)


def words(figure: Figure) -> set[str]:
    return {text.get_text() for text in figure.findobj(Text)}


def test_charts_show_counts_and_say_none_for_an_absent_emotion():
    counts, means, light, leakage = charts_of(np.array(["Training"] * 3), np.array(["happy", "happy", "sad"]))
    assert {"2 (66.7%)", "1 (33.3%)", "none", "Training (3)"} <= words(counts)
    assert {"happy\n2", "all\n3", "fear\n0", "none", "too few"} <= words(means)
    assert {"none", "Training", "fear"} <= words(light)
    assert {"3\n100.0%", "Training (3)"} <= words(leakage)


# Contact sheets


@pytest.mark.parametrize("groups", [(), (2, 3, 1, 9)], ids=["faces", "groups"])
def test_a_sheet_shows_every_face_at_twice_its_size_without_overlaps(groups: tuple[int, ...]):
    faces = noise(15)
    names = [f"$\\frac$ {number}" + "\nlong " * (number % 3) + "wide" * number for number in range(15)]
    figure = sheet(faces, names, "A title that is far wider than one face,\nin two lines", columns=4, groups=groups)
    assert_nothing_is_cut(figure)
    drawn = [image for image in figure.images if isinstance(image, FigureImage)]
    places = [np.array([image.ox, image.oy, image.ox + 96, image.oy + 96]) for image in drawn]
    things = [*places, *boxes_of_words(figure)]
    assert len(places) == 15 and len(things) == 15 + 1 + 15
    assert not [pair for pair in combinations(things, 2) if overlap(*pair)]
    page = pixels(figure)
    for face, (left, lower, right, upper) in zip(faces, places, strict=True):
        large = np.asarray(Image.fromarray(face).resize((96, 96), Image.Resampling.BICUBIC))
        shown = page[len(page) - upper : len(page) - lower, left:right, 0]
        assert np.abs(shown.astype(int) - large).max() <= 1


def rows_of(figure: Figure) -> list[int]:
    """Return the row of each face on a sheet."""
    heights = sorted({image.oy for image in figure.images}, reverse=True)
    return [heights.index(image.oy) for image in figure.images]


def test_a_group_stays_in_one_row_if_it_fits():
    figure = sheet(noise(13), [""] * 13, "", columns=5, groups=[2, 2, 2, 7])
    assert rows_of(figure) == [0, 0, 0, 0, 1, 1, 2, 2, 2, 2, 2, 3, 3]


# The faces of each sheet


def faces_of(labels: list[str], official: str = "Training") -> gallery.Faces:
    names = np.array([f"{official}/{label}/{number:03}.png" for number, label in enumerate(labels)])
    return gallery.Faces(names, np.array([official] * len(labels)), np.array(labels), noise(len(labels)))


def test_samples_are_of_every_emotion_and_follow_the_seed():
    faces = faces_of(["sad"] * 30 + ["happy"] * 2 + ["fear"] * 30)
    drawn, again, other = (
        captions(gallery.samples(faces, gallery.ExploreSettings(faces_per_emotion=5, seed=seed))) for seed in (1, 1, 2)
    )
    assert [caption.split("\n")[0] for caption in drawn] == ["fear"] * 5 + ["happy"] * 2 + ["sad"] * 5
    assert len(set(drawn)) == 12 and drawn == again != other


def test_label_conflicts_are_shown_as_whole_groups():
    faces = faces_of(["sad", "fear", "happy", "sad", "happy", "fear"])
    groups, conflict = np.array([0, 1, 2, 0, 2, 1]), np.array([False, True, True, False, True, True])
    conflict[[1, 5]] = False
    assert captions(gallery.label_conflicts(faces, groups, conflict)) == ["happy\n002", "happy\n004"]


def test_a_sheet_of_many_label_conflicts_shows_some_and_their_number():
    faces = faces_of(["sad", "fear"] * 100)
    figure = gallery.label_conflicts(faces, np.repeat(np.arange(100), 2), np.ones(200, bool))
    assert len(captions(figure)) == 2 * gallery.MAX_GROUPS
    assert figure.texts[0].get_text().endswith(f"({gallery.MAX_GROUPS} of 100)")


def test_blank_pictures_come_before_almost_blank_ones():
    figure = gallery.blank(faces_of(["sad"] * 4), np.array([0, 0, 0, 1], bool), np.array([0, 1, 0, 1], bool))
    assert captions(figure) == ["sad\n003\nblank", "sad\n001\nalmost blank"]


def pairs_of(rows: list[tuple[int, int, bool, float]]) -> pa.Table:
    return pa.Table.from_pylist([dict(zip(duplicates.PAIRS.names, row, strict=True)) for row in rows], duplicates.PAIRS)


def test_near_duplicates_begin_with_the_least_similar_without_exact():
    faces, exact = faces_of(["sad", "sad", "fear", "happy"]), np.array([0, 0, -1, -1])
    pairs = pairs_of([(0, 1, False, 1.0), (0, 2, False, 0.98), (1, 3, True, 0.95)])
    figure = gallery.near_duplicates(faces, pairs, exact)
    assert captions(figure) == [
        "sad\n001\nsimilarity 0.950", "happy\n003\nmirrored", "sad\n000\nsimilarity 0.980", "fear\n002\n",
    ]  # fmt: skip


def test_many_near_duplicates_are_shown_by_a_range_of_similarities():
    rows = [(number, number + 1, False, number / 1000) for number in range(500)]
    figure = gallery.near_duplicates(faces_of(["sad"] * 501), pairs_of(rows), np.full(501, -1))
    shown = [int(caption.split("\n")[1]) for caption in captions(figure)[::2]]
    half = gallery.MAX_PAIRS // 2
    assert shown[:half] == list(range(half)) and len(set(shown)) == gallery.MAX_PAIRS
    assert shown[half] == half and shown[-1] == 499 and np.diff(shown[half:]).max() < 20


def test_sheets_without_faces_say_none():
    faces, none = faces_of(["sad"] * 3), np.zeros(3, bool)
    for figure in (
        gallery.label_conflicts(faces, np.full(3, -1), none),
        gallery.blank(faces, none, none),
        gallery.near_duplicates(faces, pairs_of([]), np.full(3, -1)),
    ):
        assert captions(figure) == ["none"] and figure.texts[0].get_text().endswith("(0)") and not figure.images
        assert_nothing_is_cut(figure)


def test_the_least_face_like_picture_comes_first_without_blank_ones():
    scores, blank = np.linspace(0, 1, 60, dtype=np.float32), np.arange(60) == 59
    shown = captions(gallery.least_face_like(faces_of(["sad"] * 60), scores, blank))
    assert shown[0] == "sad\n058\n0.983" and len(shown) == 49


def test_a_long_name_keeps_its_beginning_and_its_end():
    names = np.array(["All/sad/first\nof all the pictures of somebody 0123.jpg"])
    faces = gallery.Faces(names, np.array(["All"]), np.array(["sad"]), noise(1))
    label, name = faces.captions(np.array([0]))[0].split("\n")
    assert label == "sad" and name.startswith("first?of") and name.endswith("0123") and len(name) <= 22


# The stage


def write_inputs(folder: Path, count: int) -> None:
    faces = cleaning.clean(drawn.draw_faces(count, 3))[0].sort_by("name")
    audit = audited(faces)
    audit = audit.append_column("label_conflict", pa.array(audit["exact_duplicate"].to_numpy() >= 0))
    (folder / "data").mkdir(parents=True)
    pq.write_table(faces, folder / "data/faces.parquet")
    pq.write_table(audit, folder / "data/audit.parquet")
    pq.write_table(pairs_of([(0, 1, False, 0.97)]), folder / "data/near_duplicates.parquet")
    (folder / "params.yaml").write_text(
        "explore: {faces_per_emotion: 3, seed: 1}\ndata: {source: zip}\n", encoding="utf-8"
    )


def test_the_stage_writes_the_outputs_of_dvc_yaml_and_the_same_bytes(tmp_path, monkeypatch, root):
    write_inputs(tmp_path, 70)
    monkeypatch.chdir(tmp_path)
    runs = []
    for _ in range(2):
        explore.main()
        runs.append({str(path): path.read_bytes() for path in sorted(Path("plots").rglob("*.*"))})
    assert runs[0] == runs[1]
    stage = yaml.safe_load((root / "dvc.yaml").read_text(encoding="utf-8"))["stages"]["explore"]
    charts_in_git = {path: settings for entry in stage["plots"] for path, settings in entry.items()}
    assert set(runs[0]) == {*stage["outs"], *charts_in_git}
    assert all(settings == {"cache": False} for settings in charts_in_git.values())


def test_all_pictures_of_drawn_faces_say_so(tmp_path, monkeypatch):
    write_inputs(tmp_path, 70)
    monkeypatch.chdir(tmp_path)
    noted: list[Figure] = []
    monkeypatch.setattr(explore, "save_figure", lambda path, figure: noted.append(figure))
    params = Path("params.yaml").read_text(encoding="utf-8")
    for source in ("zip", "sample"):
        Path("params.yaml").write_text(params.replace("zip", source), encoding="utf-8")
        explore.main()
    plain, drawn_ones = noted[: len(noted) // 2], noted[len(noted) // 2 :]
    assert not any(_is_note(text) for figure in plain for text in figure.texts)
    for figure in drawn_ones:
        pixels(figure)
        labels = [label for axes in figure.axes for label in (axes.title, axes.xaxis.label)]
        legends = [text for legend in figure.legends for text in legend.get_texts()]
        words = [text for text in (*figure.texts, *labels, *legends) if text.get_text()]
        *boxes, note = [text.get_window_extent().extents for text in sorted(words, key=_is_note)]
        assert not any(overlap(note, box) for box in boxes), words[0].get_text()


def _is_note(text: Text) -> bool:
    return text.get_text() == "drawn faces"


def test_no_picture_of_an_archived_face_gets_into_git_or_the_plots(root):
    stages = yaml.safe_load((root / "dvc.yaml").read_text(encoding="utf-8"))["stages"].values()
    outs = [out for stage in stages for out in stage.get("do", stage).get("outs", [])]
    assert "plots/faces/samples.png" in outs  # a string: with settings, such as `cache: false`, it would be a dict
    assert not [out for out in outs if isinstance(out, dict) and any("plots/faces" in path for path in out)]
    plots = [str(plot) for stage in stages for plot in stage.get("do", stage).get("plots", [])]
    assert not [plot for plot in plots if "plots/faces" in plot]
    ignored = (root / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert "/plots/faces/" in ignored
    if (root / ".git").exists():
        listed = subprocess.run(
            ["git", "ls-files", "plots/faces"], cwd=root, capture_output=True, text=True, check=True
        )
        assert listed.stdout == ""
