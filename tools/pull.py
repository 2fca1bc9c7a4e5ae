"""Download data and weights from the remote: python -m tools.pull [arguments of `dvc pull`].

Without a remote, `dvc pull` itself says "Everything is up to date" and fails, or names no remedy.
"""

import subprocess
import sys

from dvc.repo import Repo

from emotion.core import errors
from emotion.core.errors import InputError


def main(*arguments: str) -> None:
    """Run `dvc pull` if a remote is configured or named.

    Raises:
        InputError: No remote is configured.
    """
    named = any(argument in ("-r", "--remote") or argument.startswith("--remote=") for argument in arguments)
    if not named and not Repo().config["core"].get("remote"):
        raise InputError(
            "no remote is configured: add one with `dvc remote add -d NAME ADDRESS` (docs/sharing.md), "
            "or run `make repro`, which makes everything from the faces"
        )
    sys.exit(subprocess.run([sys.executable, "-m", "dvc", "pull", *arguments], check=False).returncode)


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
