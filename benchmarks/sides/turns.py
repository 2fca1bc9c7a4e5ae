"""Sides that take turns, so that what drifts with time hits all of them."""

from collections.abc import Mapping
from typing import Protocol

from tqdm import tqdm

Measured = dict[str, list[dict[str, float]]]  # by the row's name, one a round: seconds, steps, idle_s, ...


class Measurable(Protocol):
    """What is measured when it is its turn."""

    def measure(self, steps: int) -> dict[str, float]:
        """Run some steps and return `seconds` and what else was measured."""


def measure(sides: Mapping[str, Measurable], rounds: int, seconds: float, steps: int) -> Measured:
    """Return what each side measured, once a round; what comes before the first round is not counted.

    Args:
        sides: By name.
        rounds: How many are counted.
        seconds: How long one measurement shall take, about.
        steps: Of one measurement; 0: so many as fit into the seconds.
    """
    wanted = {}
    for name, side in sides.items():
        side.measure(2)  # compiles
        wanted[name] = steps or max(2, round(4 * seconds / side.measure(4)["seconds"]))
    measured: Measured = {name: [] for name in sides}
    for number in tqdm(range(rounds + 1), unit=" rounds", leave=False, disable=None):
        # The other way round in every second round: what drifts with time hits all.
        for name in list(sides)[:: 1 if number % 2 else -1]:
            result = sides[name].measure(wanted[name]) | {"steps": wanted[name]}
            if number:
                measured[name].append(result)
    return measured
