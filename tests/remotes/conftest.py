"""Remotes of each kind, and a repository to push."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import tiny as dag
from tests.remotes import clones, servers, swift


@pytest.fixture(scope="package")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small DVC repository whose stages ran."""
    return clones.make(tmp_path_factory.mktemp("remotes") / "source")


@pytest.fixture(
    scope="module",
    params=[servers.local, servers.ssh, servers.webdav, swift.s3],
    ids=lambda kind: kind.__name__,
)
def remote(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Remote]:
    """A remote of each kind, which runs."""
    with servers.running(request.param, tmp_path_factory.mktemp(request.param.__name__)) as remote:
        yield remote


@pytest.fixture
def pushed(remote: servers.Remote, source: Path) -> servers.Remote:
    """The remote, with all that `source` has."""
    clones.tell(source, remote)
    dag.dvc(source, "push")
    return remote


@pytest.fixture
def clone(remote: servers.Remote, source: Path, tmp_path: Path) -> Path:
    """A clone of `source` without data."""
    return clones.clone_of(source, tmp_path / "clone", remote)
