"""Files that are downloaded by URL and known by their hash."""

import hashlib
import time
import urllib.request
from http.client import HTTPException, IncompleteRead
from pathlib import Path

from pydantic import Field

from emotion.core.errors import InputError
from emotion.core.params import Section

LOCAL = Path("data/external")  # where a file is looked for before it is downloaded
ATTEMPTS = 3
PAUSE_SECONDS = 2.0  # before the second attempt, twice as long before the third
TIMEOUT_SECONDS = 60
MAX_BYTES = 1 << 30
SHA256_DIGITS = 64


class PretrainedSettings(Section):
    """One entry of section `pretrained` of params.yaml.

    Attributes:
        file: Its name in data/pretrained and data/external.
        url: Where it is downloaded.
        hash: Its SHA-256 or, where only that is published, its MD5.
    """

    file: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    url: str = Field(pattern=r"^https?://")
    hash: str = Field(pattern=r"^([0-9a-f]{64}|[0-9a-f]{32})$")


def fetch(url: str, expected: str, name: str) -> bytes:
    """Return the content of a file: of data/external/<name> if it is there, else downloaded.

    Args:
        url: Where it is downloaded.
        expected: Its SHA-256 or MD5, which says that it is the right one.
        name: Of the file in data/external.

    Raises:
        InputError: It cannot be downloaded, or its hash is another one.
    """
    local = LOCAL / name
    if local.is_file():
        return checked(local.read_bytes(), expected, str(local))
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as response:
                content = response.read(MAX_BYTES)
                if response.length:  # read(n) does not mind a lost connection
                    raise IncompleteRead(content, response.length)
            return checked(content, expected, url)
        except (OSError, HTTPException) as error:  # of urllib and sockets, and for what is no HTTP
            reason = str(getattr(error, "reason", error)).strip()
            if attempt == ATTEMPTS or 400 <= getattr(error, "code", 0) < 500:
                break
        time.sleep(PAUSE_SECONDS * attempt)
    raise InputError(f"{url} cannot be downloaded ({reason}): try again, or save it as {local}")


def checked(content: bytes, expected: str, origin: str) -> bytes:
    """Return a file's content.

    Args:
        content: What was read.
        expected: Its SHA-256 or MD5, in hexadecimal digits.
        origin: What the error calls the file.

    Raises:
        InputError: It has another hash.
    """
    kind, name = ("sha256", "SHA-256") if len(expected) == SHA256_DIGITS else ("md5", "MD5")
    found = hashlib.new(kind, content, usedforsecurity=False).hexdigest()
    if found != expected:
        raise InputError(f"{origin}: not the expected file: its {name} is {found}, not {expected}")
    return content
