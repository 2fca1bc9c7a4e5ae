"""What one clone pushes another pulls, and damage is refused and repaired."""

from pathlib import Path

import pytest

from tests import tiny as dag
from tests.remotes import clones
from tests.remotes.servers import Remote

pytestmark = pytest.mark.remote


def test_a_clone_pulls_what_another_pushed_and_reruns_nothing(pushed: Remote, source: Path, clone: Path):
    dag.dvc(clone, "pull")
    assert clones.contents(clone) == clones.contents(source)
    told = dag.dvc(clone, "repro")
    assert "Running stage" not in told and "up to date" in told


def test_a_flipped_byte_is_refused_found_and_repaired(pushed: Remote, source: Path, clone: Path):
    md5, path = clones.object_of(pushed, source, "weights")
    clones.flip(pushed, path)
    found = clones.tool(source, "repair_remote", "--dry")
    assert found.returncode == 1 and f"{md5[:2]}/{md5[2:]}" in found.stdout, found

    assert "weights" in clones.ended_with_an_error(clones.start(clone, "pull"))
    assert not (clone / "weights").exists()

    assert clones.tool(source, "repair_remote").returncode == 0
    dag.dvc(source, "push")
    dag.dvc(clone, "pull")
    assert clones.contents(clone) == clones.contents(source)


@pytest.mark.parametrize("tool", ["pull", "repair_remote"])
def test_without_a_remote_one_line_says_what_helps(source: Path, tmp_path: Path, tool: str):
    dag.git(source, "clone", "--quiet", str(source), str(tmp_path / "clone"))
    done = clones.tool(tmp_path / "clone", tool)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1, done
    assert "no remote is configured" in done.stderr and "dvc remote add" in done.stderr and "make repro" in done.stderr


def test_pull_after_a_forgotten_push_names_what_the_remote_lacks(pushed: Remote, source: Path, clone: Path):
    _, path = clones.object_of(pushed, source, "weights")
    pushed.open().rm_file(path)
    done = clones.tool(clone, "pull")
    error = done.stderr.splitlines()[-1]
    assert done.returncode == 1, done
    assert error.startswith("error: 1 output missing from the remote") and "weights" in error
    assert (clone / "pictures/7").exists(), "what is there was pulled"
