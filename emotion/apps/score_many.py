"""emotion score-many: very many pictures, from and to Parquet."""

import argparse
import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tqdm import tqdm

from emotion.errors import InputError
from emotion.files import atomic
from emotion.inference import bulk_inputs, bulk_plan, bulk_processes
from emotion.inference.bulk_inputs import Inputs
from emotion.inference.bulk_plan import LISTING, SCORES, SET_ASIDE, Span
from emotion.inference.bulk_scorer import Job
from emotion.inference.model import default_path, open_model
from emotion.inference.predictor import detector

LARGE = 200_000  # pictures from which on Ray is worth the 10 to 20 seconds that it takes to start
OFF = "off"


def main(options: argparse.Namespace) -> None:
    """Score all pictures that are not scored yet and say how many there are.

    Raises:
        InputError: Nothing can be done, or not all of it; finished parts stay.
    """
    given, output = Path(options.input), Path(options.output)
    model = Path(options.model) if options.model else default_path()
    open_model(model, threads=1)
    detector(options.detector, options.smallest)
    _require_places(given, output)
    with bulk_plan.held(output):
        bulk_plan.tidy(output)
        inputs = bulk_inputs.find(given, options.column, output / LISTING)
        if not inputs.rows:
            raise InputError(f"{given}: its Parquet files hold no rows")
        content = model.read_bytes()
        bulk_plan.begin(output, _manifest(options, inputs, model.name, content))
        copy = output / f"model{model.suffix}"  # all workers see it, and nobody has to ask later which one it was
        with atomic(copy) as temporary:
            temporary.write_bytes(content)
        job = Job(
            output=str(output.resolve()),
            column=inputs.column,
            raw=inputs.raw,
            folder=inputs.folder,
            model=str(copy.resolve()),
            detector=options.detector,
            smallest=options.smallest,
            upright=options.upright,
        )
        try:
            _run(options, inputs, job)
        finally:
            bulk_plan.tidy(output)
        print(_told(output, inputs, options.chunk))


def _require_places(given: Path, output: Path) -> None:
    if not given.exists():
        raise InputError(f"{given}: there is no such file or folder")
    one, other = given.resolve(), output.resolve()
    if one == other or one in other.parents:
        raise InputError(f"{output}: lies in the input, of which it would become a part: name a folder elsewhere")


def _manifest(options: argparse.Namespace, inputs: Inputs, name: str, content: bytes) -> dict[str, Any]:
    """Return what must stay the same until all parts are finished."""
    return {
        "format": 1,
        "input": {"files": inputs.files, "rows": inputs.rows, "column": inputs.column, "md5": inputs.md5},
        "model": {"name": name, "md5": hashlib.md5(content, usedforsecurity=False).hexdigest()},
        "detector": options.detector,
        "smallest": options.smallest,
        "upright": options.upright,
        "chunk": options.chunk,
    }


def _run(options: argparse.Namespace, inputs: Inputs, job: Job) -> None:
    """Score what is not finished, by processes of this machine or by Ray."""
    workers = options.workers or _cores()
    spans = bulk_plan.spans(inputs, options.chunk, workers)
    with _progress(Path(job.output), spans) as todo:
        address = options.ray or ("local" if sum(span.rows for span in todo) >= LARGE else OFF)
        if not todo:
            return
        if address == OFF:
            bulk_processes.run(todo, job, workers)
        else:
            from emotion.inference import bulk_ray

            bulk_ray.run(todo, job, workers if address == bulk_ray.LOCAL else options.workers, address)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def _progress(output: Path, spans: list[Span]) -> Iterator[list[Span]]:
    """Give the spans that are not finished, and show how many rows are, by the parts that are there."""
    rows = {bulk_plan.part_name(number): count for span in spans for number, count in span.parts()}
    done = {name for name in rows if bulk_plan.finished(output / SCORES / name) is not None}
    todo = [s for s in spans if any(bulk_plan.part_name(number) not in done for number, _ in s.parts())]
    ended = threading.Event()
    with tqdm(total=sum(rows.values()), initial=sum(rows[name] for name in done), unit=" rows", disable=None) as bar:

        def look() -> None:
            there = {entry.name for entry in os.scandir(output / SCORES)} if (output / SCORES).is_dir() else set()
            bar.update(sum(rows[name] for name in there & rows.keys()) - bar.n)

        def watch() -> None:
            while not ended.wait(1):
                look()

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield todo
        finally:
            ended.set()
            watcher.join()
            look()


def _told(output: Path, inputs: Inputs, chunk: int) -> str:
    """Return what came out.

    Raises:
        InputError: Parts are missing: workers wrote them where this machine does not see them.
    """
    parts = [number for span in bulk_plan.spans(inputs, chunk, 1) for number, _ in span.parts()]
    scored = [bulk_plan.finished(output / SCORES / bulk_plan.part_name(number)) for number in parts]
    known = [rows for rows in scored if rows is not None]
    if len(known) < len(parts):
        raise InputError(f"{output}: {len(parts) - len(known)} parts are not here: every node must see this folder")
    aside = sum(bulk_plan.finished(output / SET_ASIDE / bulk_plan.part_name(number)) or 0 for number in parts)
    told = f"rows: {inputs.rows:,}; faces scored: {sum(known):,} ({output / SCORES}); rows set aside: {aside:,}"
    return told + (f" ({output / SET_ASIDE})" if aside else "")
