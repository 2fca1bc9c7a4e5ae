"""Predictions for faces whose emotions are as frequent as the user says."""

from typing import Any

import numpy as np
import pytest

from emotion.core.errors import InputError
from emotion.core.labels import EMOTIONS
from emotion.evaluation.adjustments import Adjustment
from emotion.inference.priors import WithPriors

OWN = dict(zip(EMOTIONS, (0.14, 0.02, 0.14, 0.25, 0.17, 0.17, 0.11), strict=True))
NETWORK = np.random.default_rng(0).dirichlet(np.ones(7), 50)


class Exported:
    """What stage export makes of a network: its predictions with the adjustment in its last layer."""

    labels = EMOTIONS

    def __init__(self, temperature: float, exponent: float) -> None:
        adjustment = Adjustment(temperature, exponent, np.array(list(OWN.values())))
        self.metadata: dict[str, Any] = adjustment.as_json()
        self._probabilities = adjustment.apply(NETWORK)

    def probabilities(self, faces: np.ndarray) -> np.ndarray:
        return self._probabilities


def expected(priors: np.ndarray, temperature: float) -> np.ndarray:
    weighted = (NETWORK / list(OWN.values()) * priors) ** (1 / temperature)
    return weighted / weighted.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("exponent", [0, 0.05, 0.5, 1])
@pytest.mark.parametrize("temperature", [0.8, 1, 2])
def test_the_exponent_in_the_file_does_not_count(temperature: float, exponent: float):
    priors = np.arange(1, 8)
    given = WithPriors(Exported(temperature, exponent), dict(zip(EMOTIONS, map(float, priors), strict=True)))
    np.testing.assert_allclose(given.probabilities(np.empty(50)), expected(priors, temperature), rtol=1e-5)


def test_equal_priors_and_their_ratios_are_what_counts():
    equal = WithPriors(Exported(1.5, 0.1), "equal").probabilities(np.empty(50))
    twos = WithPriors(Exported(1.5, 0.1), ",".join(f"{name}=2" for name in EMOTIONS)).probabilities(np.empty(50))
    np.testing.assert_array_equal(equal, twos)
    np.testing.assert_allclose(equal, expected(np.ones(7), 1.5), rtol=1e-5)


@pytest.mark.parametrize(
    ("priors", "message"),
    [
        ("even", "even: priors are `equal` or a number for each label"),
        ("happy=much", "happy=much: priors are `equal`"),
        ("happy=0.5", "wrong or missing: angry, disgust"),
        ({**OWN, "contempt": 0.1}, "wrong or missing: contempt"),
        ({**OWN, "happy": 0.0}, "happy=0: a prior is a number above 0"),
        ({**OWN, "happy": float("nan")}, "happy=nan: a prior is a number above 0"),
    ],
)
def test_wrong_priors_are_named(priors: Any, message: str):
    with pytest.raises(InputError, match=message):
        WithPriors(Exported(1.0, 0.0), priors)


def test_a_file_without_priors_is_refused():
    model = Exported(1.0, 0.0)
    del model.metadata["priors"]
    with pytest.raises(InputError, match="so --priors cannot be used"):
        WithPriors(model, "equal")
