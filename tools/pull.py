"""Download data and weights from the remote: python -m tools.pull.

Without a remote, `dvc pull` itself says "Everything is up to date" and fails, or names no remedy; of what was never
pushed it names hashes alone.
"""

from pathlib import Path

from dvc.repo import Repo

from emotion.core import errors
from emotion.core.errors import InputError
from tools import repro

SHOWN = 3  # outputs that an error names


def main() -> None:
    """Run `dvc pull`, whose exit code is that of this process if it is not 0.

    Raises:
        InputError: No remote is configured, or it lacks some outputs.
    """
    require_remote()
    repro.dvc(Path(), "pull", "--allow-missing")
    missing = [str(out) for out in Repo().index.outs if out.use_cache and out.hash_info and not out.exists]
    if missing:
        names = ", ".join(missing[:SHOWN]) + (" ..." if missing[SHOWN:] else "")
        raise InputError(
            f"{len(missing)} output{'s' * (len(missing) > 1)} missing from the remote, or damaged there: {names}: "
            "run `dvc push` in a clone that has them, or `make repro` here (docs/sharing.md)"
        )


def require_remote() -> None:
    """Raise an InputError that says what helps unless there is a default remote."""
    if not Repo().config["core"].get("remote"):
        raise InputError(
            "no remote is configured: add one with `dvc remote add -d NAME ADDRESS` (docs/sharing.md), "
            "or run `make repro`, which makes everything from the faces"
        )


if __name__ == "__main__":
    errors.run(main)
