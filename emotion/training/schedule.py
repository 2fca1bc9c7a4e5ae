"""The learning rate of each step, a pure function of the params and of the epochs so far."""

import math
from typing import Literal

from pydantic import Field

from emotion.core.params import Section

ONE_CYCLE_DIVISOR = 25  # peak over initial rate, as in fastai and PyTorch
MIN_FRACTION = 1e-4  # of the peak, so that even the last steps change the weights


class ScheduleSettings(Section):
    """`schedule` of a model."""

    kind: Literal["constant", "plateau", "cosine", "one_cycle"]
    peak_learning_rate: float = Field(gt=0)
    warmup_fraction: float = Field(ge=0, lt=1)  # share of all steps, in which the rate rises linearly to its peak
    plateau_patience: int = Field(ge=1)  # epochs without a lower validation loss before the rate falls
    plateau_factor: float = Field(gt=0, lt=1)  # by which the rate is then multiplied


def learning_rate(settings: ScheduleSettings, progress: float, validation_losses: list[float]) -> float:
    """Return the learning rate at a point of the training.

    Args:
        settings: The schedule.
        progress: Share of all steps that are done, 0..1.
        validation_losses: Of every epoch so far; only `plateau` reads them.
    """
    peak = settings.peak_learning_rate
    first = peak / ONE_CYCLE_DIVISOR if settings.kind == "one_cycle" else 0.0
    if progress < settings.warmup_fraction:
        return first + (peak - first) * progress / settings.warmup_fraction
    if settings.kind == "constant":
        return peak
    if settings.kind == "plateau":
        return peak * settings.plateau_factor ** _plateaus(validation_losses, settings.plateau_patience)
    # cosine and one_cycle (Smith & Topin, "Super-Convergence", 2018) fall along half a cosine.
    done = (progress - settings.warmup_fraction) / (1 - settings.warmup_fraction)
    return peak * max(0.5 * (1 + math.cos(math.pi * done)), MIN_FRACTION)


def _plateaus(losses: list[float], patience: int) -> int:
    """Return how many times `patience` epochs passed without a new best loss, counting from zero after each."""
    best = math.inf
    waited = 0
    count = 0
    for loss in losses:
        waited = 0 if loss < best else waited + 1
        best = min(best, loss)
        if waited == patience:
            count += 1
            waited = 0
    return count
