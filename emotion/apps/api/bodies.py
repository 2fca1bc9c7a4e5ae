"""Read the pictures in the body of a request."""

import base64

from fastapi import Request
from pydantic import ValidationError
from python_multipart.exceptions import MultipartParseError
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from emotion.apps.api.problems import Problem
from emotion.apps.api.schema import Images
from emotion.apps.api.settings import Settings
from emotion.apps.api.workers import Upload

MULTIPART = "multipart/form-data"
JSON = "application/json"
FIELD = "images"


class _Parser(MultiPartParser):
    """Notes whether the closing boundary has arrived; python-multipart drops a last part that is cut off."""

    complete = False

    def on_end(self) -> None:
        """Note the closing boundary."""
        self.complete = True


async def read(request: Request, settings: Settings) -> list[Upload] | bytes:
    """Return the pictures of a multipart body, or a JSON body unparsed: a worker parses it.

    Raises:
        Problem: The body has another content type, is malformed, or holds no pictures or too many.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in (MULTIPART, JSON) or request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Problem(415, f"Send {MULTIPART} or {JSON}, without Content-Encoding.")
    return await request.body() if kind == JSON else await _multipart(request, settings)


async def _multipart(request: Request, settings: Settings) -> list[Upload]:
    parser = _Parser(request.headers, request.stream(), max_files=settings.max_images, max_fields=1)
    parser.spool_max_size = settings.max_bytes + 1  # so that no picture is written to a disk
    try:
        form = await parser.parse()
    except (MultiPartException, MultipartParseError) as error:  # Starlette 1.0 lets the latter pass
        raise Problem(422 if str(error).startswith("Too many files") else 400, str(error)) from None
    uploads: list[Upload] = []
    try:
        if not parser.complete:
            raise Problem(400, "The closing boundary is missing: the last part may be cut off. Send all again.")
        for name, value in form.multi_items():
            if name != FIELD or not isinstance(value, UploadFile):
                raise Problem(422, f"Each part must be a file named {FIELD}: curl -F {FIELD}=@photo.jpg")
            uploads.append((value.filename, await value.read()))
    finally:
        await form.close()
    if not uploads:
        raise Problem(422, f"There is no picture: send one or more files named {FIELD}.")
    return uploads


def parse(body: bytes, settings: Settings) -> list[Upload]:
    """Return the pictures of a JSON body.

    Raises:
        Problem: It is not JSON, has other fields, or a picture is not base64.
    """
    try:
        # Base64 in lines, pasted into a string, is no valid JSON; elsewhere line breaks mean nothing.
        texts = Images.model_validate_json(body.translate(None, b"\r\n")).images
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = "".join(f"{place}: " for place in first["loc"])
        raise Problem(400 if first["type"] == "json_invalid" else 422, where + first["msg"]) from None
    if len(texts) > settings.max_images:
        raise Problem(422, f"{FIELD}: {len(texts)} pictures: at most {settings.max_images} per request are allowed.")
    return [(None, _decoded(text, number)) for number, text in enumerate(texts, 1)]


def _decoded(text: str, number: int) -> bytes:
    """Return the bytes of base64 text, also in lines, as mail has it, or after the head of a `data:` URL."""
    head, comma, rest = text.partition(",")
    if comma and head[:5].lower() == "data:" and head[-7:].lower() == ";base64":
        text = rest
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except ValueError:
        raise Problem(422, f"{FIELD}: picture {number} is not base64; URLs are not fetched.") from None
