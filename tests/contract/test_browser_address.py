"""Behind a proxy that adds a path prefix, every absolute address is the browser's, and the token cookie is secure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cave_setup.demo import DemoServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from contract.conftest import Ask

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
    assert "X-CAVE-Demo-Browser" not in ask(f"{demo.address}/auth/version").headers


@pytest.mark.parametrize("page", ["/", "/no/such/page", "/demo/google?state=x"])
def test_links_in_pages_are_relative(ask: Ask, proxied: DemoServer, page: str) -> None:
    text = ask(proxied.address + page).text
    assert 'href="/' not in text
    assert 'action="/' not in text
