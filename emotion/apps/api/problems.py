"""Errors as clients receive them: RFC 9457, application/problem+json."""

import http
import logging
from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

LOGGER = "emotion.api"
MEDIA_TYPE = "application/problem+json"
CLIENT_GONE = 499  # as in nginx; logs and metrics show it, but no client receives it


class Problem(Exception):
    """Ends a request.

    Args:
        status: Of HTTP.
        detail: One sentence for the client.
        retry_after: Seconds after which the same request may succeed.
        headers: Of the response.
    """

    def __init__(
        self, status: int, detail: str, retry_after: int | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {}) | ({"Retry-After": str(retry_after)} if retry_after is not None else {})


class ProblemDetails(BaseModel):
    """What is wrong with a request (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    instance: str | None = Field(None, description="the id of the request, as in the header X-Request-ID")


def install(app: FastAPI) -> None:
    """Turn all errors of an app into problem responses."""
    app.exception_handler(Problem)(_respond)
    app.exception_handler(HTTPException)(_of_framework)
    app.exception_handler(RequestValidationError)(_of_parameters)
    app.exception_handler(ClientDisconnect)(_gone)
    app.exception_handler(Exception)(_bug)


async def _respond(request: Request, problem: Problem) -> Response:
    details = ProblemDetails(
        title=http.HTTPStatus(problem.status).phrase,
        status=problem.status,
        detail=problem.detail,
        instance=request.scope.get("state", {}).get("id"),
    )
    content = details.model_dump(exclude_none=True)
    return JSONResponse(content, problem.status, problem.headers, media_type=MEDIA_TYPE)


async def _of_framework(request: Request, error: HTTPException) -> Response:
    return await _respond(request, Problem(error.status_code, str(error.detail), headers=error.headers))


async def _of_parameters(request: Request, error: RequestValidationError) -> Response:
    found = [f"{'.'.join(map(str, one['loc'][1:]))}: {one['msg']}" for one in error.errors()]
    return await _respond(request, Problem(422, "; ".join(found)))


async def _gone(request: Request, error: ClientDisconnect) -> Response:
    return Response(status_code=CLIENT_GONE)


async def _bug(request: Request, error: Exception) -> Response:
    logging.getLogger(LOGGER).error("bug", exc_info=error)
    return await _respond(request, Problem(500, "Internal error: the server's log has the details."))
