"""Kill a training at random moments, start it again, compare how it ends: python -m benchmarks.kills."""

import argparse
import itertools
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks import results, small_training
from benchmarks.killing import MOMENTS, Kill, Training
from emotion import errors
from emotion.errors import InputError
from tests import tiny

EPOCHS, FACES = 10, 400
CHECKPOINT = ".checkpoints/*.part"
SAVE = (f"{small_training.TEMPORARY}/*/model.keras", "models/.tmp-*", "models/*.keras")  # one after the other


def main() -> None:
    """Kill as often as asked, tell how many of the trainings end as if nothing had been, and keep the count."""
    parser = argparse.ArgumentParser(description="Kill a training at random moments and compare how it ends.")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1, help="of the moments")
    parser.add_argument("--model", default="cnn", help="whose network, made small")
    asked = parser.parse_args()
    known = list(tiny.params()["models"])
    if asked.model not in known:
        raise InputError(f"--model {asked.model}: there is no such model; known are {', '.join(known)}")
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        small_training.prepare(Path(folder), asked.model, EPOCHS, FACES)
        training = Training(Path(folder), asked.model, EPOCHS)
        seconds = training.run()
        reference = training.outputs()
        print(f"uncut: {seconds:.0f} s, {EPOCHS} epochs; checkpoints after every batch", flush=True)
        kills = kill_often(training, reference, seconds, asked.kills, random.Random(asked.seed))
    summary = {"model": asked.model, "epochs": EPOCHS} | summarise(kills, time.monotonic() - begun)
    results.keep("kills", summary)
    print(table(summary))
    if summary["identical"] < summary["kills"]:
        sys.exit(1)


def kill_often(
    training: Training, reference: dict[str, bytes], seconds: float, count: int, rng: random.Random
) -> list[tuple[Kill, bool]]:
    """Kill and start again until there were so many kills; return each, and whether its training ended as the uncut.

    Args:
        training: Prepared, and nothing of it under way.
        reference: The outputs of an uncut training.
        seconds: How long that took.
        count: Of kills.
        rng: Draws the moments.
    """
    kills: list[tuple[Kill, bool]] = []
    for number in itertools.count(1):
        if len(kills) == count:
            break
        life = live(training, moments(seconds, rng)[: count - len(kills)], f"training {number}: ")
        wrong = training.differences(reference)
        print(f"training {number}: {'differs in ' + ', '.join(wrong) if wrong else 'identical'}", flush=True)
        kills += [(kill, not wrong) for kill in life]
    return kills


def moments(seconds: float, rng: random.Random) -> list[tuple[float, str | None]]:
    """Return when to kill one training, for `live`: twice anywhere, once in a checkpoint, at last in the final save."""
    aims = [(rng.uniform(0, seconds), when) for when in (None, None, CHECKPOINT)]
    return [*rng.sample(aims, k=3), (0.0, rng.choice(SAVE))]


def live(training: Training, aims: list[tuple[float, str | None]], prefix: str = "") -> list[Kill]:
    """Begin a training, kill it at each of these moments, start it again each time and let it end.

    Args:
        training: As for `kill_often`.
        aims: As for `Training.kill`; once it ends before it can be killed, the others are left out.
        prefix: Of each line that tells of a kill.
    """
    kills: list[Kill] = []
    for second, when in aims:
        kill = training.kill(second, when)
        if kill is None:
            return kills
        print(f"{prefix}{kill}", flush=True)
        kills.append(kill)
    training.run()
    return kills


def summarise(kills: list[tuple[Kill, bool]], seconds: float) -> dict[str, Any]:
    """Return how many kills, how many of them changed nothing, when they were and from where it went on."""
    moments = Counter(kill.moment for kill, _ in kills)
    return {
        "kills": len(kills),
        "identical": sum(identical for _, identical in kills),
        "moments": {moment: moments[moment] for moment in MOMENTS},
        "resumed": sum(kill.position is not None for kill, _ in kills),
        "minutes": round(seconds / 60, 1),
    }


def table(summary: dict[str, Any]) -> str:
    """Return the numbers as a person reads them."""
    lines = [f"kill -9 {moment:20} {count:3}" for moment, count in summary["moments"].items()]
    lines.append(
        f"{summary['resumed']} went on from a checkpoint, the others were killed before the first or after the last"
    )
    return "\n".join([*lines, f"{summary['identical']} of {summary['kills']} identical"])


if __name__ == "__main__":
    errors.run(main)
