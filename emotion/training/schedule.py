"""The learning rate of every step, a pure function of the params and of the epochs so far."""

import math
from typing import Literal

from pydantic import Field

from emotion.params import Section


class ScheduleSettings(Section):
    """`schedule` of a model."""

    kind: Literal["constant", "plateau", "cosine", "one_cycle"]
    peak: float = Field(gt=0)  # the highest learning rate
    warmup: float = Field(ge=0, lt=1)  # share of all steps in which it rises from 0 (one_cycle: from peak / 25)
    plateau_patience: int = Field(ge=1)  # plateau: epochs without a better validation loss before it falls
    plateau_factor: float = Field(gt=0, lt=1)  # plateau: what it is multiplied by then


def learning_rate(settings: ScheduleSettings, progress: float, validation_losses: list[float]) -> float:
    """Return the learning rate at a point of the training.

    Args:
        settings: Which schedule.
        progress: Share of all steps that are done, 0..1.
        validation_losses: Of every epoch so far; only plateau looks at them.
    """
    low = settings.peak / 25 if settings.kind == "one_cycle" else 0.0
    if progress < settings.warmup:
        return low + (settings.peak - low) * progress / settings.warmup
    if settings.kind == "constant":
        return settings.peak
    if settings.kind == "plateau":
        return settings.peak * settings.plateau_factor ** _plateaus(validation_losses, settings.plateau_patience)
    # cosine and one_cycle (Smith & Topin, "Super-Convergence", 2018) fall along half a cosine to almost nothing
    left = (progress - settings.warmup) / (1 - settings.warmup)
    return settings.peak * max(0.5 * (1 + math.cos(math.pi * left)), 1e-4)


def _plateaus(losses: list[float], patience: int) -> int:
    """Return how many times the losses went `patience` epochs without a new best, counting anew after each."""
    best, waited, count = math.inf, 0, 0
    for loss in losses:
        best, waited = (loss, 0) if loss < best else (best, waited + 1)
        if waited == patience:
            count, waited = count + 1, 0
    return count
