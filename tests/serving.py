"""A real server of `emotion api` on this machine, and pictures to send to it."""

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from benchmarks.api_load import free_port
from benchmarks.clients import encoded
from tests.pasted import brightness_model, photograph
from tests.source import ROOT

Start = Callable[..., "Server"]
PROBLEM = "application/problem+json"


@dataclass
class Server:
    """A running server and the file of its log."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path
    client: httpx.Client = field(repr=False)

    def lines(self) -> list[dict[str, Any]]:
        """Return its log."""
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").split("\n")[:-1]]

    def lines_with(self, **wanted: Any) -> list[dict[str, Any]]:
        """Wait for log lines that have these values and return them; a request is logged after its response."""
        end = time.monotonic() + 10
        while not (found := [line for line in self.lines() if wanted.items() <= line.items()]):
            assert time.monotonic() < end, f"no line with {wanted}"
            time.sleep(0.02)
        return found

    def count(self, name: str) -> float:
        """Return the value of one of its metrics."""
        lines = self.client.get("/metrics").text.splitlines()
        return float(next((line.split()[-1] for line in lines if line.startswith(f"{name} ")), 0))

    def connect(self) -> socket.socket:
        """Return a connection for misbehaving clients."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def memory(self) -> float:
        """Return its resident memory in MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def command(folder: Path, port: int, *more: str) -> list[str]:
    """Return the command that starts a server with a small model."""
    model = brightness_model(folder / "model.onnx")
    return [sys.executable, "-m", "emotion", "api", "--port", str(port), "--model", str(model), *more]


def environment(**settings: object) -> dict[str, str]:
    """Return the environment of a server with these settings and no others."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("EMOTION_")}
    return clean | {f"EMOTION_{name.upper()}": str(value) for name, value in settings.items()}


@contextmanager
def served(folder: Path, *more: str, **settings: object) -> Iterator[Server]:
    """Give a server; check in the end that it logged no error."""
    port = free_port()
    log = folder / f"log-{port}.txt"
    with log.open("wb") as file:
        process = subprocess.Popen(
            command(folder, port, *more), cwd=ROOT, env=environment(**settings), stdout=file, stderr=file
        )
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        server = Server(port, process, log, client)
        try:
            _wait(server)
            yield server
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(40)
    assert [line for line in server.lines() if line["level"] not in ("info", "warning")] == []


def error_at_start(folder: Path, *more: str, **settings: object) -> str:
    """Return the error of a server that does not start."""
    start = [*command(folder, free_port()), *more]
    done = subprocess.run(start, cwd=ROOT, env=environment(**settings), capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    return done.stderr + done.stdout


def _wait(server: Server) -> None:
    """Wait until it responds."""
    transport = httpx.HTTPTransport(retries=8)  # the pauses between them grow
    with httpx.Client(transport=transport, timeout=120) as client:
        assert client.get(f"http://127.0.0.1:{server.port}/healthz").status_code == 200, server.log.read_text()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the default settings."""
    with served(tmp_path_factory.mktemp("api")) as server:
        yield server


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Start]:
    """Starts servers with other settings than the defaults."""
    with ExitStack() as stack:
        yield lambda *more, **settings: stack.enter_context(served(tmp_path, *more, **settings))


def two_faces() -> bytes:
    """Return the file of a photograph with two faces."""
    return encoded(photograph([(60, 120, 150), (380, 160, 150)]))


def files(*contents: bytes) -> list[tuple[str, tuple[str, bytes]]]:
    """Return files as httpx sends them."""
    return [("images", (f"{number}.png", content)) for number, content in enumerate(contents)]


def texts(*contents: bytes) -> dict[str, list[str]]:
    """Return files as JSON holds them."""
    return {"images": [base64.b64encode(content).decode() for content in contents]}
