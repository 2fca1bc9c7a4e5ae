"""The API under load, beside a Flask handler that calls Keras: python -m benchmarks.api_load MODEL.onnx MODEL.keras.

Both have the same detector and, if the files are of one model, the same network. The clients share the cores with the
server: on a computer of its own it would do more. --cropped and --photographs say how many requests; the usual way gets
fewer, because it is slow.
"""

import argparse
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import clients, computer, results
from benchmarks.sent_pictures import cropped, photographs
from emotion import errors

USUAL_SHARE = 40  # the usual way gets one of so many requests
SINGLE = 200  # requests of a client that is alone
CROPPED, WHOLE = "/v1/predict?detect=false", "/v1/predict"


def main() -> None:
    """Measure, print a table and keep the numbers."""
    given = _arguments()
    port = _free_port()
    ours = [sys.executable, "-m", "emotion", "api", "--model", given.onnx, "--port", str(port)]
    ours += ["--workers", str(given.workers)]
    usual = [sys.executable, "-m", "benchmarks.sides.flask_keras", given.keras, str(port)]
    summary: dict[str, Any] = {"cpu": computer.cpu_name(), "cores": computer.cores()[1], "clients": given.clients}
    summary |= {"workers": given.workers, "model": Path(given.onnx).name}
    for name, command, share in (("api", ours, 1), ("usual", usual, USUAL_SHARE)):
        with _served(command, port) as process:
            for kind, target, pictures, count in (
                ("cropped", CROPPED, cropped(), given.cropped),
                ("photographs", WHOLE, photographs(), given.photographs),
            ):
                requests = [clients.multipart(target, picture) for picture in pictures]
                summary[f"{name}_{kind}"] = measured(process, port, requests, given.clients, count // share)
    print(table(summary))
    results.keep("api_load", summary)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("onnx", metavar="MODEL.onnx")
    parser.add_argument("keras", metavar="MODEL.keras")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--cropped", type=int, default=100_000)
    parser.add_argument("--photographs", type=int, default=5_000)
    parser.add_argument("--workers", type=int, default=1)
    return parser.parse_args()


def measured(
    process: "subprocess.Popen[bytes]", port: int, requests: list[bytes], count_of_clients: int, count: int
) -> dict[str, float]:
    """Return what one client and then many at once meet, and the server's memory after a tenth and in the end."""
    clients.load(port, requests, count_of_clients, 10 * count_of_clients)
    alone = clients.load(port, requests, 1, min(SINGLE, count))
    first = clients.load(port, requests, count_of_clients, count // 10)
    before = _memory(process.pid)
    met = clients.load(port, requests, count_of_clients, count - count // 10)
    return {
        "requests": count,
        "errors": alone.errors + first.errors + met.errors,
        "single_ms": round(alone.percentile(50), 2),
        "p50_ms": round(met.percentile(50), 1),
        "p99_ms": round(met.percentile(99), 1),
        "requests_s": round(len(met.times) / met.seconds, 1),
        "mb_after_a_tenth": round(before, 1),
        "mb": round(_memory(process.pid), 1),
    }


def table(summary: dict[str, Any]) -> str:
    """Return the numbers as people read them."""
    names = ("single_ms", "p50_ms", "p99_ms", "requests_s", "errors", "mb_after_a_tenth", "mb")
    head = f"{summary['clients']} clients, {summary['cores']} cores ({summary['cpu']}), {summary['model']}"
    lines = [head, " " * 18 + "".join(f"{name:>17}" for name in names)]
    for kind in ("cropped", "photographs"):
        ours, usual = summary[f"api_{kind}"], summary[f"usual_{kind}"]
        for name, row in (("api", ours), ("usual", usual)):
            lines.append(f"{f'{name} {kind}':18}" + "".join(f"{row[column]:17}" for column in names))
        lines.append(f"{kind}: {ours['requests_s'] / usual['requests_s']:.1f} times the usual way")
    lines.append(f"photographs: p99 is {patience(summary):.2f} of clients x single time / cores")
    return "\n".join(lines)


def patience(summary: dict[str, Any]) -> float:
    """Return how long 99 of 100 photographs wait at most, 1 being what the cores need for one of each client."""
    met = summary["api_photographs"]
    return met["p99_ms"] / (summary["clients"] * met["single_ms"] / summary["cores"])


def _memory(pid: int) -> float:
    """Return how many MB a process and its children have in memory."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024 + sum(_memory(int(child)) for child in children)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def _served(command: list[str], port: int) -> "Iterator[subprocess.Popen[bytes]]":
    """Run a server until the block ends."""
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3"} | os.environ
    process = subprocess.Popen(command, env=quiet, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=60).close()
                break
            except OSError:
                if process.poll() is not None:
                    raise errors.InputError(f"{' '.join(command)}: does not start: run it to see why") from None
                time.sleep(0.2)
        yield process
    finally:
        process.terminate()
        process.wait(30)


if __name__ == "__main__":
    errors.run(main)
