"""What `dvc repro` would run in a clone without its data, asked in this process: a start of DVC takes half a second."""

import io
import logging
import re
from collections.abc import Iterator

from dvc.exceptions import DvcException, ReproductionError
from dvc.repo import Repo

from emotion.core.errors import InputError


def dry_run() -> Iterator[tuple[str, str]]:
    """Yield the stages that `dvc repro` would run, each with the reason.

    Raises:
        InputError: DVC fails without naming a stage, as for a dvc.yaml that is not valid.
    """
    told = io.StringIO()
    logger = logging.getLogger("dvc")
    usual, logger.handlers = logger.handlers, [logging.StreamHandler(told)]
    failed = ""
    try:
        Repo().reproduce(dry=True, allow_missing=True, on_error="keep-going")
    except ReproductionError as error:
        failed = str(error)
    except DvcException as error:
        raise InputError(f"dvc repro --dry: {str(error).splitlines()[0]}") from None
    finally:
        logger.handlers = usual
    stale = re.findall(r"^Running stage '(.+)'", told.getvalue(), re.MULTILINE)
    # Without its data DVC cannot say more about a stage that does not match dvc.lock.
    stale += re.findall(r"'(.+?)'", failed)  # one stage, or several: 'a', 'b' and 'c'
    for stage in dict.fromkeys(stale):
        yield stage, "dvc.lock was not made by this code, these params and these files"
