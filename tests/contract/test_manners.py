"""What the demo server owes everybody: it says what it is, keeps to itself, and lets no token out."""

from __future__ import annotations

import json
import logging
import re
import signal
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
import requests

from cave_setup.demo import DemoServer
from cave_setup.demo.messages import Answer, Request
from cave_setup.demo.routing import Mount, Route, Router

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from contract.conftest import Ask, Person

ME = "/auth/api/v1/user/me"
BANNER = "Demo server: nothing here is real"
START = "import sys; from pathlib import Path; from cave_setup.demo import run_server_only; "


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/auth/version",
        ME,
        "/auth/admin/",
        "/no/such/page",
        "/auth/api/v1/username?id=x",
        "/demo/style.css",
        "/demo/weather",
        "/demo/requests",
        "/info/version",
    ],
)
def test_every_answer_says_that_it_is_the_demos(ask: Ask, demo: DemoServer, token: str, path: str) -> None:
    assert ask(path, token).headers["X-CAVE-Demo"] == "1"


@pytest.mark.parametrize("kind", ["error-500", "error-502", "captive-portal", "captive-redirect"])
def test_answers_in_bad_weather_say_so_too(ask: Ask, demo: DemoServer, kind: str) -> None:
    demo.weather.set(kind)
    assert ask(ME).headers["X-CAVE-Demo"] == "1"


def test_every_page_has_the_banner_and_the_stylesheet(person: Person, demo: DemoServer) -> None:
    google = person.authorize()
    pages = [person.get(google), person.get("/"), person.get("/nope"), person.sign_in()]
    person.sign_in("?redirect=/x")
    pages += [
        person.get(path)
        for path in (
            "/sticky_auth/settings/tokens",
            "/sticky_auth/settings/username",
            "/sticky_auth/api/v1/tos/2/accept",
            "/sticky_auth/admin/",
        )
    ]
    for page in pages:
        assert BANNER in page.text
        assert "http" not in "".join(re.findall(r'(?:src|href)="([^"]*)"', page.text))
        style = re.search(r'<link rel="stylesheet" href="([^"]+)"', page.text)
        assert style is not None
        found = person.get(requests.compat.urljoin(page.url, style[1]))
        assert found.headers["Content-Type"].startswith("text/css")


def test_head_has_headers_only(ask: Ask, demo: DemoServer) -> None:
    answer = ask("/auth/version", method="HEAD")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Content-Length"] == "34"


def test_a_wrong_method_is_405(ask: Ask, demo: DemoServer, token: str) -> None:
    assert ask(ME, token, method="POST").status_code == 405


@pytest.mark.skipif(sys.platform != "linux", reason="only there every 127.x.x.x is an address of one's own")
def test_both_listeners_are_on_loopback_only(demo: DemoServer) -> None:
    for address in (demo.address, demo.data_address):
        port = int(address.rpartition(":")[2])
        assert address == f"http://127.0.0.1:{port}"
        with socket.socket() as other:
            # Taken by a server on all addresses, free beside one on 127.0.0.1.
            other.bind(("127.0.0.2", port))


def test_the_request_log_has_no_token_and_no_query(ask: Ask, demo: DemoServer, token: str) -> None:
    ask(f"{ME}?middle_auth_token={token}")
    ask(f"/auth/api/v1/user/token/{token}/ttl", token)
    ask(f"{demo.data_address}/materialize/version")
    shown = ask("/demo/requests")
    assert token not in shown.text
    assert [(one["method"], one["path"], one["authorization"], one["listener"]) for one in shown.json()] == [
        ("GET", ME, False, "main"),
        ("GET", f"/auth/api/v1/user/token/····{token[-4:]}/ttl", True, "main"),
        ("GET", "/materialize/version", False, "data"),
        ("GET", "/demo/requests", False, "main"),
    ]


