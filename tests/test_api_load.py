"""The benchmark of the API: what its clients count, and what is told of it."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from benchmarks import api_load, clients, sent_pictures
from tests.serving import Server, served


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the settings by default."""
    with served(tmp_path_factory.mktemp("api")) as server:
        yield server


def test_every_request_is_counted_and_what_is_not_answered_is_an_error(server: Server):
    request = clients.multipart(api_load.CROPPED, sent_pictures.cropped()[0])
    met = clients.load(server.port, [request], 4, 30)
    assert (len(met.times), met.errors) == (30, 0) and 0 < met.percentile(50) <= met.percentile(99)
    assert "emotion_faces_total 30.0" in server.client.get("/metrics").text
    broken = clients.load(server.port, [request, clients.multipart(api_load.CROPPED, b"no picture")], 2, 10)
    assert broken.errors == 5


def test_a_server_that_ends_each_connection_gets_a_new_one_and_no_error():
    class Closing(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Closing) as server:
        Thread(target=server.serve_forever).start()
        met = clients.load(server.server_port, [clients.multipart("/", b"")], 3, 20)
        server.shutdown()
    assert (len(met.times), met.errors) == (20, 0)


def test_the_photographs_have_faces_that_the_detector_finds(server: Server):
    requests = [clients.multipart(api_load.WHOLE, picture) for picture in sent_pictures.photographs()]
    numbers = api_load.measured(server.process, server.port, requests, 2, 20)
    assert numbers["errors"] == 0 and numbers["p99_ms"] >= numbers["p50_ms"] > 0 and numbers["mb"] > 10
    found = float(server.client.get("/metrics").text.partition("\nemotion_faces_total ")[2].split()[0])
    assert found > 60, "most of them have two"


def test_the_table_compares_with_the_usual_way_and_with_the_aim():
    row = {
        "single_ms": 10,
        "p50_ms": 60,
        "p99_ms": 100,
        "requests_s": 90,
        "errors": 0,
        "mb_after_a_tenth": 99,
        "mb": 99,
    }
    summary = {"clients": 16, "cores": 2, "cpu": "CPU", "model": "a.onnx"}
    for kind in ("cropped", "photographs"):
        summary |= {f"api_{kind}": row, f"usual_{kind}": row | {"requests_s": 30}}
    text = api_load.table(summary)
    assert "photographs: 3.0 times the usual way" in text
    assert text.endswith("photographs: p99 is 1.25 of clients x single time / cores")
