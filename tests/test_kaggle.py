"""Downloads with the real client from a local server that acts as Kaggle, with an empty HOME."""

import signal
import subprocess
import sys
import time
import zipfile

import pytest
import yaml

from tests.fake_kaggle import CODE, COMMAND, CREDENTIALS, TOKEN, ZIP, FakeKaggle, kaggle
from tests.inputs import DATA, make_zip

assert kaggle  # a fixture


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


def test_an_error_page_is_not_kept_as_the_rest_of_a_download(kaggle: FakeKaggle):
    kaggle.expires = True
    assert kaggle.failure(**CREDENTIALS["name and key"]).endswith("was interrupted: run the same command again")
    kaggle.expires = False
    assert kaggle.run(**CREDENTIALS["name and key"]).returncode == 0
    assert (kaggle.folder / ZIP).read_bytes() == kaggle.content


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
