"""The schemas of the params about evaluation, apart from what uses them, so that they can be checked in a moment."""

from typing import Literal

from pydantic import Field

from emotion.core.params import Section

Metric = Literal["log_loss", "accuracy", "macro_f1"]


class CalibrateSettings(Section):
    """Section `calibrate` of params.yaml."""

    folds: int = Field(ge=2)
    seed: int = Field(ge=0)
    balanced_weight: float = Field(ge=0, le=1)  # of balanced accuracy, beside accuracy, in the choice of the exponent


class EvaluateSettings(Section):
    """Section `evaluate` of params.yaml."""

    resamples: int = Field(ge=1)
    seed: int = Field(ge=0)


class ExternalSettings(Section):
    """An entry of section `external` of params.yaml: another data set, and the model that is scored on it."""

    folder: str
    label_order: Literal["fer2013", "affectnet", "rafdb"]
    detector: Literal["whole", "mtcnn", "mtcnn-thorough"]
    model: str


class EnsembleSettings(Section):
    """Section `ensemble` of params.yaml."""

    candidates: list[str] = Field(min_length=1)
    max_members: int = Field(ge=1)
    metric: Metric


class CompareSettings(Section):
    """Section `compare` of params.yaml."""

    models: list[str] = Field(min_length=1)
