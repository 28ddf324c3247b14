"""Behind a proxy that adds a path prefix, every absolute address is the browser's, and the token cookie is secure."""

from __future__ import annotations

import http.client
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import pytest

from cave_setup.demo import DemoServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from contract.conftest import Ask
    from playwright.sync_api import Browser

HUB = "https://hub.example/user/x/proxy/8000"
ME = "/auth/api/v1/user/me"


@pytest.fixture
def proxied() -> Iterator[DemoServer]:
    with DemoServer(browser_address=HUB + "/") as server:
        yield server


def test_the_way_to_sign_in(ask: Ask, proxied: DemoServer) -> None:
    plain = ask(proxied.address + ME)
    assert plain.headers["Location"].startswith(f"{HUB}/sticky_auth/api/v1/authorize?redirect=https%3A%2F%2Fhub")
    refused = ask(proxied.address + ME, headers={"X-Requested-With": "x"})
    assert refused.headers["WWW-Authenticate"] == f'Bearer realm="{HUB}/sticky_auth/api/v1/authorize"'
    chooser = ask(f"{proxied.address}/sticky_auth/api/v1/authorize")
    assert chooser.headers["Location"].startswith(f"{HUB}/demo/google?")
    info = ask(f"{proxied.data_address}/auth_info")
    assert info.json()["login_url"] == f"{HUB}/sticky_auth"


def test_the_way_to_the_terms(ask: Ask, proxied: DemoServer) -> None:
    user = proxied.world.user_by_email("grace@example.org")
    assert user is not None
    token = proxied.world.sign_in(user).text
    answer = ask(f"{proxied.address}/info/api/v2/datastack/full/minnie65_public", token)
    assert answer.json()["data"]["tos_form_url"] == f"{HUB}/sticky_auth/api/v1/tos/2/accept"


def test_programs_still_use_the_data_servers_own_address(ask: Ask, proxied: DemoServer) -> None:
    key = proxied.world.key_of("ada@example.org")
    record = ask(f"{proxied.address}/info/api/v2/datastack/full/minnie65_public", key).json()
    assert record["local_server"] == proxied.data_address


def test_the_token_cookie_is_secure_over_https_only(ask: Ask, proxied: DemoServer, demo: DemoServer) -> None:
    hidden = ask(f"{proxied.address}{ME}?middle_auth_token=0&x=1")
    assert hidden.headers["Location"] == f"{HUB}{ME}?x=1"
    assert "Secure" in hidden.headers["Set-Cookie"]
    assert "Secure" not in ask(f"{ME}?middle_auth_token=0&x=1").headers["Set-Cookie"]


def test_the_demo_says_where_a_browser_reaches_it(ask: Ask, proxied: DemoServer, demo: DemoServer) -> None:
    for address in (proxied.address + "/auth/version", proxied.data_address + "/auth_info"):
        assert ask(address).headers["X-CAVE-Demo-Browser"] == HUB
    assert ask(f"{demo.address}/auth/version").headers["X-CAVE-Demo-Browser"] == demo.address


@pytest.mark.parametrize("page", ["/", "/no/such/page", "/demo/google?state=x"])
def test_links_in_pages_are_relative(ask: Ask, proxied: DemoServer, page: str) -> None:
    text = ask(proxied.address + page).text
    assert 'href="/' not in text
    assert 'action="/' not in text


class PrefixProxy(BaseHTTPRequestHandler):
    """Passes /user/demo/proxy/PORT/PATH on to PATH on that port and changes nothing else: as jupyter-server-proxy."""

    protocol_version = "HTTP/1.1"

    def pass_on(self) -> None:
        if not self.path.startswith("/user/demo/proxy/"):
            self.send_error(404)
            return
        port, _, path = self.path.removeprefix("/user/demo/proxy/").partition("/")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        behind = http.client.HTTPConnection("127.0.0.1", int(port), timeout=10)
        behind.request(self.command, f"/{path}", body, dict(self.headers))
        answer = behind.getresponse()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.read())
        behind.close()

    do_GET = do_POST = pass_on  # noqa: N815 the library's names

    def log_message(self, *_arguments: object) -> None:
        """Stay quiet."""


@pytest.fixture
def behind_a_prefix() -> Iterator[tuple[DemoServer, str]]:
    """Return a demo server and its address behind a proxy."""
    proxy = ThreadingHTTPServer(("127.0.0.1", 0), PrefixProxy)
    thread = Thread(target=proxy.serve_forever)
    thread.start()
    with DemoServer() as free:
        port = urlsplit(free.address).port or 0
    browser_address = f"http://127.0.0.1:{proxy.server_port}/user/demo/proxy/{port}"
    with DemoServer(port=port, browser_address=browser_address) as server:
        yield server, browser_address
    proxy.shutdown()
    thread.join()
    proxy.server_close()


@pytest.mark.browser
def test_the_whole_way_behind_a_prefix(browser: Browser, behind_a_prefix: tuple[DemoServer, str]) -> None:
    """A newcomer signs in, accepts terms, makes a key and logs out; the browser never leaves the prefix."""
    demo, address = behind_a_prefix
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(10_000)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    terms = f"{address}/sticky_auth/api/v1/tos/2/accept?redirect={quote(f'{address}/', safe='')}"
    page.goto(f"{address}/sticky_auth/api/v1/authorize?redirect={quote(terms, safe='')}")
    page.get_by_role("button", name="Nia Newcomer").click()
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("I agree to the Terms of Service").check()
    page.get_by_role("button", name="Accept").click()
    page.get_by_role("link", name="Your tokens").click()
    page.get_by_label("Description").fill("laptop")
    page.get_by_role("button", name="Create token").click()
    page.get_by_role("listitem", name="laptop").wait_for()
    page.get_by_role("button", name="Logout").click()
    page.get_by_role("link", name="Sign in again").click()
    page.get_by_role("heading", name="Choose an account").wait_for()
    context.close()
    user = demo.world.user_by_email("nia@example.org")
    assert user is not None
    assert user.accepted == {2}
    assert [url for url in asked if not url.startswith(("data:", address + "/"))] == []
