"""What people look at: numbers, charts and contact sheets of a set of faces, and the stage that writes them."""

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

from emotion.data import charts, cleaning, drawn, gallery, statistics
from emotion.data.contact_sheets import sheet
from emotion.labels import EMOTIONS
from stages import explore
from tests.audits import audited

PARTS = ("Training", "PublicTest", "PrivateTest")


def noise(count: int, seed: int = 5) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 48, 48), np.uint8)


def captions(figure: Figure) -> list[str]:
    """Return the words below each face of a sheet, in their order."""
    return [text.get_text() for text in figure.texts[1:]]


def pixels(figure: Figure) -> np.ndarray:
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3]


def boxes_of_words(figure: Figure) -> list[np.ndarray]:
    """Return left, lower, right and upper edge of everything that is written."""
    pixels(figure)
    words = [text for text in figure.findobj(Text) if text.get_text().strip() and text.get_visible()]
    return [text.get_window_extent().extents for text in words]


def overlap(one: np.ndarray, other: np.ndarray) -> bool:
    return bool((np.maximum(one[:2], other[:2]) < np.minimum(one[2:], other[2:])).all())


def assert_nothing_is_cut(figure: Figure) -> None:
    pixels(figure)
    drawn, page = figure.get_tightbbox(), figure.bbox_inches
    assert drawn.xmin >= 0 and drawn.ymin >= 0 and drawn.xmax <= page.xmax and drawn.ymax <= page.ymax


# Numbers


def test_means_are_numpys_and_there_is_none_of_so_few_faces_that_it_would_show_somebody():
    many, few = statistics.FEWEST, statistics.FEWEST - 1
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


def test_parts_come_in_a_fixed_order_and_only_those_that_there_are():
    assert statistics.parts_of(np.array(["PrivateTest", "Training", "Another", "Extra"])) == [
        "Training", "Extra", "PrivateTest", "Another",
    ]  # fmt: skip


def test_counts_hold_each_face_once():
    officials, labels = np.array(["Training"] * 3 + ["Test"]), np.array(["sad", "sad", "fear", "sad"])
    counts = statistics.counts(officials, labels, ["Training", "Test"])
    assert counts.sum() == 4 and counts[0, EMOTIONS.index("sad")] == 2 and counts[1, EMOTIONS.index("sad")] == 1


def test_a_face_that_stands_in_another_part_counts_once_however_often_it_stands_there():
    officials = np.array(["Training", "Training", "PrivateTest", "PublicTest", "Training", "Training", "PrivateTest"])
    groups = np.array([0, 0, 0, -1, 1, -1, 1])
    assert statistics.also_in(groups, officials, PARTS).tolist() == [
        [2, 0, 3],  # two training faces are each other's copies; all three of group 0 and 1 stand in PrivateTest
        [0, 0, 0],
        [2, 0, 0],
    ]


def test_without_copies_no_part_shares_a_face():
    assert not statistics.also_in(np.full(3, -1), np.array(PARTS), PARTS).any()


# Charts


def charts_of(officials: np.ndarray, labels: np.ndarray) -> list[Figure]:
    faces, parts = noise(len(labels)), statistics.parts_of(officials)
    counts = statistics.counts(officials, labels, parts)
    sizes = {"all": len(labels)} | {emotion: int((labels == emotion).sum()) for emotion in EMOTIONS}
    rows = {name: labels == name for name in EMOTIONS} | {name: officials == name for name in parts}
    shared = statistics.also_in(np.zeros(len(labels), int), officials, parts)
    return [
        charts.counts(counts, parts),
        charts.mean_faces(statistics.mean_faces(faces, labels), sizes),
        charts.brightness_and_contrast(*statistics.brightness_and_contrast(faces), rows),
        charts.shared({"Identical": shared, "Near": shared}, counts.sum(axis=1).tolist(), parts),
    ]


