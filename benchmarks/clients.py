"""Concurrent HTTP clients that cost little CPU time themselves, and the pictures that they send."""

import asyncio
import io
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np
from PIL import Image

from emotion.core.labels import EMOTIONS
from emotion.synthetic.drawn import draw_face


@dataclass
class Load:
    """The latencies of requests in seconds, the time of them all, and the number without status 200."""

    times: list[float] = field(default_factory=list)
    seconds: float = 0.0
    errors: int = 0

    def percentile(self, percent: float) -> float:
        """Return a percentile of the latency in ms."""
        return float(np.percentile(self.times, percent)) * 1000


def multipart(target: str, picture: bytes) -> bytes:
    """Return a whole HTTP request with a picture."""
    head = b'--b\r\nContent-Disposition: form-data; name="images"; filename="a.jpg"\r\n\r\n'
    body = head + picture + b"\r\n--b--\r\n"
    first = f"POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\n"
    return f"{first}Content-Length: {len(body)}\r\n\r\n".encode() + body


def load(port: int, requests: list[bytes], clients: int, count: int) -> Load:
    """Send `count` requests, cycling through those given; each client waits for a response before its next one."""
    return asyncio.run(_load(port, requests, clients, count))


async def _load(port: int, requests: list[bytes], clients: int, count: int) -> Load:
    met, numbers, start = Load(), iter(range(count)), time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(clients):
            group.create_task(_client(port, requests, numbers, met))
    met.seconds = time.perf_counter() - start
    return met


async def _client(port: int, requests: list[bytes], numbers: Iterator[int], met: Load) -> None:
    writer: asyncio.StreamWriter | None = None
    for number in numbers:
        start = time.perf_counter()
        try:
            if writer is None:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(requests[number % len(requests)])
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            await reader.readexactly(int(head.partition(b"content-length:")[2].split()[0]))
            met.errors += head.split()[1] != b"200"
            closed = b"connection: close" in head
        except (OSError, EOFError):
            met.errors += 1
            closed = True
        met.times.append(time.perf_counter() - start)
        if closed and writer:
            writer.close()
            writer = None
    if writer:
        writer.close()


def cropped() -> list[bytes]:
    """Return PNG files of face crops."""
    return [encoded(draw_face(name, np.random.default_rng([number]))) for number, name in enumerate(EMOTIONS)]


def photographs() -> list[bytes]:
    """Return JPEG files of 640x480 pictures, each with two faces on a ground of soft shapes."""
    made = []
    for number in range(8):
        rng = np.random.default_rng([number])
        ground = cv2.GaussianBlur(rng.integers(0, 256, (480, 640), np.uint8), (0, 0), 12).astype(float)
        picture = 60 + 120 * (ground - ground.min()) / np.ptp(ground)
        for left in (60, 380):
            picture[120:270, left : left + 150] = cv2.resize(draw_face("happy", rng), (150, 150))
        made.append(encoded(np.repeat(picture.astype(np.uint8)[..., None], 3, axis=2), "JPEG"))
    return made


def encoded(picture: np.ndarray, form: str = "PNG") -> bytes:
    """Return the file of a picture."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, form)
    return file.getvalue()
