"""Limits of a request's size and of the time that it may take to arrive; both are checked before it is parsed."""

import asyncio
import contextlib
import re

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.auto import AutoHTTPProtocol  # the fastest of the installed ones

from emotion.apps.api.problems import Problem
from emotion.apps.api.settings import Settings

UPGRADE = re.compile(rb"(?i)\r\nupgrade:")
LINGER_SECONDS = 1.0  # a client that is still sending reads no response; after this the connection is closed


class Limits:
    """ASGI middleware that counts the received bytes; too many are a Problem where the body is read."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = _Body(self._settings, dict(scope["headers"]), receive)

        async def counted() -> Message:
            message = await body.receive()
            size = len(message.get("body", b""))
            body.size += size
            self._held += size
            body.require_size(body.size)
            if self._held > self._settings.max_held_bytes:
                raise Problem(503, "The server holds as many pictures as it can: try again.", retry_after=1)
            return message

        async def respond(message: Message) -> None:
            if message["type"] == "http.response.start":
                await body.linger()
                if not body.ended:
                    message["headers"] = [*message["headers"], (b"connection", b"close")]
            await send(message)

        try:
            await self._app(scope, counted, respond)
        finally:
            self._held -= body.size


class _Body:
    """The body of one request, as far as it has arrived."""

    def __init__(self, settings: Settings, headers: dict[bytes, bytes], receive: Receive) -> None:
        self._settings = settings
        self._headers = headers
        self._receive = receive
        self._announced = int(headers.get(b"content-length", b"0"))
        self._deadline = asyncio.get_running_loop().time() + settings.upload_seconds
        self.size = 0
        self.ended = not self._announced and b"transfer-encoding" not in headers

    async def receive(self) -> Message:
        """Return the client's next message.

        Raises:
            Problem: It announces too large a body, or takes too long.
        """
        self.require_size(self._announced)
        try:
            async with asyncio.timeout_at(None if self.ended else self._deadline):
                message = await self._receive()
        except TimeoutError:
            raise Problem(408, f"The request took longer than {self._settings.upload_seconds:g} seconds.") from None
        self.ended = message["type"] == "http.disconnect" or not message.get("more_body", False)
        return message

    def require_size(self, size: int) -> None:
        """Raise a Problem if a body of that many bytes is too large."""
        if size > self._settings.max_bytes:
            raise Problem(413, f"A request may have at most {self._settings.max_bytes:,} bytes.")

    async def linger(self) -> None:
        """Discard what still arrives for a moment; otherwise the client would not read the response."""
        if self._headers.get(b"expect", b"").lower() == b"100-continue" and not self.size:
            return  # the client is waiting for us
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                while not self.ended:
                    message = await self._receive()
                    self.ended = not message.get("more_body", False)


class Deadline(AutoHTTPProtocol):  # type: ignore[valid-type,misc]
    """uvicorn's protocol with a time limit for the head of a request, which ignores the offer of another protocol.

    uvicorn itself waits for ever, and middleware runs only after the head is complete. httptools takes the offer and
    drops the body, but a server may ignore it (RFC 9110, 7.8): Java's HttpClient offers HTTP/2 with each request.
    """

    def __init__(self, *arguments: object, seconds: float, **named: object) -> None:
        super().__init__(*arguments, **named)
        self._seconds = seconds
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Start the timer."""
        super().connection_made(transport)
        self._start()

    def data_received(self, data: bytes) -> None:
        """Stop the timer if the head is complete."""
        if self.cycle is None or self.cycle.response_complete:
            data = _without_offer(data)
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop()
        elif self._timer is None:
            self._start()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer."""
        self._stop()
        super().connection_lost(exc)

    def _start(self) -> None:
        self._timer = self.loop.call_later(self._seconds, self.transport.close)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _without_offer(data: bytes) -> bytes:
    """Return the first bytes of a request, in whose head the offer of another protocol has another name."""
    head, end, rest = data.partition(b"\r\n\r\n")
    return UPGRADE.sub(b"\r\nx-upgrade:", head) + end + rest
