"""The study: what Optuna knows of the trials, in one journal file that survives every kill."""

import fcntl
import json
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

from emotion.errors import InputError
from tools.tune_settings import TuneSettings

DIVERGED = "diverged"
RECORD = b'{"op_code":'  # how every line of the journal begins


@contextmanager
def opened(journal: Path, name: str, settings: TuneSettings) -> Iterator[Study]:
    """Give the study of this name, which the journal holds or which begins now.

    Raises:
        InputError: The journal is damaged, or another process has it.
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
        _check(journal)
        pruner = optuna.pruners.SuccessiveHalvingPruner(settings.pruning.first, settings.pruning.factor)
        try:
            storage = JournalStorage(JournalFileBackend(str(journal)))
            others = [study for study in optuna.get_all_study_names(storage) if study != name]
        except Exception as error:  # whatever a record that means nothing leads to
            raise _damaged(journal, f"{type(error).__name__}: {error}") from None
        if others:
            print(f"{journal} also holds {len(others)} searches with other settings or data, which stay", flush=True)
        yield optuna.create_study(
            storage=storage, study_name=name, pruner=pruner, direction="maximize", load_if_exists=True
        )


def _check(journal: Path) -> None:
    """Raise if a line is no record; cut off the last one if a kill left a part of it, as Optuna would not."""
    content = journal.read_bytes() if journal.exists() else b""
    *lines, rest = content.split(b"\n")
    for number, line in enumerate(lines, 1):
        try:
            record = json.loads(line)
        except ValueError:
            record = None
        if not isinstance(record, dict) or not line.startswith(RECORD):
            raise _damaged(journal, f"line {number} is no record")
    if not rest.startswith(RECORD[: len(rest)]):
        raise _damaged(journal, f"line {len(lines) + 1} is no record")
    if rest:
        with journal.open("r+b") as file:
            file.truncate(len(content) - len(rest))


def _damaged(journal: Path, what: str) -> InputError:
    return InputError(
        f"{journal} is damaged ({what}): put a copy of it in its place, or move it away, then the search begins anew; "
        "nothing was changed"
    )


def next_trial(study: Study, settings: TuneSettings, running: Collection[int]) -> Trial | None:
    """Return the first trial that was cut off, else a new one, else None, since there are enough.

    Args:
        study: The study.
        settings: How many, and what the sampler needs.
        running: Numbers of the trials that run now.
    """
    trials = study.trials
    # What is drawn follows from the number of the trial and from those before it, not from how often one was stopped.
    unfinished = [trial for trial in trials if not trial.state.is_finished() and trial.number not in running]
    number = unfinished[0].number if unfinished else len(trials)
    study.sampler = optuna.samplers.TPESampler(seed=1000 * settings.seed + number, n_startup_trials=settings.random)
    if unfinished:
        return Trial(study, unfinished[0]._trial_id)
    return study.ask() if len(trials) < settings.trials else None


def say(line: str) -> None:
    """Print a line on the terminal, even where the output of a library goes elsewhere."""
    print(line, file=sys.__stdout__, flush=True)


def announce(trial: Trial, tried: dict[str, Any]) -> None:
    """Print that a trial begins, or begins again, and with what."""
    told = "  ".join(f"{key.rpartition('.')[2]} {value}" for key, value in tried.items())
    say(f"trial {trial.number:>3}  begins    {told}")


def goes_on(study: Study, trial: Trial, epoch: int, accuracy: float, last: int) -> bool:
    """Note an epoch of a trial, unless it came before, and return whether the trial is worth another one."""
    if epoch not in study.trials[trial.number].intermediate_values:
        trial.report(accuracy, epoch)
    return epoch == last or not trial.should_prune()


def finish(study: Study, trial: Trial, how: str) -> None:
    """Settle a trial as complete, pruned or diverged, and print it."""
    frozen = study.trials[trial.number]
    if how == DIVERGED:  # for TPE a bad one that stopped early
        trial.set_user_attr(DIVERGED, True)
    if how == "complete":
        study.tell(trial, best(frozen))
    else:
        study.tell(trial, state=TrialState.PRUNED)
    epochs = len(frozen.intermediate_values)
    say(f"trial {trial.number:>3}  {how:8}  {epochs:>3} epochs  validation accuracy {best(frozen):.2%}")


def best(trial: FrozenTrial) -> float:
    """Return the validation accuracy of the best epoch, which is the one that a training keeps; 0 before the first."""
    return max(trial.intermediate_values.values(), default=0.0)


def state(trial: FrozenTrial) -> str:
    """Return how a trial ended: complete, pruned or diverged."""
    return DIVERGED if DIVERGED in trial.user_attrs else trial.state.name.lower()
