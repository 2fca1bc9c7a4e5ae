"""The packages with which the committed models were trained, beside those of requirements.txt."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from dvc.repo import Repo

# What training records under "versions", and the distribution in the lock.
PACKAGES = {"tensorflow": "tensorflow(?:-cpu)?", "keras": "keras", "numpy": "numpy", "opencv": "opencv-python-headless"}


def other_versions(repo: Repo) -> Iterator[tuple[str, str]]:
    """Yield the stage of each model that was trained with a version that requirements.txt does not have, and which."""
    lock = Path("requirements.txt").read_text(encoding="utf-8")
    for out in repo.index.outs:
        path = Path(str(out))
        if path.parent != Path("metrics/training") or not path.exists():
            continue
        recorded = json.loads(path.read_text(encoding="utf-8")).get("versions", {})
        for package, name in PACKAGES.items():
            # Three numbers: the fourth of OpenCV's distribution counts its builds.
            allowed = set(re.findall(rf"^{name}==(\d+(?:\.\d+){{,2}})", lock, re.MULTILINE))
            had = recorded.get(package)
            if had not in allowed:
                what = f"{path} was made with {package} {had}, requirements.txt has {' or '.join(sorted(allowed))}"
                yield out.stage.addressing, f"{what}: compile requirements.txt without --upgrade, or train again"
