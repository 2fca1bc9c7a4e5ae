"""The manifests of deploy/: servers that have no rights, and that fit what the code has."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import limits
import pytest
import yaml

from emotion.apps import main
from emotion.apps.api import command, settings
from tests.manifests import DEPLOY, KUBERNETES, OVERLAYS, documents, literals, pods, rendered, the
from tests.source import ROOT

NOT_OURS = {"FORWARDED_ALLOW_IPS"}  # uvicorn's


def require_no_rights(manifests: list[dict[str, Any]]) -> None:
    """Fail unless every container is one that can do no harm and use up no node."""
    found = list(pods(manifests))
    assert found
    for pod in found:
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] > 0
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        for container in pod["containers"] + pod.get("initContainers", []):
            allowed = container["securityContext"]
            assert allowed["readOnlyRootFilesystem"] is True
            assert allowed["allowPrivilegeEscalation"] is False
            assert allowed["capabilities"] == {"drop": ["ALL"]}
            assert not {"privileged", "runAsUser", "runAsNonRoot"} & set(allowed)
            assert {"cpu", "memory"} <= set(container["resources"]["limits"])
            assert {"cpu", "memory"} <= set(container["resources"]["requests"])


@pytest.fixture(scope="module")
def base() -> list[dict[str, Any]]:
    """The manifests of the base."""
    return documents(KUBERNETES / "base")


@pytest.fixture(scope="module")
def deployment(base: list[dict[str, Any]]) -> dict[str, Any]:
    """The pod's template."""
    return the("Deployment", base)["spec"]["template"]


@pytest.fixture(scope="module")
def container(deployment: dict[str, Any]) -> dict[str, Any]:
    """The API's container."""
    (found,) = deployment["spec"]["containers"]
    return found


def routes() -> set[str]:
    """Return the paths that the API answers."""
    calls = re.findall(r'\bapp\.(?:get|post)\(\s*"([^"]+)"', (ROOT / "emotion/apps/api/app.py").read_text())
    assert "/v1/predict" in calls
    return set(calls)


def port_of(words: list[str]) -> int:
    """Return the port of a command `emotion ...`, which must be one that it understands."""
    options = main.parser().parse_args(words)
    assert options.host == "0.0.0.0"
    return options.port


def test_containers_of_the_base_have_no_rights_and_have_limits(base: list[dict[str, Any]]):
    require_no_rights(base)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_an_overlay_keeps_the_rights_and_limits_of_the_base(overlay: str):
    require_no_rights(rendered(overlay))


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_an_overlay_refers_to_what_it_defines(overlay: str):
    manifests = rendered(overlay)
    (pod,) = pods(manifests)
    (server,) = pod["containers"]
    config = the("ConfigMap", manifests)
    assert server["envFrom"] == [{"configMapRef": {"name": config["metadata"]["name"]}}]
    mounted = {mount["name"]: mount["mountPath"] for mount in server["volumeMounts"]}
    assert set(mounted) == {volume["name"] for volume in pod["volumes"]}
    model = config["data"].get("EMOTION_MODEL")
    assert model is None or any(model.startswith(f"{path}/") for path in mounted.values())
    for kind in ("HorizontalPodAutoscaler", "PodDisruptionBudget", "Ingress", "NetworkPolicy", "Service"):
        assert "emotion-api" in str(the(kind, manifests)["spec"]), kind
    assert {manifest["metadata"].get("namespace", "emotion") for manifest in manifests} == {"emotion"}


def test_pods_are_selected_by_a_label_that_they_have(base: list[dict[str, Any]], deployment: dict[str, Any]):
    labels = deployment["metadata"]["labels"].items()
    selectors = [
        the("Deployment", base)["spec"]["selector"]["matchLabels"],
        the("Service", base)["spec"]["selector"],
        the("PodDisruptionBudget", base)["spec"]["selector"]["matchLabels"],
        the("NetworkPolicy", base)["spec"]["podSelector"]["matchLabels"],
    ]
    for selector in selectors:
        assert selector and selector.items() <= labels
    assert the("HorizontalPodAutoscaler", base)["spec"]["scaleTargetRef"]["name"] == "emotion-api"
    assert "replicas" not in the("Deployment", base)["spec"], "the autoscaler's number would be undone"


def test_ports_of_manifests_are_the_port_of_the_api(
    base: list[dict[str, Any]], deployment: dict[str, Any], container: dict[str, Any]
):
    port = port_of(container["args"])
    assert port == main.parser().parse_args(["api"]).port, "the one that make api has, too"
    assert container["ports"] == [{"name": "http", "containerPort": port}]
    assert deployment["metadata"]["annotations"]["prometheus.io/port"] == str(port)
    assert {probe["httpGet"]["port"] for name, probe in container.items() if name.endswith("Probe")} == {"http"}
    assert the("Service", base)["spec"]["ports"][0]["targetPort"] == "http"
    assert the("NetworkPolicy", base)["spec"]["ingress"][0]["ports"] == [{"port": "http"}]


