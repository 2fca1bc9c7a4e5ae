"""Downloads with the real client from a local server that acts as Kaggle, with an empty HOME."""

import io
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from tests.inputs import DATA, make_zip

REPOSITORY = Path(__file__).parents[1]
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
        self.seen: list[tuple[str, str | None]] = []
        self.folder = folder
        proxy = f"http://127.0.0.1:{self.server_port}"
        self.environment = {"HTTP_PROXY": proxy, "http_proxy": proxy, "NO_PROXY": "", "no_proxy": ""}
        self.environment |= {"HOME": str(folder / "home"), "PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY)}
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
            return self.respond(200, b'{"active": true, "username": "me"}' if known else b'{"active": false}')
        if self.server.status != 200:
            return self.respond(self.server.status, b'{"code": %d, "message": "no"}' % self.server.status)
        self.send_response(302)
        self.send_header("Location", "http://storage.test/fer2013.zip?signature=secret")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self):
        self.server.seen.append((self.path, self.headers["Range"]))
        start = int((self.headers["Range"] or "bytes=0-")[6:-1])
        part = self.server.content[start:]
        self.send_response(206 if start else 200)
        headers = {"Accept-Ranges": "bytes", "ETag": '"1"', "Last-Modified": "Mon, 03 Feb 2020 10:00:00 GMT"}
        for name, value in {**headers, "Content-Type": "application/zip", "Content-Length": str(len(part))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.server.stalls:
            self.wfile.write(part[: 2 << 20])
            self.server.stalled.set()
            time.sleep(60)
        else:
            self.wfile.write(part)

    def respond(self, status: int, body: bytes):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


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


@pytest.mark.parametrize("kind", CREDENTIALS)
def test_the_data_set_is_downloaded_once(kaggle: FakeKaggle, kind: str):
    assert kaggle.run(**CREDENTIALS[kind]).returncode == 0
    assert (kaggle.folder / ZIP).read_bytes() == kaggle.content
    assert any(path.endswith("DownloadDataset") and seen for path, seen in kaggle.seen)
    kaggle.seen.clear()
    assert kaggle.run().returncode == 0
    assert kaggle.seen == []


def test_the_data_set_becomes_the_archive(kaggle: FakeKaggle):
    kaggle.content = make_zip(kaggle.folder / "a.zip", ("test/sad/PrivateTest_2.jpg", b"two")).read_bytes()
    (kaggle.folder / "params.yaml").write_text(yaml.safe_dump({"data": DATA | {"source": "kaggle"}}))
    done = kaggle.run([sys.executable, "-m", "stages.download"], **CREDENTIALS["name and key"])
    assert done.stdout == "data/faces.zip: 1 faces from kaggle\ntest: 1 face from test/PrivateTest_*\n"
    with zipfile.ZipFile(kaggle.folder / "data/faces.zip") as archive:
        assert archive.namelist() == ["PrivateTest/sad/PrivateTest_2.jpg"]
    assert (kaggle.folder / "data/external/kaggle/msambare-fer2013/fer2013.zip").exists(), "outside all outputs"


@pytest.mark.parametrize(
    ("file", "content"),
    [(".kaggle/access_token", TOKEN), (".config/kaggle/kaggle.json", f'{{"username": "me", "key": "{TOKEN}"}}')],
)
def test_credentials_are_found_where_the_client_finds_them(kaggle: FakeKaggle, file: str, content: str):
    path = kaggle.folder / "home" / file
    path.parent.mkdir(parents=True)
    path.write_text(content)
    assert kaggle.run().returncode == 0
    assert (kaggle.folder / ZIP).read_bytes() == kaggle.content


def test_a_killed_download_resumes(kaggle: FakeKaggle):
    kaggle.stalls = True
    environment = kaggle.environment | CREDENTIALS["name and key"]
    process = subprocess.Popen(COMMAND, cwd=kaggle.folder, env=environment, stderr=subprocess.DEVNULL)
    partial = kaggle.folder / ZIP
    assert kaggle.stalled.wait(30)
    while not partial.exists() or partial.stat().st_size < 1 << 20:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kaggle.stalls = False
    kaggle.seen.clear()
    assert kaggle.run(**CREDENTIALS["name and key"]).returncode == 0
    assert partial.read_bytes() == kaggle.content
    ranges = [seen for path, seen in kaggle.seen if path.endswith("signature=secret")]
    assert ranges[-1] in ("bytes=1048576-", "bytes=2097152-")


def test_without_credentials_one_line_tells_how_to_get_the_data(kaggle: FakeKaggle):
    message = kaggle.failure()
    assert "no credentials, or Kaggle rejects them: get a token at https://www.kaggle.com/settings" in message
    assert "KAGGLE_API_TOKEN" in message
    assert "or download https://www.kaggle.com/datasets/msambare/fer2013 in a browser" in message
    assert kaggle.seen == []


@pytest.mark.parametrize("token", ["KGAT_of_nobody", TOKEN + "\n"])
def test_a_wrong_token_is_one_line(kaggle: FakeKaggle, token: str):
    message = kaggle.failure(KAGGLE_API_TOKEN=token)
    assert "Kaggle rejects them: get a token at https://www.kaggle.com/settings" in message
    assert token.strip() not in message


@pytest.mark.parametrize(
    ("status", "remedy"),
    [
        (401, "it rejects the credentials: get a token"),
        (403, "denies you this data set: check `data.dataset` in params.yaml; if that is right, get a token"),
        (404, "there is no such data set: correct `data.dataset` in params.yaml"),
        (429, "wait some minutes"),
        (503, "try again later"),
    ],
)
def test_an_error_of_kaggle_is_one_line(kaggle: FakeKaggle, status: int, remedy: str):
    kaggle.status = status
    message = kaggle.failure(**CREDENTIALS["name and key"])
    assert f"msambare/fer2013: Kaggle reports HTTP {status}: " in message
    assert remedy in message


@pytest.mark.parametrize("kind", CREDENTIALS)
def test_no_network_is_one_line(kaggle: FakeKaggle, kind: str):
    kaggle.environment |= dict.fromkeys(("HTTP_PROXY", "http_proxy"), "http://127.0.0.1:9")
    assert "no connection to Kaggle" in kaggle.failure(**CREDENTIALS[kind])


def test_a_download_that_is_no_zip_is_not_kept(kaggle: FakeKaggle):
    kaggle.content = b"<html>"
    assert "did not send a whole zip" in kaggle.failure(**CREDENTIALS["token"])
    assert list(kaggle.folder.rglob("*.zip")) == []


def test_a_full_disk_is_one_line(kaggle: FakeKaggle):
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount a small disk")
    (kaggle.folder / "downloads").mkdir()
    # The client tries five times, with a minute of pauses.
    code = "import time; time.sleep = lambda _: None\n" + CODE
    mount = 'mount -t tmpfs -o size=1m none downloads && exec "$0" -c "$1"'
    command = ["unshare", "-rm", "sh", "-c", mount, sys.executable, code]
    assert "the disk is full" in kaggle.failure(command, **CREDENTIALS["token"])
