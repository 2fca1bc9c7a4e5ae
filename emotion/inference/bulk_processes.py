"""Spans are scored by processes of this machine."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from functools import cache
from multiprocessing.connection import Connection

from emotion.errors import InputError
from emotion.inference import bulk_parts
from emotion.inference.bulk_plan import Span
from emotion.inference.bulk_scorer import Job, Scorer


def run(spans: Sequence[Span], job: Job, workers: int) -> None:
    """Score all spans; when it is left, or this process is killed, no worker goes on.

    Raises:
        InputError: A file is damaged, or a worker died.
    """
    if min(workers, len(spans)) <= 1:
        scorer = Scorer(job)
        for span in spans:
            bulk_parts.score(span, job, scorer)
        return
    context = multiprocessing.get_context("spawn")
    theirs, ours = context.Pipe(duplex=False)
    pool = ProcessPoolExecutor(min(workers, len(spans)), context, _end_with, (theirs,))
    try:
        for done in as_completed([pool.submit(_score, span, job) for span in spans]):
            done.result()
    except BrokenProcessPool:
        raise InputError(
            "a worker died (was memory short? fewer --workers need less): finished parts stay, the same command goes on"
        ) from None
    except BaseException:
        ours.close()  # workers end at once
        raise
    finally:
        pool.shutdown(cancel_futures=True)
        ours.close()


def _score(span: Span, job: Job) -> None:
    bulk_parts.score(span, job, _scorer(job))


@cache  # the model is opened once in each process
def _scorer(job: Job) -> Scorer:
    return Scorer(job)


def _end_with(other: Connection) -> None:
    """End this process when the one that holds the other end of a pipe closes it or dies, Ctrl-C included."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def wait() -> None:
        other.poll(None)
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
