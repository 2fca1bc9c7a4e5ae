"""Fixtures that several test files share, and the rule that nothing is skipped in CI without a reason."""

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sharing import made_once

ROOT = Path(__file__).resolve().parent.parent
REAL_ZIP = ROOT.parent / "shared/fer2013/fer2013.zip"


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's folder."""
    return ROOT


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A repository in which the whole pipeline ran on few synthetic faces; a test leaves it as it was."""
    from tests.tiny import make

    first = made_once(tmp_path_factory, worker_id, "tiny", make)
    if worker_id == "master":
        return first
    # Several processes run tests: each has a copy.
    folder = tmp_path_factory.mktemp("tiny") / "repository"
    shutil.copytree(first, folder, symlinks=True)
    return folder


@pytest.fixture(scope="session")
def launch() -> Iterator[Callable[..., Any]]:
    """Starts a browser of this machine without a window, with these further arguments."""
    from playwright.sync_api import sync_playwright

    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        pytest.skip("no Chromium here: install it, on Debian `apt install chromium`")
    with sync_playwright() as playwright:
        yield lambda *args: playwright.chromium.launch(executable_path=path, args=["--no-sandbox", *args])


@pytest.fixture(scope="session")
def browser(launch: Callable[..., Any]) -> Iterator[Any]:
    """A browser with a made-up camera."""
    browser = launch("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def real_zip() -> Path:
    """The archive of FER-2013, where it lies beside the repository."""
    if not REAL_ZIP.exists():
        pytest.skip(f"{REAL_ZIP} is not here")
    return REAL_ZIP


@pytest.hookimpl(optionalhook=True)  # without pytest-xdist, too
def pytest_xdist_auto_num_workers() -> int:
    """Return one process more than there are cores, because many tests wait for something."""
    return (os.cpu_count() or 1) + 1


def pytest_configure(config: pytest.Config) -> None:
    """Name the markers, share the cores, and let Ctrl-C reach what tests start.

    A process that a test starts would inherit that `nohup` or `&` ignores it.
    """
    if "PYTEST_XDIST_WORKER" in os.environ:  # one of several processes, which would take each other's cores
        os.environ.update(dict.fromkeys(("TF_NUM_INTRAOP_THREADS", "OPENBLAS_NUM_THREADS"), "1"))
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    config.addinivalue_line("markers", "remote: starts servers that DVC can have as remotes")
    config.addinivalue_line("markers", "remote_all: of these what only `make test-remotes` runs")
    config.addinivalue_line("markers", "image: builds container images, which only `make test-images` does")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what only its marker runs; begin with the slowest file, end with those that wait for what it makes."""
    for marker, chosen in (("remote_all", "remote"), ("image", "image")):
        if chosen not in config.option.markexpr:
            left_out = [item for item in items if item.get_closest_marker(marker)]
            config.hook.pytest_deselected(items=left_out)
            items[:] = [item for item in items if item not in left_out]
    items.sort(key=lambda item: 0 if item.path.name == "test_dag.py" else 1 + ("tiny" in item.fixturenames))


def allowed_skips() -> set[str]:
    """Return the ids in allowed_skips.txt; a line without a reason counts for nothing."""
    lines = (ROOT / "tests/allowed_skips.txt").read_text(encoding="utf-8").splitlines()
    return {name.strip() for name, _, reason in (line.partition("#") for line in lines) if reason.strip()}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Fail a test that is skipped in CI."""
    return _failed_if_skipped((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Iterator[None]:
    """Fail a file that is skipped as a whole in CI."""
    return _failed_if_skipped((yield))


def _failed_if_skipped(report):
    known = {report.nodeid, report.nodeid.partition("[")[0]}
    if os.environ.get("CI") and report.skipped and not hasattr(report, "wasxfail") and not known & allowed_skips():
        report.outcome = "failed"
        report.longrepr = f"skipped in CI, but not named with a reason in tests/allowed_skips.txt: {report.longrepr}"
    return report
