"""The command `emotion`."""

import argparse
import errno
import importlib
import io
import os
import re
import shlex
import sys

from emotion.apps.parser import parser
from emotion.core import errors
from emotion.core.errors import InputError

# Each command's module, whose `main` gets the options; it is imported when its command runs.
COMMANDS = {
    "predict": "emotion.apps.predict",
    "score": "emotion.apps.score",
    "score-many": "emotion.apps.batch.command",
    "webcam": "emotion.apps.webcam",
    "demo": "emotion.apps.demo.command",
    "api": "emotion.apps.api.command",
}
EXTRAS = {"score-many": "scale", "demo": "demo", "api": "api"}  # of pyproject.toml
ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)


def run() -> None:
    """Run the command with the arguments of this process; errors that users can fix are reported in one line."""
    errors.run(main)


def main() -> None:
    """Parse the arguments and run the command.

    Raises:
        InputError: Something is wrong with the input, or with the libraries of this system.
    """
    _prepare_streams()
    try:
        _run(parser().parse_args())
    except BrokenPipeError:  # `emotion predict ... | head`
        pass
    finally:
        _flush()


def _prepare_streams() -> None:
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # closed by whoever started this
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))
    for stream in (sys.stdout, sys.stderr):  # file names may be undecodable
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _run(options: argparse.Namespace) -> None:
    _require_files(options)
    # OpenCV and FFmpeg log every attempt; we report the outcome.
    os.environ |= {"OPENCV_LOG_LEVEL": "OFF", "OPENCV_FFMPEG_LOGLEVEL": "-8"} | os.environ
    try:
        if options.command == "fetch-yunet":
            _fetch_yunet()
        else:
            importlib.import_module(COMMANDS[options.command]).main(options)
    except ImportError as error:
        raise _explained(error, options.command) from error
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        raise InputError(f"{error.filename}: this name is too long for a file") from None


def _flush() -> None:
    """Print what is left; the exit code stays if the reader has left."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        from emotion.apps.options import discard_output  # not at the top: its imports take longer than --help

        discard_output()


def _require_files(options: argparse.Namespace) -> None:
    """Raise an InputError if an address, or nothing, stands where the name of a file belongs."""
    for option, value in vars(options).items():
        for name in value if isinstance(value, list) else [value]:
            if name == "" and option not in ("host", "root_path"):
                raise InputError(f"{option}: the name is empty (an unset variable?): write one")
            if option not in ("source", "ray", "host") and ADDRESS.match(str(name)) and not os.path.exists(name):
                remedy = "download it and name the file (`emotion webcam` opens streams)"
                raise InputError(f"{name}: addresses are not opened: {remedy}")


def _fetch_yunet() -> None:
    from emotion.detection import yunet

    path = yunet.default_path()
    outcome = "downloaded" if yunet.fetch(path) else "already downloaded"
    print(f"{path}: {outcome}; use it with `--detector yunet`")


def _explained(error: ImportError, command: str) -> Exception:
    """Return the remedy for a missing library: one of the system, or one that only some commands need."""
    if (error.name == "cv2" and ".so" in str(error)) or "libGL" in str(error):
        remedy = "on Debian or Ubuntu run `sudo apt-get install libgl1 libglib2.0-0`"
        return InputError(f"OpenCV cannot be loaded ({error}): {remedy}")
    if isinstance(error, ModuleNotFoundError) and error.name and not error.name.startswith("emotion"):
        return InputError(f"{command} needs {error.name}, which is not installed: {_installation(command)}")
    return error


def _installation(command: str) -> str:
    """Return how to install what a command needs: package by package, because an index's `emotion` is another one."""
    from importlib import metadata

    try:
        required = metadata.requires("emotion") or []
    except metadata.PackageNotFoundError:
        return f"run `make {command}`" if command in ("demo", "api") else "run `make setup` and use .venv/bin/python"
    extra = f"extra == '{EXTRAS[command]}'" if command in EXTRAS else ""
    packages = [line.partition(";")[0] for line in required if (extra in line if extra else "extra ==" not in line)]
    return f"run `pip install {shlex.join(packages)}`"
