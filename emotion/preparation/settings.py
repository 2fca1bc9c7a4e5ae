"""The schemas of the params about preparation, apart from what uses them, so that they can be checked in a moment."""

from typing import Literal

from pydantic import Field

from emotion.core.params import Section

Action = Literal["keep", "drop_from_training", "drop_everywhere"]


class ExcludeSettings(Section, extra="ignore"):
    """The path of the list, in section `data` of params.yaml."""

    exclude: str


class DefectSettings(Section):
    """Section `defects` of params.yaml."""

    exact_duplicates: Action
    near_duplicates: Action
    blank: Action
    almost_blank: Action
    not_a_face: Action
    min_not_a_face_score: float = Field(ge=0, le=1)
    label_conflicts: Literal["keep", "drop", "majority"]
    leak_free: bool


class SplitSettings(Section):
    """Section `split` of params.yaml."""

    method: Literal["official", "stratified"]
    validation: float = Field(gt=0, lt=0.5)
    test: float = Field(gt=0, lt=0.5)
    seed: int = Field(ge=0)


class ClassWeightSettings(Section):
    """Section `class_weights` of params.yaml."""

    method: Literal["none", "balanced", "sqrt_balanced"]
