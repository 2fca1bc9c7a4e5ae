"""Find damaged objects in a remote and remove them, so that `dvc push` writes them again.

python -m tools.repair_remote [REMOTE] [--dry]

`dvc pull` refuses damaged objects (`verify true`), but names only the output, and `dvc push` believes that what has the
right name is right.
"""

import argparse
import logging
import sys

from dvc.exceptions import DvcException
from dvc.repo import Repo
from dvc_data.hashfile.hash import file_md5
from tqdm import tqdm

from emotion import errors
from emotion.errors import InputError


def main() -> None:
    """Read every object of the remote, print those that are not what their name says, and remove them."""
    parser = argparse.ArgumentParser(description="Remove damaged objects of a remote, so that `dvc push` repairs it.")
    parser.add_argument("remote", nargs="?", help="its name; without it the default one")
    parser.add_argument("--dry", action="store_true", help="remove nothing; exit with 1 if an object is damaged")
    wanted = parser.parse_args()
    logging.getLogger("asyncssh").setLevel(logging.ERROR)
    try:
        count, bad = damaged(wanted.remote, remove=not wanted.dry)
    except (DvcException, OSError) as error:
        raise InputError(f"remote {wanted.remote or 'by default'}: {error}") from error
    print(f"{len(bad)} of {count} objects damaged{' and removed' if bad and not wanted.dry else ''}")
    if bad and wanted.dry:
        sys.exit(1)
    if bad:
        print("Next: `dvc push` in a clone that has the data, or `dvc repro` first")


def damaged(name: str | None, remove: bool) -> tuple[int, list[str]]:
    """Return how many objects a remote has, and the paths of the damaged ones, which are printed and may be removed.

    Raises:
        DvcException: There is no such remote, or none by default.
        OSError: It does not answer.
    """
    store = Repo().cloud.get_remote_odb(name, command="repair")
    oids, bad = sorted(store.all()), []
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
