"""Behind a Jupyter server every absolute address is the browser's, whatever its host; the token cookie is secure."""

from __future__ import annotations

import contextlib
import http.client
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from cave_setup.demo import DemoServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from contract.conftest import Ask
    from playwright.sync_api import Browser

ME = "/auth/api/v1/user/me"


@pytest.fixture
def proxied() -> Iterator[DemoServer]:
    with DemoServer(behind="/user/x/") as server:
        yield server


def path_of(address: str) -> str:
    return f"/user/x/proxy/{address.rpartition(':')[2]}"


def hub(server: DemoServer) -> str:
    return f"https://hub.example{path_of(server.address)}"


def through(server: DemoServer, **headers: str) -> dict[str, str | bytes]:
    """Headers that the proxies of a hub put on a request of its browser."""
    told = {
        "Host": "hub.example",
        "X-Forwarded-Proto": "https,http",
        "X-ProxyContextPath": path_of(server.address),
    }
    return {**told, **headers}


def test_the_way_to_sign_in(ask: Ask, proxied: DemoServer) -> None:
    base = hub(proxied)
    plain = ask(proxied.address + ME, headers=through(proxied))
    assert plain.headers["Location"].startswith(f"{base}/sticky_auth/api/v1/authorize?redirect=https%3A%2F%2Fhub")
    refused = ask(proxied.address + ME, headers=through(proxied, **{"X-Requested-With": "x"}))
    assert refused.headers["WWW-Authenticate"] == f'Bearer realm="{base}/sticky_auth/api/v1/authorize"'
    chooser = ask(f"{proxied.address}/sticky_auth/api/v1/authorize", headers=through(proxied))
    assert chooser.headers["Location"].startswith(f"{base}/demo/google?")
    info = ask(f"{proxied.data_address}/auth_info", headers=through(proxied))
    assert info.json()["login_url"] == f"{base}/sticky_auth"


def test_the_host_is_the_one_that_the_outermost_proxy_saw(ask: Ask, proxied: DemoServer) -> None:
    headers = through(proxied, **{"Host": "10.0.0.7:8888", "X-Forwarded-Host": "hub.example, 10.0.0.7"})
    chooser = ask(f"{proxied.address}/sticky_auth/api/v1/authorize", headers=headers)
    assert chooser.headers["Location"].startswith(f"{hub(proxied)}/demo/google?")


def test_who_does_not_come_through_the_proxy_gets_the_demos_own_address(ask: Ask, proxied: DemoServer) -> None:
    refused = ask(proxied.address + ME, headers={"X-Requested-With": "x"})
    assert refused.headers["WWW-Authenticate"] == f'Bearer realm="{proxied.address}/sticky_auth/api/v1/authorize"'


def test_a_demo_that_is_behind_nothing_believes_no_headers(ask: Ask, demo: DemoServer) -> None:
    chooser = ask(f"{demo.address}/sticky_auth/api/v1/authorize", headers=through(demo))
    assert chooser.headers["Location"].startswith(f"{demo.address}/demo/google?")


def test_the_way_to_the_terms(ask: Ask, proxied: DemoServer) -> None:
    user = proxied.world.user_by_email("grace@example.org")
    assert user is not None
    token = proxied.world.sign_in(user).text
    page = f"{proxied.address}/info/api/v2/datastack/full/minnie65_public"
    answer = ask(page, token, headers=through(proxied))
    assert answer.json()["data"]["tos_form_url"] == f"{hub(proxied)}/sticky_auth/api/v1/tos/2/accept"


def test_programs_still_use_the_data_servers_own_address(ask: Ask, proxied: DemoServer) -> None:
    key = proxied.world.key_of("ada@example.org")
    record = ask(f"{proxied.address}/info/api/v2/datastack/full/minnie65_public", key).json()
    assert record["local_server"] == proxied.data_address


def test_the_token_cookie_is_secure_over_https_only(ask: Ask, proxied: DemoServer, demo: DemoServer) -> None:
    hidden = ask(f"{proxied.address}{ME}?middle_auth_token=0&x=1", headers=through(proxied))
    assert hidden.headers["Location"] == f"{hub(proxied)}{ME}?x=1"
    assert "Secure" in hidden.headers["Set-Cookie"]
    assert "Secure" not in ask(f"{ME}?middle_auth_token=0&x=1").headers["Set-Cookie"]


def test_the_demo_says_at_which_path_a_browser_finds_it(ask: Ask, proxied: DemoServer, demo: DemoServer) -> None:
    for address in (proxied.address + "/auth/version", proxied.data_address + "/auth_info"):
        assert ask(address).headers["X-CAVE-Demo-Browser"] == path_of(proxied.address)
    assert "X-CAVE-Demo-Browser" not in ask(f"{demo.address}/auth/version").headers


@pytest.mark.parametrize("page", ["/", "/no/such/page", "/demo/google?state=x"])
def test_links_in_pages_are_relative(ask: Ask, proxied: DemoServer, page: str) -> None:
    text = ask(proxied.address + page).text
    assert 'href="/' not in text
    assert 'action="/' not in text


class PrefixProxy(BaseHTTPRequestHandler):
    """Passes /user/demo/proxy/PORT/PATH on to PATH on that port as jupyter-server-proxy does."""

    protocol_version = "HTTP/1.1"

    def pass_on(self) -> None:
        if not self.path.startswith("/user/demo/proxy/"):
            self.send_error(404)
            return
        port, _, path = self.path.removeprefix("/user/demo/proxy/").partition("/")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        behind = http.client.HTTPConnection("127.0.0.1", int(port), timeout=10)
        headers = {**dict(self.headers), "X-ProxyContextPath": f"/user/demo/proxy/{port}"}
        # A browser that goes on to the next page does not wait for what it asked for on this one.
        with contextlib.closing(behind), contextlib.suppress(ConnectionError):
            behind.request(self.command, f"/{path}", body, headers)
            answer = behind.getresponse()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.read())

    do_GET = do_POST = pass_on  # noqa: N815 the library's names

    def log_message(self, *_arguments: object) -> None:
        """Stay quiet."""


@pytest.fixture
def behind_a_prefix() -> Iterator[tuple[DemoServer, str]]:
    """Return a demo server and its address behind a proxy."""
    proxy = ThreadingHTTPServer(("127.0.0.1", 0), PrefixProxy)
    thread = Thread(target=proxy.serve_forever)
    thread.start()
    with DemoServer(behind="/user/demo/") as server:
        port = server.address.rpartition(":")[2]
        yield server, f"http://127.0.0.1:{proxy.server_port}/user/demo/proxy/{port}"
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
