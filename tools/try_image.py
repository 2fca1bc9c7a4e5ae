"""Run the steps of deploy/Dockerfile without a container engine, and what comes out of them.

Started by deploy/try_image.sh as root, in a mount namespace of its own. A layer is a folder of an overlay file system.
"""

import argparse
import os
import signal
import time
from pathlib import Path

from emotion import errors
from emotion.errors import InputError
from tools import dockerfile, image_asks
from tools.image_process import Container
from tools.image_steps import DOCKERFILE, Image, sh

STARTS, STOPS = 120, 40  # seconds


def main() -> None:
    """Make the image, run it, ask it, stop it, and say what was seen.

    Raises:
        InputError: A step is not possible, or the server does not do what it should.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("target", choices=("api", "demo"))
    parser.add_argument("model", help="ONNX file in the repository, as --build-arg MODEL of a build")
    parser.add_argument("base", type=Path)
    parser.add_argument("work", type=Path)
    options = parser.parse_args()
    stages = dockerfile.read(DOCKERFILE, {"MODEL": options.model})
    needed = [name for name in stages if name in ("code", f"{options.target}-packages")]
    for name in needed:
        Image(name, stages, options.base, options.work)
    image = Image(options.target, stages, options.base, options.work)
    layers = [layer for layer in (image.upper, *image.lower) if layer != options.base]
    container = Container(image, options.work, {"EMOTION_API_KEY": "trial", "EMOTION_THREADS": "2"})
    try:
        _check(container, image, options.target)
    finally:
        container.process.kill()
    print(f"installed: {sum(map(megabytes, layers)):.0f} MB; base here: {megabytes(options.base):.0f} MB")


def _check(container: Container, image: Image, target: str) -> None:
    health = dockerfile.command(image.last("HEALTHCHECK"))
    start = time.monotonic()
    while container.inside(health, capture_output=True).returncode:
        if container.process.poll() is not None or time.monotonic() - start > STARTS:
            raise InputError(f"{target}: not healthy after {time.monotonic() - start:.0f} s")
        time.sleep(0.5)
    print(f"HEALTHCHECK passed after {time.monotonic() - start:.1f} s")
    if not container.inside(["touch", "/app/x"], capture_output=True).returncode:
        raise InputError("the root can be written to")
    container.inside(["python", "-c", image_asks.ASKS[target]], check=True)
    status = dict(line.split(":", 1) for line in Path(f"/proc/{container.pid}/status").read_text().splitlines())
    print(*(f"{name}:{' '.join(status[name].split())}" for name in ("Uid", "NSpid", "CapEff", "NoNewPrivs", "VmHWM")))
    number = signal.Signals[image.last("STOPSIGNAL") or "SIGTERM"]
    start = time.monotonic()
    os.kill(container.pid, number)
    code = container.process.wait(STOPS)
    print(f"{number.name}: ended after {time.monotonic() - start:.1f} s with exit code {code}")


def megabytes(folder: Path) -> float:
    """Return the size of all files of a folder in units of 1,000,000 bytes."""
    return int(sh("du", "--summarize", "--bytes", "--one-file-system", str(folder)).split()[0]) / 1e6


if __name__ == "__main__":
    errors.run(main)
