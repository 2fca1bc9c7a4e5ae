"""Kill a training at random moments, resume it, and compare its outputs: python -m benchmarks.kills."""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks import results, small_training
from benchmarks.killing import MOMENTS, Kill, Training
from emotion.core import errors

EPOCHS, FACES = 10, 400
CHECKPOINT = ".checkpoints/*.part"
SAVE = (f"{small_training.TEMPORARY}/*/model.keras", "models/.tmp-*", "models/*.keras")  # in order of time


def main(*arguments: str) -> None:
    """Kill as often as asked, compare with an uninterrupted training, and write down how many runs are identical."""
    parser = argparse.ArgumentParser(description="Kill a training at random moments and compare its outputs.")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1, help="of the moments")
    options = parser.parse_args(arguments)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        small_training.prepare(Path(folder), EPOCHS, FACES)
        kills, identical = kill_often(Training(Path(folder), EPOCHS), options.kills, random.Random(options.seed))
    moments = Counter(kill.moment for kill in kills)
    summary = {
        "model": small_training.MODEL,
        "epochs": EPOCHS,
        "kills": len(kills),
        "identical": identical,
        "moments": {moment: moments[moment] for moment in MOMENTS},
        "resumed": sum(kill.position is not None for kill in kills),
        "minutes": round((time.monotonic() - begun) / 60, 1),
    }
    results.keep("kills", summary)
    resumed = f"{summary['resumed']} resumed from a checkpoint, the others had none yet or none any more"
    print(f"{identical} of {len(kills)} identical; {resumed}; {summary['moments']}")
    if identical < len(kills):
        sys.exit(1)


def kill_often(training: Training, count: int, rng: random.Random) -> tuple[list[Kill], int]:
    """Repeat a training until it was killed `count` times; return the kills, and how many changed no output."""
    seconds = training.run()
    print(f"uninterrupted: {seconds:.0f} s, {EPOCHS} epochs; checkpoints after every batch", flush=True)
    reference = training.outputs()
    kills: list[Kill] = []
    identical = 0
    while len(kills) < count:
        in_this_one = interrupt(training, moments(seconds, rng)[: count - len(kills)])
        wrong = training.differences(reference)
        print(f"differs in {', '.join(wrong)}" if wrong else "identical", flush=True)
        kills += in_this_one
        identical += 0 if wrong else len(in_this_one)
    return kills, identical


def moments(seconds: float, rng: random.Random) -> list[tuple[float, str | None]]:
    """Return when to kill one training: twice anywhere, once in a checkpoint, at last in the final save."""
    moments = [(rng.uniform(0, seconds), when) for when in (None, None, CHECKPOINT)]
    return [*rng.sample(moments, k=3), (0.0, rng.choice(SAVE))]


def interrupt(training: Training, moments: list[tuple[float, str | None]]) -> list[Kill]:
    """Kill a training without a checkpoint at each of these moments, resume it each time and let it end.

    If it ends before it is killed, the other moments are left out.
    """
    kills: list[Kill] = []
    for second, when in moments:
        kill = training.kill(second, when)
        if kill is None:
            return kills
        print(kill, flush=True)
        kills.append(kill)
    training.run()
    return kills


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
