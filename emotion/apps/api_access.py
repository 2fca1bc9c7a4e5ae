"""Who may ask the API, and how often."""

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

from emotion.apps.api_problems import Problem
from emotion.apps.api_settings import Settings
from emotion.errors import InputError

Rule = Callable[..., Awaitable[None]]
KEY = APIKeyHeader(name="X-API-Key", auto_error=False, description="needed if the server has EMOTION_API_KEY")


def key(settings: Settings) -> Rule | None:
    """Return what lets only those in who know the key, if there is one."""
    wanted = settings.api_key.encode()
    if not wanted:
        return None

    async def require(given: Annotated[str | None, Depends(KEY)]) -> None:
        if not hmac.compare_digest((given or "").encode(), wanted):
            raise Problem(401, "Send the key of this server as X-API-Key.", headers={"WWW-Authenticate": "X-API-Key"})

    return require


def rate(settings: Settings) -> Rule | None:
    """Return what lets an address ask only so often."""
    if not settings.rate:
        return None
    try:
        most = limits.parse(settings.rate)
        limiter = SlidingWindowCounterRateLimiter(storage_from_string(settings.rate_storage))
    except Exception as error:  # of the libraries behind it
        raise InputError(f"EMOTION_RATE or EMOTION_RATE_STORAGE: not possible ({error}): write 600/minute") from None

    async def require(request: Request) -> None:
        who = request.client.host if request.client else ""
        if not await limiter.hit(most, who):
            free = (await limiter.get_window_stats(most, who)).reset_time
            raise Problem(429, f"No more than {settings.rate}.", retry_after=max(1, math.ceil(free - time.time())))

    return require
