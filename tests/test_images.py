"""The images of deploy/Dockerfile, built by `make image` from the working tree, and run as the manifests say.

TARGETS=api: these images only; PYTHON_IMAGE: another base than this machine's packages.
"""

import concurrent.futures
import os
import re
import subprocess
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import yaml

from emotion.apps import main
from tests import images, serving
from tests.images import Pod, Storage
from tests.manifests import KUBERNETES, literals
from tests.pasted import photograph
from tests.source import ROOT

pytestmark = pytest.mark.image
Spec = dict[str, Any]
TARGETS = os.environ.get("TARGETS", "api demo").split()


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storage]:
    """The images, built on a base of this machine's packages, and a container of each."""
    with images.storage(tmp_path_factory.mktemp("storage")) as storage:
        build = storage.start("make", "image", f"TARGETS={' '.join(TARGETS)}")
        _, errors = build.communicate()
        assert build.returncode == 0, errors
        assert "docker does not work (no daemon of docker); podman does not work (no daemon of podman): using" in errors
        for target in TARGETS:
            storage.call("buildah", "from", "--name", target, f"emotion-{target}")
        yield storage


@pytest.fixture(scope="module", params=TARGETS)
def target(request: pytest.FixtureRequest) -> str:
    """The images, one after the other."""
    return request.param


@pytest.fixture(scope="module")
def image(target: str, storage: Storage) -> Spec:
    """The settings of an image."""
    return storage.inspect(f"emotion-{target}")


@pytest.fixture(scope="module")
def files(target: str, storage: Storage) -> Path:
    """The files of an image."""
    return Path(storage.call("buildah", "mount", target))


@pytest.fixture(scope="module")
def manifest() -> Spec:
    """The specification of the API's pod."""
    return yaml.safe_load((KUBERNETES / "base/deployment.yaml").read_text())["spec"]["template"]["spec"]


@pytest.fixture(scope="module")
def server(manifest: Spec) -> Spec:
    """The container of the API's pod."""
    return manifest["containers"][0]


@pytest.fixture(scope="module")
def pod(
    target: str, image: Spec, storage: Storage, manifest: Spec, server: Spec, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pod]:
    """A container that runs as the manifest says, with the key `secret`; the demo runs under the same rights."""
    cpus = server["resources"]["limits"]["cpu"]
    variables = literals(KUBERNETES / "base/kustomization.yaml") | {
        "EMOTION_API_KEY": "secret",
        "EMOTION_THREADS": cpus,
        "EMOTION_PREDICT_SECONDS": "300",  # the memory is tested, not the speed of this machine
    }
    words = image["Entrypoint"] + (server["args"] if target == "api" else image["Cmd"])
    tmp = bytes_of(manifest["volumes"][0]["emptyDir"]["sizeLimit"])
    log = tmp_path_factory.mktemp("pod") / "log"
    with images.running(storage, target, *words, tmp=tmp, cpus=int(cpus), log=log, **variables) as pod:
        startup = server["startupProbe"] | {"httpGet": {"path": {"api": "/healthz", "demo": "/"}[target]}}
        assert any(pod.passes(startup) for _ in range(5)), log.read_text()  # a busy machine: CPU time counts, below
        yield pod


def bytes_of(quantity: str) -> int:
    """Return the bytes of a quantity of Kubernetes."""
    return int(quantity[:-2]) * {"Mi": 2**20, "Gi": 2**30}[quantity[-2:]]


@pytest.mark.parametrize("target", sorted(set(TARGETS) & {"api"}), indirect=True)
def test_the_api_adds_less_than_350_mb_to_its_base(image: Spec, storage: Storage):
    base = storage.inspect(storage.environment()["PYTHON_IMAGE"])["sizes"]
    assert 200e6 < sum(image["sizes"][len(base) :]) < 350e6


def test_an_image_has_its_lock_without_tensorflow_and_installers(target: str, files: Path):
    found = metadata.distributions(path=[str(files / "venv/lib/python3.11/site-packages")])
    installed = {re.sub("[._]", "-", one.name).lower(): one.version for one in found}
    lock = set(re.findall(r"^(\S+)==(\S+)", (ROOT / f"requirements/{target}.txt").read_text(), re.MULTILINE))
    assert installed.items() <= lock
    assert {"onnxruntime", "numpy", "opencv-python-headless"} <= set(installed)
    assert not set(installed) & {"tensorflow", "tensorflow-cpu", "keras", "torch", "dvc", "pip", "uv", "hf-xet"}


