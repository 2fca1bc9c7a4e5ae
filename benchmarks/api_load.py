"""Measure the API under load beside Flask with Keras: python -m benchmarks.api_load MODEL.onnx MODEL.keras.

Both use the same detector and, if the files hold one model, the same network. Clients and server share the cores, so
a server on hardware of its own does more. Flask with Keras gets fewer requests, because it is slow.
"""

import argparse
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import clients, results
from emotion.core import errors

USUAL_SHARE = 40  # Flask with Keras gets one of so many requests
SINGLE = 200  # requests of a single client
CROPPED, WHOLE = "/v1/predict?detect=false", "/v1/predict"
COLUMNS = ("name", "single_ms", "p50_ms", "p99_ms", "requests_s", "errors", "mb")


def main(*arguments: str) -> None:
    """Measure, print a table and write the numbers to benchmarks/results.json."""
    options = parse(arguments)
    port = free_port()
    ours = ["emotion", "api", "--model", options.onnx, "--port", str(port), "--workers", str(options.workers)]
    usual = ["benchmarks.sides.flask_keras", options.keras, str(port)]
    rows: dict[str, Any] = {}
    for name, command, share in (("api", ours, 1), ("usual", usual, USUAL_SHARE)):
        with served([sys.executable, "-m", *command], port) as process:
            for kind, target, pictures, count in (
                ("cropped", CROPPED, clients.cropped(), options.cropped),
                ("photographs", WHOLE, clients.photographs(), options.photographs),
            ):
                requests = [clients.multipart(target, picture) for picture in pictures]
                rows[f"{name}_{kind}"] = measured(
                    process, port, requests, concurrent=options.clients, count=count // share
                )
    cpu, model, cores = results.cpu_name(), Path(options.onnx).name, results.cores()[1]
    summary = {"cpu": cpu, "cores": cores, "clients": options.clients, "workers": options.workers, "model": model}
    results.keep("api_load", summary | {"rows": rows})
    title = f"{options.clients} clients, {cores} cores ({cpu}), {model}; usual: Flask and Keras"
    print(results.table(title, COLUMNS, rows))


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description="Measure the API under load beside Flask with Keras.")
    parser.add_argument("onnx", metavar="MODEL.onnx")
    parser.add_argument("keras", metavar="MODEL.keras")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--cropped", type=int, default=100_000, help="requests with a face crop")
    parser.add_argument("--photographs", type=int, default=5_000, help="requests with a photograph")
    parser.add_argument("--workers", type=int, default=1)
    return parser.parse_args(arguments)


def measured(
    process: "subprocess.Popen[bytes]", port: int, requests: list[bytes], *, concurrent: int, count: int
) -> dict[str, float]:
    """Return latency with one and with concurrent clients, throughput, and the memory at the end."""
    clients.load(port, requests, concurrent, 10 * concurrent)  # a warm-up
    single = clients.load(port, requests, 1, min(SINGLE, count))
    met = clients.load(port, requests, concurrent, count)
    return {
        "requests": count,
        "errors": single.errors + met.errors,
        "single_ms": round(single.percentile(50), 2),
        "p50_ms": round(met.percentile(50), 1),
        "p99_ms": round(met.percentile(99), 1),
        "requests_s": round(len(met.times) / met.seconds, 1),
        "mb": round(results.memory_mb(process.pid), 1),
    }


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def served(command: list[str], port: int) -> "Iterator[subprocess.Popen[bytes]]":
    """Run a server until the block ends."""
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3"} | os.environ
    process = subprocess.Popen(command, env=quiet, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not _is_ready(port):
            if process.poll() is not None:
                raise errors.InputError(f"{' '.join(command)}: does not start: run it to see why")
            time.sleep(0.2)
        yield process
    finally:
        process.terminate()
        process.wait(30)


def _is_ready(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=60).close()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
