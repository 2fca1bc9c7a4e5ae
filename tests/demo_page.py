"""The page of `make demo`, which runs in an environment of its own, in a browser."""

import os
import re
import signal
import subprocess
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.source import ROOT

PYTHON = ROOT / ".venv-demo/bin/python"
LIBRARIES = sysconfig.get_path("purelib")
OPEN = r"open (http://127\.0\.0\.1:\d+)/ in a browser"
PICTURES = (".png", ".webp", ".jpg", ".jpeg")


def start(folder: Path, port: int, *arguments: str, before: str = "") -> subprocess.Popen[str]:
    """Start the demo in a folder after running the code `before`."""
    if not PYTHON.exists():
        pytest.skip("no environment for the demo: `make USE=demo setup` makes it")
    code = f"from emotion.apps import main; from emotion.apps.demo import command; {before}\nmain.run()"
    command = [str(PYTHON), "-c", code, "demo", "--port", str(port), *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": str(folder)}
    return subprocess.Popen(
        command, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def served_demo(
    folder: Path, *arguments: str, before: str = "", says: str = OPEN, ending: signal.Signals = signal.SIGINT
) -> Iterator[tuple[str, Path]]:
    """Give the address of the page, which its first line says, and the folder of its temporary files."""
    server = start(folder, 0, *arguments, before=before)  # any free port
    assert server.stdout
    line = server.stdout.readline()
    told = re.fullmatch(f"{says}; Ctrl-C ends it\n", line)
    assert told, line
    yield told[1], folder
    server.send_signal(ending)
    output, _ = server.communicate(timeout=60)
    assert server.returncode == 0
    tensorflows = ("WARNING: All log messages before absl", "I0000 ", "To enable the following instructions")
    assert [line for line in output.splitlines() if not line.startswith(tensorflows)] == ["ended: no picture is kept"]
    assert not kept_pictures(folder), "an upload, or a picture made of it, stayed"


def kept_pictures(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.suffix in PICTURES}


def opened(browser: Any, address: str) -> Iterator[Any]:
    """Give a page. It contacts no other host, and the browser reports no problem."""
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    outside: list[str] = []
    errors: list[str] = []
    page.on("request", lambda request: outside.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address)
    page.get_by_text("synthetic faces").wait_for()
    yield page
    assert [url for url in outside if not url.startswith((address, "data:", "blob:"))] == []
    assert errors == []
    page.close()