def test_an_image_has_no_cache_and_no_settings_of_its_builder(files: Path):
    for folder in ("root", "tmp", "build", "run/secrets", "var/cache/pip"):
        assert not [path for path in (files / folder).rglob("*") if path.is_file()], folder
    assert not (files / "etc/pip.conf").exists(), "the index of the machine that built it"


def test_an_image_holds_the_code_and_one_model(files: Path):
    app = files / "app"
    ours, theirs = (
        {path.relative_to(folder) for path in (folder / "emotion").rglob("*") if "__pycache__" not in path.parts}
        for folder in (ROOT, app)
    )
    assert ours == theirs
    assert {path.read_bytes()[4] for path in app.rglob("*.pyc")} == {1}, "compiled by the build, for a read-only root"
    assert {path.name for path in app.iterdir()} == {"emotion", "models"}
    assert {path.name for path in (app / "models").iterdir()} == {"emotion.onnx", "mtcnn"}


def test_an_image_says_its_user_port_check_and_signal(target: str, image: Spec, manifest: Spec):
    assert image["User"] == "{runAsUser}:{runAsGroup}".format_map(manifest["securityContext"])
    options = main.parser().parse_args(image["Cmd"])
    assert options.host == "0.0.0.0"
    assert list(image["ExposedPorts"]) == [f"{options.port}/tcp"]
    assert image["Healthcheck"]["Test"][:3] == ["CMD", "python", "-c"]
    assert f", {options.port}, " in image["Healthcheck"]["Test"][3]
    assert image["StopSignal"] == {"api": "SIGTERM", "demo": "SIGINT"}[target]
    revision = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    assert image["Labels"]["org.opencontainers.image.revision"] == (revision or "unknown")


def test_a_pod_runs_as_its_user_without_rights(pod: Pod, manifest: Spec):
    lines = Path(f"/proc/{pod.python().pid}/status").read_text().splitlines()
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    assert set(status["Uid"].split()) == {str(manifest["securityContext"]["runAsUser"])}
    assert set(status["Gid"].split()) == {str(manifest["securityContext"]["runAsGroup"])}
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0
    assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2"
    tried = "for folder in / /app /venv /root /run /tmp; do touch $folder/new 2> /dev/null && echo $folder; done; true"
    assert pod.execute("sh", "-c", tried).stdout == "/tmp\n"


def test_a_pod_starts_in_time_and_its_check_passes(pod: Pod, image: Spec, server: Spec):
    startup = server["startupProbe"]
    used = pod.python().cpu_times()
    assert used.user + used.system < startup["periodSeconds"] * startup["failureThreshold"] / 4, (
        "a slow node needs more"
    )
    check = pod.execute(*image["Healthcheck"]["Test"][1:])
    assert check.returncode == 0, check.stderr


@pytest.mark.parametrize("target", sorted(set(TARGETS) & {"api"}), indirect=True)
def test_a_pod_passes_its_probes_within_its_memory_under_load(pod: Pod, server: Spec):
    key = {"X-API-Key": "secret"}
    large = serving.encoded(photograph([(900, 900, 900)], 5700, 4300), "JPEG")  # almost EMOTION_MAX_PIXELS

    def predict(picture: bytes) -> list[str]:
        response = pod.client.post("/v1/predict", files=serving.files(picture), headers=key, timeout=300)
        return [face["label"] for face in response.json()["results"][0]["faces"]]

    assert pod.client.post("/v1/predict", files=serving.files(large)).status_code == 401
    assert predict(serving.two_faces()) == ["happy", "happy"]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        predicted = list(map(pool.submit, [predict] * 3, [large] * 3))
        assert all(pod.passes(server[probe]) for probe in ("livenessProbe", "readinessProbe") * 3)
        assert [labels.result() for labels in predicted] == [["happy"]] * 3
    status = Path(f"/proc/{pod.python().pid}/status").read_text()
    most = int(status.partition("VmHWM:")[2].split()[0]) * 1024
    assert 2e8 < most < bytes_of(server["resources"]["limits"]["memory"])


def test_a_pod_stops_in_time(target: str, pod: Pod, image: Spec, manifest: Spec):
    assert pod.execute(*manifest["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][:1], "0").returncode == 0
    assert pod.stop(image["StopSignal"]) < {"api": 5, "demo": 30}[target]  # Gradio takes longer
