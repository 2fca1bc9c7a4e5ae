"""Run DVC in a folder, and stages in several processes at once."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from graphlib import TopologicalSorter
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import Any, NamedTuple

import networkx
from dvc.exceptions import DvcException
from dvc.repo import Repo

from emotion.core.errors import InputError

LOGS = Path(".dvc/tmp/stages")  # what each stage printed
BUSY = threading.Lock()  # held while this process runs a stage
PROCESSES = 2  # a small network leaves most cores idle
MAX_SHOWN = 30  # lines of a stage that failed
# What DVC says of each stage, and what TensorFlow's C++ code prints before its own settings apply.
NOISE = re.compile(
    r"Running stage |> python |(Updating|Generating) lock file |Use `dvc|\s*$"
    r"|[IW]\d{4} |WARNING: All log messages before absl|To enable the following instructions"
)


class Done(NamedTuple):
    """What came of a stage: whether it ran, the seconds that it took, what it printed, and why it failed, if it did."""

    name: str
    ran: bool
    seconds: float
    lines: list[str]
    error: str = ""


def dvc(folder: Path, *arguments: str, environment: dict[str, str] | None = None, **options: Any) -> None:
    """Run DVC in the folder, with these variables and options of subprocess.run, and exit as it does if it fails."""
    variables = os.environ | {"PATH": _path()} | (environment or {})
    code = subprocess.run([sys.executable, "-m", "dvc", *arguments], cwd=folder, env=variables, **options).returncode
    if code:
        sys.exit(code)


def needs(repo: Repo, names: Collection[str]) -> dict[str, set[str]]:
    """Return for each of these stages those among them that it needs."""
    graph = networkx.relabel_nodes(repo.index.graph, lambda stage: stage.name)
    return {name: networkx.descendants(graph, name) & set(names) for name in names}


def at_once(folder: Path, needed: Mapping[str, Collection[str]]) -> Iterator[Done]:
    """Run stages that are not up to date, each as soon as those that it needs are done, and yield each one's result.

    Of the stages that could run, the one from which most stages follow is first. Each stage is looked at alone: while
    DVC looks whether a stage is up to date it locks what that writes, and gives up where another process does so.

    Raises:
        InputError: A stage failed; what it printed is shown.
    """
    order = TopologicalSorter(needed)
    order.prepare()
    ready: list[str] = []
    running: set[Future[Done]] = set()
    # Not forked: DVC may run threads here.
    with ProcessPoolExecutor(PROCESSES, get_context("spawn"), _begin, (folder.absolute(),)) as pool:
        while order.is_active():
            ready += order.get_ready()
            ready.sort(key=lambda name: sum(name in others for others in needed.values()))
            while ready and len(running) < PROCESSES:
                running.add(pool.submit(_reproduce, ready.pop()))
            finished, running = wait(running, return_when=FIRST_COMPLETED)
            for done in (future.result() for future in finished):
                if done.error:
                    print(*done.lines[-MAX_SHOWN:], sep="\n", file=sys.stderr)
                    raise InputError(f"{done.name}: {done.error}")
                order.done(done.name)
                yield done


def _begin(folder: Path) -> None:
    """Make this process ready for stages: Ctrl-C ends a stage, and with it this process's work on it."""
    signal.signal(signal.SIGINT, lambda *_: None)
    os.environ["PATH"] = _path()
    os.chdir(folder)  # where DVC looks for a stage
    LOGS.mkdir(parents=True, exist_ok=True)
    threading.Thread(target=_end_after_parent, daemon=True).start()


def _end_after_parent() -> None:
    """End this process when its parent was killed, but not amid a stage, whose work would be lost."""
    parent = parent_process()
    if parent:
        parent.join()
        with BUSY:
            os._exit(1)


def _reproduce(name: str) -> Done:
    """Run a stage if it is not up to date; what it prints goes to a file."""
    log = LOGS / f"{name}.txt"
    with log.open("w") as file:
        for printed in (1, 2):
            os.dup2(file.fileno(), printed)
    start = time.perf_counter()
    ran, error = [], ""
    with BUSY:
        try:
            ran = Repo(_wait_for_lock=True).reproduce(name, single_item=True)
        except DvcException as failure:
            error = str(failure.__cause__ or failure)
    sys.stdout.flush()
    seconds = time.perf_counter() - start
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return Done(name, bool(ran), seconds, [line for line in lines if not NOISE.match(line)], error)


def _path() -> str:
    """Return the PATH with which `python` in dvc.yaml is this one."""
    return f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
