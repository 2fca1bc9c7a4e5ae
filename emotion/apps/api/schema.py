"""Requests and responses, as OpenAPI describes them."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from emotion.apps.api.problems import MEDIA_TYPE, ProblemDetails
from emotion.apps.api.settings import Settings

PROBABILITIES = {
    "angry": 0.01, "disgust": 0.0, "fear": 0.02, "happy": 0.91, "neutral": 0.04, "sad": 0.01, "surprise": 0.01
}  # fmt: skip
LANDMARKS = [[247.1, 143.8], [296.4, 142.2], [272.9, 172.5], [252.0, 191.7], [293.3, 190.1]]
FACE: dict[str, Any] = {"box": [212, 98, 120, 120], "score": 0.9987, "landmarks": LANDMARKS}
FACE |= {"label": "happy", "probabilities": PROBABILITIES}
PIXEL = (  # the smallest possible picture
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
)


class Images(BaseModel):
    """Pictures in base64."""

    model_config = ConfigDict(extra="forbid")

    images: list[str] = Field(min_length=1)


class Options(BaseModel, extra="forbid"):
    """The parameters of a prediction request."""

    detect: bool = Field(True, description="false: each picture is a face crop")


class DetectedFace(BaseModel):
    """A detected face and its prediction."""

    model_config = ConfigDict(json_schema_extra={"example": FACE})

    box: tuple[int, int, int, int] = Field(
        description="bounding box: left, top, width, height in pixels; may reach beyond the edge"
    )
    score: float = Field(description="the detector's confidence, 0 to 1; that of haar has no fixed scale")
    landmarks: list[tuple[float, float]] = Field(
        description="eyes, tip of the nose and corners of the mouth in pixels, left ones as seen first; empty with haar"
    )
    label: str = Field(description="the predicted label: the most probable emotion")
    probabilities: dict[str, float] = Field(description="of each emotion; they sum to 1")


class ImageResult(BaseModel):
    """A picture and its faces, from left to right."""

    name: str | None = Field(description="of the uploaded file; null for pictures sent as JSON", examples=["photo.jpg"])
    width: int = Field(examples=[640])
    height: int = Field(examples=[480])
    faces: list[DetectedFace]


class Prediction(BaseModel):
    """A result for each picture, in the order in which they were sent."""

    results: list[ImageResult]


class ModelFacts(BaseModel):
    """The network that makes the predictions."""

    name: str = Field(examples=["emotion.onnx"])
    sha256: str = Field(examples=["5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"])
    labels: list[str] = Field(examples=[list(PROBABILITIES)])
    input_size: tuple[int, int] = Field(examples=[[48, 48]])
    detector: str = Field(examples=["mtcnn"])


class Models(BaseModel):
    """The available networks; there is one."""

    models: list[ModelFacts]


class Health(BaseModel):
    """The health of the server."""

    status: str = Field(examples=["ok"])


def request_body(settings: Settings) -> dict[str, Any]:
    """Return the OpenAPI description of the body of a prediction request."""
    count = {"type": "array", "minItems": 1, "maxItems": settings.max_images}
    files = {**count, "items": {"type": "string", "format": "binary"}}
    texts = {
        **count,
        "items": {"type": "string", "format": "byte", "description": "a picture's file in base64, or as a data: URL"},
    }

    def whole(field: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object", "required": ["images"], "properties": {"images": field}, "additionalProperties": False
        }  # fmt: skip

    return {
        "required": True,
        "content": {
            "multipart/form-data": {"schema": whole(files)},
            "application/json": {"schema": whole(texts), "example": {"images": [PIXEL]}},
        },
    }


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI description of responses with these statuses."""
    texts = {
        400: "The body does not match its content type.",
        401: "The key is missing or wrong.",
        408: "The request took too long to arrive.",
        413: "The request has too many bytes.",
        415: "The body is neither multipart/form-data nor application/json.",
        422: "A parameter is wrong, or an upload is not a picture or too large.",
        429: "Too many requests: wait as long as Retry-After says.",
        503: "The server is busy: wait as long as Retry-After says.",
    }
    schema = ProblemDetails.model_json_schema()
    wait = {"Retry-After": {"description": "seconds", "schema": {"type": "integer"}}}
    return {
        status: {
            "description": texts[status],
            "content": {MEDIA_TYPE: {"schema": schema}},
            **({"headers": wait} if status in (429, 503) else {}),
        }
        for status in statuses
    }
