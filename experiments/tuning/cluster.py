"""Trials on the machines of a Ray cluster.

Optuna stays in this process, so machines share no disk. Ray's tasks only train; data and code travel to them through
Ray. A task whose machine dies begins again on another one, as the same trial.
"""

import logging
import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # read when Ray is imported

import ray
from ray.exceptions import RayError, RayTaskError

from emotion.apps.batch.cluster import require_head
from emotion.core.errors import InputError
from experiments.tuning import trial
from experiments.tuning.search import Search

RETRIES = 5  # of a trial whose machine dies
STOP_SECONDS = 30  # that trainings have to end and to remove their folders
CODE = ("emotion", "stages", "experiments")


class Cluster:
    """Trains as many trials at once as the cluster has room for."""

    def __init__(self, search: Search) -> None:
        threads = search.params["hardware"]["threads"]
        self.at_once, gpus = room(ray.nodes(), threads)  # type: ignore[no-untyped-call]
        if not self.at_once:
            raise InputError(f"no machine of the cluster has hardware.threads ({threads}) cores: lower it or add one")
        ray.cloudpickle.register_pickle_by_value(trial)  # type: ignore[no-untyped-call]
        self._task: Any = ray.remote(num_cpus=threads, num_gpus=gpus, max_retries=RETRIES, num_returns="streaming")(
            trial.train_anywhere
        )
        code = {f"code/{path}": path.read_bytes() for folder in CODE for path in Path(folder).rglob("*.py")}
        self._files = ray.put({**search.data, **code})
        self._model = search.settings.model
        self._ended: list[Any] = []

    def train(self, _number: int, params: bytes) -> Generator[trial.Epoch | None, None, None]:
        """Train on one of the machines, as `trial.train` does, and yield None while there is no new epoch."""
        epochs = self._task.remote(self._files, params, self._model)
        timeout = trial.POLL_SECONDS / self.at_once  # all trials are asked in turn
        try:
            while True:
                ready, _ = ray.wait([epochs], timeout=timeout)
                yield ray.get(next(epochs)) if ready else None
        except StopIteration:
            return
        except RayTaskError as error:
            raise error.cause from None
        except RayError as error:
            raise RuntimeError(str(error).strip().splitlines()[0]) from None
        finally:
            ray.cancel(epochs)
            self._ended.append(epochs.completed())

    def close(self) -> None:
        """Wait for all trainings: Ray kills a task amid its clean-up when the process that asked for it leaves."""
        if self._ended:
            ray.wait(self._ended, num_returns=len(self._ended), timeout=STOP_SECONDS)


@contextmanager
def connected(address: str, log: Path) -> Iterator[None]:
    """Join the cluster at HOST:PORT; what Ray prints goes to the log.

    Raises:
        InputError: There is no cluster.
    """
    require_head(address)
    with log.open("a", encoding="utf-8") as file, redirect_stdout(file):
        try:
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
        except (ConnectionError, RuntimeError, RayError) as error:
            raise InputError(f"--ray {address}: {str(error).strip().splitlines()[0]}") from None
        try:
            yield
        finally:
            ray.shutdown()


def room(nodes: list[dict[str, Any]], threads: int) -> tuple[int, int]:
    """Return how many trials run at once, and how many GPUs each has: one, if there are any.

    Args:
        nodes: The machines as Ray describes them.
        threads: Cores of a trial.
    """
    machines = [node["Resources"] for node in nodes if node["Alive"]]
    gpus = int(any(machine.get("GPU", 0) >= 1 for machine in machines))
    rooms = [int(machine.get("CPU", 0) // threads) for machine in machines]
    if gpus:
        rooms = [min(room, int(machine.get("GPU", 0))) for room, machine in zip(rooms, machines, strict=True)]
    return sum(rooms), gpus
