"""`emotion api`: its responses to well-behaved clients, and its errors at the start."""

import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emotion.apps.api import settings
from emotion.core.errors import InputError
from emotion.inference.predictor import EmotionClassifier
from tests.pasted import brightness_model, emotion_command, photograph
from tests.serving import (
    Server,
    Start,
    encoded,
    environment,
    error_at_start,
    files,
    free_port,
    serve,
    server,
    texts,
    two_faces,
)
from tests.source import ROOT

assert serve and server  # fixtures


def test_files_and_base64_get_the_predictions_of_the_library_in_order(server: Server, tmp_path: Path):
    sent = [two_faces(), encoded(photograph([])), encoded(photograph([(200, 100, 200)]), "JPEG")]
    results = server.client.post("/v1/predict", files=files(*sent)).json()["results"]
    classifier = EmotionClassifier(brightness_model(tmp_path / "model.onnx"))
    expected = [result.to_dict() for result in classifier.predict(sent)]
    assert [result.pop("name") for result in results] == ["0.png", "1.png", "2.png"]
    assert [len(result["faces"]) for result in results] == [2, 0, 1]
    assert results == expected
    again = server.client.post("/v1/predict", json=texts(*sent)).json()["results"]
    assert [{**result, "name": None} for result in expected] == again


def test_base64_may_be_in_lines_or_a_data_url(server: Server):
    text = texts(two_faces())["images"][0]
    lines = "\r\n".join(text[start : start + 76] for start in range(0, len(text), 76)) + "\n"
    sent = {"images": [text, lines, f"data:image/png;base64,{text}", f"DATA:;Base64,{lines}"]}
    results = server.client.post("/v1/predict", json=sent).json()["results"]
    assert len(results) == 4 and all(result == results[0] for result in results)
    pasted = b'{"images": ["' + lines.encode() + b'"]}'
    again = server.client.post("/v1/predict", content=pasted, headers={"Content-Type": "application/json"})
    assert again.json()["results"] == results[:1]


def test_an_offer_of_http_2_is_ignored_and_the_body_read(server: Server):
    offer = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAEAAEAAAAIAAAAA"}
    for _ in range(2):
        response = server.client.post("/v1/predict", json=texts(two_faces()), headers=offer)
        assert response.status_code == 200 and len(response.json()["results"][0]["faces"]) == 2


def test_it_says_where_it_listens_and_shows_there_how_it_is_used(server: Server, browser: Any):
    (message,) = [line["message"] for line in server.lines() if "listening" in line["message"]]
    assert message == f"listening at http://127.0.0.1:{server.port}/; Ctrl-C ends it"
    page = browser.new_page()
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    for path in ("", "docs"):
        page.goto(f"http://127.0.0.1:{server.port}/{path}")
        assert page.get_by_text(f"curl -F images=@photo.jpg http://127.0.0.1:{server.port}/v1/predict").is_visible()
        assert page.get_by_text("POST /v1/predict").is_visible()
        assert page.get_by_role("link").evaluate("link => link.href") == f"http://127.0.0.1:{server.port}/openapi.json"
    assert all(url.startswith(f"http://127.0.0.1:{server.port}/") for url in requested)
    page.close()


def test_with_detect_false_each_picture_is_a_face_crop(server: Server, tmp_path: Path):
    sent = [encoded(np.full((48, 48), value, np.uint8)) for value in (0, 255)]
    results = server.client.post("/v1/predict?detect=false", files=files(*sent)).json()["results"]
    assert [[face["label"] for face in one["faces"]] for one in results] == [["angry"], ["surprise"]]


@pytest.mark.parametrize("query", ["detct=false", "detect=maybe"])
def test_a_wrong_or_unknown_parameter_is_named(server: Server, query: str):
    response = server.client.post(f"/v1/predict?{query}", files=files(two_faces()))
    assert (response.status_code, response.headers["Content-Type"]) == (422, "application/problem+json")
    assert response.json()["detail"].startswith(f"{query.partition('=')[0]}: ")


