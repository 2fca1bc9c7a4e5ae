"""`emotion api`: what it answers to clients that behave, how it starts and how it ends."""

import asyncio
import importlib.util
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import pytest
from fastapi import FastAPI

from emotion.apps import api_problems
from emotion.apps.api_records import Metrics, Records
from emotion.inference.predictor import EmotionClassifier
from tests.pasted import brightness_model, emotion_command, photograph
from tests.serving import (
    ROOT,
    Server,
    Start,
    command,
    encoded,
    environment,
    files,
    free_port,
    serve,
    served,
    texts,
    two_faces,
)

assert serve  # a fixture
PROBLEM = "application/problem+json"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the settings by default."""
    with served(tmp_path_factory.mktemp("api")) as server:
        yield server


def test_files_and_base64_get_the_answers_of_the_library_in_their_order(server: Server, tmp_path: Path):
    sent = [two_faces(), encoded(photograph([])), encoded(photograph([(200, 100, 200)]), "JPEG")]
    answer = server.client.post("/v1/predict", files=files(*sent)).json()
    classifier = EmotionClassifier(brightness_model(tmp_path / "model.onnx"))
    expected = [result.to_dict() for result in classifier.predict(sent)]
    assert [result.pop("name") for result in answer["results"]] == ["0.png", "1.png", "2.png"]
    assert [len(result["faces"]) for result in answer["results"]] == [2, 0, 1]
    assert answer["results"] == expected
    again = server.client.post("/v1/predict", json=texts(*sent)).json()["results"]
    assert [{**result, "name": None} for result in expected] == again


def test_with_detect_false_each_picture_is_a_face(server: Server, tmp_path: Path):
    sent = [encoded(np.full((48, 48), value, np.uint8)) for value in (0, 255)]
    answer = server.client.post("/v1/predict?detect=false", files=files(*sent)).json()
    assert [[face["label"] for face in one["faces"]] for one in answer["results"]] == [["angry"], ["surprise"]]


def test_it_says_which_model_answers_and_how_it_is(server: Server):
    (model,) = server.client.get("/v1/models").json()["models"]
    assert (model["name"], len(model["sha256"]), len(model["labels"])) == ("model.onnx", 64, 7)
    assert server.client.get("/healthz").json() == {"status": "ok"}
    assert server.client.get("/readyz").json() == {"status": "ready"}
    names = 'emotion_requests_total{path="/v1/predict",status="200"}', "emotion_faces_total"
    before = [_count(server, name) for name in names]
    server.client.post("/v1/predict", files=files(two_faces()))
    after = [_count(server, name) for name in names]
    assert (after[0] - before[0], after[1] - before[1]) == (1, 2)


def _count(server: Server, name: str) -> float:
    lines = server.client.get("/metrics").text.splitlines()
    return float(next((line.split()[-1] for line in lines if line.startswith(f"{name} ")), 0))


def test_a_request_is_a_line_of_json_without_what_was_sent(server: Server):
    sent = texts(two_faces())
    answer = server.client.post("/v1/predict", json=sent, headers={"X-Request-ID": "mine-1"})
    assert answer.headers["X-Request-ID"] == "mine-1"
    (line,) = server.lines_with(id="mine-1")
    assert {"path": "/v1/predict", "status": 200, "images": 1, "faces": 2}.items() <= line.items()
    assert len(json.dumps(line)) < 400
    forged = server.client.get("/healthz", headers={"X-Request-ID": 'x", "level": "error'})
    assert len(forged.headers["X-Request-ID"]) == 36


@pytest.mark.parametrize("key", ["", "a secret"])
def test_schemathesis_finds_nothing(serve: Start, tmp_path: Path, key: str):
    """It asks what OpenAPI allows, and what it does not; its pictures are those of tests/schemathesis_hooks.py."""
    address = f"http://127.0.0.1:{serve(api_key=key).port}/openapi.json"
    arguments = ["run", address, "--max-examples", "10", "--seed", "1", "--continue-on-failure", "--no-color"]
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("schemathesis")),
            *arguments,
            *(["-H", f"X-API-Key: {key}"] if key else []),
        ],
        cwd=tmp_path,
        env=environment() | {"SCHEMATHESIS_HOOKS": "tests.schemathesis_hooks", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and "No issues found" in done.stdout, done.stdout + done.stderr


def test_a_bug_is_a_problem_too_and_counted_as_one():
    app, metrics = FastAPI(), Metrics()
    api_problems.install(app)
    app.add_middleware(Records, metrics=metrics)

    @app.get("/bug")
    async def bug() -> None:
        raise ZeroDivisionError("no picture may stand in this text")

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return await client.get("/bug", headers={"X-Request-ID": "mine-2"})

    answer = asyncio.run(ask())
    assert (answer.status_code, answer.headers["Content-Type"], answer.json()["instance"]) == (500, PROBLEM, "mine-2")
    assert "no picture" not in answer.text
    assert b'emotion_requests_total{path="/bug",status="500"} 1.0' in metrics.text()


def test_who_does_not_know_the_key_is_turned_away(serve: Start):
    client = serve(api_key="a secret").client
    for headers in ({}, {"X-API-Key": "another"}, {"X-API-Key": "a secret "[:-2]}, {"X-API-Key": "ä".encode()}):
        refused = client.post("/v1/predict", files=files(two_faces()), headers=headers)
        assert (refused.status_code, refused.headers["Content-Type"]) == (401, PROBLEM)
        assert client.get("/v1/models", headers=headers).status_code == 401
    assert client.get("/v1/models", headers={"X-API-Key": "a secret"}).status_code == 200
    assert client.get("/healthz").status_code == 200


def test_who_asks_too_often_is_told_to_wait(serve: Start):
    client = serve(rate="3/minute").client
    assert [client.get("/v1/models").status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = client.get("/v1/models")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60 and refused.headers["Content-Type"] == PROBLEM
    assert client.get("/readyz").status_code == 200


def test_two_processes_count_together(serve: Start):
    server = serve("--workers", "2")
    for _ in range(20):
        server.client.get("/v1/models", headers={"Connection": "close"})
    assert _count(server, 'emotion_requests_total{path="/v1/models",status="200"}') == 20


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_when_told_to_end_it_finishes_what_runs(serve: Start, number: signal.Signals):
    server = serve(threads=1, predict_seconds=60)
    sent = [encoded(photograph([(60, 120, 150)], 2000, 1500))]
    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(server.client.post, "/v1/predict", files=files(*sent)) for _ in range(8)]
        while _count(server, "emotion_waiting") < 8:
            pass
        server.process.send_signal(number)
    assert [answer.result().status_code for answer in answers] == [200] * 8
    assert server.process.wait(30) == 0


def _told(folder: Path, *more: str, **settings: object) -> tuple[int, str]:
    done = subprocess.run(
        [*command(folder, free_port()), *more], cwd=ROOT, env=environment(**settings), capture_output=True, text=True
    )
    return done.returncode, done.stderr + done.stdout


def test_what_keeps_it_from_starting_is_one_line(server: Server, tmp_path: Path, monkeypatch, capsys):
    in_use = f"error: port {server.port} is in use: choose another one with --port\n"
    assert _told(tmp_path, "--port", str(server.port)) == (1, in_use)
    (tmp_path / "wrong.onnx").write_bytes(b"no model")
    code, told = _told(tmp_path, "--model", str(tmp_path / "wrong.onnx"), "--workers", "2")
    assert code == 1 and told.startswith(f"error: {tmp_path}/wrong.onnx: not an ONNX model") and told.count("\n") == 1
    code, told = _told(tmp_path, max_bytes="10MB")
    assert code == 1 and told.startswith("error: EMOTION_MAX_BYTES '10MB': input should be a valid integer")
    code, told = _told(tmp_path, rate="often")
    assert code == 1 and told.startswith("error: EMOTION_RATE") and told.count("\n") == 1
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert emotion_command(monkeypatch, "api") == 1
    assert capsys.readouterr().err.endswith("which are not installed here: run `make api`\n")
