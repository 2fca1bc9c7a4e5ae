"""The page of everything and the model card, from a run on few drawn faces; the page in a real browser."""

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
from emotion.report import facts, svg
from tests import tiny as dag

MODELS = list(dag.params()["models"])


def _metrics(tiny: Path, name: str) -> dict[str, Any]:
    return json.loads((tiny / f"metrics/{name}.json").read_text(encoding="utf-8"))


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def test_the_page_shows_every_models_own_scores(tiny: Path):
    page = (tiny / "plots/report.html").read_text(encoding="utf-8")
    for name in [*MODELS, "ensemble"]:
        test = _metrics(tiny, name)["test"]
        low, high = _percent(test["accuracy_low"]), _percent(test["accuracy_high"])
        row = rf'<th scope="row">{name}</th><td>{_percent(test["accuracy"])} <span class="range">{low}–{high}</span>'
        assert re.search(row, page), name


def test_the_page_is_one_small_file_without_real_faces(tiny: Path):
    page = (tiny / "plots/report.html").read_text(encoding="utf-8")
    assert len(page) < 5e6
    assert not re.search(r'(src|href)="(?!data:|#)', page)
    assert "plots/report.html" in dag.git(tiny, "ls-files")


def test_the_model_card_has_a_head_that_machines_read_and_the_best_models_scores(tiny: Path):
    card = (tiny / "plots/model_card.md").read_text(encoding="utf-8")
    _, head, text = card.split("---\n", 2)
    (model,) = yaml.safe_load(head)["model-index"]
    best = _metrics(tiny, "best")["model"]
    assert model["name"] == best
    accuracy, f1, *_ = model["results"][0]["metrics"]
    test = _metrics(tiny, best)["test"]
    assert (accuracy["value"], f1["value"]) == (test["accuracy"], test["macro_f1"])
    for heading in ("What it is for", "What it is not for", "Data", "Results on PrivateTest", "Calibration"):
        assert f"\n## {heading}\n" in text


@pytest.fixture
def alone(tiny: Path, tmp_path: Path) -> Path:
    """The files that the page is made of, without robustness and without git."""
    for name in ("metrics", "plots", "emotion", "stages", "params.yaml"):
        source = tiny / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    shutil.rmtree(tmp_path / "plots/robustness")
    return tmp_path


def _run(folder: Path, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "stages.report", *arguments], cwd=folder, check=True, capture_output=True)


def test_without_robustness_the_page_says_that_it_was_not_run(alone: Path, tiny: Path):
    _run(alone)
    page = (alone / "plots/report.html").read_bytes()
    assert b"Not run:" in page
    _run(alone)
    assert (alone / "plots/report.html").read_bytes() == page
    shutil.copytree(tiny / "plots/robustness", alone / "plots/robustness")
    _run(alone)
    assert b"Not run:" not in (alone / "plots/report.html").read_bytes()


def test_models_whose_robustness_was_not_tested_are_named_and_the_others_keep_their_colours(tiny: Path, monkeypatch):
    monkeypatch.chdir(tiny)
    names = [path.stem for path in sorted(Path("plots/robustness").glob("*.csv"))]
    found = facts.robustness(["vgg16", *names])
    assert found.keys() == set(robustness.CORRUPTIONS)
    for lines in found.values():
        assert list(lines) == ["vgg16 (not run)", *names]
        assert lines.pop("vgg16 (not run)") == ([], [])
        assert all(steps == [0, 1, 2, 3, 4, 5] and len(accuracies) == 6 for steps, accuracies in lines.values())


def test_the_page_for_oneself_has_real_faces_and_changes_no_output(alone: Path):
    before = (alone / "plots/report.html").read_bytes()
    _run(alone, "report.html")
    page = (alone / "report.html").read_text(encoding="utf-8")
    assert "Faces of PublicTest" in page and "Faces of PublicTest" not in before.decode()
    assert (alone / "plots/report.html").read_bytes() == before


def test_a_figure_on_the_page_takes_the_pages_colour_of_text():
    figure = Figure()
    figure.subplots().plot([0, 1], [0, 1], color="black")
    text = svg.themed(figure, "a line")
    assert "currentColor" in text and "#000000" not in text and 'aria-label="a line"' in text


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_read_the_page_in_a_browser_and_nothing_leaves(browser: Any, tiny: Path, scheme: str, width: int):
    from axe_playwright_python.sync_playwright import Axe

    page = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 900})
    messages: list[str] = []
    addresses: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.on("request", lambda request: addresses.append(request.url))
    page.goto((tiny / "plots/report.html").as_uri(), wait_until="load")
    assert messages == []
    assert [address for address in addresses if not address.startswith(("file:", "data:"))] == []
    assert page.evaluate("[...document.images].every(image => image.naturalWidth > 0)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["target"]) for one in found if one["impact"] in ("serious", "critical")] == []
    page.close()
