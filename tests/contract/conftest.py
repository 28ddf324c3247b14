"""Fixtures of the contract tests: a demo server each, or the server that the environment names.

With `CAVE_SETUP_CONTRACT_SERVER` (an address) and `CAVE_SETUP_CONTRACT_TOKEN` (any good token of a normal user)
set, only the tests run that ask and change nothing; they need neither `demo` nor anything made from it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest
import requests

from cave_setup.demo import DemoServer, ManualClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_HERE = Path(__file__).parent
_SERVER = os.environ.get("CAVE_SETUP_CONTRACT_SERVER", "").rstrip("/")
_TOKEN = os.environ.get("CAVE_SETUP_CONTRACT_TOKEN", "")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not _SERVER:
        return
    ours = [item for item in items if _HERE in item.path.parents]
    local = [item for item in ours if not _only_asks(item)]
    if local:
        config.hook.pytest_deselected(items=local)
        items[:] = [item for item in items if item not in local]


def _only_asks(item: pytest.Item) -> bool:
    fixtures = item.fixturenames if isinstance(item, pytest.Function) else []
    return "address" in fixtures and "demo" not in fixtures


def pytest_report_header() -> str | None:
    if not _SERVER:
        return None
    return f"contract: read-only tests against {_SERVER}; those that change something need the demo server"


class Ask(Protocol):
    """Sends one request, follows nothing."""

    def __call__(
        self,
        path: str,
        token: str | None = None,
        *,
        method: str = "GET",
        headers: dict[str, str | bytes] | None = None,
        body: str | bytes | None = None,
    ) -> requests.Response: ...


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def demo(clock: ManualClock) -> Iterator[DemoServer]:
    with DemoServer(clock=clock) as server:
        yield server


@pytest.fixture
def address(request: pytest.FixtureRequest) -> str:
    """Return where the server under test is."""
    return _SERVER or str(request.getfixturevalue("demo").address)


@pytest.fixture
def token(request: pytest.FixtureRequest) -> str:
    """Return a good token of a normal user."""
    if _SERVER:
        if not _TOKEN:
            pytest.fail("CAVE_SETUP_CONTRACT_SERVER is set, CAVE_SETUP_CONTRACT_TOKEN is not")
        return _TOKEN
    return str(request.getfixturevalue("demo").world.key_of("ada@example.org"))


@pytest.fixture
def ask(address: str) -> Ask:
    def send(
        path: str,
        token: str | None = None,
        *,
        method: str = "GET",
        headers: dict[str, str | bytes] | None = None,
        body: str | bytes | None = None,
    ) -> requests.Response:
        url = path if path.startswith("http") else address + path
        sent = dict(headers or {})
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        with requests.Session() as session:
            session.trust_env = False
            return session.request(method, url, headers=sent, data=body, allow_redirects=False, timeout=10)

    return send


@pytest.fixture
def grace(demo: DemoServer) -> str:
    """Return a sign-in token of Grace, who has terms 2 and 3 open."""
    user = demo.world.user_by_email("grace@example.org")
    assert user is not None
    return demo.world.sign_in(user).text


@pytest.fixture
def new_session() -> Iterator[Callable[[], requests.Session]]:
    """Return a maker of browsers: each keeps its cookies and follows redirects if told to."""
    opened: list[requests.Session] = []

    def open_browser() -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        opened.append(session)
        return session

    yield open_browser
    for session in opened:
        session.close()


class Person:
    """A browser and somebody who uses it: signs in, fills in the forms."""

    def __init__(self, session: requests.Session, demo: DemoServer) -> None:
        self.session = session
        self.demo = demo

    def get(self, path: str, *, follow: bool = False) -> requests.Response:
        return self.session.get(self._url(path), allow_redirects=follow, timeout=10)

    def post(self, path: str, fields: dict[str, str] | None = None) -> requests.Response:
        """Post a form as a browser does: it says where the form came from."""
        headers = {"Origin": self.demo.address}
        url = self._url(path)
        return self.session.post(url, data=fields, headers=headers, allow_redirects=False, timeout=10)

    def authorize(self, query: str = "") -> str:
        """Start a sign-in; return the address of the account chooser."""
        answer = self.get(f"/sticky_auth/api/v1/authorize{query}")
        assert answer.status_code == 302
        return answer.headers["Location"]

    def choose(self, google: str, email: str, name: str = "") -> requests.Response:
        """Choose an account; return the callback's answer."""
        chosen = self.post(google, {"email": email, "name": name})
        assert chosen.status_code == 302
        return self.get(chosen.headers["Location"])

    def sign_in(self, query: str = "", email: str = "grace@example.org") -> requests.Response:
        """Sign in; return the callback's answer."""
        return self.choose(self.authorize(query), email)

    def _url(self, path: str) -> str:
        return path if path.startswith("http") else self.demo.address + path


@pytest.fixture
def person(demo: DemoServer, new_session: Callable[[], requests.Session]) -> Person:
    return Person(new_session(), demo)
