"""What the API tells those who run it: a line of JSON for each request, and metrics for Prometheus. Never a picture."""

import json
import logging
import os
import re
import sys
import time
import uuid
from typing import Any

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from emotion.apps.api_problems import CLIENT_GONE, LOGGER

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
GIVEN_ID = re.compile(r"[\w-]{1,64}", re.ASCII)


class Metrics:
    """What is counted; several worker processes share a folder of files (PROMETHEUS_MULTIPROC_DIR)."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "emotion_requests", "Answers.", ("path", "status"), registry=self._registry
        )  # Prometheus appends _total
        self.seconds = Histogram(
            "emotion_request_seconds", "From a request's head to its answer's end.", ("path",),
            buckets=SECONDS, registry=self._registry,
        )  # fmt: skip
        self.images = Counter("emotion_images", "Pictures that were answered.", registry=self._registry)
        self.faces = Counter("emotion_faces", "Faces in them.", registry=self._registry)
        self.waiting = Gauge(
            "emotion_waiting", "Requests that wait or are being computed.", registry=self._registry,
            multiprocess_mode="livesum",
        )  # fmt: skip

    def text(self) -> bytes:
        """Return everything as Prometheus reads it."""
        registry = self._registry
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return prometheus_client.generate_latest(registry)


class Records:
    """ASGI middleware: gives each request an id, counts it and logs it when it is answered."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics, self._logger = app, metrics, logging.getLogger(LOGGER)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start, status = time.perf_counter(), CLIENT_GONE
        given = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
        number = given if GIVEN_ID.fullmatch(given) else str(uuid.uuid4())
        scope.setdefault("state", {})["id"] = number

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", number.encode())]
            await send(message)

        try:
            await self._app(scope, receive, answer)
        except Exception:  # a bug, which is answered further out
            status = 500
            raise
        finally:
            seconds = time.perf_counter() - start
            path = getattr(scope.get("route"), "path", "other")  # what clients make up is no label
            self._metrics.requests.labels(path, status).inc()
            self._metrics.seconds.labels(path).observe(seconds)
            facts = {"id": number, "method": scope["method"], "path": path, "status": status}
            facts |= {"ms": round(1e3 * seconds, 1), "client": (scope.get("client") or ("",))[0]}
            self._logger.info("request", extra={"facts": facts | scope["state"].get("told", {})})


class Lines(logging.Formatter):
    """One JSON object a line; times are UTC."""

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


def start_logging() -> None:
    """Let this process log to standard output; what uvicorn says of each request stands there already."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(Lines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("uvicorn.access").handlers = []
    logging.getLogger("uvicorn.access").propagate = False
