"""The schemas of the params about sources, apart from what uses them, so that they can be checked in a moment."""

from typing import Literal

from pydantic import Field

from emotion.core.params import Section


class SampleSettings(Section):
    """How many faces are drawn, and from which seed."""

    faces: int = Field(ge=70)
    seed: int = Field(ge=0)


class DataSettings(Section):
    """Section `data` of params.yaml."""

    source: Literal["kaggle", "zip", "sample", "folder"]
    input: str
    crop: Literal["none", "faces"]
    label_order: Literal["fer2013", "affectnet", "rafdb"]
    dataset: str = Field(pattern=r"^[A-Za-z0-9_-]+/[A-Za-z0-9_-]+$")
    sample: SampleSettings
    extra: str
    exclude: str  # for the split stage
