"""`emotion api` and misbehaving clients: the process stays up, and each gets a 4xx response, or none."""

import gzip
import json
import struct
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tests.pasted import photograph
from tests.serving import PROBLEM, Server, Start, encoded, files, serve, served, texts, two_faces

assert serve  # a fixture
PART = b'--b\r\nContent-Disposition: form-data; name="images"'
HEAD = b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with short time limits."""
    with served(tmp_path_factory.mktemp("api"), header_seconds=1, upload_seconds=2, max_bytes=3_000_000) as server:
        yield server
        _require_two_faces(server)  # in the end, too


def _require_two_faces(server: Server) -> None:
    response = server.client.post("/v1/predict", files=files(two_faces()))
    assert len(response.json()["results"][0]["faces"]) == 2


def _png(width: int, height: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """Return the file of a gray picture that claims to have that size, with more chunks before its few pixels."""
    head = (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    parts = [head, *chunks, (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )


TEXT_BOMB = (b"zTXt", b"Comment\0\0" + zlib.compress(bytes(200_000_000), 9))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"no picture at all", "not a picture in a supported format"),
        (two_faces()[:9000], "damaged"),
        (encoded(photograph([]), "JPEG")[:3000], "damaged"),
        (_png(60_000, 60_000), "pixels"),
        (_png(6000, 6000), "25,000,000 pixels"),
        (_png(48, 48, TEXT_BOMB), "damaged"),
        (b"\xff\xd8" + b"\xff\xda\0\x02" * 500, "more than 100 scans"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture in a"),
    ],
    ids=["empty", "text", "cut PNG", "cut JPEG", "bomb", "large", "text bomb", "scan bomb", "SVG"],
)
def test_an_invalid_picture_is_refused_with_a_reason_and_costs_nothing(server: Server, content: bytes, reason: str):
    before = server.memory()
    for sent in ({"files": files(two_faces(), content)}, {"json": texts(content)}):
        response = server.client.post("/v1/predict", **sent)
        assert (response.status_code, response.headers["Content-Type"]) == (422, PROBLEM)
        problem = response.json()
        assert reason in problem["detail"] and problem["detail"].startswith("picture ")
        assert problem["instance"] == response.headers["X-Request-ID"]
    assert server.memory() - before < 60


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("text/plain", b"x", 415),
        ("", b"x", 415),
        ("image/png", two_faces(), 415),
        ("application/json", b"{", 400),
        ("application/json", b"\xff\xfe", 400),
        ("application/json", b"[" * 100_000, 400),
        ("application/json", b"[]", 422),
        ("application/json", b'{"images": []}', 422),
        ("application/json", b'{"images": ["http://127.0.0.1/face.png"]}', 422),
        ("application/json", b'{"images": ["data:image/png;base64,AAAA"]}', 422),
        ("application/json", b'{"images": ["data:image/svg+xml,AAAA"]}', 422),
        ("application/json", b'{"images": ["data:;base64,data:;base64,AAAA"]}', 422),
        ("application/json", b'{"images": ["\xc3\xa4"]}', 422),
        ("application/json", b'{"url": "file:///etc/passwd", "images": ["AAAA"]}', 422),
        ("multipart/form-data", b"x", 400),
        ("multipart/form-data; boundary=b", b"no part", 400),
        ("multipart/form-data; boundary=b", b"--b--\r\n", 422),
        ("multipart/form-data; boundary=b", PART + b"\r\n\r\nx\r\n--b--", 422),
        ("multipart/form-data; boundary=b", b"", 400),
        ("multipart/form-data; boundary=b", PART + b'; filename="x"', 400),
    ],
)
def test_an_invalid_body_is_refused_with_a_reason(server: Server, kind: str, body: bytes, status: int):
    response = server.client.post("/v1/predict", content=body, headers={"Content-Type": kind})
    assert (response.status_code, response.headers["Content-Type"]) == (status, PROBLEM), response.text
    assert response.json()["detail"] and "passwd" not in response.json()["detail"]


def test_a_multipart_body_without_its_closing_boundary_is_refused(server: Server):
    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    part = PART + b'; filename="x.png"\r\n\r\n' + two_faces() + b"\r\n"
    whole = part + part + b"--b--"
    assert len(server.client.post("/v1/predict", content=whole, headers=kind).json()["results"]) == 2
    for cut in (1, 2, 3, 5, 6, 7, 8, 100, len(part)):
        response = server.client.post("/v1/predict", content=whole[:-cut], headers=kind)
        assert (response.status_code, response.headers["Content-Type"]) == (400, PROBLEM)
        assert response.json()["detail"].startswith("The closing boundary is missing")


def test_too_many_files_and_compressed_bodies_are_refused(server: Server):
    for seventeen in ({"files": files(*[b"x"] * 17)}, {"json": texts(*[b"x"] * 17)}):
        response = server.client.post("/v1/predict", **seventeen)
        assert response.status_code == 422 and " 16" in response.json()["detail"]
    packed = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    assert server.client.post("/v1/predict", content=gzip.compress(b"{}"), headers=packed).status_code == 415


def test_a_too_large_request_is_refused_before_it_has_arrived(server: Server):
    response = server.client.post("/v1/predict", files=files(bytes(4_000_000)))
    assert (response.status_code, response.headers["Content-Type"]) == (413, PROBLEM)
    with server.connect() as connection:
        connection.sendall(HEAD + b"Content-Length: 99999999999\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 413")


def test_an_endless_upload_is_cut_off_and_fills_no_memory(server: Server):
    before, sent, start = server.memory(), 0, time.monotonic()
    with server.connect() as connection, pytest.raises(OSError):
        connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        while time.monotonic() - start < 20:
            connection.sendall(b"10000\r\n" + bytes(0x10000) + b"\r\n")
            sent += 1
    assert sent > 3_000_000 / 0x10000 and server.memory() - before < 60
    assert server.lines_with(status=413)


def test_a_slow_client_is_cut_off_and_blocks_no_other(server: Server):
    with server.connect() as silent, server.connect() as head, server.connect() as body:
        head.sendall(HEAD)
        body.sendall(HEAD + b'Content-Length: 1000\r\n\r\n{"images"')
        _require_two_faces(server)
        assert (silent.recv(1000), head.recv(1000)) == (b"", b"")
        assert body.recv(1000).startswith(b"HTTP/1.1 408")


def test_a_client_that_speaks_no_http_is_cut_off(server: Server):
    with server.connect() as connection:
        connection.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 400")


def test_work_for_disconnected_clients_is_dropped(serve: Start):
    server = serve(threads=1)
    body = json.dumps(texts(encoded(photograph([(60, 120, 150)], 2000, 1500)))).encode()
    for _ in range(20):
        with server.connect() as connection:
            connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    with server.connect() as connection:
        connection.sendall(HEAD + b"Content-Length: 1000\r\n\r\n{")
    while len(gone := [line for line in server.lines() if line.get("status") == 499]) < 21:
        time.sleep(0.1)
    _require_two_faces(server)
    assert "emotion_images_total 1.0" in server.client.get("/metrics").text and len(gone) == 21


def test_200_faces_are_predicted_and_more_than_allowed_are_refused(server: Server, serve: Start):
    side = 60
    places = [(side * (n % 20), side * (n // 20), side) for n in range(200)]
    crowd = encoded(photograph(places, 1200, 600))
    found = server.client.post("/v1/predict", files=files(crowd)).json()["results"][0]["faces"]
    assert 100 < len(found) <= 200
    refused = serve(max_faces=50).client.post("/v1/predict", files=files(crowd))
    assert refused.status_code == 422 and "at most 50 are allowed" in refused.json()["detail"]


def test_under_overload_some_requests_get_503_and_none_is_lost(serve: Start):
    server = serve(threads=1, max_queue=2)
    large = encoded(photograph([(60, 120, 150)], 2000, 1500), "JPEG")
    with ThreadPoolExecutor(12) as pool:
        responses = list(pool.map(lambda _: server.client.post("/v1/predict", files=files(large)), range(24)))
    statuses = [response.status_code for response in responses]
    assert set(statuses) == {200, 503} and len(statuses) == 24
    assert {response.headers["Retry-After"] for response in responses if response.status_code == 503} == {"1"}
    assert server.client.post("/v1/predict", files=files(large)).status_code == 200


def test_time_and_memory_have_limits(serve: Start):
    late = serve(predict_seconds=0.001).client.post("/v1/predict", files=files(*[two_faces()] * 5))
    assert late.status_code == 503 and "took" in late.json()["detail"] and late.headers["Retry-After"] == "2"
    small = serve(max_held_bytes=1000, max_pixels=63)
    full = small.client.post("/v1/predict", files=files(two_faces()))
    assert full.status_code == 503 and full.headers["Retry-After"] == "1"
    large = small.client.post("/v1/predict", files=files(encoded(np.zeros((8, 8), np.uint8))))
    assert large.status_code == 422 and "63 pixels" in large.json()["detail"]
