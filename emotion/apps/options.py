"""What several commands share: a classifier from their options, a listening socket, the report of what is not read."""

import argparse
import errno
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from emotion.core import folders
from emotion.core.errors import InputError
from emotion.core.folders import Refused
from emotion.core.labels import EMOTIONS
from emotion.inference.predictor import EmotionClassifier

# How faces are found: options of each command, and arguments of EmotionClassifier.
DETECTION = ("detector", "min_face_size", "min_detection_score", "upright")


def detection_of(options: argparse.Namespace) -> dict[str, Any]:
    """Return the options that say how faces are found, by their names."""
    return {name: getattr(options, name) for name in DETECTION}


def classifier_of(options: argparse.Namespace, **others: Any) -> EmotionClassifier:
    """Return the classifier that the options describe; `others` replaces some of them.

    Raises:
        InputError: A file is missing or not what it should be.
    """
    given = {"model": options.model, "priors": options.priors, **detection_of(options)}
    return EmotionClassifier(**given | others)


def make_folder(folder: Path) -> None:
    """Create a folder for what -o names, unless it exists.

    Raises:
        InputError: A file is in the way, or nothing may be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise InputError(f"{folder}: a file is in the way: choose another folder with -o") from None
    except OSError as error:
        raise InputError(f"{folder}: cannot be created ({error.strerror}): choose another folder with -o") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(f"{folder}: nothing may be written there: choose another folder with -o")


def require_emotions(classifier: EmotionClassifier, model: str | None) -> None:
    """Raise an InputError that names the model's file if its labels are not the seven emotions."""
    if set(classifier.labels) != set(EMOTIONS):
        raise InputError(f"{model}: its labels are not the seven emotions: {', '.join(classifier.labels)}")


def tell_unread(errors: Sequence[str], refused: Refused) -> int:
    """Print what could not be read and which other files folders hold; return the exit code, 0 for the latter alone."""
    for line in (*(f"error: {error}" for error in errors), *folders.told(refused)):
        print(line, file=sys.stderr)
    return int(bool(errors) or any(reason != folders.OTHER for _, reason in refused))


def discard_output() -> None:
    """Send what is still printed nowhere, because its reader has left."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens at an address.

    Raises:
        InputError: The port is in use or not allowed, or the host is not an address of this machine.
    """
    remedy = "choose another one, --port N or `make` with PORT=N"
    if not 0 <= port <= 65535:
        raise InputError(f"{port} is not a port, which are 0 to 65535 (0: any free one): {remedy}")
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        both = family == socket.AF_INET6 and socket.has_dualstack_ipv6()
        server = socket.create_server(address, family=family, backlog=2048, dualstack_ipv6=both)
    except PermissionError:
        raise InputError(f"port {port} requires administrator rights: {remedy}") from None
    except (OSError, UnicodeError) as error:  # the latter about what is no name at all, such as a..b
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            raise InputError(f"port {port} is in use: {remedy}") from None
        raise InputError(f"{host} is not an address of this machine: try 127.0.0.1 or 0.0.0.0") from None
    # Connections inherit it. asyncio sets it only on sockets with an explicit protocol; without it, the body of a
    # response waits until the client has acknowledged its head, up to 40 ms.
    server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return server


def address(host: str, port: int) -> str:
    """Return the address at which a browser on this machine opens what listens at that host and port."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


def cores() -> int:
    """Return how many CPU cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
