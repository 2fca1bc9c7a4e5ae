"""`emotion api` in operation: a key, a rate limit, two processes, an internal error, and how it ends."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor

import httpx
import pytest
from fastapi import FastAPI

from emotion.apps import options
from emotion.apps.api import problems
from emotion.apps.api.records import Metrics, Records
from emotion.core.errors import InputError
from tests.pasted import photograph
from tests.serving import PROBLEM, Server, Start, encoded, files, serve, two_faces
from tests.source import ROOT

assert serve  # a fixture


def test_the_body_of_a_response_waits_for_no_acknowledgement():
    with options.listen("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname()):
        connection, _ = listening.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize("host", ["no..host", "256.1.1.1", "http://0.0.0.0", "192.0.2.1"])
def test_what_is_no_host_is_an_address_of_no_machine(host: str):
    with pytest.raises(InputError, match=f"^{host} is not an address of this machine: try 127.0.0.1 or 0.0.0.0$"):
        options.listen(host, 0)


def test_what_is_no_port_is_named_with_the_remedy():
    remedy = "choose another one, --port N or `make` with PORT=N"
    with pytest.raises(InputError) as refused:
        options.listen("127.0.0.1", 70_000)
    assert str(refused.value) == f"70000 is not a port, which are 0 to 65535 (0: any free one): {remedy}"


def test_an_internal_error_is_a_problem_and_is_counted():
    app, metrics = FastAPI(), Metrics()
    problems.install(app)
    app.add_middleware(Records, metrics=metrics)

    @app.get("/bug")
    async def bug() -> None:
        raise ZeroDivisionError("no picture may stand in this text")

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return await client.get("/bug", headers={"X-Request-ID": "mine-2"})

    with ThreadPoolExecutor(1) as pool:  # Playwright, in tests that ran before, has an event loop in this thread
        response = pool.submit(asyncio.run, ask()).result()
    assert (response.status_code, response.headers["Content-Type"]) == (500, PROBLEM)
    assert response.json()["instance"] == "mine-2" and "no picture" not in response.text
    assert b'emotion_requests_total{path="/bug",status="500"} 1.0' in metrics.text()


def test_requests_without_the_key_are_refused(serve: Start):
    client = serve(api_key="a secret").client
    for headers in ({}, {"X-API-Key": "another"}, {"X-API-Key": "a secret "[:-2]}, {"X-API-Key": "ä".encode()}):
        refused = client.post("/v1/predict", files=files(two_faces()), headers=headers)
        assert (refused.status_code, refused.headers["Content-Type"]) == (401, PROBLEM)
        assert client.get("/v1/models", headers=headers).status_code == 401
    assert client.get("/v1/models", headers={"X-API-Key": "a secret"}).status_code == 200
    assert client.get("/healthz").status_code == 200


def test_too_many_requests_are_told_when_to_retry(serve: Start):
    client = serve(rate="3/minute").client
    assert [client.get("/v1/models").status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = client.get("/v1/models")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60 and refused.headers["Content-Type"] == PROBLEM
    assert client.get("/readyz").status_code == 200


def _eight_slow_requests(server: Server, pool: ThreadPoolExecutor) -> list[Future[httpx.Response]]:
    sent = files(encoded(photograph([(60, 120, 150)], 2000, 1500)))
    return [pool.submit(server.client.post, "/v1/predict", files=sent) for _ in range(8)]


def test_two_processes_count_together_and_forget_requests_that_have_left(serve: Start):
    server = serve("--workers", "2")
    for _ in range(20):
        server.client.get("/v1/models", headers={"Connection": "close"})
    assert server.count('emotion_requests_total{path="/v1/models",status="200"}') == 20
    with ThreadPoolExecutor(9) as pool:
        responses = _eight_slow_requests(server, pool)
        while not all(response.done() for response in responses):
            server.count("emotion_waiting")
    assert [server.count("emotion_waiting") for _ in range(10)] == [0] * 10


def test_a_log_whose_reader_has_left_is_no_error():
    code = "import logging; from emotion.apps.api import records; records.start_logging(); logging.info('unread')"
    command = f'{sys.executable} -c "{code}; print(1)" | true; exit ${{PIPESTATUS[0]}}'
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": ""}
    done = subprocess.run(["bash", "-c", command], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_after_running_requests_are_finished(serve: Start, number: signal.Signals):
    server = serve(threads=1, predict_seconds=60)
    with ThreadPoolExecutor(8) as pool:
        responses = _eight_slow_requests(server, pool)
        while server.count("emotion_waiting") < 8:
            pass
        server.process.send_signal(number)
    assert [one.result().status_code for one in responses] == [200] * 8
    assert server.process.wait(30) == 0
