"""Score spans with Ray Data, on this machine or on a cluster.

A span is a row of a Ray dataset; actors with the open network read its pictures themselves. So parts do not depend on
how Ray divides files into blocks, and no picture passes through its object store.
"""

import logging
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from emotion.apps.batch import parts
from emotion.apps.batch.plan import Span
from emotion.apps.batch.scorer import Job
from emotion.core.errors import InputError
from emotion.detection.networks import PACKAGE, shipped

LOCAL = "local"
STORE_BYTES = 100_000_000  # of this machine's object store, which holds nothing large
TIMEOUT = 3  # seconds to connect, and to respond
# How a client of gRPC, as Ray's head speaks it, greets, and the type of the server's first frame: RFC 9113, 3.4.
GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
SETTINGS = 4


class Worker:
    """An actor of Ray Data."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def __call__(self, row: dict[str, Any]) -> dict[str, str]:
        """Score one span; return an error that users can fix, or an empty one."""
        try:
            parts.score(Span(**row), self._job)
        except InputError as error:
            return {"error": str(error)}
        except OSError as error:
            return {"error": f"{error.filename or 'while writing'}: {error.strerror or error}"}
        return {"error": ""}


def run(spans: Sequence[Span], job: Job, workers: int | None, address: str) -> None:
    """Score all spans.

    Args:
        spans: To score.
        job: What workers have to know.
        workers: Number of workers; None uses all CPUs of the cluster.
        address: HOST:PORT of a cluster's head, `auto` for the cluster of this machine, or LOCAL.

    Raises:
        InputError: No cluster responds, or a worker fails.
    """
    with _connected(address, workers) as cpus:
        import ray.data

        logging.getLogger("ray.data").setLevel(logging.CRITICAL)
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        data = ray.data.from_items([asdict(span) for span in spans], override_num_blocks=len(spans))
        actors = ray.data.ActorPoolStrategy(size=min(workers or cpus, cpus, len(spans)))
        try:
            for row in data.map(Worker, fn_constructor_args=(job,), compute=actors, num_cpus=1).iter_rows():  # type: ignore[arg-type]
                if row["error"]:
                    raise InputError(row["error"])
        except ray.exceptions.RayTaskError:  # a bug of ours
            raise
        except ray.exceptions.RayError as error:
            reason = str(error).strip().splitlines()[-1]
            remedy = 'every node must stay up and have the packages of `pip install ".[scale]"`'
            raise InputError(f"--ray {address}: {reason}: {remedy}; finished parts are kept") from None


@contextmanager
def _connected(address: str, workers: int | None) -> Iterator[int]:
    """Give the number of CPUs of a cluster."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # errors are reported in our own words
    if address not in (LOCAL, "auto"):
        require_head(address)
    import ray

    here: dict[str, Any] = {"num_cpus": workers, "include_dashboard": False, "object_store_memory": STORE_BYTES}
    try:
        with tempfile.TemporaryDirectory() as folder:
            ray.init(
                address,
                **(here if address == LOCAL else {}),
                runtime_env={"py_modules": [str(_package(Path(folder)))]},  # other nodes need only its dependencies
                log_to_driver=False,
                logging_level=logging.CRITICAL,
            )
    except Exception as error:  # Ray raises all kinds of exceptions
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        remedy = (
            "`--ray off` works without Ray" if address == LOCAL else "run this on a node of a cluster (`ray start`)"
        )
        raise InputError(f"--ray {address}: {reason.rstrip('.')}: {remedy}") from None
    try:
        yield max(1, int(ray.cluster_resources().get("CPU", 1)))  # type: ignore[no-untyped-call]
    finally:
        ray.shutdown()


def _package(folder: Path) -> Path:
    """Return a copy of the package that holds the face detector, as a wheel does; in a clone, it lies elsewhere."""
    package = folder / PACKAGE.name
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(shipped("mtcnn"), package / "mtcnn", dirs_exist_ok=True)
    return package


def require_head(address: str) -> None:
    """Check that a Ray cluster responds at HOST:PORT; Ray itself would try for a minute.

    Raises:
        InputError: None does, or this is not such an address.
    """
    host, _, port = address.rpartition(":")
    if not (host and port.isdigit()) or "/" in host:
        raise InputError(f"--ray {address}: write HOST:PORT, such as 192.168.0.1:6379, which `ray start --head` prints")
    try:
        connection = socket.create_connection((host, int(port)), TIMEOUT)
    except (OSError, OverflowError, UnicodeError) as error:  # of the network, the port, the name
        reason = getattr(error, "strerror", None) or error
        remedy = "`ray start --head` starts a cluster"
        raise InputError(f"--ray {address}: nobody listens there ({reason}): {remedy}") from None
    with connection:
        if os.environ.get("RAY_USE_TLS", "0") == "0" and not _greets(connection):
            raise InputError(f"--ray {address}: no Ray cluster responds there: `ray start --head` prints its port")


def _greets(connection: socket.socket) -> bool:
    try:
        connection.sendall(GREETING)
        frame = connection.recv(9)
    except OSError:
        return False
    return len(frame) > 3 and frame[3] == SETTINGS
