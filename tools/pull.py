"""Get what dvc.lock names from the remote: python -m tools.pull [what `dvc pull` takes].

Without a remote `dvc pull` says "Everything is up to date" and fails, or fails without a remedy.
"""

import subprocess
import sys

from dvc.repo import Repo

from emotion import errors
from emotion.errors import InputError


def main(*arguments: str) -> None:
    """Run `dvc pull`, if there is a place to pull from.

    Raises:
        InputError: No remote is configured.
    """
    named = any(argument in ("-r", "--remote") or argument.startswith("--remote=") for argument in arguments)
    if not named and not Repo().config["core"].get("remote"):
        raise InputError(
            "no remote is configured, so there is nowhere to pull from: `dvc remote add -d NAME ADDRESS` names one"
            " (docs/sharing.md), or `make repro` makes everything from the faces"
        )
    sys.exit(subprocess.run([sys.executable, "-m", "dvc", "pull", *arguments], check=False).returncode)


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
