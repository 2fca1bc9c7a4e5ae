"""From the body of a request to the files of pictures that it holds."""

import base64
import binascii

from fastapi import Request
from pydantic import ValidationError
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from emotion.apps.api_problems import Problem
from emotion.apps.api_schema import Images
from emotion.apps.api_settings import Settings
from emotion.apps.api_workers import Given

ACCEPTED = "multipart/form-data", "application/json"
FIELD = "images"


async def read(request: Request, settings: Settings) -> list[Given] | bytes:
    """Return the pictures of multipart, or the body if it is JSON, which a worker is to parse.

    Raises:
        Problem: The body is of another kind, is not what it says, or holds no picture or too many.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ACCEPTED or request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Problem(415, f"Send {' or '.join(ACCEPTED)}, without Content-Encoding.")
    return await request.body() if kind == ACCEPTED[1] else await _multipart(request, settings)


async def _multipart(request: Request, settings: Settings) -> list[Given]:
    parser = MultiPartParser(request.headers, request.stream(), max_files=settings.max_images, max_fields=1)
    parser.spool_max_size = settings.max_bytes + 1  # a picture of somebody is not to lie on a disk
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise Problem(400, error.message) from None
    given: list[Given] = []
    try:
        for name, value in form.multi_items():
            if name != FIELD or not isinstance(value, UploadFile):
                raise Problem(422, f"Each part must be a file named {FIELD}: curl -F {FIELD}=@photo.jpg")
            given.append((value.filename, await value.read()))
    finally:
        await form.close()
    if not given:
        raise Problem(422, f"There is no picture: send one or more files named {FIELD}.")
    return given


def parse(body: bytes, settings: Settings) -> list[Given]:
    """Return the pictures of a JSON body.

    Raises:
        Problem: It is no JSON, holds other than it may, or what is no base64.
    """
    try:
        texts = Images.model_validate_json(body).images
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = "".join(f"{place}: " for place in first["loc"])
        raise Problem(400 if first["type"] == "json_invalid" else 422, where + first["msg"]) from None
    if len(texts) > settings.max_images:
        raise Problem(422, f"{FIELD}: {len(texts)} pictures: {settings.max_images} are the most in a request.")
    return [(None, _decoded(text, number)) for number, text in enumerate(texts, 1)]


def _decoded(text: str, number: int) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Problem(422, f"{FIELD}: picture {number} is not base64; addresses are not read.") from None