@pytest.mark.parametrize(
    ("officials", "labels"),
    [
        (np.tile(PARTS, 70), np.repeat(EMOTIONS, 30)),
        (np.array(["All"]), np.array(["happy"])),
        (np.resize(statistics.PARTS, 4000), np.resize(EMOTIONS[:4], 4000)[::-1]),
    ],
    ids=["usual", "one face", "every part, four emotions"],
)
def test_no_chart_cuts_its_text(officials: np.ndarray, labels: np.ndarray):
    for figure in charts_of(officials, labels):
        assert_nothing_is_cut(figure)


def words(figure: Figure) -> set[str]:
    return {text.get_text() for text in figure.findobj(Text)}


def test_charts_name_counts_and_say_none_of_an_absent_emotion():
    counts, means, light, shared = charts_of(np.array(["Training"] * 3), np.array(["happy", "happy", "sad"]))
    assert {"2 (66.7%)", "1 (33.3%)", "none", "Training (3)"} <= words(counts)
    assert {"happy\n2", "all\n3", "fear\n0", "none", "too few"} <= words(means)
    assert {"none", "Training", "fear"} <= words(light)
    assert {"3\n100.0%", "Training (3)"} <= words(shared)


# Contact sheets


@pytest.mark.parametrize("groups", [(), (2, 3, 1, 9)], ids=["faces", "groups"])
def test_a_sheet_shows_every_face_in_twice_its_size_and_nothing_overlaps(groups: tuple[int, ...]):
    faces = noise(15)
    names = [f"$\\frac$ {number}" + "\nlong " * (number % 3) + "wide" * number for number in range(15)]
    figure = sheet(faces, names, "A title that is far wider than one face,\nin two lines", 4, groups)
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


def test_a_group_stays_in_one_row_where_it_fits():
    figure = sheet(noise(13), [""] * 13, "", 5, [2, 2, 2, 7])
    assert rows_of(figure) == [0, 0, 0, 0, 1, 1, 2, 2, 2, 2, 2, 3, 3]


def test_a_sheet_without_faces_says_none():
    figure = sheet(noise(0), [], "Blank pictures (0)")
    assert captions(figure) == ["none"] and not figure.images
    assert_nothing_is_cut(figure)


# Which faces are shown


def faces_of(labels: list[str], official: str = "Training") -> gallery.Faces:
    names = np.array([f"{official}/{label}/{number:03}.png" for number, label in enumerate(labels)])
    return gallery.Faces(names, np.array([official] * len(labels)), np.array(labels), noise(len(labels)))


def test_samples_are_of_every_emotion_there_is_and_follow_the_seed():
    faces = faces_of(["sad"] * 30 + ["happy"] * 2 + ["fear"] * 30)
    drawn, again, other = (
        captions(gallery.samples(faces, gallery.ExploreSettings(samples=5, seed=seed))) for seed in (1, 1, 2)
    )
    assert [caption.split("\n")[0] for caption in drawn] == ["fear"] * 5 + ["happy"] * 2 + ["sad"] * 5
    assert len(set(drawn)) == 12 and drawn == again != other


def test_conflicts_show_each_conflicting_group_as_a_whole():
    faces = faces_of(["sad", "fear", "happy", "sad", "happy", "fear"])
    groups, conflict = np.array([0, 1, 2, 0, 2, 1]), np.array([False, True, True, False, True, True])
    conflict[[1, 5]] = False
    assert captions(gallery.conflicts(faces, groups, conflict)) == ["happy\n002", "happy\n004"]


def test_a_sheet_of_many_conflicts_shows_some_and_tells_how_many_there_are():
    faces = faces_of(["sad", "fear"] * 100)
    figure = gallery.conflicts(faces, np.repeat(np.arange(100), 2), np.ones(200, bool))
    assert len(captions(figure)) == 2 * gallery.GROUPS
    assert figure.texts[0].get_text().endswith(f"({gallery.GROUPS} of 100)")


def test_blank_pictures_come_before_almost_blank_ones():
    figure = gallery.blank(faces_of(["sad"] * 4), np.array([0, 0, 0, 1], bool), np.array([0, 1, 0, 1], bool))
    assert captions(figure) == ["sad\n003\nblank", "sad\n001\nalmost blank"]


