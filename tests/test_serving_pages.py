"""The measured tables of docs/deploy.md and docs/scoring.md."""

from pathlib import Path

import pytest

from tools import serving_pages
from tools.results_speed import read

ROW = {"single_ms": 10, "p50_ms": 60, "p99_ms": 100, "requests_s": 90, "requests": 5000, "errors": 2}
ROW |= {"mb_after_a_tenth": 99, "mb": 101}
LOAD = {"clients": 16, "cores": 2, "cpu": "CPU", "model": "a.onnx"}
LOAD |= {f"api_{kind}": ROW for kind in serving_pages.KINDS}
LOAD |= {f"usual_{kind}": ROW | {"requests_s": 30} for kind in serving_pages.KINDS}
RUN = {"way": "ray", "faces": 1_000_000, "seconds": 200, "faces_s": 5000, "share": 0.85, "most_mb": 900}
BULK = {"model": "a.onnx", "workers": 2, "cpu": "CPU", "batch": 32, "own_faces_s": 5882.4}


def test_load_is_compared_with_one_client_alone_and_with_the_usual_way():
    text = serving_pages.load(LOAD)
    assert "3.0 times the usual way's requests for cropped faces, 3.0 for photographs" in text
    assert "within 1.25 x 16 clients x one alone / 2 cores" in text, "16 x 10 ms / 2 cores are 80 ms"
    assert "| a photograph | Flask and Keras | 10.0 | 60.0 | 100.0 | 30 | 5,000 | 2 | 99 – 101 |" in text


def test_a_run_too_short_for_a_line_of_its_memory_has_the_most_alone():
    long = RUN | {"median_mb": 800, "mb_per_minute": 0.04}
    text = serving_pages.bulk(BULK | {"runs": [RUN, long]})
    assert "| Ray Data | 1,000,000 | 200 | 5,000 | 85% | (900) | – |" in text
    assert "| Ray Data | 1,000,000 | 200 | 5,000 | 85% | 800 (900) | 0.0 |" in text


@pytest.mark.parametrize(
    ("page", "name", "write"),
    [
        (serving_pages.DEPLOY, "api_load", serving_pages.load),
        (serving_pages.SCORING, "bulk_scoring", serving_pages.bulk),
    ],
)
def test_the_pages_show_the_kept_numbers(page, name, write, root: Path, monkeypatch):
    monkeypatch.chdir(root)
    measured = read()
    expected = write(measured[name]) if name in measured else "Still to be measured: "
    assert expected in page.read_text(encoding="utf-8"), "run `make results`"
