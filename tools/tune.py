"""Let Optuna look for better values of a model's params, on validation faces alone: python -m tools.tune.

What it searches stands in section `tune` of params.yaml, what it knows in one file, .tune/journal.log. Stopped in any
way, the same command goes on.
"""

import argparse
import shlex
import shutil
import sys
from contextlib import closing
from pathlib import Path

from optuna import Study
from optuna.trial import Trial

from emotion import errors
from emotion.errors import InputError
from tools import tune_search, tune_study, tune_table
from tools.tune_search import Search
from tools.tune_trials import train

FOLDER = Path(".tune")
JOURNAL = FOLDER / "journal.log"


def main(*arguments: str) -> None:
    """Run the trials that are missing and write docs/tuning.csv and docs/tuning.png, or do what an option says."""
    parser = argparse.ArgumentParser(prog="python -m tools.tune", description="Look for better values of params.")
    parser.add_argument("--ray", metavar="HOST:PORT", help="run trials on the machines of this Ray cluster")
    parser.add_argument("--experiment", action="store_true", help="only queue the winner of docs/tuning.csv in DVC")
    parser.add_argument("--draw", action="store_true", help="only draw docs/tuning.csv again")
    options = parser.parse_args(arguments)
    if options.experiment:
        tune_table.queue(tune_table.read())
    elif options.draw:
        tune_table.write(tune_table.read())
    else:
        tune(options.ray)


def tune(address: str | None) -> None:
    """Run the trials that are missing, here or on a Ray cluster, and write table and picture."""
    search = tune_search.read()
    settings = search.settings
    with tune_study.opened(JOURNAL, search.name, settings) as study:
        print(f"{settings.trials} trials of {settings.model}, {settings.epochs} epochs at most; {JOURNAL} keeps them.")
        print("Stopped in any way, the same command goes on.", flush=True)
        if address:
            from tools import tune_ray  # takes seconds to import

            tune_ray.run(study, search, address, FOLDER / "ray.log")
        else:
            run(study, search)
        rows = [search.row(trial) for trial in study.trials[: settings.trials]]
    tune_table.write(rows)
    best = tune_table.winner(rows)
    print(f"\nbest: trial {best['trial']}, validation accuracy {best['val_accuracy']:.2%}")
    print("dvc exp run", shlex.join(tune_table.settings(best)))
    print("`make tune APPLY=1` puts this into DVC's queue.")


def run(study: Study, search: Search) -> None:
    """Run trial after trial on this machine.

    Raises:
        InputError: A training failed otherwise than by diverging.
    """
    while trial := tune_study.next_trial(study, search.settings, running=()):
        folder = FOLDER / search.name / str(trial.number)
        tune_study.announce(trial, search.tried(trial))
        try:
            state = _follow(study, search, trial, folder)
        except RuntimeError as error:
            raise InputError(f"trial {trial.number}: {error} ({folder}/log.txt holds all that it said)") from None
        tune_study.finish(study, trial, state)
        shutil.rmtree(folder)


def _follow(study: Study, search: Search, trial: Trial, folder: Path) -> str:
    """Train a trial as long as it is worth it, and return how it ended."""
    files, last = search.files(trial), search.settings.epochs
    try:
        with closing(train(folder, files, Path.cwd(), search.settings.model)) as epochs:
            for epoch, accuracy in epochs:
                if not tune_study.goes_on(study, trial, epoch, accuracy, last):
                    return "pruned"
    except FloatingPointError:
        return "diverged"
    return "complete"


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
