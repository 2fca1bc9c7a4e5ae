"""The schemas of the params about the audit, apart from what uses them, so that they can be checked in a moment."""

from pydantic import Field

from emotion.core.params import Section


class AuditSettings(Section):
    """Section `audit` of params.yaml."""

    min_contrast: float = Field(ge=0)
    min_candidate_similarity: float = Field(gt=0, le=1)
    min_similarity: float = Field(ge=0.8, le=1)  # alignment gives up pairs that are less alike
