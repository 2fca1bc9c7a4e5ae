"""What `dvc plots show` and `dvc plots diff` draw: every model in every chart, readable and offline."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from dvc_render import VegaRenderer

from emotion.core.labels import EMOTIONS
from tests import tiny as dag
from tests.source import PARAMS, ROOT

PIPELINE = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
TEMPLATES = sorted((ROOT / ".dvc/plots").glob("*.json"))
PAGE = (ROOT / ".dvc/plots/offline.html").read_text(encoding="utf-8")


def _charts(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the charts of all models in stages/dvc.yaml."""
    plots = yaml.safe_load((folder / "stages/dvc.yaml").read_text(encoding="utf-8"))["plots"]
    return {name: chart for entry in plots for name, chart in entry.items()}


def _of_models(kind: str) -> dict[str, dict[str, Any]]:
    """Return `plots` or `outs` of the stages over all models, by files such as `plots/roc/${key}.json`."""
    stages = [stage["do"] for stage in PIPELINE["stages"].values() if stage.get("foreach") == "${models}"]
    entries = [entry for stage in stages for entry in stage.get(kind, []) if isinstance(entry, dict)]
    return {path: properties for entry in entries for path, properties in entry.items()}


def _drawn(plots: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the plots with a template, so neither pictures nor the scores, which the page hides."""
    return {path: properties for path, properties in plots.items() if "template" in properties}


STAGE_PLOTS = _of_models("plots")
ENSEMBLE_PLOTS = {path: chart for entry in PIPELINE["stages"]["ensemble"]["plots"] for path, chart in entry.items()}
DRAWN = _drawn(STAGE_PLOTS)
CHARTS = _charts(ROOT)


@pytest.mark.parametrize("name", CHARTS)
def test_chart_of_all_models_names_every_model(name: str):
    named = {path.removeprefix("../") for path in CHARTS[name]["y"]}
    patterns = {str(Path(path).with_stem("${key}")) for path in named}
    known = {*STAGE_PLOTS, *_of_models("outs")}
    assert len(patterns) == 1 and patterns <= known, f"{name} in stages/dvc.yaml: {patterns} is no stage's output"
    (pattern,) = patterns
    wanted = {pattern.replace("${key}", name) for name in PARAMS["models"]}
    wanted |= {pattern.replace("${key}", "ensemble")} & {*ENSEMBLE_PLOTS, "plots/risk_coverage/ensemble.json"}
    assert not wanted - named, f"{name} in stages/dvc.yaml: add {sorted(wanted - named)} to its y"
    assert not named - wanted, f"{name} in stages/dvc.yaml: remove {sorted(named - wanted)}, no model of params.yaml"


@pytest.mark.parametrize("path", DRAWN)
def test_chart_of_one_model_has_a_template_and_its_name_in_the_title(path: str):
    properties = DRAWN[path]
    assert (ROOT / f".dvc/plots/{properties['template']}.json").exists()
    assert "${key}" in properties["title"]
    for subset in {"validation", "test"} & set(Path(path).parts):
        assert subset in properties["title"]


def test_charts_of_the_ensemble_are_those_of_a_model():
    for path, properties in ENSEMBLE_PLOTS.items():
        predictions = re.sub(r"plots/ensemble/(.+)\.csv", r"plots/predictions/\1/${key}.csv", path)
        of_a_model = STAGE_PLOTS[predictions.replace("ensemble", "${key}")]
        title = {"title": of_a_model["title"].replace("${key}", "ensemble")} if "title" in of_a_model else {}
        assert properties == of_a_model | title, path


@pytest.mark.parametrize("path", [path for path in [*STAGE_PLOTS, *ENSEMBLE_PLOTS] if "/scores/" not in path])
def test_page_has_a_section_for_every_plot_of_a_stage(path: str):
    prefix = path.removesuffix(Path(path).name).replace("/", "_")
    assert f'[id^="{prefix}"], .{prefix} {{ order: ' in PAGE and f'<h2 class="{prefix}">' in PAGE


def test_confusion_matrices_have_true_labels_in_rows():
    matrices = [properties for properties in DRAWN.values() if properties["template"] == "confusion_matrix"]
    assert {(matrix["y"], matrix["x"]) for matrix in matrices} == {("label", "predicted_label")}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_template_is_used_and_lists_the_emotions_in_their_order(path: Path):
    text = path.read_text(encoding="utf-8")
    template = json.loads(text)
    assert template["data"] == {"values": "<DVC_METRIC_DATA>"}
    assert template["title"]["text"] == "<DVC_METRIC_TITLE>"
    assert path.stem in {chart["template"] for chart in [*CHARTS.values(), *DRAWN.values()]}
    lists = re.findall(r'\[[^\[\]]*"angry"[^\[\]]*\]', text)
    assert all(tuple(json.loads(emotions)) == EMOTIONS for emotions in lists)


def test_page_holds_the_versions_that_dvc_would_load_and_loads_nothing():
    markup = re.sub(r"(<script>).*?(</script>)", r"\1\2", PAGE, flags=re.DOTALL)
    packages = re.findall(r"^/\*! (\S+) (\S+)\nCopyright", PAGE, re.MULTILINE)
    assert [name for name, _ in packages] == ["vega", "vega-lite", "vega-embed"]
    assert markup.count("<script>") == len(packages)
    assert not re.search(r"\b(src|href)\s*=|@import|url\(", markup)
    assert "connect-src 'none'" in markup
    assert PAGE.count("{plot_divs}") == markup.count("{plot_divs}") == 1 and "{scripts}" not in PAGE
    for name, version in packages:
        assert f"npm/{name}@{version}" in VegaRenderer.SCRIPTS


def test_diff_draws_both_revisions_of_every_model_in_every_chart(tiny: Path):
    result = json.loads(dag.dvc(tiny, "plots", "diff", "HEAD", "--json"))
    assert "errors" not in result
    assert not [path for path in result["data"] if "plots/faces" in path], "real faces are in no clone"
    for name, chart in _charts(tiny).items():
        drawn = _rows(result, name)
        both = {(Path(path).stem, revision) for path in chart["y"] for revision in ("workspace", "HEAD")}
        assert {(Path(row["filename"]).stem, row["rev"]) for row in drawn} == both, name
    of_each = {path.replace("${key}", model): chart for path, chart in DRAWN.items() for model in dag.MODELS}
    for path, chart in (of_each | _drawn(ENSEMBLE_PLOTS)).items():
        rows = _rows(result, path)
        assert {row["rev"] for row in rows} == {"workspace", "HEAD"}, path
        assert {chart["x"], chart["y"]} <= rows[0].keys(), f"{path}: has {sorted(rows[0])}"


def _rows(result: dict[str, Any], chart: str) -> list[dict[str, Any]]:
    """Return a chart's data, and assert that DVC filled in all of its template."""
    (drawing,) = result["data"][chart]
    assert "<DVC_METRIC" not in json.dumps(drawing["content"])
    return drawing["content"]["data"]["values"]


def test_show_makes_a_page_with_all_charts_that_loads_no_script(tiny: Path, tmp_path: Path):
    dag.dvc(tiny, "plots", "show", "--out", str(tmp_path))
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "<script src" not in page and "{plot_divs}" not in page
    for name in _charts(tiny):
        assert f'<div id = "{name}">' in page
