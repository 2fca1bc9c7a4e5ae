"""What DVC says when something is wrong with a remote or with its locks, and that nothing is lost, nor by a kill."""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import tiny as dag
from tests.remotes import clones, servers, swift
from tests.remotes.servers import Remote

pytestmark = [pytest.mark.remote, pytest.mark.remote_all]
SERVERS = [servers.ssh, servers.webdav, swift.s3]
KINDS = [servers.local, *SERVERS]
of_servers = pytest.mark.parametrize("remote", SERVERS, indirect=True, ids=lambda kind: kind.__name__)
WAITS = """
stages:
  slow:
    cmd: touch begun; while [ -e wait ]; do sleep 0.1; done; date > weights
    outs: [weights]
"""


def kill(process: subprocess.Popen[str], _: Remote) -> None:
    """Kill DVC."""
    process.kill()
    process.communicate()


def take_down(process: subprocess.Popen[str], remote: Remote) -> None:
    """Kill the remote, which DVC has to say, and start it again."""
    remote.stop()
    clones.ended_with_an_error(process)
    remote.start()


cut_off_everywhere = pytest.mark.parametrize(
    ("remote", "cut_off"),
    [*((kind, kill) for kind in KINDS), *((kind, take_down) for kind in SERVERS)],
    indirect=["remote"],
    ids=lambda one: one.__name__,
)


@cut_off_everywhere
def test_a_push_that_is_cut_off_goes_on(remote: Remote, source: Path, clone: Path, cut_off: Callable[..., None]):
    clones.tell(source, remote)
    clones.empty(remote)
    there, push = remote.files(), clones.start(source, "push", "--jobs", "1")
    clones.wait_until(lambda: remote.files() > there + 8, push)
    cut_off(push, remote)
    assert len(remote.objects()) < clones.OBJECTS, "it was cut off in the middle"

    dag.dvc(source, "push")
    dag.dvc(clone, "pull")
    assert clones.contents(clone) == clones.contents(source)


@cut_off_everywhere
def test_a_pull_that_is_cut_off_goes_on(pushed: Remote, source: Path, clone: Path, cut_off: Callable[..., None]):
    cached, pull = clone / ".dvc/cache/files", clones.start(clone, "pull", "--jobs", "1")
    clones.wait_until(lambda: len(clones.files_in(cached)) > 8, pull)
    cut_off(pull, pushed)
    assert len(clones.files_in(cached)) < clones.OBJECTS, "it was cut off in the middle"

    dag.dvc(clone, "pull")
    assert clones.contents(clone) == clones.contents(source)


@of_servers
@pytest.mark.parametrize("command", ["push", "pull"])
def test_a_wrong_key_is_named(pushed: Remote, source: Path, clone: Path, command: str):
    if command == "push":
        dag.dvc(clone, "pull")
        clones.empty(pushed)
    clones.tell(clone, pushed, **pushed.wrong)
    said = clones.ended_with_an_error(clones.start(clone, command))
    assert any(word in said for word in ("Permission denied", "401 (Unauthorized)", "Forbidden", "signature"))


SMALL = 'mount -t tmpfs -o size=1m none "$0" && mkdir -p "$0/one" "$0/emotion" && exec "$@"'


@pytest.mark.parametrize("kind", KINDS)
def test_a_full_disk_fails_a_push_and_with_room_it_completes(source: Path, tmp_path: Path, kind: servers.Kind):
    folder = tmp_path / "server"
    # A disk of one megabyte that only this process sees; without root it needs a namespace of users, too.
    space = ["unshare", "-m" if os.geteuid() == 0 else "-Urm", "sh", "-c", SMALL, str(folder / "disk")]
    with servers.running(kind, folder, *space) as remote:
        clones.tell(source, remote)
        before = [] if remote.commands else space
        clones.ended_with_an_error(clones.start(source, "push", before=before))
        remote.stop()
        remote.start()
        dag.dvc(source, "push")
        assert len(remote.objects()) == clones.OBJECTS


def test_what_another_dvc_has_locked_is_an_error_that_says_so(source: Path, tmp_path: Path):
    with servers.running(servers.local, tmp_path / "server") as remote:
        clones.tell(source, remote)
        push = clones.start(source, "push", "--jobs", "1")
        clones.wait_until(lambda: remote.files() > 0, push)
        push.send_signal(signal.SIGSTOP)
        said = clones.ended_with_an_error(clones.start(source, "push"))
        push.send_signal(signal.SIGCONT)
        assert push.wait() == 0 and len(remote.objects()) == clones.OBJECTS
    assert "Unable to acquire lock" in said


def test_two_repros_at_once_do_not_run_a_stage_twice(tmp_path: Path):
    folder = clones.make(tmp_path / "slow", WAITS)
    (folder / "begun").unlink()
    (folder / "wait").touch()
    first = clones.start(folder, "repro", "--force")
    clones.wait_until((folder / "begun").exists, first)
    said = clones.ended_with_an_error(clones.start(folder, "repro", "--force"))
    (folder / "wait").unlink()
    assert first.wait() == 0
    assert "is busy, it is being blocked by" in said and "repro --force" in said
