"""emotion api: the classifier for other programs, by HTTP."""

import argparse
import errno
import importlib.util
import os
import signal
import socket
import sys
import tempfile

from emotion.errors import InputError

SECONDS_TO_FINISH = 25  # what runs when it is told to end; Kubernetes kills after 30


def main(options: argparse.Namespace) -> None:
    """Serve until Ctrl-C or SIGTERM; what runs is finished.

    Raises:
        InputError: Something is not installed, a model is missing, a setting is not possible, or the port is in use.
    """
    if importlib.util.find_spec("fastapi") is None or importlib.util.find_spec("uvicorn") is None:
        raise InputError("the API needs FastAPI and uvicorn, which are not installed here: run `make api`")
    given = {name: getattr(options, name) for name in ("model", "detector", "smallest", "upright")}
    os.environ |= {f"EMOTION_{name.upper()}": str(value) for name, value in given.items() if value is not None}
    with tempfile.TemporaryDirectory() as folder:
        if options.workers > 1:  # before prometheus_client is imported
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        _serve(options)


def _serve(options: argparse.Namespace) -> None:
    import uvicorn
    from uvicorn.supervisors import Multiprocess

    from emotion.apps import api_app, api_limits, api_settings

    with _bound(options.host, options.port) as bound:
        app = api_app.create()  # what is wrong is told before a worker starts
        config = uvicorn.Config(
            app if options.workers == 1 else "emotion.apps.api_app:create",
            factory=options.workers > 1,
            workers=options.workers,
            http=api_limits.protocol(api_settings.read()),  # type: ignore[arg-type]
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=SECONDS_TO_FINISH,
        )
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: sys.exit(0))  # uvicorn raises it again when all is finished
        if options.workers == 1:
            uvicorn.Server(config).run([bound])
        else:
            Multiprocess(config, [bound]).run()


def _bound(host: str, port: int) -> socket.socket:
    """Return a socket at that address.

    Raises:
        InputError: It is in use, or not of this computer.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        bound = socket.socket(family, kind, protocol)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind(address)
            bound.listen(2048)
        except OSError:
            bound.close()
            raise
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise InputError(f"port {port} is in use: choose another one with --port") from None
        raise InputError(f"{host}, port {port}: {error.strerror}: choose another --host or --port") from None
    return bound