def test_it_reports_its_model_health_and_counts(server: Server):
    (model,) = server.client.get("/v1/models").json()["models"]
    assert (model["name"], len(model["sha256"]), len(model["labels"])) == ("model.onnx", 64, 7)
    assert server.client.get("/healthz").json() == {"status": "ok"}
    assert server.client.get("/readyz").json() == {"status": "ready"}
    names = 'emotion_requests_total{path="/v1/predict",status="200"}', "emotion_faces_total"
    before = np.array([server.count(name) for name in names])
    server.client.post("/v1/predict", files=files(two_faces()))
    assert [server.count(name) for name in names] == list(before + [1, 2])


def test_a_request_is_logged_as_json_without_its_pictures(server: Server):
    sent = texts(two_faces())
    response = server.client.post("/v1/predict", json=sent, headers={"X-Request-ID": "mine-1"})
    assert response.headers["X-Request-ID"] == "mine-1"
    (line,) = server.lines_with(id="mine-1")
    assert {"path": "/v1/predict", "status": 200, "images": 1, "faces": 2}.items() <= line.items()
    assert len(json.dumps(line)) < 400
    forged = server.client.get("/healthz", headers={"X-Request-ID": 'x", "level": "error'})
    assert len(forged.headers["X-Request-ID"]) == 36


@pytest.mark.parametrize("key", ["", "a secret"])
def test_schemathesis_finds_no_issues(serve: Start, tmp_path: Path, key: str):
    """It sends what OpenAPI allows and what it does not; its pictures are those of tests/schemathesis_hooks.py."""
    address = f"http://127.0.0.1:{serve(api_key=key).port}/openapi.json"
    arguments = ["run", address, "--max-examples", "10", "--seed", "1", "--continue-on-failure", "--no-color"]
    arguments += ["-H", f"X-API-Key: {key}"] if key else []
    hooks = environment() | {"SCHEMATHESIS_HOOKS": "tests.schemathesis_hooks", "PYTHONPATH": str(ROOT)}
    command = [str(Path(sys.executable).with_name("schemathesis")), *arguments]
    done = subprocess.run(command, cwd=tmp_path, env=hooks, capture_output=True, text=True)
    assert done.returncode == 0 and "No issues found" in done.stdout, done.stdout + done.stderr


def test_an_error_at_the_start_is_one_line(server: Server, tmp_path: Path, monkeypatch, capsys):
    wrong = tmp_path / "wrong.onnx"
    wrong.write_bytes(b"no model")
    for error, start in (
        (
            error_at_start(tmp_path, "--port", str(server.port)),
            f"port {server.port} is in use: choose another one, --port N or `make` with PORT=N\n",
        ),
        (error_at_start(tmp_path, "--model", str(wrong), "--workers", "2"), f"{wrong}: not an ONNX model"),
    ):
        assert error.startswith(f"error: {start}") and error.count("\n") == 1
    for name, value, start in (
        ("EMOTION_MAX_BYTES", "10MB", "EMOTION_MAX_BYTES '10MB': input should be a valid integer"),
        ("EMOTION_API_KEYS", "x", "unknown variable EMOTION_API_KEYS; did you mean 'EMOTION_API_KEY'?"),
        ("EMOTION_RATE", "often", "EMOTION_RATE or EMOTION_RATE_STORAGE is invalid ("),
    ):
        with monkeypatch.context() as patch:
            patch.setenv(name, value)
            patch.setattr(logging.getLogger(), "handlers", [])  # the API adds one that writes to this test's output
            assert emotion_command(patch, "api", "--port", str(free_port())) == 1
        error = capsys.readouterr().err
        assert error.startswith(f"error: {start}") and error.count("\n") == 1
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert emotion_command(monkeypatch, "api") == 1
    assert capsys.readouterr().err.endswith("api needs uvicorn, which is not installed: run `make api`\n")


def test_variables_of_links_and_other_programs_are_no_misspelt_settings():
    links = ("PORT", "PORT_8000_TCP", "SERVICE_PORT", "API_SERVICE_HOST", "API_PORT", "MODEL_PORT", "ENV_API_KEY")
    others = {f"EMOTION_{name}": "tcp://10.0.0.1:80" for name in (*links, "PICTURE", "REPOSITORY", "SAMPLE")}
    assert settings.read(others | {"API_KEYS": "x"}) == settings.Settings()
    with pytest.raises(InputError, match="EMOTION_MAX_BYTE; did you mean 'EMOTION_MAX_BYTES'"):
        settings.read(others | {"EMOTION_MAX_BYTE": "1"})
