"""An empty repository, what is staged there, and made-up credentials."""

import subprocess
from pathlib import Path

import pytest

HEX = "0123456789abcdef"
KEYS = {  # put together here, so that this file itself may be committed
    "KGAT_" + 2 * HEX: "a Kaggle token",
    '{"username": "me", "key": "' + 2 * HEX + '"}': "a Kaggle key",
    "os.environ['KAGGLE_KEY'] = '" + 2 * HEX + "'": "a Kaggle key",
    "AKIA" + "IOSFODNN7ABCDEFG": "an AWS access key",
    "aws_secret_access_key = " + "wJalrXUtnFEMI/K7MDENG+bPxRfiCYABCDEFGHIJ": "an AWS secret key",
    "-----BEGIN OPENSSH " + "PRIVATE KEY-----": "a private key",
    "-----BEGIN " + "PRIVATE KEY-----": "a private key",
    "machine example.org " + "login me password secret": "a password for a machine",
    "ghp_" + 36 * "a": "a token of GitHub",
    "glpat-" + 20 * "b": "a token of GitLab",
    "hf_" + 34 * "c": "a token of Hugging Face",
    "AIza" + 35 * "d": "a key of Google",
    "AccountKey=" + 86 * "e" + "==": "an account key of Azure",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty repository, in which the test works."""
    monkeypatch.chdir(tmp_path)
    subprocess.run(["git", "init", "--quiet"], check=True)
    return tmp_path


def staged(path: str, content: str | bytes) -> Path:
    """Write a file and stage it."""
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    subprocess.run(["git", "add", "--force", path], check=True)
    return file
