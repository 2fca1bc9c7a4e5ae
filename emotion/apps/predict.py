"""emotion predict: the faces in pictures and videos."""

import argparse
import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event
from types import FrameType

from tqdm import tqdm

from emotion.apps import explain, reports, sources
from emotion.apps.annotated import Folder
from emotion.apps.options import classifier_of, require_emotions
from emotion.apps.sources import Frame, Source
from emotion.errors import InputError
from emotion.files import atomic
from emotion.inference.predictor import EmotionClassifier
from emotion.inference.results import Result
from emotion.inference.tracking import Tracker

PIXELS = 20_000_000  # of frames whose faces are classified together


def main(options: argparse.Namespace) -> None:
    """Classify all faces; tell, draw and write as the options say.

    Raises:
        InputError: Nothing can be done. What cannot be read is told on stderr, and the exit code is 1 in the end.
    """
    if options.json and options.csv and not options.output:
        raise InputError("--json and --csv write to the terminal without -o FOLDER: choose one")
    if options.explain and not options.output:
        raise InputError("--explain draws pictures: say where with -o FOLDER")
    found = sources.collect(options.inputs)
    classifier = classifier_of(options)
    if options.explain:
        require_emotions(classifier, options.model)
    explained = explain.load(options.explain) if options.explain else None
    refused: list[str] = []
    with ExitStack() as stack:
        folder = stack.enter_context(Folder(Path(options.output), found)) if options.output else None
        stopped = stack.enter_context(_stop_on_interrupt())
        sinks = list(_sinks(options, found, classifier.labels, stack))
        total = sources.count(found)
        bar = stack.enter_context(tqdm(total=total, unit=" frames", disable=None if total > 1 else True, leave=False))
        for frame, result in _answers(classifier, _until(stopped, sources.frames(found, refused.append))):
            if folder:
                folder.write(frame, result.drawn())
            if explained and result.faces and not frame.source.video:
                with atomic(Path(options.output, "explained", f"{frame.source.name}.png")) as path:
                    explained(result.faces).savefig(path, metadata={"Software": None})
            for row in reports.rows(frame, result.faces):
                for sink in sinks:
                    sink(row)
            bar.update()
    for line in refused:
        print(f"error: {line}", file=sys.stderr)
    if stopped.is_set():
        print("interrupted: what was finished is kept", file=sys.stderr)
        sys.exit(130)
    sys.exit(1 if refused else 0)


def _sinks(
    options: argparse.Namespace, found: list[Source], labels: Iterable[str], stack: ExitStack
) -> Iterator[reports.Sink]:
    """Yield where rows go: the terminal, and files in the output folder."""
    for wanted, name in ((options.csv, "results.csv"), (options.json, "results.json")):
        if wanted:
            file = sys.stdout
            if options.output:
                path = stack.enter_context(atomic(Path(options.output, name)))
                file = stack.enter_context(path.open("w", newline="", encoding="utf-8", errors="backslashreplace"))
            yield stack.enter_context(reports.as_csv(file, labels) if name.endswith("csv") else reports.as_json(file))
    if options.output or not (options.csv or options.json):
        width = max(7, *(len(str(source)) for source in found))
        yield reports.table(lambda line: tqdm.write(line, file=sys.stdout), width)


def _answers(classifier: EmotionClassifier, frames: Iterable[Frame]) -> Iterator[tuple[Frame, Result]]:
    """Yield each frame with its faces; in videos they are followed from frame to frame."""
    tracker, followed = Tracker(), None
    for batch in _batches(frames):
        for frame, result in zip(batch, classifier.predict([frame.pixels for frame in batch]), strict=True):
            if frame.source.video:
                if frame.source != followed:
                    tracker, followed = Tracker(), frame.source
                result = Result(result.picture, tracker.update(result.faces, frame.number / frame.rate))
            yield frame, result


def _batches(frames: Iterable[Frame]) -> Iterator[list[Frame]]:
    """Yield some frames at a time, as many as memory bears."""
    batch: list[Frame] = []
    for frame in frames:
        batch.append(frame)
        if sum(one.pixels.size for one in batch) > 3 * PIXELS:
            yield batch
            batch = []
    if batch:
        yield batch


def _until(stopped: Event, frames: Iterable[Frame]) -> Iterator[Frame]:
    for frame in frames:
        if stopped.is_set():
            return
        yield frame


@contextmanager
def _stop_on_interrupt() -> Iterator[Event]:
    """Give an event that the first Ctrl-C sets, so that files are finished; the second one ends at once."""
    stopped = Event()

    def stop(number: int, frame: FrameType | None) -> None:
        stopped.set()
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield stopped
    finally:
        signal.signal(signal.SIGINT, before)
