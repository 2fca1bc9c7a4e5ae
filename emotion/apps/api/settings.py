"""The API's settings, read from environment variables; each is EMOTION_ and the setting's name in capitals."""

import difflib
import os
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from emotion.core.errors import InputError, suggest
from emotion.detection.names import DEFAULT, MIN_FACE_SIZE

PREFIX = "EMOTION_"
LINKS = ("_PORT", "_SERVICE_", "_ENV_")  # in what Kubernetes and Docker set for a service called emotion


class Settings(BaseModel):
    """Limits, key and model of the API.

    Attributes:
        model: File of the network; None takes the one that this project ships.
        detector: Detects faces, see `emotion.detection.detectors`.
        min_face_size: Side in pixels of the smallest face to detect.
        min_detection_score: Minimum score of a face, on the detector's own scale; None takes the detector's default.
        upright: Turn a face whose eyes slope by 15 degrees or more until they are level.
        api_key: Clients must send it; empty lets everybody in.
        rate: Limit of requests per client address, such as `600/minute`; empty: no limit.
        rate_storage: Where the library `limits` counts them; `async+redis://...` is shared by several servers.
        max_bytes: Of a request.
        max_held_bytes: Of all requests that are being received or processed.
        max_pixels: Of a picture, checked before it is decoded.
        max_images: Of a request.
        max_faces: Of a picture.
        header_seconds: Within which the head of a request must arrive.
        upload_seconds: Within which the whole request must arrive.
        predict_seconds: Within which the response must be ready after that.
        max_queue: Requests that are waiting or being processed.
        threads: Of the predictions; 0: one for each core.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str | None = None
    detector: str = DEFAULT
    min_face_size: int = Field(MIN_FACE_SIZE, ge=1)
    min_detection_score: float | None = None
    upright: bool = True
    api_key: str = ""
    rate: str = ""
    rate_storage: str = "async+memory://"
    max_bytes: int = Field(10_000_000, ge=1)
    max_held_bytes: int = Field(256_000_000, ge=1)
    max_pixels: int = Field(25_000_000, ge=1, le=80_000_000)
    max_images: int = Field(16, ge=1)
    max_faces: int = Field(256, ge=1)
    header_seconds: float = Field(10, gt=0)
    upload_seconds: float = Field(30, gt=0)
    predict_seconds: float = Field(10, gt=0)
    max_queue: int = Field(64, ge=1)
    threads: int = Field(0, ge=0)


def read(environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings of an environment, by default that of this process.

    Raises:
        InputError: A variable is misspelt or has an invalid value.
    """
    _refuse_misspelt(environment)
    values = {name: environment[variable(name)] for name in Settings.model_fields if environment.get(variable(name))}
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = variable(str(first["loc"][0]))
        shown = "" if name == variable("api_key") else f" {environment[name]!r}"
        raise InputError(f"{name}{shown}: {first['msg'][0].lower()}{first['msg'][1:]}") from None
    if not settings.api_key.isascii():
        raise InputError(f"{variable('api_key')}: must be ASCII: headers cannot carry other characters")
    return settings


def _refuse_misspelt(environment: Mapping[str, str]) -> None:
    """Raise an InputError if a variable resembles a setting's; others with the prefix may belong to other programs."""
    known = list(Settings.model_fields)
    for name in environment:
        setting = name.removeprefix(PREFIX).lower()
        if name.startswith(PREFIX) and setting not in known and not any(link in name for link in LINKS):
            near = [variable(one) for one in difflib.get_close_matches(setting, known)]
            if near:
                raise InputError(f"unknown variable {name}{suggest(name, near)}")


def variable(name: str) -> str:
    """Return the environment variable of a setting."""
    return f"{PREFIX}{name.upper()}"
