"""The training of one trial, in a process that ends with the one that started it: python -m tools.tune_child cnn."""

import os
import runpy
import shutil
import sys
import threading


def main() -> None:
    """Run the stage train with the same arguments, and stop at once when the other end of stdin is closed.

    It is closed by `kill -9` as well, so no training goes on that nobody waits for. With --remove the folder goes, too.
    """
    remove = sys.argv[1] == "--remove"
    if remove:
        del sys.argv[1]
    threading.Thread(target=_exit_with_parent, args=[remove], daemon=True).start()
    runpy.run_module("stages.train", run_name="__main__", alter_sys=True)


def _exit_with_parent(remove: bool) -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    if remove:
        shutil.rmtree(os.getcwd(), ignore_errors=True)
    os._exit(1)


if __name__ == "__main__":
    main()
