"""The API and the demo below a path of nginx, and where the environment names a proxy."""

import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.demo_page import opened, served_demo
from tests.pasted import brightness_model, photograph
from tests.serving import Start, encoded, files, free_port, serve
from tests.source import ROOT

assert serve  # a fixture
CONFIGURATION = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/log;
events {{}}
http {{
    access_log off; client_body_temp_path {folder}/t;
    proxy_temp_path {folder}/t; fastcgi_temp_path {folder}/t; uwsgi_temp_path {folder}/t; scgi_temp_path {folder}/t;
    server {{ listen 127.0.0.1:{own}; {location} }}
}}
"""


@contextmanager
def nginx(folder: Path, port: int) -> Iterator[str]:
    """Give the address at which nginx serves, below a path, what listens at a port."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/bin") or pytest.skip("nginx is not installed")
    own = free_port()
    _, start, rest = (ROOT / "docs/deploy.md").read_text(encoding="utf-8").partition("    location /faces/ {")
    location = start + rest[: rest.index("    }") + 5].replace("127.0.0.1:7860", f"127.0.0.1:{port}")
    text = CONFIGURATION.format(folder=folder, own=own, location=location)
    (folder / "config").write_text(text, encoding="utf-8")
    process = subprocess.Popen([program, "-c", f"{folder}/config", "-e", f"{folder}/log"])
    try:
        with httpx.Client(transport=httpx.HTTPTransport(retries=8)) as client:
            client.get(f"http://127.0.0.1:{own}/")
        yield f"http://127.0.0.1:{own}/faces/"
    finally:
        process.send_signal(signal.SIGQUIT)
        process.wait(20)


def test_the_api_works_below_a_path_of_nginx(serve: Start, tmp_path: Path):
    server = serve("--root-path", "faces/")
    with nginx(tmp_path, server.port) as address, httpx.Client(base_url=address, timeout=60) as client:
        picture = encoded(photograph([(60, 120, 150)]))
        assert len(client.post("v1/predict", files=files(picture)).json()["results"][0]["faces"]) == 1
        description = client.get("openapi.json").json()
        assert description["servers"] == [{"url": "/faces"}]
        page = client.get("docs")
        assert f"{address}v1/predict" in page.text and page.text == client.get("").text
        (line,) = server.lines_with(path="/docs")
        assert line["status"] == 200
    assert server.client.get("/healthz").status_code == 200, "without the proxy, too"


def test_the_demo_works_below_a_path_of_nginx(browser: Any, tmp_path: Path):
    Image.fromarray(photograph([(60, 120, 150)])).save(tmp_path / "one.png")
    (tmp_path / "demo").mkdir()
    brightness_model(tmp_path / "demo/model.onnx")
    options = ("--model", "model.onnx", "--root-path", "/faces")
    says = r"listening at (\S+)/ for the proxy's path /faces"
    for served, _ in served_demo(tmp_path / "demo", *options, says=says):
        with nginx(tmp_path, int(served.rpartition(":")[2])) as address:
            for page in opened(browser, address):
                page.locator("input[type=file]").first.set_input_files(tmp_path / "one.png")
                page.get_by_text("One face.").wait_for()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_the_demo_starts_where_the_environment_names_a_proxy(host: str, tmp_path: Path, monkeypatch):
    brightness_model(tmp_path / "model.onnx")
    for name in ("http_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1")
    says = r"open (http://\S+:\d+)/ in a browser"
    for address, _ in served_demo(tmp_path, "--model", "model.onnx", "--host", host, says=says):
        with httpx.Client(trust_env=False) as client:
            assert host in address and client.get(address).status_code == 200
