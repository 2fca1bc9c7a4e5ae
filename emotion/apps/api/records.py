"""Logs and metrics of the API: a line of JSON for each request, and numbers for Prometheus. Never a picture."""

import json
import logging
import os
import re
import sys
import time
import uuid
from typing import Any, TextIO

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from emotion.apps.api.problems import CLIENT_GONE, LOGGER
from emotion.apps.options import discard_output

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
CLIENT_ID = re.compile(r"[\w-]{1,64}", re.ASCII)


class Metrics:
    """The metrics; several worker processes share a folder of files (PROMETHEUS_MULTIPROC_DIR)."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "emotion_requests", "Responses.", ("path", "status"), registry=self._registry
        )  # Prometheus appends _total
        self.seconds = Histogram(
            "emotion_request_seconds", "From the head of a request to the end of its response.", ("path",),
            buckets=SECONDS, registry=self._registry,
        )  # fmt: skip
        self.images = Counter("emotion_images", "Classified pictures.", registry=self._registry)
        self.faces = Counter("emotion_faces", "Faces in them.", registry=self._registry)
        self.waiting = Gauge(
            "emotion_waiting", "Requests that are waiting or being processed.", registry=self._registry,
            multiprocess_mode="livesum",
        )  # fmt: skip

    def text(self) -> bytes:
        """Return all metrics in the format of Prometheus."""
        registry = self._registry
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return prometheus_client.generate_latest(registry)


class Records:
    """ASGI middleware that gives each request an id, and counts and logs it once it is answered."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics
        self._logger = logging.getLogger(LOGGER)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = time.perf_counter()
        status = CLIENT_GONE
        number = _request_id(scope)
        scope.setdefault("state", {})["id"] = number

        async def respond(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", number.encode())]
            await send(message)

        try:
            await self._app(scope, receive, respond)
        except Exception:  # a bug, to which an outer layer responds
            status = 500
            raise
        finally:
            self._record(scope, status, time.perf_counter() - start)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        path = getattr(scope.get("route"), "path", "other")  # paths that clients invent must not become labels
        self._metrics.requests.labels(path, status).inc()
        self._metrics.seconds.labels(path).observe(seconds)
        facts = {"id": scope["state"]["id"], "method": scope["method"], "path": path, "status": status}
        facts |= {"ms": round(1e3 * seconds, 1), "client": (scope.get("client") or ("",))[0]}
        self._logger.info("request", extra={"facts": facts | scope["state"].get("log", {})})


def _request_id(scope: Scope) -> str:
    """Return the client's id of a request if it is harmless, else a new one."""
    given = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
    return given if CLIENT_ID.fullmatch(given) else str(uuid.uuid4())


class Lines(logging.Formatter):
    """Formats a record as one line of JSON; times are UTC."""

    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as JSON."""
        line: dict[str, Any] = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S") + f".{int(record.msecs):03}Z",
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)


class Output(logging.StreamHandler[TextIO]):
    """Standard output, for as long as somebody reads it: `emotion api | head` still serves."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Discard all further lines once the reader has left."""
        if isinstance(sys.exc_info()[1], BrokenPipeError):
            discard_output()
        else:
            super().handleError(record)


def start_logging() -> None:
    """Log to standard output."""
    handler = Output(sys.stdout)
    handler.setFormatter(Lines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
