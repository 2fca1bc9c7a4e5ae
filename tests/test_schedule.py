"""Learning rates."""

from typing import Any

import numpy as np
import pytest

from emotion.training.schedule import ScheduleSettings, learning_rate


def _rates(kind: str, losses: list[float] = [], **changes: Any) -> list[float]:  # noqa: B006 - never changed
    """Return the rates at 0, 1, ... 100 % of a training."""
    settings = {"kind": kind, "peak": 0.5, "warmup": 0.2, "plateau_patience": 2, "plateau_factor": 0.1, **changes}
    return [learning_rate(ScheduleSettings(**settings), percent / 100, losses) for percent in range(101)]


@pytest.mark.parametrize("kind", ["constant", "plateau", "cosine", "one_cycle"])
def test_rate_rises_to_its_peak_and_never_leaves_the_range(kind: str):
    rates = _rates(kind)
    assert rates[20] == max(rates) == pytest.approx(0.5)
    assert np.all(np.diff(rates[:21]) > 0)
    assert np.all(np.diff(rates[20:]) <= 0)
    assert min(rates[1:]) > 0


def test_one_cycle_starts_at_a_25th_of_its_peak_and_the_others_at_nothing():
    assert _rates("one_cycle")[0] == pytest.approx(0.02)
    assert _rates("cosine")[0] == _rates("constant")[0] == 0


def test_cosine_is_half_of_its_peak_in_the_middle_and_almost_nothing_at_the_end():
    rates = _rates("cosine", warmup=0.0)
    assert rates[0] == pytest.approx(0.5)
    assert rates[50] == pytest.approx(0.25)
    assert rates[100] == pytest.approx(0.5e-4)


def test_constant_stays():
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
