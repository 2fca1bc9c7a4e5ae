"""Search for better values of a model's params, on validation faces alone: python -m experiments.tuning.

Section `tune` of params.yaml says what is searched. Trials are kept in .tune/journal.log: resume with the same command.
"""

import argparse
import shlex
import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from optuna import Study
from optuna.trial import Trial

from emotion.core import errors
from emotion.core.errors import InputError
from experiments.tuning import results, search, study
from experiments.tuning.local import FOLDER, Local

if TYPE_CHECKING:
    from experiments.tuning.cluster import Cluster

JOURNAL = FOLDER / "journal.log"


def main(*arguments: str) -> None:
    """Run the missing trials and write docs/tuning.csv and docs/tuning.png, or queue the best trial in DVC."""
    parser = argparse.ArgumentParser(prog="python -m experiments.tuning", description="Search for better params.")
    parser.add_argument("--ray", metavar="HOST:PORT", help="run trials on the machines of this Ray cluster")
    parser.add_argument("--apply", action="store_true", help="run no trial, queue the best one as a DVC experiment")
    options = parser.parse_args(arguments)
    wanted = search.read()
    with study.opened(JOURNAL, wanted.name, wanted.settings) as trials:
        if not options.apply:
            _run_missing(trials, wanted, options.ray)
            rows = [study.row(one, wanted.values(one)) for one in trials.trials[: wanted.settings.trials]]
            results.write(rows)
        best = study.best_trial(trials)
    row = study.row(best, wanted.values(best))
    if options.apply:
        results.queue(row)
    else:
        print(f"\nbest: trial {best.number}, validation accuracy {best.value:.2%}")
        print("dvc exp run", shlex.join(results.overrides(row)))
        print("`make tune APPLY=1` queues this in DVC.")


def _run_missing(trials: Study, wanted: search.Search, address: str | None) -> None:
    settings = wanted.settings
    print(f"{settings.trials} trials of {settings.model}, {settings.epochs} epochs at most, kept in {JOURNAL}.")
    print("Resume with the same command.", flush=True)
    if not address:
        run(trials, wanted, Local(wanted))
        return
    from experiments.tuning import cluster  # takes seconds to import

    with cluster.connected(address, FOLDER / "ray.log"):
        run(trials, wanted, cluster.Cluster(wanted))


def run(trials: Study, wanted: search.Search, runner: "Local | Cluster") -> None:
    """Run trials until there are enough of them.

    Raises:
        InputError: A training failed otherwise than by diverging.
    """
    running: dict[Any, Trial] = {}
    try:
        while True:
            while len(running) < runner.at_once:
                numbers = {one.number for one in running.values()}
                one = study.next_trial(trials, wanted.settings, numbers)
                if one is None:
                    break
                study.announce(one, wanted.values(one))
                running[runner.start(one.number, wanted.files(one))] = one
            if not running:
                return
            epochs = runner.wait(list(running))
            outcome = _follow(trials, wanted, running[epochs], partial(runner.receive, epochs))
            if outcome:
                runner.stop(epochs)
                study.finish(trials, running.pop(epochs), outcome)
    finally:
        runner.close()


def _follow(trials: Study, wanted: search.Search, one: Trial, receive: Callable[[], tuple[int, float]]) -> str | None:
    """Record the next epoch of a trial and return its outcome, or None while it is running."""
    try:
        epoch, accuracy = receive()
    except StopIteration:
        return study.COMPLETE
    except FloatingPointError:
        return study.DIVERGED
    except RuntimeError as error:
        raise InputError(f"trial {one.number}: {error}") from None
    promising = study.is_promising(trials, one, epoch, accuracy, last=wanted.settings.epochs)
    return None if promising else study.PRUNED


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
