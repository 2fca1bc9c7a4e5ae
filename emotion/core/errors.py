"""Errors that a person can act on, told in one line."""

import difflib
import errno
import inspect
import sys
from collections.abc import Callable


class InputError(Exception):
    """Something outside the code is wrong; the message names the thing and the remedy."""


def suggest(name: object, known: list[str]) -> str:
    """Return the end of an error about a misspelt name: the nearest known one, else all of them."""
    near = difflib.get_close_matches(str(name), known, n=1)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; known are {', '.join(map(str, known))}" if known else ""


def run(main: Callable[..., None], *arguments: str) -> None:
    """Call main and, where a person can act on what went wrong, exit with one line and code 1.

    Anything else is a bug and keeps its traceback. Ctrl-C exits with 130, as shells do.
    """
    try:
        require_arguments(main, arguments)
        main(*arguments)
    except InputError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        sys.exit(f"error: {_explain(error)}")
    except KeyboardInterrupt:
        print("interrupted: nothing is lost, resume with the same command", file=sys.stderr)
        sys.exit(130)


def require_arguments(main: Callable[..., None], arguments: tuple[str, ...]) -> None:
    """Raise an InputError that shows the usage unless main takes these arguments."""
    signature = inspect.signature(main)
    try:
        signature.bind(*arguments)
    except TypeError:
        names = " ".join(name.upper() for name in signature.parameters)
        raise InputError(f"usage: python -m {_module(main)} {names}".strip()) from None


def _module(main: Callable[..., None]) -> str:
    """Return what stands after `python -m`."""
    spec = getattr(sys.modules[main.__module__], "__spec__", None)
    return spec.name if spec else main.__module__


def _explain(error: OSError) -> str:
    """Return what failed and what helps for the file errors that people meet, else raise again."""
    remedies = {
        errno.ENOSPC: "the disk is full: free some space and run the same command again",
        errno.EDQUOT: "the disk quota is used up: free some space and run the same command again",
        errno.EACCES: "permission denied: change its owner or its permissions, or work in a folder of your own",
        errno.EROFS: "the file system is read-only: work in a folder that can be written",
        errno.ENOENT: "it does not exist: run `dvc repro`, which makes what a stage needs",
    }
    if error.errno not in remedies:
        raise error
    return f"{error.filename or 'while writing'}: {remedies[error.errno]}"
