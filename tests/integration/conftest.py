"""Fixtures of the integration tests: servers that behave as told, a deployment on another host, people of the demo."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import ssl
from collections.abc import Callable, Iterator
from types import NoneType
from typing import TYPE_CHECKING, Any, Protocol

import pytest
import trustme

from cave_setup import Setup
from cave_setup.auth_server import AuthServer
from cave_setup.models import Environment, ServerAddress, Token
from integration.listeners import Behaviour, Listener, by_path, says, tunnels

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from cave_setup.demo import DemoServer

SECRET = Token("0123456789abcdef0123456789abd0d8")

Listen = Callable[[Behaviour], Listener]
Connect = Callable[..., AuthServer]


@pytest.fixture(autouse=True)
def _no_certificates_of_this_computer(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "NETRC"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def listen() -> Iterator[Listen]:
    """Start servers that behave as they are told."""
    with contextlib.ExitStack() as stack:
        yield lambda behave: stack.enter_context(Listener(behave))


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Make `AuthServer` objects, with waits that a test can afford, and close them in the end."""
    with contextlib.ExitStack() as stack:

        def make(address: str, seconds: tuple[float, float] = (2.0, 5.0)) -> AuthServer:
            server = AuthServer(ServerAddress(address), *seconds)
            stack.callback(server.close)
            return server

        yield make


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port on which nobody listens, and nobody else will: it is taken, but without listening."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


class Remote:
    """A deployment on hosts of its own, far away: reached over TLS through the proxy that the environment names."""

    def __init__(self, cave: Listener, data: Listener, proxy: Listener, routes: dict[str, Behaviour]) -> None:
        self.cave = cave
        self.data = data
        self.proxy = proxy
        self.routes = routes
        self.address = "https://cave.example"
        self.data_address = "https://data.example"

    @property
    def heard_in_clear(self) -> str:
        """What the proxy, and whoever listens on the way, gets to see before encryption."""
        return self.proxy.heard


@pytest.fixture
def remote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Remote]:
    """A deployment that is not on this computer; ``routes`` of its first host may be changed."""
    authority = trustme.CA()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("cave.example", "data.example").configure_cert(tls)
    trusted = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(trusted))
    routes = cave_routes("https://data.example")
    with contextlib.ExitStack() as stack:
        cave = stack.enter_context(Listener(by_path(routes), tls))
        data = stack.enter_context(Listener(says([1, 2, 3]), tls))
        ports = {"cave.example:443": cave.port, "data.example:443": data.port}
        proxy = stack.enter_context(Listener(tunnels(ports)))
        monkeypatch.setenv("HTTPS_PROXY", proxy.address)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(trusted))
        yield Remote(cave, data, proxy, routes)


def cave_routes(data_server: object, token: Token = SECRET) -> dict[str, Behaviour]:
    """Answer as a CAVE server does to which the token is a good API key."""
    return {
        "/": says({"error": "not in this test"}, "404 Not Found"),
        "/auth/api/v1/user/cache": says({"id": 7, "name": "Ada", "email": "ada@example.org", "missing_tos": []}),
        "/auth/api/v1/user/missing": says([]),
        "/auth/api/v1/user/token": says([{"id": 1, "token": token.reveal(), "description": "laptop"}]),
        "/info/api/v2/datastack/full/": says({"local_server": data_server}),
        "/materialize/api/": says([1, 2, 3]),
    }


# -------------------------------------------------------------------------------------------- people of the demo


@pytest.fixture
def ada(demo: DemoServer) -> str:
    """Ada's API key: everything is done for her on the server's side."""
    return demo.world.key_of("ada@example.org")


@pytest.fixture
def grace(demo: DemoServer) -> str:
    """An API key of Grace, who has terms open."""
    user = demo.world.user_by_email("grace@example.org")
    assert user is not None
    return demo.world.make_key(user, "Grace's laptop").text


