"""emotion score-many: classify very many pictures, from and to Parquet."""

import argparse
import hashlib
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tqdm import tqdm

from emotion.apps.batch import cluster, inputs, plan, processes
from emotion.apps.batch.inputs import Inputs
from emotion.apps.batch.plan import LISTING, SCORES, SET_ASIDE, Span
from emotion.apps.batch.scorer import Job
from emotion.apps.options import cores, detection_of, tell_unread
from emotion.core.errors import InputError
from emotion.core.files import atomic
from emotion.core.folders import Refused
from emotion.detection.detectors import open_detector
from emotion.inference.model import open_model, path_of

MIN_RAY_ROWS = 200_000  # for fewer pictures Ray is not worth the 10 to 20 seconds that it takes to start
OFF = "off"


def main(options: argparse.Namespace) -> None:
    """Score all pictures that are not scored yet and print how many there are.

    Raises:
        InputError: Nothing can be done, or not all of it; finished parts are kept.
    """
    source = Path(options.input)
    output = Path(options.output)
    model = path_of(options.model)
    open_model(model, threads=1)
    open_detector(options.detector, options.min_face_size, options.min_detection_score)
    _require_places(source, output)
    with plan.locked(output):
        plan.tidy(output)
        refused: Refused = []
        found = inputs.find(source, options.column, output / LISTING, refused)
        if not found.rows:
            raise InputError(f"{source}: its Parquet files hold no rows")
        content = model.read_bytes()
        plan.begin(output, _manifest(options, found, model.name, content))
        copy = output / f"model{model.suffix}"  # for all workers, and as a record of the model that was used
        with atomic(copy) as temporary:
            temporary.write_bytes(content)
        try:
            _run(options, found, _job(options, found, copy))
        finally:
            plan.tidy(output)
        print(_summary(output, found, options.chunk))
    if tell_unread([], refused):
        sys.exit(1)


def _require_places(source: Path, output: Path) -> None:
    if not source.exists():
        raise InputError(f"{source}: there is no such file or folder")
    one = source.resolve()
    other = output.resolve()
    if one == other or one in other.parents:
        raise InputError(f"{output}: lies inside the input: choose a folder elsewhere")


def _manifest(options: argparse.Namespace, inputs: Inputs, name: str, content: bytes) -> dict[str, Any]:
    """Return what must stay the same until all parts are finished."""
    return {
        "format": 1,
        "input": {"files": inputs.files, "rows": inputs.rows, "column": inputs.column, "md5": inputs.md5},
        "model": {"name": name, "md5": hashlib.md5(content, usedforsecurity=False).hexdigest()},
        **detection_of(options),
        "chunk": options.chunk,
    }


def _job(options: argparse.Namespace, inputs: Inputs, model: Path) -> Job:
    return Job(
        output=str(model.parent.resolve()),
        column=inputs.column,
        raw=inputs.raw,
        folder=inputs.folder,
        model=str(model.resolve()),
        **detection_of(options),
    )


def _run(options: argparse.Namespace, inputs: Inputs, job: Job) -> None:
    """Score what is not finished, in processes of this machine or with Ray."""
    workers = options.workers or cores()
    spans = plan.spans(inputs, options.chunk, workers)
    with _progress(Path(job.output), spans) as todo:
        if not todo:
            return
        address = options.ray or (cluster.LOCAL if sum(span.rows for span in todo) >= MIN_RAY_ROWS else OFF)
        if address == OFF:
            processes.run(todo, job, workers)
        else:
            cluster.run(todo, job, workers if address == cluster.LOCAL else options.workers, address)


@contextmanager
def _progress(output: Path, spans: list[Span]) -> Iterator[list[Span]]:
    """Give the unfinished spans, and show a progress bar that follows the parts in the output folder."""
    rows = {plan.part_name(number): count for span in spans for number, count in span.parts()}
    done = {name for name in rows if plan.finished(output / SCORES / name) is not None}
    todo = [span for span in spans if any(plan.part_name(number) not in done for number, _ in span.parts())]
    ended = threading.Event()
    with tqdm(total=sum(rows.values()), initial=sum(rows[name] for name in done), unit=" rows", disable=None) as bar:

        def update() -> None:
            names = {entry.name for entry in os.scandir(output / SCORES)} if (output / SCORES).is_dir() else set()
            bar.update(sum(rows[name] for name in names & rows.keys()) - bar.n)

        def watch() -> None:
            while not ended.wait(1):
                update()

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield todo
        finally:
            ended.set()
            watcher.join()
            update()


def _summary(output: Path, inputs: Inputs, chunk: int) -> str:
    """Return the numbers of rows and faces.

    Raises:
        InputError: Parts are missing: workers wrote them where this machine does not see them.
    """
    parts = [number for span in plan.spans(inputs, chunk, 1) for number, _ in span.parts()]
    scored = [plan.finished(output / SCORES / plan.part_name(number)) for number in parts]
    known = [rows for rows in scored if rows is not None]
    if len(known) < len(parts):
        raise InputError(f"{output}: {len(parts) - len(known)} parts are missing: every node must see this folder")
    aside = sum(plan.finished(output / SET_ASIDE / plan.part_name(number)) or 0 for number in parts)
    text = f"rows: {inputs.rows:,}; faces scored: {sum(known):,} ({output / SCORES}); rows set aside: {aside:,}"
    return text + (f" ({output / SET_ASIDE})" if aside else "")
