"""Learning-rate schedules."""

from typing import Any

import numpy as np
import pytest

from emotion.training.schedule import ScheduleSettings, learning_rate
from tests.fitting import SCHEDULE


def _rates(kind: str, losses: list[float] | None = None, **changes: Any) -> list[float]:
    """Return the rates at 0, 1, ... 100 % of a training."""
    values = {"kind": kind, "peak_learning_rate": 0.5, "warmup_fraction": 0.2, "plateau_patience": 2}
    settings = ScheduleSettings(**{**SCHEDULE, **values, "plateau_factor": 0.1, **changes})
    return [learning_rate(settings, percent / 100, losses or []) for percent in range(101)]


@pytest.mark.parametrize("kind", ["constant", "plateau", "cosine", "one_cycle"])
def test_rate_rises_to_its_peak_and_never_leaves_the_range(kind: str):
    rates = _rates(kind)
    assert rates[20] == max(rates) == pytest.approx(0.5)
    assert np.all(np.diff(rates[:21]) > 0)
    assert np.all(np.diff(rates[20:]) <= 0)
    assert min(rates[1:]) > 0


@pytest.mark.parametrize(("kind", "first"), [("one_cycle", 0.02), ("cosine", 0), ("constant", 0)])
def test_warmup_starts_at_a_25th_of_the_peak_or_at_zero(kind: str, first: float):
    assert _rates(kind)[0] == pytest.approx(first)


def test_cosine_falls_to_half_of_its_peak_and_then_almost_to_zero():
    assert _rates("cosine", warmup_fraction=0.0)[::50] == pytest.approx([0.5, 0.25, 0.5e-4])


def test_a_constant_rate_ignores_the_losses():
    assert set(_rates("constant", losses=[1.0, 2.0, 3.0, 4.0])[20:]) == {0.5}


@pytest.mark.parametrize(
    ("losses", "falls"),
    [
        ([], 0),
        ([3.0, 2.0, 1.0], 0),
        ([1.0, 1.0], 0),
        ([1.0, 1.0, 1.1], 1),
        ([1.0, 2.0, 0.9, 2.0], 0),
        ([1.0, 2.0, 2.0, 2.0], 1),
        ([1.0, 2.0, 2.0, 2.0, 2.0], 2),
        ([1.0, 2.0, 2.0, 0.5, 2.0, 2.0], 2),
    ],
)
def test_plateau_falls_after_so_many_epochs_without_a_lower_loss(losses: list[float], falls: int):
    assert _rates("plateau", losses)[50] == pytest.approx(0.5 * 0.1**falls)
