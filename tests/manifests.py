"""The manifests of deploy/kubernetes, as they stand there and as kubectl would apply them."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.source import ROOT

DEPLOY = ROOT / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
OVERLAYS = sorted(path.name for path in (KUBERNETES / "overlays").iterdir())


def documents(folder: Path) -> list[dict[str, Any]]:
    """Return the manifests that a kustomization lists, as they stand there."""
    files = yaml.safe_load((folder / "kustomization.yaml").read_text())["resources"]
    return [yaml.safe_load((folder / name).read_text()) for name in files]


def rendered(overlay: str) -> list[dict[str, Any]]:
    """Return what kubectl would apply."""
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not here")
    command = ["kubectl", "kustomize", str(KUBERNETES / "overlays" / overlay)]
    return list(yaml.safe_load_all(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


def the(kind: str, manifests: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the one manifest of a kind."""
    (found,) = [manifest for manifest in manifests if manifest["kind"] == kind]
    return found


def pods(manifests: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the specifications of all pods."""
    for manifest in manifests:
        if "template" in manifest.get("spec", {}):
            yield manifest["spec"]["template"]["spec"]


def literals(kustomization: Path) -> dict[str, str]:
    """Return the variables of a kustomization's ConfigMaps."""
    maps = yaml.safe_load(kustomization.read_text()).get("configMapGenerator", [])
    return dict(line.split("=", 1) for one in maps for line in one["literals"])
