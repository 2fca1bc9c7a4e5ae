"""Score spans in processes of this machine."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import Connection

from emotion.apps.batch import parts
from emotion.apps.batch.plan import Span
from emotion.apps.batch.scorer import Job
from emotion.core.errors import InputError


def run(spans: Sequence[Span], job: Job, workers: int) -> None:
    """Score all spans; workers end with this process, even if it is killed.

    Raises:
        InputError: A file is damaged, or a worker died.
    """
    if min(workers, len(spans)) <= 1:
        for span in spans:
            parts.score(span, job)
        return
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    pool = ProcessPoolExecutor(min(workers, len(spans)), context, _end_with, (receiver,))
    try:
        for done in as_completed([pool.submit(parts.score, span, job) for span in spans]):
            done.result()
    except BrokenProcessPool:
        raise InputError(
            "a worker died (out of memory? fewer --workers need less): finished parts are kept. "
            "Resume with the same command."
        ) from None
    except BaseException:
        sender.close()  # ends all workers at once
        raise
    finally:
        pool.shutdown(cancel_futures=True)
        sender.close()


def _end_with(receiver: Connection) -> None:
    """End this process when the process at the other end of the pipe closes it or dies, Ctrl-C included."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def wait() -> None:
        receiver.poll(None)
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
