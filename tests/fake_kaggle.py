"""A local server that acts as Kaggle, and the real client with an empty HOME."""

import io
import os
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.source import ROOT

JSON = {"Content-Type": "application/json"}
TOKEN = "KGAT_0123456789abcdef"
ZIP = Path("downloads/msambare-fer2013/fer2013.zip")
CODE = """
from pathlib import Path
from emotion.core import errors
from emotion.sources import kaggle
errors.run(lambda: kaggle.fetch("msambare/fer2013", Path("downloads")) and None)
"""
COMMAND = [sys.executable, "-c", CODE]


class FakeKaggle(ThreadingHTTPServer):
    """A proxy that acts as Kaggle; it keeps every request and may respond with an error or stop halfway."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Responses)
        self.daemon_threads = True
        self.block_on_close = False
        with zipfile.ZipFile(buffer := io.BytesIO(), "w") as archive:
            archive.writestr("train/sad/Training_1.jpg", os.urandom(3 << 20))
        self.content = buffer.getvalue()
        self.status = 200  # of the response to the request for a download
        self.stalls = False
        self.stalled = threading.Event()
        self.expires = False  # the address of the download: after 2 MiB, which are lost
        self.seen: list[tuple[str, str | None]] = []
        self.folder = folder
        proxy = f"http://127.0.0.1:{self.server_port}"
        self.environment = {"HTTP_PROXY": proxy, "http_proxy": proxy, "NO_PROXY": "", "no_proxy": ""}
        self.environment |= {"HOME": str(folder / "home"), "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
        self.environment["KAGGLE_API_ENVIRONMENT"] = "LOCALHOST"

    def run(self, command: list[str] = COMMAND, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the client in the folder; it must not print a secret."""
        environment = self.environment | variables
        result = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=60)
        assert TOKEN not in result.stdout + result.stderr
        assert "signature" not in result.stdout + result.stderr
        return result

    def failure(self, command: list[str] = COMMAND, **variables: str) -> str:
        """Return the one-line error; progress may come before it."""
        result = self.run(command, **variables)
        assert result.returncode == 1
        assert result.stdout == ""
        lines = [line for line in result.stderr.splitlines() if line and "B/s]" not in line]
        assert len(lines) == 1, result.stderr
        assert lines[0].startswith("error: ")
        assert not (self.folder / ZIP).exists()
        return lines[0]


class Responses(BaseHTTPRequestHandler):
    server: FakeKaggle

    def log_message(self, *_: object):
        pass

    def do_POST(self):
        self.server.seen.append((self.path, self.headers["Authorization"]))
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.endswith("IntrospectToken"):
            known = TOKEN in (self.headers["Authorization"] or "")
            return self.respond(200, b'{"active": true, "username": "me"}' if known else b'{"active": false}', JSON)
        if self.server.status != 200:
            return self.respond(self.server.status, b'{"code": %d, "message": "no"}' % self.server.status, JSON)
        self.respond(302, b"", {"Location": "http://storage.test/fer2013.zip?signature=secret"})

    def do_GET(self):
        self.server.seen.append((self.path, self.headers["Range"]))
        if self.server.expires and sum("signature" in path for path, _ in self.server.seen) > 1:
            return self.respond(403, b"expired", {})
        start = int((self.headers["Range"] or "bytes=0-")[6:-1])
        part = self.server.content[start:]
        headers = {"Accept-Ranges": "bytes", "ETag": '"1"', "Last-Modified": "Mon, 03 Feb 2020 10:00:00 GMT"}
        self.respond(206 if start else 200, part, headers | {"Content-Type": "application/zip"})

    def respond(self, status: int, body: bytes, headers: Mapping[str, str]):
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.server.stalls and len(body) > 2 << 20:
            self.wfile.write(body[: 2 << 20])
            self.server.stalled.set()
            time.sleep(60)
        else:
            self.wfile.write(body[: 2 << 20] if self.server.expires else body)


CREDENTIALS = {
    "token": {"KAGGLE_API_TOKEN": TOKEN},
    "name and key": {"KAGGLE_USERNAME": "me", "KAGGLE_KEY": TOKEN},
    "token, verbose": {"KAGGLE_API_TOKEN": TOKEN, "VERBOSE": "1"},
}


@pytest.fixture
def kaggle(tmp_path: Path) -> Iterator[FakeKaggle]:
    (tmp_path / "home").mkdir()
    with FakeKaggle(tmp_path) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
