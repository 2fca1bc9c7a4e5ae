"""Trials on the machines of a Ray cluster.

Optuna stays here: this process draws values, notes what epochs gave and stops trials, so that the journal needs no
disk that machines share. Ray's tasks train alone; data and code travel to them through Ray. A task whose machine dies
begins again on another one, as the same trial.
"""

import logging
import os
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # read when Ray is imported

import ray
from optuna import Study
from optuna.trial import Trial
from ray.exceptions import RayError, RayTaskError

from emotion.errors import InputError
from emotion.inference.bulk_ray import require_head
from tools import tune_study, tune_trials
from tools.tune_search import Search

RETRIES = 5  # of a trial whose machine dies
PATIENCE = 30  # seconds that trainings have to end and to remove their folders
CODE = ("emotion", "stages", "tools")


def run(study: Study, search: Search, address: str, log: Path) -> None:
    """Run as many trials at once as the cluster has room for.

    Args:
        study: The study.
        search: What it is about.
        address: HOST:PORT of the cluster.
        log: A file for what Ray says, such as pages of state for every machine that dies.

    Raises:
        InputError: There is no cluster, it has no room, or a training failed otherwise than by diverging.
    """
    with log.open("a", encoding="utf-8") as file, redirect_stdout(file):
        _connect(address)
        try:
            _run(study, search)
        finally:
            ray.shutdown()


def _connect(address: str) -> None:
    """Join the cluster.

    Raises:
        InputError: There is none.
    """
    require_head(address)
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, RuntimeError, RayError) as error:
        raise InputError(f"--ray {address}: {str(error).strip().splitlines()[0]}") from None


def _run(study: Study, search: Search) -> None:
    threads = search.params["training"]["threads"]
    at_once, gpus = room(ray.nodes(), threads)  # type: ignore[no-untyped-call]
    if not at_once:
        raise InputError(f"no machine of the cluster has training.threads ({threads}) cores: lower it, or add machines")
    # Other machines need not have this project's code.
    ray.cloudpickle.register_pickle_by_value(tune_trials)  # type: ignore[no-untyped-call]
    task = ray.remote(num_cpus=threads, num_gpus=gpus, max_retries=RETRIES, num_returns="streaming")(
        tune_trials.train_anywhere
    )
    begun: list[Any] = []
    try:
        _keep_running(study, search, at_once, task, begun)
    finally:
        _end(begun)


def _keep_running(study: Study, search: Search, at_once: int, task: Any, begun: list[Any]) -> None:
    """Run trials until there are enough of them, and add the epochs of each to `begun`."""
    code = {f"code/{path}": path.read_bytes() for folder in CODE for path in Path(folder).rglob("*.py")}
    files: Any = ray.put({**search.data, **code})
    running: dict[Any, Trial] = {}
    while True:
        while len(running) < at_once:
            trial = tune_study.next_trial(study, search.settings, {trial.number for trial in running.values()})
            if trial is None:
                break
            tune_study.announce(trial, search.tried(trial))
            begun.append(task.remote(files, search.files(trial)["params.yaml"], search.settings.model))
            running[begun[-1]] = trial
        if not running:
            return
        (epochs, *_), _ = ray.wait(list(running), num_returns=1)
        how = _follow(study, search, running[epochs], epochs)
        if how:
            tune_study.finish(study, running.pop(epochs), how)


def _end(begun: list[Any]) -> None:
    """Stop what still runs, and wait: Ray kills a task, amid its tidying, when the one who asked for it leaves."""
    for epochs in begun:
        ray.cancel(epochs)
    if begun:
        ray.wait([epochs.completed() for epochs in begun], num_returns=len(begun), timeout=PATIENCE)


def room(nodes: list[dict[str, Any]], threads: int) -> tuple[int, int]:
    """Return how many trials run at once, and how many GPUs each has: one, if there are any.

    Args:
        nodes: The machines as Ray tells them.
        threads: Cores of a trial.
    """
    machines = [node["Resources"] for node in nodes if node["Alive"]]
    gpus = int(any(machine.get("GPU", 0) >= 1 for machine in machines))
    rooms = [int(machine.get("CPU", 0) // threads) for machine in machines]
    if gpus:
        rooms = [min(room, int(machine.get("GPU", 0))) for room, machine in zip(rooms, machines, strict=True)]
    return sum(rooms), gpus


def _follow(study: Study, search: Search, trial: Trial, epochs: Any) -> str | None:
    """Note the next epoch of a trial and return how it ended, or None if it goes on."""
    try:
        epoch, accuracy = ray.get(next(epochs))
    except StopIteration:
        return "complete"
    except RayTaskError as error:
        if isinstance(error.cause, FloatingPointError):
            return "diverged"
        raise InputError(f"trial {trial.number}: {error.cause}") from None
    except RayError as error:
        raise InputError(f"trial {trial.number}: {str(error).strip().splitlines()[0]}") from None
    if tune_study.goes_on(study, trial, epoch, accuracy, search.settings.epochs):
        return None
    ray.cancel(epochs)
    return "pruned"
