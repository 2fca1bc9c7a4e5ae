"""emotion api: the classifier for other programs, over HTTP."""

import argparse
import logging
import os
import signal
import sys
import tempfile
from functools import partial

from emotion.apps.api import settings
from emotion.apps.api.problems import LOGGER
from emotion.apps.options import DETECTION, address, listen

OPTIONS = ("model", *DETECTION)  # as the settings are called
ANSWER = 30  # seconds within which a process must answer; a slow or busy machine needs more than uvicorn's 5 to import
GRACE = 25  # seconds to finish running requests; Kubernetes kills after 30


def main(options: argparse.Namespace) -> None:
    """Serve until Ctrl-C or SIGTERM; running requests are finished.

    Raises:
        InputError: A model is missing, a setting is invalid, or the port is in use.
    """
    given = {name: getattr(options, name) for name in OPTIONS}
    os.environ |= {settings.variable(name): str(value) for name, value in given.items() if value is not None}
    with tempfile.TemporaryDirectory() as folder:
        if options.workers > 1:  # before prometheus_client is imported
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        _serve(options)


def _serve(options: argparse.Namespace) -> None:
    import uvicorn
    from uvicorn.supervisors import Multiprocess

    from emotion.apps.api import app, limits

    with listen(options.host, options.port) as socket:
        application = app.create()  # reports errors before a worker starts
        config = uvicorn.Config(
            application if options.workers == 1 else "emotion.apps.api.app:create",
            factory=options.workers > 1,
            workers=options.workers,
            http=partial(limits.Deadline, seconds=settings.read().header_seconds),  # type: ignore[arg-type]
            ws="none",
            log_config=None,
            access_log=False,  # Records logs each request
            server_header=False,
            root_path=options.root_path,
            timeout_graceful_shutdown=GRACE,
            timeout_worker_healthcheck=ANSWER,
        )
        where = address(options.host, socket.getsockname()[1])
        logging.getLogger(LOGGER).info("listening at %s; Ctrl-C ends it", where)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: sys.exit(0))  # uvicorn raises it again once everything is finished
        if options.workers == 1:
            uvicorn.Server(config).run([socket])
        else:
            Multiprocess(config, [socket]).run()
