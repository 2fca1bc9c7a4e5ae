"""An RTSP server on this machine, whose streams end early."""

import contextlib
import itertools
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

import numpy as np

from tests.pasted import write_video

PACKET = 7 * 188  # bytes of MPEG-TS in a packet of RTP
SDP = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=video 0 RTP/AVP 33\r\na=control:track\r\n"
HEADERS = {
    "OPTIONS": "Public: DESCRIBE, SETUP, PLAY\r\n",
    "DESCRIBE": f"Content-Type: application/sdp\r\nContent-Length: {len(SDP)}\r\n",
    "SETUP": "Session: 1\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n",
    "PLAY": "Session: 1\r\n",
}


@dataclass
class Stream:
    """A stream's address, and how many frames each connection so far was sent."""

    address: str
    connections: list[int] = field(default_factory=list)


@contextmanager
def streamed(folder: Path, *lengths: int) -> Iterator[Stream]:
    """Serve a stream that ends after so many frames: the first number counts for the first connection and so on."""
    # Before the first connection: OpenCV opens one video at a time.
    films = {length: _film(folder / "film.ts", length) for length in lengths}
    with socket.create_server(("127.0.0.1", 0)) as listening:
        stream = Stream(f"rtsp://127.0.0.1:{listening.getsockname()[1]}/film")

        def serve() -> None:
            for length in itertools.chain(lengths, itertools.repeat(lengths[-1])):
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                stream.connections.append(length)
                with connection, contextlib.suppress(OSError):  # the client may leave early
                    _respond(connection, films[length])

        thread = Thread(target=serve)
        thread.start()
        yield stream
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


def _film(path: Path, frames: int) -> bytes:
    # FFmpeg drops the last one of a stream that breaks off.
    write_video(path, [np.full((240, 320, 3), 90, np.uint8)] * (frames + 1))
    return path.read_bytes()


def _respond(connection: socket.socket, film: bytes) -> None:
    with connection.makefile("rwb") as file:
        while line := file.readline():
            method = line.split()[0].decode()
            headers = dict(header.split(b": ", 1) for header in iter(file.readline, b"\r\n"))
            start = f"RTSP/1.0 200 OK\r\nCSeq: {int(headers[b'CSeq'])}\r\n{HEADERS[method]}\r\n"
            file.write((start + (SDP if method == "DESCRIBE" else "")).encode())
            file.flush()
            if method == "PLAY":
                file.writelines(_packets(film))
                return


def _packets(film: bytes) -> Iterator[bytes]:
    """Yield packets of RTP as RTSP's own connection carries them."""
    for number, start in enumerate(range(0, len(film), PACKET)):
        packet = struct.pack(">BBHII", 0x80, 33, number, 3600 * number, 1) + film[start : start + PACKET]
        yield struct.pack(">cBH", b"$", 0, len(packet)) + packet
