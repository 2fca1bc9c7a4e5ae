"""The schemas of the params about explanation, apart from TensorFlow, so that they can be checked in a moment."""

from typing import Annotated

from pydantic import Field

from emotion.core.params import Section

Strengths = Annotated[list[int | float], Field(min_length=5, max_length=5)]


class ExplainSettings(Section):
    """Section `explain` of params.yaml."""

    model: str
    faces_per_emotion: int = Field(ge=1)
    seed: int = Field(ge=0)


class RobustnessSettings(Section):
    """Section `robustness` of params.yaml: five strengths of each corruption, from weak to strong."""

    seed: int = Field(ge=0)
    blur: Strengths  # standard deviation in pixels
    noise: Strengths  # standard deviation, share of 255
    jpeg: Strengths  # quality, 100 to 1
    darker: Strengths  # share of the light that is removed
    brighter: Strengths  # share of 255 that is added
    rotation: Strengths  # degrees, to either side
    larger: Strengths  # zoom factor of a tighter crop
    smaller: Strengths  # inverse zoom factor of a wider crop, its border repeated
    shift: Strengths  # share of the side, in any direction
