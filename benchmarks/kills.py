"""Kill a training at random moments, resume it, and compare its outputs: python -m benchmarks.kills."""

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
from emotion.core import errors, params
from emotion.core.errors import InputError, suggest

EPOCHS, FACES = 10, 400
CHECKPOINT = ".checkpoints/*.part"
SAVE = (f"{small_training.TEMPORARY}/*/model.keras", "models/.tmp-*", "models/*.keras")  # in order of time


def main(*arguments: str) -> None:
    """Kill as often as asked, compare with an uninterrupted training, and write down how many runs are identical."""
    parser = argparse.ArgumentParser(description="Kill a training at random moments and compare its outputs.")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1, help="of the moments")
    parser.add_argument("--model", default="cnn", help="its network is made small")
    options = parser.parse_args(arguments)
    known = list(params.read()["models"])
    if options.model not in known:
        raise InputError(f"--model {options.model}: there is no such model{suggest(options.model, known)}")
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        small_training.prepare(Path(folder), options.model, EPOCHS, FACES)
        training = Training(Path(folder), options.model, EPOCHS)
        seconds = training.run()
        print(f"uninterrupted: {seconds:.0f} s, {EPOCHS} epochs; checkpoints after every batch", flush=True)
        rng = random.Random(options.seed)
        kills = kill_often(training, training.outputs(), seconds, count=options.kills, rng=rng)
    summary = {"model": options.model, "epochs": EPOCHS} | summarise(kills, time.monotonic() - begun)
    results.keep("kills", summary)
    resumed = f"{summary['resumed']} resumed from a checkpoint, the others had none yet or none any more"
    print(f"{summary['identical']} of {summary['kills']} identical; {resumed}; {summary['moments']}")
    if summary["identical"] < summary["kills"]:
        sys.exit(1)


def kill_often(
    training: Training, reference: dict[str, bytes], seconds: float, *, count: int, rng: random.Random
) -> list[tuple[Kill, bool]]:
    """Repeat trainings until there were `count` kills; return each, and whether its training ended identically.

    Args:
        training: Prepared, without a checkpoint.
        reference: The outputs of an uninterrupted training.
        seconds: The time that it took.
        count: Of kills.
        rng: Draws the moments.
    """
    kills: list[tuple[Kill, bool]] = []
    for number in itertools.count(1):
        if len(kills) == count:
            break
        in_this_one = interrupt(training, moments(seconds, rng)[: count - len(kills)], f"training {number}: ")
        wrong = training.differences(reference)
        print(f"training {number}: {'differs in ' + ', '.join(wrong) if wrong else 'identical'}", flush=True)
        kills += [(kill, not wrong) for kill in in_this_one]
    return kills


def moments(seconds: float, rng: random.Random) -> list[tuple[float, str | None]]:
    """Return when to kill one training: twice anywhere, once in a checkpoint, at last in the final save."""
    moments = [(rng.uniform(0, seconds), when) for when in (None, None, CHECKPOINT)]
    return [*rng.sample(moments, k=3), (0.0, rng.choice(SAVE))]


def interrupt(training: Training, moments: list[tuple[float, str | None]], prefix: str) -> list[Kill]:
    """Kill a training at each of these moments, resume it each time and let it end.

    Args:
        training: Prepared, without a checkpoint.
        moments: See `Training.kill`; if it ends before it is killed, the others are left out.
        prefix: Of each printed line.
    """
    kills: list[Kill] = []
    for second, when in moments:
        kill = training.kill(second, when)
        if kill is None:
            return kills
        print(f"{prefix}{kill}", flush=True)
        kills.append(kill)
    training.run()
    return kills


def summarise(kills: list[tuple[Kill, bool]], seconds: float) -> dict[str, Any]:
    """Return the number of kills, of those that changed nothing, of each moment and of resumed runs."""
    moments = Counter(kill.moment for kill, _ in kills)
    return {
        "kills": len(kills),
        "identical": sum(identical for _, identical in kills),
        "moments": {moment: moments[moment] for moment in MOMENTS},
        "resumed": sum(kill.position is not None for kill, _ in kills),
        "minutes": round(seconds / 60, 1),
    }


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
