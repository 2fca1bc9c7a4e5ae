"""The study: what Optuna knows of the trials, in one journal file that survives a kill at any moment."""

import fcntl
import json
import os
import sys
import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import optuna
from optuna import Study
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, Trial, TrialState

from emotion.core.errors import InputError
from experiments.tuning.search import TuneSettings

COMPLETE, DIVERGED, PRUNED = "complete", "diverged", "pruned"


@contextmanager
def opened(journal: Path, name: str, settings: TuneSettings) -> Iterator[Study]:
    """Give the study of this name, which the journal holds or which begins now.

    Raises:
        InputError: The journal is damaged, or another process uses it.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    journal.parent.mkdir(parents=True, exist_ok=True)
    with open(journal.with_name("lock"), "w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(f"{journal}: another `make tune` is using it: wait until it ends, or stop it") from None
        Path(f"{journal}.lock").unlink(missing_ok=True)  # Optuna's own, which a kill leaves behind
        try:
            _drop_unfinished_record(journal)
            storage = JournalStorage(JournalFileBackend(str(journal)))
            others = [other for other in optuna.get_all_study_names(storage) if other != name]
        except Exception as error:  # whatever a damaged record leads to
            raise InputError(
                f"{journal} is damaged ({error}): replace it by a copy, or move it away to begin a new search; "
                "nothing was changed"
            ) from None
        if others:
            print(f"{journal} also holds {len(others)} searches with other settings or data, which stay", flush=True)
        pruning = settings.pruning
        pruner = optuna.pruners.SuccessiveHalvingPruner(pruning.min_epochs, pruning.reduction_factor)
        yield optuna.create_study(
            storage=storage, study_name=name, pruner=pruner, direction="maximize", load_if_exists=True
        )


def _drop_unfinished_record(journal: Path) -> None:
    """Cut off a last line that a kill left incomplete, to which Optuna would append the next one."""
    content = journal.read_bytes() if journal.exists() else b""
    complete, newline, rest = content.rpartition(b"\n")
    for line in complete.splitlines():
        json.loads(line)
    if rest:
        os.truncate(journal, len(complete + newline))


def next_trial(study: Study, settings: TuneSettings, running: Collection[int]) -> Trial | None:
    """Return the first trial that was interrupted, else a new one, else None, because there are enough.

    Args:
        study: The study.
        settings: The number of trials, and what the sampler needs.
        running: Numbers of the trials that are running now.
    """
    trials = study.trials
    unfinished = [trial for trial in trials if not trial.state.is_finished() and trial.number not in running]
    number = unfinished[0].number if unfinished else len(trials)
    # The seed depends on the trial's number alone, so that an interrupted search draws what an uninterrupted one does.
    seed = 1000 * settings.seed + number
    study.sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=settings.startup_trials)
    if unfinished:
        return Trial(study, unfinished[0]._trial_id)
    return study.ask() if len(trials) < settings.trials else None


def announce(trial: Trial, values: dict[str, Any]) -> None:
    """Print that a trial begins, or begins again, and with which values."""
    told = "  ".join(f"{key.rpartition('.')[2]} {value}" for key, value in values.items())
    say(f"trial {trial.number:>3}  begins    {told}")


def is_promising(study: Study, trial: Trial, epoch: int, accuracy: float, *, last: int) -> bool:
    """Record an epoch of a trial, unless it was recorded before, and return whether the trial deserves another one."""
    if epoch not in study.trials[trial.number].intermediate_values:
        trial.report(accuracy, epoch)
    return epoch == last or not trial.should_prune()


def finish(study: Study, trial: Trial, outcome: str) -> None:
    """Record a trial as complete, pruned or diverged, and print it."""
    frozen = study.trials[trial.number]
    if outcome == COMPLETE:
        study.tell(trial, best(frozen))
    else:  # for TPE a diverged trial is a bad one that stopped early
        trial.set_user_attr(DIVERGED, outcome == DIVERGED)
        study.tell(trial, state=TrialState.PRUNED)
    epochs = len(frozen.intermediate_values)
    say(f"trial {trial.number:>3}  {outcome:8}  {epochs:>3} epochs  validation accuracy {best(frozen):.2%}")


def best_trial(study: Study) -> FrozenTrial:
    """Return the complete trial with the highest validation accuracy, the first of equal ones.

    Raises:
        InputError: No trial is complete.
    """
    try:
        return study.best_trial
    except ValueError:
        remedy = "raise tune.trials or lower tune.pruning.reduction_factor"
        raise InputError(f"no trial ran all epochs: {remedy}") from None


def best(trial: FrozenTrial) -> float:
    """Return the validation accuracy of the best epoch, 0..1; 0 before the first."""
    return max(trial.intermediate_values.values(), default=0.0)


def row(trial: FrozenTrial, values: dict[str, Any]) -> dict[str, Any]:
    """Return a finished trial as a line of the table."""
    state = DIVERGED if trial.user_attrs.get(DIVERGED) else trial.state.name.lower()
    epochs = len(trial.intermediate_values)
    return {"trial": trial.number, "state": state, "epochs": epochs, "val_accuracy": best(trial), **values}


def say(line: str) -> None:
    """Print a line on the terminal, even where the output of a library is redirected."""
    print(line, file=sys.__stdout__, flush=True)
