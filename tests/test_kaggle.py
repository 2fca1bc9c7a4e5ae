"""The real client against a server on this machine that answers as Kaggle does, with an empty HOME."""

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

REPOSITORY = Path(__file__).parents[1]
TOKEN = "KGAT_0123456789abcdef"
PARAMS = "data: {source: zip, input: data/external/fer2013.zip, dataset: msambare/fer2013}\n"
COMMAND = [sys.executable, "-m", "emotion.data.kaggle"]


class FakeKaggle(ThreadingHTTPServer):
    """A proxy that answers for Kaggle; it sees every request and may answer with an error or stop halfway."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        with zipfile.ZipFile(buffer := io.BytesIO(), "w") as archive:
            archive.writestr("train/sad/Training_1.jpg", os.urandom(3 << 20))
        self.content = buffer.getvalue()
        self.status = 200  # of the answer to the request for a download
        self.stalls = False
        self.stalled = threading.Event()
        self.seen: list[tuple[str, str | None]] = []


class Answers(BaseHTTPRequestHandler):
    server: FakeKaggle

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        self.server.seen.append((self.path, self.headers["Authorization"]))
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.endswith("IntrospectToken"):
            known = TOKEN in (self.headers["Authorization"] or "")
            return self.answer(200, b'{"active": true, "username": "me"}' if known else b'{"active": false}')
        if self.server.status != 200:
            return self.answer(self.server.status, b'{"code": %d, "message": "no"}' % self.server.status)
        self.send_response(302)
        self.send_header("Location", "http://storage.test/fer2013.zip?signature=secret")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
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

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def server() -> Iterator[FakeKaggle]:
    with FakeKaggle() as server:
        server.daemon_threads = True
        server.block_on_close = False
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def environment(tmp_path: Path, server: FakeKaggle) -> dict[str, str]:
    """Variables that lead the client to the server, in a home without credentials; also writes params.yaml."""
    (tmp_path / "home").mkdir()
    (tmp_path / "params.yaml").write_text(PARAMS)
    proxy = f"http://127.0.0.1:{server.server_port}"
    names = {"HTTP_PROXY": proxy, "http_proxy": proxy, "NO_PROXY": "", "no_proxy": "", "PATH": os.environ["PATH"]}
    return {
        **names,
        "HOME": str(tmp_path / "home"),
        "PYTHONPATH": str(REPOSITORY),
        "KAGGLE_API_ENVIRONMENT": "LOCALHOST",
    }


def run(folder: Path, environment: dict[str, str], command: list[str] = COMMAND) -> subprocess.CompletedProcess[str]:
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60)
    assert TOKEN not in result.stdout + result.stderr
    assert "signature" not in result.stdout + result.stderr
    return result


def failure(folder: Path, environment: dict[str, str], command: list[str] = COMMAND) -> str:
    """Return the one line in which the command tells what is wrong; progress may come before it."""
    result = run(folder, environment, command)
    assert result.returncode == 1
    assert result.stdout == ""
    lines = [line for line in result.stderr.splitlines() if line and "B/s]" not in line]
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("error: ")
    assert not (folder / "data/external/fer2013.zip").exists()
    return lines[0]


CREDENTIALS = {
    "token": {"KAGGLE_API_TOKEN": TOKEN},
    "name and key": {"KAGGLE_USERNAME": "me", "KAGGLE_KEY": TOKEN},
    "token, verbose": {"KAGGLE_API_TOKEN": TOKEN, "VERBOSE": "1"},
}


@pytest.mark.parametrize("kind", CREDENTIALS)
def test_the_data_set_is_downloaded_once(
    tmp_path: Path, server: FakeKaggle, environment: dict[str, str], kind: str
) -> None:
    assert run(tmp_path, environment | CREDENTIALS[kind]).returncode == 0
    assert (tmp_path / "data/external/fer2013.zip").read_bytes() == server.content
    assert any(path.endswith("DownloadDataset") and seen for path, seen in server.seen)
    server.seen.clear()
    assert run(tmp_path, environment).returncode == 0
    assert server.seen == []


@pytest.mark.parametrize(
    ("file", "content"),
    [(".kaggle/access_token", TOKEN), (".config/kaggle/kaggle.json", f'{{"username": "me", "key": "{TOKEN}"}}')],
)
def test_credentials_are_found_where_the_client_finds_them(
    tmp_path: Path, server: FakeKaggle, environment: dict[str, str], file: str, content: str
) -> None:
    path = tmp_path / "home" / file
    path.parent.mkdir(parents=True)
    path.write_text(content)
    assert run(tmp_path, environment).returncode == 0
    assert (tmp_path / "data/external/fer2013.zip").read_bytes() == server.content


def test_a_killed_download_goes_on_where_it_was(
    tmp_path: Path, server: FakeKaggle, environment: dict[str, str]
) -> None:
    environment |= CREDENTIALS["name and key"]
    server.stalls = True
    process = subprocess.Popen(COMMAND, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL)
    partial = tmp_path / "data/external/kaggle/msambare-fer2013/fer2013.zip"
    assert server.stalled.wait(30)
    while not partial.exists() or partial.stat().st_size < 1 << 20:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "data/external/fer2013.zip").exists()
    server.stalls = False
    server.seen.clear()
    assert run(tmp_path, environment).returncode == 0
    assert (tmp_path / "data/external/fer2013.zip").read_bytes() == server.content
    ranges = [seen for path, seen in server.seen if path.endswith("signature=secret")]
    assert ranges[-1] in ("bytes=1048576-", "bytes=2097152-")


def test_without_credentials_one_message_tells_both_ways(
    tmp_path: Path, server: FakeKaggle, environment: dict[str, str]
) -> None:
    message = failure(tmp_path, environment)
    assert "put the zip of https://www.kaggle.com/datasets/msambare/fer2013 there" in message
    assert "https://www.kaggle.com/settings" in message
    assert "KAGGLE_API_TOKEN" in message
    assert server.seen == []


def test_fetch_without_credentials_tells_how_to_get_them(tmp_path: Path, environment: dict[str, str]) -> None:
    code = """
