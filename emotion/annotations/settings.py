"""Schema of section `annotations` of params.yaml."""

from typing import Literal

from pydantic import Field

from emotion.core.params import Section


class AnnotationSettings(Section):
    """Where the votes come from; url and sha256 are those of FER+'s table."""

    source: Literal["ferplus", "none"]
    url: str = Field(pattern=r"^https?://")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
