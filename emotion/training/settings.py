"""The schemas of all params about training, apart from TensorFlow, so that they can be checked in a moment."""

from typing import Any, Literal

from pydantic import Field

from emotion.core.params import Section
from emotion.training.augmentation import AugmentationSettings
from emotion.training.schedule import ScheduleSettings

Precision = Literal["bfloat16", "float16", "float32"]


class HardwareSettings(Section):
    """Section `hardware` of params.yaml."""

    precision: Precision
    xla: bool
    threads: int = Field(ge=1, le=1024)


class EmaSettings(Section):
    """`ema` of a model."""

    decay: float = Field(ge=0, lt=1)  # per step; 0: no EMA
    recalibration_batches: int = Field(ge=1)  # training batches over which batch-norm statistics are averaged


class OptimizerSettings(Section):
    """The part of `fit` of a model that concerns the optimizer."""

    optimizer: Literal["adam", "sgd"]
    weight_decay: float = Field(ge=0)


class FitSettings(OptimizerSettings):
    """`fit` of a model."""

    epochs: int = Field(ge=1)
    batch_size: int = Field(ge=1)
    label_smoothing: float = Field(ge=0, lt=1)
    ema: EmaSettings
    monitor: Literal["val_accuracy", "val_macro_f1", "val_loss"]
    early_stopping_patience: int = Field(ge=0)
    schedule: ScheduleSettings
    augmentation: AugmentationSettings


class ModelSettings(Section):
    """One entry of section `models` of params.yaml."""

    network: str
    weights: str  # a file of pretrained weights; params/none.csv: random ones
    targets: str  # a file of soft targets; params/none.csv: the labels
    seed: int = Field(ge=0)
    precision: Precision | None = None  # in training, instead of that of section `hardware`
    build: dict[str, Any]
    fit: FitSettings


class LabelAuditSettings(Section):
    """Section `label_audit` of params.yaml."""

    max_listed: int = Field(ge=1)
    folds: int = Field(ge=2, le=20)
    seed: int = Field(ge=0)
    network: str
    build: dict[str, Any]
    fit: FitSettings


class TeacherSettings(Section):
    """The files of one or two teachers; params/none.csv as `second` stands for none."""

    first: str
    second: str


class VoteTargetSettings(Section):
    """One entry of section `vote_targets` of params.yaml."""

    vote_weight: float = Field(ge=0, le=1)  # the rest belongs to the label


class DistillSettings(Section):
    """One entry of section `distill` of params.yaml."""

    teachers: TeacherSettings
    labels: str  # a file of soft targets that stand for the labels; params/none.csv: the labels
    label_weight: float = Field(ge=0, le=1)
    temperature: float = Field(gt=0)