def test_paths_of_manifests_are_those_of_the_api(deployment: dict[str, Any], container: dict[str, Any]):
    probes = {name: probe["httpGet"]["path"] for name, probe in container.items() if name.endswith("Probe")}
    assert probes == {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}
    assert {*probes.values(), deployment["metadata"]["annotations"]["prometheus.io/path"]} <= routes()


def test_the_ingress_exposes_predictions_alone(base: list[dict[str, Any]]):
    rules = the("Ingress", base)["spec"]["rules"]
    paths = [(path["path"], path["pathType"]) for rule in rules for path in rule["http"]["paths"]]
    assert paths == [("/v1", "Prefix")]
    assert {path for path in routes() if path.startswith("/v1/")} == {"/v1/predict", "/v1/models"}
    most = the("Ingress", base)["metadata"]["annotations"]["nginx.ingress.kubernetes.io/proxy-body-size"]
    assert int(most.removesuffix("m")) * 2**20 > settings.Settings().max_bytes


@pytest.mark.parametrize("place", ["base", *(f"overlays/{name}" for name in OVERLAYS)])
def test_the_api_accepts_the_variables_that_manifests_set(place: str, container: dict[str, Any]):
    given = literals(KUBERNETES / place / "kustomization.yaml")
    known = {settings.variable(name) for name in settings.Settings.model_fields}
    assert given and set(given) <= known | NOT_OURS
    found = settings.read(given)
    assert not found.rate or limits.parse(found.rate)
    assert {variable["name"] for variable in container["env"]} <= known


def test_the_key_comes_from_a_secret_that_is_not_in_git(base: list[dict[str, Any]], container: dict[str, Any]):
    (source,) = [variable["valueFrom"] for variable in container["env"] if variable["name"] == "EMOTION_API_KEY"]
    assert set(source) == {"secretKeyRef"}
    assert "optional" not in source["secretKeyRef"], "without the key no pod may start, or all are let in"
    for file in DEPLOY.rglob("*.yaml"):
        for manifest in yaml.safe_load_all(file.read_text()):
            assert manifest.get("kind") != "Secret" and "secretGenerator" not in manifest, file
            assert not re.search(r"EMOTION_API_KEY=", file.read_text()), file


def test_a_pod_has_time_to_finish_its_requests(deployment: dict[str, Any], container: dict[str, Any]):
    pause = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
    assert deployment["spec"]["terminationGracePeriodSeconds"] > pause + command.GRACE


def test_a_pod_has_one_thread_for_each_of_its_cores(container: dict[str, Any]):
    (source,) = [variable["valueFrom"] for variable in container["env"] if variable["name"] == "EMOTION_THREADS"]
    assert source["resourceFieldRef"]["resource"] == "limits.cpu"


def test_held_pictures_fit_the_memory_of_a_pod(container: dict[str, Any]):
    found = settings.read(literals(KUBERNETES / "base/kustomization.yaml"))
    resources = container["resources"]["limits"]
    assert resources["memory"] == "1Gi"
    pictures = int(resources["cpu"]) * 6 * found.max_pixels  # bytes, docs/deploy.md
    assert found.max_held_bytes + pictures < 0.7 * 2**30, "Python and libraries need the rest"


def test_pods_are_reached_from_two_namespaces_and_reach_nothing(base: list[dict[str, Any]]):
    spec = the("NetworkPolicy", base)["spec"]
    assert sorted(spec["policyTypes"]) == ["Egress", "Ingress"]
    assert spec["egress"] == []
    (rule,) = spec["ingress"]
    assert all(source["namespaceSelector"]["matchLabels"] for source in rule["from"])


def test_check_calls_its_tools_from_a_relative_folder(tmp_path: Path):
    """The Makefile names their folder as seen from the project's, and the script goes elsewhere."""
    for name in ("hadolint", "check-jsonschema", "kubernetes-validate", "kubectl"):
        (tmp_path / name).write_text(f'#!/bin/sh\necho "{name}" >> "{tmp_path}/called"\n')
        (tmp_path / name).chmod(0o755)
    folder = os.path.relpath(tmp_path, ROOT)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(["deploy/check.sh", folder], cwd=ROOT, env=os.environ | {"PATH": path}, check=True)
    called = (tmp_path / "called").read_text().split()
    assert called[:2] == ["hadolint", "check-jsonschema"]
    assert called.count("kubernetes-validate") == 2 * (1 + len(OVERLAYS))
