"""Search for better values of a model's params, on validation faces alone: python -m experiments.tuning.

Section `tune` of params.yaml says what is searched. Trials are kept in .tune/journal.log: resume with the same command.
"""

import argparse
import shlex
import shutil
import sys
from collections.abc import Callable, Generator
from contextlib import closing
from functools import partial
from pathlib import Path

from optuna import Study
from optuna.trial import Trial

from emotion.core import errors
from emotion.core.errors import InputError
from experiments.tuning import results, search, study, trial

FOLDER = Path(".tune")
JOURNAL = FOLDER / "journal.log"
# From a trial's number and its params.yaml it makes what yields each epoch, or None while there is no new one.
Train = Callable[[int, bytes], Generator[trial.Epoch | None, None, None]]


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
        run(trials, wanted, partial(_train_here, wanted), at_once=1)
        return
    from experiments.tuning import cluster  # takes seconds to import

    with cluster.connected(address, FOLDER / "ray.log"), closing(cluster.Cluster(wanted)) as machines:
        run(trials, wanted, machines.train, at_once=machines.at_once)


def run(trials: Study, wanted: search.Search, train: Train, at_once: int) -> None:
    """Run trials until there are enough of them.

    Raises:
        InputError: A training failed otherwise than by diverging.
    """
    running: dict[int, Generator[None, None, None]] = {}
    try:
        while True:
            while len(running) < at_once and (one := study.next_trial(trials, wanted.settings, running)):
                study.announce(one, wanted.values(one))
                running[one.number] = _follow(trials, wanted, one, train)
            if not running:
                return
            for number, following in list(running.items()):
                if next(following, "ended") == "ended":
                    del running[number]
    finally:
        for following in running.values():
            following.close()


def _follow(trials: Study, wanted: search.Search, one: Trial, train: Train) -> Generator[None, None, None]:
    """Run a trial to its end and record it; each yield lets other trials continue."""
    outcome = study.COMPLETE
    with closing(train(one.number, wanted.params_of(one))) as epochs:
        try:
            for epoch in epochs:
                if epoch and not study.is_promising(trials, one, *epoch, last=wanted.settings.epochs):
                    outcome = study.PRUNED
                    break
                yield
        except FloatingPointError:
            outcome = study.DIVERGED
        except RuntimeError as error:
            raise InputError(f"trial {one.number}: {error}") from None
    shutil.rmtree(_folder(wanted, one.number), ignore_errors=True)
    study.finish(trials, one, outcome)


def _train_here(wanted: search.Search, number: int, params: bytes) -> trial.Epochs:
    """Train on this machine, in a folder that stays, with the checkpoint, when the training is interrupted."""
    folder = _folder(wanted, number)
    try:
        yield from trial.train(folder, {**wanted.data, "params.yaml": params}, Path.cwd(), wanted.settings.model)
    except RuntimeError as error:
        raise RuntimeError(f"{error} ({folder}/log.txt has its output)") from None


def _folder(wanted: search.Search, number: int) -> Path:
    return FOLDER / wanted.name / str(number)


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
