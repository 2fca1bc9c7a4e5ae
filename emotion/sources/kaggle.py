"""Downloads from Kaggle with its official client.

The client is imported where it is used, because its import already talks to Kaggle.
"""

import contextlib
import io
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

from emotion.core.errors import InputError

CREDENTIALS = (
    "get a token at https://www.kaggle.com/settings and put it into the variable KAGGLE_API_TOKEN or the file "
    "~/.kaggle/access_token (an older kaggle.json in ~/.kaggle, or KAGGLE_USERNAME and KAGGLE_KEY, work too)"
)
BY_HAND = "download https://www.kaggle.com/datasets/{} in a browser and set data.source to zip and data.input to it"


def fetch(dataset: str, folder: Path) -> Path:
    """Download a data set such as `msambare/fer2013` into a folder and return its zip.

    An interrupted download resumes where it stopped; after a complete one Kaggle is not asked again.

    Raises:
        InputError: Missing or wrong credentials, no network, no such data set, or the download is no zip.
    """
    target = folder / dataset.replace("/", "-") / (dataset.split("/")[1] + ".zip")
    if _is_whole(target):
        return target
    with _explained(dataset, target):
        _download(dataset, target)
    if not _is_whole(target):
        target.unlink(missing_ok=True)
        raise InputError(f"{dataset}: Kaggle did not send a whole zip: run the same command again")
    return target


def _is_whole(target: Path) -> bool:
    """Return whether a download is complete; until then the client keeps a marker beside it."""
    return not Path(f"{target}.kaggle-partial").exists() and zipfile.is_zipfile(target)


def _download(dataset: str, target: Path) -> None:
    # With these variables, which other programs use too, the client logs its requests, token included.
    for name in ("VERBOSE", "VERBOSE_OUTPUT"):
        os.environ.pop(name, None)
    # It prints help and warnings to stdout; its progress bar is on stderr.
    with contextlib.redirect_stdout(io.StringIO()):
        import kaggle

        try:
            kaggle.api.authenticate()
        except (SystemExit, ValueError):  # ValueError: no header can hold it, and the error's text shows the token
            message = f"{dataset}: no credentials, or Kaggle rejects them: {CREDENTIALS}; or {BY_HAND.format(dataset)}"
            raise InputError(message) from None
        try:
            kaggle.api.dataset_download_files(dataset, path=str(target.parent), quiet=False)
        except ValueError:  # not the announced size: it may end with an error page, so it cannot be resumed
            target.unlink(missing_ok=True)
            raise InputError(f"{dataset}: the download was interrupted: run the same command again") from None


@contextlib.contextmanager
def _explained(dataset: str, target: Path) -> Iterator[None]:
    """Turn the client's errors into one line without their text, which holds signed addresses."""
    import requests

    try:
        yield
    except requests.HTTPError as error:
        status = error.response.status_code if error.response is not None else 0
        remedies = {
            401: f"it rejects the credentials: {CREDENTIALS}",
            403: f"it denies you this data set: check `data.dataset` in params.yaml; if that is right, {CREDENTIALS}",
            404: "there is no such data set: correct `data.dataset` in params.yaml",
            429: "too many requests: wait some minutes and run the same command again",
        }
        problem = remedies.get(status, "try again later")
        raise InputError(f"{dataset}: Kaggle reports HTTP {status}: {problem}") from None
    except requests.RequestException:
        raise InputError(
            f"{dataset}: no connection to Kaggle: check the network and its proxy and run the same command again, "
            "which resumes the download"
        ) from None
    except OSError as error:
        error.filename = error.filename or str(target)
        raise
