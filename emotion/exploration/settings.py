"""The schemas of the params about exploration, apart from what uses them, so that they can be checked in a moment."""

from pydantic import Field

from emotion.core.params import Section


class ExploreSettings(Section):
    """Section `explore` of params.yaml."""

    faces_per_emotion: int = Field(ge=1, le=30)
    seed: int = Field(ge=0)
