"""Downloads from Kaggle with its official client; `python -m emotion.data.kaggle` puts `data.input` in its place.

The client is imported where it is used, because its import already talks to Kaggle.
"""

import contextlib
import io
import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from emotion import errors
from emotion.errors import InputError
from emotion.params import Section, load

CREDENTIALS = (
    "get a token at https://www.kaggle.com/settings and put it into the variable KAGGLE_API_TOKEN or the file "
    "~/.kaggle/access_token (an older kaggle.json in ~/.kaggle, or KAGGLE_USERNAME and KAGGLE_KEY, work too)"
)


class KaggleSettings(Section, extra="ignore"):
    """What concerns Kaggle in section `data` of params.yaml."""

    source: Literal["kaggle", "zip", "sample", "folder"]
    input: str
    dataset: str = Field(pattern=r"^[A-Za-z0-9_-]+/[A-Za-z0-9_-]+$")


def fetch(dataset: str, folder: Path) -> Path:
    """Download a data set such as `msambare/fer2013` into a folder and return its zip.

    A download that was cut off goes on where it was; one that is whole is not repeated, nor Kaggle asked.

    Raises:
        InputError: No or wrong credentials, no network, no such data set, or what came is no zip.
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


def has_credentials() -> bool:
    """Return whether the client would find credentials, without asking Kaggle whether they are right."""
    from kagglesdk import kaggle_env

    folder = Path("~/.kaggle").expanduser()
    newer = Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser() / "kaggle"
    config = Path(os.environ.get("KAGGLE_CONFIG_DIR") or (folder if folder.exists() else newer))
    key = {
        *_read_json(config / "kaggle.json"),
        *(name[7:].lower() for name in os.environ if name.startswith("KAGGLE_")),
    }
    token, _ = kaggle_env.get_access_token_from_env()
    return bool(token) or {"username", "key"} <= key or bool(_read_json(folder / "credentials.json"))


def main() -> None:
    """Put the data set of params.yaml at `data.input`, unless that is there or params.yaml does not ask for a zip."""
    settings = load("data", KaggleSettings)
    target = Path(settings.input)
    if settings.source != "zip" or target.exists():
        return
    if not has_credentials():
        raise InputError(
            f"{target} is not there, and there are no credentials for Kaggle: put the zip of "
            f"https://www.kaggle.com/datasets/{settings.dataset} there, or {CREDENTIALS}"
        )
    os.replace(fetch(settings.dataset, target.parent / "kaggle"), target)  # one file system


def _is_whole(target: Path) -> bool:
    """Return whether a download was finished; until then the client keeps a marker beside it."""
    return not Path(f"{target}.kaggle-partial").exists() and zipfile.is_zipfile(target)


def _download(dataset: str, target: Path) -> None:
    # With these variables, which other programs use too, the client logs what it sends: the token is in it.
    for name in ("VERBOSE", "VERBOSE_OUTPUT"):
        os.environ.pop(name, None)
    # It prints help and warnings to stdout; its progress bar is on stderr.
    with contextlib.redirect_stdout(io.StringIO()):
        import kaggle

        try:
            kaggle.api.authenticate()
        except (SystemExit, ValueError):  # ValueError: no header can hold it, and the error's text shows the token
            problem = "does not accept the credentials" if has_credentials() else "needs credentials"
            raise InputError(f"{dataset}: Kaggle {problem}: {CREDENTIALS}") from None
        try:
            kaggle.api.dataset_download_files(dataset, path=str(target.parent), quiet=False)
        except ValueError:  # another size than announced: it may end with an error page, so it cannot go on
            target.unlink(missing_ok=True)
            raise InputError(f"{dataset}: the download broke off: run the same command again") from None


@contextlib.contextmanager
def _explained(dataset: str, target: Path) -> Iterator[None]:
    """Turn the client's errors into one line without their own text, which holds signed addresses."""
    import requests

    try:
        yield
    except requests.HTTPError as error:
        status = error.response.status_code if error.response is not None else 0
        remedies = {
            401: f"it does not accept the credentials: {CREDENTIALS}",
            403: f"it does not give you this data set: is `data.dataset` right? If so, {CREDENTIALS}",
            404: "there is no such data set: look at `data.dataset` in params.yaml",
            429: "too many requests: wait some minutes and run the same command again",
        }
        problem = remedies.get(status, "try again later")
        raise InputError(f"{dataset}: Kaggle answers {status}: {problem}") from None
    except requests.RequestException:
        raise InputError(
            f"{dataset}: no connection to Kaggle: look at the network and its proxy and run the same command again, "
            "which goes on where it stopped"
        ) from None
    except OSError as error:
        error.filename = error.filename or str(target)
        raise


def _read_json(path: Path) -> dict[str, Any]:
    """Return the object in a file, or nothing where the client would find nothing."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


if __name__ == "__main__":
    errors.run(main)
