"""What the API may be told by environment variables; each is named EMOTION_ and the setting in capitals."""

import os
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from emotion.errors import InputError

PREFIX = "EMOTION_"


class Settings(BaseModel):
    """Limits, key and model of the API.

    Attributes:
        api_key: What clients must send; empty lets everybody in.
        rate: Of requests by one address, such as `600/minute`; empty: no limit.
        rate_storage: Where they are counted, as the library limits names it; `async+redis://...` is shared by servers.
        max_bytes: Of a request.
        max_held_bytes: Of all requests that are being received or answered.
        max_pixels: Of a picture, known before it is decoded.
        max_images: Of a request.
        max_faces: Of a picture.
        header_seconds: Until the head of a request must be there.
        upload_seconds: Until the whole request must be there.
        predict_seconds: Until the answer must be there, from then on.
        max_queue: Requests that wait or are being computed.
        threads: That compute; 0: one for each core.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str | None = None
    detector: str = "haar"
    smallest: int = Field(40, ge=1)
    upright: bool = False
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


def read(environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings of an environment, by default that of this process.

    Raises:
        InputError: A variable has a value that is not possible.
    """
    given = os.environ if environment is None else environment
    values = {name: given[variable(name)] for name in Settings.model_fields if given.get(variable(name))}
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = variable(str(first["loc"][0]))
        shown = "" if name == variable("api_key") else f" {given[name]!r}"
        raise InputError(f"{name}{shown}: {first['msg'][0].lower()}{first['msg'][1:]}") from None
    if not settings.api_key.isascii():
        raise InputError(f"{variable('api_key')}: holds other than ASCII letters, which headers cannot carry")
    return settings


def variable(name: str) -> str:
    """Return the environment variable of a setting."""
    return PREFIX + name.upper()
