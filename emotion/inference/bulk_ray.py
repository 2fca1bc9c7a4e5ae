"""Spans are scored by Ray Data, on this machine or on a cluster.

A span is a row of a Ray dataset; actors that hold the network open read its pictures themselves. So parts do not
depend on how Ray cuts files into blocks, and no picture goes through its object store.
"""

import logging
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import emotion
from emotion.errors import InputError
from emotion.inference import bulk_parts
from emotion.inference.bulk_plan import Span
from emotion.inference.bulk_scorer import Job, Scorer

LOCAL = "local"
STORE = 100_000_000  # bytes of this machine's object store, in which nothing large lies
PATIENCE = 3  # seconds for somebody to listen, and to answer
# What a client of gRPC, so of Ray's head, says first, and the kind of frame that the server begins with: RFC 9113, 3.4.
GREETING, SETTINGS = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]), 4


class Worker:
    """An actor of Ray Data."""

    def __init__(self, job: Job) -> None:
        self._job, self._scorer = job, Scorer(job)

    def __call__(self, row: dict[str, Any]) -> dict[str, str]:
        """Score one span; return what a person can act on, else nothing."""
        try:
            bulk_parts.score(Span(**row), self._job, self._scorer)
        except InputError as error:
            return {"error": str(error)}
        except OSError as error:
            return {"error": f"{error.filename or 'while writing'}: {error.strerror or error}"}
        return {"error": ""}


def run(spans: Sequence[Span], job: Job, workers: int | None, address: str) -> None:
    """Score all spans.

    Args:
        spans: The work.
        job: What workers have to know.
        workers: How many; None takes all CPUs of the cluster.
        address: HOST:PORT of a cluster's head, `auto` for the one to which this machine belongs, or LOCAL.

    Raises:
        InputError: No cluster answers, or a worker cannot do its work.
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
        except ray.exceptions.RayTaskError:  # our fault
            raise
        except ray.exceptions.RayError as error:
            raise InputError(
                f"--ray {address}: {str(error).strip().splitlines()[-1]}: every node must stay and have what "
                '`pip install "emotion[scale]"` installs; finished parts stay'
            ) from None


@contextmanager
def _connected(address: str, workers: int | None) -> Iterator[int]:
    """Give the number of CPUs of a cluster."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # tell nobody
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # what matters is told in our own words
    if address not in (LOCAL, "auto"):
        require_head(address)
    import ray

    code = {"py_modules": [str(Path(emotion.__file__).parent)]}  # other nodes need its dependencies alone
    here: dict[str, Any] = {"num_cpus": workers, "include_dashboard": False, "object_store_memory": STORE}
    try:
        ray.init(
            address,
            **(here if address == LOCAL else {}),
            runtime_env=code,
            log_to_driver=False,
            logging_level=logging.CRITICAL,
        )
    except Exception as error:  # Ray raises whatever it runs into
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        remedy = "`--ray off` does without" if address == LOCAL else "run this on a node of a cluster (`ray start`)"
        raise InputError(f"--ray {address}: {reason.rstrip('.')}: {remedy}") from None
    try:
        yield max(1, int(ray.cluster_resources().get("CPU", 1)))  # type: ignore[no-untyped-call]
    finally:
        ray.shutdown()


def require_head(address: str) -> None:
    """Do nothing if somebody at HOST:PORT speaks as Ray's head does; Ray itself would try for a minute.

    Raises:
        InputError: Nobody does, or this is no such address.
    """
    host, _, port = address.rpartition(":")
    if not (host and port.isdigit()) or "/" in host:
        raise InputError(f"--ray {address}: write HOST:PORT, such as 192.168.0.1:6379, which `ray start --head` prints")
    try:
        connection = socket.create_connection((host, int(port)), PATIENCE)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(
            f"--ray {address}: nobody listens there ({reason}): `ray start --head` starts a cluster"
        ) from None
    with connection:
        if os.environ.get("RAY_USE_TLS", "0") == "0" and not _greets(connection):
            raise InputError(f"--ray {address}: no Ray cluster answers there: `ray start --head` prints its port")


def _greets(connection: socket.socket) -> bool:
    try:
        connection.sendall(GREETING)
        frame = connection.recv(9)
    except OSError:
        return False
    return len(frame) > 3 and frame[3] == SETTINGS