def pairs_of(rows: list[tuple[int, int, bool, float]]) -> pa.Table:
    first, second, mirrored, similarity = zip(*rows, strict=True) if rows else ((), (), (), ())
    kinds = {"first": pa.int32(), "second": pa.int32(), "mirrored": pa.bool_(), "similarity": pa.float32()}
    values = (first, second, mirrored, similarity)
    return pa.table({name: pa.array(column, kinds[name]) for name, column in zip(kinds, values, strict=True)})


def test_near_pairs_begin_with_the_weakest_and_leave_identical_pictures_out():
    faces, identical = faces_of(["sad", "sad", "fear", "happy"]), np.array([0, 0, -1, -1])
    pairs = pairs_of([(0, 1, False, 1.0), (0, 2, False, 0.98), (1, 3, True, 0.95)])
    figure = gallery.near_pairs(faces, pairs, identical)
    assert captions(figure) == [
        "sad\n001\nsimilarity 0.950", "happy\n003\nmirrored", "sad\n000\nsimilarity 0.980", "fear\n002\n",
    ]  # fmt: skip


def test_of_many_near_pairs_half_are_the_weakest_and_half_of_all_strengths():
    rows = [(number, number + 1, False, number / 1000) for number in range(500)]
    figure = gallery.near_pairs(faces_of(["sad"] * 501), pairs_of(rows), np.full(501, -1))
    shown = [int(caption.split("\n")[1]) for caption in captions(figure)[::2]]
    half = gallery.PAIRS // 2
    assert shown[:half] == list(range(half)) and len(set(shown)) == gallery.PAIRS
    assert shown[half] == half and shown[-1] == 499 and np.diff(shown[half:]).max() < 20


def test_sheets_of_nothing_say_none():
    faces, none = faces_of(["sad"] * 3), np.zeros(3, bool)
    for figure in (
        gallery.conflicts(faces, np.full(3, -1), none),
        gallery.blank(faces, none, none),
        gallery.near_pairs(faces, pairs_of([]), np.full(3, -1)),
    ):
        assert captions(figure) == ["none"] and figure.texts[0].get_text().endswith("(0)")


def test_the_least_face_like_comes_first_and_blank_ones_have_a_sheet_of_their_own():
    scores, blank = np.linspace(0, 1, 60, dtype=np.float32), np.arange(60) == 59
    shown = captions(gallery.least_face_like(faces_of(["sad"] * 60), scores, blank))
    assert shown[0] == "sad\n058\n0.983" and len(shown) == 49


def test_a_long_or_strange_name_is_shortened_but_told_by_both_its_ends():
    faces = gallery.Faces(
        np.array(["All/sad/first\nof all the pictures of somebody 0123.jpg"]), np.array(["All"]), np.array(["sad"]),
        noise(1),
    )  # fmt: skip
    label, name = faces.captions(np.array([0]))[0].split("\n")
    assert label == "sad" and name.startswith("first?of") and name.endswith("0123") and len(name) <= 22


# The stage


def write_inputs(folder: Path, count: int) -> None:
    faces = cleaning.clean(drawn.draw_faces(count, 3))[0].sort_by("name")
    audit = audited(faces)
    audit = audit.append_column("conflict", pa.array(audit["identical"].to_numpy() >= 0))
    (folder / "data").mkdir(parents=True)
    pq.write_table(faces, folder / "data/faces.parquet")
    pq.write_table(audit, folder / "data/audit.parquet")
    pq.write_table(pairs_of([(0, 1, False, 0.97)]), folder / "data/near_pairs.parquet")
    (folder / "params.yaml").write_text("explore: {samples: 3, seed: 1}\n", encoding="utf-8")


def test_the_stage_writes_what_dvc_yaml_says_and_the_same_bytes_again(tmp_path, monkeypatch, root):
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


def test_no_picture_that_shows_a_face_of_the_archive_gets_into_git_or_among_the_plots(root):
    stages = yaml.safe_load((root / "dvc.yaml").read_text(encoding="utf-8"))["stages"].values()
    outs = [out for stage in stages for out in stage.get("do", stage).get("outs", [])]
    assert "plots/faces/samples.png" in outs  # a text: with settings, such as `cache: false`, it would be a dict
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
