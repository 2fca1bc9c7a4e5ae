"""A server on this machine that answers each request with the next of some statuses."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CONTENT = b"weights" * 1000
NO_HTTP, LOST = 0, 206  # statuses: a line that is no HTTP; a connection that is lost after some bytes


class Server(ThreadingHTTPServer):
    """The server, its address and the statuses that are left."""

    def __init__(self, *statuses: int) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.statuses = list(statuses)
        self.address = f"http://127.0.0.1:{self.server_port}/file"


class _Answers(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        status = self.server.statuses.pop(0)
        if status == NO_HTTP:
            self.wfile.write(b"hello\r\n\r\n")
            return
        self.send_response(status)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT if status == 200 else CONTENT[:2])

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@contextmanager
def answering(*statuses: int) -> Iterator[Server]:
    """Give a server that answers with these statuses, and with CONTENT where one is 200."""
    with Server(*statuses) as server:
        threading.Thread(target=partial(server.serve_forever, poll_interval=0.01), daemon=True).start()
        yield server
        server.shutdown()
