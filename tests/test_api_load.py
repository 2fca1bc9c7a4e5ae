"""The benchmark of the API: what its clients count."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from benchmarks import api_load, clients
from tests.serving import Server, server

assert server  # a fixture


def _alone(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """Call a function in a thread without an event loop; Playwright, in other tests, has one in this thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function, *arguments, **options).result()


def test_every_request_is_counted_and_a_refused_one_is_an_error(server: Server):
    request = clients.multipart(api_load.CROPPED, clients.cropped()[0])
    met = _alone(clients.load, server.port, [request], 4, 30)
    assert (len(met.times), met.errors) == (30, 0) and 0 < met.percentile(50) <= met.percentile(99)
    assert "emotion_faces_total 30.0" in server.client.get("/metrics").text
    broken = _alone(clients.load, server.port, [request, clients.multipart(api_load.CROPPED, b"no picture")], 2, 10)
    assert broken.errors == 5


def test_a_closed_connection_is_reopened_and_is_no_error():
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
        met = _alone(clients.load, server.server_port, [clients.multipart("/", b"")], 3, 20)
        server.shutdown()
    assert (len(met.times), met.errors) == (20, 0)


def test_the_detector_finds_faces_in_the_photographs(server: Server):
    requests = [clients.multipart(api_load.WHOLE, picture) for picture in clients.photographs()]
    numbers = _alone(api_load.measured, server.process, server.port, requests, concurrent=2, count=20)
    assert numbers["errors"] == 0 and numbers["p99_ms"] >= numbers["p50_ms"] > 0 and numbers["mb"] > 10
    found = float(server.client.get("/metrics").text.partition("\nemotion_faces_total ")[2].split()[0])
    assert found > 60, "most of them have two"
