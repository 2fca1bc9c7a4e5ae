"""`make tune RAY=HOST:PORT`: three Ray nodes as processes on this machine."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emotion.core.errors import InputError
from experiments.tuning.__main__ import main
from tests import searching
from tests.searching import PEAK, project, told, trials, tune
from tests.tiny import wait

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"


@pytest.fixture
def cluster() -> Iterator[Any]:
    """A head without cores and two machines of one core."""
    from ray.cluster_utils import Cluster

    nodes = Cluster()
    for cores in (0, 1, 1):
        nodes.add_node(num_cpus=cores, include_dashboard=False, object_store_memory=80_000_000)
    yield nodes
    nodes.shutdown()


def test_trials_survive_the_death_of_a_machine(tmp_path: Path, cluster: Any):
    folder = project(tmp_path, 0.4)
    command = searching.command("--ray", cluster.address)
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as search:
        wait(lambda: len(told(folder, "begins")) == 2 or search.poll() is not None)
        assert search.poll() is None, search.stderr.read()
        cluster.remove_node(next(iter(cluster.worker_nodes)), allow_graceful=False)
        said, complaints = search.communicate()
    assert search.returncode == 0, complaints
    assert [trial.state.name for trial in trials(folder)] == ["COMPLETE"] * 4
    assert [list(trial.intermediate_values) for trial in trials(folder)] == [[1, 2, 3, 4]] * 4
    begun, ended = told(folder, "begins"), told(folder, "ends")
    assert len(begun) == 5 and len(set(begun)) == 4, "one trial began twice"
    assert sorted(ended) == sorted(set(begun)), "each ended once"
    assert said.count("complete") == 4 and "raylet" not in said + complaints
    assert all("emotion-trial-" in path for *_, path in searching.notes(folder)), "code travels with the trial"

    # The same cluster: what is pruned stops there, too.
    searching.change(
        folder, trials=5, pruning={"min_epochs": 1, "reduction_factor": 2}, space={PEAK: {"low": 0, "high": 0.15}}
    )
    (folder / "told.txt").unlink()
    (folder / ".tune/journal.log").unlink()
    done = tune(folder, "--ray", cluster.address)
    assert done.returncode == 0, done.stderr
    pruned = [trial for trial in trials(folder) if trial.state.name == "PRUNED"]
    assert pruned and len(told(folder, "ends")) == 5 - len(pruned) and len(told(folder, "begins")) == 5
    assert not any(Path(path).exists() for *_, path in searching.notes(folder)), "folders are removed"


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("127.0.0.1:1", "nobody listens there (Connection refused): "),
        ("ray://head:10001", "write HOST:PORT, such as 192.168.0.1:6379"),
    ],
)
def test_an_address_without_a_cluster_is_one_line_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str, message: str
):
    monkeypatch.chdir(project(tmp_path, 0.01))
    with pytest.raises(InputError, match=f"^--ray {address}: {re.escape(message)}.*$"):
        main("--ray", address)
    assert trials(tmp_path) == []


def test_room_counts_live_machines_and_their_gpus():
    from experiments.tuning.cluster import room

    def machine(alive: bool = True, **resources: float) -> dict[str, Any]:
        return {"Alive": alive, "Resources": resources}

    assert room([machine(CPU=5.0), machine(CPU=3.0), machine(CPU=1.0), machine(alive=False, CPU=64.0)], 2) == (3, 0)
    assert room([machine(CPU=8.0), machine(CPU=8.0, GPU=2.0)], 2) == (2, 1)
    assert room([machine(memory=1.0)], 2) == (0, 0)
