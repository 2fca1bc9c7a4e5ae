"""The report page and the model card, from a run on few synthetic faces; the page in a real browser."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from matplotlib.figure import Figure

from emotion.explanation import robustness
from emotion.report import charts, facts, page
from tests import tiny as dag

MODELS = list(dag.params()["models"])


def _metrics(tiny: Path, name: str) -> dict[str, Any]:
    return json.loads((tiny / f"metrics/{name}.json").read_text(encoding="utf-8"))


def _html(folder: Path, path: str = "plots/report.html") -> str:
    return (folder / path).read_text(encoding="utf-8")


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def test_the_page_shows_the_scores_of_every_model(tiny: Path):
    html = _html(tiny)
    for name in [*MODELS, "ensemble"]:
        test = _metrics(tiny, name)["test"]
        low, high = _percent(test["accuracy_low"]), _percent(test["accuracy_high"])
        row = rf'<th scope="row">{name}</th><td>{_percent(test["accuracy"])} <span class="range">{low}–{high}</span>'
        assert re.search(row, html), name


def test_the_page_is_one_small_file_that_loads_nothing(tiny: Path):
    html = _html(tiny)
    assert len(html) < 5e6
    assert not re.search(r'(src|href)="(?!data:|#)', html)
    assert "plots/report.html" in dag.git(tiny, "ls-files")


def test_the_model_card_has_metadata_and_scores_of_the_best_model(tiny: Path):
    card = (tiny / "plots/model_card.md").read_text(encoding="utf-8")
    _, head, text = card.split("---\n", 2)
    (model,) = yaml.safe_load(head)["model-index"]
    best = _metrics(tiny, "best")["model"]
    assert model["name"] == best
    accuracy, f1, *_ = model["results"][0]["metrics"]
    test = _metrics(tiny, best)["test"]
    assert (accuracy["value"], f1["value"]) == (test["accuracy"], test["macro_f1"])
    for heading in ("Intended use", "Out-of-scope use", "Data", "Results on the test set", "Calibration"):
        assert f"\n## {heading}\n" in text


def test_page_and_card_of_drawn_faces_name_no_other_data(tiny: Path):
    page, card = _html(tiny), _html(tiny, "plots/model_card.md")
    assert "<h1>Facial emotion recognition on synthetic faces</h1>" in page and "drawn by a program" in card
    for text in (page, card):
        assert not re.search("FER-2013|fer2013|PublicTest|PrivateTest", re.sub('base64,[^"]*', "", text))


@pytest.mark.parametrize(
    ("source", "subset", "name", "test"),
    [
        ("zip", "PrivateTest", "FER-2013", "PrivateTest"),
        ("kaggle", "PrivateTest", "FER-2013", "PrivateTest"),
        ("sample", "PrivateTest", "synthetic faces", "the test set"),
        ("zip", "Test", "own pictures", "the test set"),
        ("folder", "", "own pictures", "the test set"),
    ],
)
def test_data_and_test_set_have_the_names_of_what_they_are(source: str, subset: str, name: str, test: str):
    split = {"test": {"exact_leakage": 2, "near_leakage": 3}, "dropped": {"excluded": 1}}
    audit = {f"{subset}_in_Training": {}} if subset else {}
    found = facts.of_data(source, "official", audit, split)
    assert (found["name"], found["test"]) == (name, test)
    assert (found["leaked"], found["dropped"]) == ({"exact": 2, "near": 3}, 1)
    drawn = facts.of_data(source, "stratified", audit, split)
    assert (drawn["name"], drawn["test"]) == (name, "the test set"), "no official subset is its test set"


@pytest.fixture
def without_robustness(tiny: Path, tmp_path: Path) -> Path:
    """The files that the page is made of, without those of the optional stage `robustness` and without git."""
    for name in ("metrics", "plots", "emotion", "stages", "params.yaml"):
        source = tiny / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    shutil.rmtree(tmp_path / "plots/robustness")
    return tmp_path


def _run(folder: Path, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "stages.report", *arguments], cwd=folder, check=True, capture_output=True)


def test_without_robustness_the_page_says_that_it_was_not_run(without_robustness: Path, tiny: Path):
    _run(without_robustness)
    html = _html(without_robustness)
    assert "<code>dvc repro robustness</code>, then <code>dvc repro --force --single-item report</code>" in html
    _run(without_robustness)
    assert _html(without_robustness) == html
    shutil.copytree(tiny / "plots/robustness", without_robustness / "plots/robustness")
    _run(without_robustness)
    assert "Not run before" not in _html(without_robustness)


def test_a_model_without_robustness_is_named_and_keeps_its_colour(tiny: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tiny)
    names = [path.stem for path in sorted(Path("plots/robustness").glob("*.csv"))]
    found = facts.robustness(["vgg16", *names])
    assert found.keys() == set(robustness.CORRUPTIONS)
    for lines in found.values():
        assert list(lines) == ["vgg16 (not run)", *names]
        assert lines.pop("vgg16 (not run)") == ([], [])
        assert all(steps == [0, 1, 2, 3, 4, 5] and len(accuracies) == 6 for steps, accuracies in lines.values())


def test_the_page_with_real_faces_changes_no_output(without_robustness: Path):
    before = _html(without_robustness)
    _run(without_robustness, "report.html")
    more = "Faces of the validation set"
    assert more in _html(without_robustness, "report.html") and more not in before
    assert _html(without_robustness) == before


def test_each_model_and_the_ensemble_has_a_colour_of_its_own_everywhere(root: Path):
    models = yaml.safe_load((root / "params.yaml").read_text(encoding="utf-8"))["models"]
    assert len(set(charts.COLOURS)) == len(charts.COLOURS) > len(models)
    palette = json.dumps(charts.COLOURS)
    for template in (root / ".dvc/plots").glob("*_by_model.json"):
        assert palette in template.read_text(encoding="utf-8"), template


def test_a_figure_takes_the_text_colour_of_the_page():
    figure = Figure()
    figure.subplots().plot([0, 1], [0, 1], color="black")
    text = page.svg(figure, "a line")
    assert "currentColor" in text and "#000000" not in text and 'aria-label="a line"' in text


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_accessible_and_sends_nothing(browser: Any, tiny: Path, scheme: str, width: int):
    from axe_playwright_python.sync_playwright import Axe

    tab = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 900})
    messages: list[str] = []
    addresses: list[str] = []
    tab.on("console", lambda message: messages.append(message.text))
    tab.on("pageerror", lambda error: messages.append(str(error)))
    tab.on("request", lambda request: addresses.append(request.url))
    tab.goto((tiny / "plots/report.html").as_uri(), wait_until="load")
    assert messages == []
    assert [address for address in addresses if not address.startswith(("file:", "data:"))] == []
    assert tab.evaluate("[...document.images].every(image => image.naturalWidth > 0)")
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(tab).response["violations"]
    assert [(one["id"], one["nodes"][0]["target"]) for one in found if one["impact"] in ("serious", "critical")] == []
    tab.close()
