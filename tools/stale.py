"""Name the stages that changed since their last run, for git's hook: python -m tools.stale.

`dvc status` also names each file that is not here: hundreds of lines in a clone without data.
"""

from dvc.repo import Repo

from emotion.core import errors
from emotion.core.errors import InputError
from tools import check_run


def main() -> None:
    """Print one line, or nothing if no stage changed."""
    try:
        stages = dict.fromkeys(stage for stage, _ in check_run.status(Repo()))
    except InputError as reason:  # git can commit all the same
        print(f"what changed is not known: {reason}")
        return
    if stages:
        print(f"changed since their last run: {', '.join(stages)} (`dvc status` says what; `make repro` runs them)")


if __name__ == "__main__":
    errors.run(main)
