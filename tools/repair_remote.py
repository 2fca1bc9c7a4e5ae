"""Remove damaged objects from a remote, so that `dvc push` uploads them again: python -m tools.repair_remote [REMOTE].

`dvc pull` refuses damaged objects (`verify true`) but names only the output, and `dvc push` skips an object whose name
exists in the remote.
"""

import argparse
import logging
import sys

from dvc.exceptions import DvcException
from dvc.repo import Repo
from dvc_data.hashfile.hash import file_md5
from tqdm import tqdm

from emotion.core import errors
from emotion.core.errors import InputError
from tools import pull


def main() -> None:
    """Read every object of the remote, print those whose hash differs from their name, and remove them."""
    parser = argparse.ArgumentParser(description="Remove damaged objects from a remote.")
    parser.add_argument("remote", nargs="?", help="its name; default: the default remote")
    parser.add_argument("--dry", action="store_true", help="remove nothing; exit with 1 if an object is damaged")
    wanted = parser.parse_args()
    logging.getLogger("asyncssh").setLevel(logging.ERROR)
    if not wanted.remote:
        pull.require_remote()
    try:
        count, bad = damaged(wanted.remote, remove=not wanted.dry)
    except (DvcException, OSError) as error:
        raise InputError(f"remote {wanted.remote or 'by default'}: {error}") from error
    print(f"{len(bad)} of {count} objects damaged{' and removed' if bad and not wanted.dry else ''}")
    if bad and wanted.dry:
        sys.exit(1)
    if bad:
        print("Next: run `dvc push` in a clone that has the data, or `dvc repro` first")


def damaged(name: str | None, *, remove: bool) -> tuple[int, list[str]]:
    """Return the number of objects in a remote and the paths of the damaged ones; print and maybe remove these.

    Raises:
        DvcException: There is no such remote, or none by default.
        OSError: It does not answer.
    """
    store = Repo().cloud.get_remote_odb(name, command="repair")
    oids = sorted(store.all())
    bad = []
    for oid in tqdm(oids, unit="object", disable=None):
        path = store.oid_to_path(oid)
        if file_md5(path, store.fs, name=store.hash_name) != oid.removesuffix(".dir"):
            bad.append(path)
            tqdm.write(f"damaged: {store.fs.unstrip_protocol(path)}")
            if remove:
                store.fs.remove(path)
    return len(oids), bad


if __name__ == "__main__":
    errors.run(main)
