"""Clients of an HTTP server, as many at once as asked for, that cost little themselves."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np


@dataclass
class Load:
    """What clients met: seconds of each request, all seconds, requests without the answer 200."""

    times: list[float] = field(default_factory=list)
    seconds: float = 0.0
    errors: int = 0

    def percentile(self, share: float) -> float:
        """Return the milliseconds in which that share of the requests, in percent, was answered."""
        return float(np.percentile(self.times, share)) * 1000


def multipart(target: str, picture: bytes) -> bytes:
    """Return a whole request that sends a picture."""
    head = b'--b\r\nContent-Disposition: form-data; name="images"; filename="a.jpg"\r\n\r\n'
    body = head + picture + b"\r\n--b--\r\n"
    first = f"POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\n"
    return f"{first}Content-Length: {len(body)}\r\n\r\n".encode() + body


def load(port: int, requests: list[bytes], clients: int, count: int) -> Load:
    """Send that many requests, in turn those given; each client waits for its answer before it sends the next."""
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
            met.errors, closed = met.errors + 1, True
        met.times.append(time.perf_counter() - start)
        if closed and writer:
            writer.close()
            writer = None
    if writer:
        writer.close()
