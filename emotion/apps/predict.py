"""emotion predict: the faces in pictures and videos and their emotions."""

import argparse
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext
from itertools import groupby, takewhile
from pathlib import Path
from threading import Event
from types import FrameType
from typing import Any, TextIO

from emotion.apps import explain, outputs, sources
from emotion.apps.options import classifier_of, discard_output, require_emotions, tell_unread
from emotion.apps.sources import Frame, Source
from emotion.core.errors import InputError
from emotion.core.files import atomic, save_figure
from emotion.core.folders import Refused
from emotion.inference.predictor import EmotionClassifier, Result
from emotion.inference.tracking import Tracker

MAX_BATCH_PIXELS = 20_000_000  # of frames whose faces are classified together


def main(options: argparse.Namespace) -> None:
    """Classify all faces; print, draw and write as the options say.

    Raises:
        InputError: Nothing can be done. Unreadable files are reported on stderr, and the exit code is 1 in the end.
    """
    if options.json and options.csv and not options.output:
        raise InputError("--json and --csv both write to the terminal: choose one, or name a folder with -o")
    if options.explain and not options.output:
        raise InputError("--explain draws pictures: name a folder for them with -o")
    refused: Refused = []
    inputs = sources.collect(options.inputs, refused, options.output)
    classifier = classifier_of(options)
    if options.explain:
        require_emotions(classifier, options.model)
    errors: list[str] = []
    interrupted = _classify(options, inputs, classifier, errors)
    code = tell_unread(errors, refused)
    if interrupted:
        print("interrupted: finished results are kept", file=sys.stderr)
        sys.exit(130)
    sys.exit(code)


def _classify(
    options: argparse.Namespace, inputs: list[Source], classifier: EmotionClassifier, errors: list[str]
) -> bool:
    """Write the results of all inputs; append errors to a list, and return whether Ctrl-C was pressed."""
    explained = None
    if options.explain:
        explained = explain.load(options.explain)
        explain.require_weights_of(classifier.metadata, options.explain)
    with ExitStack() as stack:
        folder = None
        if options.output:
            folder = stack.enter_context(closing(outputs.AnnotatedFolder(Path(options.output), inputs)))
        interrupted = stack.enter_context(_stop_on_interrupt())
        bar = stack.enter_context(_progress_bar(sources.count(inputs)))
        write = bar.write if bar else print
        sinks = list(_sinks(options, inputs, classifier.labels, stack, write=write))
        frames = takewhile(lambda _: not interrupted.is_set(), sources.frames(inputs, errors.append))
        for frame, result in _predictions(classifier, frames):
            if folder:
                folder.write(frame, result.drawn())
            if folder and explained and result.faces and not frame.source.video:
                path = Path(options.output, "explained", f"{frame.source.short}.png")
                save_figure(path, explained(result.faces))
                folder.written["heatmap picture"] += 1
            for row in outputs.rows(frame, result.faces):
                for sink in sinks:
                    sink(row)
            if bar:
                bar.update()
    if folder:
        print(f"{options.output}: {_written(options, folder)}")
    return interrupted.is_set()


def _progress_bar(total: int) -> AbstractContextManager[Any]:
    """Return a bar that is shown on a terminal while several frames are read; a context of None for a single one."""
    if total == 1:
        return nullcontext()
    from tqdm import tqdm  # not at the top: a single picture is labelled sooner without

    return tqdm(total=total, unit=" frames", disable=None, leave=False)


def _written(options: argparse.Namespace, folder: outputs.AnnotatedFolder) -> str:
    """Return what was written into the output folder."""
    made = [f"{count} {kind}{'s' * (count != 1)}" for kind, count in sorted(folder.written.items())]
    made += [f"results.{kind}" for kind in ("csv", "json") if getattr(options, kind)]
    return f"wrote {', '.join(made)}" if made else "nothing was written"


def _sinks(
    options: argparse.Namespace,
    inputs: list[Source],
    labels: Iterable[str],
    stack: ExitStack,
    *,
    write: Callable[[str], object],
) -> Iterator[outputs.Sink]:
    """Yield the destinations of rows: the terminal, and files in the output folder."""
    if options.csv:
        yield outputs.as_csv(_file(options, "results.csv", stack), labels)
    if options.json:
        yield stack.enter_context(outputs.as_json(_file(options, "results.json", stack)))
    if options.output or not (options.csv or options.json):
        width = max(7, *(len(str(source)) for source in inputs))
        yield outputs.table(_until_closed(write) if options.output else write, width)


def _until_closed(write: Callable[[str], object]) -> Callable[[str], object]:
    """Return a function that prints until the reader has left, as in `| head`: the files are still to be written."""

    def line(text: str) -> None:
        try:
            write(text)
        except BrokenPipeError:
            discard_output()

    return line


def _file(options: argparse.Namespace, name: str, stack: ExitStack) -> TextIO:
    """Open a file in the output folder; without a folder, return the terminal."""
    if not options.output:
        return sys.stdout
    path = stack.enter_context(atomic(Path(options.output, name)))
    return stack.enter_context(path.open("w", newline="", encoding="utf-8", errors="backslashreplace"))


def _predictions(classifier: EmotionClassifier, frames: Iterable[Frame]) -> Iterator[tuple[Frame, Result]]:
    """Yield each frame with its faces; in videos they are tracked from frame to frame."""
    for video, group in groupby(frames, key=lambda frame: frame.source if frame.source.video else None):
        predicting = classifier.following() if video else classifier
        tracker = Tracker()
        for batch in _batches(group):
            for frame, result in zip(batch, predicting.predict([frame.pixels for frame in batch]), strict=True):
                faces = tracker.update(result.faces, frame.number / frame.rate) if video else result.faces
                yield frame, Result(result.picture, faces)


def _batches(frames: Iterable[Frame]) -> Iterator[list[Frame]]:
    """Yield some frames at a time, bounded by MAX_BATCH_PIXELS."""
    batch: list[Frame] = []
    values = 0
    for frame in frames:
        batch.append(frame)
        values += frame.pixels.size
        if values > 3 * MAX_BATCH_PIXELS:
            yield batch
            batch = []
            values = 0
    if batch:
        yield batch


@contextmanager
def _stop_on_interrupt() -> Iterator[Event]:
    """Give an event that the first Ctrl-C sets, so that open files are finished; the second one ends at once."""
    interrupted = Event()

    def stop(number: int, frame: FrameType | None) -> None:
        interrupted.set()
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, before)