from pathlib import Path
from emotion import errors
from emotion.data import kaggle
errors.run(lambda: kaggle.fetch("msambare/fer2013", Path("downloads")))
"""
    message = failure(tmp_path, environment, [sys.executable, "-c", code])
    assert "Kaggle needs credentials: get a token at https://www.kaggle.com/settings" in message


@pytest.mark.parametrize("token", ["KGAT_of_nobody", TOKEN + "\n"])
def test_a_wrong_token_is_one_line(tmp_path: Path, environment: dict[str, str], token: str) -> None:
    message = failure(tmp_path, environment | {"KAGGLE_API_TOKEN": token})
    assert "does not accept the credentials: get a token at https://www.kaggle.com/settings" in message
    assert token.strip() not in message


@pytest.mark.parametrize(
    ("status", "remedy"),
    [
        (401, "does not accept the credentials: get a token"),
        (403, "does not give you this data set: is `data.dataset` right? If so, get a token"),
        (404, "there is no such data set: look at `data.dataset` in params.yaml"),
        (429, "wait some minutes"),
        (503, "try again later"),
    ],
)
def test_what_kaggle_refuses_is_one_line(
    tmp_path: Path, server: FakeKaggle, environment: dict[str, str], status: int, remedy: str
) -> None:
    server.status = status
    message = failure(tmp_path, environment | CREDENTIALS["name and key"])
    assert f"msambare/fer2013: Kaggle answers {status}: " in message
    assert remedy in message


@pytest.mark.parametrize("kind", CREDENTIALS)
def test_no_network_is_one_line(tmp_path: Path, environment: dict[str, str], kind: str) -> None:
    environment |= {"HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}
    assert "no connection to Kaggle" in failure(tmp_path, environment | CREDENTIALS[kind])


def test_what_is_no_zip_is_not_kept(tmp_path: Path, server: FakeKaggle, environment: dict[str, str]) -> None:
    server.content = b"<html>"
    assert "did not send a whole zip" in failure(tmp_path, environment | CREDENTIALS["token"])
    assert list((tmp_path / "data").rglob("*.zip")) == []


def test_a_full_disk_is_one_line(tmp_path: Path, environment: dict[str, str]) -> None:
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount a small disk")
    (tmp_path / "data").mkdir()
    # The client tries five times, with a minute of pauses.
    code = "import time; time.sleep = lambda _: None; from emotion import errors; from emotion.data import kaggle; "
    code += "errors.run(kaggle.main)"
    mount = 'mount -t tmpfs -o size=1m none data && exec "$0" -c "$1"'
    command = ["unshare", "-rm", "sh", "-c", mount, sys.executable, code]
    assert "the disk is full" in failure(tmp_path, environment | CREDENTIALS["token"], command)


def test_other_sources_need_no_zip(tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "params.yaml").write_text(PARAMS.replace("zip", "sample"))
    assert run(tmp_path, environment).returncode == 0