LAPTOP = Environment(
    "local", "Your own computer", "Linux", home_persists=True, secret_variables=("CAVE_TOKEN", "CAVECLIENT_TOKEN")
)


class SetUp(Protocol):
    """Makes a `Setup` as a person's own computer would have it; keyword arguments are environment variables."""

    def __call__(
        self,
        address: str | None = None,
        datastack: str | None = None,
        /,
        on: Environment | None = ...,
        **variables: str,
    ) -> Setup: ...


@pytest.fixture
def set_up() -> Iterator[SetUp]:
    with contextlib.ExitStack() as stack:

        def make(
            address: str | None = None,
            datastack: str | None = None,
            /,
            on: Environment | None = LAPTOP,
            **variables: str,
        ) -> Setup:
            setup = Setup(address, datastack, variables=variables, environment=on)
            stack.callback(setup.close)
            return setup

        yield make


@pytest.fixture
def secrets(home: Path) -> Path:
    """Where caveclient keeps its token files."""
    return home / ".cloudvolume" / "secrets"


def write_secret(folder: Path, name: str, token: str, **others: object) -> Path:
    """Put a token file there as some other program would have done it."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(json.dumps({"token": token, **others}), encoding="utf-8")
    return file


def read_secrets(folder: Path) -> dict[str, str]:
    """What stands in the token files, by name."""
    files = sorted(folder.glob("*-secret.json")) if folder.exists() else []
    return {file.name: json.loads(file.read_text(encoding="utf-8")).get("token", "") for file in files}


def authorized(demo: DemoServer) -> list[str]:
    """Paths at which this demo server was shown a token."""
    return [entry.path for entry in demo.requests.entries() if entry.authorization]


def assert_shape(data: dict[str, Any]) -> None:
    """Compare with the status JSON that DESIGN section 6 promises: exactly these keys, of these types."""
    kinds: dict[str, Any] = {
        "ready": bool,
        "server_address": str,
        "datastack": str,
        "environment": {"key": str, "name": str, "home_persists": (bool, NoneType)},
        "token": {"source": str, "where": str, "masked": str, "kind": str, "expires_in": (int, NoneType)},
        "account": {"id": int, "name": str, "email": str},
        "missing_terms": [{"id": int, "name": str, "dataset": str, "url": str}],
        "steps": [{"key": str, "state": str, "title": str, "summary": str, "remedy": (str, NoneType)}],
    }
    _assert_like(data, kinds, "status", may_be_null={"token", "account"})
    keys = [step["key"] for step in data["steps"]]
    assert keys == ["environment", "account", "terms", "token", "save", "ready"]
    assert {step["state"] for step in data["steps"]} <= {"done", "current", "waiting", "problem"}
    assert sum(step["state"] == "current" for step in data["steps"]) <= 1
    assert all(step["title"] and step["summary"] for step in data["steps"])
    assert all(step["remedy"] for step in data["steps"] if step["state"] in {"current", "problem"})
    assert data["ready"] == all(step["state"] == "done" for step in data["steps"])
    if data["token"] is not None:
        assert data["token"]["source"] in {"file", "environment", "argument", "memory"}
        assert data["token"]["kind"] in {"api-key", "sign-in", "unknown"}
        assert re.fullmatch(r"····[0-9a-f]{4}", data["token"]["masked"])
    assert json.loads(json.dumps(data)) == data
    assert not re.search(r"[0-9a-f]{32}", json.dumps(data))


def _assert_like(value: Any, kind: Any, where: str, may_be_null: Collection[str] = ()) -> None:
    if isinstance(kind, dict):
        assert isinstance(value, dict), where
        assert list(value) == list(kind), where
        for key, wanted in kind.items():
            if value[key] is not None or key not in may_be_null:
                _assert_like(value[key], wanted, f"{where}.{key}")
    elif isinstance(kind, list):
        assert isinstance(value, list), where
        for item in value:
            _assert_like(item, kind[0], f"{where}[]")
    else:
        assert isinstance(value, kind), where
