"""API keys and rate limits."""

import hmac
import math
import time
from collections.abc import Awaitable, Callable
from typing import Annotated

import limits
from fastapi import Depends, Request
from fastapi.security import APIKeyHeader
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.storage import storage_from_string

from emotion.apps.api.problems import Problem
from emotion.apps.api.settings import Settings
from emotion.core.errors import InputError

Rule = Callable[..., Awaitable[None]]
KEY = APIKeyHeader(name="X-API-Key", auto_error=False, description="required if the server has EMOTION_API_KEY")


def key(settings: Settings) -> Rule | None:
    """Return a dependency that refuses requests without the API key; None if there is no key."""
    expected = settings.api_key.encode()
    if not expected:
        return None

    async def require(given: Annotated[str | None, Depends(KEY)]) -> None:
        if not hmac.compare_digest((given or "").encode(), expected):
            raise Problem(401, "Send this server's key as X-API-Key.", headers={"WWW-Authenticate": "X-API-Key"})

    return require


def rate(settings: Settings) -> Rule | None:
    """Return a dependency that limits the requests of each client address; None if there is no limit."""
    if not settings.rate:
        return None
    try:
        limit = limits.parse(settings.rate)
        limiter = SlidingWindowCounterRateLimiter(storage_from_string(settings.rate_storage))
    except Exception as error:  # of the libraries behind it
        raise InputError(f"EMOTION_RATE or EMOTION_RATE_STORAGE is invalid ({error}): write 600/minute") from None

    async def require(request: Request) -> None:
        client = request.client.host if request.client else ""
        if not await limiter.hit(limit, client):
            reset = (await limiter.get_window_stats(limit, client)).reset_time
            raise Problem(429, f"The limit is {settings.rate}.", retry_after=max(1, math.ceil(reset - time.time())))

    return require
