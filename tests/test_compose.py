"""The compose file of deploy/: services that have no rights, and that fit what the code has."""

from typing import Any

import pytest
import yaml

from emotion.apps import main
from emotion.apps.api import command, settings
from tests.manifests import DEPLOY
from tests.source import ROOT


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The services of the compose file."""
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]


def test_the_api_accepts_the_variables_of_the_compose_file(compose: dict[str, Any]):
    given = compose["api"]["environment"]
    assert set(given) <= {settings.variable(name) for name in settings.Settings.model_fields}
    assert settings.read(given | {"EMOTION_API_KEY": ""}).threads == compose["api"]["cpus"]


@pytest.mark.parametrize("service", ["api", "demo"])
def test_a_compose_service_has_no_rights_and_has_limits(service: str, compose: dict[str, Any]):
    found = compose[service]
    assert found["read_only"] is True
    assert found["cap_drop"] == ["ALL"]
    assert found["security_opt"] == ["no-new-privileges:true"]
    assert {"mem_limit", "cpus", "pids_limit", "healthcheck"} <= set(found)
    assert not {"privileged", "user", "volumes", "network_mode"} & set(found)


@pytest.mark.parametrize("service", ["api", "demo"])
def test_a_service_is_published_to_this_machine_alone(service: str, compose: dict[str, Any]):
    build = compose[service]["build"]
    port = main.parser().parse_args([build["target"]]).port  # the image's, too
    assert compose[service]["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert (DEPLOY / build["context"]).resolve() == ROOT
    assert ROOT / build["dockerfile"] == DEPLOY / "Dockerfile"


def test_compose_waits_as_long_as_requests_may_run(compose: dict[str, Any]):
    assert int(compose["api"]["stop_grace_period"].removesuffix("s")) > command.GRACE
