"""The stage `explore`: its charts and contact sheets, of which git gets no archived face."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from matplotlib.figure import Figure
from matplotlib.text import Text

from emotion.preparation import cleaning
from emotion.synthetic import drawn
from stages import explore
from tests import predicted
from tests.audits import audited, pairs_of
from tests.figures import boxes_of_words, overlap


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with params, 70 faces and what the audit found."""
    monkeypatch.chdir(tmp_path)
    faces = cleaning.clean(drawn.draw_faces(70, 3))[0].sort_by("name")
    audit = audited(faces)
    audit = audit.append_column("label_conflict", pa.array(audit["exact_duplicate"].to_numpy() >= 0))
    Path("data").mkdir()
    pq.write_table(faces, "data/faces.parquet")
    pq.write_table(audit, "data/audit.parquet")
    pq.write_table(pairs_of([(0, 1, False, 0.97)]), "data/near_duplicates.parquet")
    predicted.write_params(explore={"faces_per_emotion": 3, "seed": 1}, data={"source": "zip"})


def test_the_stage_writes_the_outputs_of_dvc_yaml_and_the_same_bytes(root: Path):
    runs = []
    for _ in range(2):
        explore.main()
        runs.append({str(path): path.read_bytes() for path in sorted(Path("plots").rglob("*.*"))})
    assert runs[0] == runs[1]
    stage = yaml.safe_load((root / "dvc.yaml").read_text(encoding="utf-8"))["stages"]["explore"]
    charts_in_git = {path: settings for entry in stage["plots"] for path, settings in entry.items()}
    assert set(runs[0]) == {*stage["outs"], *charts_in_git}
    assert all(settings == {"cache": False} for settings in charts_in_git.values())


def test_all_pictures_of_drawn_faces_say_so(monkeypatch: pytest.MonkeyPatch):
    noted: list[Figure] = []
    monkeypatch.setattr(explore, "save_figure", lambda path, figure: noted.append(figure))
    params = Path("params.yaml").read_text(encoding="utf-8")
    for source in ("zip", "sample"):
        Path("params.yaml").write_text(params.replace("zip", source), encoding="utf-8")
        explore.main()
    plain, drawn_ones = noted[: len(noted) // 2], noted[len(noted) // 2 :]
    assert not any(_is_note(text) for figure in plain for text in figure.texts)
    for figure in drawn_ones:
        boxes = boxes_of_words(figure)
        (note,) = [text.get_window_extent().extents for text in figure.texts if _is_note(text)]
        assert sum(overlap(note, box) for box in boxes) == 1, "itself"


def _is_note(text: Text) -> bool:
    return text.get_text() == "synthetic faces"


def test_no_picture_of_an_archived_face_gets_into_git_or_the_plots(root: Path):
    stages = yaml.safe_load((root / "dvc.yaml").read_text(encoding="utf-8"))["stages"].values()
    outs = [out for stage in stages for out in stage.get("do", stage).get("outs", [])]
    assert "plots/faces/samples.png" in outs  # a string: with settings, such as `cache: false`, it would be a dict
    assert not [out for out in outs if isinstance(out, dict) and any("plots/faces" in path for path in out)]
    plots = [str(plot) for stage in stages for plot in stage.get("do", stage).get("plots", [])]
    assert not [plot for plot in plots if "plots/faces" in plot]