def test_no_log_has_a_token(
    ask: Ask, demo: DemoServer, token: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    # What the client's own library logs is not the server's doing.
    caplog.set_level(logging.WARNING, logger="urllib3")
    with caplog.at_level(logging.DEBUG):
        ask(f"{ME}?middle_auth_token={token}", token)
        ask("/sticky_auth/api/v1/authorize?tos_id=x", token)
        port = int(demo.address.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as raw:
            raw.sendall(f"GET /x HTTP/1.1\r\nHost: x\r\nX-Broken: Bearer {token}\x01\r\n\r\n".encode())
            raw.recv(1000)
    written = capfd.readouterr()
    assert "Malformed" in caplog.text
    assert token not in caplog.text + written.out + written.err


def test_a_fault_of_our_own_is_a_500_and_its_message_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    def fail(_visit: object) -> Answer:
        raise KeyError("SECRET")

    server = DemoServer()
    router = Router(server._site(), (Mount("/x", (Route("GET", "/y", fail, is_open=True),)),))
    answer = router.answer(Request("GET", "/x/y", "", {}))
    assert answer.status == 500
    assert "KeyError in fail" in caplog.text
    assert "SECRET" not in caplog.text + answer.body.decode()


def test_it_starts_and_stops_without_leaving_a_thread() -> None:
    before = threading.active_count()
    server = DemoServer()
    for _ in range(2):
        with server:
            assert requests.get(f"{server.address}/auth/version", timeout=5).status_code == 200
        assert threading.active_count() == before
        with pytest.raises(requests.ConnectionError):
            requests.get(f"{server.address}/auth/version", timeout=5)
    server.stop()


def test_a_running_server_is_not_started_twice(demo: DemoServer) -> None:
    with pytest.raises(RuntimeError, match="running already"):
        demo.start()


def test_the_world_outlives_a_request(ask: Ask, demo: DemoServer, person: Person) -> None:
    person.sign_in()
    user = demo.world.user_by_email("grace@example.org")
    assert user is not None
    demo.world.accept(user, 2)
    token = demo.world.sign_in(user).text
    assert [one["tos_id"] for one in ask("/auth/api/v1/user/missing", token).json()] == [3]


def test_importing_the_package_does_not_import_tornado() -> None:
    code = "import cave_setup.demo, sys; sys.exit('tornado' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_without_tornado_the_error_names_the_extra() -> None:
    code = "import sys; sys.modules['tornado'] = None\nfrom cave_setup.demo import DemoServer"
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    last = done.stderr.strip().splitlines()[-1]
    assert last == 'ImportError: The demo server needs tornado; in a clone of the project: pip install ".[demo]"'


@pytest.fixture
def program() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Return a starter of `run_server_only` in a process of its own."""
    started: list[subprocess.Popen[str]] = []

    def start(port: int = 0, seed: Path | None = None) -> subprocess.Popen[str]:
        given = "None" if seed is None else f"Path({str(seed)!r})"
        process = subprocess.Popen(
            [sys.executable, "-c", f"{START}sys.exit(run_server_only({port}, {given}))"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        with process:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_program_says_where_it_is_and_ends_when_told(
    program: Callable[..., subprocess.Popen[str]], number: signal.Signals
) -> None:
    process = program()
    assert process.stdout is not None
    said = json.loads(process.stdout.readline())
    assert said["demo"] is True
    assert requests.get(f"{said['server_address']}/auth/version", timeout=5).status_code == 200
    data = requests.get(f"{said['data_server_address']}/materialize/version", timeout=5)
    assert data.status_code == 200
    process.send_signal(number)
    out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (0, "", "")


def test_a_port_in_use_is_a_sentence(program: Callable[..., subprocess.Popen[str]], demo: DemoServer) -> None:
    port = int(demo.address.rpartition(":")[2])
    process = program(port)
    out, err = process.communicate(timeout=10)
    assert process.returncode == 2
    assert out == ""
    assert err == f"The demo server cannot listen on port {port}: Address already in use.\n"


def test_a_port_that_does_not_exist_is_a_sentence(program: Callable[..., subprocess.Popen[str]]) -> None:
    process = program(70000)
    out, err = process.communicate(timeout=10)
    assert (process.returncode, out) == (2, "")
    assert err == "There is no port 70000: ports go from 0 to 65535.\n"


def test_a_bad_seed_is_a_sentence(program: Callable[..., subprocess.Popen[str]], tmp_path: Path) -> None:
    seed = tmp_path / "seed.json"
    seed.write_text('{"users": 5}', encoding="utf-8")
    process = program(0, seed)
    out, err = process.communicate(timeout=10)
    assert process.returncode == 2
    assert out == ""
    assert err == "The seed cannot be used: users must be a list, not the number 5.\n"
